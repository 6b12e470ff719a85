/* block.c - one layer of the transformer: look back, then think
 *
 *      x [T, E] ────┬──────────────────────────────────────┐
 *                   ▼                                      │
 *                 norm 1                                   │
 *        ┌──────────┼──────────┐                           │
 *        ▼ Wq       ▼ Wk       ▼ Wv                        │
 *      q [T,H,D]  k [T,K,D]  v [T,K,D]                     │
 *        │ turn     │ turn     │                           │
 *        │          └────┬─────┘                           │
 *        │               ▼                                 │
 *        │        ┌─ cache ─────────────┐                  │
 *        └──────► │ all earlier tokens  │                  │
 *                 │ and this one        │                  │
 *                 └─────────┬───────────┘                  │
 *                           ▼ heads [T,H,D]                │
 *                           ▼ Wo                           ▼
 *                        attended [T,E] ─────────────────► + middle [T,E]
 *                                                          │
 *                   ┌──────────────────────────────────────┤
 *                   ▼                                      │
 *                 norm 2                                   │
 *             ┌─────┴─────┐                                │
 *             ▼ Wgate     ▼ Wup                            │
 *           silu(gate)  · up ──► hidden [T,F]              │
 *                                  ▼ Wdown                 ▼
 *                                mlp [T,E] ──────────────► + out [T,E]
 *
 * Attention is where tokens meet; everything else treats each row alone. The
 * line on the right never passes through a matrix: a layer does not replace a
 * row, it adds a correction to it, twice: the upper half, block_forward, looks
 * back; the lower half, block_think, makes something of what was found.
 *
 *      middle = x + Wo · Attention(Norm1(x))                              (1)
 *      out    = middle + Wdown · (silu(Wgate · n) ⊙ (Wup · n))            (2)
 *               n = Norm2(middle)
 *
 * There is one block for all. What differs between architectures is read from
 * Config: which norm; whether q, k and v come from one matrix; how many numbers of a
 * head turn; whether a gate exists (else gelu(Wup · n)); and in a parallel block
 * n = Norm2(x), so that both halves read the same row. A bias is there when its
 * pointer is.
 *
 * Traps:
 *
 * - All rows store key and value before any row looks. A prompt's rows see each
 *   other through the cache, exactly as they will be seen later, rounded to its
 *   number format; so at once and one by one give the same bits.
 * - Each + of the right-hand line is a rounding of its own; (1) is finished
 *   before (2) is added, also in a parallel block.
 *
 * Source: Vaswani et al., arXiv 1706.03762, section 3; Touvron et al., "LLaMA",
 * arXiv 2302.13971, section 2.2. Read next: model/model.c.
 * Lesson: chapters/chapter03_layers.c and chapters/chapter04_attention.c.
 */
#include "model/block.h"

#include <string.h>             /* memcpy                                   */

#include "kernels/activation.h" /* silu_gated, gelu                         */
#include "kernels/norm.h"       /* rmsnorm, layernorm                       */

void block_norm(float *y, const float *x, const float *w, const float *b,
                const Config *config, int T)
{
    if (config->norm == NORM_RMS)
        rmsnorm(y, x, w, config->epsilon, T, config->E);
    else
        layernorm(y, x, w, b, config->epsilon, T, config->E);
}

/* y [T, out] = W x + b, with what the pass's adapter has for it. */
static void linear(float *y, const Linear *w, Input *x, const Pass *pass,
                   int layer, Target target)
{
    linear_forward(y, w, x, adapter_find(pass->adapter, layer, target), pass->scratch);
}

/* sum = x + y, n numbers. */
static void add(float *sum, const float *x, const float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] = x[i] + y[i];
}

static void see(const Pass *pass, ProbePoint point, int layer, const float *x,
                int width)
{
    probe_see(pass->probe, point, layer, x, pass->T, width);
}

/* A fused matrix gives every head's q, k and v side by side; each goes to its own.
 *
 *      qkv_t  [H, 3, D]    q_0 k_0 v_0  q_1 k_1 v_1 …                         */
static void split(Activations *a, int T, const Config *c)
{
    size_t bytes = (size_t)c->D * sizeof(float);

    for (int i = 0; i < T * c->H; i++) {
        const float *head = row(a->qkv, i, 3 * c->D);

        memcpy(row(a->q, i, c->D), head, bytes);
        memcpy(row(a->k, i, c->D), head + c->D, bytes);
        memcpy(row(a->v, i, c->D), head + 2 * c->D, bytes);
    }
}

/* q, k and v of every row, from one matrix or from three. */
static void ask(Activations *a, const Pass *pass, const LayerWeights *w, int layer)
{
    Input x = input_of(a->normed1, pass->T, pass->config->E, pass->codes);

    if (pass->config->fused_qkv) {
        linear(a->qkv, &w->qkv, &x, pass, layer, TARGET_QKV);
        split(a, pass->T, pass->config);
    } else {
        linear(a->q, &w->q, &x, pass, layer, TARGET_Q);
        linear(a->k, &w->k, &x, pass, layer, TARGET_K);
        linear(a->v, &w->v, &x, pass, layer, TARGET_V);
    }
}

/* Store every row's key and value, and note what each row may look at.
 * Errors: exit 3 when one does not fit in the cache's number format. */
