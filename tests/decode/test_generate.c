/* test_generate.c - what is written, what is shown, and when it ends */
#include "storyteller.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "decode/generate.h"

static const char PROMPT[] = "Once upon a time";

typedef struct {                /* what a listener heard                     */
    Text text;
    int calls;
    size_t first, last;         /* memory_count() at the first and last call */
    int bad;                    /* pieces that were not UTF-8 by themselves  */
} Heard;

static void hear(void *context, const char *text, size_t length)
{
    Heard *heard = context;

    heard->last = memory_count();           /* before our own text_add       */
    if (heard->calls++ == 0)
        heard->first = heard->last;
    heard->bad += utf8_check(text, length) != length;
    if (heard->text.room - heard->text.length < length + 1)
        test_fail(__FILE__, __LINE__, "the listener's room is too small");
    memcpy(heard->text.bytes + heard->text.length, text, length);
    heard->text.length += length;
    heard->text.bytes[heard->text.length] = '\0';
}

static const SamplingConfig GREEDY = { .top_p = 1, .repeat_penalty = 1 };

/* One answer to a prompt by a new session. */
static bool answer(Generated *out, Heard *heard, const char *prompt,
                   GenerateOptions options, int capacity, int chunk,
                   const Watch *watch, Error *error)
{
    Session s;
    Ids ids = {0};
    bool fine;

    free(heard->text.bytes);
    *heard = (Heard){ .text = { .room = 1 << 16 } };
    heard->text.bytes = calloc(heard->text.room, 1);
    tokenizer_encode(&ids, dir.tokenizer, prompt, strlen(prompt), true);
    expect_ok(session_init(&s, &model, capacity, chunk, FORMAT_F16, error), error);
    options.show = hear;
    options.context = heard;
    s.watch = watch;
    fine = generate(out, &s, dir.tokenizer, ids.id, ids.count, &options, error);
    session_free(&s);
    ids_free(&ids);
    return fine;
}

static Heard heard;
static Generated g;
static Error error;

static void greedy(GenerateOptions options, int capacity)
{
    options.sampling = GREEDY;
    expect_ok(answer(&g, &heard, PROMPT, options, capacity, 64, NULL, &error),
              &error);
}

/* Against a loop of the test's own: the largest logit, fed back. */
TEST(greedy_is_the_largest_logit_fed_back)
{
    Session s;
    Ids ids = {0};

    open_storyteller();
    greedy((GenerateOptions){ .n = 40 }, 256);
    expect_int(g.ids.count, 40);
    expect_int(g.reason, STOP_LENGTH);
    tokenizer_encode(&ids, dir.tokenizer, PROMPT, strlen(PROMPT), true);
    expect_ok(session_init(&s, &model, 256, 1, FORMAT_F16, &error), &error);
    expect_ok(session_feed(&s, ids.id, ids.count, &error), &error);
    for (int i = 0; i < 40; i++) {
        int best = 0;

        for (int id = 1; id < model.config.V; id++)
            if (s.logits[id] > s.logits[best])
                best = id;
        expect_int(g.ids.id[i], best);
        expect_ok(session_feed(&s, &best, 1, &error), &error);
    }
    close_storyteller();
}

/* The text is what decoding all has more than decoding the prompt. */
static void expect_decoded(const Generated *out, const char *prompt)
{
    Ids ids = {0};
    Text all = {0}, before = {0};

    tokenizer_encode(&ids, dir.tokenizer, prompt, strlen(prompt), true);
    tokenizer_decode(&before, dir.tokenizer, ids.id, ids.count, true);
    for (int i = 0; i < out->ids.count; i++)
        ids_add(&ids, out->ids.id[i]);
    tokenizer_decode(&all, dir.tokenizer, ids.id, ids.count, true);
    expect_text(out->text.bytes, all.bytes + before.length);
    expect_text(heard.text.bytes, out->text.bytes);
}

TEST(the_text_is_the_decoded_difference)
{
    open_storyteller();
    greedy((GenerateOptions){ .n = 60 }, 256);
    expect_decoded(&g, PROMPT);
    close_storyteller();
}

