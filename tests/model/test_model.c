/* test_model.c - what must be true of a forward pass, from outside it */
#include <stdlib.h>

#include "textbook.h"
#include "tiny.h"

#include "base/parallel.h"

#define T 23                        /* more than two lanes, an odd number   */
#define ROOM 40                     /* of the caches                        */

static int ids[T];

static void make_ids(int V)
{
    uint64_t state = 11;

    for (int t = 0; t < T; t++)
        ids[t] = (int)(test_random(&state) % (uint32_t)V);
}

/* All T logits [T, V] from a fresh cache, in passes of chunk rows.
 * Owner: the caller, free. */
static float *fresh(const Model *model, Format kv, int chunk)
{
    float *logits = calloc((size_t)T * (size_t)model->config.V, sizeof *logits);
    Error error = {0};
    KvCache cache;

    expect_ok(kvcache_init(&cache, &model->config, ROOM, kv, &error), &error);
    tiny_feed(logits, model, &cache, ids, T, chunk);
    expect_int(cache.length, T);
    kvcache_free(&cache);
    return logits;
}

static void equals_textbook(const Tiny *t)
{
    TinyModel m;
    double *want = calloc((size_t)(T * t->V), sizeof *want);
    float *got;

    tiny_open(&m, t), make_ids(t->V);
    textbook_logits(want, &m.model.config, &m.model.weights, ids, T);
    got = fresh(&m.model, FORMAT_F32, T);
    expect(textbook_error(got, want, T * t->V) < 2e-6);
    free(want), free(got), tiny_close(&m);
}

TEST(logits_are_the_textbooks)
{
    Tiny tied = TINY, biased = TINY, single = TINY;

    tied.tied = true, biased.biases = true;
    single.H = single.K = 3, single.D = 20, single.E = 60;
    equals_textbook(&TINY), equals_textbook(&tied);
    equals_textbook(&biased), equals_textbook(&single);
}

/* Each number format is its own values: textbook with the widened matrices. */
static void half_equals_widened(Dtype dtype)
{
    Tiny half = TINY;
    TinyModel m, wide;
    float *a, *b;

    half.dtype = dtype;
    tiny_open(&m, &half), make_ids(half.V);
    tiny_make(&wide, &half);
    for (int i = 0; i < wide.count; i++) {
        Tensor *t = &wide.tensors[i];
        size_t n = (size_t)tensor_count(t);
        float *x = arena_get(&wide.arena, n * sizeof *x);

        tensor_to_f32(x, t->data, t->dtype, n);
        t->dtype = DTYPE_F32, t->data = x, t->bytes = n * sizeof *x;
    }
    Error error = {0};
    expect_ok(tiny_load(&wide, &half, &error), &error);
    expect_int(m.model.weights.format,
               dtype == DTYPE_F16 ? FORMAT_F16 : FORMAT_BF16);
    a = fresh(&m.model, FORMAT_F32, T);
    b = fresh(&wide.model, FORMAT_F32, T);
    expect_same_bits(a, b, T * half.V);
    free(a), free(b), tiny_close(&m), tiny_close(&wide);
}

TEST(sixteen_bit_files_are_their_widened_selves)
{
    half_equals_widened(DTYPE_F16);
    half_equals_widened(DTYPE_BF16);
}

static void any_chunk(const Model *model, Format kv)
{
    float *whole = fresh(model, kv, T);
    const int chunks[] = { 1, 7, 22 };

    for (int i = 0; i < 3; i++) {
        float *parts = fresh(model, kv, chunks[i]);

        expect_same_bits(parts, whole, T * model->config.V);
        free(parts);
    }
    free(whole);
}

TEST(any_chunking_gives_the_same_bits)
{
    Tiny half = TINY;
    TinyModel m;

    half.dtype = DTYPE_F16, half.tied = true;
    tiny_open(&m, &half), make_ids(half.V);
    any_chunk(&m.model, FORMAT_F32), any_chunk(&m.model, FORMAT_F16);
    tiny_close(&m);
}

/* A text alone, and the same text between the rows of another: the same bits,
 * also when only some rows want logits. */
