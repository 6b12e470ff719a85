/* blocks_avx512.c - definition (b), thirty-two rows at a time
 *
 *                          x: four bytes, the same in all 16 places: loaded once
 *                       ┌─────────────┬─────────────┬─ ─ ─ ─┬─────────────┐
 *                       │ x0 x1 x2 x3 │ x0 x1 x2 x3 │       │ x0 x1 x2 x3 │
 *                       └──────┬──────┴──────┬──────┴─ ─ ─ ─┴──────┬──────┘
 *      w: group 0, group 1  dpbusd        dpbusd                dpbusd
 *           vector j           │             │                     │
 *                       ┌──────┴──────┬──────┴──────┬─ ─ ─ ─┬──────┴──────┐
 *      sums, 32 bits    │ row 0       │ row 1       │       │ row 15      │
 *                       └─────────────┴─────────────┴─ ─ ─ ─┴─────────────┘
 *      w: group 2, group 3  … the same x once more: rows 16 … 31
 *
 * AVX-512 has registers of 64 bytes, and 32 of them. Two groups of eight rows lie side
 * by side in one register; a block of 32 rows is 16 registers, loaded and taken apart
 * once, and they stay where they are while up to TOKENS rows of x pass. Each
 * four bytes of x are fetched once for all 32 rows.
 *
 * The instruction for it is VNNI's dpbusd: four products of bytes and their sum are
 * added to 32 bits at once, where AVX2 needs three instructions (maddubs, madd,
 * add). Nothing is cut off on the way, so s comes out exact. It multiplies bytes without
 * a sign by bytes with one, so weights are moved up until none is negative:
 *
 *      Σ (w + c) · x  =  Σ w · x  +  c · Σx          c = 128 (int8), 8 (int4)   (1)
 *
 * and Σx of a block is known (coding.c). The sum of 32 bits does not begin at 0 but at
 * −c · Σx, and ends at s. Moving up costs int8 one xor of the top bit; int4 lies
 * in memory that way.
 *
 * With a single row of x memory sets the pace. AVX2's instructions keep up with it, so
 * that case is left to blocks_avx2.c. From two rows on (a draft's tokens that are
 * verified together) the tile above is worth it.
 *
 * Rows that are no multiple of 32: up to 16 rows are one register of two groups. Where
 * the last group of a pair is not there, the one before takes its place, and a mask
 * keeps its sums from being written.
 *
 * Measured as a prototype on one Zen 4 core, 128 rows of x: int8 353, int4 361 billion
 * operations a second; blocks_avx2.c 140 and 220.
 *
 * Trap: the loops over a block's vectors must unroll, or the 16 registers live in
 * memory: -O3 for gcc (dot_avx2.c says more).
 *
 * Source: Intel Intrinsics Guide. Read next: kernels/dispatch.c.
 * Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/blocks.h"

#if defined(__x86_64__)

#include <immintrin.h>          /* __m512i and its instructions              */
#include <string.h>             /* memcpy                                    */

#define TOKENS 64               /* rows of x that pass a tile together       */
#define VECTORS 8               /* of four numbers in a block                */
#define PAIRS 2                 /* of groups in a tile                       */
#define PAIR_ROWS (2 * GROUP_ROWS)
#define AHEAD 2048              /* bytes: what is asked for before its turn  */

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni," \
                                     "avx2,fma,f16c")))
#define INLINE AVX512 __attribute__((always_inline)) static inline

/* 32 bytes of one group and 32 of the next. */
INLINE __m512i load_pair(const unsigned char *first, const unsigned char *second)
{
    return _mm512_inserti64x4(
        _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)first)),
        _mm256_loadu_si256((const __m256i *)(const void *)second), 1);
}

/* The eight vectors of a block of two groups, moved up as in (1). */
INLINE void load_block(__m512i w[VECTORS], const unsigned char *first,
                       const unsigned char *second, Format format)
{
    const __m512i top = _mm512_set1_epi8(-128), low = _mm512_set1_epi8(15);

    first += 2 * GROUP_ROWS, second += 2 * GROUP_ROWS;
    if (format == FORMAT_INT8) {
        for (int j = 0; j < VECTORS; j++)
            w[j] = _mm512_xor_si512(load_pair(first + 32 * j, second + 32 * j), top);
        return;
    }
    for (int j = 0; j < VECTORS / 2; j++) {
        __m512i both = load_pair(first + 32 * j, second + 32 * j);

        w[j] = _mm512_and_si512(both, low);
        w[j + VECTORS / 2] = _mm512_and_si512(_mm512_srli_epi16(both, 4), low);
    }
}

/* The sixteen scales of a block of two groups. */
INLINE __m512 load_scales(const unsigned char *first, const unsigned char *second)
{
    return _mm512_cvtph_ps(_mm256_inserti128_si256(
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)first)),
        _mm_loadu_si128((const __m128i *)(const void *)second), 1));
}

/* s of all rows of a tile: one block of weights with one of x. pairs is a constant
 * where this is called. */
