/* test_perplexity.c - the sums of measure/perplexity.c, done again in double
 *
 * The judge is tests/model/textbook.h: a transformer in plain loops with libm. It is
 * asked for each scored token alone, with the very tokens before it that the protocol
 * gives it, so that it knows nothing of windows, passes or lanes. */
#include "test.h"

#include <math.h>

#include "base/parallel.h"
#include "decode/modeldir.h"
#include "kernels/softmax.h"
#include "measure/perplexity.h"
#include "tests/model/textbook.h"
#include "tests/model/tiny.h"

enum { LONG = 23 };

static TinyModel tiny;
static Tokenizer *tokenizer;
static int V;
static int text[LONG];
static Error error;

/* Ids 0 … 25 are letters, 26 … 35 "<0x30>" …, 36 <s>, put in front where bos. */
static Tokenizer *letters(bool bos)
{
    char file[4000];
    int n = snprintf(file, sizeof file, "{\"model\":{\"type\":\"BPE\",\"merges\":[],"
                     "\"vocab\":{");

    for (int i = 0; i < 26; i++)
        n += snprintf(file + n, sizeof file - (size_t)n, "\"%c\":%d,", 'a' + i, i);
    for (int i = 0; i < 10; i++)
        n += snprintf(file + n, sizeof file - (size_t)n, "\"<0x%d>\":%d%s", 30 + i,
                      26 + i, i < 9 ? "," : "}},");
    n += snprintf(file + n, sizeof file - (size_t)n,
        "\"decoder\":{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"},"
        "{\"type\":\"Fuse\"}]},\"added_tokens\":[{\"id\":36,\"content\":\"<s>\","
        "\"special\":true,\"normalized\":false,\"lstrip\":false,\"rstrip\":false,"
        "\"single_word\":false}]");
    if (bos)
        n += snprintf(file + n, sizeof file - (size_t)n,
            ",\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":"
            "[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},{\"Sequence\":{\"id\":"
            "\"A\",\"type_id\":0}}],\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":"
            "[36],\"tokens\":[\"<s>\"]}}}");
    snprintf(file + n, sizeof file - (size_t)n, "}");
    return tokenizer_parse(file, strlen(file), &error);
}

static void open_tiny(void)
{
    uint64_t state = 5;

    parallel_set_threads(1);
    tiny_make(&tiny, &TINY);
    expect_ok(tiny_load(&tiny, &TINY, &error), &error);
    V = tiny.model.config.V;
    for (int i = 0; i < LONG; i++)
        text[i] = (int)(test_random(&state) % 36u);
}

static Perplexity measure(int n, int window, int stride, int chunk)
{
    PerplexityOptions options = { window, stride };
    Perplexity p;
    Session s;

    expect_ok(session_init(&s, &tiny.model, perplexity_room(tokenizer, &options, n),
                           chunk, FORMAT_F32, &error), &error);
    expect_ok(perplexity(&p, &s, tokenizer, text, n, &options, &error), &error);
    session_free(&s);
    return p;
}

/* -ln p of text[i], told by BOS and text[begin … i-1]. */
static double textbook_loss(bool bos, int begin, int i)
{
    int ids[LONG + 1], T = 0;
    double *logits = textbook_get((LONG + 1) * V), *last, sum = 0, loss;

    if (bos)
        ids[T++] = 36;
    for (int k = begin; k < i; k++)
        ids[T++] = text[k];
    textbook_logits(logits, &tiny.model.config, &tiny.model.weights, ids, T);
    last = logits + (T - 1) * V;
    for (int v = 0; v < V; v++)
        sum += exp(last[v]);
    loss = log(sum) - last[text[i]];
    free(logits);
    return loss;
}

/* Token i belongs to the first window k·S … k·S+N-1 that reaches it. */
static Perplexity textbook(bool bos, int n, int window, int stride)
{
    Perplexity p = {0};

    for (int i = 0; i < n; i++) {
        int begin = 0;

        while (i >= begin + window)
            begin += stride;
        if (i == begin && !bos)
            continue;
        p.nll += textbook_loss(bos, begin, i);
        p.bytes++;                          /* letters and byte tokens       */
        p.tokens++;
    }
    return p;
}

static const struct { int n, window, stride; } WAYS[] = {
    { LONG, 8, 8 },  { LONG, 8, 3 },  { LONG, 8, 1 },  { LONG, 8, 7 }, { 16, 8, 8 },
    { 17, 8, 8 },    { 16, 8, 4 },    { LONG, LONG, LONG }, { LONG, 100, 100 },
    { LONG, 100, 1 },{ 2, 2, 1 },     { 3, 2, 1 },     { 9, 2, 2 },    { 2, 8, 8 },
};

