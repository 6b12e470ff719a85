/* 4_rows.c - exercise 09.4: sixteen rows for the price of one
 *
 *                     W [rows, columns], f16          x [T, columns]
 *                 ┌──────────────────────┐        ┌──────────────────┐ row 0
 *      fetched,   │ w_o0 w_o1 w_o2 …     │ ─────► │ used             │ row 1
 *      widened    │                      │   once │ T times          │ …
 *                 └──────────────────────┘        └──────────────────┘
 *
 * With one row of x memory is the wall: each weight is fetched, used once, and
 * forgotten. With many rows (a prompt that is read, drafts that are checked) the same
 * weight can be used for all of them. slow_rows, below, does not do so: it takes one
 * row of x after the other and goes through the whole matrix again for each, and each
 * time every weight is made a float anew.
 *
 * Your task: my_rows, with the bits of slow_rows and a better time. It is graded on the
 * bits; then the times are printed, beside those of the engine.
 *
 *   y        [T, rows] out: y[t · rows + o]
 *   w        [rows, columns] f16: row o begins at w + o · columns; f16_to_f32 widens
 *   x        [T, columns]: row t begins at x + t · columns
 *   columns  any number from 1;  rows, T: any number from 1, not only 16
 *
 *      lane[i mod 8] = fmaf(w_oi, x_ti, lane[i mod 8])   for i ascending   (1)
 *      y_to = lane_sum(lane)                             lanes begin at +0
 *
 * (1) is exercise 03.4's, and what is fixed is the same: which addition belongs to which
 * sum, and in which order. What is done first is up to you: sums of other rows of x, of
 * other rows of W, and other lanes do not know each other.
 *
 * By hand:   rows 1, columns 3, T 2, w = 1 2 3, x = 1 1 1 and 2 0 1:   y = 6, 5
 *
 * You may write as many functions as you like between the two lines, include what you
 * need, and use what your compiler and processor have.
 */
#include "chapters/exercises/chapter09/tasks.h"
#include "numbers/halffloat.h"      /* f16_to_f32                            */

#include <math.h>                   /* fmaf                                  */

/* One row of x after the other. */
void slow_rows(float *y, const uint16_t *w, const float *x, int rows, int columns, int T)
{
    for (int t = 0; t < T; t++)
        for (int o = 0; o < rows; o++) {
            float lane[8] = {0};

            for (int i = 0; i < columns; i++)
                lane[i % 8] = fmaf(f16_to_f32(row(w, o, columns)[i]),
                                   row(x, t, columns)[i], lane[i % 8]);
            row(y, t, rows)[o] = lane_sum(lane);
        }
}

/* your code begins */
void my_rows(float *y, const uint16_t *w, const float *x, int rows, int columns, int T)
{
    (void)y;
    (void)w;
    (void)x;
    (void)rows;
    (void)columns;
    (void)T;
}
/* your code ends */
