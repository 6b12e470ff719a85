/* sampling.h - from logits to one token: a distribution, and a dart
 *
 * Rules of use: two functions over plain arrays and no state. The dart u is a
 * parameter, so that a test can integrate over it and a lesson can show it.
 * temperature 0 is greedy: all the probability on the best id (ties: smaller id).
 */
#ifndef SAMPLING_H
#define SAMPLING_H

#include "base/base.h"

typedef struct {
    double temperature;         /* 0: greedy                                 */
    int top_k;                  /* 0: off                                    */
    double top_p;               /* 1: off                                    */
    double min_p;               /* 0: off                                    */
    double repeat_penalty;      /* 1: off                                    */
} SamplingConfig;

typedef struct {                /* scratch, so that the loop allocates nothing */
    double *p;                  /* [V] the distribution                      */
    float *scores;              /* [V] logits after the penalty              */
    int *order;                 /* [V] candidates: a heap, then the best     */
    int count, ranked;          /* how many; how many of the best are sorted */
    unsigned char *seen;        /* [V] for the repetition penalty; else 0    */
    int V;
} SamplingWork;

void sampling_work_init(SamplingWork *work, int V);
void sampling_work_free(SamplingWork *work);

/* p [V]: the distribution after penalty, temperature, top-k, top-p, min-p, in
 * that order; ids that were filtered out have 0. history [n]: ids so far. */
void sampling_distribution(double *p, const float *logits, int V,
                           const int *history, int n,
                           const SamplingConfig *config, SamplingWork *work);

/* The first id whose running sum exceeds u · total, u in [0, 1). */
int sampling_pick(const double *p, int V, float u);

/* best [k]: the ids of the k best logits [work->V], best first; k <= V. */
void sampling_best(int *best, int k, const float *logits, SamplingWork *work);

#endif
