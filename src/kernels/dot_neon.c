/* dot_neon.c - the same eight lanes, as two 128-bit registers
 *
 *              lane   0   1   2   3       4   5   6   7
 *                   ┌───┬───┬───┬───┐   ┌───┬───┬───┬───┐
 *   w[i … i+7]      │   │   │   │   │   │   │   │   │   │  widened to float32
 *                   └─┬─┴─┬─┴─┬─┴─┬─┘   └─┬─┴─┬─┴─┬─┴─┬─┘
 *                     ×   ×   ×   ×       ×   ×   ×   ×
 *                   ┌─┴─┬─┴─┬─┴─┬─┴─┐   ┌─┴─┬─┴─┬─┴─┬─┴─┐
 *   x[i … i+7]      │   │   │   │   │   │   │   │   │   │  each half is one
 *                   └─┬─┴─┬─┴─┬─┴─┬─┘   └─┬─┴─┬─┴─┬─┴─┬─┘  instruction: fmla
 *                     +   +   +   +       +   +   +   +
 *                   ┌─┴─┬─┴─┬─┴─┬─┴─┐   ┌─┴─┬─┴─┬─┴─┬─┴─┐
 *   lane            │   │   │   │   │   │   │   │   │   │
 *                   └───┴───┴───┴───┘   └───┴───┴───┴───┘
 *                        half 0              half 1
 *
 * This is dot_avx2.c for the processors of telephones, of Apple's computers and of
 * many servers. Their registers hold four numbers instead of eight, so eight
 * lanes are two of them, and there are 32 registers instead of 16: the block of
 * 4 rows of w and 3 rows of x, 24 registers of lanes, fits here as well.
 *
 *                x_0      x_1      x_2        one half of each at a time:
 *              ┌────────┬────────┬────────┐   3 registers, used 4 times each
 *      w_0     │ lanes  │ lanes  │ lanes  │
 *      w_1     │ lanes  │ lanes  │ lanes  │   and of a row of w the same half:
 *      w_2     │ lanes  │ lanes  │ lanes  │   1 register, used 3 times
 *      w_3     │ lanes  │ lanes  │ lanes  │
 *              └────────┴────────┴────────┘   24 + 3 + 1 = 28 of 32 registers
 *
 * Every aarch64 processor has all that is used here; nothing is asked first. The
 * tree is shorter than on x86: half 0 + half 1 is lane j + lane j+4; its low and
 * high two are j + (j+2); and faddp adds neighbours, 0 + 1.
 *
 * There is no prefetch: what it is worth was measured on x86 only, and these
 * processors fetch ahead on several rows by themselves.
 *
 * Traps:
 *
 * - The end of a row is filled up with w = −0 and x = +0, for the reason that
 *   dot_avx2.c gives.
 * - Registers in arrays whose loops must unroll: -O3, as there.
 * - gcc 12 would load both halves first and multiply afterwards; that takes more
 *   than 32 registers, and five lanes would go to memory and back in every step. An
 *   empty line of assembly between the halves keeps their loads apart.
 *
 * Source: Arm C Language Extensions, "Arm Neon Intrinsics Reference".
 * Read next: kernels/blocks_neon.c.  Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/dot.h"

#if defined(__aarch64__)

#include <arm_neon.h>           /* float32x4_t and its instructions          */
#include <string.h>             /* memcpy: the end of a row                  */

#define LANES 8
#define HALF 4                  /* lanes of a register                       */
#define ROWS 4                  /* of w in a block                           */
#define TOKENS 3                /* rows of x in a block                      */
#define COLUMNS 8               /* times 8 numbers of a value row: see weigh */

#define INLINE __attribute__((always_inline)) static inline

/* Four numbers at any address, widened exactly. (fcvtl widens subnormals exactly,
 * whatever the processor has been told to do with them.) */
INLINE float32x4_t load4(const unsigned char *w, Format format)
{
    uint16x4_t halves;

    if (format == FORMAT_F32)
        return vreinterpretq_f32_u8(vld1q_u8(w));
    halves = vreinterpret_u16_u8(vld1_u8(w));
    if (format == FORMAT_F16)
        return vcvt_f32_f16(vreinterpret_f16_u16(halves));
    return vreinterpretq_f32_u32(vshll_n_u16(halves, 16));
}

/* The last numbers of a row, fewer than eight, and −0 after them. */
INLINE void end_of_w(unsigned char eight[LANES * 4], const unsigned char *w,
                     size_t bytes, Format format)
{
    uint8x16_t minus_zero = vreinterpretq_u8_u32(
        vdupq_n_u32(format == FORMAT_F32 ? 0x80000000 : 0x80008000));

    vst1q_u8(eight, minus_zero);
    vst1q_u8(eight + 16, minus_zero);
    memcpy(eight, w, bytes);
}

