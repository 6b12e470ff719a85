/* test_speculative_law.c - the law of the text is the target's, counted and not sampled
 *
 *      a toy of V words            p(x | text), q(x | text): fixed tables
 *
 *      text ──► guess x_1 … x_K    each draw: 2^24 darts, how many give which id?
 *                  │
 *                  ▼
 *        speculative_judge         each u and each dart: 2^24 of them, halved until
 *                  │               both ends of an interval give the same answer
 *                  ▼
 *      text + 1 … K + 1 ids        with a weight; again, until all have TOKENS ids
 *
 * No number is drawn here. Every u is one of 2^24, accepting and picking are step
 * functions of it, so that a few halvings count exactly how many of them lead where;
 * the branches of all choices together are the law of the text, which must be
 *
 *      P(a b c …) = p(a) p(b | a) p(c | a b) …                            (1)
 *
 * How near? An interval of length p holds p · 2^24 darts, give or take one. So one
 * token's probability can miss by a dart for each id that may be guessed, one for
 * accepting, one for picking: (V + 2) · 2^-24. Misses of tokens that follow each other
 * add up: TOKENS times that. Mistakes in the algorithm are a hundred times larger,
 * which the last test shows with three of them.
 */
#include "test.h"

#include <math.h>

#include "decode/speculative.h"

/* Four ids, so that a bonus behind three guesses is among them. */
enum { WORDS = 8, TOKENS = 4, LAWS = 1 + 8 + 64 + 512, TEXTS = 8 * 8 * 8 * 8 };

#define DARTS ((uint32_t)1 << 24)
#define LAST (1 - 0x1p-24f)
#define NEAR(V) (TOKENS * ((V) + 2) * 0x1p-24)

typedef enum { ANY, WITH_ZEROS, SAME, DISJOINT, CERTAIN_TARGET } Kind;

typedef void Judge(Judgement *out, const Proposal *guess, TargetLaw *law, void *context,
                   const float *u, const float *dart, bool bonus, double *p, double *r);

typedef struct {
    int V, K;
    bool certain;                       /* the draft; then id[] are its guesses  */
    double p[LAWS][WORDS], q[LAWS][WORDS];  /* by text, see place                */
    int id[LAWS];
} Toy;

/* Texts of fewer than TOKENS ids in a row: "", 0, 1, …, 00, 01, … */
static int place(const int *text, int n, int V)
{
    int at = 0;

    for (int i = 0; i < n; i++)
        at = at * V + 1 + text[i];
    return at;
}

/* The n ids of text number at among those of n ids. */
static void spell(int *text, int at, int n, int V)
{
    for (int t = n - 1; t >= 0; t--, at /= V)
        text[t] = at % V;
}

/* A law of V words; zeros: about one word in three is impossible; only: 0 the words
 * of even number, 1 the odd ones, -1 all; sharp: one word alone. */
static void make_law(double *law, int V, uint64_t *state, bool zeros, int only,
                     bool sharp)
{
    int sure = (int)(test_random(state) % (uint32_t)(V / 2)) * 2 + (only == 1);
    double sum = 0;

    for (int i = 0; i < V; i++) {
        uint32_t r = test_random(state);
        bool out = (zeros && r % 3 == 0) || (only >= 0 && i % 2 != only) || sharp;

        law[i] = out && i != sure ? 0 : pow((r >> 8) * 0x1p-24 + 0x1p-20, 3);
        sum += law[i];
    }
    for (int i = 0; i < V; i++)
        law[i] /= sum;
}

static void make_toy(Toy *toy, int V, int K, Kind kind, bool certain, uint64_t seed)
{
    *toy = (Toy){ .V = V, .K = K, .certain = certain };
    for (int at = 0; at < LAWS; at++) {
        bool zeros = kind == WITH_ZEROS, apart = kind == DISJOINT;

        make_law(toy->p[at], V, &seed, zeros, apart ? 0 : -1, kind == CERTAIN_TARGET);
        make_law(toy->q[at], V, &seed, zeros, apart ? 1 : -1, false);
        if (kind == SAME)
            memcpy(toy->q[at], toy->p[at], sizeof toy->q[at]);
        toy->id[at] = (int)(test_random(&seed) % (uint32_t)V);
        if (certain && apart)
            toy->id[at] = 1;
    }
}

typedef struct {                /* one round from one text, with its numbers     */
    const Toy *toy;
    Judge *judge;
    int text[TOKENS], n;        /* behind which it begins                        */
    Proposal guess;
    bool bonus;
    double q[TOKENS * WORDS];
    float u[TOKENS], dart[TOKENS + 1];
    int at;                     /* the guess whose number is asked about         */
} OneRound;

