/* safetensors_write.c - lay tensors out, write the header, then the numbers
 *
 *      given, in any order          laid out                  the file
 *
 *      norm.weight  F32 ──┐    ┌─► norm.weight   F32  ─┐     ┌─────────────┐
 *      a.weight     F16 ──┼────┼─► a.weight      F16   ├────►│ N           │
 *      b.weight     F16 ──┘    └─► b.weight      F16  ─┘     │ {"norm.wei… │
 *                                                            │ spaces      │
 *                         widest numbers first, then by      ├─────────────┤ 8 · k
 *                         name: each tensor begins at a      │ norm.weight │
 *                         multiple of its number's size      │ a.weight    │
 *                                                            │ b.weight    │
 *                                                            └─────────────┘
 *
 * The order and the padding are those of the reference writer, to the byte (but for
 * several lines of metadata, which it writes in no fixed order). A header of a
 * multiple of 8 bytes and falling sizes make every tensor aligned, so that other
 * programs may use the mapped numbers where they lie.
 *
 *      begin_0 = 0,   begin_{i+1} = begin_i + bytes_i                     (1)
 *      8 + N = a multiple of 8, filled up with spaces                     (2)
 *
 * The numbers come from where a tensor's data lies, or, when it lies nowhere, from
 * a function that is asked for them piece by piece: a model that is larger than the
 * memory can be converted or made up on the way to the disk.
 *
 * Trap: a name that stands twice, or is no UTF-8, gives a file that strict readers
 * refuse. So the header, once written, is read by our own reader before a single
 * byte goes to the disk.
 *
 * Source: the safetensors format, "Format" in its README.
 * Read next: files/hubcache.c. Several files that are one model are cut by
 * weights-tools/common/shards.c.
 */
#include "files/safetensors_write.h"

#include <stdio.h>          /* open_memstream: the header, as it grows      */
#include <stdlib.h>         /* qsort, free                                  */
#include <string.h>         /* strcmp, strlen                               */

#include "base/atomicfile.h"            /* whole or not at all              */
#include "base/memory.h"                /* memory_get                       */
#include "base/utf8.h"                  /* names are UTF-8                  */
#include "files/json.h"                 /* json_parse: the last look        */
#include "files/json_write.h"           /* names with escapes               */
#include "files/safetensors_header.h"   /* the header's limit               */

#define PIECE ((size_t)4 << 20)     /* bytes that TensorFill is asked for at once */

typedef struct {
    char *text;             /* owned by the C library: free                 */
    size_t length;          /* a multiple of 8                              */
} Header;

/* By dtype, descending (the enum is in order of alignment), then by name. */
static int compare(const void *left, const void *right)
{
    const Tensor *const *a = left, *const *b = right;

    if ((*a)->dtype != (*b)->dtype)
        return (*a)->dtype > (*b)->dtype ? -1 : 1;
    return strcmp((*a)->name, (*b)->name);
}

static void write_entry(JsonWriter *w, const Tensor *tensor, size_t begin)
{
    const char *dtype = dtype_name(tensor->dtype);

    json_write_object(w, tensor->name);
    json_write_word(w, "dtype", dtype);
    json_write_array(w, "shape");
    for (int d = 0; d < tensor->rank; d++)
        json_write_integer(w, NULL, (int64_t)tensor->shape[d]);
    json_write_array_end(w);
    json_write_array(w, "data_offsets");
    json_write_integer(w, NULL, (int64_t)begin);
    json_write_integer(w, NULL, (int64_t)(begin + tensor->bytes));
    json_write_array_end(w);
    json_write_object_end(w);
}

static void write_metadata(JsonWriter *w, const char *const *metadata, int count)
{
    json_write_object(w, "__metadata__");
    for (int i = 0; i < count; i++)
        json_write_word(w, metadata[2 * i], metadata[2 * i + 1]);
    json_write_object_end(w);
}

/* Equations (1) and (2). Errors: no memory (exit 5). */
static bool write_header(Header *header, const Tensor *const *order, int count,
                         const char *const *metadata, int metadata_count,
                         Error *error)
{
    JsonWriter w = { .out = open_memstream(&header->text, &header->length) };
    size_t begin = 0;
    bool ok;

    if (w.out == NULL)
        return error_code(error, EXIT_ROOM, "no memory for the header");
    json_write_object(&w, NULL);
    if (metadata_count > 0)
        write_metadata(&w, metadata, metadata_count);
    for (int i = 0; i < count; i++) {
        write_entry(&w, order[i], begin);
        begin += order[i]->bytes;
    }
    json_write_object_end(&w);
    fflush(w.out);                      /* only now is length known         */
    fprintf(w.out, "%*s", (int)(-header->length & 7), "");
    ok = !ferror(w.out);
    return (fclose(w.out) == 0 && ok)
        || error_code(error, EXIT_ROOM, "no memory for the header");
}

