/* 1_size.key.c - the key of exercise 03.1: one row, beside the engine's rmsnorm
 *
 *      x, w, ε ──► my_rmsnorm ──► y ──┐
 *           │                         ├──► the same bits?
 *           └────► rmsnorm (norm.c) ──┘
 *
 * Rows of 1 to 200 numbers; ε from nothing to larger than the row itself, because
 * a large one shows where it was added and a small one does not. Each of the
 * typical other ways to write the equation is worked out beside it, in the order of
 * operations that its writer would have used.
 *
 * The visible rows are short and have roots that one can take by hand.
 *
 * Read next: src/kernels/norm.c.
 */
#include "chapters/exercises/chapter03/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/norm.h"           /* rmsnorm: the engine's                 */

#include <math.h>                   /* sqrtf                                 */

enum { MISSING, OUTSIDE, SUM, BEFORE, BY_HEART_5, BY_HEART_6, WEIGHT_FIRST, DIVIDED,
       NO_WEIGHT, ONE_PLUS, LEFT_TO_RIGHT, CENTRED, MISTAKES };

static const char *const guesses[MISTAKES] = {
    [MISSING] = "ε is missing: it is added under the root, equation (1)",
    [OUTSIDE] = "ε stands outside of the root: it belongs under it, equation (1)",
    [SUM] = "the root of the sum, not of the mean: divide by E",
    [BEFORE] = "ε is added before the division by E; it comes after",
    [BY_HEART_5] = "ε is 1e-5 in your code: take the argument, models differ",
    [BY_HEART_6] = "ε is 1e-6 in your code: take the argument, models differ",
    [WEIGHT_FIRST] = "only the rounding differs: (2) multiplies x by r first, then w",
    [DIVIDED] = "only the rounding differs: r is 1 divided by the root, and x is "
                "multiplied by it, not divided by the root",
    [NO_WEIGHT] = "w is missing",
    [ONE_PLUS] = "1 + w: some models (Gemma) store w - 1, but not these",
    [LEFT_TO_RIGHT] = "only the rounding differs: you added the squares one after the "
                      "other; dot(x, x, E) adds them in eight lanes",
    [CENTRED] = "you took the mean away first: that is LayerNorm",
};

/* Σ x² one after the other, each product rounded. */
static float left_to_right(const float *x, int E)
{
    float sum = 0;

    for (int e = 0; e < E; e++)
        sum += x[e] * x[e];
    return sum;
}

/* What is under the root, and the root, as the mistake has it. */
static float divisor(const float *x, float epsilon, int E, int mistake)
{
    float squares = dot(x, x, E), n = (float)E;

    switch (mistake) {
    case MISSING: return sqrtf(squares / n);
    case OUTSIDE: return sqrtf(squares / n) + epsilon;
    case SUM: return sqrtf(squares + epsilon);
    case BEFORE: return sqrtf((squares + epsilon) / n);
    case BY_HEART_5: return sqrtf(squares / n + 1e-5f);
    case BY_HEART_6: return sqrtf(squares / n + 1e-6f);
    case LEFT_TO_RIGHT: return sqrtf(left_to_right(x, E) / n + epsilon);
    default: return sqrtf(squares / n + epsilon);
    }
}

static void make_mistake(float *y, const float *x, const float *w, float epsilon,
                         int E, int mistake)
{
    float root = divisor(x, epsilon, E, mistake), r = 1 / root;

    if (mistake == CENTRED) {
        layernorm(y, x, w, NULL, epsilon, 1, E);
        return;
    }
    for (int e = 0; e < E; e++) {
        float scaled = mistake == DIVIDED ? x[e] / root : x[e] * r;

        y[e] = mistake == WEIGHT_FIRST ? w[e] * x[e] * r
             : mistake == NO_WEIGHT ? scaled
             : mistake == ONE_PLUS ? (1 + w[e]) * scaled : w[e] * scaled;
    }
}

static void compare(Case *c, const float *x, const float *w, float epsilon, int E)
{
    float *y = case_array(c, E, sizeof *y), *want = case_array(c, E, sizeof *want);
    Fault faults[MISTAKES + 1] = { { NULL, NULL } };

    for (int i = 0; i < MISTAKES; i++) {
        float *wrong = case_array(c, E, sizeof *wrong);

        make_mistake(wrong, x, w, epsilon, E, i);
        faults[i] = (Fault){ wrong, guesses[i] };
    }
    case_says(c, "E = %d, epsilon = %g", E, (double)epsilon);
    case_shows(c, "x", x, E);
    case_shows(c, "w", w, E);
    my_rmsnorm(y, x, w, epsilon, E);
    rmsnorm(want, x, w, epsilon, 1, E);
    case_floats(c, "y", y, want, E, faults);
}

typedef struct { int E; float epsilon, x[8], w[8]; } Shown;

static const Shown shown[] = {
    { 4, 0, { 3, -3, 3, 3 }, { 1, 1, 2, 0 } },
    { 4, 3, { 1, 1, 1, 1 }, { 1, 2, 3, 4 } },       /* √(1 + 3) = 2           */
    { 8, 1e-5f, { 0 }, { 1, 1, 1, 1, 1, 1, 1, 1 } },
};

static void run(Case *c)
{
    static const float epsilons[] = { 1e-5f, 1e-6f, 0.25f, 3 };
    int E;
    float *x, *w, size;

    if (!case_hidden(c)) {
        const Shown *s = &shown[case_number(c)];

        compare(c, s->x, s->w, s->epsilon, s->E);
        return;
    }
    E = case_between(c, 1, 200);
    x = case_array(c, E, sizeof *x);
    w = case_array(c, E, sizeof *w);
    case_fill(c, x, E);
    case_fill(c, w, E);
    size = case_number(c) % 3 == 0 ? 0.01f : 4;     /* small rows feel ε      */
    for (int e = 0; e < E; e++)
        x[e] *= size;
    compare(c, x, w, epsilons[case_number(c) % 4], E);
}

const Exercise exercise = {
    .stop = "my_rmsnorm", .visible = 3, .hidden = 24, .run = run,
};
