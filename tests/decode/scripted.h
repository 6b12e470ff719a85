/* scripted.h - a Llama that says one id after the other, in a ring
 *
 *      embedding of ring[k]   e_k = 1 at k         no layer adds anything
 *      output of ring[k + 1]  8 at k, else 0       so: ring[k] ──► ring[k + 1]
 *
 * Any text whose ids all differ comes out again and again, so that a test says what is
 * written, and not a model. Greedily; all other words have logit 0.
 */
#ifndef SCRIPTED_H
#define SCRIPTED_H

#include "tests/model/tiny.h"

enum { RING_MOST = 32 };

static inline void scripted_fill(TinyModel *m, const char *name, float value)
{
    Tensor *t = tiny_tensor(m, name);
    float *x = (float *)(uintptr_t)t->data;

    for (uint64_t i = 0; i < tensor_count(t); i++)
        x[i] = value;
}

/* ring [n] different ids below V. */
static inline void scripted_open(TinyModel *m, int V, const int *ring, int n)
{
    const Tiny tiny = { .V = V, .E = RING_MOST, .L = 1, .H = 2, .K = 1, .D = 8, .F = 8,
                        .dtype = DTYPE_F32 };
    float *embedding, *output;
    Error error = {0};

    expect(n <= RING_MOST);
    tiny_make(m, &tiny);
    scripted_fill(m, "model.layers.0.self_attn.o_proj.weight", 0);
    scripted_fill(m, "model.layers.0.mlp.down_proj.weight", 0);
    scripted_fill(m, "model.norm.weight", 1);
    scripted_fill(m, "model.embed_tokens.weight", 0);
    scripted_fill(m, "lm_head.weight", 0);
    embedding = (float *)(uintptr_t)tiny_tensor(m, "model.embed_tokens.weight")->data;
    output = (float *)(uintptr_t)tiny_tensor(m, "lm_head.weight")->data;
    for (int k = 0; k < n; k++) {
        row(embedding, ring[k], RING_MOST)[k] = 1;
        row(output, ring[(k + 1) % n], RING_MOST)[k] = 8;
    }
    expect_ok(tiny_load(m, &tiny, &error), &error);
}

#endif
