/* activation.c - the bend between two matrices
 *
 *                        y                          silu(g) = g · σ(g)
 *                        │          ╱
 *                        │        ╱      far right: the number itself
 *                        │      ╱        far left:  nothing
 *                        │    ╱          in between: a soft bend, with a
 *                        │  ╱            shallow dip (-0.28 at g = -1.28)
 *      ──────────────────┼───────── g
 *               ╲______╱ │
 *
 *      gate [T, F] ──► silu ──► × ──► h [T, F]         a gated block (SwiGLU)
 *      up   [T, F] ─────────────┘
 *
 *      up   [T, F] ──► gelu ──────► h [T, F]           a plain one (GPT-NeoX)
 *
 * Two matrices one after the other are one matrix: without something that is
 * not a straight line between them, depth would buy nothing. In the gated form
 * one matrix says what (up) and another says how much of it (gate).
 *
 *      silu(g) = g / (1 + e^(-g))                                          (1)
 *      h       = silu(gate) · up                                           (2)
 *      gelu(x) = (0.5 · x) · (1 + erf(x · √½))                             (3)
 *
 *      //= silu(-20, -1.28, 0, 1, 20) -> 0.00 -0.28 0.00 0.73 20.00
 *      //= gelu(1) -> 0.841                  (1 · Φ(1))
 *
 * gelu is x times the probability that a normally distributed number is below
 * x. silu has nearly the same shape and costs one exponential.
 *
 * Going back, for training, with σ = 1 / (1 + e^(-g)):
 *
 *      dup = dh · silu(g)      dgate = dh · up · σ · (1 + g (1 - σ))       (2')
 *      dx  = dh · ( Φ(x) + x · e^(-x²/2) / √(2π) ),                        (3')
 *                  Φ(x) = 0.5 · (1 + erf(x · √½))
 *
 * Traps:
 *
 * - Another gelu, with a tanh, differs from (3) by up to 5e-4. Pythia was trained
 *   with that one and is published, and measured by everybody, with (3).
 * - For g below -88.7 e^(-g) is infinite, and g / ∞ is -0: right, without a test.
 * - Each operation rounds to float32, in the order in which (1) to (3) stand here:
 *   that order is the definition.
 *
 * Source: Shazeer, "GLU Variants Improve Transformer", arXiv 2002.05202;
 * Hendrycks and Gimpel, "Gaussian Error Linear Units", arXiv 1606.08415.
 * Read next: kernels/matmul.c.  Lesson: chapters/chapter03_layers.c.
 */
#include "kernels/activation.h"

#include <limits.h>                 /* INT_MAX                               */

#include "base/parallel.h"          /* parallel_for                          */
#include "kernels/exponentials.h"   /* silu_numbers                          */
#include "numbers/elementary.h"     /* error_function                        */

#define GRAIN 4096                  /* numbers at a time: some 10 µs         */
#define ROOT_HALF 0.70710678f

typedef struct {
    float *h;                       /* [T · F]                               */
    const float *gate, *up;         /* [T · F]; gate: silu_gated only        */
} Activation;

/* Equations (1) and (2) for numbers begin … end-1. */
static void silu_part(int begin, int end, int worker, void *arg)
{
    const Activation *a = arg;

    (void)worker;
    silu_numbers(a->h + begin, a->gate + begin, a->up + begin, end - begin);
}

/* Equation (3) for numbers begin … end-1. */
static void gelu_part(int begin, int end, int worker, void *arg)
{
    const Activation *a = arg;

    (void)worker;
    for (int i = begin; i < end; i++) {
        float x = a->up[i];

        a->h[i] = 0.5f * x * (1 + error_function(x * ROOT_HALF));
    }
}

/* Numbers are independent: rows and columns alike may be split. */
static void over_numbers(ParallelBody *part, Activation a, int T, int F)
{
    must((size_t)T * (size_t)F <= INT_MAX, "%d rows of %d at once", T, F);
    parallel_for(T * F, GRAIN, part, &a);
}

/* Equation (2): h, gate and up [T, F]. Cost: one exponential and one division a
 * number, 2 ns with AVX2 and 3.5 without. */
void silu_gated(float *h, const float *gate, const float *up, int T, int F)
{
    Activation a = { .h = h, .gate = gate, .up = up };

    over_numbers(silu_part, a, T, F);
}

/* Equation (3): h and x [T, F]. Cost: one erf a number, some 10 ns. */
void gelu(float *h, const float *x, int T, int F)
{
    Activation a = { .h = h, .up = x };

    over_numbers(gelu_part, a, T, F);
}
