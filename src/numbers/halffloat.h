/* halffloat.h - 16-bit floats: f16 (5 bits of exponent) and bf16 (8 bits)
 *
 * Rules of use: widening is exact; narrowing rounds to nearest, ties to even, as
 * the instructions do. A NaN stays a NaN. Rounding to f16 past 65504 gives inf.
 * Widening is inline: plain kernels do it once per weight. halffloat.c explains.
 */
#ifndef HALFFLOAT_H
#define HALFFLOAT_H

#include "numbers/bits.h"       /* f32_bits, f32_of_bits                     */

/* Equation (2) of halffloat.c: move the bits, correct the exponent's bias by a
 * multiplication with 2^112, and put inf and NaN back on their exponent. */
static inline float f16_to_f32(uint16_t h)
{
    uint32_t magnitude = (uint32_t)(h & 0x7FFF) << 13;
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    float x = f32_of_bits(magnitude) * 0x1p112f;
    uint32_t special = magnitude >= 0x0F800000 ? 0x7F800000 : 0;

    return f32_of_bits(f32_bits(x) | special | sign);
}

/* bf16 is the upper half of a float32. */
static inline float bf16_to_f32(uint16_t b)
{
    return f32_of_bits((uint32_t)b << 16);
}

uint16_t f32_to_f16(float x);
uint16_t f32_to_bf16(float x);

#endif
