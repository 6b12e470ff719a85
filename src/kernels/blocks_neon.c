/* blocks_neon.c - definition (b), eight rows at a time, in two registers
 *
 *      x: four bytes            x0 x1 x2 x3 │ x0 x1 x2 x3 │ x0 x1 x2 x3 │ x0 x1 x2 x3
 *                                ×  ×  ×  ×    ×  ×  ×  ×    ×  ×  ×  ×    ×  ×  ×  ×
 *      w: the first half of     w0 w1 w2 w3 │ w0 w1 w2 w3 │ w0 w1 w2 w3 │ w0 w1 w2 w3
 *      vector j of a block       row 0         row 1         row 2         row 3
 *                               └─────┬────┘  └─────┬────┘  └─────┬────┘  └─────┬────┘
 *      s[0], 32 bits each            + s           + s           + s           + s
 *
 *      and s[1] the same for rows 4 … 7, the vector's second half
 *
 * "The sum of four products of bytes, added to a number of 32 bits" is one
 * instruction, sdot, on processors with the extension dotprod (2018 and later:
 * every Apple computer with such a processor). It takes the four bytes of x out of
 * any quarter of a register, so the 32 numbers of a block of x are two loads.
 *
 * On the older ones three instructions do it for two vectors j and j+1:
 *
 *      smull    8 bytes · 8 bytes             8 products of 16 bits, two rows
 *      smlal    … of vector j+1, added        128 · 127 · 2 = 32512 still fits
 *      sadalp   neighbours added to 32 bits   k 0,1 │ k 2,3 of either row
 *
 * int4 needs sadalp once for a block, since 15 · 127 · 8 = 15240 fits. In the end addp
 * adds the two halves that each row has.
 *
 * Codes of int4 are kept as code + 8, and s begins at -8 · Σx, which takes it off again.
 *
 * With many rows of x, a block's 16 registers are loaded and taken apart once and meet
 * all of them; TOKENS rows of x and their sums stay in the first-level cache.
 *
 * Format notes:
 *
 * - sdot stands here as a line of assembly. The function for it in arm_neon.h is
 *   there only if the whole file is compiled for such a processor (clang before 16),
 *   or refuses to be copied into functions that are compiled for any (gcc).
 *
 * Source: Arm Architecture Reference Manual for A-profile, C7.2, SDOT (by element).
 * Read next: kernels/matmul.c.  Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/blocks.h"

#if defined(__aarch64__)

#include <arm_neon.h>           /* int8x16_t and its instructions            */
#include <string.h>             /* memcpy                                    */

#define TOKENS 64               /* rows of x that pass a group together      */
#define VECTORS 8               /* of four numbers in a block                */

#define INLINE __attribute__((always_inline)) static inline

/* Over a loop that clang thinks too long to write out, though it must be. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL
#endif

/* In functions with this mark, and only there, the assembler takes sdot. */
#if defined(__clang__)
#define WITH_DOT __attribute__((target("dotprod")))
#else
#define WITH_DOT __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

