/* safetensors_header.c - read a file's table of contents and believe nothing
 *
 *      byte 0        8                      8 + N                     end of file
 *      ┌─────────────┬──────────────────────┬────────────┬─────┬──────────┐
 *      │ N, 8 bytes, │ {"a":{"dtype":"F32", │ a's bytes  │ b's │ c's      │
 *      │ little end  │ "shape":[2,3], "data │            │     │          │
 *      │ first       │ _offsets":[0,24]},…} │            │     │          │
 *      └─────────────┴──────────────────────┴────────────┴─────┴──────────┘
 *                      N bytes of JSON,     0            24    … data offsets count
 *                      spaces behind it                          from here
 *
 * A safetensors file holds numbers and nothing that could be executed: its
 * predecessor, a Python pickle, runs any program that its author put in. What
 * remains to be feared is a header that lies: about its own length, about where
 * a tensor is, about how large it is. Each number in it becomes a pointer here,
 * so each is checked before it does, and the checks leave no byte unexplained:
 *
 *      8 + N ≤ size of the file,    N ≤ 100,000,000                      (1)
 *      end - begin = product of the shape · bits per number / 8          (2)
 *      sorted by begin:  begin_0 = 0,  begin_{i+1} = end_i,
 *                        end of the last = end of the file               (3)
 *
 * (3) is called tiling: no holes (where a second file could hide), no overlaps
 * (a thousand names for the same bytes would fill any memory that copies them), no
 * rest.
 *
 * Format notes:
 *
 * - Tensors of no bytes (a 0 in the shape) and of rank 0 (one number) are legal.
 * - Nothing says that data is aligned. Old files have headers of odd length.
 * - The reference reader lets the last of two equal keys win and skips keys that
 *   it does not know. Two readers could then see two different models in one
 *   file; here both are errors.
 * - The header may be padded behind its last brace, with spaces and nothing else.
 *
 * Source: the safetensors format, "Format" in its README, and its list of known
 * attacks. Read next: files/safetensors.c. Lesson: chapters/chapter02_weights.c.
 */
#include "files/safetensors_header.h"

#include <inttypes.h>       /* PRIu64: offsets in messages                  */
#include <stdio.h>          /* snprintf                                     */
#include <stdlib.h>         /* qsort                                        */
#include <string.h>         /* memcmp, strcmp                               */

#include "files/json.h"     /* the header is JSON                           */

typedef struct {            /* where a Reader is, for its complaints        */
    Arena *arena;
    const unsigned char *bytes, *data;  /* the file; its data, behind the header */
    uint64_t data_size;
    Error *error;
} Reader;

/* What people really hand to a reader of weights, by its first bytes. */
static const struct { const char *magic, *advice; } strangers[] = {
    { "version https://git-lfs", "is a git-lfs pointer, a note of a hundred bytes "
      "that says where the weights are, not the weights: run git lfs pull in that "
      "folder, or download the file itself" },
    { "GGUF", "is a GGUF file, not safetensors: make a model's folder of it with "
      "weights-tools/convert" },
    { "PK\3\4", "is a PyTorch checkpoint (a zip with a pickle inside), not "
      "safetensors: load it with transformers in a place where its code may run, "
      "and save_pretrained() it again" },
    { "<", "is a web page, not weights: the download went wrong (not logged in, or "
      "a wrong address)" },
};

static bool check_stranger(const unsigned char *bytes, size_t size, Error *error)
{
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        size_t n = strlen(strangers[i].magic);

        /* An N whose lowest byte is '<' is fine if the header follows. */
        if (size >= n && memcmp(bytes, strangers[i].magic, n) == 0
            && (size < 9 || bytes[8] != '{'))
            return error_set(error, "this %s", strangers[i].advice);
    }
    return true;
}

/* Rule (1) and the brace, before a single byte is allocated.
 *
 *   length   out: bytes of JSON without its padding
 *   total    out: N
 */
static bool find_header(size_t *length, uint64_t *total,
                        const unsigned char *bytes, size_t size, Error *error)
{
    *length = 0;
    *total = 0;
    if (!check_stranger(bytes, size, error))
        return false;
    if (size < 8)
        return error_set(error, "byte 0: the file is %zu bytes long, and its "
                         "header's length alone takes 8: it is cut short or not "
                         "a safetensors file", size);
    for (int i = 7; i >= 0; i--)
        *total = *total << 8 | bytes[i];
    if (*total > SAFETENSORS_HEADER_MAX)
        return error_set(error, "byte 0: a header of %" PRIu64 " bytes is longer "
                         "than the format allows (%d): this is no safetensors "
                         "file, or a damaged one", *total,
                         SAFETENSORS_HEADER_MAX);
    if (*total > size - 8)
        return error_set(error, "byte 0: the header is said to be %" PRIu64
                         " bytes long, but only %zu follow: the file is cut "
                         "short; download it again", *total, size - 8);
    if (*total == 0 || bytes[8] != '{')
        return error_set(error, "byte 8: the header does not begin with {: this "
                         "is no safetensors file, or a damaged one");
    *length = (size_t)*total;
    while (bytes[8 + *length - 1] == ' ')
        --*length;
    if (bytes[8 + *length - 1] != '}')
        return error_set(error, "byte %zu: the header does not end with } and "
                         "spaces", 8 + *length - 1);
    return true;
}

