/* adapter.h - a low-rank correction lent to a pass: y = W x + scale · B (A x)
 *
 * Rules of use: an Adapter is a table of LowRank deltas, one per layer and
 * target; a target without a delta has rank 0. It is borrowed by a session and
 * const for the pass. Nothing fills it yet from files.
 */
#ifndef ADAPTER_H
#define ADAPTER_H

#include "base/base.h"

#define ADAPTER_RANK 256     /* more than any; a pass has room for this much  */

typedef enum {
    TARGET_Q, TARGET_K, TARGET_V, TARGET_O, TARGET_GATE, TARGET_UP, TARGET_DOWN,
    TARGET_QKV,             /* q, k and v in one matrix (GPT-NeoX)           */
    TARGET_COUNT,
} Target;

typedef struct {
    const float *a;         /* [r, in]                                       */
    const float *b;         /* [out, r]                                      */
    int rank;               /* r; 0: no delta here                           */
    float scale;            /* alpha / r                                     */
} LowRank;

typedef struct {
    int layers;             /* L                                             */
    LowRank *deltas;        /* [layers][TARGET_COUNT]                        */
} Adapter;

/* The delta for one linear layer, or NULL when there is none (or no adapter). */
const LowRank *adapter_find(const Adapter *adapter, int layer, Target target);

#endif
