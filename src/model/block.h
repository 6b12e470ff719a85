/* block.h - one layer of the transformer: look back, then think
 *
 * Rules of use: the only copy of a layer's forward pass, for every architecture,
 * number format and use. x enters in activations->x, leaves in ->out.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include "model/activations.h"
#include "model/kvcache.h"
#include "model/probe.h"
#include "model/weights.h"

typedef struct {            /* what a pass lends to every block              */
    const Config *config;
    const Rope *rope;
    const Adapter *adapter;         /* or NULL                               */
    const Probe *probe;             /* or NULL                               */
    int T;                          /* rows in this pass                     */
    const int *positions;           /* [T]                                   */
    KvCache *const *caches;         /* [T] the cache of each row             */
    AttentionRow *looks;            /* [T] scratch: where each row looks     */
    float *scratch;                 /* for attention and low-rank deltas     */
    void *codes;                    /* for coded inputs; NULL: weights are floats */
} Pass;

/* y [T, E]: the kind of norm that this model has. b: NULL when it has no bias. */
void block_norm(float *y, const float *x, const float *w, const float *b,
                const Config *config, int T);

/* The half that needs no other row: norm 2 to the second sum. Reads ->middle (a
 * parallel block: also ->x), writes ->out. */
void block_think(Activations *a, const Pass *pass, const LayerWeights *w,
                 int layer);

/* Both halves. Errors: a key or value beyond the cache's number format (exit 3). */
bool block_forward(Activations *a, const Pass *pass, const LayerWeights *w,
                   int layer, Error *error);

#endif
