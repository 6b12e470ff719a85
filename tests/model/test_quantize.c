/* test_quantize.c - a model's matrices become the blocks of their rows, and nothing else
 *
 * Each matrix is compared with encode_group of the rows that the file has; what
 * encode_group does is judged by kernels/test_encode. */
#include "tiny.h"

#include <stdlib.h>

#include "base/parallel.h"
#include "kernels/encode.h"
#include "model/quantize.h"

typedef struct {                    /* a model of the clone, or of tiny.h   */
    JsonDocument config;
    Safetensors file;
    Model model;
} Opened;

static Error error;

static void open_model(Opened *m, const char *name)
{
    char path[200];

    *m = (Opened){0};
    snprintf(path, sizeof path, "models/%s/config.json", name);
    expect_ok(json_read_file(&m->config, path, JSON_UNIQUE, &error), &error);
    snprintf(path, sizeof path, "models/%s", name);
    expect_ok(safetensors_open(&m->file, path, &error), &error);
    expect_ok(model_load(&m->model, m->config.root, &m->file, &error), &error);
}

static void close_model(Opened *m)
{
    model_free(&m->model);
    safetensors_close(&m->file);
    json_free(&m->config);
}

enum { MATRICES = 100 };

/* Every matrix of a model with the part that it plays; tied: the embedding once. */
static int list_matrices(const Matrix **all, Role *roles, const Model *model)
{
    const Weights *w = &model->weights;
    int n = 0;

    roles[n] = model->config.tied ? ROLE_TIED : ROLE_EMBEDDING;
    all[n++] = &w->embedding;
    if (!model->config.tied)
        roles[n] = ROLE_OUTPUT, all[n++] = &w->output.weight;
    for (int l = 0; l < model->config.L; l++) {
        const LayerWeights *a = &w->layers[l];
        const Linear *of_layer[] = { &a->qkv, &a->q, &a->k, &a->v, &a->o, &a->gate,
                                     &a->up, &a->down };

        for (int i = 0; i < 8; i++)
            if (of_layer[i]->weight.data != NULL) {
                expect(n < MATRICES);
                roles[n] = ROLE_LAYER, all[n++] = &of_layer[i]->weight;
            }
    }
    return n;
}

/* The table of quantize.c's essay, by hand. */
static Format format_for(Format wanted, Role role)
{
    if (wanted == FORMAT_INT8 || role == ROLE_OUTPUT || role == ROLE_TIED)
        return FORMAT_INT8;
    return FORMAT_INT4;
}

/* Is got what encode_group makes of the rows of from? */
static void same_blocks(const Matrix *got, const Matrix *from, Format format)
{
    int columns = from->columns;
    size_t bytes = (size_t)(columns / 32) * (format == FORMAT_INT8 ? 272 : 144);
    float *rows = calloc(8 * (size_t)columns, sizeof *rows);
    unsigned char *group = calloc(bytes, 1);

    expect_int(got->format, format);
    expect_int(got->rows, from->rows), expect_int(got->columns, columns);
    for (int first = 0; first < from->rows; first += 8) {
        int count = min_int(8, from->rows - first);

        for (int r = 0; r < count; r++)
            matrix_row(row(rows, r, columns), from, first + r);
        encode_group(group, format, rows, count, columns);
        expect(memcmp((const unsigned char *)got->data + (size_t)(first / 8) * bytes,
                      group, bytes) == 0);
    }
    free(rows), free(group);
}

static const char *const families[] = { "storyteller", "storyteller-draft",
                                        "storyteller-neox", "storyteller-stablelm" };

TEST(every_matrix_is_the_blocks_of_its_rows)
{
    for (int f = 0; f < 8; f++) {
        Format wanted = f % 2 == 0 ? FORMAT_INT8 : FORMAT_INT4;
        const Matrix *before[MATRICES], *after[MATRICES];
        Role roles[MATRICES];
        Opened a, b;
        size_t bytes = 0, floats = 0;
        int n;

        open_model(&a, families[f / 2]), open_model(&b, families[f / 2]);
        expect_ok(model_quantize(&b.model, &b.file, wanted, NULL, &error), &error);
        n = list_matrices(before, roles, &a.model);
        expect_int(list_matrices(after, roles, &b.model), n);
        for (int i = 0; i < n; i++) {
            Format format = format_for(wanted, roles[i]);

            expect_int(quantize_format(wanted, roles[i]), format);
            same_blocks(after[i], before[i], format);
            expect_int((uintptr_t)after[i]->data % 64, 0);
            bytes += matrix_bytes(after[i]), floats += matrix_bytes(before[i]);
        }
        if (a.model.config.tied)
            expect(b.model.weights.output.weight.data == b.model.weights.embedding.data
                   && b.model.weights.output.weight.format == FORMAT_INT8);
        expect_int(b.model.weights.format, wanted);
        expect_int(a.model.weights.bytes - b.model.weights.bytes, floats - bytes);
        expect_text(b.model.weights.note, a.model.weights.note);
        close_model(&a), close_model(&b);
    }
}

