/* test_speculative_text.c - a text ends, is shown and is counted as if nobody guessed
 *
 *      plain      once there was a man who had a son | who
 *                                            ▲       │
 *      guessed    [once there was a man who] [had a son who was …]
 *                                            └─ the end falls into a round
 *
 * Each test writes one text plainly, and then again with drafts that are always, often
 * and hardly ever right, few and many at a time; everything that a listener, a report
 * and the next turn could see must be the same. The plain text is judged by
 * test_generate.c. */
#include "scripted.h"           /* before guessing.h has a model              */

#include <stdlib.h>

#include "guessing.h"
#include "recount.h"

enum { ROOM = 256, KINDS = 5 };

typedef struct {
    Text text;
    int calls, bad;             /* pieces that were not UTF-8 by themselves  */
    size_t first, last;         /* memory_count() at the first and last call */
} Heard;

typedef struct {                /* one text, and all that is seen of it      */
    Generated g;
    Heard heard;
    bool fine;
    int length;                 /* where its session stands                  */
    Error error;
} Written;

static const Model *who;        /* the target                                */
static Ids prompt;
static int truth[ROOM], known;  /* behind the prompt; truth of a plain run   */
static Guesser int4;
static const Watch *watch, *draft_watch;
static Error error;

static void hear(void *context, const char *text, size_t length)
{
    Heard *heard = context;

    heard->last = memory_count();
    if (heard->calls++ == 0)
        heard->first = heard->last;
    heard->bad += utf8_check(text, length) != length;
    expect(heard->text.length + length < heard->text.room);
    memcpy(heard->text.bytes + heard->text.length, text, length);
    heard->text.length += length;
}

/* What the session holds is the prompt and the answer without its last id. */
static void expect_place(const Session *s, const Generated *g)
{
    int n = prompt.count + max_int(g->ids.count - 1, 0);

    expect_int(s->length, n);
    expect_int(s->cache.length, n);
    expect(memcmp(s->ids, prompt.id, (size_t)prompt.count * sizeof(int)) == 0);
    expect(memcmp(s->ids + prompt.count, g->ids.id,
                  (size_t)(n - prompt.count) * sizeof(int)) == 0);
}

static void write_text(Written *out, GenerateOptions o, Draft *draft, int K,
                       int capacity)
{
    Session s;

    *out = (Written){ .heard.text.room = 1 << 14 };
    out->heard.text.bytes = calloc(out->heard.text.room, 1);
    o.draft = draft, o.guesses = K, o.show = hear, o.context = &out->heard;
    o.curious = true;
    expect_ok(session_init_wide(&s, who, capacity, 64, DRAFT_MOST + 1, FORMAT_F16,
                                &error), &error);
    s.watch = watch;
    out->fine = generate(&out->g, &s, dir.tokenizer, prompt.id, prompt.count, &o,
                         &out->error);
    out->length = s.length;
    if (out->fine)
        expect_place(&s, &out->g);
    session_free(&s);
}

static void forget(Written *w)
{
    generated_free(&w->g);
    free(w->heard.text.bytes);
}

static void expect_same(const Written *got, const Written *want)
{
    size_t ids = (size_t)want->g.ids.count;

    expect_int(got->fine, want->fine);
    expect_int(got->g.ids.count, want->g.ids.count);
    expect(memcmp(got->g.ids.id, want->g.ids.id, ids * sizeof(int)) == 0);
    expect_int(got->g.reason, want->g.reason);
    expect_text(got->g.text.bytes, want->g.text.bytes);
    expect_text(got->heard.text.bytes, want->g.text.bytes);
    expect_int(got->heard.bad, 0);
    expect_int(got->length, want->length);
    expect_int(got->g.logprobs, want->g.logprobs);
    if (want->g.logprobs > 0) {
        expect_same_bits(got->g.logprob, want->g.logprob, (int)ids);
        expect(memcmp(got->g.best, want->g.best, ids * (size_t)want->g.logprobs
                                                 * sizeof *want->g.best) == 0);
    }
}

/* Who guesses: 0 is always right, 1 mostly, 2 never, 3 looks it up, 4 is storyteller in
 * int4 (for storyteller only). */
