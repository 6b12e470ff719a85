/* speculative_theorem.c - what chapter07_speculative proves
 *
 *      who guesses      K = 0  1  2  3  4  5  6  7  8
 *      a small model        ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓     each the same bytes as the
 *      int8, int4           ✓  ✓  …                       text that nobody guessed for
 *      ngram, planted       ✓  ✓  …
 *
 *      p, q of the pair ──► emission_law ──► within 2/2^24 of p, id by id
 *
 * Two claims are made for speculation. With temperature 0 it writes the same text;
 * that is tried with everybody who can guess. Above 0 it writes another text from the same
 * distribution; nobody can see that in a text, so the distribution is computed:
 * emission.c does it, for what the two models really think at some places of a text.
 *
 * Two cases are known without any computing. A draft that thinks as the target does
 * is always right; one that only offers what the target would never say is never
 * right, and then the residual is p itself.
 *
 * Read next: chapters/lesson/emission.c, chapters/lesson/rereading.c.
 */
#include "chapters/lesson/speculative_theorem.h"

#include <math.h>                   /* fmax                                  */
#include <string.h>

#include "base/memory.h"
#include "chapters/lesson/emission.h"

#define PLACES 3                    /* where p and q are taken               */
#define WORDY 8192                  /* words of a model: only one place then */
#define LOOKED 18                   /* words of a text, of which they are chosen */
#define STAY 64                     /* ids that p and q have at most         */
#define CERTAIN 6                   /* guesses of a draft that is certain    */
#define BOUND 2.001                 /* of 2^-24: emission.c, equation (2)    */

/* ---- greedy texts */

static bool same_text(const Generated *a, const Generated *b)
{
    return a->ids.count == b->ids.count && a->text.length == b->text.length
        && a->reason == b->reason
        && memcmp(a->ids.id, b->ids.id, (size_t)a->ids.count * sizeof(int)) == 0
        && memcmp(a->text.bytes, b->text.bytes, a->text.length) == 0;
}

/* One prompt with each K. same: how many texts were. */
static bool greedy_texts(int *same, Guessers *all, int who, const Ids *prompt,
                         const GreedyPlan *plan, Error *error)
{
    Wish wish = { .who = -1, .prompt = prompt, .n = plan->n,
                  .sampling = { .top_p = 1, .repeat_penalty = 1 } };
    Generated want, got;
    bool fine = guessers_write(&want, all, &wish, error);

    wish.who = who;
    for (int k = 0; fine && k < plan->Ks; k++) {
        wish.K = plan->K[k];
        fine = guessers_write(&got, all, &wish, error);
        *same += fine && same_text(&got, &want);
        generated_free(&got);
    }
    generated_free(&want);
    return fine;
}

bool check_greedy(Lesson *l, Guessers *all, const GreedyPlan *plan, Error *error)
{
    for (int who = 0; who < GUESSERS; who++) {
        int same = 0, texts = plan->prompts * plan->Ks;

        if (!all->there[who])
            continue;
        for (int i = 0; i < plan->prompts; i++)
            if (!greedy_texts(&same, all, who, &plan->prompt[i], plan, error))
                return false;
        lesson_check(l, same == texts, "greedy, %s guesses, K from %d to %d, %d prompt%s: %d "
                     "of %d texts are the plain one, byte for byte", all->name[who],
                     plan->K[0], plan->K[plan->Ks - 1], plan->prompts,
                     plan->prompts == 1 ? "" : "s", same, texts);
    }
    return true;
}

/* ---- the law of the emitted token */

typedef struct {                    /* p and q at one place of a text        */
    int V;
    double *p, *q, *law;            /* [V]                                   */
    SamplingWork work;
    Session s;
    Proposal proposal;
} Place;

