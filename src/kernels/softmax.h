/* softmax.h - scores to probabilities, and the log of their sum
 *
 * Rules of use: in double, eight lanes i mod 8 and the tree of dot.h; rows must
 * be finite or -infinity with at least one finite number.
 */
#ifndef SOFTMAX_H
#define SOFTMAX_H

#include "base/base.h"

/* log Σ_i e^{x_i}, without overflow. Cost: n exponentials. */
double log_sum_exp(const float *x, int n);

/* p_i = e^{x_i} / Σ_j e^{x_j}, p in double [n]. */
void softmax(double *p, const float *x, int n);

#endif
