/* trigonometry.c - sine and cosine by quarters of a circle
 *
 *               1
 *           k=2 │ k=1          x = 2.0 radians:  k = x / (π/2) rounded = 1
 *          ╲    │    ╱                           r = x - k · π/2 = 0.43
 *            ╲  │  ╱
 *       ───────╳┼────────      |r| <= π/4: every angle is near one of the
 *      k=2   ╱  │  ╲   k=0     four arms of the cross, and r is how far it
 *          ╱    │    ╲         is turned away from the arm
 *               │
 *              k=3
 *
 *      k mod 4     sin x       cos x                                       (1)
 *         0         sin r       cos r
 *         1         cos r      -sin r
 *         2        -sin r      -cos r
 *         3        -cos r       sin r
 *
 *      sin r = r - r³/3! + r⁵/5! - …     cos r = 1 - r²/2! + r⁴/4! - …     (2)
 *
 * Why π/2 in two words. An angle of 2^20 radians has gone round 167,000 times,
 * and the sine sees what is left over: k · π/2 is subtracted from a number that
 * is nearly the same, and every error of π is multiplied by k. So the first word
 * has 33 bits only: with a k below 2^20 the product fits in the 53 bits of a
 * double and is exact, and so is the first subtraction. The second word brings
 * the 53 bits that follow:
 *
 *      r = (x - k · high) - k · low                                        (3)
 *
 * Besides its own rounding r is off by less than 2^-66. Of all floats up to 2^20,
 * 252.898 comes nearest to a multiple of π/2: r is 2^-27.8 there, and still has
 * 38 good bits. A float needs 25.
 *
 * Beyond 2^20, x is first brought down by the exact remainder with the double
 * nearest to 2π. That period is wrong by 2.4e-16, so the answer is off by
 * |x| · 4e-17: a number between -1 and 1 in any case, and not a bad one up
 * to 2^30 or so.
 *
 * Error bound: terms left out below 2^-36, roundings 2^-52, one rounding to float
 * at the end: 0.501 of the last place. Rotary positions (kernels/rope.c) are
 * whole numbers times a frequency at most 1, far inside 2^20.
 *
 * Source: Cody and Waite, "Software Manual for the Elementary Functions", 1980,
 * chapter 8, for (3). Read next: kernels/rope.c.
 */
#include "numbers/elementary.h"

#include <math.h>           /* remainder, fabs: exact by IEEE 754            */

#define HALF_PI_HIGH 0x1.921fb544p+0            /* the first 33 bits of π/2  */
#define HALF_PI_LOW  0x1.0b4611a626331p-34      /* and the 53 after them     */
#define TWO_OVER_PI  0.63661977236758134308
#define TWO_PI       6.28318530717958647693
#define FAR          0x1p20

/* x = k · π/2 + r, equation (3). NaN and infinity come out as r = NaN.
 *
 *   returns  k mod 4, which are the last two bits of the rounded sum
 */
static int quarter(float x, double *r)
{
    double angle = fabs((double)x) > FAR ? remainder((double)x, TWO_PI)
                                         : (double)x;
    double sum = angle * TWO_OVER_PI + ROUND, k = sum - ROUND;

    *r = (angle - k * HALF_PI_HIGH) - k * HALF_PI_LOW;
    return (int)(f64_bits(sum) & 3);
}

/* Equation (2) to r¹¹, written as r · (…) so that -0 stays -0. */
static double sine_near_zero(double r)
{
    double z = r * r, series = 1 / 39916800.0;

    series = 1 / 362880.0 - z * series;
    series = 1 / 5040.0 - z * series;
    series = 1 / 120.0 - z * series;
    series = 1 / 6.0 - z * series;
    return r * (1 - z * series);
}

/* Equation (2) to r¹². */
static double cosine_near_zero(double r)
{
    double z = r * r, series = 1 / 479001600.0;

    series = 1 / 3628800.0 - z * series;
    series = 1 / 40320.0 - z * series;
    series = 1 / 720.0 - z * series;
    series = 1 / 24.0 - z * series;
    series = 1 / 2.0 - z * series;
    return 1 - z * series;
}

/* Table (1) for the sine of x plus so many quarters. */
static float sine_further(float x, int quarters)
{
    double r;
    int k = quarter(x, &r) + quarters;
    double value = k & 1 ? cosine_near_zero(r) : sine_near_zero(r);

    return (float)(k & 2 ? -value : value);
}

float sine(float x)
{
    return sine_further(x, 0);
}

/* A cosine is the sine a quarter further on. */
float cosine(float x)
{
    return sine_further(x, 1);
}
