/* test_activation.c - silu and gelu against double precision and PyTorch */
#include "test.h"
#include "base/parallel.h"
#include "kernels/activation.h"
#include "numbers/elementary.h"

#include <math.h>

#define UNIT 0x1p-24            /* a float's rounding error, relative        */

/* torch.nn.functional.silu and gelu of PyTorch 2.13.0 in float64. */
TEST(equals_pytorch)
{
    static const float x[] = { -6, -3, -1.5f, -0.75f, -0.125f, 0, 0.0625f, 0.5f,
                               1, 2.25f, 4, 7 };
    static const double silu_x[] = {
        -0.014835738939808647, -0.14227761953270035, -0.2736382857095345,
        -0.24061597561845527, -0.05859882832828047, 0.0, 0.032226244732688474,
        0.3112296656009273, 0.7310585786300049, 2.035463703977004,
        3.928055160151634, 6.993622641639196 };
    static const double gelu_x[] = {
        -5.919525869479969e-09, -0.00404969409489031, -0.10021080190328704,
        -0.16997051428265111, -0.056282721896235885, 0.0, 0.03280735431432795,
        0.34573123063700656, 0.841344746068543, 2.2224949365261493,
        3.9998733150326675, 6.999999999991041 };
    float one[12], h[12];

    for (int i = 0; i < 12; i++)
        one[i] = 1;
    silu_gated(h, x, one, 1, 12);
    for (int i = 0; i < 12; i++)
        expect_relative((double)h[i], silu_x[i], 3 * UNIT);
    gelu(h, x, 1, 12);
    for (int i = 0; i < 12; i++)
        expect_close((double)h[i], gelu_x[i], 3 * UNIT * (double)fabsf(x[i]));
}

/* Three roundings beside those of the exponential, each half a unit in the last
 * place: 1 + e, the division, the product. Where e^-g is infinite in float32
 * the answer is -0 and the truth below 1e-36. */
TEST(silu_is_close_to_double_precision)
{
    enum { N = 400001 };
    static float g[N], up[N], h[N];

    test_fill(up, N, 8);
    for (int i = 0; i < N; i++)
        g[i] = (float)(i - N / 2) * 0.0005f;            /* -100 … 100        */
    silu_gated(h, g, up, 1, N);
    for (int i = 0; i < N; i++) {
        double want = (double)g[i] / (1 + exp(-(double)g[i])) * (double)up[i];

        expect_close((double)h[i], want, 5 * UNIT * fabs(want) + 1e-36);
    }
}

/* 1 + erf is off by a unit and a half of 1 to 2, erf's argument by a unit and a half
 * of itself (its slope times itself is below 0.49), and x multiplies it all. */
TEST(gelu_is_close_to_double_precision)
{
    enum { N = 400001 };
    static float x[N], h[N];

    for (int i = 0; i < N; i++)
        x[i] = (float)(i - N / 2) * 0.00005f;           /* -10 … 10          */
    gelu(h, x, 1, N);
    for (int i = 0; i < N; i++) {
        double want = 0.5 * (double)x[i] * erfc(-(double)x[i] * sqrt(0.5));

        expect_close((double)h[i], want,
                     UNIT * (2 * fabs(want) + 1.5 * fabs((double)x[i])));
    }
}

/* The definition once more, each operation rounded by itself: the same bits, also
 * where compilers make vectors of the loop, and at its ragged end. */
TEST(the_order_is_the_published_one)
{
    enum { N = 1003 };
    static float x[N], up[N], h[N], want[N];

    test_fill(x, N, 1), test_fill(up, N, 2);
    for (int i = 0; i < N; i++) {
        volatile float e, below, silu;          /* volatile: one at a time   */

        x[i] *= 20;
        e = exponential(-x[i]);
        below = 1 + e;
        silu = x[i] / below;
        want[i] = silu * up[i];
    }
    silu_gated(h, x, up, 17, 59);
    expect_same_bits(h, want, N);
    for (int i = 0; i < N; i++) {
        volatile float argument = x[i] * 0.70710678f, half = 0.5f * x[i], sum;

        sum = 1 + error_function(argument);
        want[i] = half * sum;
    }
    gelu(h, x, 59, 17);
    expect_same_bits(h, want, N);
}

TEST(edges)
{
    static const float x[] = { 0, -0.0f, 3e38f, -3e38f, 1e-45f, -200, 88.8f };
    static const float one[] = { 1, 1, 1, 1, 1, 1, 1 };
    static const float silu_x[] = { 0, -0.0f, 3e38f, -0.0f, 0, -0.0f, 88.8f };
    static const float gelu_x[] = { 0, -0.0f, 3e38f, -0.0f, 0, -0.0f, 88.8f };
    float h[7] = { 9, 9, 9, 9, 9, 9, 9 };

    silu_gated(h, x, one, 0, 7);
    expect(h[0] == 9);                                  /* no rows: nothing  */
    silu_gated(h, x, one, 7, 1);
    expect_same_bits(h, silu_x, 4), expect_same_bits(h + 5, silu_x + 5, 2);
    expect(h[4] >= 0 && h[4] <= 1e-45f);
    gelu(h, x, 1, 7);
    expect_same_bits(h, gelu_x, 4), expect_same_bits(h + 5, gelu_x + 5, 2);
}

TEST(threads_change_no_bit)
{
    enum { T = 30, F = 1003 };
    static float x[T * F], up[T * F], h[T * F], alone[T * F];
    static const int threads[] = { 1, 2, 3, 7 };

    test_fill(x, T * F, 5), test_fill(up, T * F, 6);
    for (int i = 0; i < 4; i++) {
        parallel_set_threads(threads[i]);
        for (int t = 0; t < T; t++)
            silu_gated(row(alone, t, F), row(x, t, F), row(up, t, F), 1, F);
        silu_gated(h, x, up, T, F);
        expect_same_bits(h, alone, T * F);
        for (int t = 0; t < T; t++)
            gelu(row(alone, t, F), row(x, t, F), 1, F);
        gelu(h, x, T, F);
        expect_same_bits(h, alone, T * F);
    }
}

const Test activation_tests[] = {
    { "equals PyTorch", equals_pytorch },
    { "silu is close to double precision", silu_is_close_to_double_precision },
    { "gelu is close to double precision", gelu_is_close_to_double_precision },
    { "the order of operations is the published one",
      the_order_is_the_published_one },
    { "signed zeros, huge and tiny numbers, no rows", edges },
    { "threads change no bit", threads_change_no_bit },
    { NULL, NULL },
};
