/* blocks_avx2.c - definition (b), eight rows at a time
 *
 *      x: four bytes, the same        x0 x1 x2 x3 │ x0 x1 x2 x3 │ … │ x0 x1 x2 x3
 *      in every place                  ×  ×  ×  ×    ×  ×  ×  ×        ×  ×  ×  ×
 *      w: vector j of a block         w0 w1 w2 w3 │ w0 w1 w2 w3 │ … │ w0 w1 w2 w3
 *                                      row 0         row 1             row 7
 *                                      └──┬──┘
 *      maddubs: pairs, 16 bits         a    b
 *      madd with ones: 32 bits           s            s                 s
 *                                      ┌─────────────┬─────────────┬─ ─┬─────────┐
 *      s of eight rows                 │ row 0       │ row 1       │   │ row 7   │
 *                                      └─────────────┴─────────────┴─ ─┴─────────┘
 *
 * Because eight rows lie interleaved, each of the eight places of a register belongs to
 * a row, and no sum crosses from one to another: where a dot product of one row
 * ends with a tree of shuffles, this one is simply there. One register of scales, one
 * of sums, one fused multiply-add: eight rows.
 *
 * maddubs multiplies bytes without a sign by bytes with one:
 *
 *      int4    code + 8 (0 … 15) · x, so s comes out 8 · Σx too large, and Σx
 *              is known. 15 · 127 · 2 · 8 = 30480 fits in 16 bits: a whole block
 *              is added up there, and madd is needed once
 *      int8    |w| · (x with w's sign), the same product; 127 · 127 · 2 = 32258
 *              fits once, and madd is needed each time
 *
 * With many rows of x a block's vectors are loaded and taken apart once and meet all of
 * them; TOKENS rows of x and their sums stay in the first-level cache meanwhile.
 *
 * Trap: two products of -128 would not fit in 16 bits, and maddubs would cut them off
 * without a word. No code is -128 (encode.c, coding.c).
 *
 * Source: Intel Intrinsics Guide. Read next: kernels/matmul.c.
 * Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/blocks.h"

#if defined(__x86_64__)

#include <immintrin.h>          /* __m256i and its instructions              */
#include <string.h>             /* memcpy                                    */

#define TOKENS 64               /* rows of x that pass a group together      */
#define VECTORS 8               /* of four numbers in a block                */
#define AHEAD 2048              /* bytes: what is asked for before its turn  */

#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define INLINE AVX2 __attribute__((always_inline)) static inline

/* The eight vectors of a block: codes as they are (int8), or + 8 (int4). */
INLINE void load_block(__m256i w[VECTORS], const unsigned char *codes, Format format)
{
    const __m256i low = _mm256_set1_epi8(15);

    for (int j = 0; j < VECTORS; j++)
        if (format == FORMAT_INT8) {
            w[j] = _mm256_loadu_si256((const __m256i *)(const void *)(codes + 32 * j));
        } else {
            __m256i both = _mm256_loadu_si256(
                (const __m256i *)(const void *)(codes + 32 * (j % 4)));

            w[j] = _mm256_and_si256(j < 4 ? both : _mm256_srli_epi16(both, 4), low);
        }
}

/* s of eight rows: one block of weights with one of x. */
INLINE __m256i dot_block(const __m256i w[VECTORS], const int8_t *x, int32_t sum,
                         Format format)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i s = _mm256_setzero_si256();

    for (int j = 0; j < VECTORS; j++) {
        int32_t four;
        __m256i x_j;

        memcpy(&four, x + 4 * j, sizeof four);
        x_j = _mm256_set1_epi32(four);
        if (format == FORMAT_INT8)
            s = _mm256_add_epi32(s, _mm256_madd_epi16(
                    _mm256_maddubs_epi16(_mm256_abs_epi8(w[j]),
                                         _mm256_sign_epi8(x_j, w[j])), ones));
        else
            s = _mm256_add_epi16(s, _mm256_maddubs_epi16(w[j], x_j));
    }
    if (format == FORMAT_INT8)
        return s;
    return _mm256_sub_epi32(_mm256_madd_epi16(s, ones), _mm256_set1_epi32(8 * sum));
}