/* At a temperature where every byte may come, characters are cut to pieces; what
 * is shown is whole characters all the same, and all of it. */
TEST(no_half_character_is_shown)
{
    GenerateOptions o = { .sampling = { 50, 0, 1, 0, 1 }, .n = 200 };
    int replaced = 0;

    open_storyteller();
    for (o.seed = 0; o.seed < 10; o.seed++) {
        expect_ok(answer(&g, &heard, "caf\xC3\xA9", o, 256, 64, NULL, &error),
                  &error);
        expect_int(heard.bad, 0);
        expect_decoded(&g, "caf\xC3\xA9");
        replaced += strstr(g.text.bytes, "\xEF\xBF\xBD") != NULL;
        generated_free(&g);
    }
    expect(replaced > 0);               /* or this test has shown nothing    */
    close_storyteller();
}

/* Every piece of the greedy text as a stop string, wherever tokens begin and
 * end: the text ends in front of its first occurrence, and no byte of it was ever
 * shown. */
TEST(a_stop_string_is_never_seen)
{
    char whole[4096];
    size_t length;

    open_storyteller();
    greedy((GenerateOptions){ .n = 24 }, 256);
    snprintf(whole, sizeof whole, "%s", g.text.bytes);
    length = strlen(whole);
    for (size_t size = 1; size < 12; size += 3)
        for (size_t at = 0; at + size <= length; at += 7) {
            char stop[16] = "";
            const char *stops[] = { "never said", stop };
            char want[4096];

            memcpy(stop, whole + at, size);
            snprintf(want, sizeof want, "%s", whole);
            *strstr(want, stop) = '\0';
            generated_free(&g);
            greedy((GenerateOptions){ .n = 24, .stop = stops, .stops = 2 }, 256);
            expect_int(g.reason, STOP_STRING);
            expect_text(g.text.bytes, want);
            expect_text(heard.text.bytes, want);
        }
    close_storyteller();
}

/* What was held back because it might have become a stop string is shown when the
 * answer ends otherwise. */
TEST(what_was_held_back_comes_in_the_end)
{
    char stop[64];
    const char *stops[] = { stop };
    size_t length;

    open_storyteller();
    greedy((GenerateOptions){ .n = 24 }, 256);
    length = g.text.length;
    snprintf(stop, sizeof stop, "%s and then something else",
             g.text.bytes + length - 9);
    greedy((GenerateOptions){ .n = 24, .stop = stops, .stops = 1 }, 256);
    expect_int(g.reason, STOP_LENGTH);
    expect_int(g.text.length, length);
    expect_text(heard.text.bytes, g.text.bytes);
    close_storyteller();
}

TEST(an_end_id_ends_it_and_has_no_text)
{
    int eos[2] = { 2047, 0 };
    char want[4096] = "";
    Text text = {0};
    int at = 7;

    open_storyteller();
    greedy((GenerateOptions){ .n = 24 }, 256);
    for (int i = 0; i < at; i++)        /* the id's first occurrence         */
        at = g.ids.id[i] == g.ids.id[at] ? i : at;
    eos[1] = g.ids.id[at];
    tokenizer_decode(&text, dir.tokenizer, g.ids.id, at, true);
    snprintf(want, sizeof want, "%s", text.bytes);
    generated_free(&g);
    greedy((GenerateOptions){ .n = 24, .eos = eos, .eos_count = 2 }, 256);
    expect_int(g.reason, STOP_EOS);
    expect_int(g.ids.count, at + 1);
    expect_int(g.ids.id[at], eos[1]);
    expect_text(g.text.bytes, want);
    expect_text(heard.text.bytes, want);
    close_storyteller();
}

TEST(length_and_a_full_context)
{
    open_storyteller();
    greedy((GenerateOptions){ .n = 0 }, 256);
    expect(g.ids.count == 0 && g.reason == STOP_LENGTH && heard.calls == 0);
    expect_text(g.text.bytes, "");
    greedy((GenerateOptions){ .n = 100 }, 20);      /* the prompt has 6 ids  */
    expect(g.ids.count == 14 && g.reason == STOP_LENGTH);
    greedy((GenerateOptions){ .n = 1000000 }, 256); /* the model's context   */
    expect_int(g.ids.count, 250);
    expect_decoded(&g, PROMPT);
    close_storyteller();
}

