/* attention_theorem.c - what chapter04_attention proves, check by check
 *
 *                    0   1   2  …  8   9  10  11      position
 *      the text      ■   ■   ■     ■   ■   ■   ■
 *      another 9     ■   ■   ■     ■   □   ■   ■
 *                    └── same bits ──┘ └─ others ─┘
 *
 * Two of the checks are equalities of bits: nothing that comes later can move what
 * came before (so it may be kept), and what was kept is what would be computed again
 * (so keeping it changes nothing). Chats, speculation and this engine's sessions
 * rest on the two.
 *
 * The other checks compare the engine with the equations of attention, in double
 * and with libm. There rounding makes a difference, and how much it may make can be
 * derived. With u = 2⁻²⁴, half the distance from 1 to the next float:
 *
 *      a turn, a = p · f      f and a are each rounded: the angle is off by at most
 *                             2 a u. Sine, cosine, two products and a sum: each part
 *                             of the turned pair is off by at most 3 u times the
 *                             pair's length, the pair by √2 · 3 u < 5 u of it.
 *      score s_j              D/8 multiply-adds of a lane, 3 additions of the tree, the
 *                             factor 1/√D and its product: off by at most
 *                             d_j = ((D/8 + 3) Σ |q k_j| / √D + 2 |s_j|) u.
 *      p_j = e^s_j / Σ e^s    scores off by d, s - m and the exponential rounded, both
 *                             in e_j and in Z: (2 (2 d + (m - s + 1) u) + (n/8 + 5) u)
 *                             of p_j, with the largest d and m - s of the row.
 *      Σ p_j over n           Z adds in eight lanes: n/8 roundings and 3 of the tree,
 *                             and each p_j = e_j / Z is rounded: (n/8 + 5) u.
 *      Σ p_j v_j over n       n fused multiply-adds, a division, and p_j itself:
 *                             (n + 3) u · Σ p_j |v_j|.
 *
 * A wrong sign, pairing, group or position misses these bounds by a factor of a
 * million; an honest engine stays below them on every machine.
 *
 * Where q, k and v come from, and what is added to what behind attention, is
 * chapters/lesson/seams.c.
 *
 * Read next: src/kernels/rope.c, src/kernels/attention.c, src/model/kvcache.c.
 */
#include "chapters/lesson/attention_theorem.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "numbers/halffloat.h"

#define U 0x1p-24                   /* half a step at 1: a rounding's most   */
#define CIRCLE 6.28318530717958647692

/* --- bits ----------------------------------------------------------------------- */

bool check_past(Lesson *l, const AttentionView *view, const OpenModel *m,
                const Options *options, const Ids *changed, int at, Error *error)
{
    AttentionView other;
    bool fine = view_read(&other, m, options, changed, view->T, error);
    size_t same, all, bytes = (size_t)view->config->V * sizeof(float);
    int moved = 0;

    if (fine) {
        same = record_same(&view->seen, &other.seen, 0, at, &all);
        for (int t = at; t < view->T; t++)
            moved += memcmp(record_row(&view->seen, PROBE_LOGITS, 0, t),
                            record_row(&other.seen, PROBE_LOGITS, 0, t), bytes) != 0;
        lesson_check(l, same == all, "another word at position %d: %zu of %zu numbers of "
                     "the positions before it, in all layers, keep their bits", at, same,
                     all);
        lesson_check(l, moved == view->T - at, "%d of the %d positions from there on have "
                     "other scores", moved, view->T - at);
    }
    view_free(&other);
    return fine;
}

/* Has `other` the same rows, scores and cache as view? */
static bool is_same(const AttentionView *view, const AttentionView *other)
{
    size_t all, same = record_same(&view->seen, &other->seen, 0, view->T, &all);

    return same == all && view->session.cache.bytes == other->session.cache.bytes
        && memcmp(view->session.cache.data, other->session.cache.data,
                  view->session.cache.bytes) == 0;
}

/* A session behind `changed` is sent to ids: only what differs is read again. */
static bool check_rewound(Lesson *l, const AttentionView *view, const OpenModel *m,
                          const Options *options, const Ids *ids, const Ids *changed,
                          Error *error)
{
    AttentionView other;
    size_t bytes = (size_t)view->config->V * sizeof(float);
    bool fine = view_read(&other, m, options, changed, view->T, error);
    Session *s = &other.session;
    size_t before = fine ? s->fed : 0;

    fine = fine && session_goto(s, ids->id, ids->count, error);
    if (fine)
        lesson_check(l, memcmp(s->logits, record_row(&view->seen, PROBE_LOGITS, 0,
                                                     view->T - 1), bytes) == 0
                     && memcmp(s->cache.data, view->session.cache.data,
                               s->cache.bytes) == 0,
                     "the other text rewound to this one: %zu of %d tokens read again, the "
                     "same scores and the same cache", s->fed - before, view->T);
    view_free(&other);
    return fine;
}