TEST(as_in_the_textbook)
{
    open_tiny();
    for (int bos = 0; bos < 2; bos++) {
        tokenizer = letters(bos);
        expect_ok(tokenizer != NULL, &error);
        for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
            Perplexity want = textbook(bos, WAYS[i].n, WAYS[i].window, WAYS[i].stride);
            Perplexity got = measure(WAYS[i].n, WAYS[i].window, WAYS[i].stride, 128);

            expect_int(got.tokens, want.tokens);
            expect_int(got.bytes, want.bytes);
            expect_relative(got.nll, want.nll, 1e-6);
            expect_relative(perplexity_value(&got), exp(want.nll / want.tokens), 1e-5);
            expect_relative(perplexity_bits_per_byte(&got),
                            want.nll / log(2) / (double)want.bytes, 1e-6);
        }
        tokenizer_close(tokenizer);
    }
    tiny_close(&tiny);
}

/* One token, windows of one: with BOS each is told by it alone; without there is
 * nothing to score, and of an empty text there never is. */
TEST(the_smallest_texts)
{
    static const struct { int n, window; } none[] = { { 1, 8 }, { LONG, 1 }, { 0, 8 } };

    open_tiny();
    tokenizer = letters(true);
    for (int n = 1; n < LONG; n += 7) {
        Perplexity want = textbook(true, n, 1, 1), got = measure(n, 1, 1, 128);

        expect_int(got.tokens, n);
        expect_relative(got.nll, want.nll, 1e-6);
    }
    expect_relative(measure(1, 8, 8, 1).nll, textbook_loss(true, 0, 0), 1e-6);
    for (int bos = 0; bos < 2; bos++) {
        tokenizer_close(tokenizer);
        tokenizer = letters(bos);
        for (int i = bos ? 2 : 0; i < 3; i++) {
            PerplexityOptions options = { none[i].window, none[i].window };
            Perplexity p;
            Session s;

            error = (Error){0};
            expect_ok(session_init(&s, &tiny.model, 8, 8, FORMAT_F32, &error), &error);
            expect(!perplexity(&p, &s, tokenizer, text, none[i].n, &options, &error));
            expect_int(error.code, EXIT_INPUT);
            expect_int(p.tokens, 0);
            session_free(&s);
        }
    }
    tokenizer_close(tokenizer);
    tiny_close(&tiny);
}

/* An output matrix of zeros says that all V tokens are equally likely. */
TEST(a_model_that_knows_nothing)
{
    Tensor *output;
    Perplexity p;

    tiny_make(&tiny, &TINY);
    output = tiny_tensor(&tiny, "lm_head.weight");
    output->data = arena_get(&tiny.arena, output->bytes);       /* zeroed    */
    expect_ok(tiny_load(&tiny, &TINY, &error), &error);
    tokenizer = letters(true);
    p = measure(LONG, 10, 4, 128);
    expect_int(p.tokens, LONG);
    expect_relative(p.nll, LONG * log(37), 1e-14);
    expect_relative(perplexity_value(&p), 37, 1e-13);
    tokenizer_close(tokenizer);
    tiny_close(&tiny);
}

static ModelDir dir;
static Model model;

/* Of models/storyteller, a window of 40 with a stride of 13, cache in f16. */
static Perplexity of_storyteller(const Ids *ids, int chunk, int threads,
                                 const char *which)
{
    PerplexityOptions options = { 40, 13 };
    Perplexity p;
    Session s;

    parallel_set_threads(threads);
    expect_ok(kernels_choose(which, &error), &error);
    expect_ok(session_init(&s, &model, perplexity_room(dir.tokenizer, &options,
                           ids->count), chunk, FORMAT_F16, &error), &error);
    expect_ok(perplexity(&p, &s, dir.tokenizer, ids->id, ids->count, &options,
                         &error), &error);
    session_free(&s);
    return p;
}

static const char STORY[] = "Once upon a time there was a fox, who caf\xC3\xA9s and "
    "\xE2\x98\x83 loved. He had three sons; the eldest said to him one day: \"Father, "
    "I will go out into the world and seek my fortune.\" \xF0\x9F\x98\x80\n\nSo he went.";

typedef struct { const Ids *ids; double lane[8]; int count; } Lanes;

static void add_loss(void *context, int position, const float *logits)
{
    Lanes *l = context;

    if (position < l->ids->count)
        l->lane[l->count++ % 8] += log_sum_exp(logits, model.config.V)
                                 - (double)logits[l->ids->id[position]];
}