/* Norms and biases are not touched. */
TEST(vectors_stay)
{
    Opened a, b;

    open_model(&a, "storyteller-stablelm"), open_model(&b, "storyteller-stablelm");
    expect_ok(model_quantize(&b.model, &b.file, FORMAT_INT4, NULL, &error), &error);
    for (int l = 0; l < a.model.config.L; l++) {
        const LayerWeights *x = &a.model.weights.layers[l];
        const LayerWeights *y = &b.model.weights.layers[l];

        expect_same_bits(y->norm1, x->norm1, a.model.config.E);
        expect_same_bits(y->norm2_bias, x->norm2_bias, a.model.config.E);
        expect_same_bits(y->q.bias, x->q.bias, x->q.weight.rows);
    }
    expect_same_bits(b.model.weights.norm, a.model.weights.norm, a.model.config.E);
    close_model(&a), close_model(&b);
}

TEST(threads_change_no_byte)
{
    static const int threads[] = { 1, 2, 3, 7 };

    for (int f = 0; f < 4; f++) {
        const Matrix *first[MATRICES], *again[MATRICES];
        Role roles[MATRICES];
        Opened a;
        int n;

        parallel_set_threads(1);
        open_model(&a, families[f]);
        expect_ok(model_quantize(&a.model, &a.file, FORMAT_INT4, NULL, &error), &error);
        n = list_matrices(first, roles, &a.model);
        for (int i = 1; i < 4; i++) {
            Opened b;

            parallel_set_threads(threads[i]);
            open_model(&b, families[f]);
            expect_ok(model_quantize(&b.model, &b.file, FORMAT_INT4, NULL, &error), &error);
            list_matrices(again, roles, &b.model);
            for (int j = 0; j < n; j++)
                expect(memcmp(first[j]->data, again[j]->data, matrix_bytes(first[j])) == 0);
            close_model(&b);
        }
        close_model(&a);
    }
}

/* ---- the numbers that come out */

enum { T = 24 };

static float *logits_of(const Model *model, int chunk)
{
    float *logits = calloc((size_t)T * (size_t)model->config.V, sizeof *logits);
    uint64_t state = 3;
    KvCache cache;
    int ids[T];

    for (int t = 0; t < T; t++)
        ids[t] = (int)(test_random(&state) % (uint32_t)model->config.V);
    expect_ok(kvcache_init(&cache, &model->config, T, FORMAT_F32, &error), &error);
    tiny_feed(logits, model, &cache, ids, T, chunk);
    kvcache_free(&cache);
    return logits;
}

/* The largest difference, by the largest logit. */
static double distance(const float *a, const float *b, int n)
{
    double most = 0, largest = 0;

    for (int i = 0; i < n; i++) {
        most = fmax(most, fabs((double)a[i] - (double)b[i]));
        largest = fmax(largest, fabs((double)b[i]));
    }
    return most / largest;
}

/* A block's codes are half a step from the truth: 1/254 of its largest weight, which is
 * some three times a usual one. Of x the same. Through all layers, int8 stays within 2 %
 * of the largest logit. int4 has sixteen steps: it must be farther than int8, and still
 * the same model. */
TEST(logits_stay_near)
{
    for (int f = 0; f < 4; f++) {
        Opened m[3];
        float *logits[3];
        double d[3];
        int n;

        for (int i = 0; i < 3; i++) {
            open_model(&m[i], families[f]);
            if (i > 0)
                expect_ok(model_quantize(&m[i].model, &m[i].file,
                                         i == 1 ? FORMAT_INT8 : FORMAT_INT4, NULL, &error),
                          &error);
            logits[i] = logits_of(&m[i].model, T);
        }
        n = T * m[0].model.config.V;
        for (int i = 1; i < 3; i++)
            d[i] = distance(logits[i], logits[0], n);
        if (d[1] == 0 || d[1] > 0.02 || d[2] > 0.3 || d[2] < 2 * d[1])
            test_fail(__FILE__, __LINE__, "%s: int8 %.4f, int4 %.4f of the largest logit",
                      families[f], d[1], d[2]);
        for (int i = 0; i < 3; i++) {
            free(logits[i]);
            close_model(&m[i]);
        }
    }
}

