/* gguf.c - find keys and tensors in a GGUF file, believing nothing
 *
 *   byte 0   4            8         16       24
 *        ├───┼────────────┼─────────┼────────┼──────────────────────────────┐
 *        │GGUF│ version 3 │ tensors │  keys  │ key, kind, value; key, …     │
 *        └───┴────────────┴─────────┴────────┴──────────────────────────────┘
 *        ┌───────────────────────────────────────┬───────┬──────────────────┐
 *        │ name, rank, shape, type, offset; …    │ 0 0 0 │ blocks of numbers│
 *        └───────────────────────────────────────┴───────┴──────────────────┘
 *                                                 up to a multiple of 32
 *
 * GGUF is the file format of llama.cpp and its family: one file holds the weights,
 * the numbers of config.json, the vocabulary and the chat template. Where safetensors
 * has a JSON header, this has a list of typed values, one behind the other:
 *
 *      string = u64 length, bytes                                         (1)
 *      key    = string name, u32 kind, value                              (2)
 *      list   = u32 kind of each, u64 count, values       (kind 9)        (3)
 *      tensor = string name, u32 rank, rank × u64 shape, u32 type, u64 offset (4)
 *
 * all little-endian, with nothing in between. So nothing can be found without walking
 * over everything before it, and one wrong length makes noise of the rest: each
 * length is held against what is left of the file before a byte of it is used.
 *
 * Format notes:
 *
 * - Shapes are written the other way round: a matrix [out, in] as in, out. They are
 *   turned here, once.
 * - The offset of (4) counts from where the blocks begin, the first multiple of
 *   general.alignment (32, unless the key says otherwise) behind the last tensor.
 * - The big-endian twin of the format has the same four letters; its version reads
 *   as 3 · 2^24. Versions 1 and 2 had other lengths, and are from 2023.
 * - Counts are 64 bits wide, and a file of 100 bytes may speak of 2^60 keys. A key
 *   takes 13 bytes at least, a tensor 24: what cannot fit is refused before memory
 *   is asked for.
 * - Keys and tensors are sorted by name here, so that one that stands twice is seen,
 *   and by place, so that tensors that lie on top of each other are.
 *
 * Source: docs/gguf.md of the ggml project.
 * Read next: weights-tools/gguf/gguf_keys.c.
 */
#include "weights-tools/gguf/gguf.h"

#include <stdlib.h>         /* qsort, bsearch                               */
#include <string.h>         /* memcmp, memchr, strcmp                       */

#include "base/utf8.h"      /* names are UTF-8                              */
#include "files/json.h"     /* json_show: names of unknown origin           */

#define MOST 65536          /* keys, tensors: a hundred times what models have */
#define NAME 255            /* bytes of a tensor's name; ggml's own limit is 63 */

typedef struct {            /* where we are in the file                     */
    const unsigned char *bytes;
    size_t size, at;
    Error *error;
} Cursor;

/* By the file's own number; those with a NULL name no longer exist. */
static const GgufType types[] = {
    { "F32", true, false, DTYPE_F32, 0 }, { "F16", true, false, DTYPE_F16, 0 },
    { "Q4_0", false, true, 0, QUANT_Q4_0 }, { "Q4_1", false, true, 0, QUANT_Q4_1 },
    [6] = { .name = "Q5_0" }, { .name = "Q5_1" },
    { "Q8_0", false, true, 0, QUANT_Q8_0 }, { .name = "Q8_1" },
    { .name = "Q2_K" }, { .name = "Q3_K" }, { .name = "Q4_K" }, { .name = "Q5_K" },
    { .name = "Q6_K" }, { .name = "Q8_K" }, { .name = "IQ2_XXS" },
    { .name = "IQ2_XS" }, { .name = "IQ3_XXS" }, { .name = "IQ1_S" },
    { .name = "IQ4_NL" }, { .name = "IQ3_S" }, { .name = "IQ2_S" },
    { .name = "IQ4_XS" }, { .name = "I8" }, { .name = "I16" }, { .name = "I32" },
    { .name = "I64" }, { .name = "F64" }, { .name = "IQ1_M" },
    { "BF16", true, false, DTYPE_BF16, 0 },
    [34] = { .name = "TQ1_0" }, { .name = "TQ2_0" }, [39] = { .name = "MXFP4" },
    { .name = "NVFP4" }, { .name = "Q1_0" },
};

static const size_t widths[GGUF_KINDS] = {  /* bytes of a value; 0: it varies */
    1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8,
};

