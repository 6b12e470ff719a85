/* gguf.h - what is written in a GGUF file: keys with values, tensors with blocks
 *
 * Rules of use:
 * 1. gguf_parse gets the whole file, mapped or made; keys and tensors are views into
 *    it. Believe nothing of a file before it said true.
 * 2. Strings have a length and no NUL. Shapes are turned to our order: [out, in].
 * 3. The getters of gguf_keys.c check kind and range, and their Errors name the key.
 */
#ifndef GGUF_H
#define GGUF_H

#include "base/memory.h"
#include "numbers/quant.h"
#include "numbers/tensor.h"

typedef enum {              /* of a value; the numbers are the file's        */
    GGUF_U8, GGUF_I8, GGUF_U16, GGUF_I16, GGUF_U32, GGUF_I32, GGUF_F32, GGUF_BOOL,
    GGUF_STRING, GGUF_ARRAY, GGUF_U64, GGUF_I64, GGUF_F64, GGUF_KINDS,
} GgufKind;

typedef struct { const char *text; size_t length; } GgufText;

/* As memcmp sorts, shorter first: the order of keys, and of a vocabulary by its bytes. */
int gguf_compare(GgufText a, GgufText b);

typedef struct {
    GgufText name;          /* "llama.block_count"                           */
    GgufKind kind;          /* of the value, or of each value of a list      */
    bool list;
    uint64_t count;         /* values: 1 when it is no list                  */
    const unsigned char *data;      /* the first of them; all have been checked */
    size_t offset;          /* of data in the file, for messages             */
} GgufKey;

typedef struct {
    const char *name;       /* "F16"; what ggml calls it                     */
    bool plain, blocks;     /* read as dtype · as format · neither: refused  */
    Dtype dtype;
    QuantFormat format;
} GgufType;

typedef struct {
    const char *name;       /* "blk.0.attn_q.weight"                         */
    const GgufType *type;
    int rank;
    uint64_t shape[4];      /* [rank], last index fastest, as in Tensor      */
    const unsigned char *data;
    size_t bytes;
    size_t offset;          /* of data in the file                           */
} GgufTensor;

typedef struct {
    GgufKey *keys;          /* [key_count], sorted by name                   */
    GgufTensor *tensors;    /* [tensor_count], sorted by name                */
    int key_count, tensor_count;
    Arena arena;
} Gguf;

/* Errors: exit 3, with byte offset, key or tensor. Owner: caller, gguf_free, after
 * an Error too. */
bool gguf_parse(Gguf *gguf, const unsigned char *bytes, size_t size, Error *error);
void gguf_free(Gguf *gguf);

const GgufTensor *gguf_tensor(const Gguf *gguf, const char *name);  /* or NULL */

/* count numbers from first on, whole blocks, as float32. */
void gguf_to_f32(float *out, const GgufTensor *tensor, size_t first, size_t count);

/* --- keys: gguf_keys.c; NULL or a value left alone when there is no such key --- */

const GgufKey *gguf_key(const Gguf *gguf, const char *name);

typedef enum { GGUF_MAY, GGUF_MUST } GgufNeed;      /* be there              */
bool gguf_integer(int *value, const Gguf *gguf, const char *name, int low, int high,
                  GgufNeed need, Error *error);
bool gguf_real(float *value, const Gguf *gguf, const char *name, GgufNeed need,
               Error *error);                       /* above 0 and finite    */
bool gguf_flag(bool *value, const Gguf *gguf, const char *name, Error *error);
bool gguf_text(GgufText *value, const Gguf *gguf, const char *name, GgufNeed need,
               Error *error);                       /* UTF-8, without a NUL  */
bool gguf_is(GgufText text, const char *word);

/* The list of that kind under name, at least least long, into *key. */
bool gguf_list(const GgufKey **key, const Gguf *gguf, const char *name, GgufKind kind,
               uint64_t least, Error *error);
/* The string at *at of a checked list; *at moves behind it. */
GgufText gguf_next(const unsigned char **at);
uint32_t gguf_u32(const unsigned char *at);         /* little-endian         */
uint64_t gguf_u64(const unsigned char *at);

#endif
