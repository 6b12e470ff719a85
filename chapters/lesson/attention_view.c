/* attention_view.c - one text read with attention, and what every head looked at
 *
 *      ids ──► a session ──► cache       keys and values, rounded to its format
 *                 │ Probe      │
 *                 ▼            │
 *               Record         │
 *               turned q ──────┴──► attention_weights ──► p [t + 1]
 *               of row t, head h     (src/kernels/attention.c)
 *
 * The fast kernel never holds the weights of a head: it adds values up as it goes.
 * They can be computed again, bit for bit, from two things that remain: the turned
 * query, which a Probe saw, and the cache. The function that does it is the
 * engine's own.
 *
 * How far a row may look is said here once more, t + 1 positions, and is not taken
 * from the engine: so an engine that looks too far, or not far enough, differs
 * from this view, and the lesson's theorem sees it.
 *
 * Read next: chapters/chapter04_attention.c.
 */
#include "chapters/lesson/attention_view.h"

#include <math.h>               /* NAN                                       */

#include "base/memory.h"

/* Logits go to the Probe; nobody needs them a second time. */
static void ignore(void *context, int position, const float *logits)
{
    (void)context, (void)position, (void)logits;
}

bool view_read(AttentionView *view, const OpenModel *m, const Options *options,
               const Ids *ids, int chunk, Error *error)
{
    const uint32_t mask = 1u << PROBE_EMBEDDING | 1u << PROBE_NORM1 | 1u << PROBE_Q
                        | 1u << PROBE_K | 1u << PROBE_V | 1u << PROBE_ROTATED_Q
                        | 1u << PROBE_ROTATED_K | 1u << PROBE_HEADS | 1u << PROBE_ATTENTION
                        | 1u << PROBE_NORM2 | 1u << PROBE_MLP | 1u << PROBE_BLOCK
                        | 1u << PROBE_LOGITS;
    Options asked = *options;
    bool fine;

    asked.chunk = chunk;
    asked.ctx = 0;
    *view = (AttentionView){ .config = &m->model.config, .T = ids->count };
    if (!model_session(&view->session, m, &asked, ids->count, 0, error))
        return false;
    record_init(&view->seen, m->model.config.L, ids->count, mask);
    view->session.probe = &view->seen.probe;
    fine = session_feed_all(&view->session, ids->id, ids->count, ignore, NULL, error);
    view->session.probe = NULL;
    return fine;
}

void view_free(AttentionView *view)
{
    memory_give_back(view->p);
    session_free(&view->session);
    record_free(&view->seen);
}

AttentionRow view_looks(const AttentionView *view, int layer, int t)
{
    AttentionRow looks = kvcache_row(&view->session.cache, layer, t);

    looks.positions = t + 1;
    return looks;
}

void view_weights(float *p, const AttentionView *view, int layer, int h, int t)
{
    const Config *c = view->config;
    AttentionRow looks = view_looks(view, layer, t);

    attention_weights(p, row(record_row(&view->seen, PROBE_ROTATED_Q, layer, t), h, c->D),
                      &looks, view->session.cache.format, h, c->H, c->K, c->D);
}

const float *view_map(const AttentionView *view, int layer, int h)
{
    return row(view->p, (layer * view->config->H + h) * view->T, view->T);
}

void view_weigh(AttentionView *view)
{
    const Config *c = view->config;
    int T = view->T;

    view->p = memory_get_bytes((size_t)c->L * (size_t)c->H * (size_t)T * (size_t)T
                               * sizeof *view->p);
    for (int layer = 0; layer < c->L; layer++)
        for (int h = 0; h < c->H; h++)
            for (int t = 0; t < T; t++) {
                float *p = row(view->p, (layer * c->H + h) * T + t, T);

                view_weights(p, view, layer, h, t);
                //@stop head_weighed
                for (int s = t + 1; s < T; s++)
                    p[s] = NAN;
            }
}

void view_cached(float *out, const AttentionView *view, int layer, bool values, int g,
                 int t)
{
    const Config *c = view->config;
    AttentionRow looks = view_looks(view, layer, t);
    Matrix all = { values ? looks.values : looks.keys, view->session.cache.format,
                   c->K * looks.capacity, c->D };

    matrix_row(out, &all, g * looks.capacity + t);
}