/* The same of x or of an output, and +0 after them. */
INLINE void end_of_x(float eight[LANES], const float *x, int count)
{
    for (int j = 0; j < LANES; j++)
        eight[j] = 0;
    memcpy(eight, x, (size_t)count * sizeof *x);
}

/* The tree of dot.c: j + (j+4), then j + (j+2), then 0 + 1. */
INLINE float tree(const float32x4_t lane[2])
{
    float32x4_t four = vaddq_f32(lane[0], lane[1]);

    return vpadds_f32(vadd_f32(vget_low_f32(four), vget_high_f32(four)));
}

/* Eight numbers of R rows of w times eight of C rows of x, into their lanes.
 *   w   R rows, w_stride bytes apart;  x   C rows, x_stride numbers apart      */
INLINE void step(float32x4_t lane[TOKENS][ROWS][2], const unsigned char *w,
                 size_t w_stride, Format format, int size, const float *x,
                 size_t x_stride, int R, int C)
{
    for (int h = 0; h < 2; h++) {
        float32x4_t x_h[TOKENS];

        __asm__ volatile("");           /* nothing moves over it: see Traps  */
        for (int c = 0; c < C; c++)
            x_h[c] = vld1q_f32(row(x, c, x_stride) + h * HALF);
        for (int r = 0; r < R; r++) {
            float32x4_t w_h = load4(row(w, r, w_stride) + h * HALF * size, format);

            for (int c = 0; c < C; c++)
                lane[c][r][h] = vfmaq_f32(lane[c][r][h], w_h, x_h[c]);
        }
    }
}

/* The step at the end of a row, where count numbers are left, 1 … 7. */
INLINE void last_step(float32x4_t lane[TOKENS][ROWS][2], const unsigned char *w,
                      size_t w_stride, Format format, int size, const float *x,
                      size_t x_stride, int count, int R, int C)
{
    unsigned char w_end[ROWS][LANES * 4];
    float x_end[TOKENS][LANES];

    for (int r = 0; r < R; r++)
        end_of_w(w_end[r], row(w, r, w_stride), (size_t)(count * size), format);
    for (int c = 0; c < C; c++)
        end_of_x(x_end[c], row(x, c, x_stride), count);
    step(lane, w_end[0], sizeof w_end[0], format, size, x_end[0], LANES, R, C);
}

/* R rows of w (4 or 1) with C rows of x (1 … 3): the picture at the top.
 * R, C, format and size are constants where this is called, and it is compiled
 * once for each set of them.
 *
 *   y   out: y[c · y_stride + r]          w   [R, n], size bytes a number
 *   x   [C, n], row c at x + c · x_stride */
INLINE void block(float *y, size_t y_stride, const unsigned char *w,
                  Format format, int size, const float *x, size_t x_stride,
                  int n, int R, int C)
{
    size_t w_stride = (size_t)n * (size_t)size;
    float32x4_t lane[TOKENS][ROWS][2];
    int i = 0;

    for (int c = 0; c < C; c++)
        for (int r = 0; r < R; r++)
            lane[c][r][0] = lane[c][r][1] = vdupq_n_f32(0);
    for (; i + LANES <= n; i += LANES)
        step(lane, w + i * size, w_stride, format, size, x + i, x_stride, R, C);
    if (i < n)
        last_step(lane, w + i * size, w_stride, format, size, x + i, x_stride,
                  n - i, R, C);
    for (int c = 0; c < C; c++)
        for (int r = 0; r < R; r++)
            row(y, c, y_stride)[r] = tree(lane[c][r]);
}

/* All rows of w with C rows of x: in fours, and what is left one by one. */
INLINE void strip(float *y, size_t y_stride, const unsigned char *w,
                  Format format, int size, int rows, const float *x,
                  size_t x_stride, int n, int C)
{
    int o = 0;

    for (; o + ROWS <= rows; o += ROWS)
        block(y + o, y_stride, row(w, o, n * size), format, size, x, x_stride,
              n, ROWS, C);
    for (; o < rows; o++)
        block(y + o, y_stride, row(w, o, n * size), format, size, x, x_stride,
              n, 1, C);
}

/* TileKernel. x is the outer loop: its three rows stay in the first-level cache
 * while w, which matmul.c keeps small, passes by from the second. */
