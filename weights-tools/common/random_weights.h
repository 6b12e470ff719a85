/* random_weights.h - numbers for a tensor that nobody has trained
 *
 * Rules of use: a number is a function of (seed, the tensor's name, its index) and
 * the tensor's shape: any part of a model can be made alone, on any thread, in any
 * order. random_weights.c says which law the sizes follow, and why.
 */
#ifndef RANDOM_WEIGHTS_H
#define RANDOM_WEIGHTS_H

#include "numbers/tensor.h"

#define RANDOM_SLICES 4096

typedef struct {
    uint64_t seed;
    float edge[RANDOM_SLICES + 1];  /* of slices of equal area, upwards from 0 */
} RandomWeights;

void random_weights_init(RandomWeights *random, uint64_t seed);

/* Number index of an endless row of normally distributed ones. */
float random_weights_normal(const RandomWeights *random, const char *name,
                            uint64_t index);

/* Elements [first, first + count) of a tensor in its dtype, which is F32, F16 or
 * BF16. In parallel: not to be called from inside a parallel_for. */
void random_weights_fill(void *out, const RandomWeights *random,
                         const Tensor *tensor, size_t first, size_t count);

#endif