/* "byte 57: tensor "a": …", the place counted from the start of the file. */
static bool fail(const Reader *reader, const Json *entry, const Json *node,
                 const char *what)
{
    char shown[JSON_SHOWN];

    return error_set(reader->error, "byte %zu: tensor \"%s\": %s",
                     8 + (node != NULL ? node : entry)->offset,
                     json_show(shown, entry->key, entry->key_length), what);
}

/* A whole number that is not negative: digits and nothing else. */
static bool read_size(uint64_t *size, const Json *node)
{
    int64_t value;

    if (!json_integer(&value, node) || node->text[0] == '-')
        return false;
    *size = (uint64_t)value;
    return true;
}

static bool read_shape(Tensor *tensor, const Reader *reader, const Json *entry)
{
    const Json *shape = json_get(entry, "shape");

    if (!json_is(shape, JSON_ARRAY))
        return fail(reader, entry, shape, "has no shape, or one that is no array");
    if (shape->count > TENSOR_RANK)
        return fail(reader, entry, shape, "its shape has more than 8 dimensions");
    for (const Json *size = shape->child; size != NULL; size = size->next)
        if (!read_size(&tensor->shape[tensor->rank++], size))
            return fail(reader, entry, size, "a size in its shape is not a whole "
                        "number from 0 to 2^63-1, in digits");
    return true;
}

static bool read_dtype(Tensor *tensor, const Reader *reader, const Json *entry)
{
    const Json *dtype = json_get(entry, "dtype");

    if (!json_is(dtype, JSON_STRING))
        return fail(reader, entry, dtype, "has no dtype, or one that is no string");
    if (!dtype_find(&tensor->dtype, dtype->text)
        || strlen(dtype->text) != dtype->length)
        return fail(reader, entry, dtype, "its dtype is none that the format "
                    "knows (F32, F16, BF16, I8, …)");
    return true;
}

/* data_offsets become a pointer and a length; rule (2). */
static bool read_place(Tensor *tensor, const Reader *reader, const Json *entry)
{
    const Json *place = json_get(entry, "data_offsets");
    uint64_t begin, end, need;
    char what[160];

    if (!json_is(place, JSON_ARRAY) || place->count != 2
        || !read_size(&begin, place->child) || !read_size(&end, place->child->next))
        return fail(reader, entry, place, "its data_offsets are not two whole "
                    "numbers, [begin, end]");
    if (begin > end || end > reader->data_size) {
        snprintf(what, sizeof what, "its data_offsets [%" PRIu64 ", %" PRIu64 "] do "
                 "not lie in the file's %" PRIu64 " bytes of data (is it cut "
                 "short?)", begin, end, reader->data_size);
        return fail(reader, entry, place, what);
    }
    if (!tensor_bytes(&need, tensor->shape, tensor->rank, tensor->dtype))
        return fail(reader, entry, NULL, "its shape and dtype do not make a whole "
                    "number of bytes below 2^61");
    if (need != end - begin) {
        snprintf(what, sizeof what, "its shape and dtype take %" PRIu64 " bytes, "
                 "its data_offsets [%" PRIu64 ", %" PRIu64 "] hold %" PRIu64, need,
                 begin, end, end - begin);
        return fail(reader, entry, place, what);
    }
    tensor->data = reader->data + begin;
    tensor->bytes = (size_t)need;
    return true;
}

/* One entry: {"dtype": …, "shape": […], "data_offsets": [begin, end]}. */
static bool read_tensor(Tensor *tensor, const Reader *reader, const Json *entry)
{
    if (strlen(entry->key) != entry->key_length)
        return fail(reader, entry, NULL, "a name with a NUL character in it");
    if (!json_is(entry, JSON_OBJECT))
        return fail(reader, entry, NULL, "is described by something that is no "
                    "object");
    for (const Json *field = entry->child; field != NULL; field = field->next)
        if (strcmp(field->key, "dtype") != 0 && strcmp(field->key, "shape") != 0
            && strcmp(field->key, "data_offsets") != 0)
            return fail(reader, entry, field, "has a field besides dtype, shape "
                        "and data_offsets");
    tensor->name = arena_text(reader->arena, entry->key, entry->key_length);
    return read_dtype(tensor, reader, entry) && read_shape(tensor, reader, entry)
        && read_place(tensor, reader, entry);
}

