/* linear.h - y = W x + b, with a lent low-rank correction
 *
 * Rules of use: the one function through which every weight matrix acts.
 */
#ifndef LINEAR_H
#define LINEAR_H

#include "kernels/matmul.h"
#include "model/adapter.h"

typedef struct {
    Matrix weight;          /* [out, in]                                     */
    const float *bias;      /* [out] or NULL                                 */
} Linear;

/* y [T, out] = x [T, in] · Wᵀ, + bias, + scale · (x · Aᵀ) · Bᵀ when delta.
 *   scratch  [T, r + out] floats, only used with a delta                    */
void linear_forward(float *y, const Linear *linear, const float *x, int T,
                    const LowRank *delta, float *scratch);

#endif
