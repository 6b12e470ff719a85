/* linear.c - the one place where a weight matrix acts: y = W x + b + delta
 *
 *                   ┌──► coded, once ──► W of blocks ──┐
 *      x [T, in] ──┼──────────────────► W of floats ──┴─► + b ──► fma ──► y [T, out]
 *                  │                                               ▲
 *                  └──► A ──► u [T, r] ──► B ──────────────────────┘ scale
 *                             only when a delta was lent
 *
 * About 99 of 100 multiplications that a model makes are made below this
 * function, and every one of its matrices passes through it: that is where a
 * number format or a correction is added once and serves all.
 *
 *      y_to = dot(W_o, x_t)                       (1) kernels/dot.h, (a); or
 *                                                     kernels/blocks.h, (b)
 *      y_to = y_to + b_o                          (2) when there is a bias
 *      u_tj = dot(A_j, x_t)
 *      y_to = fma(scale, dot(B_o, u_t), y_to)     (3) when there is a delta
 *
 * A matrix of blocks wants x as whole numbers. q, k and v read the same x, so an Input
 * remembers that it was coded; the delta reads x itself.
 *
 * Each step is rounded by itself and stands in this order in every build, so a
 * row's result does not depend on the rows beside it. (3) is skipped, not added
 * as a zero: y + 0 would turn a -0 into a +0.
 *
 * Going back, for training: dx = Wᵀ dy, and through the delta
 * du = scale · Bᵀ dy, dx += Aᵀ du.
 *
 * Read next: kernels/matmul.c, then model/block.c.
 * Lesson: chapters/chapter03_layers.c.
 */
#include "model/linear.h"

#include <math.h>           /* fmaf: one rounding, exact by IEEE 754        */

/* y [T, width] += b [width] on every row, equation (2). */
static void add_bias(float *y, const float *b, int T, int width)
{
    for (int t = 0; t < T; t++) {
        float *y_t = row(y, t, width);

        for (int i = 0; i < width; i++)
            y_t[i] += b[i];
    }
}

/* Equation (3). Cost: T · r · (in + out), against T · in · out for W.
 *
 *   y        [T, out] in and out
 *   scratch  [T, r + out]: u, then what B makes of it                      */
static void add_delta(float *y, const Linear *linear, const float *x, int T,
                      const LowRank *delta, float *scratch)
{
    int out = linear->weight.rows, in = linear->weight.columns;
    int r = delta->rank;
    Matrix a = { delta->a, FORMAT_F32, r, in };
    Matrix b = { delta->b, FORMAT_F32, out, r };
    float *u = scratch, *change = row(scratch, T, r);

    matmul(u, &a, x, T);
    matmul(change, &b, u, T);
    for (size_t i = 0; i < (size_t)T * (size_t)out; i++)
        y[i] = fmaf(delta->scale, change[i], y[i]);
}

/* room may be NULL where no matrix of blocks will read x. */
Input input_of(const float *x, int T, int in, void *room)
{
    return (Input){ .x = x, .T = T, .in = in, .room = room };
}

/* Equation (1). */
static void multiply(float *y, const Matrix *w, Input *input)
{
    if (w->format < FORMAT_FLOATS) {
        matmul(y, w, input->x, input->T);
        return;
    }
    must(input->room != NULL, "no room to code x for a matrix of %s",
         format_name(w->format));
    if (!input->is_coded)
        code_rows(&input->coded, input->room, input->x, input->T, input->in);
    input->is_coded = true;
    //@stop input_coded
    matmul_coded(y, w, &input->coded);
}

void linear_forward(float *y, const Linear *linear, Input *input,
                    const LowRank *delta, float *scratch)
{
    multiply(y, &linear->weight, input);
    if (linear->bias != NULL)
        add_bias(y, linear->bias, input->T, linear->weight.rows);
    if (delta != NULL && delta->rank > 0)
        add_delta(y, linear, input->x, input->T, delta, scratch);
}