static bool place_open(Place *at, const Guessers *all, const Wish *wish, Error *error)
{
    *at = (Place){ .V = all->m->model.config.V };
    if (!guessers_session(&at->s, all, wish, error))
        return false;
    at->p = memory_get(at->V, sizeof *at->p);
    at->q = memory_get(at->V, sizeof *at->q);
    at->law = memory_get(at->V, sizeof *at->law);
    sampling_work_init(&at->work, at->V);
    proposal_init(&at->proposal, 1, at->V, false);
    return true;
}

static void place_close(Place *at)
{
    session_free(&at->s);
    memory_give_back(at->p);
    memory_give_back(at->q);
    memory_give_back(at->law);
    sampling_work_free(&at->work);
    proposal_free(&at->proposal);
}

/* p behind the first n ids. */
static bool target_at(Place *at, const Wish *wish, const int *text, int n, Error *error)
{
    if (!session_goto(&at->s, text, n, error))
        return false;
    sampling_distribution(at->p, at->s.logits, at->V, text, n, &wish->sampling,
                          &at->work);
    return true;
}

/* The places of text behind the prompt where most ids can come, into at [PLACES]: how many
 * ids they stand behind. Returns how many places. */
static int choose_places(int *places, Place *at, const Wish *wish, const Ids *text,
                         Error *error)
{
    int most = at->V > WORDY ? 1 : PLACES, ids[PLACES + 1] = {0}, count = 0;

    for (int n = wish->prompt->count; n < text->count; n++) {
        int can = 0, i;

        if (!target_at(at, wish, text->id, n, error))
            return -1;
        for (int id = 0; id < at->V; id++)
            can += at->p[id] > 0;
        for (i = count; i > 0 && can > ids[i - 1]; i--)
            if (i < most) {
                ids[i] = ids[i - 1];
                places[i] = places[i - 1];
            }
        if (i < most) {
            ids[i] = can;
            places[i] = n;
            count = min_int(count + 1, most);
        }
    }
    return count;
}

/* off  out: the worst of these places, in units of 2^-24                    */
static bool worst_law(double *off, Guessers *all, int who, Place *at, const Wish *wish,
                      const Ids *text, const int *places, int count, Error *error)
{
    Draft *draft;

    if (!guessers_start(&draft, all, who, &at->s, &wish->sampling, wish->seed, error))
        return false;
    for (int i = 0; i < count; i++) {
        Emission e;

        if (!target_at(at, wish, text->id, places[i], error)
            || !draft->propose(draft, &at->proposal, text->id, places[i], 1, error))
            return false;
        if (at->proposal.count == 0)
            continue;
        emission_init(&e, at->p, proposal_q(&at->proposal, 0), at->V);
        if (!emission_law(at->law, &e, 0))
            *off = INFINITY;
        *off = fmax(*off, emission_off(&e, at->law));
        emission_free(&e);
    }
    return true;
}

/* The most likely ids by p, and one that p never gives. */
static int certain_guesses(int *x, const Place *at)
{
    int n = 0, never = -1;

    for (int id = 0; id < at->V; id++)
        if (at->p[id] == 0)
            never = id;
    for (; n < CERTAIN; n++) {
        int best = -1;

        for (int id = 0; id < at->V; id++) {
            bool taken = at->p[id] == 0;

            for (int k = 0; k < n; k++)
                taken = taken || x[k] == id;
            if (!taken && (best < 0 || at->p[id] > at->p[best]))
                best = id;
        }
        if (best < 0)
            break;
        x[n] = best;
    }
    if (never >= 0)
        x[n++] = never;
    return n;
}

/* A draft that is certain of x, for some x. at->p is given. */
static void check_certain(Lesson *l, Place *at)
{
    int x[CERTAIN + 1], n = certain_guesses(x, at);
    double off = 0;
    Emission e;

    emission_init(&e, at->p, NULL, at->V);
    for (int i = 0; i < n; i++) {
        if (!emission_law(at->law, &e, x[i]))
            off = INFINITY;
        off = fmax(off, emission_off(&e, at->law));
    }
    emission_free(&e);
    lesson_check(l, off <= BOUND, "a draft that is certain of its guess, tried with %d "
                 "guesses: the emitted token's law is p within %.3f / 2^24", n, off);
}