/* The next n bytes, or NULL and an Error that says what they would have been. */
static const unsigned char *take(Cursor *c, uint64_t n, const char *what)
{
    const unsigned char *here = c->bytes + c->at;

    if (n > c->size - c->at) {
        error_set(c->error, "the file ends too early: %s at byte %zu needs %llu "
                  "bytes, and %zu are left; download it again", what, c->at,
                  (unsigned long long)n, c->size - c->at);
        return NULL;
    }
    c->at += (size_t)n;
    return here;
}

uint32_t gguf_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16
        | (uint32_t)p[3] << 24;
}

uint64_t gguf_u64(const unsigned char *p)
{
    return gguf_u32(p) | (uint64_t)gguf_u32(p + 4) << 32;
}

static bool take_u32(uint32_t *value, Cursor *c, const char *what)
{
    const unsigned char *p = take(c, 4, what);

    if (p != NULL)
        *value = gguf_u32(p);
    return p != NULL;
}

static bool take_u64(uint64_t *value, Cursor *c, const char *what)
{
    const unsigned char *p = take(c, 8, what);

    if (p != NULL)
        *value = gguf_u64(p);
    return p != NULL;
}

/* Rule (1). */
static bool take_text(GgufText *text, Cursor *c, const char *what)
{
    uint64_t length = 0;

    if (!take_u64(&length, c, what))
        return false;
    text->text = (const char *)take(c, length, what);
    text->length = (size_t)length;
    return text->text != NULL;
}

/* Walk over the values of a key. Errors: they do not fit in the file. */
static bool take_values(Cursor *c, GgufKey *key)
{
    key->offset = c->at;
    key->data = c->bytes + c->at;
    if (key->kind != GGUF_STRING) {
        /* More than the file has: so that the product cannot wrap round. */
        uint64_t count = key->count <= c->size ? key->count : c->size + 1;

        return take(c, count * widths[key->kind], "the value of a key") != NULL;
    }
    for (uint64_t i = 0; i < key->count; i++) {
        GgufText text;

        if (!take_text(&text, c, "a string of a key"))
            return false;
    }
    return true;
}

/* A number that names a kind of value. Errors: it does not. */
static bool take_kind(GgufKind *kind, Cursor *c, const GgufKey *key)
{
    uint32_t value = 0;
    char shown[JSON_SHOWN];

    if (!take_u32(&value, c, "the kind of a value"))
        return false;
    *kind = (GgufKind)value;
    return value < GGUF_KINDS
        || error_set(c->error, "the key \"%s\" has values of the unknown kind %u at "
                     "byte %zu: the file is damaged", json_show(shown, key->name.text,
                     key->name.length), value, c->at - 4);
}

/* Rules (2) and (3). Lists of lists are allowed by the format; no model has one. */
static bool take_key(GgufKey *key, Cursor *c)
{
    char shown[JSON_SHOWN];

    *key = (GgufKey){ .count = 1 };
    if (!take_text(&key->name, c, "the name of a key")
        || !take_kind(&key->kind, c, key))
        return false;
    key->list = key->kind == GGUF_ARRAY;
    if (key->list && (!take_kind(&key->kind, c, key)
                      || !take_u64(&key->count, c, "the length of a list")))
        return false;
    if (key->kind == GGUF_ARRAY)
        return error_set(c->error, "the key \"%s\" at byte %zu is a list of lists, "
                         "which no supported model has", json_show(shown,
                         key->name.text, key->name.length), c->at);
    return take_values(c, key);
}

