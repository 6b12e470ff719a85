/* test_sampling.c - what must be true of decode/sampling.c, from outside it */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "decode/sampling.h"

enum { EIGHT = 8 };

/* Two ids tie (3 and 4), one is nearly the best (7). */
static const float logits[EIGHT] = { 1.5f, -0.25f, 3, 2, 2, -4, 0.75f, 2.875f };
static const int history[] = { 2, 5, 2, 1 };        /* 2 twice: counts once  */

static const SamplingConfig OFF = { .temperature = 1, .top_p = 1,
                                    .repeat_penalty = 1 };

static void distribution(double *p, SamplingConfig config)
{
    SamplingWork work;

    sampling_work_init(&work, EIGHT);
    sampling_distribution(p, logits, EIGHT, history, 4, &config, &work);
    sampling_work_free(&work);
}

/* transformers 5.23.0: RepetitionPenaltyLogitsProcessor, TemperatureLogitsWarper,
 * TopKLogitsWarper, TopPLogitsWarper, MinPLogitsWarper in this order on the
 * logits above, then softmax in float64, printed with 9 digits. */
TEST(equals_transformers)
{
    static const struct {
        double r, t;
        int k;
        double top_p, min_p;
        double p[EIGHT];
    } cases[] = {
        { 1, 1, 0, 1, 0, { 0.0747136472, 0.0129832851, 0.334843336, 0.123181979,
          0.123181979, 0.0003053376, 0.035292228, 0.295498207 } },
        { 1, 0.7, 0, 1, 0, { 0.0472500016, 0.00387851655, 0.402747479,
          0.0965188705, 0.0965188705, 1.82847073e-05, 0.016184017,
          0.33688396 } },
        { 1.3, 1, 0, 1, 0, { 0.0898467687, 0.0144848846, 0.201501724,
          0.148132279, 0.148132279, 0.000110593478, 0.0424406084,
          0.355350863 } },
        { 1.3, 0.7, 0, 1, 0, { 0.0632832458, 0.00466681972, 0.200630895,
          0.129270417, 0.129270417, 4.41032152e-06, 0.0216757056,
          0.451198089 } },
        { 1, 1, 2, 1, 0, { 0, 0, 0.531209373, 0, 0, 0, 0, 0.468790627 } },
        { 1, 1, 5, 1, 0, { 0.0785286351, 0, 0.351940926, 0.129471831,
          0.129471831, 0, 0, 0.310586777 } },
        { 1, 1, 0, 0.6, 0, { 0, 0, 0.531209373, 0, 0, 0, 0, 0.468790627 } },
        { 1, 1, 0, 0.35, 0, { 0, 0, 0.531209373, 0, 0, 0, 0, 0.468790627 } },
        { 1, 1, 0, 1, 0.3, { 0, 0, 0.381933654, 0.140505539, 0.140505539, 0, 0,
          0.337055267 } },
        { 1, 2, 0, 1, 0.4, { 0.130313733, 0, 0.275874174, 0.167326145,
          0.167326145, 0, 0, 0.259159803 } },
        { 1.4, 0.8, 5, 0.8, 0.1, { 0, 0, 0.193417963, 0.161787256,
          0.161787256, 0, 0, 0.483007526 } },
        { 0.8, 1.7, 7, 0.9, 0.25, { 0.103243868, 0, 0.387851782, 0.138547257,
          0.138547257, 0, 0, 0.231809837 } },
    };

    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double p[EIGHT];

        distribution(p, (SamplingConfig){ cases[c].t, cases[c].k,
                     cases[c].top_p, cases[c].min_p, cases[c].r });
        for (int i = 0; i < EIGHT; i++) {
            expect_relative(p[i], cases[c].p[i], 3e-7);    /* its float32    */
            expect((p[i] == 0) == (cases[c].p[i] == 0));
        }
    }
}

