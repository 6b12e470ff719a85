/* darts.h - all 2^24 values of a random number, counted by what they decide
 *
 * Rules of use: what is asked must be monotone: a larger dart never gives a smaller
 * answer. Then some hundred questions count all of them.
 */
#ifndef DARTS_H
#define DARTS_H

#include "base/base.h"

#define ALL_DARTS ((uint32_t)1 << 24)   /* u is a multiple of 2^-24          */

/* What the dart d · 2^-24 decides: 0 … answers - 1. */
typedef int DartDecides(void *context, uint32_t d);

static inline float dart_value(uint32_t d)
{
    return (float)d * 0x1p-24f;
}

/* count [answers]: how many darts give each. */
void darts_count(uint32_t *count, int answers, DartDecides *decides, void *context);

#endif