static void law(void *context, double *p, int i)
{
    const OneRound *round = context;
    int text[2 * TOKENS], V = round->toy->V;

    memcpy(text, round->text, sizeof round->text);
    memcpy(text + round->n, round->guess.ids, (size_t)i * sizeof *text);
    memcpy(p, round->toy->p[place(text, round->n + i, V)], (size_t)V * sizeof *p);
}

static Judgement judged(OneRound *round)
{
    double p[WORDS], r[WORDS];
    Judgement out;

    round->judge(&out, &round->guess, law, round, round->u, round->dart, round->bonus,
                 p, r);
    return out;
}

/* Where does a number lead? Rising with it. */
typedef int Way(void *context, float number);

static int way_accept(void *context, float u)       /* 0: yes                */
{
    OneRound *round = context;

    round->u[round->at] = u;
    return judged(round).accepted <= round->at;
}

static int way_next(void *context, float dart)
{
    OneRound *round = context;

    round->dart[round->at] = dart;
    return judged(round).next;
}

static int way_guess(void *context, float dart)
{
    OneRound *round = context;

    return sampling_pick(round->q + round->at * round->toy->V, round->toy->V, dart);
}

static void halve(double *share, Way *way, void *context, uint32_t from, uint32_t to,
                  int first, int last)
{
    uint32_t middle = from + (to - from) / 2;

    expect(first <= last);
    if (first == last || to - from == 1) {
        share[first] += (to - from) * 0x1p-24;
        return;
    }
    halve(share, way, context, from, middle, first,
          way(context, (float)(middle - 1) * 0x1p-24f));
    halve(share, way, context, middle, to, way(context, (float)middle * 0x1p-24f), last);
}

/* share [WORDS]: of all 2^24 numbers, those that lead there. */
static void shares(double *share, Way *way, void *context)
{
    memset(share, 0, WORDS * sizeof *share);
    halve(share, way, context, 0, DARTS, way(context, 0), way(context, LAST));
}

typedef struct {
    Judge *judge;
    double weight[TOKENS + 1][TEXTS];   /* of each text of n ids                 */
    double guessed, accepted;           /* first guesses of a text               */
} Count;

/* The round's text, i guesses and then id (none: -1) have this weight more. */
static void add(Count *count, const OneRound *round, int i, int id, double weight)
{
    int text[2 * TOKENS + 1], n = round->n + i, at = 0;

    memcpy(text, round->text, sizeof round->text);
    memcpy(text + round->n, round->guess.ids, (size_t)i * sizeof *text);
    if (id >= 0)
        text[n++] = id;
    expect(n > round->n && n <= TOKENS);
    for (int t = 0; t < n; t++)
        at = at * round->toy->V + text[t];
    count->weight[n][at] += weight;
}

/* All ends of a round whose guesses are drawn; weight: of the text and the guesses. */
static void judge_all(Count *count, OneRound *round, double weight)
{
    double share[WORDS], next[WORDS];
    int guesses = round->guess.count, V = round->toy->V;

    for (int i = 0; i < guesses; i++) {
        round->at = i;
        shares(share, way_accept, round);
        if (round->n == 0 && i == 0)
            count->guessed += weight, count->accepted += weight * share[0];
        if (share[1] > 0) {
            round->u[i] = LAST;
            shares(next, way_next, round);
            for (int id = 0; id < V; id++)
                if (next[id] > 0)
                    add(count, round, i, id, weight * share[1] * next[id]);
        }
        weight *= share[0];
        if (weight == 0)
            return;
        round->u[i] = 0;
    }
    if (!round->bonus) {
        expect_int(judged(round).next, -1);
        add(count, round, guesses, -1, weight);
        return;
    }
    round->at = guesses;
    shares(next, way_next, round);
    for (int id = 0; id < V; id++)
        if (next[id] > 0)
            add(count, round, guesses, id, weight * next[id]);
}

/* All ways to draw guess number i and those behind it. */
static void guess_all(Count *count, OneRound *round, int i, double weight)
{
    const Toy *toy = round->toy;
    int text[2 * TOKENS], at;
    double share[WORDS] = {0};

    if (i == round->guess.count) {
        judge_all(count, round, weight);
        return;
    }
    memcpy(text, round->text, sizeof round->text);
    memcpy(text + round->n, round->guess.ids, (size_t)i * sizeof *text);
    at = place(text, round->n + i, toy->V);
    if (toy->certain)
        share[toy->id[at]] = 1;
    else {
        memcpy(round->q + i * toy->V, toy->q[at], (size_t)toy->V * sizeof(double));
        round->at = i;
        shares(share, way_guess, round);
    }
    for (int id = 0; id < toy->V; id++) {
        round->guess.ids[i] = id;
        if (share[id] > 0)
            guess_all(count, round, i + 1, weight * share[id]);
    }
}

