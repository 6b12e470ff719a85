/* test_speculative_samples.c - a hundred thousand texts of two tokens by the tiny pair
 *
 *      seed 0 … 99,999        each writes two tokens behind "Once upon a time"
 *         │                   by the engine's own keyed numbers
 *         ▼
 *      "once" "there"   seen 317     expected 100,000 · p(a) p(b | a) = 309.8
 *      "once" "was"     seen 120     …                                          χ²
 *
 * The counted law (test_speculative_law.c) takes for granted that the numbers of a text
 * are independent of each other; here they are those that the engine really throws. A
 * pass of a model for every sample would take minutes, and there are only some hundred
 * first tokens: so each text's distributions are computed once and kept. That those
 * samples are the ones that the sessions write is looked at for some seeds.
 */
#include "guessing.h"

#include <stdlib.h>

#include "base/random.h"
#include "chi_square.h"

enum { WORDS = 2048, TWO = 2 };

static const char PROMPT[] = "Once upon a time";

typedef struct {                /* p(… | prompt), and behind each first token */
    Session s;
    const Model *model;
    double *first, *second[WORDS];
} Laws;

typedef struct {
    Ids prompt;
    Laws target, draft;
    bool certain;               /* the draft proposes its best, q is 1       */
    SamplingConfig sampling;
    SamplingWork work;
    int K;
} Pair;

static double *law_here(const Pair *pair, Laws *laws)
{
    Session *s = &laws->s;
    double *p = malloc(WORDS * sizeof *p);
    SamplingWork work = pair->work;

    expect(p != NULL);
    sampling_distribution(p, s->logits, WORDS, s->ids, s->length, &pair->sampling, &work);
    return p;
}

static void laws_open(const Pair *pair, Laws *laws, const Model *of)
{
    Error error = {0};

    *laws = (Laws){ .model = of };
    expect_int(of->config.V, WORDS);
    expect_ok(session_init(&laws->s, of, pair->prompt.count + 1, 64, FORMAT_F16, &error),
              &error);
    expect_ok(session_feed(&laws->s, pair->prompt.id, pair->prompt.count, &error),
              &error);
    laws->first = law_here(pair, laws);
}

/* Behind the prompt and the first id, if there is one (first >= 0). */
static const double *law_of(const Pair *pair, Laws *laws, int first)
{
    Error error = {0};

    if (first < 0)
        return laws->first;
    if (laws->second[first] == NULL) {
        session_cut(&laws->s, pair->prompt.count);
        expect_ok(session_feed(&laws->s, &first, 1, &error), &error);
        laws->second[first] = law_here(pair, laws);
    }
    return laws->second[first];
}

static int best_of(const double *p)
{
    int best = 0;

    for (int i = 1; i < WORDS; i++)
        if (p[i] > p[best])
            best = i;
    return best;
}

typedef struct {
    Pair *pair;
    const int *text;            /* [n] behind the prompt, guesses too        */
    int n;
} Place;

static void target_law(void *context, double *p, int i)
{
    const Place *place = context;

    memcpy(p, law_of(place->pair, &place->pair->target,
                     place->n + i == 0 ? -1 : place->text[0]), WORDS * sizeof *p);
}

static float number(const Pair *pair, uint64_t seed, int at, uint32_t draw)
{
    return random_uniform(seed, 0, (uint32_t)(pair->prompt.count + at), draw);
}

/* One round behind text [n]: guess, judge, append; returns the new n. accept_by: which
 * number accepts. */
static int sample_round(Pair *pair, uint64_t seed, int *text, int n, uint32_t accept_by)
{
    static double q[TWO * WORDS], p[WORDS], r[WORDS];
    Proposal guess = { .V = WORDS, .certain = pair->certain, .q = q };
    Place place = { pair, text, n };
    float u[TWO], dart[TWO + 1];
    Judgement out;

    for (int i = 0; i < min_int(pair->K, TWO - n); i++) {
        const double *law = law_of(pair, &pair->draft, n + i == 0 ? -1 : text[0]);

        memcpy(q + i * WORDS, law, WORDS * sizeof *law);
        guess.ids[i] = pair->certain ? best_of(law)
                     : sampling_pick(law, WORDS, number(pair, seed, n + i, DRAW_GUESS));
        text[n + i] = guess.ids[i];
        u[i] = number(pair, seed, n + i, accept_by);
        guess.count++;
    }
    for (int i = 0; i <= guess.count; i++)
        dart[i] = number(pair, seed, n + i, DRAW_PICK);
    speculative_judge(&out, &guess, target_law, &place, u, dart, guess.count < TWO - n,
                      p, r);
    if (out.next >= 0)
        text[n + out.accepted] = out.next;
    return n + out.accepted + (out.next >= 0);
}

