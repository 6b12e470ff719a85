/* attention.h - each token looks back and takes what it needs
 *
 * Rules of use: keys and values are already in the cache, the row's own too. A
 * row is one token of any cache; rows are independent. scratch holds
 * attention_scratch(...) floats.
 */
#ifndef ATTENTION_H
#define ATTENTION_H

#include "kernels/dot.h"

typedef struct {
    const void *keys;       /* [K, capacity, D] of this layer and cache      */
    const void *values;     /* [K, capacity, D]                              */
    int capacity;           /* S: positions that fit                         */
    int positions;          /* how many to look at: own position + 1         */
} AttentionRow;

/* out [T, H, D], q [T, H, D] (already turned), rows [T]. */
void attention(float *out, const float *q, const AttentionRow *rows,
               Format format, int T, int H, int K, int D, float *scratch);

/* Floats that attention needs for rows of at most S positions. */
size_t attention_scratch(int H, int K, int S);

/* The weights that attention() used for one query head of one row: p [positions],
 * by the same definition, for lessons. q_h [D]; head h of H. */
void attention_weights(float *p, const float *q_h, const AttentionRow *r,
                       Format format, int h, int H, int K, int D);

#endif
