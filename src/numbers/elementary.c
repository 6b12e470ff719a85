/* elementary.c - exp, log, pow, tanh and erf from additions and multiplications
 *
 *                      range reduction: where is x between two powers of 2?
 *
 *       e^x   ──┬──────────●───┬──────────────┬──────────────┬──►
 *          2^k  ½          x   1              2              4
 *                          │◄─►│
 *                            r      |r| <= ln2/2 = 0.3466
 *
 * A polynomial is good near one point only, and the library of every system
 * has another one, so that its last bits differ from machine to machine. These are
 * ours: IEEE 754 defines the result of + - · / to the last bit, so a fixed order
 * of them gives the same bits everywhere.
 *
 *      e^x = 2^k · e^r      k = x / ln2 rounded,  r = x - k · ln2          (1)
 *      e^r = 1 + r + r²/2! + r³/3! + …                                     (2)
 *      2^k : k + 1023 in the exponent bits of a double                     (3)
 *
 * Why ln2 in two words. r is what is left when two nearly equal numbers are
 * subtracted: an error of 2^-54 in ln2 becomes k · 2^-54 in r, and k goes to 1024.
 * So ln2 = high + low; high has its last 11 bits zero, k · high is exact, the
 * subtraction is exact, and low repairs the rest:
 *
 *      r = (x - k · high) - k · low                                        (4)
 *
 * The float functions need no second word: they are computed in double, whose
 * 29 more bits swallow k · 2^-54, and rounded once at the end.
 *
 * Error bound of exponential(): the first term left out of (2), r^10/10!, is at
 * most 2^-36.5 of the result, the roundings on the way are some 2^-52: nearly
 * always the float nearest to the truth, at worst 0.5 + 2^24 · 2^-36.5 < 0.501 of
 * its last place.
 *
 *      log(2^k · m) = k · ln2 + log m,   m between √½ and √2               (5)
 *      log m = 2 (s + s³/3 + s⁵/5 + …),  s = (m-1)/(m+1),  |s| <= 0.1716   (6)
 *      x^y = e^(y · log x)                                                 (7)
 *
 * In (7) an error of log x is multiplied by y · log x, up to 745: so the
 * logarithm itself is kept in two words, with some ten bits more than a double.
 *
 *      tanh x = (e^2x - 1) / (e^2x + 1)                                    (8)
 *      erf x  = 2/√π (x - x³/(3·1!) + x⁵/(5·2!) - …)        |x| < ½        (9)
 *      erf x  = 1 - e^(-x²) · P((x-2)/(x+2))                ½ <= x <= 4   (10)
 *
 * The factorials of (2), (6) and (9) are Taylor's, plain to see and good enough on
 * these short intervals. P in (10) is not Taylor's: e^(x²) · (1 - erf x) falls
 * gently from 0.62 to 0.14, and P is the polynomial that meets it at the eleven
 * Chebyshev nodes of the interval, found by solving 11 equations with 60 digits
 * (tests/oracle/elementary_constants.py does it again and compares).
 *
 * Source: Muller, "Elementary Functions: Algorithms and Implementation", third
 * edition, 2016, chapters 3, 5 and 11 for the method.
 * Read next: numbers/trigonometry.c.
 */
#include "numbers/elementary.h"

#include <float.h>          /* DBL_MAX                                       */
#include <math.h>           /* fma, fabs, copysignf: exact by IEEE 754       */

#define LN_2_HIGH 0x1.62e42fefa38p-1        /* the first 42 bits of ln 2     */
#define LN_2_LOW  0x1.ef35793c7673p-45      /* and the 53 after them         */
#define ROOT_2    1.4142135623730950488
#define TWO_OVER_ROOT_PI 1.1283791670955125739

/* 2^n, -1022 <= n <= 1023: equation (3). */
static double power_of_two(int n)
{
    return f64_of_bits((uint64_t)(n + 1023) << 52);
}

/* e^(x + low), for a low so small that it only mends the last bits of x: equations
 * (1) to (4) with fourteen terms; the first one left out is r^14/14! < 2^-57.
 * 2^k is applied in two halves, because k alone may be 1024 or below -1022; the
 * second half then rounds to infinity, a subnormal or 0 as it should. */
static double exponential_sum(double x, double low)
{
    static const double inverse_factorial[] = {
        1 / 2.0, 1 / 6.0, 1 / 24.0, 1 / 120.0, 1 / 720.0, 1 / 5040.0,
        1 / 40320.0, 1 / 362880.0, 1 / 3628800.0, 1 / 39916800.0,
        1 / 479001600.0, 1 / 6227020800.0,
    };
    double k = x * LOG2_E + ROUND - ROUND;
    double r = (x - k * LN_2_HIGH) + (low - k * LN_2_LOW);
    double series = inverse_factorial[11];
    int half = (int)k / 2;

    for (int i = 10; i >= 0; i--)
        series = inverse_factorial[i] + r * series;
    return (1 + (r + r * r * series)) * power_of_two(half)
         * power_of_two((int)k - half);
}

/* e^x. Beyond ±1000 nothing is left but 0 and infinity. Cost: 30 operations. */
double exponential_of(double x)
{
    if (x != x)
        return x;
    return exponential_sum(x > 1000 ? 1000 : x < -1000 ? -1000 : x, 0);
}

