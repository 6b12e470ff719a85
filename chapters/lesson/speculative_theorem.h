/* speculative_theorem.h - what chapter07_speculative proves
 *
 * Rules of use: behind lesson_theorem. No time is asked for, nothing is drawn at random
 * that is not drawn again.
 */
#ifndef SPECULATIVE_THEOREM_H
#define SPECULATIVE_THEOREM_H

#include "chapters/lesson/guessers.h"
#include "chapters/lesson/lesson.h"

typedef struct {
    const Ids *prompt;              /* [prompts]                             */
    int prompts;
    int n;                          /* ids of a text                         */
    const int *K;                   /* [Ks] guesses at a time                */
    int Ks;
} GreedyPlan;

/* The greedy text, byte for byte, for each guesser and each K: one check for each. */
bool check_greedy(Lesson *l, Guessers *all, const GreedyPlan *plan, Error *error);

/* The emitted token's law is p behind the prompt and behind some words more: one check for
 * each guesser that has a distribution, one for certain guesses, one for p = q, one for
 * disjoint p and q. wish: whose settings; temperature 0 counts as 1. */
bool check_laws(Lesson *l, Guessers *all, const Wish *wish, Error *error);

#endif