TEST(a_batch_changes_nothing)
{
    TinyModel m;
    KvCache ours, theirs;
    Workspace w;
    Error error = {0};
    float *alone;
    int V = TINY.V;

    tiny_open(&m, &TINY), make_ids(V);
    alone = fresh(&m.model, FORMAT_F16, T);
    expect_ok(kvcache_init(&ours, &m.model.config, ROOM, FORMAT_F16, &error),
              &error);
    expect_ok(kvcache_init(&theirs, &m.model.config, 64, FORMAT_F16, &error),
              &error);
    expect_ok(workspace_init(&w, &m.model.config, 6, 2, 64, &error), &error);
    for (int t = 0; t + 2 <= T; t += 2) {
        int p = theirs.length;
        Row rows[] = { { 5, p, &theirs, false }, { ids[t], t, &ours, true },
                       { 9, p + 1, &theirs, false },
                       { ids[t + 1], t + 1, &ours, true },
                       { 2, p + 2, &theirs, false } };

        expect_ok(model_forward(&w, &m.model, rows, 5, NULL, NULL, NULL,
                                &error), &error);
        expect_same_bits(w.logits, row(alone, t, V), 2 * V);
    }
    free(alone), workspace_free(&w), kvcache_free(&ours), kvcache_free(&theirs);
    tiny_close(&m);
}

TEST(threads_and_kernels_change_nothing)
{
    TinyModel m;
    Error error = {0};
    float *first;

    tiny_open(&m, &TINY), make_ids(TINY.V);
    expect_ok(kernels_choose("plain", &error), &error);
    parallel_set_threads(1);
    first = fresh(&m.model, FORMAT_F32, T);
    for (int fast = 0; fast < 2; fast++)
        for (int threads = 1; threads <= 7; threads += threads < 3 ? 1 : 4) {
            float *again;

            expect_ok(kernels_choose(fast ? "auto" : "plain", &error), &error);
            parallel_set_threads(threads);
            again = fresh(&m.model, FORMAT_F32, 7);
            expect_same_bits(again, first, T * TINY.V);
            free(again);
        }
    free(first), tiny_close(&m);
}

static bool stop_at(void *context, size_t done, size_t total)
{
    return expect(total == 2), done < *(size_t *)context;
}

/* A pass stopped before layer 0 and one between the layers; then it goes on. */
TEST(a_stopped_pass_leaves_the_cache)
{
    TinyModel m;
    KvCache cache;
    Workspace w;
    Error error = {0};
    float *whole, *rest = calloc((size_t)(T * TINY.V), sizeof *rest);

    tiny_open(&m, &TINY), make_ids(TINY.V);
    whole = fresh(&m.model, FORMAT_F32, T);
    expect_ok(kvcache_init(&cache, &m.model.config, ROOM, FORMAT_F32, &error),
              &error);
    expect_ok(workspace_init(&w, &m.model.config, 8, 1, ROOM, &error), &error);
    tiny_feed(rest, &m.model, &cache, ids, 10, 5);
    for (size_t stop = 0; stop < 2; stop++) {
        Watch watch = { stop_at, &stop };
        Row rows[] = { { 1, 10, &cache, false }, { 2, 11, &cache, true } };

        error = (Error){0};
        expect(!model_forward(&w, &m.model, rows, 2, NULL, NULL, &watch,
                              &error));
        expect_int(error.code, EXIT_INTERRUPTED);
        expect_int(cache.length, 10);
    }
    tiny_feed(rest, &m.model, &cache, ids + 10, T - 10, 4);
    expect_same_bits(rest, row(whole, 10, TINY.V), (T - 10) * TINY.V);
    free(whole), free(rest), workspace_free(&w), kvcache_free(&cache);
    tiny_close(&m);
}

TEST(truncate_and_feed_again_is_as_fresh)
{
    TinyModel m;
    KvCache cache;
    Error error = {0};
    float *whole, *again = calloc((size_t)(T * TINY.V), sizeof *again);
    int other[T];

    tiny_open(&m, &TINY), make_ids(TINY.V);
    whole = fresh(&m.model, FORMAT_F16, T);
    expect_ok(kvcache_init(&cache, &m.model.config, ROOM, FORMAT_F16, &error),
              &error);
    for (int t = 0; t < T; t++)
        other[t] = t < 9 ? ids[t] : (ids[t] + 1) % TINY.V;
    tiny_feed(again, &m.model, &cache, other, T, T);
    kvcache_truncate(&cache, 9);
    tiny_feed(again, &m.model, &cache, ids + 9, T - 9, 5);
    expect_same_bits(again, row(whole, 9, TINY.V), (T - 9) * TINY.V);
    free(whole), free(again), kvcache_free(&cache), tiny_close(&m);
}

