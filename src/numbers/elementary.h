/* elementary.h - exp, log, sin, cos, tanh, erf, pow: ours, so that they give the
 * same bits on every machine
 *
 * Rules of use: the float functions are within 1 ulp over the whole range and
 * exact at 0 (sine and cosine for |x| <= 2^20); the double ones within 1e-14.
 * inf and NaN come out as IEEE 754 and C's Annex F say.
 */
#ifndef ELEMENTARY_H
#define ELEMENTARY_H

float exponential(float x);
float logarithm(float x);               /* natural                          */
float sine(float x);                    /* radians                          */
float cosine(float x);
float hyperbolic_tangent(float x);
float error_function(float x);          /* erf                              */

double exponential_of(double x);
double logarithm_of(double x);
double power_of(double base, double exponent);      /* base > 0             */

#endif