/* log m for √½ <= m < √2 as 2s + what is returned: equation (6).
 *
 *   twice_s   out: 2s, the leading part
 *   returns   the rest of the sum, and the error of 2s, at most 1 % of it
 *
 * m - 1 is exact. m + 1 and the quotient s are not; what was rounded away is
 * computed exactly (an fma sees the whole product) and put back. The first
 * term left out is s^23/23, 2^-60 of the whole.
 */
static double logarithm_series(double m, double *twice_s)
{
    double top = m - 1, bottom = m + 1;
    double s = top / bottom, z = s * s;
    double bottom_low = m - (bottom - 1);
    double s_low = (fma(-s, bottom, top) - s * bottom_low) / bottom;
    double series = 0;

    for (int n = 21; n >= 3; n -= 2)                /* 2/3 + z (2/5 + …)     */
        series = 2.0 / n + z * series;
    *twice_s = 2 * s;
    return 2 * s_low + s * z * series;
}

/* log x in two words, equation (5): the sum of both is right to some 2^-58.
 *
 *   low   out: what the answer's own rounding left over, 0 for inf and NaN
 */
static double logarithm_sum(double x, double *low)
{
    double m, twice_s, tail, sum, leading, k = 0;

    *low = 0;
    if (!(x > 0))
        return x == 0 ? -(double)INFINITY : (double)NAN;
    if (x > DBL_MAX)
        return x;
    if (x < DBL_MIN)                /* subnormal: the exponent tells nothing */
        x *= 0x1p54, k = -54;
    k += (double)(int)(f64_bits(x) >> 52) - 1023;
    m = f64_of_bits((f64_bits(x) & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000);
    if (m > ROOT_2)
        m /= 2, k += 1;
    tail = logarithm_series(m, &twice_s) + k * LN_2_LOW;
    leading = k * LN_2_HIGH + twice_s;
    tail += twice_s - (leading - k * LN_2_HIGH);    /* rounded away above    */
    sum = leading + tail;
    *low = tail - (sum - leading);
    return sum;
}

double logarithm_of(double x)
{
    double low;

    return logarithm_sum(x, &low);
}

float logarithm(float x)
{
    return (float)logarithm_of((double)x);
}

/* base^exponent, equation (7), within 1e-14 of the result.
 *
 *   base   > 0, subnormals and infinity included; 0 is treated as the limit,
 *          anything below gives NaN
 *
 * The product y · log x is computed in two words, too: fma(a, b, -(a · b)) is
 * what the rounding of a · b left over. Cost: some 80 operations and two fma
 * (library calls where the processor has none); used per model, not per token.
 */
double power_of(double base, double exponent)
{
    double low, log_base = logarithm_sum(base, &low);
    double product = exponent * log_base;

    if (exponent == 0 || base == 1)
        return 1;
    if (!(fabs(product) < 1000))                    /* 0, infinity or NaN    */
        return exponential_of(product);
    return exponential_sum(product, fma(exponent, log_base, -product)
                                    + exponent * low);
}

/* tanh x, equation (8), for |x| and with the sign put back. e^2x - 1 is
 * 2^k · (e^r - 1) + (2^k - 1): near 0 k is 0 and nothing cancels. From 10 on
 * the answer rounds to 1. */
float hyperbolic_tangent(float x)
{
    double twice = 2 * fabs((double)x);
    double power, tail = exponential_parts(twice > 20 ? 20 : twice, &power);
    double above = power * tail + (power - 1);      /* e^2x - 1              */

    return copysignf((float)(above / (above + 2)), x);
}

/* Equation (9); the first term left out is 2^-35 of the result. */
static double error_near_zero(double x)
{
    double z = x * x, series = 1 / (15 * 5040.0);

    series = 1 / (13 * 720.0) - z * series;
    series = 1 / (11 * 120.0) - z * series;
    series = 1 / (9 * 24.0) - z * series;
    series = 1 / (7 * 6.0) - z * series;
    series = 1 / (5 * 2.0) - z * series;
    series = 1 / 3.0 - z * series;
    return x * (TWO_OVER_ROOT_PI * (1 - z * series));
}

/* Equation (10) for ½ <= x <= 4; x² is exact, as x has 24 bits. Its error is
 * 2^-40: 40 bits of P are right, and e^(-x²) makes it smaller. */
static double error_far(double x)
{
    static const double P[] = {
        0.25539567631059873, -0.4271858473638097, 0.241658194294471,
        -0.07897858603082838, 0.003732882421128463, 0.006997593055852351,
        -0.0008467691124646805, -0.0009830490680131953, 3.886266395132909e-05,
        0.0001736949489563146, 4.493216392469429e-05,
    };
    double u = (x - 2) / (x + 2), value = P[10];
    double power, tail = exponential_parts(-x * x, &power);

    for (int i = 9; i >= 0; i--)
        value = P[i] + u * value;
    return 1 - power * (1 + tail) * value;
}

/* erf x; from 3.92 on it rounds to 1. */
float error_function(float x)
{
    double positive = fabs((double)x);

    if (positive < 0.5)
        return (float)error_near_zero((double)x);
    return copysignf((float)error_far(positive > 4 ? 4 : positive), x);
}