static void guess_text(Written *out, const GenerateOptions *o, int kind, int K,
                       int capacity)
{
    static const double right[] = { 1, 0.7, 0 };
    PlantedDraft planted;
    ModelDraft model_draft = {0};
    Draft ngram = draft_ngram(), *draft = kind < 3 ? &planted.draft : &ngram;

    if (kind < 3)
        planted = draft_planted(truth, prompt.count + known, 2048, right[kind], 2);
    if (kind == 4) {
        Session shape = { .model = who, .capacity = capacity };
        DraftSetup setup = setup_for("int4", &shape, &o->sampling, o->seed);

        expect_ok(draft_model_init(&model_draft, &int4.model, &setup, &error), &error);
        model_draft.session.watch = draft_watch;
        draft = &model_draft.draft;
    }
    write_text(out, *o, draft, K, capacity);
    draft_model_free(&model_draft);
}

/* The same options with nobody, and with everybody. */
static void same_for_all(GenerateOptions o, int capacity)
{
    static const int Ks[] = { 3, DRAFT_MOST };
    Written want, got;
    int end;

    o.sampling.temperature = 0;
    write_text(&want, o, NULL, 0, capacity);
    expect(want.fine);
    end = min_int(prompt.count + known, ROOM);
    for (int kind = 0; kind < (who == &model ? KINDS : 4); kind++)
        for (int k = 0; k < (SANITIZED ? 1 : 2); k++) {     /* it takes its time  */
            guess_text(&got, &o, kind, Ks[k], capacity);
            expect_same(&got, &want);
            recount(&got.g, dir.tokenizer, prompt.id, prompt.count, truth + prompt.count,
                    end - prompt.count);
            forget(&got);
        }
    forget(&want);
}

/* Write far enough to know what comes: into truth, behind the prompt. */
static void learn(GenerateOptions o)
{
    Written w;

    o.n = min_int(100, ROOM - prompt.count);
    write_text(&w, o, NULL, 0, ROOM);
    memcpy(truth, prompt.id, (size_t)prompt.count * sizeof(int));
    memcpy(truth + prompt.count, w.g.ids.id, (size_t)w.g.ids.count * sizeof(int));
    known = w.g.ids.count;
    forget(&w);
}

static const GenerateOptions PLAIN = { .sampling = { .top_p = 1, .repeat_penalty = 1 },
                                       .n = 24 };

static void begin(const char *text)
{
    open_storyteller();
    open_guesser(&int4, "int4");
    who = &model;
    tokenizer_encode(&prompt, dir.tokenizer, text, strlen(text), true);
    learn(PLAIN);
}

static void finish(void)
{
    close_guesser(&int4);
    close_storyteller();
    ids_free(&prompt);
}

TEST(an_end_id_inside_a_round)
{
    begin("Once upon a time");
    for (int at = 0; at < 20; at += at < 4 ? 1 : 3) {
        int eos[2] = { 2047, truth[prompt.count + at] };
        GenerateOptions o = PLAIN;

        o.eos = eos, o.eos_count = 2;
        same_for_all(o, ROOM);
    }
    finish();
}

/* Every piece of the text, wherever tokens and rounds begin and end. */
TEST(a_stop_string_inside_a_round)
{
    char whole[1000];
    Written w;

    begin("Once upon a time");
    write_text(&w, PLAIN, NULL, 0, ROOM);
    snprintf(whole, sizeof whole, "%s", w.g.text.bytes);
    for (size_t size = 1; size < 20; size += size < 3 ? 1 : 8)
        for (size_t at = size % 3; at + size < 60; at += 8) {
            char stop[32] = "";
            const char *stops[] = { "never said", stop };
            GenerateOptions o = PLAIN;

            memcpy(stop, whole + at, size);
            o.stop = stops, o.stops = 2;
            same_for_all(o, ROOM);
        }
    forget(&w);
    finish();
}

/* Characters of two, three and four bytes, each byte a token; one that is never
 * finished; a word of several letters. The ring's text is known without any model. */
