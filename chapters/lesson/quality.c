/* quality.c - one model in several number formats: what each costs, and what it loses
 *
 *      the file ──┬────────────────────────────► BF16 ──┐
 *                 ├── model_quantize ──────────► int8 ──┤   the same tokens
 *                 ├── model_quantize ──────────► int4 ──┼──────────────────► perplexity
 *                 └── to Q4_0 and back, float32 ──────► Q4_0 ──┘             seconds
 *
 * A format is judged by what a model still knows in it: how surprised it is by a text
 * that it has not seen. All formats read the same tokens, so that even a short text
 * compares them well: what is hard about the text is hard for each of them. How high the
 * perplexity is says little here, how much it grows says all.
 *
 * Q4_0 is no format of this engine's kernels. Its weights are narrowed to Q4_0 and
 * widened to float32 again; then the model runs as one of floats. So only its weights
 * lose, where int4 also codes what they are multiplied with.
 *
 * Times are taken in rounds: every format and every number of tokens once in a round, so
 * that a slow moment of the machine hits all of them. A short pass is repeated for a
 * few milliseconds. The best pass counts: other programs only make one slower.
 *
 * Read next: src/model/quantize.c, src/measure/perplexity.c.
 */
#include "chapters/lesson/quality.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/place.h"
#include "chapters/lesson/quantize_theorem.h"   /* matrices_of               */
#include "measure/perplexity.h"
#include "model/quantize.h"
#include "numbers/quant.h"

#define WIDEST 2e9                  /* bytes of float32 matrices at most     */
#define WORK 1.5e11                 /* numbers of a model times tokens       */
#define FEWEST 256                  /* tokens that are scored, at least      */
#define MOST 1024                   /* and at most                           */
#define HELD_OUT "models/heldout/through-the-looking-glass.txt"
#define ROUNDS 6
#define ENOUGH 1.0                  /* seconds after which no round begins   */
#define LEAST 0.003                 /* seconds of one format and number of tokens */

const int pass_tokens[PASSES] = { 1, 2, 4, 8 };

/* ---- making them */

/* Numbers in all matrices, and bytes that a pass over a few tokens reads: every matrix
 * but an embedding that is not the output too. */
static void count(Variant *v)
{
    const Matrix **all = memory_get(matrices_most(&v->model), sizeof *all);
    int n = matrices_of(all, &v->model);
    double numbers = 0, bytes = 0;

    v->read = v->operations = 0;
    for (int i = 0; i < n; i++) {
        double size = (double)all[i]->rows * all[i]->columns;
        bool looked_up = all[i] == &v->model.weights.embedding && !v->model.config.tied;

        numbers += size;
        bytes += (double)matrix_bytes(all[i]);
        v->read += looked_up ? 0 : (double)matrix_bytes(all[i]);
        v->operations += looked_up ? 0 : 2 * size;
    }
    v->bytes = (double)v->model.weights.bytes;
    v->bits = 8 * bytes / numbers;
    memory_give_back(all);
}

/* m narrowed to a block format and widened into `to` [rows, columns]. */
static void there_and_back(float *to, const Matrix *m, QuantFormat format)
{
    void *blocks = memory_get_bytes(quant_bytes(format, (size_t)m->columns));

    for (int r = 0; r < m->rows; r++) {
        float *w = row(to, r, m->columns);

        matrix_row(w, m, r);
        quant_from_f32(blocks, w, format, (size_t)m->columns);
        quant_to_f32(w, blocks, format, (size_t)m->columns);
    }
    memory_give_back(blocks);
}

/* Which block format stands beside this matrix of the int4 model; QUANT_COUNT: none. */
static QuantFormat beside(const Matrix *int4)
{
    return int4->format == FORMAT_INT4 ? QUANT_Q4_0
         : int4->format == FORMAT_INT8 ? QUANT_Q8_0 : QUANT_COUNT;
}

/* The Q4_0 variant out of the file's matrices, guided by the int4 model's formats.
 *   to, int4  [n] matrices in the same order                                */
static bool widen(Variant *v, Matrix **to, const Matrix **int4, int n, Error *error)
{
    Weights *w = &v->model.weights;
    size_t bytes = 0, numbers = 0;
    double blocks = 0;
    float *next;

    for (int i = 0; i < n; i++)
        if (beside(int4[i]) != QUANT_COUNT)
            bytes += (size_t)to[i]->rows * (size_t)to[i]->columns * sizeof(float);
    if ((double)bytes > WIDEST || bytes == 0)
        return true;
    w->blocks = next = memory_get_large(bytes, "the Q4_0 weights as float32", error);
    if (next == NULL)
        return false;
    for (int i = 0; i < n; i++) {
        size_t size = (size_t)to[i]->rows * (size_t)to[i]->columns;
        QuantFormat format = beside(int4[i]);

        if (format == QUANT_COUNT)
            continue;
        there_and_back(next, to[i], format);
        v->bytes += (double)quant_bytes(format, size) - (double)matrix_bytes(to[i]);
        blocks += (double)quant_bytes(format, size);
        numbers += size;
        *to[i] = (Matrix){ next, FORMAT_F32, to[i]->rows, to[i]->columns };
        next += size;
    }
    v->bits = 8 * blocks / (double)numbers;
    if (v->model.config.tied)
        w->output.weight = w->embedding;
    v->made = true;
    return true;
}

static bool make_q4_0(Variant *v, const Variant *int4, Error *error)
{
    int most = matrices_most(&v->model), n;
    const Matrix **to = memory_get(most, sizeof *to);
    const Matrix **guide = memory_get(most, sizeof *guide);
    bool fine;

    v->bytes = (double)v->model.weights.bytes;
    n = matrices_of(to, &v->model);
    matrices_of(guide, &int4->model);
    /* They are v's own: no const for whoever made them. */
    fine = widen(v, (Matrix **)to, guide, n, error);
    memory_give_back(to);
    memory_give_back(guide);
    return fine;
}

