/* elementary.h - exp, log, sin, cos, tanh, erf, pow: ours, so that they give the
 * same bits on every machine
 *
 * Rules of use: the float functions are off by at most 0.501 of the last bit (half
 * a bit is what the nearest float may be off) and exact at 0, signed zeros included
 * (sine and cosine for |x| <= 2^20); the double ones are within 1e-15 of the result
 * (power_of: 1e-14). inf and NaN come out as C's Annex F says. elementary.c and
 * trigonometry.c explain.
 */
#ifndef ELEMENTARY_H
#define ELEMENTARY_H

#include <math.h>               /* fabsf, copysignf: exact by IEEE 754       */

#include "numbers/bits.h"       /* f64_bits, f64_of_bits                     */

static inline float exponential(float x);   /* e^x; below               */
float logarithm(float x);               /* natural                          */
float sine(float x);                    /* radians                          */
float cosine(float x);
float hyperbolic_tangent(float x);
float error_function(float x);          /* erf                              */

double exponential_of(double x);
double logarithm_of(double x);
double power_of(double base, double exponent);      /* base > 0             */

#define LOG2_E 1.4426950408889634074    /* 1 / ln 2                         */
#define LN_2   0.69314718055994530942

/* Added to a number below 2^51 it leaves no room behind the point, so x + ROUND
 * - ROUND is the nearest integer. With 1023 more, the last 11 bits of the sum are
 * that integer + 1023: how a double spells the exponent of a power of two. */
#define ROUND             0x1.8p52
#define ROUND_TO_EXPONENT (ROUND + 1023)

/* e^x = 2^k · e^r, equations (1) to (3) of elementary.c with ten terms.
 *
 *   power    out: 2^k
 *   x        |x| <= 700, or NaN (which comes back)
 *   returns  e^r - 1, |r| <= ln2/2, relative error 2^-35; exact 0 at 0
 */
static inline double exponential_parts(double x, double *power)
{
    double sum = x * LOG2_E + ROUND_TO_EXPONENT;
    double r = x - (sum - ROUND_TO_EXPONENT) * LN_2;
    double series = 1 / 362880.0;                               /* 1/9!      */

    series = 1 / 40320.0 + r * series;
    series = 1 / 5040.0 + r * series;
    series = 1 / 720.0 + r * series;
    series = 1 / 120.0 + r * series;
    series = 1 / 24.0 + r * series;
    series = 1 / 6.0 + r * series;
    series = 1 / 2.0 + r * series;
    *power = f64_of_bits(f64_bits(sum) << 52);
    return r * (1 + r * series);
}

/* e^x. Inline, and with one choice only, because softmax and SwiGLU spend one on
 * every number: compilers make vector code of a loop over it. Beyond ±104 the
 * answer is 0 or infinity, which is what e^±104 becomes when rounded to float. */
static inline float exponential(float x)
{
    double within = (double)(fabsf(x) > 104 ? copysignf(104, x) : x);
    double power, tail = exponential_parts(within, &power);

    return (float)(power * (1 + tail));
}

#endif