static void sample(Pair *pair, uint64_t seed, int *text, uint32_t accept_by)
{
    for (int n = 0; n < TWO; )
        n = sample_round(pair, seed, text, n, accept_by);
}

/* The p-value of samples texts: a cell for each pair of tokens that is expected five
 * times; the rest of each first token's together. */
static double p_value(Pair *pair, int samples, uint32_t accept_by, ChiSquare *chi)
{
    int *seen = calloc((size_t)WORDS * WORDS, sizeof *seen);

    *chi = (ChiSquare){0};
    expect(seen != NULL);
    for (int seed = 0; seed < samples; seed++) {
        int text[TWO];

        sample(pair, (uint64_t)seed, text, accept_by);
        seen[text[0] * WORDS + text[1]]++;
    }
    for (int a = 0; a < WORDS; a++) {
        double expected = samples * pair->target.first[a];
        double rest = expected, others = 0;

        if (expected >= 5) {
            const double *behind = law_of(pair, &pair->target, a);

            for (int b = 0; b < WORDS; b++)
                if (expected * behind[b] >= 5) {
                    chi_cell(chi, seen[a * WORDS + b], expected * behind[b]);
                    rest -= expected * behind[b];
                    seen[a * WORDS + b] = 0;
                }
        }
        for (int b = 0; b < WORDS; b++)
            others += seen[a * WORDS + b];
        chi_cell(chi, others, fmax(rest, 0));
    }
    free(seen);
    return chi_p_value(chi);
}

static Guesser guesser;

static void pair_open(Pair *pair, const char *draft, const SamplingConfig *sampling,
                      int K, bool certain)
{
    *pair = (Pair){ .sampling = *sampling, .K = K, .certain = certain };
    open_storyteller();
    open_guesser(&guesser, draft);
    sampling_work_init(&pair->work, WORDS);
    tokenizer_encode(&pair->prompt, dir.tokenizer, PROMPT, strlen(PROMPT), true);
    laws_open(pair, &pair->target, &model);
    laws_open(pair, &pair->draft, &guesser.model);
}

static const SamplingConfig PLAIN_SAMPLING = { 1, 0, 1, 0, 1 };
static const SamplingConfig USUAL = { 0.8, 0, 0.95, 0, 1 };
static Pair pair;
static ChiSquare chi;

/* Percentiles of printed tables (Abramowitz and Stegun, table 26.8); and Q(1, x) is
 * e^-x, Q(1/2, x) the error function's complement at √x. */
TEST(chi_square_is_that_of_the_tables)
{
    static const struct { int freedom; double x, p; } printed[] = {
        { 1, 3.84146, 0.05 }, { 1, 10.828, 0.001 }, { 2, 9.21034, 0.01 },
        { 5, 15.0863, 0.01 }, { 10, 18.3070, 0.05 }, { 10, 3.94030, 0.95 },
        { 30, 59.7031, 0.001 }, { 100, 124.342, 0.05 }, { 100, 77.9295, 0.95 },
        { 100, 149.449, 0.001 },
    };

    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++)
        expect_relative(upper_gamma(printed[i].freedom / 2.0, printed[i].x / 2),
                        printed[i].p, 5e-4);
    for (double x = 0.01; x < 40; x *= 1.7) {
        expect_relative(upper_gamma(1, x), exp(-x), 1e-10);
        expect_relative(upper_gamma(0.5, x), erfc(sqrt(x)), 1e-9);
    }
    for (double a = 50; a < 3000; a *= 3)   /* Q(a+1, x) - Q(a, x) = x^a e^-x / Γ(a+1) */
        for (double x = a * 0.9; x < a * 1.2; x += a * 0.07)
            expect_close(upper_gamma(a + 1, x) - upper_gamma(a, x),
                         exp(a * log(x) - x - lgamma(a + 1)), 1e-11);
}