/* The published order of the sum: eight lanes mod 8, then j + 4, j + 2, j + 1. The
 * text is one window here. */
static void the_published_order(const Ids *ids)
{
    PerplexityOptions options = { ids->count, ids->count };
    Lanes l = { .ids = ids };
    Perplexity p;
    Session s;
    double *a = l.lane, sum;
    int bos;

    expect(tokenizer_adds_first(dir.tokenizer, &bos));
    expect_ok(session_init(&s, &model, ids->count + 1, 50, FORMAT_F16, &error), &error);
    expect_ok(session_feed_all(&s, &bos, 1, add_loss, &l, &error), &error);
    expect_ok(session_feed_all(&s, ids->id, ids->count, add_loss, &l, &error), &error);
    sum = ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
    expect_ok(perplexity(&p, &s, dir.tokenizer, ids->id, ids->count, &options, &error),
              &error);
    expect_int(l.count, ids->count);
    expect(memcmp(&p.nll, &sum, sizeof sum) == 0);
    session_free(&s);
}

/* The bits of nll do not know how the text was read. All tokens are scored, so their
 * bytes are those of the text, the halves of characters too. */
TEST(chunks_threads_and_kernels_change_no_bit)
{
    static const struct { int chunk, threads; const char *kernels; } ways[] = {
        { 1, 1, "plain" }, { 7, 2, "auto" }, { 64, 3, "plain" }, { 40, 2, "auto" },
    };
    Perplexity first;
    Ids ids = {0};

    expect_ok(modeldir_open(&dir, "models/storyteller", MODELDIR_ALL, &error), &error);
    expect_ok(model_load(&model, dir.config.root, &dir.file, &error), &error);
    tokenizer_encode(&ids, dir.tokenizer, STORY, strlen(STORY), false);
    the_published_order(&ids);
    first = of_storyteller(&ids, 128, 1, "auto");
    expect_int(first.tokens, ids.count);
    expect_int(first.bytes, strlen(STORY));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Perplexity again = of_storyteller(&ids, ways[i].chunk, ways[i].threads,
                                          ways[i].kernels);

        expect(memcmp(&again.nll, &first.nll, sizeof first.nll) == 0);
    }
    ids_free(&ids);
    model_free(&model);
    modeldir_close(&dir);
}

typedef struct { size_t done, total, stop; int calls; bool backward; } Seen;

static bool note(void *context, size_t done, size_t total)
{
    Seen *seen = context;
    /* Shares, as done and total count steps of any size. */
    double before = seen->calls > 0 ? (double)seen->done / (double)seen->total : 0;

    seen->backward = seen->backward || (double)done / (double)total < before - 1e-12
                  || done > total;
    seen->done = done, seen->total = total;
    return (size_t)++seen->calls != seen->stop;
}

/* The watch sees the work grow to its end, and when it says stop, what was scored
 * until then is there: a true beginning of the whole. */
TEST(watched_and_stopped)
{
    PerplexityOptions options = { 6, 4 };
    Seen seen = {0};
    const Watch watch = { note, &seen };
    Perplexity p;
    Session s;

    open_tiny();
    tokenizer = letters(true);
    expect_ok(session_init(&s, &tiny.model, 8, 8, FORMAT_F32, &error), &error);
    s.watch = &watch;
    expect_ok(perplexity(&p, &s, tokenizer, text, LONG, &options, &error), &error);
    expect(!seen.backward && seen.calls > 10);
    expect((double)seen.done / (double)seen.total > 0.8);
    expect(s.watch == &watch);
    seen = (Seen){ .stop = (size_t)seen.calls - 1 };
    expect(!perplexity(&p, &s, tokenizer, text, LONG, &options, &error));
    expect_int(error.code, EXIT_INTERRUPTED);
    expect(p.tokens >= 6 && p.tokens < LONG);
    expect_relative(p.nll, textbook(true, p.tokens, 6, 4).nll, 1e-6);
    expect(s.watch == &watch);
    session_free(&s);
    tokenizer_close(tokenizer);
    tiny_close(&tiny);
}

const Test perplexity_tests[] = {
    { "as in the textbook", as_in_the_textbook },
    { "the smallest texts", the_smallest_texts },
    { "a model that knows nothing", a_model_that_knows_nothing },
    { "chunks, threads and kernels change no bit",
      chunks_threads_and_kernels_change_no_bit },
    { "watched and stopped", watched_and_stopped },
    { NULL, NULL },
};
