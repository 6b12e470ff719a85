/* test_reconstruction.c - are the weights of the kind they are called, and is their
 * error what other programs find?
 *
 * Expected: quantiles from tables of the two distributions; errors of 2^20 numbers of
 * numpy's own generator through the gguf package and bitsandbytes, whose last digit
 * here differs between seeds; the published sum of squared errors of NF4.
 */
#include "test.h"

#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "chapters/lesson/reconstruction.h"

enum { N = 1 << 18 };

/* The share of |x| beyond each quantile; four standard deviations of a count. */
static void expect_tails(const float *x, const double *quantile)
{
    static const double share[3] = { 0.5, 0.05, 0.01 };
    double sum = 0;

    for (int k = 0; k < 3; k++) {
        int beyond = 0;

        for (int i = 0; i < N; i++)
            beyond += fabs((double)x[i]) > quantile[k];
        expect_close((double)beyond / N, share[k],
                     4 * sqrt(share[k] * (1 - share[k]) / N));
    }
    for (int i = 0; i < N; i++)
        sum += x[i] > 0 ? 1 : -1;
    expect_close(sum / N, 0, 4 / sqrt(N));
}

TEST(distributions)
{
    float *x = memory_get(N, sizeof *x), *again = memory_get(N, sizeof *x);
    int same = 0;

    weights_gaussian(x, N, 1);
    expect_tails(x, (double[]){ 0.674490, 1.959964, 2.575829 });
    weights_heavy(x, N, 1);
    expect_tails(x, (double[]){ 0.740697, 2.776445, 4.604095 });
    weights_heavy(again, N, 1);
    expect_same_bits(x, again, N);
    weights_heavy(again, N, 2);
    for (int i = 0; i < N; i++)
        same += x[i] == again[i];
    expect(same < 100);                     /* u, v have 24 bits each        */
    memory_give_back(x);
    memory_give_back(again);
}

/* Box and Muller's equation, and Bailey's with ν = 4 written as he does, with libm. */
TEST(equations)
{
    float gauss[1000], heavy[1000];

    weights_gaussian(gauss, 1000, 3);
    weights_heavy(heavy, 1000, 3);
    for (uint32_t i = 0; i < 1000; i++) {
        double u = 1 - (double)random_uniform(3, 0, i, 0);
        double turn = cos(8 * atan(1) * (double)random_uniform(3, 0, i, 1));

        expect_close(gauss[i], sqrt(-2 * log(u)) * turn, 2e-6);
        expect_close(heavy[i], sqrt(4 * (pow(u, -2 / 4.0) - 1)) * turn, 5e-5);
    }
}

TEST(errors)
{
    static const double gaussian[QUANT_COUNT] = {
        [QUANT_Q8_0] = 0.00535, [QUANT_Q4_0] = 0.0860, [QUANT_Q4_1] = 0.0782,
        [QUANT_NF4] = 0.0920,
    }, heavy[QUANT_COUNT] = {
        [QUANT_Q8_0] = 0.00734, [QUANT_Q4_0] = 0.1157, [QUANT_Q4_1] = 0.0940,
        [QUANT_NF4] = 0.1112,
    };
    float *x = memory_get(N, sizeof *x);

    weights_gaussian(x, N, 7);
    for (QuantFormat f = 0; f < QUANT_COUNT; f++)
        expect_relative(reconstruction_error(f, x, N), gaussian[f], 0.005);
    weights_heavy(x, N, 7);
    for (QuantFormat f = 0; f < QUANT_COUNT; f++)
        expect_relative(reconstruction_error(f, x, N), heavy[f], 0.04);
    memory_give_back(x);
}

/* x_i = ((37 i mod 101) - 50) / 16: Σ(x - x̂)² is published. And nothing of nothing. */
TEST(published_sum)
{
    float x[256];
    double all = 0;

    for (int i = 0; i < 256; i++) {
        x[i] = (float)((37 * i) % 101 - 50) / 16;
        all += (double)x[i] * (double)x[i];
    }
    expect_relative(reconstruction_error(QUANT_NF4, x, 256), sqrt(7.24525314 / all), 1e-9);
    memset(x, 0, sizeof x);
    expect(reconstruction_error(QUANT_Q4_0, x, 256) == 0);
}

const Test reconstruction_tests[] = {
    { "Gaussian and heavy-tailed weights are that", distributions },
    { "each number by its equation, with libm", equations },
    { "errors that gguf and bitsandbytes make too", errors },
    { "a published sum of squared errors", published_sum },
    { NULL, NULL },
};