bool check_cached(Lesson *l, const AttentionView *view, const OpenModel *m,
                  const Options *options, const Ids *ids, const Ids *changed,
                  Error *error)
{
    static const int chunks[] = { 1, 2, 3, 7 };

    for (int i = 0; i < 4; i++) {
        AttentionView other;
        bool fine = view_read(&other, m, options, ids, chunks[i], error);

        if (fine)
            lesson_check(l, is_same(view, &other), "read %d at a time: every row, every "
                         "score and the whole cache have the same bits as read at once",
                         chunks[i]);
        view_free(&other);
        if (!fine)
            return false;
    }
    return check_rewound(l, view, m, options, ids, changed, error);
}

/* Does position t of group g hold the key or value that the Probe saw, rounded? */
static bool holds(const AttentionView *view, int layer, bool values, int g, int t)
{
    const float *x = row(record_row(&view->seen, values ? PROBE_V : PROBE_ROTATED_K,
                                    layer, t), g, view->config->D);
    bool half = view->session.cache.format == FORMAT_F16, same = true;
    float *cached = memory_get(view->config->D, sizeof *cached);

    view_cached(cached, view, layer, values, g, t);
    for (int d = 0; d < view->config->D; d++)
        same = same && cached[d] == (half ? f16_to_f32(f32_to_f16(x[d])) : x[d]);
    memory_give_back(cached);
    return same;
}

void check_cache_holds(Lesson *l, const AttentionView *view)
{
    const Config *c = view->config;
    int all = 2 * c->L * c->K * view->T, held = 0;

    for (int layer = 0; layer < c->L; layer++)
        for (int g = 0; g < c->K; g++)
            for (int t = 0; t < view->T; t++)
                held += holds(view, layer, false, g, t) + holds(view, layer, true, g, t);
    lesson_check(l, held == all, "%d of %d places of the cache hold the turned key or the "
                 "value of their own word", held, all);
}

/* --- equations, within derived bounds -------------------------------------------- */

/* The larger one; a NaN, which is neither, is worse than anything. */
static double worse(double worst, double x)
{
    return x <= worst ? worst : x == x ? x : INFINITY;
}

typedef struct {
    double worst;                   /* the largest error / its bound         */
    int all;
    bool rest;                      /* numbers beyond R keep their bits      */
} Turns;

/* One pair, before (re, im) and after, which position p is to turn by p · f. */
static void measure_turn(Turns *turns, double re, double im, double turned_re,
                         double turned_im, double angle)
{
    double length = hypot(re, im), turned = hypot(turned_re, turned_im), off;

    if (length < 1e-30)             /* nothing there: no direction           */
        return;
    off = remainder(atan2(turned_im, turned_re) - atan2(im, re) - angle, CIRCLE);
    turns->worst = worse(turns->worst, fabs(turned / length - 1) / (5 * U));
    turns->worst = worse(turns->worst, fabs(off) / (5 * U + 2 * U * angle));
    turns->all++;
}

/* All heads of one row: x before, y after. */
static void measure_row(Turns *turns, const AttentionView *view, const Rope *rope,
                        const float *x, const float *y, int heads, int t)
{
    const Config *c = view->config;
    int half = rope->width / 2;

    for (int h = 0; h < heads; h++, x += c->D, y += c->D) {
        for (int i = 0; i < half; i++) {
            double f = c->rope.factor != 1 ? (double)rope->frequency[i]
                     : pow((double)c->rope.theta, -2.0 * i / rope->width);

            measure_turn(turns, (double)x[i], (double)x[i + half], (double)y[i],
                         (double)y[i + half], t * f);
        }
        turns->rest = turns->rest && memcmp(x + 2 * half, y + 2 * half,
                                            (size_t)(c->D - 2 * half) * sizeof *x) == 0;
    }
}

void check_turn(Lesson *l, const AttentionView *view, const Rope *rope)
{
    const Config *c = view->config;
    const Record *seen = &view->seen;
    Turns turns = { .rest = true };

    for (int layer = 0; layer < c->L; layer++)
        for (int t = 0; t < view->T; t++) {
            measure_row(&turns, view, rope, record_row(seen, PROBE_Q, layer, t),
                        record_row(seen, PROBE_ROTATED_Q, layer, t), c->H, t);
            measure_row(&turns, view, rope, record_row(seen, PROBE_K, layer, t),
                        record_row(seen, PROBE_ROTATED_K, layer, t), c->K, t);
        }
    lesson_check(l, turns.worst <= 1 && turns.rest, "a turn is a turn: %d pairs keep their "
                 "length and are turned by position · f; the worst is off by %.2f of what "
                 "rounding may do; %s", turns.all, turns.worst,
                 rope->width == c->D ? "all numbers of a head turn"
                                     : "the rest of each head is untouched");
}

