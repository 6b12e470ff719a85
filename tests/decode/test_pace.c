/* test_pace.c - how far to guess: the formula, its best K, and what it learns
 *
 * The expected tokens of a pass are those of a published closed form, of a table that an
 * independent program computed, and of a simulation that throws coins here. */
#include "test.h"

#include <math.h>

#include "decode/draft.h"
#include "decode/pace.h"

/* Leviathan et al., equation (1): (1 - α^{K+1}) / (1 - α). */
TEST(the_closed_form)
{
    for (double alpha = 0; alpha < 0.999; alpha += 0.037)
        for (int K = 0; K <= DRAFT_MOST; K++)
            expect_relative(pace_expected(alpha, K),
                            (1 - pow(alpha, K + 1)) / (1 - alpha), 1e-12);
    for (int K = 0; K <= DRAFT_MOST; K++)
        expect(pace_expected(1, K) == K + 1 && pace_expected(0, K) == 1);
}

TEST(the_table)
{
    static const double alphas[] = { 0.5, 0.7, 0.8, 0.9 };
    static const double want[4][3] = { { 1.75, 1.94, 2.00 }, { 2.19, 2.77, 3.20 },
                                       { 2.44, 3.36, 4.33 }, { 2.71, 4.10, 6.13 } };

    for (int a = 0; a < 4; a++)
        for (int i = 0; i < 3; i++)
            expect_close(pace_expected(alphas[a], 2 << i), want[a][i], 0.0051);
    expect_close(pace_expected(0.7, 4), 2.7731, 5e-5);
}

/* Coins: guesses stand until one falls, and one token comes behind them. */
TEST(a_simulation)
{
    enum { ROUNDS = 400000 };
    uint64_t state = 77;
    double tokens = 0;

    for (int r = 0; r < ROUNDS; r++) {
        int i = 0;

        while (i < 4 && test_random(&state) < 0.7 * 4294967296.0)
            i++;
        tokens += i + 1;
    }
    expect_close(tokens / ROUNDS, pace_expected(0.7, 4), 0.01);
}

/* Leviathan et al., section 3.5: a guess costs c, checking is free. One guess gives
 * (1 + α)/(1 + c), and some guess pays where α > c. */
TEST(what_a_guess_is_worth)
{
    for (double alpha = 0.05; alpha < 1; alpha += 0.1)
        for (double c = 0.02; c < 1.2; c += 0.06) {
            expect_relative(pace_gain(alpha, 1, c, 1), (1 + alpha) / (1 + c), 1e-12);
            expect((pace_gain(alpha, 1, c, 1) > 1) == (alpha > c));
        }
    expect_relative(pace_gain(0.8, 4, 0.25, 1.4), pace_expected(0.8, 4) / 2.4, 1e-12);
    expect(pace_gain(0.5, 0, 0.3, 1) == 1);
}

/* A guess costs so much of a pass of a large model in F16. */
static Pace begun(double draft)
{
    Pace pace;

    pace_begin(&pace, (size_t)1 << 31, (size_t)1 << 29, 2);
    pace.draft = draft;
    return pace;
}

/* A quarter of the bytes is a quarter of the time, or nearly; what has no bytes costs
 * nothing. The fewer bytes, the more the rest of a pass counts. */
TEST(costs_are_bytes)
{
    Pace pace;
    double before = 0.25;

    for (size_t target = (size_t)1 << 32; target > 1 << 22; target /= 4) {
        pace_begin(&pace, target, target / 4, 2);
        expect(pace.draft > before && pace.draft < 1);
        expect(pace.row > 0 && pace.row < 1);
        before = pace.draft;
        if (target == (size_t)1 << 32)
            expect_close(pace.draft, 0.25, 0.001);
        pace_begin(&pace, target, 0, 2);
        expect(pace.draft == 0);
        pace_begin(&pace, target, target, 2);
        expect(pace.draft == 1);
    }
}

TEST(never_more_than_there_is_room_for)
{
    for (double draft = 0; draft < 1; draft += 0.05) {
        Pace pace = begun(draft);

        for (int round = 0; round < 200; round++) {
            int K = pace_choose(&pace);

            expect(K >= 0 && K <= DRAFT_MOST);
            pace_learn(&pace, K, K);            /* always right              */
        }
        if (draft == 0)
            expect_int(pace_choose(&pace), DRAFT_MOST);
    }
}

/* A draft as dear as the target loses, however right it is; the word is final. */
TEST(a_draft_that_costs_as_much_is_switched_off)
{
    for (double draft = 1; draft < 3; draft += 0.5) {
        Pace pace = begun(draft);

        expect_int(pace_choose(&pace), 0);
        expect(pace.off);
        for (int i = 0; i < 50; i++)
            pace_learn(&pace, 8, 8);
        expect_int(pace_choose(&pace), 0);
    }
}

/* Wrong guesses: one that costs is given up within some rounds, one that costs nothing
 * is asked for one guess now and then, and trusted again when it is right. */
TEST(it_learns)
{
    Pace pace = begun(0.3), lookup = begun(0);
    int rounds = 0, asked = 0, K;

    expect(pace_choose(&pace) > 0);
    for (; pace_choose(&pace) > 0; rounds++)
        pace_learn(&pace, 0, 1);
    expect(pace.off && rounds >= 1 && rounds < 12);
    for (int i = 0; i < 400; i++) {
        K = pace_choose(&lookup);
        expect(i < 20 || K <= 1);
        asked += i >= 100 && K == 1;
        pace_learn(&lookup, 0, min_int(K, 1));
    }
    expect(asked > 10 && asked < 100);
    expect(!lookup.off);
    for (int i = 0; i < 100; i++)
        pace_learn(&lookup, 1, 1);
    expect(pace_choose(&lookup) > 4);
}

/* The same counts, the same choices; and no count says nothing. */
TEST(counts_alone_decide)
{
    Pace a = begun(0.2), b = begun(0.2);
    uint64_t state = 3;

    for (int i = 0; i < 300; i++) {
        int K = pace_choose(&a), accepted = (int)(test_random(&state) % 5);

        expect_int(pace_choose(&b), K);
        expect_int(pace_choose(&b), K);         /* asking changes nothing    */
        accepted = min_int(accepted, K);
        pace_learn(&a, accepted, min_int(K, accepted + 1));
        pace_learn(&b, accepted, min_int(K, accepted + 1));
        pace_learn(&b, 0, 0);
    }
}

/* More right, further ahead; dearer, less far. */
TEST(the_choice_is_monotone)
{
    for (int draft = 0; draft < 8; draft++)
        for (int right = 0, before = 0; right <= 20; right++) {
            Pace pace = begun(draft * 0.1), dearer = begun(draft * 0.1 + 0.1);
            int K;

            pace.held = dearer.held = right;
            pace.judged = dearer.judged = 20;
            K = pace_choose(&pace);
            expect(K >= before);
            expect(pace_choose(&dearer) <= K);
            before = K;
        }
}

const Test pace_tests[] = {
    { "expected tokens: the closed form", the_closed_form },
    { "expected tokens: the table", the_table },
    { "expected tokens: a simulation", a_simulation },
    { "what a guess is worth", what_a_guess_is_worth },
    { "costs are bytes", costs_are_bytes },
    { "never more guesses than there is room for", never_more_than_there_is_room_for },
    { "a draft that costs as much as the target is switched off",
      a_draft_that_costs_as_much_is_switched_off },
    { "it learns from what was accepted", it_learns },
    { "counts alone decide", counts_alone_decide },
    { "better guesses go further, dearer ones less far", the_choice_is_monotone },
    { NULL, NULL },
};