/* Rounds from every text, the shorter ones first, until all have TOKENS ids. */
static void count_all(Count *count, const Toy *toy, Judge *judge)
{
    int V = toy->V;

    *count = (Count){ .judge = judge, .weight[0][0] = 1 };
    for (int n = 0, texts = 1; n < TOKENS; n++, texts *= V)
        for (int at = 0; at < texts; at++) {
            OneRound round = { .toy = toy, .judge = judge, .n = n };
            int most = TOKENS - n;

            if (count->weight[n][at] == 0)
                continue;
            spell(round.text, at, n, V);
            round.guess = (Proposal){ .V = V, .count = min_int(toy->K, most),
                                      .certain = toy->certain, .q = round.q };
            round.bonus = round.guess.count < most;
            guess_all(count, &round, 0, count->weight[n][at]);
        }
}

/* The largest miss of (1) over all texts of 1 … TOKENS ids. The weight of a text of
 * fewer is that of all that begin with it. */
static double miss(const Count *count, const Toy *toy)
{
    static double sum[LAWS + TEXTS];    /* by place                              */
    int V = toy->V, texts = (int)pow(V, TOKENS);
    double worst = 0;

    memset(sum, 0, sizeof sum);
    for (int at = 0; at < texts; at++) {
        int text[TOKENS];

        spell(text, at, TOKENS, V);
        for (int n = 1; n <= TOKENS; n++)
            sum[place(text, n, V)] += count->weight[TOKENS][at];
    }
    for (int at = 0; at < texts; at++) {
        int text[TOKENS];
        double want = 1;

        spell(text, at, TOKENS, V);
        for (int n = 1; n <= TOKENS; n++) {
            want *= toy->p[place(text, n - 1, V)][text[n - 1]];
            worst = fmax(worst, fabs(sum[place(text, n, V)] - want));
        }
    }
    return worst;
}

/* Σ min(p, q): how likely the first guess is to stand. */
static double overlap(const Toy *toy)
{
    double sum = 0;

    for (int i = 0; i < toy->V; i++)
        sum += fmin(toy->p[0][i], toy->q[0][i]);
    return toy->certain ? toy->p[0][toy->id[0]] : sum;
}

static Count count;
static Toy toy;

static void expect_law(int V, int K, Kind kind, bool certain, uint64_t seed)
{
    make_toy(&toy, V, K, kind, certain, seed);
    count_all(&count, &toy, speculative_judge);
    expect_close(miss(&count, &toy), 0, NEAR(V));
    expect_close(count.guessed, 1, 1e-12);
    expect_close(count.accepted, overlap(&toy), NEAR(V));
    if (kind == SAME && !certain)
        expect(count.accepted == count.guessed);
    if (kind == DISJOINT)
        expect(count.accepted == 0);
}

TEST(random_tables)
{
    for (uint64_t seed = 0; seed < 60; seed++)
        for (int K = 1; K <= 3; K++)
            for (int kind = ANY; kind <= CERTAIN_TARGET; kind++)
                expect_law(2 + (int)seed % 3, K, (Kind)kind, seed % 5 == 0, seed);
}

TEST(eight_words)
{
    for (int K = 1; K <= 3; K++)
        for (int kind = ANY; kind <= CERTAIN_TARGET; kind++) {
            expect_law(WORDS, K, (Kind)kind, false, 1000);
            expect_law(WORDS, K, (Kind)kind, true, 2000);
        }
}

/* Disjoint supports, and a draft that is certain of an impossible word: no u accepts,
 * and what is drawn from then is p itself. */
TEST(the_residual_of_disjoint_laws_is_p)
{
    static const double p[4] = { 0.5, 0, 0.375, 0.125 }, q[4] = { 0, 1, 0, 0 };
    double r[4];

    expect(!speculative_accept(p, q, 1, 0));
    expect(speculative_residual(r, p, q, 1, 4) == 1);
    expect(memcmp(r, p, sizeof r) == 0);
    expect(!speculative_accept(p, NULL, 1, 0));
    expect(speculative_residual(r, p, NULL, 1, 4) == 1);
    expect(memcmp(r, p, sizeof r) == 0);
}