TEST(two_tokens_have_the_law_of_the_target)
{
    pair_open(&pair, "models/storyteller-draft", &PLAIN_SAMPLING, 4, false);
    expect(p_value(&pair, SANITIZED ? 5000 : 100000, DRAW_ACCEPT, &chi) > 1e-4);
    expect(chi.cells > (SANITIZED ? 50 : 500));
}

TEST(the_same_with_one_guess_and_filters)
{
    pair_open(&pair, "models/storyteller-draft", &USUAL, 1, false);
    expect(p_value(&pair, 20000, DRAW_ACCEPT, &chi) > 1e-4);
}

/* A draft that is certain, as ngram and a planted one are: its best word. */
TEST(the_same_with_a_certain_draft)
{
    pair_open(&pair, "models/storyteller-draft", &PLAIN_SAMPLING, 2, true);
    expect(p_value(&pair, 20000, DRAW_ACCEPT, &chi) > 1e-4);
}

/* The number that drew the guess accepts it, too: the law is another one. So is it
 * when the number that replaces a guess was used to refuse it. */
TEST(a_number_used_twice_is_noticed)
{
    pair_open(&pair, "models/storyteller-draft", &PLAIN_SAMPLING, 4, false);
    expect(p_value(&pair, 5000, DRAW_GUESS, &chi) < 1e-4);
    expect(p_value(&pair, 5000, DRAW_PICK, &chi) < 1e-4);
    expect(p_value(&pair, 5000, DRAW_ACCEPT, &chi) > 1e-4);
}

/* Two tokens by sessions and rounds: what speculation_round really writes. */
static void write_two(Pair *of, Session *target, Draft *draft, int K, uint64_t seed,
                      int *text)
{
    Speculation s;
    Error error = {0};
    int n = of->prompt.count;

    expect_ok(session_goto(target, of->prompt.id, n, &error), &error);
    speculation_begin(&s, target, draft, K, &of->sampling, seed, of->prompt.id, n, TWO);
    while (s.count < n + TWO)
        expect_ok(speculation_round(&s, n + TWO - s.count, &error), &error);
    memcpy(text, s.text + n, TWO * sizeof *text);
    speculation_free(&s);
}

TEST(sessions_write_these_samples)
{
    static const SamplingConfig *const ways[] = { &PLAIN_SAMPLING, &USUAL };
    Session target;
    ModelDraft d;
    Error error = {0};

    for (int way = 0; way < 2; way++) {
        pair_open(&pair, "models/storyteller-draft", ways[way], 4, false);
        expect_ok(session_init_wide(&target, &model, 20, 64, 5, FORMAT_F16, &error),
                  &error);
        for (uint64_t seed = 0; seed < 200; seed++) {
            DraftSetup setup = setup_for("draft", &target, ways[way], seed);
            int want[TWO], got[TWO];

            expect_ok(draft_model_init(&d, &guesser.model, &setup, &error), &error);
            sample(&pair, seed, want, DRAW_ACCEPT);
            write_two(&pair, &target, &d.draft, 4, seed, got);
            expect(memcmp(got, want, sizeof got) == 0);
            draft_model_free(&d);
        }
        session_free(&target);
        close_guesser(&guesser);
        close_storyteller();
    }
}

static void proof(const char *draft, const SamplingConfig *sampling, int K)
{
    pair_open(&pair, draft, sampling, K, false);
    expect(p_value(&pair, 100000, DRAW_ACCEPT, &chi) > 1e-4);
}

TEST(proof_usual)
{
    proof("models/storyteller-draft", &USUAL, 2);
}

TEST(proof_int4)
{
    proof("int4", &PLAIN_SAMPLING, 4);
}

const Test speculative_samples_tests[] = {
    { "chi-square is that of the tables", chi_square_is_that_of_the_tables },
    { "100,000 texts of two tokens have the target's law",
      two_tokens_have_the_law_of_the_target },
    { "one guess, temperature 0.8, top-p 0.95", the_same_with_one_guess_and_filters },
    { "a draft that is certain", the_same_with_a_certain_draft },
    { "a number used twice is noticed", a_number_used_twice_is_noticed },
    { "sessions write these samples", sessions_write_these_samples },
    { "proof: 100,000 texts, temperature 0.8, top-p 0.95, K 2", proof_usual },
    { "proof: 100,000 texts, int4 guesses", proof_int4 },
    { NULL, NULL },
};
