/* test_block.c - the one block in its other shapes: layer norm, two branches,
 * no gate, a partly turned head, biases; and with an adapter on every matrix */
#include <stdlib.h>

#include "textbook.h"
#include "tiny.h"

enum { T = 9, ROOM = 16 };

static const int ids[T] = { 3, 1, 4, 1, 5, 9, 2, 6, 5 };

/* logits [T, V] of ids, from an empty cache. */
static void logits_of(float *logits, const Model *model, const Adapter *adapter)
{
    const Config *c = &model->config;
    KvCache cache;
    Workspace w;
    Row rows[T];
    Error error = {0};

    expect_ok(kvcache_init(&cache, c, ROOM, FORMAT_F32, &error), &error);
    expect_ok(workspace_init(&w, c, T, T, ROOM, &error), &error);
    for (int t = 0; t < T; t++)
        rows[t] = (Row){ ids[t], t, &cache, true };
    expect_ok(model_forward(&w, model, rows, T, adapter, NULL, NULL, &error), &error);
    memcpy(logits, w.logits, (size_t)(T * c->V) * sizeof *logits);
    workspace_free(&w), kvcache_free(&cache);
}

/* Both ways through the same Model; the largest error over the largest logit. */
static double error_of(const Model *model, const Adapter *adapter,
                       const Weights *weights)
{
    const Config *c = &model->config;
    int n = T * c->V;
    double *want = calloc((size_t)n, sizeof *want), worst;
    float *got = calloc((size_t)n, sizeof *got);

    logits_of(got, model, adapter);
    textbook_logits(want, c, weights, ids, T);
    worst = textbook_error(got, want, n);
    free(want), free(got);
    return worst;
}

static const float *vector(TinyModel *m, int n, uint32_t seed)
{
    float *x = arena_get(&m->arena, (size_t)n * sizeof *x);

    test_fill(x, n, seed);
    return x;
}

/* A Llama was loaded; its fields are changed to another architecture's. */
static void become(TinyModel *m, NormKind norm, bool gated, bool parallel)
{
    Config *c = &m->model.config;
    Error error = {0};

    c->norm = norm, c->gated = gated, c->parallel_residual = parallel;
    c->rope.width = 4;                      /* of D = 6                     */
    rope_free(&m->model.rope);
    expect_ok(rope_init(&m->model.rope, &c->rope, &error), &error);
    for (int l = 0; l < c->L; l++) {
        LayerWeights *w = &m->model.weights.layers[l];

        w->norm1_bias = vector(m, c->E, 100), w->norm2_bias = vector(m, c->E, 101);
        if (!gated)
            w->gate = (Linear){0};
    }
    m->model.weights.norm_bias = vector(m, c->E, 102);
}

TEST(fields_make_the_other_architectures)
{
    Tiny biased = TINY;

    biased.biases = true;
    for (int shape = 0; shape < 4; shape++) {
        TinyModel m;

        tiny_open(&m, &biased);
        become(&m, NORM_LAYER, shape & 1, shape & 2);
        expect(error_of(&m.model, NULL, &m.model.weights) < 2e-6);
        tiny_close(&m);
    }
}

/* A copy of linear whose matrix is W + scale · B A. */
static void merge(TinyModel *m, Linear *linear, const LowRank *delta)
{
    int out = linear->weight.rows, in = linear->weight.columns;
    const float *w = linear->weight.data;
    float *sum = arena_get(&m->arena, (size_t)(out * in) * sizeof *sum);

    for (int o = 0; o < out; o++)
        for (int i = 0; i < in; i++) {
            double value = (double)w[o * in + i];

            for (int r = 0; r < delta->rank; r++)
                value += (double)delta->scale
                         * (double)delta->b[o * delta->rank + r]
                         * (double)delta->a[r * in + i];
            sum[o * in + i] = (float)value;
        }
    linear->weight.data = sum;
}

/* A different delta on each matrix, so that one put in the wrong place shows. */
TEST(an_adapter_equals_merged_matrices)
{
    TinyModel m;
    LowRank deltas[2 * TARGET_COUNT] = {0};
    Adapter adapter = { 2, deltas };
    LayerWeights layers[2];
    Weights merged;
    Config *c;

    tiny_open(&m, &TINY);
    c = &m.model.config;
    merged = m.model.weights, merged.layers = layers;
    for (int l = 0; l < 2; l++) {
        LayerWeights *w = &layers[l];
        Linear *all[] = { &w->q, &w->k, &w->v, &w->o, &w->gate, &w->up, &w->down };

        *w = m.model.weights.layers[l];
        for (int t = 0; t < TARGET_QKV; t++) {      /* not fused            */
            LowRank *delta = &deltas[l * TARGET_COUNT + t];
            uint32_t seed = (uint32_t)(200 + 20 * l + 2 * t);

            *delta = (LowRank){ vector(&m, 2 * all[t]->weight.columns, seed),
                                vector(&m, 2 * all[t]->weight.rows, seed + 1),
                                2, 0.1f };
            merge(&m, all[t], delta);
        }
    }
    expect_int(c->L, 2);
    expect(error_of(&m.model, &adapter, &merged) < 2e-6);
    expect(error_of(&m.model, NULL, &merged) > 1e-2);
    tiny_close(&m);
}

