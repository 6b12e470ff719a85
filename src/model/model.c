/* model.c - token ids in, logits out: the one forward pass
 *
 *      rows [n]   (id, position, cache, wants logits?)
 *        │
 *        │ id picks a row of the embedding [V, E]
 *        ▼
 *      x [n, E]
 *        │   ┌─────────────────────┐
 *        ├──►│ block, layer 0      │◄──► the rows' caches
 *        ▼   └─────────────────────┘
 *       out ──► x of layer 1, and so on: L times   ── stop? asked in between
 *        │
 *        │ only the rows that want logits
 *        ▼
 *      norm [·, E] ──► output matrix [V, E] ──► logits [·, V]
 *
 * A pass takes rows, not a text. A row is one token at one position of one
 * cache, and what it computes depends on nothing but the cache before it:
 *
 *      reading a prompt       n rows of one cache, logits of the last
 *      writing                one row, its logits
 *      checking a draft       K + 1 rows of one cache, all their logits
 *      serving many           rows of many caches, logits of some
 *
 * are therefore one function and the same bits. Logits are scores, one for
 * each word of the vocabulary, as high as the model thinks it likely to come
 * next; decode/sampling.c picks one.
 *
 * One sentence walks through these files: "Once upon a time", six ids with the one
 * that begins every text, in models/storyteller. Its last row is looked up, grows
 * layer by layer, and is scored:
 *
 *      //= id[0..5] -> 0 1688 375 693 259 544
 *      //= token[5] -> Ġtime
 *      //= embedding[5][0..3] -> 0.0537 -0.0294 -0.1045 -0.0208
 *      //= rms(embedding[5]) -> 0.072
 *      //= rms(block[0][5]) -> 0.58
 *      //= rms(block[5][5]) -> 1.95
 *      //= final_norm[0..2] -> -1.28 -1.42 -4.08
 *      //= logits[442] -> 7.92               (" there", the best of 2048)
 *      //= max(logits) -> 7.92
 *
 * The output matrix is the largest of all and a prompt's inner rows do not need
 * it: for those the pass ends after the last block.
 *
 * What enters a block and what leaves it are two places, and after each layer
 * they change names: x of the next layer is out of this one. Copying would cost
 * n · E numbers per layer and teach nothing.
 *
 * A cache's length moves at the very end. Whoever stops a pass, or gets an
 * Error out of it, finds every cache as long as before; what was written behind
 * its end is garbage that nobody reads.
 *
 * Read next: decode/session.c.  Lesson: chapters/chapter00_map.c.
 */
#include "model/model.h"

#include <math.h>           /* isfinite                                     */
#include <string.h>         /* memcpy                                       */

#include "base/memory.h"    /* memory_get_large, memory_give_back           */

#define LINE 64             /* bytes: every part begins on a cache line     */

/* From a folder's config and weights to something that can run.
 *
 *   model    out; const from now on. Owner: the caller, model_free
 *   config   root of config.json
 *   file     must outlive the model: its matrices are views into it
 *   Errors:  exit 3, naming the field or the tensor; nothing is left to free */
bool model_load(Model *model, const Json *config, const Safetensors *file,
                Error *error)
{
    *model = (Model){0};
    if (!config_read(&model->config, config, error)
        || !weights_bind(&model->weights, &model->config, file, error))
        return false;
    if (!rope_init(&model->rope, &model->config.rope, error)) {
        weights_free(&model->weights);
        return false;
    }
    safetensors_expect_reading(file);
    return true;
}

void model_free(Model *model)
{
    rope_free(&model->rope);
    weights_free(&model->weights);
    *model = (Model){0};
}

/* Floats that attention or an adapter's deltas need beside the activations;
 * never both at once. */
static size_t workspace_scratch(const Config *c, int rows, int S)
{
    int widest = max_int(max_int(c->E, c->F), (c->fused_qkv ? 3 : 1) * c->H * c->D);
    size_t deltas = (size_t)rows * (size_t)(ADAPTER_RANK + widest);
    size_t looking = attention_scratch(c->H, c->K, S);

    return deltas > looking ? deltas : looking;
}

