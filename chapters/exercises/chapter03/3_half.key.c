/* 3_half.key.c - the key of exercise 03.3: half a layer, from the engine's kernels
 *
 *      file:  norm | up | gate | down        random, or small enough for a pencil
 *        │
 *        ├──► my_half_layer ────────────────────────────────────────┐
 *        │                                                          ├──► the bits?
 *        └──► rmsnorm ► matmul, matmul ► silu_gated ► matmul ► + ───┘
 *
 * The engine's own second half of a layer (block.c) is these five calls; they are
 * called here without a model around them.
 *
 * A Hunt's faults must not give the bug away. So what the skeleton computes is known
 * and only called by its name: what was there before. The others are what a wrong
 * repair gives.
 *
 * Read next: src/model/block.c.
 */
#include "chapters/exercises/chapter03/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/activation.h"     /* silu_gated: the engine's              */
#include "kernels/matmul.h"         /* matmul                                */
#include "kernels/norm.h"           /* rmsnorm                               */

#define F_MOST 64
#define E_MOST 40

enum { RIGHT, AS_FOUND, NO_ROW, ROW_NORMED, NO_NORM, WAYS };

static const char *const guesses[WAYS] = {
    [AS_FOUND] = "these are the numbers of the function as you found it: the bug is "
                 "still there",
    [NO_ROW] = "x itself is missing: (3) adds to it",
    [ROW_NORMED] = "added to the normed row; (3) adds to x itself",
    [NO_NORM] = "x went into the matrices without its norm: (1)",
};

/* Equations (1) to (3), or one of the wrong ways. */
static void half_layer(float *out, const float *x, const float *file, float epsilon,
                       int E, int F, int way)
{
    const float *up = file + E, *gate = up + F * E, *down = gate + F * E;
    Matrix w_up = { way == AS_FOUND ? gate : up, FORMAT_F32, F, E };
    Matrix w_gate = { way == AS_FOUND ? up : gate, FORMAT_F32, F, E };
    Matrix w_down = { down, FORMAT_F32, E, F };
    float n[E_MOST], g[F_MOST], u[F_MOST], h[F_MOST], mlp[E_MOST];

    rmsnorm(n, x, file, epsilon, 1, E);
    for (int e = 0; way == NO_NORM && e < E; e++)
        n[e] = x[e];
    matmul(g, &w_gate, n, 1);
    matmul(u, &w_up, n, 1);
    silu_gated(h, g, u, 1, F);
    matmul(mlp, &w_down, h, 1);
    for (int e = 0; e < E; e++)
        out[e] = way == NO_ROW ? mlp[e] : way == ROW_NORMED ? n[e] + mlp[e]
               : x[e] + mlp[e];
}

static void compare(Case *c, const float *x, const float *file, float epsilon, int E,
                    int F)
{
    float *out = case_array(c, E, sizeof *out), *made[WAYS];
    Fault faults[WAYS] = { { NULL, NULL } };

    for (int way = 0; way < WAYS; way++) {
        made[way] = case_array(c, E, sizeof *made[way]);
        half_layer(made[way], x, file, epsilon, E, F, way);
        if (way > 0)
            faults[way - 1] = (Fault){ made[way], guesses[way] };
    }
    case_says(c, "E = %d, F = %d, epsilon = %g", E, F, (double)epsilon);
    case_shows(c, "x", x, E);
    case_shows(c, "file", file, E + 3 * F * E);
    my_half_layer(out, x, file, epsilon, E, F);
    case_floats(c, "out", out, made[RIGHT], E, faults);
}

static void run(Case *c)
{
    static const float x_small[2][2] = { { 2 }, { 3, -3 } };
    static const float file_small[2][8] = { { 1, 2, 20, 1 },
                                            { 1, 1, 4, 2, 30, 10, 0.5f, -1 } };
    int E = case_between(c, 1, E_MOST), F = case_between(c, 1, F_MOST), n;
    float *x, *file;

    if (!case_hidden(c)) {
        compare(c, x_small[case_number(c)], file_small[case_number(c)], 0,
                1 + case_number(c), 1);
        return;
    }
    n = E + 3 * F * E;
    x = case_array(c, E, sizeof *x);
    file = case_array(c, n, sizeof *file);
    case_fill(c, x, E);
    case_fill(c, file, n);
    compare(c, x, file, 1e-5f, E, F);
}

const Exercise exercise = {
    .stop = "my_half_layer", .visible = 2, .hidden = 20, .run = run,
};
