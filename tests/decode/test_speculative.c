/* test_speculative.c - guessing changes how fast a text is written, and not what
 *
 *      target      F32, F16, int8, int4        4
 *      draft       a second model, int8, int4,
 *                  ngram, planted              5
 *      K           0 … 8, 16, auto            11      660 runs, each with a prompt of
 *      threads     1, 2, 3                     3      its own; proof: each with 20
 *
 * At temperature 0 each of them writes what the target writes alone, byte for byte;
 * and what that is, a loop of the test's own says: the largest logit, fed back. Above
 * 0 the seed and K are the text: not the threads, the chunks or the kernels, nor how
 * many tokens were asked for. */
#include "guessing.h"

enum { PROMPTS = 100, PROMPT_MOST = 32, N = 16, DRAFTS = 5, KS = 11, THREADS = 3,
       CAPACITY = PROMPT_MOST + N };

static const int Ks[KS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, DRAFT_MOST, SPECULATIVE_AUTO };

typedef struct {
    int ids[CAPACITY], count;   /* the prompt; behind it, the true answer    */
    Generated want;             /* by nobody's guesses                       */
    bool known;
} Prompt;

static Prompt prompts[PROMPTS];
static Guesser target, guessers[3];
static Error error;

/* A hundred pieces of the held-out texts, 3 … 31 ids behind the token that begins. */
static void cut_prompts(void)
{
    static const char *const files[] = { "models/heldout/just-so-stories.txt",
                                         "models/heldout/through-the-looking-glass.txt" };
    uint64_t state = 5;

    for (int f = 0; f < 2; f++) {
        size_t length;
        char *text = test_read(files[f], &length);
        Ids ids = {0};

        tokenizer_encode(&ids, dir.tokenizer, text, length, true);
        for (int i = f; i < PROMPTS; i += 2) {
            Prompt *p = &prompts[i];
            uint32_t at = test_random(&state) % (uint32_t)(ids.count - PROMPT_MOST);

            p->count = 4 + i % (PROMPT_MOST - 3);
            memcpy(p->ids, ids.id + at, (size_t)p->count * sizeof *p->ids);
            p->ids[0] = ids.id[0];
        }
        ids_free(&ids);
    }
}

static void open_drafts(void)
{
    static const char *const names[] = { "models/storyteller-draft", "int8", "int4" };

    open_storyteller();
    cut_prompts();
    for (int i = 0; i < 3; i++)
        open_guesser(&guessers[i], names[i]);
}

static void open_format(int number)
{
    static const Format formats[] = { FORMAT_F32, FORMAT_F16, FORMAT_INT8, FORMAT_INT4 };

    if (number < 2)
        open_widened(&target, number == 0 ? DTYPE_F32 : DTYPE_F16);
    else
        open_guesser(&target, number == 2 ? "int8" : "int4");
    expect_int(target.model.weights.format, formats[number]);
}

/* Forget what the last target said. */
static void close_format(void)
{
    for (int i = 0; i < PROMPTS; i++) {
        if (prompts[i].known)
            generated_free(&prompts[i].want);
        prompts[i].known = false;
    }
    close_guesser(&target);
}

static void close_drafts(void)
{
    for (int i = 0; i < 3; i++)
        close_guesser(&guessers[i]);
    close_storyteller();
}

static void open_session(Session *s, int capacity, int chunk, int wide)
{
    expect_ok(session_init_wide(s, &target.model, capacity, chunk, wide, FORMAT_F16,
                                &error), &error);
}

static void same_text(const Generated *a, const Generated *b)
{
    expect_int(a->ids.count, b->ids.count);
    expect(memcmp(a->ids.id, b->ids.id, (size_t)a->ids.count * sizeof(int)) == 0);
    expect_int(a->text.length, b->text.length);
    expect_text(a->text.bytes, b->text.bytes);
    expect_int(a->reason, b->reason);
}

static void write_text(Generated *out, Session *s, const Prompt *p,
                       const SamplingConfig *sampling, Draft *draft, int K, int n)
{
    GenerateOptions o = { .sampling = *sampling, .seed = 9, .n = n, .draft = draft,
                          .guesses = K, .eos = dir.eos, .eos_count = dir.eos_count };

    expect_ok(generate(out, s, dir.tokenizer, p->ids, p->count, &o, &error), &error);
}

/* The answer to a prompt, if it is not known yet. Every tenth is asked for in another
 * way: one id at a time, the largest logit fed back. */