/* p = q: every u accepts every word, and the residual, which nobody asks for, is p. */
TEST(the_same_law_is_always_accepted)
{
    static const double p[4] = { 0.5, 0, 0.375, 0.125 };
    double r[4];

    for (int x = 0; x < 4; x++)
        if (p[x] > 0)
            expect(speculative_accept(p, p, x, LAST) && speculative_accept(p, p, x, 0));
    expect(speculative_residual(r, p, p, 0, 4) == 0);
    expect(memcmp(r, p, sizeof r) == 0);
    expect(speculative_accept((double[]){ 0, 1 }, NULL, 1, LAST));
    expect(speculative_residual(r, (double[]){ 0, 1 }, NULL, 1, 2) == 0);
    expect(r[0] == 0 && r[1] == 1);
}

/* By hand: min(1, p/q) of 1/4 over 1/2 is one half of the darts, the residual of
 * (1/2, 1/4, 1/4) over (1/4, 1/2, 1/4) is the first word's 1/4. */
TEST(numbers_by_hand)
{
    static const double p[3] = { 0.5, 0.25, 0.25 }, q[3] = { 0.25, 0.5, 0.25 };
    double r[3];

    expect(speculative_accept(p, q, 1, 0.5f - 0x1p-24f));
    expect(!speculative_accept(p, q, 1, 0.5f));
    expect(speculative_accept(p, q, 0, LAST) && speculative_accept(p, q, 2, LAST));
    expect(speculative_accept(p, NULL, 1, 0.25f - 0x1p-24f));
    expect(!speculative_accept(p, NULL, 1, 0.25f));
    expect(speculative_residual(r, p, q, 1, 3) == 0.25);
    expect(r[0] == 0.25 && r[1] == 0 && r[2] == 0);
    expect(speculative_residual(r, p, NULL, 0, 3) == 0.5);
    expect(r[0] == 0 && r[1] == 0.25 && r[2] == 0.25);
    memcpy(r, q, sizeof r);                         /* r may be q            */
    expect(speculative_residual(r, p, r, 1, 3) == 0.25);
    expect(r[0] == 0.25 && r[1] == 0 && r[2] == 0);
}

/* --- the same, wrong --------------------------------------------------------- */

typedef enum { RIGHT, RESIDUAL_IS_P, FORGETS_Q, FIRST_UNVERIFIED, FAULTS } Fault;
static Fault fault;

/* speculative_judge written again, with a fault. */
static void wrong_judge(Judgement *out, const Proposal *guess, TargetLaw *law_of,
                        void *context, const float *u, const float *dart, bool bonus,
                        double *p, double *r)
{
    int V = guess->V;

    *out = (Judgement){ .next = -1 };
    for (int i = 0; i < guess->count; i++) {
        const double *q = proposal_q(guess, i);
        int x = guess->ids[i];
        bool yes;

        law_of(context, p, i);
        yes = speculative_accept(p, fault == FORGETS_Q ? NULL : q, x, u[i]);
        if (!yes && !(fault == FIRST_UNVERIFIED && i == 0)) {
            speculative_residual(r, p, q, x, V);
            out->next = sampling_pick(fault == RESIDUAL_IS_P ? p : r, V, dart[i]);
            return;
        }
        out->accepted++;
    }
    if (bonus) {
        law_of(context, p, guess->count);
        out->next = sampling_pick(p, V, dart[guess->count]);
    }
}

/* One number that decides twice is a fault of whoever throws it: that is met by the
 * samples of test_speculative_samples.c. */
TEST(a_wrong_judge_is_noticed)
{
    for (fault = RIGHT; fault < FAULTS; fault++)
        for (int K = 1; K <= 3; K++) {
            make_toy(&toy, 4, K, ANY, false, 7);
            count_all(&count, &toy, wrong_judge);
            expect((miss(&count, &toy) < NEAR(4)) == (fault == RIGHT));
            expect(fault == RIGHT || miss(&count, &toy) > 100 * NEAR(4));
        }
}

const Test speculative_law_tests[] = {
    { "random tables of 2 to 4 words, counted over all darts", random_tables },
    { "eight words, K 1 to 3, every kind of table", eight_words },
    { "disjoint supports accept never; the residual is p",
      the_residual_of_disjoint_laws_is_p },
    { "p = q accepts always; an empty residual is p",
      the_same_law_is_always_accepted },
    { "numbers by hand", numbers_by_hand },
    { "a wrong judge is noticed", a_wrong_judge_is_noticed },
    { NULL, NULL },
};
