/* base.h - the words that every file uses: the legend of dims, row(), must()
 *
 * One legend everywhere; a capital is the count, its small letter the index:
 *
 *      B  sequences                    H  query heads
 *      T  tokens in this call          K  key/value heads
 *      S  positions in the cache       D  width of one head
 *      L  layers                       R  rotated part of a head
 *      E  embedding width              F  feed-forward width
 *      V  vocabulary                   r  LoRA rank
 *
 * A shape is written [T, H, D], last index fastest; a weight is [out, in], as
 * in PyTorch and in the files. Counts are int; products, sizes and offsets are
 * size_t.
 */
#ifndef BASE_H
#define BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#if defined(__FAST_MATH__)
#error "the same bits everywhere need IEEE arithmetic: build without -ffast-math and -Ofast"
#endif
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "weights are used as they lie in their files: build for a little-endian machine"
#endif

/* Row t of a matrix whose rows are width numbers wide, computed in size_t:
 * T · V passes 2^31 long before a laptop's memory ends. Keeps x's own type. */
#define row(x, t, width) ((x) + (size_t)(t) * (size_t)(width))

/* Our own bug, not the world's: print where and why, and abort. */
#define must(condition, ...)                                                  \
    ((condition) ? (void)0                                                    \
                 : must_fail(__FILE__, __LINE__, #condition, __VA_ARGS__))

static inline int min_int(int a, int b) { return a < b ? a : b; }
static inline int max_int(int a, int b) { return a > b ? a : b; }

/* The first multiple of unit that is not below n; it wraps round near SIZE_MAX. */
static inline size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}

#endif
