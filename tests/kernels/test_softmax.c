/* test_softmax.c - probabilities against long double, PyTorch and arithmetic */
#include "test.h"
#include "kernels/softmax.h"
#include "numbers/elementary.h"

#include <math.h>
#include <stdlib.h>

/* torch.softmax and torch.logsumexp of PyTorch 2.13.0 in float64. */
TEST(equals_pytorch)
{
    static const float x[] = { 1.5f, -2.25f, 0, 3.75f, 0.5f, -7, 2, 1, -0.5f, 3,
                               2.5f };
    static const double want[] = {
        0.048325462873982906, 0.0011365059542443336, 0.010782868270318805,
        0.4584992259181011, 0.017777944276432114, 9.832703112653739e-06,
        0.07967521855676496, 0.029310874877875225, 0.006540140205590888,
        0.2165796987813571, 0.13136222758221996 };
    double p[11];

    softmax(p, x, 11);
    for (int i = 0; i < 11; i++)
        expect_relative(p[i], want[i], 1e-14);
    expect_relative(log_sum_exp(x, 11), 4.52979667557908, 1e-14);
}

/* Long double libm, added from the smallest: a vocabulary of scores. */
TEST(close_to_long_double)
{
    static float x[128256];
    static double p[128256];
    static const int lengths[] = { 1, 2, 7, 8, 9, 1000, 49152, 128256 };

    test_fill(x, 128256, 3);
    for (int i = 0; i < 128256; i++)
        x[i] = x[i] * 25 - 40;
    for (int k = 0; k < 8; k++) {
        int n = lengths[k];
        long double sum = 0;
        double total = 0;

        for (int i = 0; i < n; i++)
            sum += expl((long double)x[i]);
        softmax(p, x, n);
        for (int i = 0; i < n; i++) {
            expect_relative(p[i], (double)(expl((long double)x[i]) / sum), 1e-13);
            total += p[i];
        }
        expect_close(total, 1, 1e-11);
        expect_close(log_sum_exp(x, n), (double)logl(sum), 1e-13);
    }
}

/* Lanes by i mod 8 and the tree, written as one sum of eight sums. */
TEST(the_order_is_the_published_one)
{
    static float x[1003];
    static double p[1003];

    test_fill(x, 1003, 4);
    for (int n = 1; n <= 1003; n += 91) {
        double s[8] = {0}, m = (double)x[0], sum;

        for (int i = 0; i < n; i++)
            if ((double)x[i] > m)
                m = (double)x[i];
        for (int j = 0; j < 8; j++)
            for (int i = j; i < n; i += 8)
                s[j] += exponential_of((double)x[i] - m);
        sum = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
        softmax(p, x, n);
        for (int i = 0; i < n; i++)
            expect(p[i] == exponential_of((double)x[i] - m) / sum);
        expect(log_sum_exp(x, n) == m + logarithm_of(sum));
    }
}

/* Nothing overflows, -infinity is impossible, and the sum is exact where the
 * arithmetic is. */
TEST(huge_scores_and_impossible_ones)
{
    float never = -(float)INFINITY;
    float huge[4] = { 3e38f, 3e38f, never, -3e38f };
    float low[3] = { -3e38f, never, -3e38f };
    float lone[9] = { never, never, never, never, never, -5, never, never, never };
    double p[9];

    softmax(p, huge, 4);
    expect(p[0] == 0.5 && p[1] == 0.5 && p[2] == 0 && p[3] == 0);
    expect(log_sum_exp(huge, 4) == (double)3e38f);
    softmax(p, low, 3);
    expect(p[0] == 0.5 && p[1] == 0 && p[2] == 0.5);
    softmax(p, lone, 9);
    for (int i = 0; i < 9; i++)
        expect(p[i] == (i == 5));
    expect(log_sum_exp(lone, 9) == -5);
    softmax(p, lone + 5, 1);
    expect(p[0] == 1 && log_sum_exp(lone + 5, 1) == -5);
}

/* What is outside the rules comes out as NaN, not as a plausible number. */
TEST(no_finite_score_gives_nan)
{
    float never[2] = { -(float)INFINITY, -(float)INFINITY };
    float broken[3] = { 1, (float)NAN, 2 };
    float above[2] = { (float)INFINITY, 1 };
    double p[3];

    softmax(p, never, 2);
    expect(isnan(p[0]) && isnan(p[1]) && isnan(log_sum_exp(never, 2)));
    softmax(p, broken, 3);
    expect(isnan(p[0]) && isnan(p[2]) && isnan(log_sum_exp(broken, 3)));
    expect(isnan(log_sum_exp(above, 2)));
}

const Test softmax_tests[] = {
    { "equals PyTorch", equals_pytorch },
    { "close to long double, for whole vocabularies", close_to_long_double },
    { "the order of additions is the published one",
      the_order_is_the_published_one },
    { "huge scores and impossible ones", huge_scores_and_impossible_ones },
    { "no finite score gives NaN", no_finite_score_gives_nan },
    { NULL, NULL },
};