/* ---- what cannot be, or need not be */

/* Widths of 64 and 32, and one (29: mlp.down) that has no whole blocks. */
static const Tiny PARTLY = { .V = 37, .E = 64, .L = 2, .H = 4, .K = 2, .D = 8, .F = 29,
                             .dtype = DTYPE_F16 };

TEST(widths_without_blocks_stay)
{
    TinyModel a, b;
    const LayerWeights *x, *y;

    tiny_open(&a, &PARTLY), tiny_open(&b, &PARTLY);
    expect_ok(model_quantize(&b.model, &b.file, FORMAT_INT4, NULL, &error), &error);
    expect_text(b.model.weights.note,
                "2 of 16 matrices stay F16: their width is no multiple of 32");
    x = &a.model.weights.layers[1], y = &b.model.weights.layers[1];
    expect_int(y->down.weight.format, FORMAT_F16);
    expect(memcmp(y->down.weight.data, x->down.weight.data, 64 * 29 * 2) == 0);
    same_blocks(&y->o.weight, &x->o.weight, FORMAT_INT4);
    same_blocks(&y->gate.weight, &x->gate.weight, FORMAT_INT4);
    same_blocks(&b.model.weights.output.weight, &a.model.weights.output.weight,
                FORMAT_INT8);
    tiny_close(&a), tiny_close(&b);
}

/* A model of which nothing can be quantized computes what it did. */
TEST(no_width_has_blocks)
{
    TinyModel a, b;
    float *x, *y;

    tiny_open(&a, &TINY), tiny_open(&b, &TINY);
    expect_ok(model_quantize(&b.model, &b.file, FORMAT_INT8, NULL, &error), &error);
    expect_text(b.model.weights.note,
                "16 of 16 matrices stay F32: their width is no multiple of 32");
    expect_int(b.model.weights.format, FORMAT_F32);
    expect_int(b.model.weights.bytes, a.model.weights.bytes);
    x = logits_of(&a.model, T), y = logits_of(&b.model, T);
    expect_same_bits(y, x, T * TINY.V);
    free(x), free(y);
    tiny_close(&a), tiny_close(&b);
}

TEST(quantizing_twice)
{
    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++) {
        TinyModel m;

        tiny_open(&m, &PARTLY);
        expect_ok(model_quantize(&m.model, &m.file, format, NULL, &error), &error);
        expect(!model_quantize(&m.model, &m.file, FORMAT_INT8, NULL, &error));
        expect_int(error.code, EXIT_INPUT);
        expect(error_mentions(&error, "already"));
        expect(error_mentions(&error, format_name(format)));
        tiny_close(&m);
    }
}

/* One number of one matrix is not finite: refused, and the rows are named. */
TEST(not_finite)
{
    static const struct { Dtype dtype; uint32_t bits; } bad[] = {
        { DTYPE_F32, 0x7FC00000 }, { DTYPE_F32, 0xFF800000 }, { DTYPE_F16, 0x7C00 },
        { DTYPE_F16, 0xFE00 }, { DTYPE_BF16, 0x7F80 }, { DTYPE_BF16, 0xFFC0 },
    };

    for (int i = 0; i < 6; i++) {
        Tiny t = PARTLY;
        TinyModel m;
        Tensor *tensor;
        int size = bad[i].dtype == DTYPE_F32 ? 4 : 2;

        t.dtype = bad[i].dtype;
        tiny_make(&m, &t);
        tensor = tiny_tensor(&m, "model.layers.1.mlp.up_proj.weight");
        memcpy((char *)(uintptr_t)tensor->data + (28 * 64 + 63) * size, &bad[i].bits,
               (size_t)size);
        expect_ok(tiny_load(&m, &t, &error), &error);
        expect(!model_quantize(&m.model, &m.file, FORMAT_INT4, NULL, &error));
        expect_int(error.code, EXIT_INPUT);
        expect(error_mentions(&error, "[29, 64]") && error_mentions(&error, "24 to 28"));
        tiny_close(&m);
    }
}

typedef struct { size_t calls, last, total, stop; } Seen;

static bool see(void *context, size_t done, size_t total)
{
    Seen *seen = context;

    expect(done >= seen->last && done <= total);
    seen->last = done, seen->total = total;
    return ++seen->calls != seen->stop;
}

