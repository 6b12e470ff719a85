/* test_linear.c - W x + b + scale · B (A x), against sums in double */
#include <math.h>

#include "test.h"

#include "model/linear.h"

enum { T = 5, IN = 19, OUT = 13, RANK = 2 };

static float w[OUT * IN], b[OUT], down[RANK * IN], up[OUT * RANK];
static float x[T * IN], scratch[T * (RANK + OUT)];

static void fill(void)
{
    test_fill(w, OUT * IN, 1), test_fill(b, OUT, 2);
    test_fill(down, RANK * IN, 3), test_fill(up, OUT * RANK, 4);
    test_fill(x, T * IN, 5);
}

static double expected(int t, int o, bool bias, double scale)
{
    double sum = bias ? (double)b[o] : 0;

    for (int i = 0; i < IN; i++)
        sum += (double)w[o * IN + i] * (double)x[t * IN + i];
    for (int r = 0; r < RANK; r++)
        for (int i = 0; i < IN; i++)
            sum += scale * (double)up[o * RANK + r]
                   * (double)down[r * IN + i] * (double)x[t * IN + i];
    return sum;
}

static void forward(float *y, const Linear *linear, const LowRank *delta, float *room)
{
    Input input = input_of(x, T, IN, NULL);

    linear_forward(y, linear, &input, delta, room);
}

TEST(equals_sums_in_double)
{
    const LowRank delta = { down, up, RANK, 1.5f };

    fill();
    for (int bias = 0; bias < 2; bias++)
        for (int lent = 0; lent < 2; lent++) {
            Linear linear = { { w, FORMAT_F32, OUT, IN }, bias ? b : NULL };
            float y[T * OUT];

            forward(y, &linear, lent ? &delta : NULL, scratch);
            for (int t = 0; t < T; t++)
                for (int o = 0; o < OUT; o++)
                    expect_close(y[t * OUT + o],
                                 expected(t, o, bias, lent ? 1.5 : 0), 3e-6);
        }
}

/* The published order: u by dot products, then one fma onto the finished row. */
TEST(the_delta_is_one_fma_on_top)
{
    const LowRank delta = { down, up, RANK, 0.7f };
    Linear linear = { { w, FORMAT_F32, OUT, IN }, b };
    float base[T * OUT], y[T * OUT], u[T * RANK], change[T * OUT];
    Matrix a = { down, FORMAT_F32, RANK, IN }, back = { up, FORMAT_F32, OUT, RANK };

    fill();
    forward(base, &linear, NULL, NULL);
    forward(y, &linear, &delta, scratch);
    matmul(u, &a, x, T), matmul(change, &back, u, T);
    for (int i = 0; i < T * OUT; i++)
        base[i] = fmaf(0.7f, change[i], base[i]);
    expect_same_bits(y, base, T * OUT);
}

TEST(rank_zero_and_no_delta_are_the_same_bits)
{
    const LowRank none = { NULL, NULL, 0, 1 };
    Linear linear = { { w, FORMAT_F32, OUT, IN }, b };
    float y[T * OUT], z[T * OUT];

    fill();
    forward(y, &linear, NULL, NULL);
    forward(z, &linear, &none, NULL);
    expect_same_bits(y, z, T * OUT);
}

TEST(an_adapter_is_a_table)
{
    LowRank deltas[2 * TARGET_COUNT] = {0};
    Adapter adapter = { 2, deltas };

    deltas[1 * TARGET_COUNT + TARGET_V] = (LowRank){ down, up, RANK, 1 };
    expect(adapter_find(NULL, 5, TARGET_Q) == NULL);
    expect(adapter_find(&adapter, 0, TARGET_V) == NULL);
    expect(adapter_find(&adapter, 1, TARGET_K) == NULL);
    expect(adapter_find(&adapter, 1, TARGET_V)
           == &deltas[TARGET_COUNT + TARGET_V]);
}

const Test linear_tests[] = {
    { "equals sums in double", equals_sums_in_double },
    { "the delta is one fma on top", the_delta_is_one_fma_on_top },
    { "rank zero and no delta are the same bits",
      rank_zero_and_no_delta_are_the_same_bits },
    { "an adapter is a table", an_adapter_is_a_table },
    { NULL, NULL },
};
