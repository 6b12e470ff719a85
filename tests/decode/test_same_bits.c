/* test_same_bits.c - Llama, StableLM and GPT-NeoX: right, and the same bits
 *
 * The models of the clone, one or two of each architecture. What transformers says
 * of them stands in the table, and tests/oracle/fidelity.py asks it again; it also
 * compares every logit, of these models and of a hundred random ones. The hashes
 * are our own: today's bits, and tomorrow's. */
#include "test.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/parallel.h"
#include "decode/generate.h"
#include "model/quantize.h"

static const char PROMPT[] = "Once upon a time";

enum { T = 40 };

typedef struct {
    const char *name;
    struct { int id; double logit; } best[4];   /* behind BOS and PROMPT     */
    const char *text;               /* 30 greedy tokens                      */
    uint64_t hash[3];               /* of T positions' logits, cache in f16; as the
                                       file has it, int8, int4               */
} Family;

/* transformers 5.23.0, float32. */
static const Family families[] = {
    { "storyteller",
      { { 442, 7.91607 }, { 12, 7.35373 }, { 259, 6.56186 }, { 260, 6.00375 } },
      " there was a man who had a son who was a man, and had a son who was a man, "
      "and had a son who was a man",
      { UINT64_C(0x14b3f6c00ade6514), UINT64_C(0x6238c3e54b45452c),
        UINT64_C(0x72753331053651e3) } },
    { "storyteller-draft",
      { { 12, 7.63604 }, { 279, 5.72238 }, { 260, 5.42501 }, { 277, 5.39623 } },
      ",\n\"I am a little girl, and I am going to the city of the world, and I will "
      "not be able to be able",
      { UINT64_C(0x5bc37b18277a0bdc), UINT64_C(0x01415825e492a5a9),
        UINT64_C(0x44f24e140f576f01) } },
    { "storyteller-neox",
      { { 12, 6.43903 }, { 259, 5.92203 }, { 260, 5.84612 }, { 14, 4.83496 } },
      ", and the King, who was not to be a great deal of the King's daughter, and "
      "the King's daughter, and the King's daughter",
      { UINT64_C(0x2cb94f25b4c09e70), UINT64_C(0x7c3c8ada9034f914),
        UINT64_C(0xab2b863e8cbf4d0b) } },
    { "storyteller-stablelm",
      { { 260, 7.18438 }, { 259, 6.34545 }, { 12, 6.13443 }, { 279, 5.40614 } },
      " the King's son, and the King's daughter, and said, \"I will not be a "
      "greatest, and I will not be a great",
      { UINT64_C(0x56107bf4936c3c63), UINT64_C(0x71d9839231bc07cf),
        UINT64_C(0xbefab667b9245b65) } },
};

static const int count = (int)(sizeof families / sizeof families[0]);

/* As the file has it, int8, int4. */
static const Format formats[] = { FORMAT_COUNT, FORMAT_INT8, FORMAT_INT4 };

enum { FORMATS = 3 };

static ModelDir dir;
static Model model;
static int V;
static int ids[T];
static Error error;

static void open_family(const char *name)
{
    uint64_t state = 8;

    parallel_set_threads(1);
    expect_ok(kernels_choose("auto", &error), &error);
    expect_ok(modeldir_open(&dir, name, MODELDIR_ALL, &error), &error);
    expect_ok(model_load(&model, dir.config.root, &dir.file, &error), &error);
    V = model.config.V;
    for (int t = 0; t < T; t++)
        ids[t] = (int)(test_random(&state) % (uint32_t)V);
}

/* Number i of all families in all formats. */
static void open_quantized(int i)
{
    Format format = formats[i % FORMATS];

    open_family(families[i / FORMATS].name);
    if (format != FORMAT_COUNT)
        expect_ok(model_quantize(&model, &dir.file, format, NULL, &error), &error);
}

static void close_family(void)
{
    model_free(&model);
    modeldir_close(&dir);
}

static void start(Session *s, int capacity, int chunk, Format kv)
{
    expect_ok(session_init(s, &model, capacity, chunk, kv, &error), &error);
}

static void keep(void *all, int position, const float *logits)
{
    memcpy(row((float *)all, position, V), logits, (size_t)V * sizeof *logits);
}

/* The logits [T, V] of all positions. Owner: the caller, free. */
static float *all_logits(int chunk)
{
    float *all = calloc((size_t)T * (size_t)V, sizeof *all);
    Session s;

    start(&s, T, chunk, FORMAT_F16);
    expect_ok(session_feed_all(&s, ids, T, keep, all, &error), &error);
    session_free(&s);
    return all;
}

/* The four best of what comes next, and 30 tokens written on: two judgements of
 * transformers. The tokens' gaps are wider than any error. */
TEST(says_what_transformers_says)
{
    for (int f = 0; f < count; f++) {
        GenerateOptions o = { .sampling = { .top_p = 1, .repeat_penalty = 1 },
                              .n = 30 };
        Ids prompt = {0};
        Generated g;
        Session s;

        open_family(families[f].name);
        tokenizer_encode(&prompt, dir.tokenizer, PROMPT, strlen(PROMPT), true);
        start(&s, 64, 64, FORMAT_F32);
        expect_ok(session_feed(&s, prompt.id, prompt.count, &error), &error);
        for (int i = 0; i < 4; i++) {
            int id = families[f].best[i].id, above = 0;

            for (int other = 0; other < V; other++)
                above += s.logits[other] > s.logits[id];
            expect_int(above, i);
            expect_close(s.logits[id], families[f].best[i].logit, 5e-5);
        }
        expect_ok(generate(&g, &s, dir.tokenizer, prompt.id, prompt.count, &o,
                           &error), &error);
        expect_text(g.text.bytes, families[f].text);
        generated_free(&g), session_free(&s), ids_free(&prompt);
        close_family();
    }
}

