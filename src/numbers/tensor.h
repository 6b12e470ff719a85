/* tensor.h - a view of numbers in a file: what kind, what shape, where
 *
 * Rules of use: a Tensor owns nothing. Its data may stand at any address, also an
 * odd one: read it through tensor_to_f32 or with memcpy, never through a cast.
 */
#ifndef TENSOR_H
#define TENSOR_H

#include "base/base.h"

#define TENSOR_RANK 8               /* more dimensions than any model has    */

/* The order is the safetensors one: increasing alignment. X(name, bits). */
#define DTYPES(X)                                                             \
    X(BOOL, 8) X(F4, 4) X(F6_E2M3, 6) X(F6_E3M2, 6) X(U8, 8) X(I8, 8)         \
    X(F8_E5M2, 8) X(F8_E4M3, 8) X(F8_E8M0, 8) X(F8_E4M3FNUZ, 8)               \
    X(F8_E5M2FNUZ, 8) X(I16, 16) X(U16, 16) X(F16, 16) X(BF16, 16)            \
    X(I32, 32) X(U32, 32) X(F32, 32) X(C64, 64) X(F64, 64) X(I64, 64)         \
    X(U64, 64)

#define DTYPE_ENUM(name, bits) DTYPE_##name,
typedef enum { DTYPES(DTYPE_ENUM) DTYPE_COUNT } Dtype;
#undef DTYPE_ENUM

typedef struct {
    const char *name;               /* as the file spells it; not owned      */
    Dtype dtype;
    int rank;                       /* 0: one number, no dimension           */
    uint64_t shape[TENSOR_RANK];    /* [rank], last index fastest            */
    const void *data;               /* little-endian; any alignment          */
    size_t bytes;                   /* of data: tensor_bytes of the above    */
} Tensor;

const char *dtype_name(Dtype dtype);                /* "BF16"                */
int dtype_bits(Dtype dtype);                        /* of one number         */
bool dtype_find(Dtype *dtype, const char *name);    /* false: unknown        */

uint64_t tensor_count(const Tensor *tensor);        /* product of the shape  */

/* Product of a shape times bits per number, in whole bytes, into *bytes.
 * false: it overflows 64 bits or does not fill whole bytes. */
bool tensor_bytes(uint64_t *bytes, const uint64_t *shape, int rank, Dtype dtype);

/* count numbers of F32, F16 or BF16 at any address, widened exactly. */
void tensor_to_f32(float *out, const void *data, Dtype dtype, size_t count);

#endif
