/* 4_window.c - exercise 04.4, Extend: a window, and the first words
 *
 *      t = 9, window = 4, sinks = 2
 *
 *      position j     0   1   2   3   4   5   6   7   8   9
 *      looked at      ■   ■   ·   ·   ·   ·   ■   ■   ■   ■
 *                     └─┬─┘                   └─────┬─────┘
 *                     sinks                       window
 *      number i       0   1                   2   3   4   5       n = 6
 *
 * Attention over a long text is dear: every word compares itself with all words
 * before it. Mistral-7B looks at the last 4096 positions only, its own
 * included; what was further back still arrives, through the layers, as a
 * rumour does. But a model that was trained to look everywhere breaks when its
 * first words leave the window: heads that need nothing put their weight on
 * them. Keeping a handful of first positions in view, the sinks, mends it. The
 * engine of this book has neither. Write both:
 *
 *      position j is looked at  iff  j < sinks  or  j > t - window      (j <= t)
 *
 * A position that is a sink and in the window counts once. Number those that
 * are looked at i = 0 … n-1 in ascending order; from there on it is attention
 * over n positions, as if the others had never been:
 *
 *      s_i = dot(k_i, q) · scale                 scale = (float)(1 / sqrt(D))
 *      m   = the largest s_i
 *      e_i = exponential(s_i - m)
 *      Z   = sum_lanes(e, n)
 *      o_d = 0, then o_d = fmaf(e_i, v_id, o_d) for i = 0 … n-1
 *      out_d = o_d / Z
 *
 * What there is to use: kernels->dot[FORMAT_F32](k_i, q, D), exponential,
 * sum_lanes, row, fmaf, and kernels->weigh (kernels/dot.h) if you like. Reading
 * other positions than these is not wrong, only in vain; what they hold must
 * not matter.
 *
 *   out     [D]
 *   e       [t + 1] scratch
 *   q       [D] the query at position t
 *   keys    [t + 1, D], values [t + 1, D]: one head of each, no gaps
 *   window  >= 1, may be larger than t      sinks  >= 0, may be larger than t
 *
 * By hand: t = 2, window = 1, sinks = 1: positions 0 and 2. With equal scores e
 * = 1, 1 and Z = 2; values (6), (100), (4) give out = (6 + 4) / 2 = 5.
 */
#include <math.h>                   /* sqrt, fmaf                            */

#include "chapters/exercises/chapter04/tasks.h"
#include "numbers/elementary.h"     /* exponential                           */

void my_window_attention(float *out, float *e, const float *q,
                         const float *keys, const float *values, int t,
                         int window, int sinks, int D)
{
/* your code begins */
    (void)out; (void)e; (void)q; (void)keys; (void)values;
    (void)t; (void)window; (void)sinks; (void)D;
/* your code ends */
}
