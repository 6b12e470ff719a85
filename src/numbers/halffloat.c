/* halffloat.c - numbers in half the room
 *
 *             sign  exponent  mantissa
 *
 *      f32     s    eeeeeeee  mmmmmmm mmmmmmmmmmmmmmmm      1 + 8 + 23
 *              │    ││││││││  │││││││
 *      bf16    s    eeeeeeee  mmmmmmm                       1 + 8 + 7
 *
 *      f16     s    eeeee     mmmmmmmmmm                    1 + 5 + 10
 *
 * Reading weights from memory is what a language model spends its time on, so
 * they are stored in 16 bits. There are two ways to give up half a float:
 *
 *   - bf16 keeps the exponent and drops 16 bits of the mantissa. Any float32
 *     fits, with two or three decimal digits. Models are trained in it.
 *   - f16 keeps three digits and drops exponent: the largest number is 65504,
 *     and below 2^-14 numbers lie evenly spaced, 2^-24 apart (subnormals).
 *
 *      value = (-1)^s · 2^(e-bias) · 1.m      bias 15 in f16, 127 in f32   (1)
 *      e = 0:        (-1)^s · 2^(1-bias) · 0.m      zero and the subnormals
 *      e all ones:   infinity when m = 0, else NaN ("not a number")
 *
 * Widening. Put the bits of an f16 where a float32 has them, and only the bias
 * is wrong, by 127 - 15 = 112. One multiplication repairs it, and because the
 * processor knows subnormals itself, these come out right without a thought:
 *
 *      f32 = float32 with the same e and m · 2^112                         (2)
 *
 * Narrowing. Nearest, and a tie goes to the even neighbour. Adding a little
 * less than half of the last place kept, plus that place's own bit, makes the
 * carry do the work, also from one exponent to the next and up to infinity:
 *
 *      … k│1000 + 0111 + k          kept bit k = 0: no carry, down to even
 *         └── dropped                        k = 1: carry,   up to even    (3)
 *
 * Format notes:
 *
 * - A NaN whose mantissa has its bits in the dropped part only would become
 *   infinity. So narrowing sets the upper bit of the mantissa in every NaN.
 * - The rounding error of f16 is at most 2^-11 of the number, of bf16 2^-8:
 *   1.00390625 is exactly between two bf16 neighbours and goes to 1.
 *
 * Source: IEEE 754-2019, sections 3.4 and 4.3.1.
 * Read next: numbers/tensor.c.
 */
#include "numbers/halffloat.h"

#define INFINITY_F32 0x7F800000u    /* e all ones, m = 0                     */
#define LEAST_NORMAL 0x38800000u    /* 2^-14 as float32: f16's e = 1, m = 0  */
#define TO_INFINITY  0x477FF000u    /* 65520, half-way from 65504 to 2^16    */

/* Drop the low bits of an integer, nearest, ties to even: equation (3). */
static uint32_t drop_bits(uint32_t x, int low)
{
    uint32_t keep = x >> low & 1;

    return (x + (1u << (low - 1)) - 1 + keep) >> low;
}

/* |x| as f16 for numbers whose f16 is subnormal (or just reaches 2^-14): the
 * answer is |x| / 2^-24 rounded to an integer. Floats near 1/2 are 2^-24 apart,
 * so adding 1/2 makes the processor's adder do that very rounding, and the
 * answer stands in the last bits of the sum. */
static uint32_t to_subnormal(uint32_t magnitude)
{
    return f32_bits(f32_of_bits(magnitude) + 0.5f) - f32_bits(0.5f);
}

uint16_t f32_to_bf16(float x)
{
    uint32_t bits = f32_bits(x);

    if ((bits & 0x7FFFFFFF) > INFINITY_F32)
        return (uint16_t)(bits >> 16 | 0x0040);         /* a quiet NaN       */
    return (uint16_t)drop_bits(bits, 16);
}

/* The float32 nearest in f16's grid. Cost: a few integer operations, no table. */
uint16_t f32_to_f16(float x)
{
    uint32_t bits = f32_bits(x);
    uint32_t magnitude = bits & 0x7FFFFFFF, sign = bits >> 16 & 0x8000;
    uint32_t half;

    if (magnitude > INFINITY_F32)
        half = 0x7E00 | (magnitude >> 13 & 0x03FF);     /* a quiet NaN       */
    else if (magnitude >= TO_INFINITY)
        half = 0x7C00;
    else if (magnitude >= LEAST_NORMAL)
        half = drop_bits(magnitude - (112u << 23), 13); /* bias 127 to 15    */
    else
        half = to_subnormal(magnitude);
    return (uint16_t)(sign | half);
}
