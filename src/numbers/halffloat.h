/* halffloat.h - 16-bit floats: f16 (5 bits of exponent) and bf16 (8 bits)
 *
 * Rules of use: widening is exact; narrowing rounds to nearest, ties to even, as
 * the instructions do. A NaN stays a NaN. Rounding to f16 past 65504 gives inf.
 */
#ifndef HALFFLOAT_H
#define HALFFLOAT_H

#include <stdint.h>

float f16_to_f32(uint16_t h);
uint16_t f32_to_f16(float x);
float bf16_to_f32(uint16_t b);
uint16_t f32_to_bf16(float x);

#endif