static bool is_utf8(const char *text)
{
    return text[utf8_check(text, strlen(text))] == '\0';
}

/* What the caller computed must fit together; what it took from elsewhere, names,
 * must be writable. */
static bool check_tensors(const Tensor *tensors, int count, bool filled,
                          Error *error)
{
    char shown[JSON_SHOWN];

    for (int i = 0; i < count; i++) {
        const Tensor *t = &tensors[i];
        uint64_t bytes = 0;

        must(tensor_bytes(&bytes, t->shape, t->rank, t->dtype)
             && bytes == t->bytes, "tensor \"%s\" has %zu bytes, its shape %llu",
             t->name, t->bytes, (unsigned long long)bytes);
        must(t->data != NULL || t->bytes == 0 || filled, "tensor \"%s\" has no data",
             t->name);
        if (!is_utf8(t->name) || strcmp(t->name, "__metadata__") == 0)
            return error_set(error, "a tensor cannot be named \"%s\" in a "
                             "safetensors file",
                             json_show(shown, t->name, strlen(t->name)));
    }
    return true;
}

/* Would a strict reader take it? This is where twins are seen. */
static bool check_header(const Header *header, Error *error)
{
    JsonDocument document;

    if (header->length > SAFETENSORS_HEADER_MAX)
        return error_set(error, "a header of %zu bytes is longer than the format "
                         "allows (%d): names or metadata are too long",
                         header->length, SAFETENSORS_HEADER_MAX);
    if (!json_parse(&document, header->text, header->length, JSON_UNIQUE, 3, error))
        return error_where(error, "the header that was to be written");
    json_free(&document);
    return true;
}

/* The numbers of one tensor: from where they lie, or asked for in pieces of
 * whole bytes (eight of any numbers are). piece [PIECE] bytes of scratch. */
static bool write_numbers(AtomicFile *file, const Tensor *tensor, TensorFill *fill,
                          void *context, unsigned char *piece, Error *error)
{
    size_t bits = (size_t)dtype_bits(tensor->dtype), most = PIECE / bits * 8;
    size_t total = tensor->bytes * 8 / bits;

    if (tensor->data != NULL)
        return atomicfile_write(file, tensor->data, tensor->bytes, error);
    for (size_t first = 0; first < total; first += most) {
        size_t count = total - first < most ? total - first : most;

        if (!fill(context, tensor, first, count, piece, error)
            || !atomicfile_write(file, piece, count * bits / 8, error))
            return false;
    }
    return true;
}

static bool write_file(const char *path, const Header *header,
                       const Tensor *const *order, int count, TensorFill *fill,
                       void *context, Error *error)
{
    unsigned char *piece = fill == NULL ? NULL : memory_get_bytes(PIECE);
    unsigned char length[8];
    AtomicFile file;
    bool ok;

    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)header->length >> 8 * i);
    ok = atomicfile_open(&file, path, error)
        && atomicfile_write(&file, length, sizeof length, error)
        && atomicfile_write(&file, header->text, header->length, error);
    for (int i = 0; i < count && ok; i++)
        ok = write_numbers(&file, order[i], fill, context, piece, error);
    ok = ok && atomicfile_commit(&file, error);
    atomicfile_abandon(&file);
    memory_give_back(piece);
    return ok;
}

/* Write tensors to path, whole or not at all.
 *
 *   tensors   [count], in any order; bytes fit the shape; data is little-endian, or
 *             NULL: fill is asked for it, in the order of the file
 *   metadata  [2 · metadata_count] key, value, …, UTF-8; may be NULL when 0
 *   fill      may be NULL when every tensor has data; when it returns false the
 *             file does not appear, and its Error is ours
 *   Errors:   a name that no reader takes (exit 3); no room (exit 5)
 *
 * Cost: the header and one piece in memory.
 */
bool safetensors_write_filled(const char *path, const Tensor *tensors, int count,
                              const char *const *metadata, int metadata_count,
                              TensorFill *fill, void *context, Error *error)
{
    const Tensor **order = memory_get(count, sizeof *order);
    Header header = {0};
    bool ok;

    for (int i = 0; i < count; i++)
        order[i] = &tensors[i];
    qsort(order, (size_t)count, sizeof *order, compare);
    ok = check_tensors(tensors, count, fill != NULL, error)
        && write_header(&header, order, count, metadata, metadata_count, error)
        && check_header(&header, error)
        && write_file(path, &header, order, count, fill, context, error);
    free(header.text);
    memory_give_back(order);
    return ok;
}

/* The same for tensors that all have their data. */
bool safetensors_write(const char *path, const Tensor *tensors, int count,
                       const char *const *metadata, int metadata_count,
                       Error *error)
{
    return safetensors_write_filled(path, tensors, count, metadata, metadata_count,
                                    NULL, NULL, error);
}
