/* bits.h - a float seen as an integer, and back
 *
 * Rules of use: these copy 4 or 8 bytes and change nothing; compilers make one
 * register move of them. (A cast of a pointer would be undefined behaviour.)
 *
 *      float   s eeeeeeee  mmm…m (23)      (-1)^s · 2^(e-127)  · 1.m
 *      double  s eee…e(11) mmm…m (52)      (-1)^s · 2^(e-1023) · 1.m
 */
#ifndef BITS_H
#define BITS_H

#include <stdint.h>
#include <string.h>

static inline uint32_t f32_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float f32_of_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint64_t f64_bits(double x)
{
    uint64_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double f64_of_bits(uint64_t bits)
{
    double x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

#endif
