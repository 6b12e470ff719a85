/* draft_model.c - a model that guesses: a second one, or the target in fewer bits
 *
 *      text [n]  once upon a time there │ was
 *      cache     once upon a time there │         kept from the round before
 *                                       └─► fed: was        logits ─► q_1 ─► " a"
 *                                           fed: a          logits ─► q_2 ─► " king"
 *                                           fed: king       logits ─► q_3 ─► " who"
 *
 * The draft writes as any model writes: it feeds its own guesses to itself, one by
 * one, K - 1 of them; the last is only said. It sees the text with the same
 * options (temperature, top-k, penalties) as the target, so that q is as near to p
 * as it can be; any q is allowed, and changes only how often it is right.
 *
 * When all guesses stood, the cache lacks two ids of the text: the last guess, and the
 * bonus that nobody guessed. When one fell, it has too many, and lacks the one that took
 * its place. session_goto does both.
 *
 * Corners:
 *
 * - Two models of one family may have different V, because rows are padded to round
 *   numbers (Pythia has 50304 or 50432 rows for 50277 tokens). Only ids that are tokens
 *   to both are guessed: the other logits are set to -infinity. The target may still say
 *   an id that the draft does not have; from then on nothing is guessed.
 * - The draft's context may be shorter than the target's: at its end guessing ends.
 * - At temperature 0 q is 1 at one id: then no row of V numbers is kept for it.
 *
 * Read next: decode/pace.c. Lesson: chapters/chapter07_speculative.c.
 */
#include "decode/draft_model.h"

#include <math.h>               /* INFINITY                                  */
#include <string.h>             /* memcpy, memset                            */

#include "base/memory.h"
#include "base/random.h"

/* Does the draft know all these ids? */
static bool knows(const ModelDraft *d, const int *text, int n)
{
    for (int i = 0; i < n; i++)
        if (text[i] >= d->work.V)
            return false;
    return true;
}

/* The session's logits without what is no token to both. */
static const float *masked_logits(ModelDraft *d)
{
    int V = d->work.V;

    if (d->V == V)
        return d->session.logits;
    memcpy(d->logits, d->session.logits, (size_t)d->V * sizeof *d->logits);
    for (int id = d->V; id < V; id++)
        d->logits[id] = -INFINITY;
    return d->logits;
}

/* The guess for a position, by the logits that the session stands on.
 *   q   [V of the target] out; NULL: not wanted                             */
static int draw(ModelDraft *d, double *q, int position)
{
    const Session *s = &d->session;
    double *p = d->work.p;

    if (d->setup.planted != NULL)
        return planted_id(d->setup.planted, position);
    sampling_distribution(p, masked_logits(d), d->work.V, s->ids, s->length,
                          &d->setup.sampling, &d->work);
    if (q != NULL) {
        memset(q, 0, (size_t)d->setup.V * sizeof *q);
        memcpy(q, p, (size_t)d->V * sizeof *q);
    }
    return sampling_pick(p, d->work.V, random_uniform(d->setup.seed, 0,
                         (uint32_t)position, DRAW_GUESS));
}

static bool model_propose(Draft *draft, Proposal *out, const int *text, int n, int K,
                          Error *error)
{
    ModelDraft *d = (ModelDraft *)draft;
    Session *s = &d->session;

    K = min_int(K, s->capacity - n + 1);
    out->count = 0;
    out->certain = draft->certain;
    if (K < 1 || !knows(d, text, n))
        return true;
    if (!session_goto(s, text, n, error))
        return false;
    for (;;) {
        double *q = draft->certain ? NULL : out->q + (size_t)out->count * (size_t)out->V;
        int id = draw(d, q, n + out->count);

        if (id < 0)
            return true;
        out->ids[out->count++] = id;
        //@stop guess_drawn
        if (out->count == K)
            return true;
        if (!session_feed(s, &id, 1, error))
            return false;
    }
}

/* Forget guesses that fell: keep what the cache has in common with the text. */
static void model_settle(Draft *draft, const int *text, int n)
{
    Session *s = &((ModelDraft *)draft)->session;
    int kept = session_common(s, text, n);

    //@stop draft_settled
    session_cut(s, kept);
}

static bool model_read(Draft *draft, const int *text, int n, Error *error)
{
    ModelDraft *d = (ModelDraft *)draft;

    return n > d->session.capacity || !knows(d, text, n)
        || session_goto(&d->session, text, n, error);
}

/* A draft that borrows model.
 *
 *   setup    kept as a copy; planted's ids take the place of the model's own
 *   Owner:   d, until draft_model_free
 *   Cost:    a cache as long as the target's, or as the draft's context
 */
bool draft_model_init(ModelDraft *d, const Model *model, const DraftSetup *setup,
                      Error *error)
{
    const Config *c = &model->config;

    *d = (ModelDraft){ .setup = *setup };
    if (!session_init(&d->session, model, min_int(setup->capacity, c->context),
                      setup->chunk, setup->kv, error))
        return error_where(error, "the draft %s", setup->name);
    d->draft = (Draft){ .name = setup->name, .bytes = model->weights.bytes,
                        .certain = setup->sampling.temperature == 0
                                   || setup->planted != NULL,
                        .propose = model_propose, .settle = model_settle,
                        .read = model_read };
    d->V = min_int(min_int(setup->tokens, setup->V), c->V);
    must(d->V > 0, "%d tokens, %d and %d words", setup->tokens, setup->V, c->V);
    sampling_work_init(&d->work, c->V);
    d->logits = memory_get(c->V, sizeof *d->logits);
    return true;
}

void draft_model_free(ModelDraft *d)
{
    session_free(&d->session);
    sampling_work_free(&d->work);
    memory_give_back(d->logits);
    *d = (ModelDraft){0};
}
