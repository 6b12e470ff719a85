/* tasks.h - what the exercises of chapter 03 ask for
 *
 * Rules of use: the skeletons define these and the keys call them; both include
 * this file, so that a changed signature does not compile. The contract of each
 * stands in its skeleton. dot and lane_sum are there for pupils to use.
 */
#ifndef CHAPTER03_TASKS_H
#define CHAPTER03_TASKS_H

#include "kernels/dot.h"            /* kernels                               */

/* Σ a_i · b_i in the engine's order: eight lanes of fused multiply-adds. */
static inline float dot(const float *a, const float *b, int n)
{
    return kernels->dot[FORMAT_F32](a, b, n);
}

/* Eight lanes to one number, in the engine's order; lane is used up. */
static inline float lane_sum(float lane[8])
{
    for (int width = 4; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            lane[j] += lane[j + width];
    return lane[0];
}

/* 03.1 */
void my_rmsnorm(float *y, const float *x, const float *w, float epsilon, int E);

/* 03.2 */
int my_squared_relu(float *y, const float *up, const float *down, int E, int F);

/* 03.3 */
void my_half_layer(float *out, const float *x, const float *file, float epsilon,
                   int E, int F);

/* 03.4 */
void slow_multiply(float *y, const uint16_t *w, const float *x, int rows,
                   int columns);
void my_multiply(float *y, const uint16_t *w, const float *x, int rows, int columns);

#endif