static bool remember(const Pass *pass, const float *k, const float *v, int layer,
                     Error *error)
{
    int width = pass->config->K * pass->config->D;

    for (int t = 0; t < pass->T; t++) {
        int position = pass->positions[t];

        if (!kvcache_put(pass->caches[t], layer, position, row(k, t, width),
                         row(v, t, width)))
            return error_set(error, "layer %d, position %d: a key or a value "
                             "is beyond 65504, the most that the cache's f16 "
                             "can hold: use --kv f32", layer, position);
        pass->looks[t] = kvcache_row(pass->caches[t], layer, position);
    }
    return true;
}

/* The second half alone, equation (2): rows do not meet here, each thinks for
 * itself. A lesson runs a whole transformer of nothing else.
 *
 *   a        ->middle [T, E] in (and ->x, which a parallel block reads instead),
 *            ->out [T, E] out; all between is left to be seen
 *   pass     T, adapter, probe and scratch count; no cache, no position
 *   w        this layer's weights
 *   Cost:    T · 3 E·F multiply-adds (2 E·F without a gate)                 */
void block_think(Activations *a, const Pass *pass, const LayerWeights *w,
                 int layer)
{
    const Config *c = pass->config;
    int T = pass->T, E = c->E, F = c->F;
    Input normed = input_of(a->normed2, T, E, pass->codes);
    Input hidden = input_of(a->hidden, T, F, pass->codes);

    /* Bring every row to a steady size again. */
    block_norm(a->normed2, c->parallel_residual ? a->x : a->middle, w->norm2,
               w->norm2_bias, c, T);
    //@stop think_normed
    see(pass, PROBE_NORM2, layer, a->normed2, E);

    /* Think: widen, bend, and let the gate choose what passes. */
    linear(a->up, &w->up, &normed, pass, layer, TARGET_UP);
    if (c->gated) {
        linear(a->gate, &w->gate, &normed, pass, layer, TARGET_GATE);
        see(pass, PROBE_GATE, layer, a->gate, F);
        silu_gated(a->hidden, a->gate, a->up, T, F);
    } else {
        gelu(a->hidden, a->up, T, F);
    }
    //@stop think_bent
    see(pass, PROBE_UP, layer, a->up, F);
    see(pass, PROBE_HIDDEN, layer, a->hidden, F);

    /* Narrow again, and add what was thought. */
    linear(a->mlp, &w->down, &hidden, pass, layer, TARGET_DOWN);
    see(pass, PROBE_MLP, layer, a->mlp, E);
    add(a->out, a->middle, a->mlp, (size_t)T * (size_t)E);
    //@stop think_added
    see(pass, PROBE_BLOCK, layer, a->out, E);
}

/* One layer, equations (1) and (2).
 *
 *   a        ->x [T, E] in, ->out [T, E] out; all between is left to be seen
 *   pass     what all layers share: rows, caches, adapter, probe
 *   w        this layer's weights
 *   Cost:    T · (2 E·H·D + 2 E·K·D + 3 E·F) multiply-adds, and for each row
 *            2 · H · D per position that it looks back on                   */
bool block_forward(Activations *a, const Pass *pass, const LayerWeights *w,
                   int layer, Error *error)
{
    const Config *c = pass->config;
    int T = pass->T, E = c->E;
    int q_width = c->H * c->D, kv_width = c->K * c->D;
    Input heads = input_of(a->heads, T, q_width, pass->codes);

    /* Bring every row to a steady size. */
    block_norm(a->normed1, a->x, w->norm1, w->norm1_bias, c, T);
    see(pass, PROBE_NORM1, layer, a->normed1, E);

    /* Ask what each row looks for, what it offers, and what it would say. */
    ask(a, pass, w, layer);
    see(pass, PROBE_Q, layer, a->q, q_width);
    see(pass, PROBE_K, layer, a->k, kv_width);
    see(pass, PROBE_V, layer, a->v, kv_width);

    /* Turn queries and keys by their position, so that distance shows. */
    //@stop block_asked
    rope_apply(a->q, pass->rope, pass->positions, T, c->H, c->D);
    rope_apply(a->k, pass->rope, pass->positions, T, c->K, c->D);
    see(pass, PROBE_ROTATED_Q, layer, a->q, q_width);
    see(pass, PROBE_ROTATED_K, layer, a->k, kv_width);

    /* Remember all keys and values before anyone looks. */
    if (!remember(pass, a->k, a->v, layer, error))
        return false;

    /* Look back: mix the values whose keys answer the query. */
    //@stop block_remembered
    attention(a->heads, a->q, pass->looks, pass->caches[0]->format, T, c->H,
              c->K, c->D, pass->scratch);
    //@stop block_mixed
    see(pass, PROBE_HEADS, layer, a->heads, q_width);
    linear(a->attended, &w->o, &heads, pass, layer, TARGET_O);
    see(pass, PROBE_ATTENTION, layer, a->attended, E);

    /* Add what was found to the row, equation (1). */
    add(a->middle, a->x, a->attended, (size_t)T * (size_t)E);

    /* Think about it, and add that too, equation (2). */
    block_think(a, pass, w, layer);
    return true;
}
