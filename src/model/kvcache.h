/* kvcache.h - what earlier tokens said, kept so that they need not say it again
 *
 *      layer l:  keys    [K, S, D]      one head's positions lie together
 *                values  [K, S, D]
 *
 * Rules of use: positions 0 … length-1 are valid. A pass writes rows at their
 * position, layer by layer, and moves length on when all layers are done; a
 * stopped pass leaves it. kvcache_truncate forgets the end: costs nothing.
 */
#ifndef KVCACHE_H
#define KVCACHE_H

#include "kernels/attention.h"
#include "model/config.h"

typedef struct {
    Format format;          /* FORMAT_F32 or FORMAT_F16                      */
    int L, K, D;
    int capacity;           /* S: positions that fit                         */
    int length;             /* positions that are valid                      */
    unsigned char *data;    /* [L, 2, K, S, D]                               */
    size_t bytes;
} KvCache;

/* Errors: exit 5 when there is no memory for it. */
bool kvcache_init(KvCache *cache, const Config *config, int capacity,
                  Format format, Error *error);
void kvcache_free(KvCache *cache);
size_t kvcache_bytes(const Config *config, int capacity, Format format);

/* k, v [K, D] of one token; rounded to the cache's format. false: a value does
 * not fit in f16 (the caller makes an Error of it). */
bool kvcache_put(KvCache *cache, int layer, int position, const float *k,
                 const float *v);

/* What attention reads for a row at position: its own entry included. */
AttentionRow kvcache_row(const KvCache *cache, int layer, int position);

void kvcache_truncate(KvCache *cache, int length);  /* length <= cache->length */

#endif