typedef struct {                    /* the largest error / its bound         */
    double score, sum, mixed;
    int all;
    float *p, *k, *v;               /* scratch [T], [T, D], [T, D]           */
    double *s;                      /* scratch [T]                           */
} Weighed;

/* Are the weights w->p of row t those of its scores, equations (1) and (2) of the
 * lesson? q [D], turned; w->k [t + 1, D]. */
static void measure_scores(Weighed *w, const float *q, int t, int D)
{
    double m = -INFINITY, least = INFINITY, d = 0, Z = 0, bound;

    for (int j = 0; j <= t; j++) {
        double sum = 0, size = 0;

        for (int i = 0; i < D; i++) {
            sum += (double)q[i] * (double)row(w->k, j, D)[i];
            size += fabs((double)q[i] * (double)row(w->k, j, D)[i]);
        }
        w->s[j] = sum / sqrt(D);
        m = fmax(m, w->s[j]);
        least = fmin(least, w->s[j]);
        d = fmax(d, ((D / 8.0 + 3) * size / sqrt(D) + 2 * fabs(w->s[j])) * U);
    }
    for (int j = 0; j <= t; j++)
        Z += exp(w->s[j] - m);
    bound = 2 * (2 * d + (m - least + 1) * U) + ((t + 1) / 8.0 + 5) * U;
    for (int j = 0; j <= t; j++) {
        double want = exp(w->s[j] - m) / Z;

        w->score = worse(w->score, fabs((double)w->p[j] - want) / (bound * want + 1e-37));
    }
}

/* Head h of row t: do its weights add up to 1, and do the cached values w->v, mixed by
 * them, give what the head brought back? */
static void measure_head(Weighed *w, const AttentionView *view, int layer, int h, int t)
{
    const float *v = w->v;
    float *p = w->p;
    const Config *c = view->config;
    const float *out = row(record_row(&view->seen, PROBE_HEADS, layer, t), h, c->D);
    int n = t + 1;
    double total = 0;

    view_weights(p, view, layer, h, t);
    measure_scores(w, row(record_row(&view->seen, PROBE_ROTATED_Q, layer, t), h, c->D), t,
                   c->D);
    for (int s = 0; s < n; s++)
        total += (double)p[s];
    w->sum = worse(w->sum, fabs(total - 1) / ((n / 8.0 + 5) * U));
    for (int d = 0; d < c->D; d++) {
        double mixed = 0, size = 0;

        for (int s = 0; s < n; s++) {
            mixed += (double)p[s] * (double)row(v, s, c->D)[d];
            size += (double)p[s] * fabs((double)row(v, s, c->D)[d]);
        }
        w->mixed = worse(w->mixed, fabs(mixed - (double)out[d])
                                  / ((n + 3) * U * size + 1e-37));
    }
    w->all++;
}

/* Every head of every row of one layer. */
static void measure_layer(Weighed *w, const AttentionView *view, int layer)
{
    const Config *c = view->config;
    int G = c->H / c->K;            /* query heads that share a key/value head */

    for (int g = 0; g < c->K; g++) {
        for (int t = 0; t < view->T; t++) {
            view_cached(row(w->k, t, c->D), view, layer, false, g, t);
            view_cached(row(w->v, t, c->D), view, layer, true, g, t);
        }
        for (int h = g * G; h < (g + 1) * G; h++)
            for (int t = 0; t < view->T; t++)
                measure_head(w, view, layer, h, t);
    }
}

void check_weights(Lesson *l, const AttentionView *view)
{
    int T = view->T, D = view->config->D;
    Weighed w = { .p = memory_get(T, sizeof *w.p), .s = memory_get(T, sizeof *w.s),
                  .k = memory_get(T * D, sizeof *w.k),
                  .v = memory_get(T * D, sizeof *w.v) };

    for (int layer = 0; layer < view->config->L; layer++)
        measure_layer(&w, view, layer);
    lesson_check(l, w.score <= 1, "the weights of %d heads are e^score / sum, with scores "
                 "q · k / √D; the worst is off by %.2f of what rounding may do", w.all,
                 w.score);
    lesson_check(l, w.sum <= 1, "they add up to 1; the worst is off by %.2f of what "
                 "rounding may do", w.sum);
    lesson_check(l, w.mixed <= 1, "the values of positions 0 to its own, mixed by these "
                 "weights, are what each head brings back; the worst is off by %.2f of what "
                 "rounding may do", w.mixed);
    memory_give_back(w.p);
    memory_give_back(w.s);
    memory_give_back(w.k);
    memory_give_back(w.v);
}
