/* 4_typical.key.c - exercise 05.4: typical sampling, and its mistakes
 *
 *      p [V] ──► h = -Σ p log p ──► d_i = | -log p_i - h |
 *                                     │
 *                                     ▼   smallest first
 *                                 rank the ids ──► take while mass < tau
 *                                                       │
 *      p [V], rest 0, divided by its sum ◄──────────────┘
 *
 * The engine has no such filter, so the definition stands here, as the essay's
 * five steps say it: elementary functions of the engine, sums in ascending
 * order. Ranking is an insertion sort by (distance, id), another way than the
 * essay proposes.
 *
 * The same function makes typical mistakes: no absolute value (then it is
 * top-p), the likeliest first, the farthest first, the crossing word dropped,
 * one word too many, mass forgotten in the end (not divided), entropy of the
 * wrong sign, ties to the larger id.
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter05/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/elementary.h"

typedef enum { RIGHT, NO_ABSOLUTE, FARTHEST, DROPPED, ONE_MORE, NOT_DIVIDED, WRONG_SIGN,
               LARGER_ID, NO_ENTROPY, COUNTED, NONE_LEFT, MISTAKES } Mistake;

static const char *const guesses[MISTAKES] = {
    "", "without the absolute value this is top-p: the likeliest first",
    "that is the farthest first; take the smallest distance first",
    "the word that lifts the mass over tau stays",
    "one word too many: stop as soon as the mass is not below tau",
    "the right words stay: divide them by their sum",
    "h is minus the sum: p · log p is negative",
    "a tie goes to the smaller id: compare with <, not <=",
    "the distance is measured from h, not from 0",
    "tau is a share of the mass, not of the number of words",
    "at least one word stays, also at tau = 0",
};

/* d [V]; ids [V] in the order in which they are taken; returns how many have p > 0. */
static int rank(int *ids, double *d, const double *p, int V, Mistake mistake)
{
    double h = 0;
    int n = 0;

    for (int i = 0; i < V; i++)
        if (p[i] > 0)
            h -= p[i] * logarithm_of(p[i]);
    h = mistake == WRONG_SIGN ? -h : mistake == NO_ENTROPY ? 0 : h;
    for (int i = 0; i < V; i++) {
        int at = n;

        if (!(p[i] > 0))
            continue;
        d[i] = -logarithm_of(p[i]) - h;
        d[i] = mistake == NO_ABSOLUTE ? d[i] : fabs(d[i]);
        d[i] = mistake == FARTHEST ? -d[i] : d[i];
        for (; at > 0 && (d[ids[at - 1]] > d[i]
                          || (mistake == LARGER_ID && d[ids[at - 1]] == d[i])); at--)
            ids[at] = ids[at - 1];
        ids[at] = i;
        n++;
    }
    return n;
}

/* out [V]: p after the filter, with one mistake. */
static const double *filtered(Case *c, const double *p, int V, double tau,
                              Mistake mistake)
{
    double *out = case_array(c, V, sizeof *out);
    double *d = case_array(c, V, sizeof *d);
    int *ids = case_array(c, V, sizeof *ids);
    int n = rank(ids, d, p, V, mistake), taken = 0;
    double mass = 0, sum = 0;

    while (taken < n && ((taken == 0 && mistake != NONE_LEFT)
                         || (mistake == COUNTED ? taken < tau * n : mass < tau)))
        mass += p[ids[taken++]];
    if (mistake == DROPPED && taken > 1)
        taken--;
    if (mistake == ONE_MORE && taken < n)
        taken++;
    for (int i = 0; i < V; i++)
        out[i] = 0;
    for (int r = 0; r < taken; r++)
        out[ids[r]] = p[ids[r]];
    for (int i = 0; i < V; i++)
        sum += out[i];
    for (int i = 0; i < V && mistake != NOT_DIVIDED; i++)
        out[i] /= sum;
    return out;
}

static void compare(Case *c, const double *p, int V, double tau)
{
    double *got = case_array(c, V, sizeof *got);
    double *distance = case_array(c, V, sizeof *distance);
    const double *want = filtered(c, p, V, tau, RIGHT);
    Fault faults[MISTAKES] = {{ NULL, NULL }};

    for (int i = 1; i < MISTAKES; i++)
        faults[i - 1] = (Fault){ filtered(c, p, V, tau, (Mistake)i), guesses[i] };
    memcpy(got, p, (size_t)V * sizeof *got);
    my_keep_typical(got, distance, V, tau);
    case_doubles(c, "p", got, want, V, faults);
}

/* p [V]: a softmax of random scores; some ids were filtered out before, some tie. */
static void random_words(Case *c, double *p, int V)
{
    double sharp = case_between(c, 2, 60) / 10.0, sum = 0;

    for (int i = 0; i < V; i++) {
        float score;

        case_fill(c, &score, 1);
        p[i] = exponential_of((double)score * sharp);
        if (i > 0 && case_between(c, 0, 5) == 0)
            p[i] = p[i - 1];
        if (i > 0 && case_between(c, 0, 5) == 0)
            p[i] = 0;
        sum += p[i];
    }
    for (int i = 0; i < V; i++)
        p[i] /= sum;
}

static void run(Case *c)
{
    static const struct { double p[4], tau; } seen[] = {
        { { 0.5, 0.25, 0.125, 0.125 }, 0.2 }, { { 0.5, 0.25, 0.125, 0.125 }, 0.5 },
        { { 0.5, 0.25, 0.125, 0.125 }, 0.8 }, { { 0, 0.0625, 0.0625, 0.875 }, 0.9 },
        { { 0.25, 0.25, 0.25, 0.25 }, 0 }, { { 0.25, 0.25, 0.25, 0.25 }, 0.5 },
    };
    int V = case_hidden(c) ? case_between(c, 1, 40) : 4;
    double *p = case_array(c, V, sizeof *p);
    double tau = case_hidden(c) ? case_between(c, 0, 20) / 20.0
                                : seen[case_number(c)].tau;

    if (case_hidden(c))
        random_words(c, p, V);
    else
        memcpy(p, seen[case_number(c)].p, sizeof seen[0].p);
    case_says(c, "tau = %g, p =", tau);
    for (int i = 0; i < V && i < 8; i++)
        case_says(c, " %.4g", p[i]);
    if (V > 8)
        case_says(c, " … (%d words)", V);
    compare(c, p, V, tau);
}

const Exercise exercise = { .stop = "my_keep_typical", .visible = 6, .hidden = 60,
                            .run = run };
