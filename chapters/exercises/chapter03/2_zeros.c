/* 2_zeros.c - exercise 03.2: zeros that nobody needs to read
 *
 *      up [F]       3   -1   ½    0   -2    …
 *                   │    │   │    │    │
 *                   ▼    ▼   ▼    ▼    ▼        h = relu(up)²
 *      h  [F]       9    0   ¼    0    0    …
 *                   │        │
 *                 ┌─┴─┬───┬──┴┬───┬───┐
 *      down       │ w │   │ w │   │   │         the columns in between are not
 *      [E, F]     │ w │   │ w │   │   │         needed, and not read
 *                 └───┴───┴───┴───┴───┘
 *      y  [E]  =  down · h
 *
 * The models in this book bend with SwiGLU, which is nearly never 0. Others (the
 * Nemotron family, for one) have no gate and bend with ReLU squared:
 *
 *      h_f = (max(up_f, 0))²                                              (1)
 *      y_e = Σ_f down_ef · h_f                                            (2)
 *
 * Every up that is not above 0 gives an h of exactly 0, and in trained models these
 * are most. A product with 0 adds nothing, so the weight beside it need not be
 * fetched from memory, or from a disk; and fetching weights is what a language
 * model spends its time on.
 *
 * Your task: y, without touching a column of down whose h is 0. The grader has
 * filled those columns with NaN, as if they had never been loaded: 0 · NaN is NaN.
 *
 *   y        [E] out
 *   up       [F] in;  F may be any number from 1
 *   down     [E, F] in: row e begins at down + e · F
 *   returns  how many columns were needed
 *
 * And not a bit may move against the engine, which multiplies everything. It adds
 * in eight lanes: the product of column f goes to lane f mod 8, and each step is a
 * fused multiply-add, one rounding for both:
 *
 *      lane[f % 8] = fmaf(down_ef, h_f, lane[f % 8])     f ascending, lanes
 *      y_e = lane_sum(lane)                              begin at 0       (3)
 *
 * lane_sum(lane) is there (tasks.h). It is for you to see what leaving a column
 * out means for (3). h is a float: up_f · up_f is rounded once, and where it is smaller
 * than any float (10^-30 squared) it is rounded to 0, whose column is not needed either.
 *
 * By hand, E = 1 and F = 4:   up     3   -1    0.5    0
 *                             down   1   NaN   4     NaN      y = 9 + 1 = 10
 *                                                             returns 2
 */
#include "chapters/exercises/chapter03/tasks.h"

#include <math.h>                   /* fmaf                                  */

int my_squared_relu(float *y, const float *up, const float *down, int E, int F)
{
/* your code begins */
    (void)y;
    (void)up;
    (void)down;
    (void)E;
    (void)F;
    return 0;
/* your code ends */
}
