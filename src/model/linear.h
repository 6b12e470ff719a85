/* linear.h - y = W x + b, with a lent low-rank correction
 *
 * Rules of use: the one function through which every weight matrix acts.
 */
#ifndef LINEAR_H
#define LINEAR_H

#include "kernels/coding.h"
#include "kernels/matmul.h"
#include "model/adapter.h"

typedef struct {
    Matrix weight;          /* [out, in]                                     */
    const float *bias;      /* [out] or NULL                                 */
} Linear;

/* What one or several matrices are multiplied with: set up by input_of, lent to each
 * linear_forward. Coded once, when the first matrix of blocks asks for it. */
typedef struct {
    const float *x;         /* [T, in]; stays as it is while this is in use  */
    int T, in;
    void *room;             /* [coded_bytes(T, in)]; one Input at a time     */
    bool is_coded;
    Coded coded;
} Input;

Input input_of(const float *x, int T, int in, void *room);

/* y [T, out] = x [T, in] · Wᵀ, + bias, + scale · (x · Aᵀ) · Bᵀ when delta.
 *   scratch  [T, r + out] floats, only used with a delta                    */
void linear_forward(float *y, const Linear *linear, Input *input,
                    const LowRank *delta, float *scratch);

#endif
