/* 2_pairs.c - exercise 04.2, Hunt: fine at first, rubbish after twenty words
 *
 *      query or key of one head, D = 8 numbers, of which R = 6 turn
 *
 *      x_0   x_1   x_2   x_3   x_4   x_5   x_6   x_7
 *      └───────────── these turn ──────┘   └ not these ┘
 *
 * Somebody taught an engine to read the models of the hub. It loads them
 * without a complaint, and this is what people saw:
 *
 *   - "Once upon a time there was a little girl named Lily …": the first words
 *     are right. After some twenty it is rubbish.
 *   - The first position of every text is right, bit for bit.
 *   - All the properties that a book promises hold: no row changes its length,
 *     and a query and a key compare alike when both move on by the same number
 *     of words.
 *   - A small test with R = 2 passes.
 *
 * The function below turns T rows of H heads in place, each by its position. It
 * is complete, it compiles, and one idea in it is wrong. Repair it.
 *
 * What these models were trained with, in the words of the Python that trained
 * them, for the R numbers that turn (a row x, position p, frequencies f_0 …
 * f_{R/2-1}):
 *
 *      a_i  = p · f_i                                        i < R/2
 *      C    = (cos a_0, …, cos a_{R/2-1}, cos a_0, …, cos a_{R/2-1})
 *      S    = (sin a_0, …, sin a_{R/2-1}, sin a_0, …, sin a_{R/2-1})
 *      half = (-x_{R/2}, …, -x_{R-1}, x_0, …, x_{R/2-1})
 *      x'   = x · C + half · S                number by number
 *
 * Bits: the angle is a float32, each product is rounded, then the sum: no fmaf.
 * The lines below do all of this as they should.
 *
 *   x         [T, H, D] in and out; numbers R … D-1 of a head stay as they are
 *   rope      width R, even and at most D; frequency [R/2], float32
 *   position  [T] of each row
 *
 * By hand: R = 2, x = (3, 1), a = 90°: C = (0, 0), S = (1, 1), half = (-1, 3),
 * so x' = (-1, 3): a quarter turn to the left. Now do R = 4 on paper, then in
 * the code.
 */
#include "chapters/exercises/chapter04/tasks.h"
#include "numbers/elementary.h"     /* sine, cosine                          */

void my_rope_apply(float *x, const Rope *rope, const int *position,
                   int T, int H, int D)
{
/* your code begins */
    int half = rope->width / 2;

    must(rope->width <= D, "rotary width fits in a head");
    for (int t = 0; t < T; t++)
        for (int i = 0; i < half; i++) {
            float angle = (float)position[t] * rope->frequency[i];
            float c = cosine(angle), s = sine(angle);

            for (int h = 0; h < H; h++) {
                float *x_th = row(x, t * H + h, D);
                float re = x_th[2 * i], im = x_th[2 * i + 1];

                x_th[2 * i]     = re * c - im * s;
                x_th[2 * i + 1] = im * c + re * s;
            }
        }
/* your code ends */
}
