/* emission.h - the exact distribution of the token that speculation emits
 *
 * Rules of use: nothing is drawn at random. A Proposal of one guess and the target's p
 * go through speculative_judge for all 2^24 values of u, and for all 2^24 darts.
 */
#ifndef EMISSION_H
#define EMISSION_H

#include "chapters/lesson/darts.h"
#include "decode/speculative.h"

typedef struct {
    int V;
    const double *p;            /* [V] the target's                          */
    Proposal guess;             /* one place; q [V] or certain               */
    double *scratch, *residual; /* [V]                                       */
    uint32_t *darts, *first;    /* [V]                                       */
    int x;                      /* the guess that is asked about             */
} Emission;

/* q [V] as somebody drew from it, or NULL for a draft that is certain. p, q are borrowed.
 * Owner: e, emission_free. */
void emission_init(Emission *e, const double *p, const double *q, int V);
void emission_free(Emission *e);

/* How many of all u accept x. */
uint32_t emission_accepts(Emission *e, int x);

/* law [V]: how likely each id is to be emitted when x is guessed with probability q(x);
 * for a certain draft, when x is guessed. false: two guesses that fell had not the same
 * residual. */
bool emission_law(double *law, Emission *e, int x);

/* The largest |law - p| in units of 2^-24; INFINITY: an id whose p is 0 can come. */
double emission_off(const Emission *e, const double *law);

#endif
