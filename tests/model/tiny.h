/* tiny.h - a Llama of a few thousand random numbers, made, written and loaded
 *
 * Rules of use: describe it in a Tiny; tiny_make fills the list of tensors as a
 * file would hold them (a test may then spoil one); tiny_load writes them with
 * the config to a scratch file and loads that. tiny_close gives all back.
 */
#ifndef TINY_H
#define TINY_H

#include <math.h>

#include "test.h"

#include "files/json.h"
#include "files/safetensors_write.h"
#include "model/model.h"
#include "numbers/halffloat.h"

#define TINY_TENSORS 128

typedef struct {
    int V, E, L, H, K, D, F;
    bool tied, biases;
    Dtype dtype;                    /* of the matrices: F32, F16 or BF16    */
} Tiny;

/* H·D is not E, K divides H twice, widths are no multiples of 8. */
static const Tiny TINY = { .V = 37, .E = 22, .L = 2, .H = 4, .K = 2, .D = 6,
                           .F = 29, .dtype = DTYPE_F32 };

typedef struct {
    Arena arena;
    Tensor tensors[TINY_TENSORS];
    int count;
    JsonDocument config;
    Safetensors file;
    Model model;
} TinyModel;

/* One tensor [out, in] (in 0: a vector) of seeded numbers of size about
 * 1/√in; norms are around 1. */
static inline void tiny_add(TinyModel *m, const char *name, int out, int in,
                            Dtype dtype)
{
    int n = in > 0 ? out * in : out;
    float *x = arena_get(&m->arena, (size_t)n * sizeof *x);
    uint16_t *half = arena_get(&m->arena, (size_t)n * sizeof *half);
    Tensor *t = &m->tensors[m->count];
    bool is_norm = strstr(name, "norm") != NULL;

    expect(m->count < TINY_TENSORS);
    test_fill(x, n, (uint32_t)++m->count);
    for (int i = 0; i < n; i++) {
        x[i] = is_norm ? 1 + 0.5f * x[i] : x[i] * 1.7f / sqrtf((float)in + 1);
        half[i] = dtype == DTYPE_F16 ? f32_to_f16(x[i]) : f32_to_bf16(x[i]);
    }
    *t = (Tensor){ .name = arena_text(&m->arena, name, strlen(name)),
                   .dtype = dtype, .rank = in > 0 ? 2 : 1,
                   .shape = { (uint64_t)out, (uint64_t)in },
                   .data = dtype == DTYPE_F32 ? (void *)x : (void *)half,
                   .bytes = (size_t)n * (dtype == DTYPE_F32 ? 4 : 2) };
}

static inline void tiny_add_linear(TinyModel *m, const Tiny *t, int layer,
                                   const char *part, int out, int in)
{
    char name[100];

    snprintf(name, sizeof name, "model.layers.%d.%s.weight", layer, part);
    tiny_add(m, name, out, in, t->dtype);
    snprintf(name, sizeof name, "model.layers.%d.%s.bias", layer, part);
    if (t->biases)
        tiny_add(m, name, out, 0, DTYPE_F32);
}

static inline void tiny_make(TinyModel *m, const Tiny *t)
{
    static const char *const norms[] = { "input_layernorm",
                                         "post_attention_layernorm" };
    char name[100];

    *m = (TinyModel){0};
    tiny_add(m, "model.embed_tokens.weight", t->V, t->E, t->dtype);
    for (int l = 0; l < t->L; l++) {
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, "model.layers.%d.%s.weight", l, norms[i]);
            tiny_add(m, name, t->E, 0, t->dtype);
        }
        tiny_add_linear(m, t, l, "self_attn.q_proj", t->H * t->D, t->E);
        tiny_add_linear(m, t, l, "self_attn.k_proj", t->K * t->D, t->E);
        tiny_add_linear(m, t, l, "self_attn.v_proj", t->K * t->D, t->E);
        tiny_add_linear(m, t, l, "self_attn.o_proj", t->E, t->H * t->D);
        tiny_add_linear(m, t, l, "mlp.gate_proj", t->F, t->E);
        tiny_add_linear(m, t, l, "mlp.up_proj", t->F, t->E);
        tiny_add_linear(m, t, l, "mlp.down_proj", t->E, t->F);
    }
    tiny_add(m, "model.norm.weight", t->E, 0, t->dtype);
    if (!t->tied)
        tiny_add(m, "lm_head.weight", t->V, t->E, t->dtype);
}

/* The tensor of that name, to be spoilt or compared. */
static inline Tensor *tiny_tensor(TinyModel *m, const char *name)
{
    for (int i = 0; i < m->count; i++)
        if (strcmp(m->tensors[i].name, name) == 0)
            return &m->tensors[i];
    test_fail(__FILE__, __LINE__, "no tensor %s", name);
}

/* Writes and loads; false with *error where the engine refuses. */
static inline bool tiny_load(TinyModel *m, const Tiny *t, Error *error)
{
    static int written;             /* a file of its own for each           */
    char name[40], text[1000];
    const char *path = (snprintf(name, sizeof name, "tiny%d.safetensors",
                                 written++), test_scratch(name));
    int length = snprintf(text, sizeof text,
        "{\"architectures\":[\"LlamaForCausalLM\"],\"vocab_size\":%d,"
        "\"hidden_size\":%d,\"num_hidden_layers\":%d,\"num_attention_heads\":%d,"
        "\"num_key_value_heads\":%d,\"head_dim\":%d,\"intermediate_size\":%d,"
        "\"max_position_embeddings\":512,\"rms_norm_eps\":1e-5,"
        "\"rope_theta\":100.0,\"tie_word_embeddings\":%s}", t->V, t->E, t->L,
        t->H, t->K, t->D, t->F, t->tied ? "true" : "false");

    expect_ok(json_parse(&m->config, text, (size_t)length, JSON_UNIQUE,
                         JSON_DEPTH, error), error);
    expect_ok(safetensors_write(path, m->tensors, m->count, NULL, 0, error),
              error);
    expect_ok(safetensors_open(&m->file, path, error), error);
    return model_load(&m->model, m->config.root, &m->file, error);
}

static inline void tiny_open(TinyModel *m, const Tiny *t)
{
    Error error = {0};

    tiny_make(m, t);
    expect_ok(tiny_load(m, t, &error), &error);
}

static inline void tiny_close(TinyModel *m)
{
    model_free(&m->model);
    safetensors_close(&m->file);
    json_free(&m->config);
    arena_free(&m->arena);
}

/* Feed ids [T] into the cache in passes of chunk rows; every row's logits into
 * logits [T, V]. */
static inline void tiny_feed(float *logits, const Model *model, KvCache *cache,
                             const int *ids, int T, int chunk)
{
    int V = model->config.V;
    Error error = {0};
    Workspace w;

    expect_ok(workspace_init(&w, &model->config, chunk, chunk, cache->capacity,
                             &error), &error);
    for (int begin = 0; begin < T; begin += chunk) {
        Row rows[64];
        int n = min_int(chunk, T - begin);

        expect(n <= 64);
        for (int i = 0; i < n; i++)
            rows[i] = (Row){ ids[begin + i], cache->length + i, cache, true };
        expect_ok(model_forward(&w, model, rows, n, NULL, NULL, NULL, &error),
                  &error);
        memcpy(row(logits, begin, V), w.logits,
               (size_t)n * (size_t)V * sizeof *logits);
    }
    workspace_free(&w);
}

#endif
