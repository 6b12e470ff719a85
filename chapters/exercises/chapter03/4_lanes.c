/* 4_lanes.c - exercise 03.4: the same bits, faster
 *
 *                       w [rows, columns], bf16
 *      row o    w_0 w_1 w_2 w_3 w_4 w_5 w_6 w_7 w_8 w_9 …
 *                │   │   │   │   │   │   │   │   │   │
 *      lane      0   1   2   3   4   5   6   7   0   1  …      i mod 8
 *
 *      lane[i mod 8] = fmaf(w_i, x_i, lane[i mod 8])   for i ascending     (1)
 *      y_o = lane_sum(lane)                            0+4 1+5 2+6 3+7,
 *                                                      then 0+2 1+3, then 0+1
 *
 * A language model is matrix times row, again and again: nothing else is worth
 * making fast. (1) says which addition belongs to which sum, and so fixes the
 * bits of the result. It does not say what is done first: lanes do not know each
 * other, and neither do rows. slow_multiply, below, does them in about the worst
 * order there is: lane after lane, so that it runs eight times through each row and
 * uses one number in eight each time, and each step waits for the one before it. And
 * that is not even where most of its time goes: stop it a few times at random in a
 * debugger (or use a profiler), and look where it is.
 *
 * Your task: my_multiply, with the bits of slow_multiply and a better time. It is
 * graded on the bits; then the times are printed, beside those of the engine.
 *
 *   y        [rows] out
 *   w        [rows, columns] bf16: row o begins at w + o · columns. A bf16 is the
 *            upper half of a float (exercise 02.1); bf16_to_f32 widens it
 *   x        [columns]
 *   columns  any number from 1, not only multiples of 8
 *   rows     any number from 1
 *
 * By hand:   rows 1, columns 10, all w = 1, x = 1 2 3 … 10
 *            lanes 1+9 2+10 3 4 5 6 7 8  →  y = 55
 *
 * You may write as many functions as you like between the two lines, include what
 * you need, and use what your compiler and processor have. Filling a row's end up
 * with zeros is not harmless: a lane can be -0 (products too small for a float),
 * and -0 + 0 is 0, which has other bits.
 */
#include "chapters/exercises/chapter03/tasks.h"
#include "numbers/halffloat.h"      /* bf16_to_f32                           */

#include <math.h>                   /* fmaf                                  */

/* The definition, in about the slowest order. */
void slow_multiply(float *y, const uint16_t *w, const float *x, int rows, int columns)
{
    for (int o = 0; o < rows; o++) {
        float lane[8] = {0};

        for (int j = 0; j < 8; j++)
            for (int i = j; i < columns; i += 8)
                lane[j] = fmaf(bf16_to_f32(row(w, o, columns)[i]), x[i], lane[j]);
        y[o] = lane_sum(lane);
    }
}

/* your code begins */
void my_multiply(float *y, const uint16_t *w, const float *x, int rows, int columns)
{
    (void)y;
    (void)w;
    (void)x;
    (void)rows;
    (void)columns;
}
/* your code ends */