/* GPT-NeoX's layout from a Llama's three matrices: rows of q, k and v of head 0, then
 * of head 1. to [3 H·D, in]; parts [H·D, in] each. */
static void fuse(float *to, const float *const parts[3], int H, int D, int in)
{
    size_t bytes = (size_t)(D * in) * sizeof *to;

    for (int h = 0; h < H; h++)
        for (int i = 0; i < 3; i++)
            memcpy(to + (h * 3 + i) * D * in, parts[i] + h * D * in, bytes);
}

static Linear fused_of(TinyModel *m, const LayerWeights *w)
{
    const Config *c = &m->model.config;
    int rows = 3 * c->H * c->D;
    float *weight = arena_get(&m->arena, (size_t)(rows * c->E) * sizeof *weight);
    float *bias = arena_get(&m->arena, (size_t)rows * sizeof *bias);

    fuse(weight, (const float *[]){ w->q.weight.data, w->k.weight.data,
                                    w->v.weight.data }, c->H, c->D, c->E);
    fuse(bias, (const float *[]){ w->q.bias, w->k.bias, w->v.bias }, c->H, c->D, 1);
    return (Linear){ { weight, FORMAT_F32, rows, c->E }, bias };
}

/* Every dot product is the same one, so the bits are; the second time with a delta on
 * the fused matrix, which three deltas can say as well (B in the same order). */
TEST(a_fused_matrix_is_three)
{
    Tiny square = TINY;
    TinyModel m;
    LowRank three[2 * TARGET_COUNT] = {0}, one[2 * TARGET_COUNT] = {0};
    Adapter three_adapter = { 2, three }, one_adapter = { 2, one };
    float want[2][T * 37], got[2][T * 37];
    Config *c;

    square.K = square.H, square.biases = true;
    tiny_open(&m, &square);
    c = &m.model.config;
    for (int l = 0; l < 2; l++) {
        const float *a = vector(&m, 2 * c->E, 300), *b[3];
        float *fused = arena_get(&m.arena, (size_t)(3 * c->H * c->D * 2) * 4);

        for (int i = 0; i < 3; i++) {
            b[i] = vector(&m, c->H * c->D * 2, (uint32_t)(301 + i));
            three[l * TARGET_COUNT + TARGET_Q + i] = (LowRank){ a, b[i], 2, 0.1f };
        }
        fuse(fused, b, c->H, c->D, 2);
        one[l * TARGET_COUNT + TARGET_QKV] = (LowRank){ a, fused, 2, 0.1f };
    }
    logits_of(want[0], &m.model, NULL);
    logits_of(want[1], &m.model, &three_adapter);
    c->fused_qkv = true;
    for (int l = 0; l < 2; l++) {
        LayerWeights *w = &m.model.weights.layers[l];

        w->qkv = fused_of(&m, w);
        w->q = w->k = w->v = (Linear){0};
    }
    logits_of(got[0], &m.model, NULL);
    logits_of(got[1], &m.model, &one_adapter);
    expect(memcmp(got, want, sizeof want) == 0);
    expect(memcmp(got[0], got[1], sizeof got[0]) != 0);
    tiny_close(&m);
}

/* Storyteller's widths: 7 E, 2 H·D, 2 K·D and 3 F floats a row; and TINY's, where
 * each part of one row is rounded up to lines of 16. */
TEST(activations_are_as_large_as_the_table_says)
{
    const Config c = { .E = 192, .H = 6, .K = 2, .D = 32, .F = 512,
                       .gated = true };
    const Config odd = { .E = 22, .H = 4, .K = 2, .D = 6, .F = 29, .gated = true };
    Config bare = c;
    Activations a;
    Error error = {0};

    bare.gated = false;
    expect_int(activations_bytes(&c, 10),
               10 * 4 * (7 * 192 + 2 * 192 + 2 * 64 + 3 * 512));
    expect_int(activations_bytes(&bare, 10),
               10 * 4 * (7 * 192 + 2 * 192 + 2 * 64 + 2 * 512));
    expect_int(activations_bytes(&odd, 1), 4 * (7 * 32 + 2 * 32 + 2 * 16 + 3 * 32));
    expect_ok(activations_init(&a, &c, 10, &error), &error);
    expect(a.x == a.memory && a.q == a.memory + 2 * 10 * 192);
    expect(a.out + 10 * 192 == a.memory + a.bytes / 4);
    activations_free(&a);
}

const Test block_tests[] = {
    { "fields make the other architectures",
      fields_make_the_other_architectures },
    { "an adapter equals merged matrices", an_adapter_equals_merged_matrices },
    { "a fused matrix is three", a_fused_matrix_is_three },
    { "activations are as large as the table says",
      activations_are_as_large_as_the_table_says },
    { NULL, NULL },
};
