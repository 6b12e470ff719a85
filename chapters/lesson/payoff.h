/* payoff.h - what a guess costs, what a wider pass costs, and what is left of the gain
 *
 * Rules of use: part 4 of chapter07_speculative. Times are this machine's and this
 * minute's, and decide nothing.
 */
#ifndef PAYOFF_H
#define PAYOFF_H

#include "chapters/lesson/textkinds.h"

typedef struct {
    double pass[MOST_K + 2];        /* seconds of a pass over so many rows; [0] unused */
    double guess;                   /* … of one guess                        */
} Costs;

/* Behind wish->prompt, by the best of some passes. */
bool costs_measure(Costs *costs, Guessers *all, const Wish *wish, Error *error);

/* "costs", "guess_ms", "c", and "speed_up": predicted and measured. */
void payoff_show(Lesson *l, Arena *arena, const Costs *costs, const TextKinds *t);

/* "large": a model that does not fit into a cache, predicted from bytes. */
void payoff_large(Lesson *l, Arena *arena, double alpha);

/* "real": SmolLM2 where it is on this machine; else one line says that it is not. */
bool payoff_real(Lesson *l, Arena *arena, const Options *options, Error *error);

#endif
