/* tensor.c - bytes of a file that mean a block of numbers
 *
 *      name   "model.norm.weight"                dtype BF16
 *      shape  [2, 3]                             last index fastest
 *
 *               row 0               row 1
 *            ┌─────────────────┐ ┌─────────────────┐
 *      data  │ 0,0   0,1   0,2 │ │ 1,0   1,1   1,2 │    12 bytes
 *            └─────────────────┘ └─────────────────┘
 *             ▲ b0 b1                                   little-endian:
 *             └ at any address, maybe an odd one        number = b0 + 256 · b1
 *
 * A tensor is nothing but that: a name, a kind of number, a shape, an address.
 * It owns no memory; the numbers stay where they are in the mapped file, which
 * is how a model of two gigabytes is "loaded" in a millisecond.
 *
 *      count = shape_0 · shape_1 · …      (1 for rank 0: a single number)  (1)
 *      bytes = count · bits / 8           a whole number of bytes          (2)
 *
 * Format notes:
 *
 * - Shapes come from a file that anyone may have written. A product such as
 *   2^32 · 2^32 wraps to 0 in 64 bits and would pass for an empty tensor, so
 *   every multiplication is checked before it is done.
 * - Kinds of fewer than 8 bits exist (F4, F6): three F4 numbers do not fill
 *   whole bytes, and such a tensor is refused.
 * - A header of odd length puts all data at odd addresses. Reading a float
 *   through a cast pointer there is undefined in C and a crash on some
 *   processors; reading byte by byte is neither, and compilers make the
 *   same single load of it.
 *
 * Source: the safetensors format, section "Format" of its README.
 * Read next: files/safetensors.c.
 */
#include "numbers/tensor.h"

#include <string.h>                 /* strcmp                                */

#include "numbers/halffloat.h"      /* f16_to_f32, bf16_to_f32               */

#define DTYPE_NAME(name, bits) #name,
#define DTYPE_BITS(name, bits) bits,
static const char *const names[] = { DTYPES(DTYPE_NAME) };
static const int sizes[] = { DTYPES(DTYPE_BITS) };          /* in bits       */
#undef DTYPE_NAME
#undef DTYPE_BITS

const char *dtype_name(Dtype dtype)
{
    must(dtype < DTYPE_COUNT, "dtype %d", (int)dtype);
    return names[dtype];
}

int dtype_bits(Dtype dtype)
{
    must(dtype < DTYPE_COUNT, "dtype %d", (int)dtype);
    return sizes[dtype];
}

/* A scan: there are 22 of them, and it is done once per tensor of a file. */
bool dtype_find(Dtype *dtype, const char *name)
{
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *dtype = (Dtype)i;
            return true;
        }
    return false;
}

/* Equation (1), for a tensor whose size tensor_bytes has found sound. */
uint64_t tensor_count(const Tensor *tensor)
{
    uint64_t count = 1;

    for (int d = 0; d < tensor->rank; d++)
        count *= tensor->shape[d];
    return count;
}

static bool multiply(uint64_t *product, uint64_t factor)
{
    if (factor != 0 && *product > UINT64_MAX / factor)
        return false;
    *product *= factor;
    return true;
}

/* Equations (1) and (2), refusing what does not fit in 64 bits on the way.
 *
 *   bytes   out; set only when the answer is true
 *   shape   [rank], any numbers at all
 *
 * [2^40, 2^40, 0] is refused and [0, 2^40, 2^40] is an empty tensor, as in the
 * format's own reader, which multiplies from the left, too.
 */
bool tensor_bytes(uint64_t *bytes, const uint64_t *shape, int rank, Dtype dtype)
{
    uint64_t bits = 1;

    must(rank >= 0 && rank <= TENSOR_RANK, "rank %d", rank);
    for (int d = 0; d < rank; d++)
        if (!multiply(&bits, shape[d]))
            return false;
    if (!multiply(&bits, (uint64_t)dtype_bits(dtype)) || bits % 8 != 0)
        return false;
    *bytes = bits / 8;
    return true;
}

static uint16_t load_u16(const unsigned char *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t load_u32(const unsigned char *p)
{
    return (uint32_t)load_u16(p) | (uint32_t)load_u16(p + 2) << 16;
}

/* Widen numbers of a file to float32, exactly.
 *
 *   out     [count], aligned as floats are; does not overlap data
 *   data    [count] little-endian numbers, at any address
 *   dtype   F32, F16 or BF16: whoever calls has refused the others by name
 */
void tensor_to_f32(float *out, const void *data, Dtype dtype, size_t count)
{
    const unsigned char *p = data;

    must(dtype == DTYPE_F32 || dtype == DTYPE_F16 || dtype == DTYPE_BF16,
         "%s cannot be widened to float32", dtype_name(dtype));
    for (size_t i = 0; i < count; i++)
        if (dtype == DTYPE_F32)
            out[i] = f32_of_bits(load_u32(p + 4 * i));
        else if (dtype == DTYPE_F16)
            out[i] = f16_to_f32(load_u16(p + 2 * i));
        else
            out[i] = bf16_to_f32(load_u16(p + 2 * i));
}