static Prompt *ask(int i)
{
    Prompt *p = &prompts[i];
    Session s;

    if (p->known)
        return p;
    p->known = true;
    parallel_set_threads(1);
    open_session(&s, CAPACITY, 64, 1);
    write_text(&p->want, &s, p, &GREEDY, NULL, 0, N);
    memcpy(p->ids + p->count, p->want.ids.id, (size_t)p->want.ids.count * sizeof(int));
    for (int t = 0; i % 10 == 0 && t < p->count + p->want.ids.count - 1; t++) {
        int best = 0;

        session_cut(&s, t);
        expect_ok(session_feed(&s, &p->ids[t], 1, &error), &error);
        for (int id = 1; id < target.model.config.V; id++)
            best = s.logits[id] > s.logits[best] ? id : best;
        if (t >= p->count - 1)
            expect_int(p->ids[t + 1], best);
    }
    session_free(&s);
    return p;
}

typedef struct {                /* whoever guesses, for one session          */
    ModelDraft model;
    Draft ngram;
    PlantedDraft planted;
    Draft *draft;
} Drafter;

static void open_drafter(Drafter *d, int kind, const Session *s,
                         const SamplingConfig *sampling, int chunk)
{
    DraftSetup setup = setup_for("draft", s, sampling, 9);

    *d = (Drafter){ .ngram = draft_ngram() };
    setup.chunk = chunk;
    d->draft = kind < 3 ? &d->model.draft : kind == 3 ? &d->ngram : &d->planted.draft;
    if (kind < 3)
        expect_ok(draft_model_init(&d->model, &guessers[kind].model, &setup, &error),
                  &error);
}

static void close_drafter(Drafter *d)
{
    if (d->draft == &d->model.draft)
        draft_model_free(&d->model);
}

/* Number i of the DRAFTS · KS · THREADS ways to write with the target that is open,
 * over so many prompts from number first on. */
static void write_greedy(int i, int first, int count)
{
    int K = Ks[i / THREADS % KS];
    Drafter d = {0};
    Session s;

    open_session(&s, CAPACITY, 64, K < 0 ? DRAFT_MOST + 1 : K + 1);
    open_drafter(&d, i / THREADS / KS, &s, &GREEDY, 64);
    for (int j = 0; j < count; j++) {
        Prompt *p = ask((first + j) % PROMPTS);
        Generated got;

        if (d.draft == &d.planted.draft)
            d.planted = draft_planted(p->ids, p->count + p->want.ids.count, 2048, 0.7,
                                      (uint64_t)i);
        parallel_set_threads(1 + i % THREADS);
        write_text(&got, &s, p, &GREEDY, d.draft, K, N);
        same_text(&got, &p->want);
        if (d.draft == &d.planted.draft && K > 3)
            expect(got.acceptance.accepted > 0);
        generated_free(&got);
    }
    close_drafter(&d);
    session_free(&s);
}

TEST(greedy_text_is_the_greedy_text)
{
    open_drafts();
    for (int format = 0; format < 4; format++) {
        open_format(format);
        for (int i = 0; i < DRAFTS * KS * THREADS; i++)
            if (!SANITIZED || i % 4 == format)
                write_greedy(i, i * 7 + format, 1);
        close_format();
    }
    close_drafts();
}

/* Each way with a fifth of the prompts, so each prompt in 33 ways of each format. */
static void cover(int format)
{
    open_drafts();
    open_format(format);
    for (int i = 0; i < DRAFTS * KS * THREADS; i++)
        write_greedy(i, i * 20, 20);
}

TEST(cover_f32)
{
    cover(0);
}

TEST(cover_f16)
{
    cover(1);
}

TEST(cover_int8)
{
    cover(2);
}

TEST(cover_int4)
{
    cover(3);
}

/* --- above temperature 0 ------------------------------------------------------- */

static const SamplingConfig WARM = { 0.8, 0, 0.95, 0, 1 };

typedef struct { int capacity, chunk, threads; const char *kernels; } Way;

static void write_warm(Generated *out, const Way *way, int kind, int K, int n)
{
    Drafter d;
    Session s;

    expect_ok(kernels_choose(way->kernels, &error), &error);
    parallel_set_threads(way->threads);
    open_session(&s, way->capacity, way->chunk, K < 0 ? DRAFT_MOST + 1 : K + 1);
    open_drafter(&d, kind, &s, &WARM, way->chunk);
    write_text(out, &s, &prompts[31], &WARM, d.draft, K, n);
    close_drafter(&d);
    session_free(&s);
}

