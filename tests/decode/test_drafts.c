/* test_drafts.c - who guesses: what is looked up, planted, and drawn by another model
 *
 * ngram is held against cases by hand and against a search that was written another way;
 * a model's guesses against distributions of a session of the test's own. */
#include "tests/model/tiny.h"

#include <stdlib.h>

#include "base/random.h"
#include "decode/draft_model.h"
#include "decode/speculative.h"

static Error error;

/* --- ngram --------------------------------------------------------------------- */

/* What it guesses behind text [n]; want ends with -1. */
static void expect_ngram(const int *text, int n, int K, const int *want)
{
    Draft draft = draft_ngram();
    Proposal out = { .V = 100 };
    int count = 0;

    while (want[count] >= 0)
        count++;
    expect_ok(draft.propose(&draft, &out, text, n, K, &error), &error);
    expect(out.certain && proposal_q(&out, 0) == NULL);
    expect_int(out.count, count);
    expect(memcmp(out.ids, want, (size_t)count * sizeof *want) == 0);
}

#define LOOK(K, want, ...)                                                    \
    expect_ngram((const int[]){ __VA_ARGS__ },                                \
                 (int)(sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int)), K, want)

TEST(ngram_by_hand)
{
    static const int nothing[] = { -1 }, nine[] = { 9, 2, 3, 8, -1 };
    static const int eight[] = { 8, 1, -1 }, la[] = { 5, 5, 5, 5, 5, -1 };
    static const int two[] = { 1, 2, 1, 2, 1, -1 }, four[] = { 7, 1, 2, 7, 1, 2, -1 };

    LOOK(4, nine, 1, 2, 3, 9, 2, 3, 8, 1, 2, 3);    /* the longest           */
    LOOK(2, eight, 1, 2, 7, 1, 2, 8, 1, 2);         /* the latest            */
    LOOK(5, la, 3, 5, 5, 5);                        /* goes on for ever      */
    LOOK(5, two, 1, 2, 1, 2, 1, 2);
    LOOK(6, four, 1, 2, 7, 1, 2);
    LOOK(4, nothing, 1, 2, 3, 4, 1);                /* one id is no match    */
    LOOK(4, nothing, 1, 2, 3, 4, 5);
    LOOK(4, nothing, 5, 5);                         /* nothing stands before */
    LOOK(4, nothing, 5);
    expect_ngram(NULL, 0, 4, nothing);
}

/* Longer than eight is as good as eight: then the latest. */
TEST(ngram_looks_no_farther_than_eight)
{
    int text[40], n = 0;

    for (int i = 0; i < 10; i++)                    /* 10 … 19, then 50      */
        text[n++] = 10 + i;
    text[n++] = 50;
    for (int i = 2; i < 10; i++)                    /* the last eight, then 60 */
        text[n++] = 10 + i;
    text[n++] = 60;
    for (int i = 0; i < 10; i++)
        text[n++] = 10 + i;
    expect_ngram(text, n, 1, (const int[]){ 60, -1 });
}

/* The definition, tried for all lengths and places: the longest of 8 … 2 ids that end
 * the text and stand in it before, and of those the latest. */
static int slow_match(const int *text, int n)
{
    for (int length = 8; length >= 2; length--)
        for (int at = n - 1 - length; at >= 0; at--)
            if (memcmp(text + at, text + n - length, (size_t)length * sizeof *text) == 0)
                return at + length;
    return -1;
}

TEST(ngram_is_its_definition)
{
    Draft draft = draft_ngram();
    uint64_t state = 1;
    int found = 0;

    for (int round = 0; round < 3000; round++) {
        int text[80 + DRAFT_MOST], n = (int)(test_random(&state) % 80);
        int words = 2 + round % 9, K = 1 + round % DRAFT_MOST, at;
        Proposal out = { .V = 100 };

        for (int i = 0; i < n; i++)
            text[i] = (int)(test_random(&state) % (uint32_t)words);
        at = slow_match(text, n);
        expect_ok(draft.propose(&draft, &out, text, n, K, &error), &error);
        expect_int(out.count, at < 0 ? 0 : K);
        for (int i = 0; i < out.count; i++) {       /* into the guess itself */
            text[n + i] = text[at + i];
            expect_int(out.ids[i], text[n + i]);
        }
        found += at >= 0;
    }
    expect(found > 1000 && found < 3000);
}

/* --- planted -------------------------------------------------------------------- */

