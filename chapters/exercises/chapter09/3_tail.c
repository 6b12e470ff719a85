/* 3_tail.c - exercise 09.3: the end of a row
 *
 *      w   w_0 … w_7 │ w_8 … w_15 │ w_16 w_17 w_18  ?  ?  ?  ?  ?
 *      x   x_0 … x_7 │ x_8 … x_15 │ x_16 x_17 x_18  ?  ?  ?  ?  ?
 *          ─────────   ──────────   ─────────────────────────────
 *          one step    one step     the same step, filled up
 *
 * A vector instruction does eight numbers at once. Rows are not always a multiple of
 * eight long, so what is left over at the end is copied to a place of its own and
 * filled up, and goes the same way as all others. No branch, no second loop: the code
 * below is as short as it gets. (The inner loop over j is one instruction on a
 * processor that has it.)
 *
 * It was in use for months. Then somebody compared its results with those of the plain
 * loop, bit by bit, over a whole model with random weights, and one output in some
 * hundred thousand was another one. It printed as 0.000000 in both. Rows of a multiple
 * of eight were always right.
 *
 * Your task: find it, and repair it. The result must have the bits of the definition:
 *
 *      lane[i mod 8] = fmaf(w_i, x_i, lane[i mod 8])   i = 0 … n - 1, lanes
 *      dot = lane_sum(lane)                            begin at +0       (1)
 *
 *   w, x   [n] any floats but infinite ones and NaN: also 0, -0, and numbers so small
 *          that a product of two is nothing
 *   n      at least 1
 *
 * By hand:   n = 10, all w = 1, x = 1 2 3 … 10      55, and the code below gives it
 *
 * Something to try in a debugger: what is -0.0f + 0.0f, and what is -0.0f + -0.0f?
 * A float has a sign also where it is zero.
 */
#include "chapters/exercises/chapter09/tasks.h"

#include <math.h>                   /* fmaf                                  */
#include <string.h>                 /* memcpy                                */

float my_dot(const float *w, const float *x, int n)
{
    float lane[8] = {0};
/* your code begins */
    for (int i = 0; i < n; i += 8) {
        float w_8[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };
        float x_8[8] = { 0, 0, 0, 0, 0, 0, 0, 0 };
        int count = n - i < 8 ? n - i : 8;

        memcpy(w_8, w + i, (size_t)count * sizeof *w_8);
        memcpy(x_8, x + i, (size_t)count * sizeof *x_8);
        for (int j = 0; j < 8; j++)
            lane[j] = fmaf(w_8[j], x_8[j], lane[j]);
    }
/* your code ends */
    return lane_sum(lane);
}
