/* weightsfile.c - a model's weights seen from outside: which tensor lies where
 *
 *      views (files/safetensors.h)            the same headers, read here again
 *      "a"  BF16 [2048, 192]  data ──►        {"a": {"data_offsets": [0, 786432]}}
 *             │                                   │
 *             │ minus the file's first byte       │ plus 8 + N
 *             ▼                                   ▼
 *      place: file 0, byte 6016       =       file 0, byte 6016 ?
 *
 * The engine believes its own reader of headers; everything it computes hangs on
 * these pointers. A lesson wants to see them as places in a file, in the order in
 * which they lie there, and to hold them against a second reading that shares
 * nothing with the first one but the reader of JSON.
 *
 * Read next: src/files/safetensors_header.c.
 */
#include "chapters/lesson/weightsfile.h"

#include <stdio.h>              /* snprintf                                  */
#include <stdlib.h>             /* qsort                                     */
#include <string.h>

#include "kernels/dot.h"        /* format_of                                 */

const char *const tensor_kinds[KIND_COUNT] = { "header", "embedding", "attention",
                                               "mlp", "norm", "output", "rest" };

int tensor_kind(const char *name)
{
    static const struct { const char *word; int kind; } words[] = {
        { "norm", KIND_NORM }, { "embed_out", KIND_OUTPUT },
        { "lm_head", KIND_OUTPUT }, { "embed", KIND_EMBEDDING },
        { "attn", KIND_ATTENTION }, { "attention", KIND_ATTENTION },
        { "mlp", KIND_MLP },
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(name, words[i].word) != NULL)
            return words[i].kind;
    return KIND_REST;
}

/* Eight bytes, the least first. */
size_t header_length(const MapFile *file)
{
    size_t n = 0;

    for (int i = 7; i >= 0; i--)
        n = n << 8 | file->bytes[i];
    return n;
}

static int compare_places(const void *left, const void *right)
{
    const Place *a = left, *b = right;

    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return (a->tensor->bytes > b->tensor->bytes)
         - (a->tensor->bytes < b->tensor->bytes);
}

/* The file that a view points into. An empty tensor at the end of one file may
 * stand at the beginning of the next one's memory; a header is in between, so it
 * belongs to the first. */
static int file_of(const Safetensors *st, const unsigned char *data)
{
    int f = 0;

    while (f < st->file_count - 1 && (data <= st->files[f].bytes
           || data > st->files[f].bytes + st->files[f].size))
        f++;
    return f;
}

/* Errors: none that safetensors_open has not had. */
bool weightsfile_look(WeightsFile *w, const Safetensors *st, Error *error)
{
    Format format;

    *w = (WeightsFile){ .st = st };
    w->place = memory_get(st->count, sizeof *w->place);
    w->header = memory_get(st->file_count, sizeof *w->header);
    for (int f = 0; f < st->file_count; f++)
        if (!json_parse(&w->header[f], (const char *)st->files[f].bytes + 8,
                        header_length(&st->files[f]), JSON_UNIQUE, 3, error))
            return false;
    for (int i = 0; i < st->count; i++) {
        const unsigned char *data = st->tensors[i].data;
        int f = file_of(st, data);

        w->place[i] = (Place){ &st->tensors[i], f,
                               (size_t)(data - st->files[f].bytes) };
    }
    qsort(w->place, (size_t)st->count, sizeof *w->place, compare_places);
    for (int i = 0; i < st->count; i++) {
        const Tensor *t = w->place[i].tensor;

        if (format_of(&format, t->dtype) && t->bytes > 0
            && (w->largest == NULL || t->bytes > w->largest->tensor->bytes))
            w->largest = &w->place[i];
    }
    return true;
}

/* All zeros is fine. */
void weightsfile_close(WeightsFile *w)
{
    for (int f = 0; w->header != NULL && f < w->st->file_count; f++)
        json_free(&w->header[f]);
    memory_give_back(w->header);
    memory_give_back(w->place);
    *w = (WeightsFile){0};
}

void weightsfile_parts(const WeightsFile *w, MapPart *part)
{
    int i = 0;

    for (int f = 0; f < w->st->file_count; f++) {
        *part++ = (MapPart){ "header", 8 + header_length(&w->st->files[f]),
                             KIND_HEADER };
        for (; i < w->st->count && w->place[i].file == f; i++) {
            const Tensor *t = w->place[i].tensor;

            *part++ = (MapPart){ t->name, t->bytes, tensor_kind(t->name) };
        }
    }
}

/* Where a field's value lies in the file: a text ends at its quotes, an array at
 * its bracket (sizes and dtypes hold neither). */
static Bracket field(const MapFile *file, const Json *entry, const char *name,
                     const char *what)
{
    const Json *node = json_get(entry, name);
    size_t from = 8 + node->offset;
    size_t length = node->kind == JSON_STRING ? node->length + 2
                  : strcspn((const char *)file->bytes + from, "]") + 1;

    return (Bracket){ from, from + length, what };
}

static int compare_brackets(const void *left, const void *right)
{
    const Bracket *a = left, *b = right;

    return a->from < b->from ? -1 : a->from > b->from;
}

/* The name stands before its entry as "name":{ — where it is written without blanks
 * and escapes, as writers do; else it is left out. */
int weightsfile_brackets(Bracket bracket[WEIGHTSFILE_BRACKETS], WeightsFile *w)
{
    const MapFile *file = &w->st->files[0];
    const Json *first = w->header[0].root->child;
    int n = 0;

    snprintf(w->length, sizeof w->length, "N = %zu", header_length(file));
    bracket[n++] = (Bracket){ 0, 8, w->length };
    while (first != NULL && json_get(first, "data_offsets") == NULL)
        first = first->next;                    /* __metadata__              */
    if (first == NULL)
        return n;
    if (first->offset > first->key_length + 2
        && memcmp(file->bytes + 8 + first->offset - 2 - first->key_length,
                  first->key, first->key_length) == 0)
        bracket[n++] = (Bracket){ 8 + first->offset - 3 - first->key_length,
                                  8 + first->offset - 1, "the first tensor" };
    bracket[n++] = field(file, first, "dtype", "its kind of number");
    bracket[n++] = field(file, first, "shape", "its shape");
    bracket[n++] = field(file, first, "data_offsets", "from byte, to byte");
    qsort(bracket, (size_t)n, sizeof *bracket, compare_brackets);
    return n;
}

bool weightsfile_agrees(const WeightsFile *w)
{
    int found = 0;

    for (int f = 0; f < w->st->file_count; f++) {
        const MapFile *file = &w->st->files[f];
        const unsigned char *data = file->bytes + 8 + header_length(file);

        for (const Json *e = w->header[f].root->child; e != NULL; e = e->next) {
            const Json *place = json_get(e, "data_offsets");
            const Tensor *t = safetensors_find(w->st, e->key);
            int64_t from, to;

            if (place == NULL)
                continue;                       /* __metadata__              */
            if (t == NULL || !json_integer(&from, place->child)
                || !json_integer(&to, place->child->next)
                || t->data != data + from || t->bytes != (size_t)(to - from)
                || t->bytes * 8 != tensor_count(t) * (uint64_t)dtype_bits(t->dtype))
                return false;
            found++;
        }
    }
    return found == w->st->count;
}