/* s += the sums of four products: w's quarters, each with quarter q of x. */
#define SDOT(s, w, x, q)                                                      \
    __asm__("sdot %0.4s, %1.16b, %2.4b[" #q "]" : "+w"(s) : "w"(w), "w"(x))

/* The eight vectors of a block, halves of rows 0-3 and 4-7: codes as they are
 * (int8), or + 8 (int4). */
INLINE void load_block(int8x16_t w[VECTORS][2], const unsigned char *codes,
                       Format format)
{
    for (int j = 0; j < VECTORS; j++)
        for (int h = 0; h < 2; h++) {
            if (format == FORMAT_INT8) {
                w[j][h] = vreinterpretq_s8_u8(vld1q_u8(codes + 32 * j + 16 * h));
            } else {
                uint8x16_t both = vld1q_u8(codes + 32 * (j % 4) + 16 * h);

                w[j][h] = vreinterpretq_s8_u8(j < 4 ? vandq_u8(both, vdupq_n_u8(15))
                                                    : vshrq_n_u8(both, 4));
            }
        }
}

/* s of eight rows: one block of weights with one of x, by sdot. Not INLINE: at -O0 a
 * copy would also be in functions without the mark. */
WITH_DOT static inline void dot_block(int32x4_t s[2], int8x16_t w[VECTORS][2],
                                      const int8_t *x)
{
    for (int j = 0; j < VECTORS; j += 4) {
        int8x16_t x_j = vld1q_s8(x + 4 * j);

        for (int h = 0; h < 2; h++) {
            SDOT(s[h], w[j][h], x_j, 0);
            SDOT(s[h], w[j + 1][h], x_j, 1);
            SDOT(s[h], w[j + 2][h], x_j, 2);
            SDOT(s[h], w[j + 3][h], x_j, 3);
        }
    }
}

/* The same without it: some are sums of 16 bits, two rows in a register, and pairs
 * what has been added up of them, in 32 bits. fits: vectors that go into 16 bits. */
INLINE void mul_block(int32x4_t s[2], int8x16_t w[VECTORS][2], const int8_t *x, int fits)
{
    int16x8_t some[4];
    int32x4_t pairs[4];

    for (int i = 0; i < 4; i++)
        pairs[i] = vdupq_n_s32(0);
    UNROLL
    for (int j = 0; j < VECTORS; j++) {
        int32_t four;
        int8x16_t x_j;

        memcpy(&four, x + 4 * j, sizeof four);
        x_j = vreinterpretq_s8_s32(vdupq_n_s32(four));
        for (int i = 0; i < 4; i++) {
            int8x16_t half = w[j][i / 2];
            int8x8_t w_i = i % 2 == 0 ? vget_low_s8(half) : vget_high_s8(half);

            some[i] = j % fits == 0 ? vmull_s8(w_i, vget_low_s8(x_j))
                                    : vmlal_s8(some[i], w_i, vget_low_s8(x_j));
            if (j % fits == fits - 1)
                pairs[i] = vpadalq_s16(pairs[i], some[i]);
        }
    }
    for (int h = 0; h < 2; h++)
        s[h] = vaddq_s32(s[h], vpaddq_s32(pairs[2 * h], pairs[2 * h + 1]));
}

/* fma(d_w · d_x, s, sum) in eight rows: block number at of x. */
INLINE void add_block(float32x4_t sum[2], const float32x4_t d_w[2],
                      int8x16_t w[VECTORS][2], const Coded *x, size_t at,
                      Format format, bool dot)
{
    int32_t start = format == FORMAT_INT4 ? -8 * x->sums[at] : 0;
    int32x4_t s[2] = { vdupq_n_s32(start), vdupq_n_s32(start) };

    if (dot)
        dot_block(s, w, row(x->codes, at, BLOCK_NUMBERS));
    else
        mul_block(s, w, row(x->codes, at, BLOCK_NUMBERS),
                  format == FORMAT_INT8 ? 2 : VECTORS);
    for (int h = 0; h < 2; h++)
        sum[h] = vfmaq_f32(sum[h], vmulq_n_f32(d_w[h], x->scales[at]),
                           vcvtq_f32_s32(s[h]));
}

/* The eight scales of a block, widened exactly. */
INLINE void load_scales(float32x4_t d_w[2], const unsigned char *block)
{
    float16x8_t eight = vreinterpretq_f16_u8(vld1q_u8(block));

    d_w[0] = vcvt_f32_f16(vget_low_f16(eight));
    d_w[1] = vcvt_f32_f16(vget_high_f16(eight));
}

/* A group's sums to y, but not those of rows that only fill it up. */
INLINE void put_sums(float *y, const float32x4_t sum[2], int rows)
{
    float eight[GROUP_ROWS];
    float *to = rows >= GROUP_ROWS ? y : eight;

    vst1q_f32(to, sum[0]);
    vst1q_f32(to + 4, sum[1]);
    if (to == eight)
        memcpy(y, eight, (size_t)rows * sizeof *y);
}

/* One group with rows begin … begin+count-1 of x. With count = 1, a constant where this
 * is called, the sums stay in registers.
 *
 *   y   out: row begin of it     w   the group     rows   of it that count */
INLINE void group(float *y, size_t y_stride, const unsigned char *w, Format format,
                  int size, int rows, const Coded *x, int begin, int count, bool dot)
{
    float32x4_t sum[TOKENS][2];

    for (int t = 0; t < count; t++)
        sum[t][0] = sum[t][1] = vdupq_n_f32(0);
    for (int b = 0; b < x->blocks; b++, w += size) {
        size_t at = (size_t)b * (size_t)x->T + (size_t)begin;
        int8x16_t v[VECTORS][2];
        float32x4_t d_w[2];

        load_scales(d_w, w);
        load_block(v, w + 2 * GROUP_ROWS, format);
        for (int t = 0; t < count; t++)
            add_block(sum[t], d_w, v, x, at + (size_t)t, format, dot);
    }
    for (int t = 0; t < count; t++)
        put_sums(row(y, t, y_stride), sum[t], rows);
}

/* BlocksKernel: see above. */
INLINE void blocks(float *y, size_t y_stride, const unsigned char *w, Format format,
                   int size, int rows, const Coded *x, bool dot)
{
    size_t bytes = (size_t)x->blocks * (size_t)size;

    for (int begin = 0; begin < x->T; begin += TOKENS)
        for (int o = 0; o < rows; o += GROUP_ROWS) {
            const unsigned char *w_o = row(w, o / GROUP_ROWS, bytes);
            float *y_o = row(y, begin, y_stride) + o;

            if (x->T == 1)
                group(y_o, y_stride, w_o, format, size, rows - o, x, 0, 1, dot);
            else
                group(y_o, y_stride, w_o, format, size, rows - o, x, begin,
                      min_int(TOKENS, x->T - begin), dot);
        }
}

void int8_neon(float *y, size_t y_stride, const void *w, int rows, const Coded *x)
{
    blocks(y, y_stride, w, FORMAT_INT8, INT8_BLOCK_BYTES, rows, x, false);
}

void int4_neon(float *y, size_t y_stride, const void *w, int rows, const Coded *x)
{
    blocks(y, y_stride, w, FORMAT_INT4, INT4_BLOCK_BYTES, rows, x, false);
}

WITH_DOT void int8_neon_dot(float *y, size_t y_stride, const void *w, int rows,
                            const Coded *x)
{
    blocks(y, y_stride, w, FORMAT_INT8, INT8_BLOCK_BYTES, rows, x, true);
}

WITH_DOT void int4_neon_dot(float *y, size_t y_stride, const void *w, int rows,
                            const Coded *x)
{
    blocks(y, y_stride, w, FORMAT_INT4, INT4_BLOCK_BYTES, rows, x, true);
}

#endif
