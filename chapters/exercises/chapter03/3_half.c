/* 3_half.c - exercise 03.3: it talks well, it only thinks a little worse
 *
 *      x [E] ─────┬───────────────────────────────┐
 *                 ▼                               │
 *               norm                              │
 *           ┌─────┴─────┐                         │
 *           ▼ Wgate     ▼ Wup                     │
 *         silu(gate) ·  up ──► hidden [F]         │
 *                                ▼ Wdown          ▼
 *                              mlp [E] ─────────► + out [E]
 *
 *      n   = RMSNorm(x)             w · (x · r),  r = 1 / √(Σx²/E + ε)     (1)
 *      h   = silu(Wgate n) ⊙ Wup n                silu(g) = g / (1 + e^-g) (2)
 *      out = x + Wdown h                                                  (3)
 *
 * An engine for small devices packs a model's weights into one file without
 * names: numbers only, one matrix behind the other, which saves a table of contents.
 * A converter wrote it, in this order:
 *
 *      norm  [E]     up  [F, E]     gate  [F, E]     down  [E, F]
 *
 * Each matrix is [out, in], row after row: (W n)_f = Σ_e W_fe · n_e.
 *
 * The function below does half a layer with these weights. It has been in use for
 * a while. Every size fits, the file is read to its last number, no result is
 * infinite or NaN, and what the model writes is good English. But in tests it does
 * worse than the same weights in other engines, and nobody knows why. Then
 * somebody took one row, printed it after the first layer in two engines, and the
 * numbers were different already.
 *
 * Your task: find what is wrong between the two lines, and repair it.
 *
 *   out      [E]
 *   x        [E]
 *   file     the numbers above, side by side
 *   epsilon  ε; E at least 1, F from 1 to 64
 *
 * By hand, E = F = 1 and ε = 0:   x = 2     then n = norm · 1
 *                                 norm = 1, up = 2, gate = 20, down = 1
 *                                 silu(20) = 20 as a float, so h = 20 · 2 and
 *                                 out = 2 + 40 = 42
 *
 * What remains must have the engine's bits, and has them already: the bug is in the
 * sense, not in the rounding. dot(a, b, n) is the engine's sum (tasks.h).
 */
#include "chapters/exercises/chapter03/tasks.h"
#include "numbers/elementary.h"     /* exponential                           */

#include <math.h>                   /* sqrtf                                 */

#define F_MOST 64

/* your code begins */
typedef struct {                    /* where each matrix lies in the file    */
    const float *norm;              /* [E]                                   */
    const float *gate, *up;         /* [F, E]                                */
    const float *down;              /* [E, F]                                */
} Weights;

/* The next count numbers of the file. */
static const float *take(const float **file, int count)
{
    const float *piece = *file;

    *file += count;
    return piece;
}

static Weights find_weights(const float *file, int E, int F)
{
    Weights w;

    w.norm = take(&file, E);
    w.gate = take(&file, F * E);
    w.up = take(&file, F * E);
    w.down = take(&file, E * F);
    return w;
}

/* Equation (1): y [E]. */
static void norm_row(float *y, const float *x, const float *w, float epsilon, int E)
{
    float r = 1 / sqrtf(dot(x, x, E) / (float)E + epsilon);

    for (int e = 0; e < E; e++)
        y[e] = w[e] * (x[e] * r);
}

/* Equations (1) to (3). n needs E numbers: out has room for them until the end. */
void my_half_layer(float *out, const float *x, const float *file, float epsilon,
                   int E, int F)
{
    Weights w = find_weights(file, E, F);
    float *n = out, hidden[F_MOST];

    norm_row(n, x, w.norm, epsilon, E);
    for (int f = 0; f < F; f++) {
        float gate = dot(row(w.gate, f, E), n, E);
        float up = dot(row(w.up, f, E), n, E);

        hidden[f] = gate / (1 + exponential(-gate)) * up;
    }
    for (int e = 0; e < E; e++)
        out[e] = x[e] + dot(row(w.down, e, F), hidden, F);
}
/* your code ends */