TEST(characters_split_over_rounds)
{
    static const char ring[] = "\xC3\xA9\xE2\x82\xACx\xF0\x9F\x98\x80 king";
    char want[300] = "";
    TinyModel m;
    Ids ids = {0};

    open_storyteller();
    tokenizer_encode(&ids, dir.tokenizer, ring, strlen(ring), false);
    expect(ids.count > 9 && ids.count <= RING_MOST);
    scripted_open(&m, 2048, ids.id, ids.count);
    who = &m.model;
    ids_add(&prompt, ids.id[ids.count - 1]);
    learn(PLAIN);
    for (int i = 0; i < 5; i++)
        strcat(want, ring);
    for (int n = 1; n <= 2 * ids.count; n++) {
        GenerateOptions o = PLAIN;
        Written w;

        o.n = n;
        same_for_all(o, ROOM);
        write_text(&w, o, NULL, 0, ROOM);
        for (int i = 0; i < n; i++)
            expect_int(w.g.ids.id[i], ids.id[i % ids.count]);
        if (n % ids.count == 0) {
            want[(size_t)(n / ids.count) * strlen(ring)] = '\0';
            expect_text(w.g.text.bytes, want);
            strcat(want, ring);
        }
        forget(&w);
    }
    ids_free(&ids);
    tiny_close(&m);
    close_storyteller();
}

TEST(n_and_the_context_end_inside_a_round)
{
    GenerateOptions o = PLAIN;

    begin("Once upon a time");
    for (o.n = 0; o.n < 20; o.n += o.n < 5 ? 1 : 6)
        same_for_all(o, ROOM);
    o.n = 1000;
    for (int room = 0; room < 20; room += room < 5 ? 1 : 6)
        same_for_all(o, prompt.count + room);
    finish();
}

/* Of the text up to each guess, that guess not included. */
TEST(a_penalty_for_each_position)
{
    GenerateOptions o = PLAIN;
    static const char *const texts[] = { "Once upon a time", "The king and the king",
                                         "There was a little girl who" };

    for (int i = 0; i < 3; i++) {
        begin(texts[i]);
        o.sampling.repeat_penalty = 1.3;
        learn(o);
        o.n = 40;
        same_for_all(o, ROOM);
        finish();
    }
}

TEST(log_probabilities_are_the_plain_ones)
{
    GenerateOptions o = PLAIN;

    begin("Once upon a time");
    o.logprobs = 5;
    same_for_all(o, ROOM);
    finish();
}

/* As many as the model's context has room for: 256 of storyteller. */
TEST(the_whole_context)
{
    GenerateOptions o = PLAIN;
    Written want, got;

    begin("Once upon a time");
    o.n = 1000;
    write_text(&want, o, NULL, 0, ROOM);
    expect_int(want.g.ids.count, ROOM - prompt.count);
    guess_text(&got, &o, 3, SPECULATIVE_AUTO, ROOM);
    expect_same(&got, &want);
    forget(&got);
    guess_text(&got, &o, 4, 5, ROOM);
    expect_same(&got, &want);
    recount(&got.g, dir.tokenizer, prompt.id, prompt.count, want.g.ids.id,
            want.g.ids.count);
    finish();
}

/* --- stopped ------------------------------------------------------------------ */

typedef struct { int calls, stop_at; } Patience;

static bool be_patient(void *context, size_t done, size_t total)
{
    Patience *patience = context;

    (void)done, (void)total;
    return ++patience->calls != patience->stop_at;
}

/* At its m-th step the target, or the draft, is stopped: what whole rounds wrote is
 * there, and is the beginning of the text. */
static void stop_at(int m, bool in_draft, int *longest)
{
    Patience patience = { .stop_at = m };
    const Watch stop = { be_patient, &patience };
    Written w;

    *(in_draft ? &draft_watch : &watch) = &stop;
    guess_text(&w, &PLAIN, 4, 4, ROOM);
    watch = draft_watch = NULL;
    expect_int(w.fine, patience.calls < m);
    if (!w.fine) {
        expect_int(w.error.code, EXIT_INTERRUPTED);
        expect_int(w.g.reason, STOP_INTERRUPTED);
        expect(w.g.ids.count == 0       /* then there is no array            */
               || memcmp(w.g.ids.id, truth + prompt.count,
                         (size_t)w.g.ids.count * sizeof(int)) == 0);
        expect_text(w.heard.text.bytes,
                    w.g.text.bytes != NULL ? w.g.text.bytes : "");
        recount(&w.g, dir.tokenizer, prompt.id, prompt.count, truth + prompt.count,
                known);
        *longest = max_int(*longest, w.g.ids.count);
    }
    forget(&w);
}