/* Stopped at any step: exit 130, and all memory goes with the model. */
TEST(watched_and_stopped)
{
    Seen all = { .stop = SIZE_MAX };
    Watch watch = { see, &all };
    TinyModel m;

    tiny_open(&m, &PARTLY);
    expect_ok(model_quantize(&m.model, &m.file, FORMAT_INT4, &watch, &error), &error);
    tiny_close(&m);
    expect_int(all.last, all.total);        /* 2 bytes a number, but mlp.down's */
    expect_int(all.total, 2 * (2 * 37 * 64 + 2 * (32 + 16 + 16 + 29 + 29) * 64
                               + 2 * 64 * 32));
    for (size_t stop = 1; stop <= all.calls; stop++) {
        Seen seen = { .stop = stop };

        watch = (Watch){ see, &seen };
        tiny_open(&m, &PARTLY);
        expect(!model_quantize(&m.model, &m.file, FORMAT_INT4, &watch, &error));
        expect_int(error.code, EXIT_INTERRUPTED);
        expect_int(seen.calls, stop);
        tiny_close(&m);
    }
}

/* ---- bits a number, of the shapes that people use */

static Role role_of(const char *name, bool tied)
{
    if (strstr(name, "embed_tokens") != NULL || strstr(name, "embed_in") != NULL)
        return tied ? ROLE_TIED : ROLE_EMBEDDING;
    if (strstr(name, "lm_head") != NULL || strstr(name, "embed_out") != NULL)
        return ROLE_OUTPUT;
    return ROLE_LAYER;
}

/* Of int4, over all matrices: at most 5.0, and 5.4 where the output is tied. Beside it
 * the same by hand: 4.5 and 4 more for the share of the output. */
TEST(bits_of_real_shapes)
{
    static const struct { const char *name; double output, matrices, most; } shapes[] = {
        { "tinyllama", 32000.0 * 2048,      /* and 22 layers, both ends       */
          2 * 32000.0 * 2048 + 22 * 2048.0 * (2 * 2048 + 2 * 256 + 3 * 5632), 5.0 },
        { "llama3.2-1b", 128256.0 * 2048,
          128256.0 * 2048 + 16 * 2048.0 * (2 * 2048 + 2 * 512 + 3 * 8192), 5.4 },
        { "stablelm-1.6b", 100352.0 * 2048,
          2 * 100352.0 * 2048 + 24 * 2048.0 * (4 * 2048 + 3 * 5632), 5.0 },
        { "pythia-1b", 50304.0 * 2048,
          2 * 50304.0 * 2048 + 16 * 2048.0 * (4 * 2048 + 2 * 8192), 5.0 },
        { "smollm2-135m", 49152.0 * 576,
          49152.0 * 576 + 30 * 576.0 * (2 * 576 + 2 * 192 + 3 * 1536), 5.4 },
    };

    for (int s = 0; s < 5; s++) {
        JsonDocument document;
        char path[100];
        double bits = 0, numbers = 0;
        Arena arena = {0};
        Config config;
        Tensor *tensors;
        int count;

        snprintf(path, sizeof path, "models/shapes/%s.json", shapes[s].name);
        expect_ok(json_read_file(&document, path, JSON_UNIQUE, &error), &error);
        expect_ok(config_read(&config, document.root, &error), &error);
        tensors = weights_expected(&config, &arena, &count);
        for (int i = 0; i < count; i++)
            if (tensors[i].rank == 2) {
                Role role = role_of(tensors[i].name, config.tied);

                expect_int(tensors[i].shape[1] % 32, 0);
                bits += 8 * (double)blocks_bytes(quantize_format(FORMAT_INT4, role),
                                                 (int)tensors[i].shape[0],
                                                 (int)tensors[i].shape[1]);
                numbers += (double)tensor_count(&tensors[i]);
            }
        expect(numbers == shapes[s].matrices);
        expect_close(bits / numbers, 4.5 + 4 * shapes[s].output / numbers, 1e-9);
        if (bits / numbers > shapes[s].most)
            test_fail(__FILE__, __LINE__, "%s: %.4f bits", shapes[s].name, bits / numbers);
        arena_free(&arena), json_free(&document);
    }
}

const Test quantize_tests[] = {
    { "every matrix is the blocks of its rows", every_matrix_is_the_blocks_of_its_rows },
    { "norms and biases stay", vectors_stay },
    { "threads change no byte", threads_change_no_byte },
    { "logits stay near", logits_stay_near },
    { "widths without whole blocks stay", widths_without_blocks_stay },
    { "no width has blocks", no_width_has_blocks },
    { "quantizing twice", quantizing_twice },
    { "weights that are not finite", not_finite },
    { "watched and stopped", watched_and_stopped },
    { "bits a number, of real shapes", bits_of_real_shapes },
    { NULL, NULL },
};