TEST(planted_is_right_as_often_as_said)
{
    enum { N = 100000, V = 50 };
    static const double often[] = { 0, 0.5, 0.7, 0.9, 1 };
    static int truth[N];
    uint64_t state = 6;

    for (int i = 0; i < N; i++)
        truth[i] = (int)(test_random(&state) % V);
    for (int p = 0; p < 5; p++) {
        PlantedDraft d = draft_planted(truth, N, V, often[p], 11);
        double right = 0, deviation = sqrt(often[p] * (1 - often[p]) / N);

        for (int i = 0; i < N; i++) {
            int id = planted_id(&d, i);

            expect(id >= 0 && id < V && planted_id(&d, i) == id);
            right += id == truth[i];
        }
        expect_close(right / N, often[p], 4 * deviation);
        expect_int(planted_id(&d, N), -1);
    }
}

TEST(planted_proposes_up_to_its_end)
{
    static const int truth[] = { 4, 3, 2, 1, 0 };
    PlantedDraft d = draft_planted(truth, 5, 9, 1, 0);
    Proposal out = { .V = 9 };

    expect_ok(d.draft.propose(&d.draft, &out, truth, 2, 8, &error), &error);
    expect(out.certain && out.count == 3);
    expect(memcmp(out.ids, truth + 2, 3 * sizeof *truth) == 0);
    expect_ok(d.draft.propose(&d.draft, &out, truth, 5, 8, &error), &error);
    expect_int(out.count, 0);
}

/* --- a model ------------------------------------------------------------------- */

enum { CAPACITY = 60, WORDS = 37 };

static const SamplingConfig GREEDY = { .top_p = 1, .repeat_penalty = 1 };
static const SamplingConfig WARM = { 0.8, 0, 0.95, 0, 1.1 };
static TinyModel target, guesser;
static int text[CAPACITY];

/* A target of WORDS words; a draft with V rows, or with a context of its own. */
static void open_models(int V, int context)
{
    Tiny shape = TINY, other = { .V = V, .E = 16, .L = 1, .H = 2, .K = 1, .D = 8, .F = 20,
                                 .dtype = DTYPE_F32 };
    uint64_t state = 2;

    expect_int(shape.V, WORDS);
    tiny_open(&target, &shape);
    tiny_open(&guesser, &other);
    if (context > 0)
        guesser.model.config.context = context;
    for (int i = 0; i < CAPACITY; i++)
        text[i] = (int)(test_random(&state) % 25);
}

static void close_models(void)
{
    tiny_close(&target);
    tiny_close(&guesser);
}

static void open_draft(ModelDraft *d, const SamplingConfig *sampling, int tokens,
                       Proposal *out)
{
    DraftSetup setup = { .name = "tiny", .V = WORDS, .tokens = tokens,
                         .capacity = CAPACITY, .chunk = 8, .kv = FORMAT_F32,
                         .sampling = *sampling, .seed = 21 };

    expect_ok(draft_model_init(d, &guesser.model, &setup, &error), &error);
    expect(d->draft.certain == (sampling->temperature == 0));
    proposal_init(out, DRAFT_MOST, WORDS, d->draft.certain);
}

static void close_draft(ModelDraft *d, Proposal *out)
{
    draft_model_free(d);
    proposal_free(out);
}

static void propose(ModelDraft *d, Proposal *out, int n, int K)
{
    expect_ok(d->draft.propose(&d->draft, out, text, n, K, &error), &error);
}

/* Each guess is drawn from the draft's own distribution of what comes behind the text
 * and the guesses before it, by the position's number. */
TEST(a_guess_is_drawn_from_its_q)
{
    SamplingWork work;
    ModelDraft d;
    Proposal out;
    Session s;

    open_models(WORDS, 0);
    sampling_work_init(&work, WORDS);
    open_draft(&d, &WARM, WORDS, &out);
    for (int n = 1; n < 20; n++) {
        int all[CAPACITY];

        propose(&d, &out, n, 6);
        expect_int(out.count, 6);
        memcpy(all, text, sizeof all);
        expect_ok(session_init(&s, &guesser.model, CAPACITY, 64, FORMAT_F32, &error),
                  &error);
        expect_ok(session_feed(&s, all, n, &error), &error);
        for (int i = 0; i < 6; i++) {
            sampling_distribution(work.p, s.logits, WORDS, all, n + i, &WARM, &work);
            expect(memcmp(proposal_q(&out, i), work.p, WORDS * sizeof(double)) == 0);
            expect_int(out.ids[i], sampling_pick(work.p, WORDS,
                       random_uniform(21, 0, (uint32_t)(n + i), DRAW_GUESS)));
            all[n + i] = out.ids[i];
            expect_ok(session_feed(&s, &all[n + i], 1, &error), &error);
        }
        session_free(&s);
        d.draft.settle(&d.draft, text, n + 1);
    }
    sampling_work_free(&work);
    close_draft(&d, &out);
    close_models();
}