bool variants_make(Variants *vs, const OpenModel *m, Error *error)
{
    static const Format formats[VARIANTS] = { [AS_INT8] = FORMAT_INT8,
                                              [AS_INT4] = FORMAT_INT4 };
    static const char *const names[VARIANTS] = { NULL, "int8", "int4", "Q4_0" };

    *vs = (Variants){ .m = m };
    vs->kv = m->model.weights.format == FORMAT_F32 ? FORMAT_F32 : FORMAT_F16;
    vs->v[AS_FILE] = (Variant){ .name = format_name(m->model.weights.format),
                                .model = m->model, .made = true };
    count(&vs->v[AS_FILE]);
    for (int i = AS_INT8; i < VARIANTS; i++) {
        Variant *v = &vs->v[i];

        v->name = names[i];
        if (!model_load(&v->model, m->dir.config.root, &m->dir.file, error))
            return error_where(error, "%s", m->dir.path);
        if (i == AS_Q4_0)
            return make_q4_0(v, &vs->v[AS_INT4], error);
        if (!model_quantize(&v->model, &m->dir.file, formats[i], &until_stopped, error))
            return error_where(error, "%s", m->dir.path);
        v->made = true;
        count(v);
    }
    return true;
}

/* The file's model belongs to whoever opened it. */
void variants_free(Variants *vs)
{
    for (int i = AS_INT8; i < VARIANTS; i++)
        if (vs->v[i].model.weights.layers != NULL)
            model_free(&vs->v[i].model);
}

/* ---- what they lose */

/* The text's first ids, as many as this model has time for. */
static bool take_book(Ids *ids, Variants *vs, const Options *options, Error *error)
{
    double numbers = (double)vs->m->model.weights.parameters;
    int most = (int)(WORK / numbers < MOST ? WORK / numbers : MOST);
    Options asked = *options;
    Arena arena = {0};
    const char *clone = place_with(HELD_OUT, &arena);
    Text text = {0};
    bool fine;

    vs->text = options->file != NULL ? options->file : "yours";
    if (asked.file == NULL && asked.words == NULL) {
        asked.file = clone != NULL ? arena_print(&arena, "%s/" HELD_OUT, clone) : HELD_OUT;
        vs->text = HELD_OUT;
    }
    fine = take_text(&text, &asked, error);
    if (fine)
        tokenizer_encode(ids, vs->m->dir.tokenizer, text.bytes, text.length, false);
    ids->count = min_int(ids->count, max_int(most, FEWEST));
    text_free(&text);
    arena_free(&arena);
    return fine;
}

bool variants_score(Variants *vs, const Options *options, Error *error)
{
    const Tokenizer *tokenizer = vs->m->dir.tokenizer;
    const Config *config = &vs->m->model.config;
    int window = min_int(PERPLEXITY_WINDOW, perplexity_window(config, tokenizer));
    PerplexityOptions how = { window, window };
    Ids ids = {0};
    bool fine = take_book(&ids, vs, options, error);

    for (int i = 0; fine && i < VARIANTS; i++) {
        Variant *v = &vs->v[i];
        Perplexity p;
        Session s;

        if (!v->made)
            continue;
        fine = session_init(&s, &v->model, perplexity_room(tokenizer, &how, ids.count),
                            128, vs->kv, error);
        if (!fine)
            break;
        s.watch = &until_stopped;
        fine = perplexity(&p, &s, tokenizer, ids.id, ids.count, &how, error);
        session_free(&s);
        vs->tokens = fine ? p.tokens : 0;
        v->perplexity = fine ? perplexity_value(&p) : 0;
        v->bits_per_byte = fine ? perplexity_bits_per_byte(&p) : 0;
    }
    ids_free(&ids);
    return fine;
}

/* ---- how fast they are */

static void nobody(void *context, int position, const float *logits)
{
    (void)context, (void)position, (void)logits;
}

/* Passes over T tokens behind an empty cache, for LEAST seconds: the best of them, if it
 * is better than *best. */
static bool time_passes(double *best, Session *s, int T, Error *error)
{
    double begin = clock_seconds(), now = begin;
    int ids[8];

    for (int t = 0; t < T; t++)
        ids[t] = (int)((int64_t)(t + 1) * 7919 % s->model->config.V);
    do {
        double start;

        if (!session_goto(s, NULL, 0, error))
            return false;
        start = clock_seconds();
        if (!session_feed_all(s, ids, T, nobody, NULL, error))
            return false;
        now = clock_seconds();
        if (*best == 0 || now - start < *best)
            *best = now - start;
    } while (now - begin < LEAST);
    return true;
}

bool variants_time(Variants *vs, Error *error)
{
    Session s[AS_Q4_0];
    double begin = clock_seconds();
    int open = 0;
    bool fine = true;

    for (; fine && open < AS_Q4_0; open += fine) {
        fine = session_init(&s[open], &vs->v[open].model, 8, 8, vs->kv, error);
        if (fine)
            s[open].watch = &until_stopped;
    }
    for (int round = 0; fine && round < ROUNDS
                        && (round < 2 || clock_seconds() - begin < ENOUGH); round++)
        for (int i = 0; fine && i < AS_Q4_0; i++)
            for (int p = 0; fine && p < PASSES; p++)
                fine = time_passes(&vs->v[i].seconds[p], &s[i], pass_tokens[p], error);
    for (int i = 0; i < open; i++)
        session_free(&s[i]);
    return fine;
}