/* One row through a model of which one number was changed. */
static Error one_row(const char *name, float value, Format kv, int id)
{
    Tiny biased = TINY;
    TinyModel m;
    KvCache cache;
    Workspace w;
    Error error = {0};
    Row first;

    biased.biases = true;
    tiny_make(&m, &biased);
    if (name != NULL)
        memcpy((char *)(uintptr_t)tiny_tensor(&m, name)->data + 8, &value, 4);
    expect_ok(tiny_load(&m, &biased, &error), &error);
    expect_ok(kvcache_init(&cache, &m.model.config, ROOM, kv, &error), &error);
    expect_ok(workspace_init(&w, &m.model.config, 1, 1, ROOM, &error), &error);
    first = (Row){ id, 0, &cache, true };
    if (model_forward(&w, &m.model, &first, 1, NULL, NULL, NULL, &error))
        expect_int(error.code, 0), expect_int(cache.length, 1);
    else
        expect_int(error.code, EXIT_INPUT), expect_int(cache.length, 0);
    workspace_free(&w), kvcache_free(&cache), tiny_close(&m);
    return error;
}

TEST(what_cannot_be_computed_is_an_error)
{
    const char *bias = "model.layers.1.self_attn.v_proj.bias";
    Error error = one_row(NULL, 0, FORMAT_F16, 36);

    expect_int(error.code, 0);
    error = one_row(bias, 1e5f, FORMAT_F32, 0);
    expect_int(error.code, 0);
    error = one_row(bias, 1e5f, FORMAT_F16, 0);
    expect(error_mentions(&error, "layer 1, position 0")
           && error_mentions(&error, "--kv f32"));
    error = one_row("model.layers.0.mlp.up_proj.weight", NAN, FORMAT_F16, 0);
    expect(error_mentions(&error, "position 0")
           && error_mentions(&error, "not finite"));
    error = one_row(bias, INFINITY, FORMAT_F16, 0);
    expect(error_mentions(&error, "not finite"));
    error = one_row(NULL, 0, FORMAT_F32, 37);
    expect(error_mentions(&error, "id 37") && error_mentions(&error, "0 to 36"));
    error = one_row(NULL, 0, FORMAT_F32, -1);
    expect(error_mentions(&error, "id -1"));
}

/* The row that is to blame is named, not the first of the pass. */
TEST(the_position_of_a_bad_number_is_named)
{
    const float bad = NAN;
    TinyModel m;
    KvCache cache;
    Workspace w;
    Error error = {0};
    Row rows[3];

    tiny_make(&m, &TINY);
    memcpy((float *)(uintptr_t)tiny_tensor(&m, "model.embed_tokens.weight")->data
           + 5 * TINY.E, &bad, sizeof bad);
    expect_ok(tiny_load(&m, &TINY, &error), &error);
    expect_ok(kvcache_init(&cache, &m.model.config, ROOM, FORMAT_F32, &error),
              &error);
    expect_ok(workspace_init(&w, &m.model.config, 3, 2, ROOM, &error), &error);
    for (int t = 0; t < 3; t++)
        rows[t] = (Row){ 3 + t, t, &cache, t > 0 };
    expect(!model_forward(&w, &m.model, rows, 3, NULL, NULL, NULL, &error));
    expect(error_mentions(&error, "position 2"));
    workspace_free(&w), kvcache_free(&cache), tiny_close(&m);
}

typedef struct {                    /* what the guest was shown             */
    int calls[PROBE_COUNT];
    int last;                       /* order: layer · PROBE_COUNT + point   */
    int rows, wanted;
    float last_logit;
} Seen;

static void look(void *context, ProbePoint point, int layer, const float *x,
                 int rows, int width)
{
    static const int widths[] = {   /* of TINY, by the header's order       */
        22, 22, 24, 12, 12, 24, 12, 24, 22, 22, 29, 29, 29, 22, 22, 22, 37 };
    Seen *seen = context;
    int order = layer * PROBE_COUNT + (int)point;

    expect_int(width, widths[point]);
    expect_int(rows, layer < TINY.L ? seen->rows : seen->wanted);
    expect(order > seen->last);
    expect(point != PROBE_EMBEDDING || layer == -1);
    seen->last = order;
    seen->calls[point]++;
    seen->last_logit = x[rows * width - 1];
}

