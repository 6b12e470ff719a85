/* stages.h - one distribution after each filter, with one filter more each time
 *
 * Rules of use: the distributions are those of decode/sampling.h, called once for each
 * stage with all filters up to it; nothing is computed here.
 */
#ifndef STAGES_H
#define STAGES_H

#include "base/options.h"
#include "decode/modeldir.h"
#include "decode/sampling.h"

enum { MODEL, PENALTY, TEMPERATURE, TOP_K, TOP_P, MIN_P, STAGES };
extern const char *const stage_names[STAGES];       /* "top-k"               */
extern const char *const stage_keys[STAGES];        /* "top_k"               */
extern const char *const stage_says[STAGES];        /* "the k likeliest stay" */

typedef struct {
    SamplingConfig all;             /* the filters of the last stage         */
    SamplingWork work;
    const float *logits;            /* [V] borrowed                          */
    const int *history;             /* [n] borrowed                          */
    int V, n;
    double *p[STAGES];              /* [V] after each                        */
} Stages;

/* logits [V], history [n]: as sampling_distribution, and they outlive s. Owner: the
 * caller, stages_free. */
void stages_make(Stages *s, const float *logits, int V, const int *history, int n,
                 const SamplingConfig *all);
void stages_free(Stages *s);

/* The options', else the model's own; what is off in both, the lesson's. */
SamplingConfig stages_wishes(const ModelDir *dir, const Options *options);

/* "6", or "off"; "" for the model itself. */
void stage_setting(char text[24], const SamplingConfig *all, int stage);

/* Bits: -Σ p log2 p. *stay: how many ids have p > 0. */
double entropy_bits(const double *p, int V, int *stay);

#endif