/* "__metadata__": {"format": "pt", …}: text to text, for people. */
static bool read_metadata(SafetensorsHeader *header, const Reader *reader,
                          const Json *metadata)
{
    int n = 0;

    if (!json_is(metadata, JSON_OBJECT))
        return error_set(reader->error, "byte %zu: __metadata__ is no object",
                         8 + metadata->offset);
    header->metadata_count = metadata->count;
    header->metadata = arena_get(reader->arena, 2 * (size_t)metadata->count
                                 * sizeof *header->metadata);
    for (const Json *m = metadata->child; m != NULL; m = m->next) {
        if (!json_is(m, JSON_STRING))
            return error_set(reader->error, "byte %zu: a value in __metadata__ "
                             "is no string", 8 + m->offset);
        header->metadata[n++] = arena_text(reader->arena, m->key, m->key_length);
        header->metadata[n++] = arena_text(reader->arena, m->text, m->length);
    }
    return true;
}

static bool read_entries(SafetensorsHeader *header, const Reader *reader,
                         const Json *root)
{
    header->tensors = arena_get(reader->arena, (size_t)root->count
                                * sizeof *header->tensors);
    for (const Json *entry = root->child; entry != NULL; entry = entry->next) {
        if (strcmp(entry->key, "__metadata__") == 0 && entry->key_length == 12) {
            if (!read_metadata(header, reader, entry))
                return false;
        } else if (!read_tensor(&header->tensors[header->count++], reader, entry)) {
            return false;
        }
    }
    return true;
}

static int compare_places(const void *left, const void *right)
{
    const Tensor *a = left, *b = right;
    const unsigned char *p = a->data, *q = b->data;

    if (p != q)
        return p < q ? -1 : 1;
    return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

static int compare_names(const void *left, const void *right)
{
    const Tensor *a = left, *b = right;

    return strcmp(a->name, b->name);
}

/* Rule (3). Each tensor lies inside of the data already, so differences of
 * pointers are safe. */
static bool check_tiling(SafetensorsHeader *header, const Reader *reader)
{
    const unsigned char *at = reader->data;
    const unsigned char *end = reader->data + reader->data_size;
    char shown[JSON_SHOWN];

    qsort(header->tensors, (size_t)header->count, sizeof *header->tensors,
          compare_places);
    for (int i = 0; i < header->count; i++) {
        const Tensor *tensor = &header->tensors[i];
        const unsigned char *data = tensor->data;

        if (data != at)
            return error_set(reader->error, "byte %td: tensor \"%s\" begins here, "
                             "%td bytes %s the one before: data may have no "
                             "%s", data - reader->bytes,
                             json_show(shown, tensor->name, strlen(tensor->name)),
                             data > at ? data - at : at - data,
                             data > at ? "behind the end of" : "inside of",
                             data > at ? "holes" : "overlaps");
        at = data + tensor->bytes;
    }
    if (at != end)
        return error_set(reader->error, "byte %td: the last tensor ends here, but "
                         "%td bytes follow: a part of the header or another "
                         "file's data", at - reader->bytes, end - at);
    qsort(header->tensors, (size_t)header->count, sizeof *header->tensors,
          compare_names);
    return true;
}

/* Check a whole file's header and make views of its tensors.
 *
 *   header  out; meaningless after a failure
 *   arena   gets names, metadata and the table. Owner: the caller
 *   bytes   [size] the whole file; must live as long as the views
 *   Errors: the byte's offset in the file, the tensor's name, the broken rule
 *
 * Cost: O(N log N) of the header's N bytes, and some 4 N of memory for a
 * moment (35 N for a header that is made to need it); the data is not touched.
 */
bool safetensors_parse(SafetensorsHeader *header, Arena *arena,
                       const unsigned char *bytes, size_t size, Error *error)
{
    Reader reader = { .arena = arena, .bytes = bytes, .error = error };
    JsonDocument document;
    size_t length;
    uint64_t total;
    bool ok;

    *header = (SafetensorsHeader){0};
    if (!find_header(&length, &total, bytes, size, error))
        return false;
    if (!json_parse(&document, (const char *)bytes + 8, length, JSON_UNIQUE, 3,
                    error))
        return error_where(error, "header, which begins at byte 8");
    //@stop header_found
    reader.data = bytes + 8 + total;
    reader.data_size = size - 8 - total;
    ok = read_entries(header, &reader, document.root)
        && check_tiling(header, &reader);
    json_free(&document);
    return ok;
}
