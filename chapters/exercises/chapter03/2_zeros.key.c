/* 2_zeros.key.c - the key of exercise 03.2: the dense product, with zeros put in
 *
 *      up, down ──► NaN in the columns that are not needed ──► my_squared_relu ──┐
 *        │                                                                       ├─►
 *        └───────► h, and 0 in those columns ──► matmul (the engine's) ──────────┘
 *
 * The engine has no ReLU squared, but what it says about the sum is all that
 * matters: its matmul gets h and a matrix whose unneeded columns are 0, and adds
 * them all. A pupil's function that reads what it need not read meets NaN.
 *
 * Of the hidden rows of up a third is nearly dense and a third nearly empty; some
 * numbers are exactly 0, of either sign, and some so small that their square is 0.
 *
 * Read next: src/kernels/dot.c, src/kernels/matmul.c.
 */
#include "chapters/exercises/chapter03/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/matmul.h"         /* matmul: the engine's                  */

#include <math.h>                   /* NAN, fmaf                             */

enum { NOT_SQUARED, BY_TURN, ONE_LANE, TWO_ROUNDINGS, READ_ALL, MISTAKES };

static const char *const guesses[MISTAKES] = {
    [NOT_SQUARED] = "the ReLU is not squared",
    [BY_TURN] = "only the rounding differs: you choose the lane by counting the "
                "columns that you used; it is f mod 8, whatever was left out",
    [ONE_LANE] = "only the rounding differs: one sum from left to right; the engine "
                 "has eight lanes, by f mod 8",
    [TWO_ROUNDINGS] = "only the rounding differs: w * h + lane rounds twice, fmaf(w, "
                      "h, lane) once",
    [READ_ALL] = "a column was read whose h is 0: that is where the NaN stands",
};

/* One row of y by (3), with a mistake in it. */
static float wrong_sum(const float *w, const float *h, int F, int mistake)
{
    float lane[8] = {0};
    int used = 0;

    for (int f = 0; f < F; f++) {
        int j = mistake == BY_TURN ? used % 8 : mistake == ONE_LANE ? 0 : f % 8;

        if (h[f] == 0)
            continue;
        lane[j] = mistake == TWO_ROUNDINGS ? w[f] * h[f] + lane[j]
                : mistake == NOT_SQUARED ? fmaf(w[f], sqrtf(h[f]), lane[j])
                : fmaf(w[f], h[f], lane[j]);
        used++;
    }
    return lane_sum(lane);
}

/* The engine's y, the count, and the pupil's.
 *
 *   up [F], down [E, F] with a number in every place */
static void compare(Case *c, const float *up, const float *down, int E, int F)
{
    size_t size = sizeof(float);
    float *y = case_array(c, E, size), *want = case_array(c, E, size);
    float *h = case_array(c, F, size), *wrong[MISTAKES];
    float *holes = case_array(c, E * F, size), *zeros = case_array(c, E * F, size);
    Matrix all = { zeros, FORMAT_F32, E, F };
    Fault faults[MISTAKES + 1] = { { NULL, NULL } };
    int needed = 0, got;

    for (int f = 0; f < F; f++) {
        h[f] = up[f] > 0 ? up[f] * up[f] : 0;
        needed += h[f] != 0;
    }
    for (int i = 0; i < E * F; i++) {
        holes[i] = h[i % F] != 0 ? down[i] : (float)NAN;
        zeros[i] = h[i % F] != 0 ? down[i] : 0;
    }
    matmul(want, &all, h, 1);
    for (int m = 0; m < MISTAKES; m++) {
        wrong[m] = case_array(c, E, size);
        for (int e = 0; e < E; e++)
            wrong[m][e] = m == READ_ALL ? dot(row(holes, e, F), h, F)
                        : wrong_sum(row(zeros, e, F), h, F, m);
        faults[m] = (Fault){ wrong[m], guesses[m] };
    }
    got = my_squared_relu(y, up, holes, E, F);
    case_floats(c, "y", y, want, E, faults);
    case_int(c, "columns needed", got, needed, "count the h_f that are not 0, once");
}

static void run(Case *c)
{
    static const float up[3][4] = { { 3, -1, 0.5f, 0 }, { 1, 2, -2, 4 },
                                    { 2, 1e-30f, 0.5f, -1 } };
    static const float down[3][12] = { { 1, 5, 4, 5 },
                                       { 1, 1, 1, 1, 1, 0.5f, 3, 0.25f },
                                       { 1, 2, 4, 8, 3, 5, 8, 2, 0.5f, 1, 2, 3 } };
    int E = 1 + case_number(c), F = 4;
    float *x = NULL, *w = NULL;

    if (case_hidden(c)) {
        E = case_between(c, 1, 12);
        F = case_between(c, 1, 90);
        x = case_array(c, F, sizeof *x);
        w = case_array(c, E * F, sizeof *w);
        case_fill(c, x, F);
        case_fill(c, w, E * F);
        for (int f = 0; f < F; f++) {
            x[f] += (float)(case_number(c) % 3 - 1) * 0.75f;
            if (case_between(c, 0, 9) == 0)
                x[f] = case_random(c) & 1 ? 0.0f : -0.0f;
            if (case_between(c, 0, 19) == 0)
                x[f] *= 1e-30f;
        }
    }
    case_says(c, "E = %d, F = %d", E, F);
    case_shows(c, "up", x != NULL ? x : up[case_number(c)], F);
    compare(c, x != NULL ? x : up[case_number(c)],
            w != NULL ? w : down[case_number(c)], E, F);
}

const Exercise exercise = {
    .stop = "my_squared_relu", .visible = 3, .hidden = 30, .run = run,
};