/* Logarithms of 1/2, 1/4, 1/8, 1/8: every mass is known without a computer. */
TEST(the_nucleus_ends_where_it_is_full)
{
    static const float halves[4] = { -0.69314718f, -1.3862944f, -2.0794415f,
                                     -2.0794415f };
    static const struct { double top_p; int kept; } cases[] = {
        { 0, 1 }, { 0.4, 1 }, { 0.51, 2 }, { 0.74, 2 }, { 0.76, 3 },
        { 0.87, 3 }, { 0.88, 4 }, { 1, 4 },
    };
    SamplingWork work;

    sampling_work_init(&work, 4);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        SamplingConfig config = OFF;
        double p[4];
        int kept = 0;

        config.top_p = cases[c].top_p;
        sampling_distribution(p, halves, 4, NULL, 0, &config, &work);
        for (int i = 0; i < 4; i++)
            kept += p[i] > 0;
        expect_int(kept, cases[c].kept);
        expect(kept < 3 || p[2] > 0);       /* the tie: 2 before 3          */
    }
    /* Four equals: two are exactly half, so a third would be one too many. */
    sampling_distribution(work.p, (const float[4]){ 1, 1, 1, 1 }, 4, NULL, 0,
                          &(SamplingConfig){ 1, 0, 0.5, 0, 1 }, &work);
    expect(work.p[0] == 0.5 && work.p[1] == 0.5 && work.p[2] == 0);
    sampling_distribution(work.p, (const float[4]){ 1, 1, 1, 1 }, 4, NULL, 0,
                          &(SamplingConfig){ 1, 0, 0, 0, 1 }, &work);
    expect(work.p[0] == 1 && work.p[1] == 0);       /* at least one stays    */
    sampling_work_free(&work);
}

TEST(greedy_takes_the_best_and_of_equals_the_smaller)
{
    static const float equal[4] = { 1, 5, 5, -2 };
    static const int said[] = { 1 };
    SamplingConfig config = OFF;
    SamplingWork work;
    double p[4];

    config.temperature = 0;
    sampling_work_init(&work, 4);
    sampling_distribution(p, equal, 4, NULL, 0, &config, &work);
    expect(p[0] == 0 && p[1] == 1 && p[2] == 0 && p[3] == 0);
    config.repeat_penalty = 1.0001;         /* the penalty comes first      */
    sampling_distribution(p, equal, 4, said, 1, &config, &work);
    expect(p[1] == 0 && p[2] == 1);
    sampling_distribution(p, equal, 4, said, 1, &config, &work);
    expect(p[1] == 0 && p[2] == 1);         /* and every time               */
    config.repeat_penalty = 1;              /* and leaves nothing behind    */
    sampling_distribution(p, equal, 4, said, 1, &config, &work);
    expect(p[1] == 1);
    sampling_work_free(&work);
}

/* Where transformers would keep a tie of three, exactly k stay. */
TEST(top_k_is_exactly_k)
{
    static const float equal[5] = { 0, 2, 2, 2, 1 };
    SamplingConfig config = OFF;
    SamplingWork work;
    double p[5];

    config.top_k = 2;
    sampling_work_init(&work, 5);
    sampling_distribution(p, equal, 5, NULL, 0, &config, &work);
    expect(p[0] == 0 && p[1] == 0.5 && p[2] == 0.5 && p[3] == 0 && p[4] == 0);
    sampling_work_free(&work);
}

/* Scores beyond float's exp, and words that may never be said. */
TEST(large_scores_and_minus_infinity)
{
    const float scores[4] = { 3e38f, -INFINITY, -3e38f, 3e38f };
    SamplingConfig config = OFF;
    SamplingWork work;
    double p[4];

    config.temperature = 1e-9;
    sampling_work_init(&work, 4);
    sampling_distribution(p, scores, 4, NULL, 0, &config, &work);
    expect(p[0] == 0.5 && p[1] == 0 && p[2] == 0 && p[3] == 0.5);
    sampling_work_free(&work);
}

/* The lengths of the line that darts on a fine grid hit are the probabilities. */
TEST(the_dart_falls_fairly)
{
    static const double p[6] = { 0, 0.25, 0, 0.125, 0.625, 0 };
    int hits[6] = {0};

    for (int i = 0; i < 1024; i++)
        hits[sampling_pick(p, 6, (float)i / 1024)]++;
    for (int id = 0; id < 6; id++)
        expect_int(hits[id], (int)(1024 * p[id]));
    expect_int(sampling_pick(p, 6, 0), 1);              /* no id with p = 0  */
    expect_int(sampling_pick(p, 6, 0.25f), 3);          /* "exceeds"         */
    expect_int(sampling_pick(p, 6, 16777215.0f / 16777216), 4);
}

/* Also over a sum that is not 1 and rounds: no dart may fall beside the line. */
TEST(no_dart_falls_beside)
{
    double p[1000] = {0};
    uint64_t state = 7;

    for (int i = 0; i < 999; i++)
        p[i] = test_random(&state) % 3 == 0 ? 0 : test_random(&state) / 1e9;
    for (int i = 0; i < 4000; i++) {
        float u = (float)(test_random(&state) >> 8) / 16777216.0f;

        expect(p[sampling_pick(p, 1000, u)] > 0);
    }
}