int gguf_compare(GgufText a, GgufText b)
{
    int order = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_keys(const void *left, const void *right)
{
    return gguf_compare(((const GgufKey *)left)->name, ((const GgufKey *)right)->name);
}

static bool read_keys(Gguf *g, Cursor *c)
{
    char shown[JSON_SHOWN];

    g->keys = arena_get(&g->arena, (size_t)g->key_count * sizeof *g->keys);
    for (int i = 0; i < g->key_count; i++)
        if (!take_key(&g->keys[i], c))
            return error_where(c->error, "key %d of %d", i + 1, g->key_count);
    qsort(g->keys, (size_t)g->key_count, sizeof *g->keys, compare_keys);
    for (int i = 1; i < g->key_count; i++)
        if (compare_keys(&g->keys[i - 1], &g->keys[i]) == 0)
            return error_set(c->error, "the key \"%s\" stands twice: which one "
                             "counts is anybody's guess", json_show(shown,
                             g->keys[i].name.text, g->keys[i].name.length));
    return true;
}

/* The type by its number. Errors: one that is not read here, by its name. */
static bool find_type(const GgufType **type, const char *tensor, uint32_t number,
                      Error *error)
{
    const char *name = number < sizeof types / sizeof types[0] ? types[number].name : NULL;
    char shown[JSON_SHOWN];

    json_show(shown, tensor, strlen(tensor));
    if (name == NULL)
        return error_set(error, "the tensor %s has the unknown type %u", shown, number);
    *type = &types[number];
    return (*type)->plain || (*type)->blocks
        || error_set(error, "the tensor %s holds %s numbers, which are not read here; "
                     "F32, F16, BF16, Q8_0, Q4_0 and Q4_1 are: take a file of one of "
                     "these types", shown, name);
}

/* Bytes of a tensor. Errors: its rows are no whole blocks; beyond 64 bits. */
static bool find_bytes(GgufTensor *t, Error *error)
{
    const GgufType *type = t->type;
    uint64_t bytes = 0, width = t->rank > 0 ? t->shape[t->rank - 1] : 1;
    char shown[JSON_SHOWN];

    json_show(shown, t->name, strlen(t->name));
    if (type->blocks && width % (uint64_t)quant_block(type->format) != 0)
        return error_set(error, "the tensor %s has rows of %llu numbers, and %s packs "
                         "%d in a block", shown, (unsigned long long)width, type->name,
                         quant_block(type->format));
    if (!tensor_bytes(&bytes, t->shape, t->rank, type->plain ? type->dtype : DTYPE_F32)
        || bytes > SIZE_MAX)
        return error_set(error, "the tensor %s has a shape with more numbers than 64 "
                         "bits count", shown);
    t->bytes = type->plain ? (size_t)bytes : quant_bytes(type->format, (size_t)bytes / 4);
    return true;
}

/* Rule (4); data is still NULL, offset counts from where the blocks begin. */
static bool take_tensor(GgufTensor *t, Arena *arena, Cursor *c)
{
    GgufText name = {0};
    uint32_t rank = 0, type = 0;
    uint64_t offset = 0;
    char shown[JSON_SHOWN];

    if (!take_text(&name, c, "the name of a tensor"))
        return false;
    if (name.length == 0 || name.length > NAME || memchr(name.text, 0, name.length)
        || utf8_check(name.text, name.length) != name.length)
        return error_set(c->error, "the name of %zu bytes at byte %zu is none: a tensor "
                         "is named by 1 to %d bytes of UTF-8", name.length,
                         c->at - name.length, NAME);
    t->name = arena_text(arena, name.text, name.length);
    if (!take_u32(&rank, c, "the rank of a tensor"))
        return false;
    if (rank > 4)
        return error_set(c->error, "rank %u at byte %zu is more than the format's 4",
                         rank, c->at - 4);
    t->rank = (int)rank;
    for (int d = t->rank - 1; d >= 0; d--)
        if (!take_u64(&t->shape[d], c, "the shape of a tensor"))
            return false;
    if (!take_u32(&type, c, "the type of a tensor")
        || !take_u64(&offset, c, "the offset of a tensor")
        || !find_type(&t->type, t->name, type, c->error) || !find_bytes(t, c->error))
        return false;
    t->offset = (size_t)offset;
    return offset <= SIZE_MAX / 2
        || error_set(c->error, "the tensor %s begins at byte %llu of the data: far beyond "
                     "the file", json_show(shown, t->name, strlen(t->name)),
                     (unsigned long long)offset);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(((const GgufTensor *)left)->name, ((const GgufTensor *)right)->name);
}

static int compare_places(const void *left, const void *right)
{
    const GgufTensor *a = left, *b = right;

    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* From where the blocks begin to where the tensor lies.
 *
 *   begin   a multiple of alignment
 *   Errors: a tensor that begins at no multiple of alignment, or ends behind the
 *           file; two of them that overlap */
static bool place_tensors(Gguf *g, const Cursor *c, size_t begin, size_t alignment)
{
    size_t end = begin;

    qsort(g->tensors, (size_t)g->tensor_count, sizeof *g->tensors, compare_places);
    for (int i = 0; i < g->tensor_count; i++) {
        GgufTensor *t = &g->tensors[i];
        char shown[JSON_SHOWN];

        json_show(shown, t->name, strlen(t->name));
        if (t->offset % alignment != 0)
            return error_set(c->error, "the tensor %s begins at byte %zu of the data, "
                             "which is no multiple of %zu", shown, t->offset, alignment);
        t->offset += begin;
        if (t->offset < end)
            return error_set(c->error, "the tensors %s and %s overlap at byte %zu",
                             json_show(shown, g->tensors[i - 1].name,
                             strlen(g->tensors[i - 1].name)), t->name, t->offset);
        if (t->offset > c->size || t->bytes > c->size - t->offset)
            return error_set(c->error, "the file ends too early: the tensor %s has %zu "
                             "bytes from byte %zu on, and the file ends at %zu; "
                             "download it again", shown, t->bytes, t->offset, c->size);
        t->data = c->bytes + t->offset;
        end = t->offset + t->bytes;
    }
    return true;
}

static bool read_tensors(Gguf *g, Cursor *c)
{
    int alignment = 32;
    size_t begin;

    if (!gguf_integer(&alignment, g, "general.alignment", 1, 1 << 20, GGUF_MAY, c->error))
        return false;
    if ((alignment & (alignment - 1)) != 0)
        return error_set(c->error, "the key \"general.alignment\" is %d, which is no "
                         "power of two", alignment);
    g->tensors = arena_get(&g->arena, (size_t)g->tensor_count * sizeof *g->tensors);
    for (int i = 0; i < g->tensor_count; i++)
        if (!take_tensor(&g->tensors[i], &g->arena, c))
            return error_where(c->error, "tensor %d of %d", i + 1, g->tensor_count);
    begin = round_up(c->at, (size_t)alignment);
    if (!place_tensors(g, c, begin, (size_t)alignment))
        return false;
    qsort(g->tensors, (size_t)g->tensor_count, sizeof *g->tensors, compare_names);
    for (int i = 1; i < g->tensor_count; i++)
        if (strcmp(g->tensors[i - 1].name, g->tensors[i].name) == 0)
            return error_set(c->error, "the tensor %s stands twice", g->tensors[i].name);
    return true;
}

/* The first 24 bytes. Errors: not this format, not this version; counts of things
 * that cannot fit. */
static bool read_head(Gguf *g, Cursor *c)
{
    const unsigned char *magic = take(c, 4, "the format's name");
    uint32_t version = 0;
    uint64_t tensors = 0, keys = 0;

    if (magic == NULL || memcmp(magic, "GGUF", 4) != 0)
        return error_set(c->error, "this is no GGUF file: it does not begin with the "
                         "letters GGUF");
    if (!take_u32(&version, c, "the version"))
        return false;
    if (version != 3)
        return error_set(c->error, "%s: only version 3, little-endian, is read here; "
                         "convert the model again from its own files",
                         version == 3u << 24 ? "a big-endian file"
                         : version == 1 || version == 2 ? "a GGUF version of 2023"
                         : "an unknown GGUF version");
    if (!take_u64(&tensors, c, "the number of tensors")
        || !take_u64(&keys, c, "the number of keys"))
        return false;
    if (tensors > MOST || keys > MOST || keys * 13 + tensors * 24 > c->size - c->at)
        return error_set(c->error, "the file speaks of %llu keys and %llu tensors, for "
                         "which its %zu bytes have no room: it is damaged",
                         (unsigned long long)keys, (unsigned long long)tensors, c->size);
    g->key_count = (int)keys;
    g->tensor_count = (int)tensors;
    return true;
}

/*   bytes   [size] the file; it must outlive gguf, and may lie at any address
 *   Cost:   one walk over everything but the blocks, two sorts */
bool gguf_parse(Gguf *gguf, const unsigned char *bytes, size_t size, Error *error)
{
    Cursor c = { bytes, size, 0, error };

    *gguf = (Gguf){0};
    return read_head(gguf, &c) && read_keys(gguf, &c) && read_tensors(gguf, &c);
}

void gguf_free(Gguf *gguf)
{
    arena_free(&gguf->arena);
    *gguf = (Gguf){0};
}

const GgufTensor *gguf_tensor(const Gguf *gguf, const char *name)
{
    GgufTensor wanted = { .name = name };

    return gguf->tensor_count == 0 ? NULL
        : bsearch(&wanted, gguf->tensors, (size_t)gguf->tensor_count, sizeof wanted,
                  compare_names);
}

/* first and count: whole blocks, when the type has them. */
void gguf_to_f32(float *out, const GgufTensor *t, size_t first, size_t count)
{
    if (t->type->blocks)
        quant_to_f32(out, t->data + quant_bytes(t->type->format, first),
                     t->type->format, count);
    else
        tensor_to_f32(out, t->data + first * (size_t)(dtype_bits(t->type->dtype) / 8),
                      t->type->dtype, count);
}