/* From the first piece of text to the last, with everything switched on. */
TEST(the_loop_allocates_nothing)
{
    const char *stops[] = { "xyzzy", "the" "xyzzy" };
    GenerateOptions o = { .sampling = { 1.2, 900, 0.99, 0.0001, 1.1 }, .n = 200,
                          .seed = 4, .stop = stops, .stops = 2, .logprobs = 5 };

    open_storyteller();
    expect_ok(answer(&g, &heard, PROMPT, o, 256, 64, NULL, &error), &error);
    expect(heard.calls > 50);
    expect_int(heard.last - heard.first, 0);
    close_storyteller();
}

TEST(the_seed_is_the_text)
{
    GenerateOptions o = { .sampling = { 1, 0, 1, 0, 1 }, .n = 50, .seed = 11 };
    Generated again, other;

    open_storyteller();
    expect_ok(answer(&g, &heard, PROMPT, o, 256, 64, NULL, &error), &error);
    expect_ok(answer(&again, &heard, PROMPT, o, 100, 1, NULL, &error), &error);
    o.seed = 12;
    expect_ok(answer(&other, &heard, PROMPT, o, 256, 64, NULL, &error), &error);
    expect_text(again.text.bytes, g.text.bytes);
    expect(strcmp(other.text.bytes, g.text.bytes) != 0);
    close_storyteller();
}

/* A tokenizer of another kind, whose decoder takes the blank off the very first
 * word: behind a prompt a word is not the first, and keeps its blank. */
static Tokenizer *words_tokenizer(void)
{
    static char text[1 << 17];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"decoder\":{\"type\":"
        "\"Sequence\",\"decoders\":[{\"type\":\"Replace\",\"pattern\":{"
        "\"String\":\"\xE2\x96\x81\"},\"content\":\" \"},{\"type\":"
        "\"ByteFallback\"},{\"type\":\"Fuse\"},{\"type\":\"Strip\","
        "\"content\":\" \",\"start\":1,\"stop\":0}]},\"model\":{\"type\":"
        "\"BPE\",\"merges\":[],\"vocab\":{");

    for (int i = 0; i < 2048; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%s\"\xE2\x96\x81w%d\":%d", i > 0 ? "," : "",
                                 i, i);
    used += (size_t)snprintf(text + used, sizeof text - used, "}}}");
    return tokenizer_parse(text, used, &error);
}

TEST(the_first_word_of_an_answer_keeps_its_blank)
{
    Tokenizer *tokenizer = words_tokenizer();
    GenerateOptions o = { .sampling = GREEDY, .n = 3 };
    const int prompt[] = { 11, 22 };
    char want[64];
    Session s;

    expect_ok(tokenizer != NULL, &error);
    open_storyteller();
    expect_ok(session_init(&s, &model, 16, 16, FORMAT_F16, &error), &error);
    expect_ok(generate(&g, &s, tokenizer, prompt, 2, &o, &error), &error);
    snprintf(want, sizeof want, " w%d w%d w%d", g.ids.id[0], g.ids.id[1],
             g.ids.id[2]);
    expect_text(g.text.bytes, want);
    close_storyteller();
}

typedef struct { int left; } Patience;

static bool go_on(void *context, size_t done, size_t total)
{
    (void)done, (void)total;
    return ((Patience *)context)->left-- > 0;
}