INLINE void dot_block(__m512i s[PAIRS], __m512i w[PAIRS][VECTORS], int pairs,
                      const int8_t *x, int32_t begin)
{
    for (int p = 0; p < pairs; p++)
        s[p] = _mm512_set1_epi32(begin);
    for (int j = 0; j < VECTORS; j++) {
        int32_t four;

        memcpy(&four, x + 4 * j, sizeof four);
        for (int p = 0; p < pairs; p++)
            s[p] = _mm512_dpbusd_epi32(s[p], w[p][j], _mm512_set1_epi32(four));
    }
}

/* Where the groups of a tile begin; what is not there is the last one once more. */
INLINE void find_groups(const unsigned char *groups[2 * PAIRS], const unsigned char *w,
                        size_t group, int rows)
{
    int last = (rows - 1) / GROUP_ROWS;

    for (int g = 0; g < 2 * PAIRS; g++)
        groups[g] = row(w, min_int(g, last), group);
}

/* A tile: 32 rows (pairs 2) or 16 (pairs 1), rows of them to be written, with rows
 * begin … end-1 of x, at most TOKENS. The sums stay in the first-level cache.
 * Cost: for each block and row of x 16 dpbusd and about as much again (pairs 2). */
INLINE void tile(float *y, size_t y_stride, const unsigned char *w, Format format,
                 int size, int rows, const Coded *x, int begin, int end, int pairs)
{
    const int32_t moved = format == FORMAT_INT8 ? 128 : 8;
    const unsigned char *groups[2 * PAIRS];
    __m512 sum[TOKENS][PAIRS];
    int count = end - begin;

    find_groups(groups, w, (size_t)x->blocks * (size_t)size, rows);
    for (int t = 0; t < count; t++)
        for (int p = 0; p < pairs; p++)
            sum[t][p] = _mm512_setzero_ps();
    for (int b = 0; b < x->blocks; b++) {
        size_t at = (size_t)b * (size_t)x->T + (size_t)begin;
        const int8_t *codes = row(x->codes, at, BLOCK_NUMBERS);
        const float *d_x = x->scales + at;
        const int32_t *sums = x->sums + at;
        __m512i v[PAIRS][VECTORS], s[PAIRS];
        __m512 d_w[PAIRS];

        for (int p = 0; p < pairs; p++) {
            const unsigned char *first = row(groups[2 * p], b, size);
            const unsigned char *second = row(groups[2 * p + 1], b, size);

            for (int ahead = 0; ahead < size; ahead += 64) {
                _mm_prefetch((const char *)first + AHEAD + ahead, _MM_HINT_T0);
                _mm_prefetch((const char *)second + AHEAD + ahead, _MM_HINT_T0);
            }
            d_w[p] = load_scales(first, second);
            load_block(v[p], first, second, format);
        }
        for (int t = 0; t < count; t++) {
            dot_block(s, v, pairs, row(codes, t, BLOCK_NUMBERS), -moved * sums[t]);
            for (int p = 0; p < pairs; p++)
                sum[t][p] = _mm512_fmadd_ps(
                    _mm512_mul_ps(d_w[p], _mm512_set1_ps(d_x[t])),
                    _mm512_cvtepi32_ps(s[p]), sum[t][p]);
        }
    }
    for (int t = 0; t < count; t++)
        for (int p = 0; p < pairs; p++) {
            int left = min_int(rows - p * PAIR_ROWS, PAIR_ROWS);

            _mm512_mask_storeu_ps(row(y, t, y_stride) + p * PAIR_ROWS,
                                  (__mmask16)((1u << left) - 1), sum[t][p]);
        }
}

/* BlocksKernel: see above. */
INLINE void blocks(float *y, size_t y_stride, const unsigned char *w, Format format,
                   int size, int rows, const Coded *x)
{
    for (int begin = 0; begin < x->T; begin += TOKENS)
        for (int o = 0; o < rows; o += PAIRS * PAIR_ROWS) {
            const unsigned char *w_o = row(w, o / GROUP_ROWS, x->blocks * size);
            int end = min_int(begin + TOKENS, x->T);
            float *y_o = row(y, begin, y_stride) + o;

            if (rows - o > PAIR_ROWS)
                tile(y_o, y_stride, w_o, format, size, rows - o, x, begin, end, 2);
            else
                tile(y_o, y_stride, w_o, format, size, rows - o, x, begin, end, 1);
        }
}

AVX512 void int8_avx512(float *y, size_t y_stride, const void *w, int rows,
                        const Coded *x)
{
    if (x->T == 1)
        int8_avx2(y, y_stride, w, rows, x);
    else
        blocks(y, y_stride, w, FORMAT_INT8, INT8_BLOCK_BYTES, rows, x);
}

AVX512 void int4_avx512(float *y, size_t y_stride, const void *w, int rows,
                        const Coded *x)
{
    if (x->T == 1)
        int4_avx2(y, y_stride, w, rows, x);
    else
        blocks(y, y_stride, w, FORMAT_INT4, INT4_BLOCK_BYTES, rows, x);
}

#endif
