/* emission.c - the exact distribution of the token that speculation emits
 *
 *      x drawn from q          u: all 2^24                  dart: all 2^24
 *      ┌──────────────┐   ┌────────────────────┐   ┌──────────┬──────┬───────┐
 *      │ x with  q(x) ├──►│ accepted │ rejected├──►│  id 13   │ id 20│ id 442│
 *      └──────────────┘   └────┬───────────────┘   └────┬─────┴───┬──┴───────┘
 *                              ▼  A(x) of them          ▼  R(y) darts each
 *                              x                        y
 *
 *      law(y) = q(y) A(y)/N + Σ_x q(x) (1 - A(x)/N) · R(y)/N,  N = 2^24   (1)
 *
 * Whether speculation changes what a model says is a question about a distribution, and
 * sampling it a million times would answer it to three digits. But u and the dart are
 * multiples of 2^-24: there are so many and no more, and darts.c counts what all of them
 * decide. Who is asked is speculative_judge, which writes all texts.
 *
 * How near to p must (1) be? A(x)/N is the share of multiples of 1/N below min(1, p/q):
 * at most 1/N above it. So at most q(y)/N too much in the first term, and the rejected mass
 * M = Σ max(0, p - q) at most 1/N too small in the second. R(y)/N is within 1/N of the
 * residual r(y). Together, with q, r and M at most 1:
 *
 *      |law(y) - p(y)|  <=  max( q(y)/N, r(y)/N ) + M/N  <=  2/N         (2)
 *
 * and a thousandth for what doubles round. (That x comes with probability q(x) is the
 * fairness of sampling_pick, which chapter 05 has proved by counting.)
 *
 * Read next: src/decode/speculative.c.
 */
#include "chapters/lesson/emission.h"

#include <math.h>                   /* fabs, fmax                            */
#include <string.h>

#include "base/memory.h"

void emission_init(Emission *e, const double *p, const double *q, int V)
{
    *e = (Emission){ .V = V, .p = p, .guess = { .V = V, .count = 1, .certain = q == NULL,
                                                .q = (double *)(uintptr_t)q } };
    e->scratch = memory_get(V, sizeof *e->scratch);
    e->residual = memory_get(V, sizeof *e->residual);
    e->darts = memory_get(V, sizeof *e->darts);
    e->first = memory_get(V, sizeof *e->first);
}

void emission_free(Emission *e)
{
    memory_give_back(e->scratch);
    memory_give_back(e->residual);
    memory_give_back(e->darts);
    memory_give_back(e->first);
    *e = (Emission){0};
}

/* TargetLaw */
static void given(void *context, double *p, int i)
{
    const Emission *e = context;

    must(i == 0, "place %d of a proposal of one", i);
    memcpy(p, e->p, (size_t)e->V * sizeof *p);
}

/* -1: e->x was accepted; else the id in its place. u, dart: of ALL_DARTS. */
static int judge(Emission *e, uint32_t u, uint32_t dart)
{
    float u_x = dart_value(u), darts[] = { dart_value(dart), 0 };
    Judgement out;

    e->guess.ids[0] = e->x;
    speculative_judge(&out, &e->guess, given, e, &u_x, darts, false, e->scratch,
                      e->residual);
    return out.accepted == 1 ? -1 : out.next;
}

/* DartDecides: 0, u accepts; 1, it does not. */
static int rejects(void *context, uint32_t u)
{
    return judge(context, u, 0) != -1;
}

/* DartDecides: what takes the place of a guess that the largest u rejects. */
static int replaces(void *context, uint32_t dart)
{
    return judge(context, ALL_DARTS - 1, dart);
}

uint32_t emission_accepts(Emission *e, int x)
{
    uint32_t count[2];

    e->x = x;
    darts_count(count, 2, rejects, e);
    return count[0];
}

/* Equation (1). Several guesses that fall are asked for their residual: it must be one
 * and the same. */
bool emission_law(double *law, Emission *e, int x)
{
    const double *q = e->guess.q;
    double rejected = 0;
    int from = q != NULL ? 0 : x, to = q != NULL ? e->V : x + 1, asked = 0;
    bool same = true;

    memset(law, 0, (size_t)e->V * sizeof *law);
    for (int id = from; id < to; id++) {
        double drawn = q != NULL ? q[id] : 1, share;

        if (drawn == 0)
            continue;
        share = emission_accepts(e, id) * 0x1p-24;
        law[id] = drawn * share;
        rejected += drawn * (1 - share);
        if (share == 1 || asked == 2)
            continue;
        if (judge(e, ALL_DARTS - 1, 0) == -1)
            return false;                   /* a larger u accepted it again  */
        darts_count(e->darts, e->V, replaces, e);
        if (asked++ == 0)
            memcpy(e->first, e->darts, (size_t)e->V * sizeof *e->first);
        same = same && memcmp(e->first, e->darts, (size_t)e->V * sizeof *e->first) == 0;
    }
    for (int y = 0; asked > 0 && y < e->V; y++)
        law[y] += rejected * (e->first[y] * 0x1p-24);
    return same;
}

double emission_off(const Emission *e, const double *law)
{
    double worst = 0;

    for (int y = 0; y < e->V; y++)
        if (e->p[y] == 0 && law[y] != 0)
            return INFINITY;
        else
            worst = fmax(worst, fabs(law[y] - e->p[y]) * ALL_DARTS);
    return worst;
}
