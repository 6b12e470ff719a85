/* rereading.c - a text that was written in rounds, read again one id at a time
 *
 *      in rounds      … lived a │ king who had ✗was │ a daughter and │ …
 *                               └─ one pass, K + 1 rows, caches cut back
 *      again          … lived ► a ► king ► who ► was ► a ► …      one row at a time
 *                              p, q  p, q   p, q  p, q
 *
 * A report about guesses could be wrong in many ways that no text shows: a q that is not
 * the one the guess was drawn from, a p of the row beside it, a u that was used twice. So
 * each number of it is made a second time, by two sessions that never guess and never go
 * back, and by the rules as the paper has them; and must be the same bits.
 *
 *      x = the id on which the position's third number falls in q         (1)
 *      it stands  ⇔  u · q(x) < p(x),  u the position's second number     (2)
 *      else the first number falls in  max(0, p - q)                      (3)
 *      behind K that stand, the first number falls in p                   (4)
 *
 * A cache that is one position too long after a rejection is another classic: it goes
 * on well for a while. So the caches are held, behind each round, against those of a
 * session that has only read what stands.
 *
 * Read next: src/decode/speculative.c, src/decode/draft_model.c.
 */
#include "chapters/lesson/rereading.h"

#include <math.h>                   /* INFINITY                              */
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

/* ---- the numbers of a round */

typedef struct {
    const Wish *wish;
    int V;
    Session target, draft;
    bool drawn;                     /* there is a q: the draft is a model    */
    int known;                      /* ids that the draft may guess          */
    double *p, *q, *r;              /* [V]                                   */
    float *logits;                  /* [V of the draft]                      */
    SamplingWork work, small;
    int right, wrong;               /* numbers that were compared            */
} Reader;

static const Model *model_of(const Guessers *all, int who)
{
    const Guessing *g = &all->by[who];

    return g->kind == GUESSING_COPY ? &g->copy
         : g->kind == GUESSING_MODEL ? &g->other.model : NULL;
}

/* A session of the draft's own model for as long a text, and chunks as target's. */
static bool draft_session(Session *s, const Model *model, const Session *target,
                          Error *error)
{
    return session_init(s, model, min_int(target->capacity, model->config.context),
                        target->chunk, target->cache.format, error);
}

static bool reader_open(Reader *r, const Guessers *all, const Wish *wish, Error *error)
{
    const Model *draft = model_of(all, wish->who);
    Wish one = *wish;

    one.who = -1;
    *r = (Reader){ .wish = wish, .V = all->m->model.config.V, .drawn = draft != NULL };
    if (!guessers_session(&r->target, all, &one, error)
        || (draft != NULL && !draft_session(&r->draft, draft, &r->target, error)))
        return false;
    r->p = memory_get(r->V, sizeof *r->p);
    r->q = memory_get(r->V, sizeof *r->q);
    r->r = memory_get(r->V, sizeof *r->r);
    sampling_work_init(&r->work, r->V);
    if (draft != NULL) {
        sampling_work_init(&r->small, draft->config.V);
        r->logits = memory_get(draft->config.V, sizeof *r->logits);
        r->known = min_int(min_int(tokenizer_vocabulary(all->m->dir.tokenizer), r->V),
                           draft->config.V);
    }
    return session_goto(&r->target, wish->prompt->id, wish->prompt->count, error)
        && (draft == NULL || session_goto(&r->draft, wish->prompt->id,
                                          wish->prompt->count, error));
}

static void reader_close(Reader *r)
{
    session_free(&r->target);
    session_free(&r->draft);
    memory_give_back(r->p);
    memory_give_back(r->q);
    memory_give_back(r->r);
    memory_give_back(r->logits);
    sampling_work_free(&r->work);
    sampling_work_free(&r->small);
}