/* p = q, and p and q without a common id. at->p is given. */
static void check_known(Lesson *l, Place *at)
{
    int always = 0, ids = 0, never = 0, others = 0;
    double *p = memory_get(at->V, sizeof *p), mass = 0;
    Emission same, apart;

    emission_init(&same, at->p, at->p, at->V);
    for (int id = 0, turn = 0; id < at->V; id++) {
        bool mine = at->p[id] > 0 && turn++ % 2 == 0;

        p[id] = mine ? at->p[id] : 0;
        at->q[id] = mine ? 0 : at->p[id];
        mass += p[id];
        ids += at->p[id] > 0;
        always += at->p[id] > 0 && emission_accepts(&same, id) == ALL_DARTS;
    }
    emission_init(&apart, p, at->q, at->V);
    for (int id = 0; id < at->V; id++) {
        if (at->q[id] == 0)
            continue;
        others++;
        never += emission_accepts(&apart, id) == 0
              && speculative_residual(at->law, p, at->q, id, at->V) == mass
              && memcmp(at->law, p, (size_t)at->V * sizeof *p) == 0;
    }
    emission_free(&same);
    emission_free(&apart);
    memory_give_back(p);
    lesson_check(l, always == ids, "p = q: all 2^24 values of u accept each of the %d ids "
                 "that can come", ids);
    lesson_check(l, never == others, "p and q with no id in common: no u accepts one of %d, "
                 "and the residual is p itself", others);
}

/* Settings under which an id is drawn, and not too many can come. */
static Wish law_wish(const Wish *wish)
{
    Wish w = *wish;

    w.who = -1;
    w.K = 0;
    w.n = LOOKED;
    w.on = true;
    if (w.sampling.temperature == 0)
        w.sampling.temperature = 1;
    if (w.sampling.top_k == 0 || w.sampling.top_k > STAY)
        w.sampling.top_k = STAY;
    return w;
}

/* Everybody who has a distribution. */
static bool laws_of(Lesson *l, Guessers *all, Place *at, const Wish *w, const Ids *text,
                    const int *places, int count, Error *error)
{
    for (int who = BY_MODEL; who <= BY_INT4; who++) {
        double off = 0;

        if (!all->there[who])
            continue;
        if (!worst_law(&off, all, who, at, w, text, places, count, error))
            return false;
        lesson_check(l, off <= BOUND, "%s draws, T = %g, %d place%s of a text: over all 2^24 u "
                     "and darts the law of the emitted token is p, of each of %d ids within "
                     "%.3f / 2^24 (bound: 2)", all->name[who], w->sampling.temperature, count,
                     count == 1 ? "" : "s", at->V, off);
    }
    return true;
}

bool check_laws(Lesson *l, Guessers *all, const Wish *wish, Error *error)
{
    Wish w = law_wish(wish);
    Generated plain;
    Ids text = {0};
    Place at = { .V = 0 };
    int places[PLACES], count;
    bool fine = guessers_write(&plain, all, &w, error) && place_open(&at, all, &w, error);

    for (int i = 0; i < w.prompt->count; i++)
        ids_add(&text, w.prompt->id[i]);
    for (int i = 0; fine && i < plain.ids.count; i++)
        ids_add(&text, plain.ids.id[i]);
    count = fine ? choose_places(places, &at, &w, &text, error) : -1;
    fine = count > 0 && laws_of(l, all, &at, &w, &text, places, count, error)
        && target_at(&at, &w, text.id, places[0], error);
    if (fine) {
        check_certain(l, &at);
        check_known(l, &at);
    }
    place_close(&at);
    generated_free(&plain);
    ids_free(&text);
    return fine;
}