/* What is loaded stays loaded: nothing before this line may wait until after it. gcc 12
 * else takes two blocks at a time through the loop over rows of x, and their sixteen
 * vectors do not fit in sixteen registers beside the rest. */
INLINE void stay_here(void)
{
    __asm__ volatile("" ::: "memory");
}

/* The eight scales of a block. */
INLINE __m256 load_scales(const unsigned char *block)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)block));
}

/* fma(d_w · d_x, s, sum) in eight rows. */
INLINE __m256 add_block(__m256 sum, __m256 d_w, float d_x, __m256i s)
{
    return _mm256_fmadd_ps(_mm256_mul_ps(d_w, _mm256_set1_ps(d_x)),
                           _mm256_cvtepi32_ps(s), sum);
}

/* A group's sums to y, but not those of rows that only fill it up. */
INLINE void put_sums(float *y, __m256 sum, int rows)
{
    float eight[GROUP_ROWS];

    if (rows >= GROUP_ROWS) {
        _mm256_storeu_ps(y, sum);
        return;
    }
    _mm256_storeu_ps(eight, sum);
    memcpy(y, eight, (size_t)rows * sizeof *y);
}

/* One group with one row of x: the sums stay in a register. */
INLINE void group_once(float *y, const unsigned char *w, Format format, int size,
                       int rows, const Coded *x)
{
    __m256 sum = _mm256_setzero_ps();

    for (int b = 0; b < x->blocks; b++, w += size) {
        __m256i v[VECTORS];

        for (int ahead = 0; ahead < size; ahead += 64)
            _mm_prefetch((const char *)w + AHEAD + ahead, _MM_HINT_T0);
        load_block(v, w + 2 * GROUP_ROWS, format);
        sum = add_block(sum, load_scales(w), x->scales[b],
                        dot_block(v, row(x->codes, b, BLOCK_NUMBERS), x->sums[b],
                                  format));
    }
    put_sums(y, sum, rows);
}

/* One group with rows begin … end-1 of x, at most TOKENS. */
INLINE void group_many(float *y, size_t y_stride, const unsigned char *w, Format format,
                       int size, int rows, const Coded *x, int begin, int end)
{
    __m256 sum[TOKENS];
    int count = end - begin;

    for (int t = 0; t < count; t++)
        sum[t] = _mm256_setzero_ps();
    for (int b = 0; b < x->blocks; b++, w += size) {
        size_t at = (size_t)b * (size_t)x->T + (size_t)begin;
        const int8_t *codes = row(x->codes, at, BLOCK_NUMBERS);
        __m256 d_w = load_scales(w);
        __m256i v[VECTORS];

        load_block(v, w + 2 * GROUP_ROWS, format);
        stay_here();
        for (int t = 0; t < count; t++)
            sum[t] = add_block(sum[t], d_w, x->scales[at + (size_t)t],
                               dot_block(v, row(codes, t, BLOCK_NUMBERS),
                                         x->sums[at + (size_t)t], format));
    }
    for (int t = 0; t < count; t++)
        put_sums(row(y, t, y_stride), sum[t], rows);
}

/* BlocksKernel: see above. */
INLINE void blocks(float *y, size_t y_stride, const unsigned char *w, Format format,
                   int size, int rows, const Coded *x)
{
    size_t group = (size_t)x->blocks * (size_t)size;

    for (int begin = 0; begin < x->T; begin += TOKENS)
        for (int o = 0; o < rows; o += GROUP_ROWS) {
            const unsigned char *w_o = w + (size_t)(o / GROUP_ROWS) * group;
            int end = min_int(begin + TOKENS, x->T);

            if (x->T == 1)
                group_once(y + o, w_o, format, size, rows - o, x);
            else
                group_many(row(y, begin, y_stride) + o, y_stride, w_o, format, size,
                           rows - o, x, begin, end);
        }
}

AVX2 void int8_avx2(float *y, size_t y_stride, const void *w, int rows, const Coded *x)
{
    blocks(y, y_stride, w, FORMAT_INT8, INT8_BLOCK_BYTES, rows, x);
}

AVX2 void int4_avx2(float *y, size_t y_stride, const void *w, int rows, const Coded *x)
{
    blocks(y, y_stride, w, FORMAT_INT4, INT4_BLOCK_BYTES, rows, x);
}

#endif