TEST(few_guesses_begin_many)
{
    ModelDraft d;
    Proposal few, many;

    open_models(WORDS, 0);
    open_draft(&d, &WARM, WORDS, &many);
    proposal_init(&few, DRAFT_MOST, WORDS, false);
    for (int n = 1; n < 12; n++) {
        propose(&d, &many, n, DRAFT_MOST);
        for (int K = 1; K < DRAFT_MOST; K++) {
            propose(&d, &few, n, K);
            expect_int(few.count, K);
            expect(memcmp(few.ids, many.ids, (size_t)K * sizeof(int)) == 0);
            expect(memcmp(few.q, many.q, (size_t)K * WORDS * sizeof(double)) == 0);
        }
    }
    proposal_free(&few);
    close_draft(&d, &many);
    close_models();
}

/* Rows that pad the draft's vocabulary, or the target's, are no tokens: never guessed,
 * and q is 0 there. */
TEST(padded_rows_are_never_guessed)
{
    static const struct { int V, tokens, least; } cases[] = { { 45, 30, 30 },
        { 45, 45, WORDS }, { 45, WORDS, WORDS }, { 29, 33, 29 }, { WORDS, 26, 26 } };
    static const SamplingConfig hot = { 50, 0, 1, 0, 1 };

    for (int c = 0; c < 5; c++)
        for (int way = 0; way < 2; way++) {
            int seen[64] = {0}, hits = 0;
            ModelDraft d;
            Proposal out;

            open_models(cases[c].V, 0);
            open_draft(&d, way == 0 ? &GREEDY : &hot, cases[c].tokens, &out);
            expect_int(d.V, cases[c].least);
            for (int n = 1; n < 40; n++) {
                propose(&d, &out, n, 12);
                for (int i = 0; i < out.count; i++) {
                    double sum = 0;

                    expect(out.ids[i] >= 0 && out.ids[i] < cases[c].least);
                    seen[out.ids[i]]++;
                    for (int id = 0; way == 1 && id < WORDS; id++) {
                        expect((proposal_q(&out, i)[id] > 0) == (id < cases[c].least));
                        sum += proposal_q(&out, i)[id];
                    }
                    if (way == 1)
                        expect_close(sum, 1, 1e-12);
                }
            }
            for (int id = 0; id < cases[c].least; id++)
                hits += seen[id] > 0;
            expect(way == 0 || hits > cases[c].least / 2);
            close_draft(&d, &out);
            close_models();
        }
}

/* The target said an id that the draft's model does not have: no guess, and no error. */
TEST(an_id_that_the_draft_lacks_ends_guessing)
{
    ModelDraft d;
    Proposal out;

    open_models(29, 0);
    open_draft(&d, &WARM, 29, &out);
    propose(&d, &out, 10, 4);
    expect_int(out.count, 4);
    text[10] = 29;
    propose(&d, &out, 11, 4);
    expect_int(out.count, 0);
    expect_ok(d.draft.read(&d.draft, text, 11, &error), &error);
    propose(&d, &out, 20, 4);
    expect_int(out.count, 0);
    text[10] = 28;
    propose(&d, &out, 11, 4);
    expect_int(out.count, 4);
    close_draft(&d, &out);
    close_models();
}

/* Its context has 20 positions: the last guess needs none, so 21 ids in all. */
TEST(a_shorter_context_ends_guessing)
{
    ModelDraft d;
    Proposal out;

    open_models(WORDS, 20);
    open_draft(&d, &WARM, WORDS, &out);
    expect_int(d.session.capacity, 20);
    for (int n = 10; n < 30; n++) {
        propose(&d, &out, n, 6);
        expect_int(out.count, n > 20 ? 0 : min_int(6, 21 - n));
        expect_ok(d.draft.read(&d.draft, text, n, &error), &error);
        d.draft.settle(&d.draft, text, n);
    }
    close_draft(&d, &out);
    close_models();
}