static const float *by_score;       /* for qsort, which has no context       */

static int best_first(const void *a, const void *b)
{
    int i = *(const int *)a, j = *(const int *)b;

    return by_score[i] != by_score[j] ? (by_score[i] < by_score[j] ? 1 : -1)
         : i - j;
}

/* Top-k and top-p by definition, with everything sorted and summed in long double:
 * the same ids stay. Masses within 1e-12 of the limit could fall either way. */
TEST(the_nucleus_of_a_large_vocabulary)
{
    enum { WORDS = 30000 };
    static float scores[WORDS];
    static int order[WORDS];
    static const struct { double top_p; int top_k; double temperature; } cases[] = {
        { 0.95, 0, 1 }, { 0.5, 0, 1 }, { 0.999, 0, 1 }, { 0.1, 0, 1 }, { 0.9, 300, 1 },
        { 1, 777, 1 }, { 0.99999, 0, 1 }, { 0.95, 0, 0.2 }, { 0.95, 0, 1.5 },
        { 0.9, 0, 5 }, { 0.5, 0, 1000 }, { 0.95, 500, 40 }, { 0.999999999, 0, 0.5 },
        { 0, 0, 1 },
    };
    SamplingWork work;

    sampling_work_init(&work, WORDS);
    test_fill(scores, WORDS, 9);
    for (int i = 0; i < WORDS; i++) {
        scores[i] = scores[i] * scores[i] * scores[i] * 12;
        if (i % 2 == 0)
            scores[i] = floorf(scores[i] * 16) / 16;        /* many ties      */
        order[i] = i;
    }
    by_score = scores;
    qsort(order, WORDS, sizeof *order, best_first);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        double t = cases[c].temperature;
        SamplingConfig config = { t, cases[c].top_k, cases[c].top_p, 0, 1 };
        int k = config.top_k > 0 ? config.top_k : WORDS, r;
        long double total = 0, mass = 0;

        for (int i = 0; i < k; i++)
            total += expl((long double)scores[order[i]] / t);
        for (r = 0; r < k && (r == 0 || mass < (long double)config.top_p * total); r++)
            mass += expl((long double)scores[order[r]] / t);
        sampling_distribution(work.p, scores, WORDS, NULL, 0, &config, &work);
        for (int i = 0; i < WORDS; i++)
            expect((work.p[order[i]] > 0) == (i < r));
    }
    sampling_work_free(&work);
}

/* The heap against a plain search, with many ties, in a size that real
 * vocabularies have; and nothing is allocated on the way. */
TEST(the_best_are_the_best)
{
    enum { WORDS = 50257, WANTED = 300 };
    static float scores[WORDS];
    static int best[WANTED];
    SamplingWork work;
    size_t before;

    sampling_work_init(&work, WORDS);
    test_fill(scores, WORDS, 5);
    for (int i = 0; i < WORDS; i++)
        scores[i] = floorf(scores[i] * 1000);
    before = memory_count();
    sampling_best(best, WANTED, scores, &work);
    for (int r = 0; r < WANTED; r++) {
        int rank = 0;

        for (int i = 0; i < WORDS; i++)
            rank += scores[i] > scores[best[r]]
                    || (scores[i] == scores[best[r]] && i < best[r]);
        expect_int(rank, r);
    }
    sampling_distribution(work.p, scores, WORDS, best, WANTED,
        &(SamplingConfig){ 1.5, 40000, 0.99, 0.01, 1.1 }, &work);
    expect(memory_count() == before);
    sampling_work_free(&work);
}

const Test sampling_tests[] = {
    { "equals transformers", equals_transformers },
    { "the nucleus ends where it is full", the_nucleus_ends_where_it_is_full },
    { "greedy: the best, of equals the smaller",
      greedy_takes_the_best_and_of_equals_the_smaller },
    { "top-k is exactly k", top_k_is_exactly_k },
    { "large scores and minus infinity", large_scores_and_minus_infinity },
    { "the dart falls fairly", the_dart_falls_fairly },
    { "no dart falls beside", no_dart_falls_beside },
    { "the nucleus of a large vocabulary", the_nucleus_of_a_large_vocabulary },
    { "the best are the best, without allocating", the_best_are_the_best },
    { NULL, NULL },
};
