/* widen.c - numbers of any common format as doubles
 *
 *      F64      s eeeeeeeeeee mmmm…   52 bits of fraction
 *      F32      s eeeeeeee    mmmm…   23          BF16: the upper half
 *      F16      s eeeee       mm mmmmmmmm         F8_E5M2: the upper half
 *      F8_E4M3  s eeee        mmm                 bias 7, no infinity
 *
 * A double holds every number of these formats exactly, and every integer up to 2^53:
 * so statistics need one kind of arithmetic. The two 8-bit floats go through F16:
 *
 *      E5M2 = F16 with eight more zeros                                    (1)
 *      E4M3: one exponent bit less, bias 7 instead of 15, so the same bits
 *            read as F16 are 2^8 too small                                 (2)
 *
 *      s eeee mmm  ──►  s 0eeee mmm0000000  · 2^8
 *
 * In (2) subnormals come out right, too: they are multiples of a power of two in
 * both formats. E4M3 gives up infinity for a larger range: only s 1111 111 is NaN.
 *
 * Source: Micikevicius and others, "FP8 Formats for Deep Learning", 2022.
 * Read next: weights-tools/common/statistics.c.
 */
#include "weights-tools/common/widen.h"

#include <float.h>                  /* DBL_MIN, FLT_MIN                     */
#include <math.h>                   /* NAN                                  */
#include <string.h>                 /* memcpy                               */

#include "numbers/halffloat.h"      /* f16_to_f32, bf16_to_f32              */

static double e4m3(uint8_t byte)
{
    uint16_t moved = (uint16_t)((byte & 0x80) << 8 | (byte & 0x7F) << 7);

    return (byte & 0x7F) == 0x7F ? (double)NAN : (double)f16_to_f32(moved) * 256;
}

/* X(name, type, value): read a `type` named v from the file; its value. */
#define KINDS(X)                                                              \
    X(BOOL, uint8_t, v)                                                       \
    X(U8, uint8_t, v)         X(I8, int8_t, v)                                \
    X(U16, uint16_t, v)       X(I16, int16_t, v)                              \
    X(U32, uint32_t, v)       X(I32, int32_t, v)                              \
    X(U64, uint64_t, v)       X(I64, int64_t, v)                              \
    X(F8_E4M3, uint8_t, e4m3(v))                                              \
    X(F8_E5M2, uint8_t, f16_to_f32((uint16_t)(v << 8)))                       \
    X(F16, uint16_t, f16_to_f32(v))                                           \
    X(BF16, uint16_t, bf16_to_f32(v))                                         \
    X(F32, float, v)          X(F64, double, v)

bool widen_knows(Dtype dtype)
{
#define KNOWN(name, type, value) || dtype == DTYPE_##name
    return false KINDS(KNOWN);
}

double widen_smallest_normal(Dtype dtype)
{
    switch (dtype) {
    case DTYPE_F64: return DBL_MIN;
    case DTYPE_F32: case DTYPE_BF16: return (double)FLT_MIN;
    case DTYPE_F16: case DTYPE_F8_E5M2: return 0x1p-14;
    case DTYPE_F8_E4M3: return 0x1p-6;
    default: return 0;
    }
}

bool widen_is_float(Dtype dtype)
{
    return widen_smallest_normal(dtype) > 0;
}

void widen(double *out, const void *data, Dtype dtype, size_t first, size_t count)
{
    const unsigned char *p = (const unsigned char *)data
                           + first * (size_t)dtype_bits(dtype) / 8;

    switch (dtype) {
#define WIDEN(name, type, value)                                              \
    case DTYPE_##name:                                                        \
        for (size_t i = 0; i < count; i++) {                                  \
            type v;                                                           \
            memcpy(&v, p + i * sizeof v, sizeof v);                           \
            out[i] = (double)(value);                                         \
        }                                                                     \
        return;
    KINDS(WIDEN)
    default:
        must(false, "%s cannot be widened", dtype_name(dtype));
    }
}