/* settle forgets what did not come true, and nothing else. */
TEST(settling_keeps_the_common_beginning)
{
    ModelDraft d;
    Proposal out;
    size_t fed;

    open_models(WORDS, 0);
    open_draft(&d, &GREEDY, WORDS, &out);
    propose(&d, &out, 10, 5);
    expect_int(d.session.length, 14);       /* the fifth was only said       */
    text[10] = out.ids[0], text[11] = out.ids[1];
    text[12] = (out.ids[2] + 1) % 25;
    d.draft.settle(&d.draft, text, 13);
    expect_int(d.session.length, 12);
    fed = d.session.fed;
    propose(&d, &out, 13, 5);
    expect_int(d.session.fed - fed, 5);     /* text[12], and four guesses    */
    close_draft(&d, &out);
    close_models();
}

/* Whoever guesses, of whatever V and context: the target's greedy text. */
TEST(odd_drafts_change_no_text)
{
    static const struct { int V, tokens, context; } cases[] = { { 45, WORDS, 0 },
        { 29, 29, 0 }, { WORDS, 30, 0 }, { WORDS, WORDS, 20 }, { 29, 29, 15 } };
    enum { FROM = 6, TO = 50 };

    for (int c = 0; c < 5; c++)
        for (int K = 1; K <= DRAFT_MOST; K += 5) {
            int want[TO];
            ModelDraft d;
            Proposal unused;
            Speculation s;
            Session session;

            open_models(cases[c].V, cases[c].context);
            memcpy(want, text, sizeof want);
            expect_ok(session_init_wide(&session, &target.model, CAPACITY, 64, K + 1,
                                        FORMAT_F32, &error), &error);
            for (int n = FROM; n < TO; n++) {
                want[n] = 0;
                expect_ok(session_goto(&session, want, n, &error), &error);
                for (int id = 1; id < WORDS; id++)
                    if (session.logits[id] > session.logits[want[n]])
                        want[n] = id;
            }
            expect_ok(session_goto(&session, text, FROM, &error), &error);
            open_draft(&d, &GREEDY, cases[c].tokens, &unused);
            speculation_begin(&s, &session, &d.draft, K, &GREEDY, 0, text, FROM,
                              TO - FROM);
            while (s.count < TO)
                expect_ok(speculation_round(&s, TO - s.count, &error), &error);
            expect(memcmp(s.text, want, sizeof want) == 0);
            speculation_free(&s);
            session_free(&session);
            close_draft(&d, &unused);
            close_models();
        }
}

/* A model that is only there for its cost: its ids are the planted ones. */
TEST(planted_in_a_model)
{
    PlantedDraft plan;
    ModelDraft d;
    Proposal out = { .V = WORDS };
    DraftSetup setup = { .name = "tiny", .V = WORDS, .tokens = WORDS, .chunk = 8,
                         .capacity = CAPACITY, .kv = FORMAT_F32, .sampling = WARM,
                         .planted = &plan };

    open_models(WORDS, 0);
    plan = draft_planted(text, 40, WORDS, 0.6, 4);
    expect_ok(draft_model_init(&d, &guesser.model, &setup, &error), &error);
    expect(d.draft.certain && d.draft.bytes == guesser.model.weights.bytes);
    for (int n = 1; n < 45; n++) {
        propose(&d, &out, n, 4);
        expect_int(out.count, max_int(0, min_int(4, 40 - n)));
        expect(out.certain);
        for (int i = 0; i < out.count; i++)
            expect_int(out.ids[i], planted_id(&plan, n + i));
        expect(n >= 40 || d.session.length >= n);   /* it did read           */
    }
    draft_model_free(&d);
    close_models();
}

const Test drafts_tests[] = {
    { "ngram: cases by hand", ngram_by_hand },
    { "ngram: looks no farther than eight", ngram_looks_no_farther_than_eight },
    { "ngram: is its definition", ngram_is_its_definition },
    { "planted: right as often as said", planted_is_right_as_often_as_said },
    { "planted: proposes up to its end", planted_proposes_up_to_its_end },
    { "a model's guess is drawn from its q", a_guess_is_drawn_from_its_q },
    { "few guesses are the beginning of many", few_guesses_begin_many },
    { "padded rows are never guessed", padded_rows_are_never_guessed },
    { "an id that the draft lacks ends guessing",
      an_id_that_the_draft_lacks_ends_guessing },
    { "a shorter context ends guessing", a_shorter_context_ends_guessing },
    { "settling keeps the common beginning", settling_keeps_the_common_beginning },
    { "odd drafts change no text", odd_drafts_change_no_text },
    { "planted ids in a model", planted_in_a_model },
    { NULL, NULL },
};