/* In the prompt: nothing. Later: what there is, all of it shown. */
TEST(stopped_it_keeps_what_there_is)
{
    Patience patience = { 2 };
    Watch watch = { go_on, &patience };
    const char *stops[] = { " there was a little house that nobody had" };
    GenerateOptions o = { .sampling = GREEDY, .n = 100, .stop = stops,
                          .stops = 1 };
    char whole[4096];

    open_storyteller();
    expect(!answer(&g, &heard, PROMPT, o, 256, 64, &watch, &error));
    expect(error.code == EXIT_INTERRUPTED && g.ids.count == 0 && heard.calls == 0);
    generated_free(&g);
    greedy((GenerateOptions){ .n = 100 }, 256);
    snprintf(whole, sizeof whole, "%s", g.text.bytes);
    for (int left = 20; left < 100; left += 17) {
        patience.left = left;
        generated_free(&g);
        expect(!answer(&g, &heard, PROMPT, o, 256, 64, &watch, &error));
        expect_int(error.code, EXIT_INTERRUPTED);
        expect_int(g.reason, STOP_INTERRUPTED);
        expect(g.ids.count > 0 && g.text.length > 0);
        expect(strncmp(whole, g.text.bytes, g.text.length) == 0);
        expect_text(heard.text.bytes, g.text.bytes);
    }
    close_storyteller();
}

typedef struct { int first; const Generated *g; } Judge;

/* log p in long double, by another formula than the engine's lanes. */
static void judge(void *context, int position, const float *logits)
{
    const Judge *j = context;
    int i = position - j->first, K = j->g->logprobs, V = model.config.V;
    long double sum = 0;

    if (i < 0 || i >= j->g->ids.count)
        return;
    for (int id = 0; id < V; id++)
        sum += expl((long double)logits[id] - (long double)logits[0]);
    for (int k = -1; k < K; k++) {
        const TokenLogprob *best = row(j->g->best, i, K);
        int id = k < 0 ? j->g->ids.id[i] : best[k].id, above = 0;
        float got = k < 0 ? j->g->logprob[i] : best[k].logprob;

        expect_close(got, (double)((long double)logits[id]
                     - (long double)logits[0] - logl(sum)), 1e-5);
        for (int other = 0; other < V; other++)
            above += logits[other] > logits[id];
        expect(k < 0 || above == k);
    }
}

TEST(log_probabilities)
{
    GenerateOptions o = { .sampling = { 1.5, 0, 0.9, 0, 1 }, .n = 20, .seed = 1,
                          .logprobs = 4 };
    Session s;
    Ids ids = {0};
    Judge j;

    open_storyteller();
    expect_ok(answer(&g, &heard, PROMPT, o, 256, 64, NULL, &error), &error);
    tokenizer_encode(&ids, dir.tokenizer, PROMPT, strlen(PROMPT), true);
    j = (Judge){ ids.count - 1, &g };
    for (int i = 0; i < g.ids.count; i++)
        ids_add(&ids, g.ids.id[i]);
    expect_ok(session_init(&s, &model, 256, 64, FORMAT_F16, &error), &error);
    expect_ok(session_feed_all(&s, ids.id, ids.count, judge, &j, &error), &error);
    expect_int(g.ids.count, 20);
    close_storyteller();
}

TEST(nothing_to_write_on_from)
{
    Session s;
    GenerateOptions o = { .sampling = GREEDY, .n = 5 };

    open_storyteller();
    expect_ok(session_init(&s, &model, 16, 16, FORMAT_F16, &error), &error);
    expect(!generate(&g, &s, dir.tokenizer, NULL, 0, &o, &error));
    expect_int(error.code, EXIT_USAGE);
    close_storyteller();
}

const Test generate_tests[] = {
    { "greedy is the largest logit, fed back",
      greedy_is_the_largest_logit_fed_back },
    { "the text is the decoded difference", the_text_is_the_decoded_difference },
    { "the first word of an answer keeps its blank",
      the_first_word_of_an_answer_keeps_its_blank },
    { "no half character is shown", no_half_character_is_shown },
    { "a stop string is never seen", a_stop_string_is_never_seen },
    { "what was held back comes in the end",
      what_was_held_back_comes_in_the_end },
    { "an end id ends it and has no text", an_end_id_ends_it_and_has_no_text },
    { "length and a full context", length_and_a_full_context },
    { "the loop allocates nothing", the_loop_allocates_nothing },
    { "the seed is the text", the_seed_is_the_text },
    { "stopped, it keeps what there is", stopped_it_keeps_what_there_is },
    { "log-probabilities", log_probabilities },
    { "nothing to write on from", nothing_to_write_on_from },
    { NULL, NULL },
};