TEST(the_seed_and_K_are_the_text)
{
    static const Way usual = { CAPACITY, 64, 1, "auto" }, others[] = {
        { CAPACITY, 64, 1, "auto" }, { CAPACITY, 1, 2, "auto" }, { 64, 7, 3, "auto" },
        { 200, 256, 1, "auto" }, { 64, 256, 2, "auto" }, { CAPACITY, 7, 2, "plain" } };
    static const int some[] = { 1, 4, DRAFT_MOST, SPECULATIVE_AUTO };

    open_drafts();
    open_format(1);
    for (int kind = 0; kind < 4; kind++)
        for (int k = 0; k < 4; k++) {
            Generated want;

            write_warm(&want, &usual, kind, some[k], N);
            for (int i = 0; i < 6; i++) {
                int n = i < 5 ? N : 4;          /* the plain kernels are slow */
                Generated got;

                if (i == 5 && (kind != k || SANITIZED))
                    continue;
                write_warm(&got, &others[i], kind, some[k], n);
                expect_int(got.ids.count, n);
                expect(memcmp(got.ids.id, want.ids.id, (size_t)n * sizeof(int)) == 0);
                if (n == N)
                    same_text(&got, &want);
                generated_free(&got);
            }
            generated_free(&want);
        }
}

/* With room for no more than n, or for more: the same beginning. */
TEST(a_short_text_begins_a_longer_one)
{
    static const int lengths[] = { 1, 2, 3, 5, 8, 13 };
    Generated longest, got;

    open_drafts();
    open_format(1);
    for (int kind = 0; kind < 4; kind++)
        for (int k = 0; k < KS; k++) {
            Way way = { CAPACITY, 64, 1, "auto" };

            write_warm(&longest, &way, kind, Ks[k], N);
            expect_int(longest.ids.count, N);
            for (int i = 0; i < 6; i++) {
                way.capacity = i % 2 == 0 ? prompts[31].count + lengths[i] : CAPACITY;
                write_warm(&got, &way, kind, Ks[k], lengths[i]);
                expect_int(got.ids.count, lengths[i]);
                expect(memcmp(got.ids.id, longest.ids.id,
                              (size_t)lengths[i] * sizeof(int)) == 0);
                generated_free(&got);
            }
            generated_free(&longest);
        }
}

TEST(no_guesses_are_plain_sampling)
{
    Way way = { CAPACITY, 64, 1, "auto" };
    Generated plain, got;
    Session s;

    open_drafts();
    open_format(1);
    open_session(&s, CAPACITY, 64, 1);
    write_text(&plain, &s, &prompts[31], &WARM, NULL, 0, N);
    for (int kind = 0; kind < 4; kind++) {
        write_warm(&got, &way, kind, 0, N);
        same_text(&got, &plain);
        expect_int(got.acceptance.rounds, 0);
        generated_free(&got);
    }
    write_text(&got, &s, &prompts[31], &WARM, NULL, 4, N);
    same_text(&got, &plain);
}

/* K of every round is what pace says of the rounds before, where a guess that nobody
 * compared counts for nothing. */
TEST(auto_is_paced_by_what_was_judged)
{
    const Prompt *p = &prompts[31];
    int unread = 0;
    Session s;
    Drafter d;

    open_drafts();
    open_format(0);
    for (int kind = 0; kind < 3; kind++) {
        int end = p->count + 60;
        Speculation text;
        Pace pace;

        open_session(&s, end, 64, DRAFT_MOST + 1);
        open_drafter(&d, kind, &s, &WARM, 64);
        d.draft->bytes /= 8;                /* so cheap that it guesses far  */
        pace_begin(&pace, target.model.weights.bytes, d.draft->bytes, 4);
        expect_ok(session_feed(&s, p->ids, p->count, &error), &error);
        speculation_begin(&text, &s, d.draft, SPECULATIVE_AUTO, &WARM, 9, p->ids,
                          p->count, 60);
        while (text.count < end) {
            int most = end - text.count, accepted;

            expect_ok(speculation_round(&text, most, &error), &error);
            expect_int(text.guess.count, min_int(pace_choose(&pace), most));
            accepted = text.judged.accepted;
            pace_learn(&pace, accepted, min_int(accepted + 1, text.guess.count));
            unread += max_int(text.guess.count - accepted - 1, 0);
        }
        speculation_free(&text);
        close_drafter(&d);
        session_free(&s);
    }
    expect(unread > 0);
}

const Test speculative_tests[] = {
    { "greedy text is the greedy text, whoever guesses", greedy_text_is_the_greedy_text },
    { "the seed and K are the text, however it is computed",
      the_seed_and_K_are_the_text },
    { "a short text is the beginning of a longer one",
      a_short_text_begins_a_longer_one },
    { "no guesses are plain sampling", no_guesses_are_plain_sampling },
    { "auto is paced by what was judged", auto_is_paced_by_what_was_judged },
    { "proof: F32, 165 ways to guess, 20 prompts each", cover_f32 },
    { "proof: F16, 165 ways to guess, 20 prompts each", cover_f16 },
    { "proof: int8, 165 ways to guess, 20 prompts each", cover_int8 },
    { "proof: int4, 165 ways to guess, 20 prompts each", cover_int4 },
    { NULL, NULL },
};
