/* gguf_keys.c - the values of a GGUF file's keys, checked as they are asked for
 *
 *      "llama.block_count"   U32    22  ──► gguf_integer  ──► 22, from low to high
 *      "….freq_base"         F32   1e5  ──► gguf_real     ──► 1e5, above 0
 *      "….add_bos_token"     BOOL    1  ──► gguf_flag     ──► true
 *      "….chat_template"     STRING     ──► gguf_text     ──► bytes and a length
 *      "….tokens"            STRING …   ──► gguf_list     ──► the first of many
 *                                             gguf_next   ──► one after the other
 *
 * Programs that write GGUF do not agree on the width of a number: a count may be 16,
 * 32 or 64 bits wide, with a sign or without. So a getter asks whether the value is a
 * whole number in its range, and not how it was stored.
 *
 * A key that is not there is no error unless the caller says that it must be: most
 * have a value that is meant when nothing is said.
 *
 * The file's length was checked by gguf_parse, so a value can be read without
 * another look at where the file ends.
 *
 * Read next: weights-tools/gguf/gguf_config.c.
 */
#include "weights-tools/gguf/gguf.h"

#include <math.h>           /* isfinite                                     */
#include <string.h>         /* memcmp, memchr, strlen                       */

#include "base/utf8.h"      /* utf8_check                                   */
#include "numbers/bits.h"   /* f32_of_bits                                  */

/* A binary search. */
const GgufKey *gguf_key(const Gguf *gguf, const char *name)
{
    GgufText wanted = { name, strlen(name) };
    int low = 0, high = gguf->key_count;

    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = gguf_compare(gguf->keys[middle].name, wanted);

        if (order == 0)
            return &gguf->keys[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool missing(const char *name, GgufNeed need, Error *error)
{
    return need == GGUF_MAY
        || error_set(error, "the key \"%s\" is missing: the file is not complete, or "
                     "was made for something else", name);
}

static bool wrong(const GgufKey *key, const char *name, const char *what, Error *error)
{
    return error_set(error, "the key \"%s\" at byte %zu must be %s", name, key->offset,
                     what);
}

/* A stored whole number into *value; false: it is none, or beyond 63 bits. */
static bool load_integer(int64_t *value, const GgufKey *key)
{
    const unsigned char *p = key->data;
    uint64_t wide;

    switch (key->kind) {
    case GGUF_U8:  *value = p[0]; return true;
    case GGUF_I8:  *value = (int8_t)p[0]; return true;
    case GGUF_U16: *value = p[0] | p[1] << 8; return true;
    case GGUF_I16: *value = (int16_t)(p[0] | p[1] << 8); return true;
    case GGUF_U32: *value = gguf_u32(p); return true;
    case GGUF_I32: *value = (int32_t)gguf_u32(p); return true;
    case GGUF_U64: case GGUF_I64:
        wide = gguf_u64(p);
        *value = (int64_t)wide;
        return key->kind == GGUF_I64 || wide <= INT64_MAX;
    default: return false;
    }
}

/*   value   out; left alone when there is no such key
 *   Errors: absent though it must be; no whole number from low to high */
bool gguf_integer(int *value, const Gguf *gguf, const char *name, int low, int high,
                  GgufNeed need, Error *error)
{
    const GgufKey *key = gguf_key(gguf, name);
    int64_t wide;

    if (key == NULL)
        return missing(name, need, error);
    if (key->list || !load_integer(&wide, key) || wide < low || wide > high)
        return error_set(error, "the key \"%s\" at byte %zu must be a whole number from "
                         "%d to %d", name, key->offset, low, high);
    *value = (int)wide;
    return true;
}

/* A float32 or a float64 above 0; as gguf_integer otherwise. */
bool gguf_real(float *value, const Gguf *gguf, const char *name, GgufNeed need,
               Error *error)
{
    const GgufKey *key = gguf_key(gguf, name);
    float x = 0;

    if (key == NULL)
        return missing(name, need, error);
    if (!key->list && key->kind == GGUF_F32)
        x = f32_of_bits(gguf_u32(key->data));
    else if (!key->list && key->kind == GGUF_F64)
        x = (float)f64_of_bits(gguf_u64(key->data));
    if (!(x > 0) || !isfinite(x))
        return wrong(key, name, "a number above 0", error);
    *value = x;
    return true;
}

bool gguf_flag(bool *value, const Gguf *gguf, const char *name, Error *error)
{
    const GgufKey *key = gguf_key(gguf, name);

    if (key == NULL)
        return true;
    if (key->list || key->kind != GGUF_BOOL || key->data[0] > 1)
        return wrong(key, name, "true or false", error);
    *value = key->data[0] != 0;
    return true;
}

/* The string at *at; only for lists and values that gguf_parse has walked over. */
GgufText gguf_next(const unsigned char **at)
{
    GgufText text = { (const char *)*at + 8, (size_t)gguf_u64(*at) };

    *at += 8 + text.length;
    return text;
}

bool gguf_text(GgufText *value, const Gguf *gguf, const char *name, GgufNeed need,
               Error *error)
{
    const GgufKey *key = gguf_key(gguf, name);
    const unsigned char *at;
    GgufText text;

    if (key == NULL)
        return missing(name, need, error);
    at = key->data;
    if (key->list || key->kind != GGUF_STRING)
        return wrong(key, name, "a text", error);
    text = gguf_next(&at);
    if (utf8_check(text.text, text.length) != text.length
        || memchr(text.text, 0, text.length) != NULL)
        return wrong(key, name, "a text in UTF-8, without a NUL", error);
    *value = text;
    return true;
}

bool gguf_is(GgufText text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.text, word, text.length) == 0;
}

/*   key     out: list, of that kind, with at least least values
 *   Errors: absent, no list, of another kind, shorter */
bool gguf_list(const GgufKey **key, const Gguf *gguf, const char *name, GgufKind kind,
               uint64_t least, Error *error)
{
    *key = gguf_key(gguf, name);
    if (*key == NULL)
        return missing(name, GGUF_MUST, error);
    if ((*key)->list && (*key)->kind == kind && (*key)->count >= least)
        return true;
    return error_set(error, "the key \"%s\" at byte %zu must be a list of at least %llu %s",
                     name, (*key)->offset, (unsigned long long)least,
                     kind == GGUF_STRING ? "texts" : "numbers of 32 bits");
}
