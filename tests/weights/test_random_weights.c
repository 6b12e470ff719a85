/* test_random_weights.c - numbers that are a function of seed, name and index
 *
 * The expected numbers are tests/oracle/weight_tools.py's (the paper's Philox in
 * numpy, quantiles of Python's statistics.NormalDist), which checks many more.
 */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "numbers/halffloat.h"
#include "weights-tools/common/random_weights.h"

static RandomWeights random_weights;

static const RandomWeights *seeded(uint64_t seed)
{
    random_weights_init(&random_weights, seed);
    return &random_weights;
}

/* Quantiles of |x|: a half, three quarters, all but one in 4096. */
TEST(slices_of_equal_area)
{
    const float *edge = seeded(0)->edge;

    expect_close(edge[1], 0.00030598490, 2e-7);
    expect_close(edge[2048], 0.67448975, 3e-7);
    expect_close(edge[3072], 1.15034938, 5e-7);
    expect_close(edge[4095], 3.66832929, 1e-4);
    for (int k = 0; k < RANDOM_SLICES; k++)
        expect(edge[k] < edge[k + 1]);
}

TEST(the_same_as_in_python)
{
    static const double first[] = { -0.8870621, 0.9574411, -0.174719, 1.956522,
                                    1.188297, -0.117626, 1.045315, -0.2960681 };
    static const double last[] = { -1.188537, 1.146829, 1.099912, -0.499226,
                                   1.717413, 1.020333, -0.6538639, -0.3137123 };
    const RandomWeights *r = seeded(0);

    for (uint64_t i = 0; i < 8; i++)
        expect_close(random_weights_normal(r, "model.norm.weight", i), first[i], 5e-7);
    r = seeded((UINT64_C(1) << 53) - 1);
    for (uint64_t i = 0; i < 8; i++)
        expect_close(random_weights_normal(r, "x", i), last[i], 5e-7);
}

static Tensor tensor(const char *name, int rank, uint64_t rows, uint64_t columns)
{
    return (Tensor){ .name = name, .dtype = DTYPE_F32, .rank = rank,
                     .shape = { rows, columns } };
}

/* Mean and spread of 65536 numbers; their own scatter is 1/256 of the spread. */
static void expect_law(const Tensor *t, double middle, double size)
{
    enum { N = 65536 };
    float *x = malloc(N * sizeof *x);
    double sum = 0, squares = 0;

    random_weights_fill(x, seeded(3), t, 0, N);
    for (int i = 0; i < N; i++) {
        sum += x[i];
        squares += (x[i] - middle) * (x[i] - middle);
        expect(fabs(x[i] - middle) <= 4.5001 * size);
    }
    expect_close(sum / N, middle, 0.02 * size);
    expect_close(sqrt(squares / N), size, 0.01 * size);
    free(x);
}

TEST(the_law_of_sizes)
{
    Tensor matrix = tensor("model.layers.0.mlp.up_proj.weight", 2, 1024, 64);
    Tensor norm = tensor("model.norm.weight", 1, 65536, 0);
    Tensor bias = tensor("model.layers.0.self_attn.q_proj.bias", 1, 65536, 0);

    expect_law(&matrix, 0, 0.125);
    expect_law(&norm, 1, 0.2);
    expect_law(&bias, 0, 0.1);
}

/* In one go, and cut at odd places, on one thread and on three. */
TEST(any_part_alone)
{
    enum { N = 100003 };
    Tensor t = tensor("model.embed_tokens.weight", 2, N, 1);
    float *whole = malloc(N * sizeof *whole), *parts = malloc(N * sizeof *parts);
    static const size_t cuts[] = { 0, 1, 2, 3, 5, 8, 1000, 50001, 50002, 99999, N };

    parallel_set_threads(1);
    random_weights_fill(whole, seeded(5), &t, 0, N);
    parallel_set_threads(3);
    for (int i = 0; i < 10; i++)
        random_weights_fill(parts + cuts[i], &random_weights, &t, cuts[i],
                            cuts[i + 1] - cuts[i]);
    expect_same_bits(whole, parts, N);
    for (int i = 0; i < N; i += 7919)
        expect(whole[i] == random_weights_normal(&random_weights, t.name, (uint64_t)i));
    random_weights_fill(parts, seeded(6), &t, 0, N);
    expect(memcmp(whole, parts, N * sizeof *parts) != 0);
    t.name = "lm_head.weight";
    random_weights_fill(parts, seeded(5), &t, 0, N);
    expect(memcmp(whole, parts, N * sizeof *parts) != 0);
    free(whole);
    free(parts);
}

/* 16-bit numbers are the same ones, rounded. */
TEST(number_formats)
{
    enum { N = 1000 };
    Tensor t = tensor("lm_head.weight", 2, 10, 100);
    uint16_t half[N], brain[N];
    float x[N];

    random_weights_fill(x, seeded(1), &t, 0, N);
    t.dtype = DTYPE_F16;
    random_weights_fill(half, &random_weights, &t, 0, N);
    t.dtype = DTYPE_BF16;
    random_weights_fill(brain, &random_weights, &t, 0, N);
    for (int i = 0; i < N; i++)
        expect(half[i] == f32_to_f16(x[i]) && brain[i] == f32_to_bf16(x[i]));
}

const Test random_weights_tests[] = {
    { "slices of equal area", slices_of_equal_area },
    { "the same as in Python", the_same_as_in_python },
    { "the law of sizes", the_law_of_sizes },
    { "any part alone", any_part_alone },
    { "number formats", number_formats },
    { NULL, NULL },
};