/* p and q behind what was read. x: what a draft without a distribution guessed. */
static void think(Reader *r, int x)
{
    const Session *s = &r->target;

    sampling_distribution(r->p, s->logits, r->V, s->ids, s->length, &r->wish->sampling,
                          &r->work);
    memset(r->q, 0, (size_t)r->V * sizeof *r->q);
    if (!r->drawn) {
        r->q[x] = 1;
        return;
    }
    memcpy(r->logits, r->draft.logits, (size_t)r->small.V * sizeof *r->logits);
    for (int id = r->known; id < r->small.V; id++)
        r->logits[id] = -INFINITY;
    sampling_distribution(r->small.p, r->logits, r->small.V, s->ids, s->length,
                          &r->wish->sampling, &r->small);
    memcpy(r->q, r->small.p, (size_t)r->known * sizeof *r->q);
}

static float number_of(const Reader *r, uint32_t draw)
{
    return random_uniform(r->wish->seed, 0, (uint32_t)r->target.length, draw);
}

/* The first id with x_0 + … + x_id > u · Σ x; as sampling.c's (6). */
static int lands(const double *x, int V, float u)
{
    double sum = 0, at = 0;
    int id = -1;

    for (int i = 0; i < V; i++)
        sum += x[i];
    while (id + 1 < V && at <= (double)u * sum)
        at += x[++id];
    return id;
}

static void compare(Reader *r, bool same)
{
    r->right += same;
    r->wrong += !same;
}

/* Rules (1) and (2). Returns whether it stands. */
static bool judge_again(Reader *r, const Guess *g)
{
    bool stands;
    float u = number_of(r, DRAW_ACCEPT);

    think(r, g->id);
    stands = (double)u * r->q[g->id] < r->p[g->id];
    compare(r, lands(r->q, r->V, number_of(r, DRAW_GUESS)) == g->id);
    compare(r, g->p == r->p[g->id] && g->q == r->q[g->id]);
    compare(r, memcmp(&g->u, &u, sizeof u) == 0);
    compare(r, g->verdict == (stands ? GUESS_ACCEPTED : GUESS_REJECTED));
    return stands;
}

/* The textbook's residual into r->r: p where nothing is left. */
static void rest_of(Reader *r)
{
    double sum = 0;

    for (int i = 0; i < r->V; i++) {
        r->r[i] = r->p[i] > r->q[i] ? r->p[i] - r->q[i] : 0;
        sum += r->r[i];
    }
    if (sum == 0)
        memcpy(r->r, r->p, (size_t)r->V * sizeof *r->r);
}

/* At the end of the context the last id is not read. */
static bool read_on(Reader *r, int id, Error *error)
{
    if (r->target.length == r->target.capacity)
        return true;
    return session_feed(&r->target, &id, 1, error)
        && (!r->drawn || session_feed(&r->draft, &id, 1, error));
}

/* One round, and the sessions behind it. Only the last may end without one more. */
static bool read_round(Reader *r, const Acceptance *a, const Round *round, bool last,
                       Error *error)
{
    const int *emitted = a->emitted + round->emit;
    bool stands = true;
    int i = 0;

    for (; stands && i < round->guesses; i++) {
        const Guess *g = &a->guess[round->guess + i];

        stands = judge_again(r, g);
        if (stands) {
            compare(r, i < round->emitted && emitted[i] == g->id);
            if (!read_on(r, g->id, error))
                return false;
        }
    }
    i -= !stands;
    if (round->emitted <= i) {
        compare(r, last && stands);
        return true;
    }
    if (stands)
        think(r, emitted[i]);
    if (stands)
        memcpy(r->r, r->p, (size_t)r->V * sizeof *r->r);
    else
        rest_of(r);
    compare(r, round->emitted == i + 1
               && lands(r->r, r->V, number_of(r, DRAW_PICK)) == emitted[i]);
    return read_on(r, emitted[i], error);
}