INLINE void tile(float *y, size_t y_stride, const unsigned char *w,
                 Format format, int size, int rows, const float *x,
                 size_t x_stride, int T, int n)
{
    int t = 0;

    for (; t + TOKENS <= T; t += TOKENS)
        strip(row(y, t, y_stride), y_stride, w, format, size, rows,
              row(x, t, x_stride), x_stride, n, TOKENS);
    if (T - t == 2)
        strip(row(y, t, y_stride), y_stride, w, format, size, rows,
              row(x, t, x_stride), x_stride, n, 2);
    if (T - t == 1)
        strip(row(y, t, y_stride), y_stride, w, format, size, rows,
              row(x, t, x_stride), x_stride, n, 1);
}

/* Two registers for each eight numbers of o stay where they are while the value
 * rows pass. G is COLUMNS, or 1 for what is left of a row; constant where this is
 * called.
 *
 *   o   [8 · G] in and out     v   first of the rows, stride bytes apart
 *   e   [rows] */
INLINE void weigh_columns(float *o, const unsigned char *v, size_t stride,
                          Format format, int size, const float *e, int rows, int G)
{
    float32x4_t sum[2 * COLUMNS];

    for (int g = 0; g < 2 * G; g++)
        sum[g] = vld1q_f32(o + g * HALF);
    for (int j = 0; j < rows; j++) {
        const unsigned char *v_j = row(v, j, stride);
        float32x4_t e_j = vdupq_n_f32(e[j]);

        for (int g = 0; g < 2 * G; g++)
            sum[g] = vfmaq_f32(sum[g], e_j, load4(v_j + g * HALF * size, format));
    }
    for (int g = 0; g < 2 * G; g++)
        vst1q_f32(o + g * HALF, sum[g]);
}

/* The end of o, count numbers, 1 … 7: each value row's end is copied out. */
INLINE void weigh_end(float *o, const unsigned char *v, size_t stride, Format format,
                      int size, const float *e, int rows, int count)
{
    unsigned char v_end[LANES * 4];
    float sum[LANES];

    end_of_x(sum, o, count);
    for (int j = 0; j < rows; j++) {
        end_of_w(v_end, row(v, j, stride), (size_t)(count * size), format);
        weigh_columns(sum, v_end, 0, format, size, e + j, 1, 1);
    }
    memcpy(o, sum, (size_t)count * sizeof *o);
}

/* WeighKernel for one head: 64 numbers of a value row at a time, then 8, then the end.
 * Lane and number are the same here: no tree. */
INLINE void weigh(float *o, const unsigned char *v, Format format, int size,
                  const float *e, int rows, int n)
{
    size_t stride = (size_t)n * (size_t)size;
    int d = 0;

    for (; d + COLUMNS * LANES <= n; d += COLUMNS * LANES)
        weigh_columns(o + d, v + d * size, stride, format, size, e, rows, COLUMNS);
    for (; d + LANES <= n; d += LANES)
        weigh_columns(o + d, v + d * size, stride, format, size, e, rows, 1);
    if (d < n)
        weigh_end(o + d, v + d * size, stride, format, size, e, rows, n - d);
}

/* The three functions of one format: a name and a call each. */
#define FUNCTIONS(FORMAT, size)                                               \
    static float dot_##FORMAT(const void *w, const float *x, int n)           \
    {                                                                         \
        float y;                                                              \
        block(&y, 1, w, FORMAT_##FORMAT, size, x, 0, n, 1, 1);                \
        return y;                                                             \
    }                                                                         \
    static void tile_##FORMAT(                                                \
        float *y, size_t y_stride, const void *w, int rows, const float *x,   \
        size_t x_stride, int T, int n)                                        \
    {                                                                         \
        tile(y, y_stride, w, FORMAT_##FORMAT, size, rows, x, x_stride, T, n); \
    }                                                                         \
    static void weigh_##FORMAT(float *o, const void *v, const float *e,       \
                               size_t e_stride, int heads, int rows, int n)   \
    {                                                                         \
        for (int h = 0; h < heads; h++)                                       \
            weigh(row(o, h, n), v, FORMAT_##FORMAT, size, row(e, h, e_stride), \
                  rows, n);                                                   \
    }

FUNCTIONS(F32, 4)
FUNCTIONS(F16, 2)
FUNCTIONS(BF16, 2)

#define TABLE(table, int8, int4)                                              \
    const Kernels table = {                                                   \
        .name = "neon",                                                       \
        .dot = { dot_F32, dot_F16, dot_BF16 },                                \
        .tile = { tile_F32, tile_F16, tile_BF16 },                            \
        .weigh = { weigh_F32, weigh_F16, weigh_BF16 },                        \
        .blocks = { [FORMAT_INT8] = int8, [FORMAT_INT4] = int4 },             \
    };

/* The dot-product instruction, which newer ones have, is for whole numbers. */
TABLE(kernels_neon, int8_neon, int4_neon)
TABLE(kernels_neon_dot, int8_neon_dot, int4_neon_dot)

#endif
