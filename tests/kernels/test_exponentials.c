/* test_exponentials.c - a whole row of e^x has the bits of one at a time
 *
 * Every length, with both tables of kernels; the expectation is definition (c) of
 * attention and of SwiGLU, number by number, over numbers/elementary.h's exponential
 * (which test_elementary holds against exact values). */
#include "test.h"

#include <math.h>

#include "kernels/dot.h"
#include "kernels/exponentials.h"
#include "numbers/elementary.h"

#define MOST 150

static const char *const tables[] = { "plain", "auto" };

/* Scores of ±spread, n of them; a few zeros of both signs. */
static void scores(float *s, int n, float spread, uint32_t seed)
{
    test_fill(s, n, seed);
    for (int j = 0; j < n; j++)
        s[j] = j % 11 == 5 ? -0.0f : j % 11 == 6 ? 0.0f : s[j] * spread;
}

static float exponentiate_again(float *s, int n, float scale)
{
    float lane[8] = {0}, m = -INFINITY;

    for (int j = 0; j < n; j++)
        s[j] *= scale, m = fmaxf(m, s[j]);
    for (int j = 0; j < n; j++)
        lane[j % 8] += s[j] = exponential(s[j] - m);
    return ((lane[0] + lane[4]) + (lane[2] + lane[6]))
           + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

TEST(scores_become_weights)
{
    static const float spreads[] = { 1e-40f, 1, 30, 300, 3e38f };
    Error error = {0};

    for (int i = 0; i < 2 * 5 * MOST; i++) {
        int n = 1 + i % MOST;
        float got[MOST + 1], want[MOST + 1], sum, sum_again;

        expect_ok(kernels_choose(tables[i / MOST % 2], &error), &error);
        scores(want, n, spreads[i / MOST / 2], (uint32_t)i);
        memcpy(got, want, sizeof got);
        got[n] = 77;
        sum = exponentiate(got, n, 0.125f);
        sum_again = exponentiate_again(want, n, 0.125f);
        expect_same_bits(got, want, n);
        expect_same_bits(&sum, &sum_again, 1);
        expect(got[n] == 77);
    }
}

/* The largest may stand anywhere, in a whole eight or behind the last; scores that
 * are far below it, -infinity among them, weigh nothing. */
TEST(one_loud_score)
{
    Error error = {0};

    for (int i = 0; i < 2 * 27; i++) {
        float s[27];

        expect_ok(kernels_choose(tables[i % 2], &error), &error);
        for (int j = 0; j < 27; j++)
            s[j] = j % 2 ? -INFINITY : -1000;
        s[i / 2] = 1000;
        expect(exponentiate(s, 27, 0.5f) == 1);
        for (int j = 0; j < 27; j++)
            expect(s[j] == (j == i / 2 ? 1 : 0));
    }
}

/* A row with a NaN sums to NaN, wherever it stands: nobody may take it for a result. */
TEST(nan_is_seen)
{
    Error error = {0};

    for (int i = 0; i < 2 * 27; i++) {
        float s[27] = {0};

        expect_ok(kernels_choose(tables[i % 2], &error), &error);
        s[i / 2] = NAN;
        expect(isnan(exponentiate(s, 27, 1)));
    }
}

TEST(gates)
{
    static const float edges[] = { 0, -0.0f, 88.8f, -88.8f, 104, -104, 1e30f, -1e30f,
                                   1e-45f, -1e-45f };
    Error error = {0};

    for (int i = 0; i < 2 * MOST; i++) {
        int n = 1 + i / 2;
        float gate[MOST], up[MOST], got[MOST + 1], want[MOST];

        expect_ok(kernels_choose(tables[i % 2], &error), &error);
        scores(gate, n, 20, (uint32_t)i);
        scores(up, n, 3, (uint32_t)i + 1);
        for (int j = 0; j < 10 && j < n; j++)
            gate[n - 1 - j] = edges[(j + i) % 10];
        for (int j = 0; j < n; j++) {
            float below = 1 + exponential(-gate[j]), bent = gate[j] / below;

            want[j] = bent * up[j];
        }
        got[n] = 77;
        silu_numbers(got, gate, up, n);
        expect_same_bits(got, want, n);
        expect(got[n] == 77);
    }
}

const Test exponentials_tests[] = {
    { "scores become weights, every length, every table", scores_become_weights },
    { "one loud score, wherever it stands", one_loud_score },
    { "NaN is seen, wherever it stands", nan_is_seen },
    { "gates, every length, every table", gates },
    { NULL, NULL },
};