bool check_rounds(Lesson *l, Guessers *all, const Wish *wish, Error *error)
{
    Wish w = *wish;
    Reader r = { .V = 0 };
    Generated g;
    bool fine;

    w.on = true;
    fine = guessers_write(&g, all, &w, error);
    w.n++;                                  /* the last id is read again, too */
    fine = fine && reader_open(&r, all, &w, error);
    for (int i = 0; fine && i < g.acceptance.rounds; i++)
        fine = read_round(&r, &g.acceptance, &g.acceptance.round[i],
                          i == g.acceptance.rounds - 1, error);
    if (fine)
        lesson_check(l, r.wrong == 0 && r.right > 0, "%d rounds read again one id at a "
                     "time: each q, p, u, verdict and correction is the same (%d numbers, %d "
                     "are not)", g.acceptance.rounds, r.right + r.wrong, r.wrong);
    reader_close(&r);
    generated_free(&g);
    return fine;
}

/* ---- the caches behind a round */

/* Are the first `length` positions of both caches the same bytes? */
static bool same_cache(const Session *a, const Session *b, int length)
{
    const KvCache *x = &a->cache, *y = &b->cache;
    size_t position = (size_t)x->D * (x->format == FORMAT_F32 ? 4 : 2);
    size_t head = (size_t)x->capacity * position;
    bool same = x->bytes == y->bytes && length <= b->length
             && memcmp(a->ids, b->ids, (size_t)length * sizeof *a->ids) == 0;

    for (size_t h = 0; same && h < (size_t)x->L * 2 * (size_t)x->K; h++)
        same = memcmp(x->data + h * head, y->data + h * head,
                      (size_t)length * position) == 0;
    return same;
}

typedef struct {                    /* a text once written and once only read */
    Session target, fresh, draft;
    Speculation s;
    int rounds, fallen, same;
} Caches;

/* Rounds until the text is full; behind each, compare with what was only read.
 *   who     the draft's own session, or NULL
 *   compare false: only write                                               */
static bool write_rounds(Caches *c, const Session *who, bool compare, Error *error)
{
    Speculation *s = &c->s;

    while (s->count < s->room) {
        if (!speculation_round(s, s->room - s->count, error))
            return false;
        c->rounds++;
        c->fallen += s->judged.judged > s->judged.accepted;
        c->same += compare && c->target.length == s->count - 1
                && same_cache(&c->target, &c->fresh, c->target.length)
                && (who == NULL || (who->length <= s->count
                    && same_cache(who, &c->draft, min_int(who->length, c->draft.length))));
    }
    return true;
}

/* The same rounds twice: the first time to know the text. */
static bool caches_run(Caches *c, Guessers *all, const Wish *w, bool compare, Error *error)
{
    const Model *model = model_of(all, w->who);
    const Session *own = model != NULL ? &all->by[w->who].guesser.session : NULL;
    Draft *draft;
    bool fine;

    c->rounds = c->fallen = 0;
    if (!guessers_session(&c->target, all, w, error)
        || !session_goto(&c->target, w->prompt->id, w->prompt->count, error)
        || !guessers_start(&draft, all, w->who, &c->target, &w->sampling, w->seed, error))
        return false;
    speculation_begin(&c->s, &c->target, draft, w->K, &w->sampling, w->seed, w->prompt->id,
                      w->prompt->count, min_int(w->n, c->target.capacity
                                                      - w->prompt->count));
    fine = write_rounds(c, own, compare, error);
    if (fine && !compare)
        fine = guessers_session(&c->fresh, all, w, error)
            && session_goto(&c->fresh, c->s.text, c->s.count - 1, error)
            && (model == NULL
                || (draft_session(&c->draft, model, &c->target, error)
                    && session_goto(&c->draft, c->s.text,
                                    min_int(c->s.count - 1, c->draft.capacity), error)));
    speculation_free(&c->s);
    session_free(&c->target);
    return fine;
}

bool check_caches(Lesson *l, Guessers *all, const Wish *wish, Error *error)
{
    Caches c = { .rounds = 0 };
    bool fine = caches_run(&c, all, wish, false, error)
             && caches_run(&c, all, wish, true, error);

    if (fine)
        lesson_check(l, c.same == c.rounds, "behind each of %d rounds, %d of them with a guess "
                     "that fell, the caches are those of a session that only read the text: "
                     "memcmp", c.rounds, c.fallen);
    session_free(&c.fresh);
    session_free(&c.draft);
    return fine;
}
