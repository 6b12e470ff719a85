/* kvcache.c - what earlier tokens said, kept so that they need not say it again
 *
 *      data  [L, 2, K, S, D]
 *
 *      layer 0                                   layer 1
 *      ┌ keys ──────────────┬ values ───────────┐┌ keys ─────
 *      │ head 0   │ head 1  │ head 0  │ head 1  ││ head 0
 *      └──────────┴─────────┴─────────┴─────────┘└──────────
 *        │
 *        └─► position 0 │ 1 │ 2 │ … │ length-1 │ not yet … │ S-1
 *            D numbers each             ▲
 *                                       └ valid up to here
 *
 * A new token compares its query with the keys of all before it and mixes their
 * values. Those keys and values never change: a token sees nothing that comes
 * after it. So they are computed once and kept: writing a text of S tokens takes S
 * rows through the layers, where reading all of it again for each token would take
 * S²/2.
 *
 * The price is memory: 2 · L · K · D numbers per token. Llama-3.2-1B in f16:
 * 2 · 16 · 8 · 64 · 2 bytes = 32 KiB a token, 4 GiB for its whole context.
 *
 * One head's positions lie together because attention walks them in order: the
 * loop that reads most of this memory reads it front to back.
 *
 * Trap: numbers are rounded to the cache's format before anyone uses them, also
 * in the pass that makes them. If that pass used the exact ones instead, a
 * prompt read at once and the same prompt read in pieces would differ.
 *
 * Rewinding costs nothing: positions from length on are garbage that the next
 * pass overwrites. Speculation, /undo and shared prompts all rest on that.
 *
 * Read next: kernels/attention.c.  Lesson: chapters/chapter04_attention.c.
 */
#include "model/kvcache.h"

#include <math.h>           /* isfinite                                     */
#include <string.h>         /* memcpy                                       */

#include "base/memory.h"    /* memory_get_large, memory_give_back           */
#include "numbers/halffloat.h"  /* f32_to_f16: nearest, ties to even        */

enum { KEYS, VALUES };

/* Bytes. The bounds of config.c keep the product below 2^64. */
size_t kvcache_bytes(const Config *config, int capacity, Format format)
{
    return (size_t)config->L * 2 * (size_t)config->K * (size_t)capacity
           * (size_t)config->D * format_bytes(format);
}

/* Owner: cache, until kvcache_free. Errors: exit 5. */
bool kvcache_init(KvCache *cache, const Config *config, int capacity,
                  Format format, Error *error)
{
    must(format == FORMAT_F32 || format == FORMAT_F16, "format %d", (int)format);
    must(capacity > 0, "capacity %d", capacity);
    *cache = (KvCache){ .format = format, .L = config->L, .K = config->K,
                        .D = config->D, .capacity = capacity };
    cache->bytes = kvcache_bytes(config, capacity, format);
    cache->data = memory_get_large(cache->bytes, "the key/value cache", error);
    return cache->data != NULL;
}

void kvcache_free(KvCache *cache)
{
    memory_give_back(cache->data);
    *cache = (KvCache){0};
}

/* Where the D numbers of one layer, head and position begin. */
static unsigned char *entry(const KvCache *cache, int layer, int which,
                            int head, int position)
{
    size_t index = (size_t)layer * 2 + (size_t)which;

    index = index * (size_t)cache->K + (size_t)head;
    index = index * (size_t)cache->capacity + (size_t)position;
    return cache->data + index * (size_t)cache->D * format_bytes(cache->format);
}

/* count numbers into the cache's format. false: a finite one became infinite.
 * An infinity or NaN that comes in goes through: it reaches the logits, where
 * the pass is refused with a better message. */
static bool narrow(unsigned char *out, const float *x, int count, Format format)
{
    if (format == FORMAT_F32) {
        memcpy(out, x, (size_t)count * sizeof *x);
        return true;
    }
    for (int i = 0; i < count; i++) {
        uint16_t half = f32_to_f16(x[i]);

        if ((half & 0x7fff) == 0x7c00 && isfinite(x[i]))
            return false;
        memcpy(out + 2 * (size_t)i, &half, 2);
    }
    return true;
}

bool kvcache_put(KvCache *cache, int layer, int position, const float *k,
                 const float *v)
{
    must(layer >= 0 && layer < cache->L, "layer %d of %d", layer, cache->L);
    must(position >= 0 && position < cache->capacity, "position %d of %d",
         position, cache->capacity);
    for (int g = 0; g < cache->K; g++)
        if (!narrow(entry(cache, layer, KEYS, g, position),
                    row(k, g, cache->D), cache->D, cache->format)
            || !narrow(entry(cache, layer, VALUES, g, position),
                       row(v, g, cache->D), cache->D, cache->format))
            return false;
    return true;
}

AttentionRow kvcache_row(const KvCache *cache, int layer, int position)
{
    return (AttentionRow){ .keys = entry(cache, layer, KEYS, 0, 0),
                           .values = entry(cache, layer, VALUES, 0, 0),
                           .capacity = cache->capacity,
                           .positions = position + 1 };
}

void kvcache_truncate(KvCache *cache, int length)
{
    must(length >= 0 && length <= cache->length, "%d of %d positions", length,
         cache->length);
    cache->length = length;
}