TEST(the_bits_of_yesterday)
{
    for (int f = 0; f < count * FORMATS; f++) {
        float *all;
        char got[20], want[20];

        open_quantized(f);
        all = all_logits(T);
        snprintf(got, sizeof got, "%016llx", (unsigned long long)
                 hash_floats(HASH_START, all, (size_t)T * (size_t)V));
        snprintf(want, sizeof want, "%016llx",
                 (unsigned long long)families[f / FORMATS].hash[f % FORMATS]);
        expect_text(got, want);
        free(all);
        close_family();
    }
}

/* Every pair of (chunk, kernels) and (threads, kernels), and each chunk with two or three
 * numbers of threads; tests/matrix.sh has all pairs, and all kernels. */
TEST(chunks_threads_and_kernels_change_no_bit)
{
    static const struct { int chunk, threads; const char *kernels; } ways[] = {
        { 1, 1, "auto" },  { 1, 2, "plain" }, { 1, 7, "auto" },  { 2, 3, "plain" },
        { 2, 1, "auto" },  { 3, 1, "plain" }, { 3, 2, "auto" },  { 3, 7, "plain" },
        { 5, 2, "auto" },  { 5, 7, "plain" }, { 8, 3, "auto" },  { 8, 1, "plain" },
        { T, 1, "plain" }, { T, 2, "auto" },  { T, 7, "plain" }, { T, 3, "auto" },
    };

    for (int f = 0; f < count * FORMATS; f++) {
        float *first;

        open_quantized(f);
        first = all_logits(T);
        for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
            float *again;

            parallel_set_threads(ways[i].threads);
            expect_ok(kernels_choose(ways[i].kernels, &error), &error);
            again = all_logits(ways[i].chunk);
            expect_same_bits(again, first, T * V);
            free(again);
        }
        free(first);
        close_family();
    }
}

/* Three texts in one pass, each in a cache of its own and at a place of its own: one
 * begins, one is 5 ids in, one is 17 ids in. Each row is what it is alone. */
static void batch(const float *alone)
{
    enum { TEXTS = 3, STEPS = 20 };
    static const int begins[TEXTS] = { 0, 5, 17 };
    KvCache caches[TEXTS];
    Workspace w;

    expect_ok(workspace_init(&w, &model.config, 17, 17, T, &error), &error);
    for (int i = 0; i < TEXTS; i++) {
        Row rows[17];

        expect_ok(kvcache_init(&caches[i], &model.config, T, FORMAT_F16, &error),
                  &error);
        for (int t = 0; t < begins[i]; t++)
            rows[t] = (Row){ ids[t], t, &caches[i], false };
        if (begins[i] > 0)
            expect_ok(model_forward(&w, &model, rows, begins[i], NULL, NULL, NULL,
                                    &error), &error);
    }
    for (int step = 0; step < STEPS; step++) {
        Row rows[TEXTS];

        for (int i = 0; i < TEXTS; i++)
            rows[i] = (Row){ ids[begins[i] + step], begins[i] + step, &caches[i],
                             true };
        expect_ok(model_forward(&w, &model, rows, TEXTS, NULL, NULL, NULL, &error),
                  &error);
        for (int i = 0; i < TEXTS; i++)
            expect_same_bits(row(w.logits, i, V),
                             row(alone, begins[i] + step, V), V);
    }
    for (int i = 0; i < TEXTS; i++)
        kvcache_free(&caches[i]);
    workspace_free(&w);
}

TEST(alone_and_in_a_batch)
{
    for (int f = 0; f < count * FORMATS; f++) {
        float *alone;

        open_quantized(f);
        alone = all_logits(T);
        batch(alone);
        free(alone);
        close_family();
    }
}

/* Back to a common beginning, another way on, and home again. */
TEST(a_rewound_cache_is_a_fresh_one)
{
    for (int f = 0; f < count * FORMATS; f++) {
        int other[T];
        float *home, *want;
        Session s;

        open_quantized(f);
        home = all_logits(T);
        memcpy(other, ids, sizeof other);
        other[21] = (ids[21] + 1) % V;
        start(&s, T, 8, FORMAT_F16);
        expect_ok(session_feed(&s, ids, T, &error), &error);
        expect_ok(session_goto(&s, other, 30, &error), &error);
        expect_int(s.fed, T + 9);
        memcpy(ids, other, sizeof ids);
        want = all_logits(T);
        expect_same_bits(s.logits, row(want, 29, V), V);
        other[21] = (other[21] + V - 1) % V;
        expect_ok(session_goto(&s, other, T, &error), &error);
        expect_same_bits(s.logits, row(home, T - 1, V), V);
        session_free(&s), free(home), free(want);
        close_family();
    }
}

const Test same_bits_tests[] = {
    { "says what transformers says", says_what_transformers_says },
    { "the bits of yesterday", the_bits_of_yesterday },
    { "chunks, threads and kernels change no bit",
      chunks_threads_and_kernels_change_no_bit },
    { "alone and in a batch", alone_and_in_a_batch },
    { "a rewound cache is a fresh one", a_rewound_cache_is_a_fresh_one },
    { NULL, NULL },
};
