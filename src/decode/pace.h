/* pace.h - how far to guess: a number of tokens from counts and bytes, never a clock
 *
 * Rules of use: pace_choose before a round, pace_learn after it. The same counts give
 * the same choice on every machine, so a text that depends on K can be repeated.
 */
#ifndef PACE_H
#define PACE_H

#include "base/base.h"

typedef struct {
    double draft;               /* cost of one guess, in passes of the target */
    double row;                 /* … of one more row in such a pass          */
    double held, judged;        /* guesses accepted and compared, the old fading */
    bool off;                   /* it lost: nothing is guessed any more      */
    int waited;                 /* rounds in which a free draft was not asked */
} Pace;

/* Tokens that a pass gives when each guess is accepted with probability alpha. */
double pace_expected(double alpha, int K);

/* How many times faster: a guess costs draft passes of the target over one row, and its
 * pass over K + 1 rows costs pass of them. */
double pace_gain(double alpha, int K, double draft, double pass);

/* target, draft: bytes of weights that a pass reads; width: bytes of one weight of the
 * target, 2 for F16. */
void pace_begin(Pace *pace, size_t target, size_t draft, double width);

/* 0 … DRAFT_MOST. */
int pace_choose(Pace *pace);
void pace_learn(Pace *pace, int accepted, int judged);

#endif
