/* random.h - random numbers without a state: a function of where you are
 *
 * Rules of use: the number drawn for (seed, sequence, position, draw) is always
 * the same one, in whatever order and on whatever thread it is asked for.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "base/base.h"

/* Philox4x32-10: four words of counter and two of key to four random words. */
void random_philox(uint32_t out[4], const uint32_t counter[4],
                   const uint32_t key[2]);

/* Uniform in [0, 1), a multiple of 2^-24. */
float random_uniform(uint64_t seed, uint32_t sequence, uint32_t position,
                     uint32_t draw);

#endif