TEST(an_interrupted_text_keeps_what_there_was)
{
    int longest[2] = {0};

    begin("Once upon a time");
    for (int m = 1; m < 120; m += m < 20 ? 1 : 7) {
        stop_at(m, false, &longest[0]);
        stop_at(m, true, &longest[1]);
    }
    expect(longest[0] > 10 && longest[1] > 5);
    finish();
}

/* From the first piece of text to the last, with everything switched on. */
TEST(the_loop_allocates_nothing)
{
    static const char *const stops[] = { "xyzzy", "the" "xyzzy" };
    static const int Ks[] = { 1, 4, DRAFT_MOST, SPECULATIVE_AUTO };
    GenerateOptions o = { .sampling = { 1.2, 900, 0.99, 0.0001, 1.1 }, .n = 100,
                          .seed = 4, .stop = stops, .stops = 2, .logprobs = 5 };

    begin("Once upon a time");
    for (int kind = 1; kind < KINDS; kind++)
        for (int k = SANITIZED ? 3 : 0; k < 4; k++) {
            Written w;

            guess_text(&w, &o, kind, Ks[k], ROOM);
            expect(w.heard.calls > 10);
            expect_int(w.heard.last - w.heard.first, 0);
            recount(&w.g, dir.tokenizer, prompt.id, prompt.count, NULL, 0);
            forget(&w);
        }
    finish();
}

/* Sampled text, where every byte may come: what is shown is whole characters, and
 * decode(prompt + ids) without decode(prompt). */
TEST(sampled_text_is_the_decoded_difference)
{
    GenerateOptions o = { .sampling = { 50, 0, 1, 0, 1 }, .n = 100 };
    int accepted = 0, replaced = 0;

    begin("caf\xC3\xA9");
    for (o.seed = 0; o.seed < 10; o.seed++) {
        Ids ids = {0};
        Text all = {0}, before = {0};
        Written w;

        guess_text(&w, &o, 4, 5, ROOM);
        expect_int(w.heard.bad, 0);
        for (int i = 0; i < prompt.count; i++)
            ids_add(&ids, prompt.id[i]);
        tokenizer_decode(&before, dir.tokenizer, ids.id, ids.count, true);
        for (int i = 0; i < w.g.ids.count; i++)
            ids_add(&ids, w.g.ids.id[i]);
        tokenizer_decode(&all, dir.tokenizer, ids.id, ids.count, true);
        expect_text(w.g.text.bytes, all.bytes + before.length);
        expect_text(w.heard.text.bytes, w.g.text.bytes);
        accepted += w.g.acceptance.accepted;
        replaced += strstr(w.g.text.bytes, "\xEF\xBF\xBD") != NULL;
        recount(&w.g, dir.tokenizer, prompt.id, prompt.count, NULL, 0);
        ids_free(&ids), text_free(&all), text_free(&before), forget(&w);
    }
    expect(accepted > 500 && replaced > 0);
    finish();
}

const Test speculative_text_tests[] = {
    { "an end id inside a round", an_end_id_inside_a_round },
    { "a stop string inside a round, or begun before it", a_stop_string_inside_a_round },
    { "characters split over rounds", characters_split_over_rounds },
    { "n and the context end inside a round", n_and_the_context_end_inside_a_round },
    { "a penalty for each position", a_penalty_for_each_position },
    { "log-probabilities are the plain ones", log_probabilities_are_the_plain_ones },
    { "the whole context", the_whole_context },
    { "an interrupted text keeps what there was",
      an_interrupted_text_keeps_what_there_was },
    { "the loop allocates nothing", the_loop_allocates_nothing },
    { "sampled text is the decoded difference", sampled_text_is_the_decoded_difference },
    { NULL, NULL },
};