/* Bytes of the widest input as whole numbers: see Input in linear.h. */
static size_t workspace_codes(const Config *c, int rows, int logit_rows)
{
    return coded_bytes(max_int(rows, logit_rows),
                       max_int(max_int(c->E, c->F), c->H * c->D));
}

/* Bytes of the parts listed in WORKSPACE, without the activations. */
static size_t parts_bytes(const Config *c, int rows, int logit_rows, int S)
{
    size_t bytes = 0;

#define ADD_PART(type, name, count)                                           \
    bytes += round_up((size_t)(count) * sizeof(type), LINE);
    WORKSPACE(ADD_PART)
#undef ADD_PART
    return bytes;
}

size_t workspace_bytes(const Config *config, int rows, int logit_rows, int S)
{
    return parts_bytes(config, rows, logit_rows, S)
           + activations_bytes(config, rows);
}

/* Errors: exit 5 when there is no memory; nothing is left to free then.
 * Owner: w, until workspace_free. */
bool workspace_init(Workspace *w, const Config *config, int rows,
                    int logit_rows, int S, Error *error)
{
    const Config *c = config;
    unsigned char *next;

    must(rows > 0 && logit_rows > 0 && S > 0, "%d rows, %d with logits, S %d",
         rows, logit_rows, S);
    *w = (Workspace){ .rows = rows, .logit_rows = logit_rows, .S = S };
    w->bytes = workspace_bytes(config, rows, logit_rows, S);
    if (!activations_init(&w->activations, config, rows, error))
        return false;
    w->memory = memory_get_large(parts_bytes(c, rows, logit_rows, S),
                                 "the logits and scratch of a pass", error);
    if (w->memory == NULL) {
        activations_free(&w->activations);
        return false;
    }
    next = w->memory;
#define PLACE_PART(type, name, count)                                         \
    w->name = (type *)(void *)next;                                           \
    next += round_up((size_t)(count) * sizeof(type), LINE);
    WORKSPACE(PLACE_PART)
#undef PLACE_PART
    return true;
}

void workspace_free(Workspace *w)
{
    activations_free(&w->activations);
    memory_give_back(w->memory);
    *w = (Workspace){0};
}

/* The position at which row i has to stand: behind the row of the same cache
 * before it, else behind what the cache holds. n is small: looking back is
 * simplest, and in a prompt the first look finds it. */
static int next_position(const Row *rows, int i)
{
    for (int j = i - 1; j >= 0; j--)
        if (rows[j].cache == rows[i].cache)
            return rows[j].position + 1;
    return rows[i].cache->length;
}

/* Everything that could go wrong with the rows, before anything is computed:
 * callers' mistakes are must()s, an id comes from the world.
 * Errors: exit 3 for an id outside the vocabulary. */
static bool check_rows(const Workspace *w, int V, const Row *rows, int n,
                       Error *error)
{
    int wanted = 0;

    must(n > 0 && n <= w->rows, "%d rows in a workspace for %d", n, w->rows);
    for (int i = 0; i < n; i++) {
        const Row *r = &rows[i];

        must(r->cache->format == rows[0].cache->format, "one format per pass");
        must(r->position == next_position(rows, i), "row %d is at position %d, "
             "not %d", i, r->position, next_position(rows, i));
        must(r->position < r->cache->capacity && r->position < w->S,
             "position %d, capacity %d, S %d", r->position, r->cache->capacity,
             w->S);
        if (r->id < 0 || r->id >= V)
            return error_set(error, "the id %d at position %d is not in the "
                             "vocabulary: ids go from 0 to %d (vocab_size - 1 "
                             "of config.json)", r->id, r->position, V - 1);
        wanted += r->wants_logits;
    }
    must(wanted <= w->logit_rows, "%d rows with logits in a workspace for %d",
         wanted, w->logit_rows);
    return true;
}

/* Each id's row of the embedding, unscaled, into x [n, E]. */
static void embed(Workspace *w, const Model *model, const Row *rows, int n)
{
    for (int i = 0; i < n; i++) {
        w->positions[i] = rows[i].position;
        w->caches[i] = rows[i].cache;
        matrix_row(row(w->activations.x, i, model->config.E),
                   &model->weights.embedding, rows[i].id);
    }
}