TEST(a_probe_sees_everything_and_changes_nothing)
{
    TinyModel m;
    KvCache cache;
    Workspace w;
    Error error = {0};
    Row rows[T];
    Seen seen = { .last = -1000, .rows = T, .wanted = T / 2 };
    Probe probe = { look, &seen, 0xffffffff };
    float *plain;

    tiny_open(&m, &TINY), make_ids(TINY.V);
    plain = fresh(&m.model, FORMAT_F32, T);
    expect_ok(kvcache_init(&cache, &m.model.config, ROOM, FORMAT_F32, &error),
              &error);
    expect_ok(workspace_init(&w, &m.model.config, T, T, ROOM, &error), &error);
    for (int t = 0; t < T; t++)
        rows[t] = (Row){ ids[t], t, &cache, t % 2 == 1 };
    expect_ok(model_forward(&w, &m.model, rows, T, NULL, &probe, NULL, &error),
              &error);
    for (int p = 0; p < PROBE_COUNT; p++)
        expect_int(seen.calls[p], p == PROBE_EMBEDDING || p >= PROBE_FINAL_NORM
                                  ? 1 : TINY.L);
    for (int t = 1; t < T; t += 2)
        expect_same_bits(row(w.logits, t / 2, TINY.V), row(plain, t, TINY.V),
                         TINY.V);
    expect_same_bits(&seen.last_logit,
                     row(w.logits, T / 2 - 1, TINY.V) + TINY.V - 1, 1);
    expect_text(probe_name(PROBE_EMBEDDING), "embedding");
    expect_text(probe_name(PROBE_LOGITS), "logits");
    probe.mask = 1u << PROBE_V;
    kvcache_truncate(&cache, 0), seen.last = -1000;
    expect_ok(model_forward(&w, &m.model, rows, T, NULL, &probe, NULL, &error),
              &error);
    expect_int(seen.calls[PROBE_V], 2 * TINY.L);
    expect_int(seen.calls[PROBE_K], TINY.L);
    free(plain), workspace_free(&w), kvcache_free(&cache), tiny_close(&m);
}

TEST(a_pass_allocates_nothing)
{
    TinyModel m;
    KvCache cache;
    Workspace w;
    Error error = {0};
    size_t before;

    tiny_open(&m, &TINY);
    expect_ok(kvcache_init(&cache, &m.model.config, ROOM, FORMAT_F16, &error),
              &error);
    expect_ok(workspace_init(&w, &m.model.config, 4, 3, ROOM, &error), &error);
    expect_int(w.bytes, workspace_bytes(&m.model.config, 4, 3, ROOM));
    expect((unsigned char *)(w.logits + 3 * TINY.V)
           <= w.memory + w.bytes - w.activations.bytes);
    before = memory_count();
    for (int t = 0; t < 9; t++) {
        Row one = { t, t, &cache, true };

        expect_ok(model_forward(&w, &m.model, &one, 1, NULL, NULL, NULL,
                                &error), &error);
    }
    expect_int(memory_count(), before);
    workspace_free(&w), kvcache_free(&cache), tiny_close(&m);
}

/* The tiny model that ships: BF16 and tied. */
TEST(storyteller_loads_and_is_the_same_in_any_chunks)
{
    JsonDocument config;
    Safetensors file;
    Model model;
    Error error = {0};

    expect_ok(json_read_file(&config, "models/storyteller/config.json",
                             JSON_UNIQUE, &error), &error);
    expect_ok(safetensors_open(&file, "models/storyteller", &error), &error);
    expect_ok(model_load(&model, config.root, &file, &error), &error);
    expect_int(model.weights.parameters, 2755008);      /* models/README.md */
    expect_text(model.weights.note, "");
    make_ids(model.config.V);
    parallel_set_threads(1);        /* thousands of small products          */
    any_chunk(&model, FORMAT_F16);
    model_free(&model), safetensors_close(&file), json_free(&config);
}

const Test model_tests[] = {
    { "logits are the textbook's", logits_are_the_textbooks },
    { "16-bit files are their widened selves",
      sixteen_bit_files_are_their_widened_selves },
    { "any chunking gives the same bits", any_chunking_gives_the_same_bits },
    { "a batch changes nothing", a_batch_changes_nothing },
    { "threads and kernels change nothing", threads_and_kernels_change_nothing },
    { "a stopped pass leaves the cache", a_stopped_pass_leaves_the_cache },
    { "truncate and feed again is as fresh",
      truncate_and_feed_again_is_as_fresh },
    { "what cannot be computed is an error",
      what_cannot_be_computed_is_an_error },
    { "the position of a bad number is named",
      the_position_of_a_bad_number_is_named },
    { "a probe sees everything and changes nothing",
      a_probe_sees_everything_and_changes_nothing },
    { "a pass allocates nothing", a_pass_allocates_nothing },
    { "storyteller loads and is the same in any chunks",
      storyteller_loads_and_is_the_same_in_any_chunks },
    { NULL, NULL },
};
