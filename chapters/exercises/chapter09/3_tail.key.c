/* 3_tail.key.c - the key of exercise 09.3: one dot product, and rows that vanish
 *
 *      w, x ──► my_dot ──────────────────────────┐
 *        │                                       ├──► the same bits?
 *        └────► kernels_plain's dot (dot.c) ─────┘
 *
 * Four kinds of rows: numbers as a model has them; products that are all too small for a
 * float and negative, so that each lane is -0; zeros of both signs; and the second kind
 * with one product that counts. Every length from 1 to 40.
 *
 * Read next: src/kernels/dot.c, src/kernels/dot_avx2.c.
 */
#include "chapters/exercises/chapter09/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/dot.h"            /* kernels_plain: the definition         */

#include <math.h>                   /* fmaf                                  */

enum { PADDED, LEFT_OUT, FROM_MINUS, MISTAKES };

static const char *const guesses[MISTAKES] = {
    [PADDED] = "a lane that was -0 has become +0: -0 + 0 is +0. What can be added that "
               "changes nothing?",
    [LEFT_OUT] = "the numbers behind the last whole eight are missing",
    [FROM_MINUS] = "lanes begin at +0: one that no product came to stays +0",
};

static float wrong(const float *w, const float *x, int n, int mistake)
{
    float lane[8];
    int end = mistake == LEFT_OUT ? n / 8 * 8 : n;

    for (int j = 0; j < 8; j++)
        lane[j] = mistake == FROM_MINUS ? -0.0f : 0.0f;
    for (int i = 0; i < end; i++)
        lane[i % 8] = fmaf(w[i], x[i], lane[i % 8]);
    for (int j = n % 8; mistake == PADDED && n % 8 != 0 && j < 8; j++)
        lane[j] += 0.0f;
    return lane_sum(lane);
}

static void compare(Case *c, const float *w, const float *x, int n)
{
    float *got = case_array(c, 1, sizeof *got), want;
    float values[MISTAKES];
    Fault faults[MISTAKES + 1] = { { NULL, NULL } };

    for (int m = 0; m < MISTAKES; m++) {
        values[m] = wrong(w, x, n, m);
        faults[m] = (Fault){ &values[m], guesses[m] };
    }
    case_says(c, "n = %d", n);
    case_shows(c, "w", w, n);
    case_shows(c, "x", x, n);
    want = kernels_plain.dot[FORMAT_F32](w, x, n);
    got[0] = my_dot(w, x, n);
    case_floats(c, "dot", got, &want, 1, faults);
}

static void run(Case *c)
{
    int number = case_number(c), n = number == 0 ? 10 : 8;
    float *w, *x;

    if (case_hidden(c))
        n = number < 80 ? number / 2 + 1 : case_between(c, 9, 60);
    w = case_array(c, n, sizeof *w);
    x = case_array(c, n, sizeof *x);
    case_fill(c, w, n);
    case_fill(c, x, n);
    for (int i = 0; i < n; i++) {
        if (!case_hidden(c))
            w[i] = 1, x[i] = (float)(1 + i);
        else if (number % 2 == 1)                       /* the product vanishes  */
            w[i] = -0x1p-100f, x[i] = 0x1p-60f;
        else if (number % 8 == 4)
            w[i] = w[i] < 0 ? -0.0f : 0.0f, x[i] = x[i] < 0 ? -0.0f : 1;
    }
    if (number % 10 == 9)
        w[n / 2] = 3;                                   /* and one that counts   */
    compare(c, w, x, n);
}

const Exercise exercise = {
    .stop = "my_dot", .visible = 2, .hidden = 100, .run = run,
};