/* out of this layer becomes x of the next; the old x is free to be written. */
static void hand_on(Activations *a)
{
    float *x = a->out;

    a->out = a->x;
    a->x = x;
}

/* Rows that want logits, side by side into chosen [·, E]; returns how many. */
static int choose(Workspace *w, const Row *rows, int n, int E)
{
    int chosen = 0;

    for (int i = 0; i < n; i++)
        if (rows[i].wants_logits)
            memcpy(row(w->chosen, chosen++, E), row(w->activations.x, i, E),
                   (size_t)E * sizeof(float));
    return chosen;
}

/* A NaN or an infinity anywhere in the pass ends up here: it spreads through
 * every matrix and every norm. Nothing can be picked from such logits.
 *
 *   logits [·, V]   of the rows that want them, in order
 *   Errors:  exit 3, naming the position                                    */
static bool check_finite(const float *logits, const Row *rows, int n, int V,
                         Error *error)
{
    for (int i = 0; i < n; i++) {
        if (!rows[i].wants_logits)
            continue;
        for (int id = 0; id < V; id++)
            if (!isfinite(logits[id]))
                return error_set(error, "the logits at position %d are not "
                                 "finite (id %d has %f): the file holds such "
                                 "numbers, or the model overflows float32 on "
                                 "this text", rows[i].position, id,
                                 (double)logits[id]);
        logits += V;
    }
    return true;
}

/* The last norm and the output matrix, for the rows that want logits. */
static bool finish(Workspace *w, const Model *model, const Row *rows, int n,
                   const Probe *probe, Error *error)
{
    const Config *c = &model->config;
    const Weights *m = &model->weights;
    int T = choose(w, rows, n, c->E);
    Input normed = input_of(w->normed, T, c->E, w->codes);

    if (T == 0)
        return true;
    block_norm(w->normed, w->chosen, m->norm, m->norm_bias, c, T);
    probe_see(probe, PROBE_FINAL_NORM, c->L, w->normed, T, c->E);
    linear_forward(w->logits, &m->output, &normed, NULL, w->scratch);
    probe_see(probe, PROBE_LOGITS, c->L, w->logits, T, c->V);
    return check_finite(w->logits, rows, n, c->V, error);
}

/* One pass over n rows.
 *
 *   w        scratch; w->logits [·, V] out: rows that want logits, in order
 *   rows     [n], n <= w->rows; see the rules of use in the header
 *   adapter, probe, watch   borrowed for the pass, or NULL
 *   Errors:  id out of range, a number that is not finite or not in the
 *            cache's range (exit 3); stopped (130). Caches stay as they were
 *   Cost:    n times every matrix but the output, read once for all rows, and
 *            each row's look back; nothing is allocated                      */
bool model_forward(Workspace *w, const Model *model, const Row *rows, int n,
                   const Adapter *adapter, const Probe *probe,
                   const Watch *watch, Error *error)
{
    const Config *c = &model->config;
    Activations *a = &w->activations;
    Pass pass = { .config = c, .rope = &model->rope, .adapter = adapter,
                  .probe = probe, .T = n, .positions = w->positions,
                  .caches = w->caches, .looks = w->looks, .scratch = w->scratch,
                  .codes = w->codes };

    if (!check_rows(w, c->V, rows, n, error))
        return false;

    /* Turn ids into rows of numbers. */
    embed(w, model, rows, n);
    //@stop pass_embedded
    probe_see(probe, PROBE_EMBEDDING, -1, a->x, n, c->E);

    /* Send them through every layer, unless somebody says stop. */
    for (int l = 0; l < c->L; l++) {
        if (!watch_go_on(watch, (size_t)l, (size_t)c->L))
            return error_code(error, EXIT_INTERRUPTED, "stopped before layer %d "
                              "of %d", l, c->L);
        if (!block_forward(a, &pass, &model->weights.layers[l], l, error))
            return false;
        hand_on(a);
    }

    /* Score the whole vocabulary where it is asked for. */
    if (!finish(w, model, rows, n, probe, error))
        return false;

    /* All went well: from now on the caches hold these rows. */
    for (int i = 0; i < n; i++)
        rows[i].cache->length = rows[i].position + 1;
    return true;
}
