/* 1_ruler.c - exercise 06.1, Refill: thirty-two weights on one ruler
 *
 *      w          -0.31    0.02   -0.11    0.25
 *                   │        │       │       │     · 1/d, cut, rounded
 *      q           -8        1      -3       7
 *                   │        │       │       │     · d
 *      d q        -0.272   0.034  -0.102   0.238       d = 0.034
 *                   │        │       │       │
 *      error      0.0014  + 0.0002 + …                 Σ (w - d q)²
 *
 * Which scale is the best for a block is found by trying; this function tries one. It
 * gets 32 weights and a scale, and says what the block would be and how large its
 * error.
 *
 *      d'  = the scale as f16 has it: first cut to -65504 … 65504, then
 *            f32_to_f16, then back with f16_to_f32
 *      r   = 1 / d', or 0 where d' is 0
 *      q_i = w_i · r, cut to low … high, then the nearest whole number, ties to the even
 *            one
 *      e_i = w_i − d' · q_i
 *      error: eight lanes, lane[i mod 8] = lane[i mod 8] + e_i · e_i for i ascending,
 *            lanes begin at 0; then tree(lane), which is given
 *
 * All in float, each operation rounded by itself (no fma). The grader compares bits.
 *
 *   t          out: d = d', q [32] as floats, error
 *   w          [32] finite
 *   d          the scale to try; may be negative, 0, or beyond f16
 *   low, high  the range of q: -8, 7 or -127, 127
 *
 * By hand, with d = 0.5, low -8, high 7: w = 1.2 gives 2.4, so q = 2; w = 0.75 gives
 * 1.5, which lies between two: q = 2, the even one; 1.25 gives 2.5, and q = 2 too; w = 5
 * gives 10, which is cut to 7, and its error is 1.5.
 */
#include "chapters/exercises/chapter06/tasks.h"

#include <math.h>                   /* rintf                                 */

void my_attempt(Trial *t, const float *w, float d, float low, float high)
{
/* your code begins */
    (void)t;
    (void)w;
    (void)d;
    (void)low;
    (void)high;
/* your code ends */
}
