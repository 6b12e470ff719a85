/* equations.h - is what the engine computed what its equation says?
 *
 * Rules of use: matrices are asked for bits. Norms and bends are compared in double,
 * and what comes back is how far the worst number is off in terms of what rounding may
 * do (equations.c derives it): above 1 the engine is wrong. worst: what was found so
 * far; a NaN is worse than anything.
 */
#ifndef EQUATIONS_H
#define EQUATIONS_H

#include "model/config.h"
#include "model/linear.h"

/* y [n] is rows from … from + n - 1 of W x + b, by the textbook: one dot product after
 * the other. */
bool equation_rows(const float *y, const Linear *w, int from, int n, const float *x);
bool equation_linear(const float *y, const Linear *w, const float *x);

/* y [E] is this model's norm of x; b: NULL where it has no bias. */
double equation_norm(double worst, const float *y, const float *x, const float *w,
                     const float *b, const Config *config);

/* hidden [F] is silu(gate) · up; gate NULL: gelu(up). */
double equation_bend(double worst, const float *hidden, const float *gate,
                     const float *up, int F);

#endif
