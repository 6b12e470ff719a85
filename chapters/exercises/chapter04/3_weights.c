/* 3_weights.c - exercise 04.3, Refill: what one word looks back at
 *
 *      q_h [D]                 the query of head h at position t
 *       │
 *       │     keys [K, capacity, D]         H query heads share K key heads
 *       ▼     ┌─────────────┐
 *       ×─────│ position 0  │──► dot ──► s_0 ─┐         e_0 ──► ÷ Z ──► p_0
 *       ×─────│ position 1  │──► dot ──► s_1 ─┤ m = max e_1 ──► ÷ Z ──► p_1
 *             │ …           │                 │         …
 *       ×─────│ position t  │──► dot ──► s_t ─┘         e_t ──► ÷ Z ──► p_t
 *             │ garbage …   │
 *             └─────────────┘ capacity rows for each key head
 *
 * A query is compared with the keys of all positions up to its own, and of the
 * scores are made weights that add up to 1: how much each earlier word is
 * listened to. Write it for one head of one token. The order of operations is
 * part of the task, because the bits are compared:
 *
 *      s_j = dot(k_j, q_h) · scale         j = 0 … t; rounded after each step
 *      m   = the largest s_j
 *      e_j = exponential(s_j - m)
 *      Z   = sum_lanes(e)
 *      p_j = e_j / Z
 *
 * where scale = (float)(1 / sqrt(D)): in double, then rounded to float, once.
 *
 * What there is to use:
 *
 *      kernels->dot[FORMAT_F32](k_j, q_h, D)   a dot product in eight lanes
 *      exponential(x)                          e^x, the same bits everywhere
 *      sum_lanes(e, n)                         a sum in eight lanes
 *      row(x, j, width)                        x + j · width, without overflow
 *
 *   p         [t + 1] out; good for scores and exponentials on the way, too
 *   q_h       [D]
 *   keys      [K, capacity, D]; of each key head, positions 0 … t are valid and
 *             the rest is garbage
 *   h         0 … H-1. The first H/K query heads share key head 0, the next H/K
 *             key head 1, and so on
 *
 * By hand: D = 4, so scale = 0.5; q_h = (2, 0, 0, 0) and three keys that begin
 * with 0, 1 and 2: dots 0, 2, 4; scores 0, 1, 2; m = 2; exponentials 0.135,
 * 0.368, 1; Z = 1.503; weights 0.090, 0.245, 0.665.
 */
#include <math.h>                   /* sqrt                                  */

#include "chapters/exercises/chapter04/tasks.h"
#include "numbers/elementary.h"     /* exponential                           */

void my_attention_weights(float *p, const float *q_h, const float *keys,
                          int capacity, int t, int h, int H, int K, int D)
{
/* your code begins */
    (void)p; (void)q_h; (void)keys; (void)capacity;
    (void)t; (void)h; (void)H; (void)K; (void)D;
/* your code ends */
}
