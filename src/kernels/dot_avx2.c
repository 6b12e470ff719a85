/* dot_avx2.c - the same eight lanes, as one 256-bit register
 *
 *              lane   0   1   2   3   4   5   6   7
 *                   ┌───┬───┬───┬───┬───┬───┬───┬───┐
 *   w[i … i+7]      │   │   │   │   │   │   │   │   │  widened to float32
 *                   └─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┘
 *                     ×   ×   ×   ×   ×   ×   ×   ×
 *                   ┌─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┐
 *   x[i … i+7]      │   │   │   │   │   │   │   │   │  all of it is one
 *                   └─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┘  instruction: vfmadd
 *                     +   +   +   +   +   +   +   +
 *                   ┌─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┬─┴─┐
 *   lane            │   │   │   │   │   │   │   │   │
 *                   └───┴───┴───┴───┴───┴───┴───┴───┘
 *
 * dot.c sends product i to lane i mod 8. Eight neighbours go to eight different
 * lanes, so eight of its steps are one instruction, and no bit differs.
 *
 * One dot product alone would wait for itself: a lane's next fmadd can start
 * only when the last one is done, four cycles later, and two could start in
 * each cycle. So a block of 4 rows of w and up to 3 rows of x is done at once,
 * 12 registers of lanes that do not know each other:
 *
 *                x_0      x_1      x_2        3 loads, used 4 times each
 *              ┌────────┬────────┬────────┐
 *      w_0     │ lanes  │ lanes  │ lanes  │
 *      w_1     │ lanes  │ lanes  │ lanes  │   4 loads, used 3 times each
 *      w_2     │ lanes  │ lanes  │ lanes  │
 *      w_3     │ lanes  │ lanes  │ lanes  │   12 fmadds for 7 loads
 *              └────────┴────────┴────────┘
 *
 * With one row of x (decoding) it is the first column only, and memory sets the
 * pace: four rows in flight, and while they are multiplied the next four are
 * asked for, in the order in which they lie in memory.
 *
 * Measured on one core, F16, gcc 12. Zen 4: decoding 20 to 24 GB/s, of 25 that the
 * core can read (without the prefetch 11 to 19). Zen 3: 16 to 17 GB/s, of 17; 91
 * GFLOP/s with 128 rows of x, of 103.
 *
 * Tried on Zen 3 and left out, each beside this page in one run (77 GFLOP/s then):
 * rows widened once into a panel of float32 in the second-level cache, 66, since it
 * is read twice as wide as half floats and that cache gives no more; the same with
 * x packed, 62 to 75; a block of 2 rows and 6 rows of x, 55 to 60; n cut so that x
 * fits in the first-level cache, with the lanes stored in between, no gain.
 *
 * Traps:
 *
 * - The end of a row that is not a multiple of 8 is filled up with w = −0 and
 *   x = +0: their product is −0, and adding −0 changes no number. Filled up with
 *   +0 a lane that is −0 would become +0.
 * - Lanes are __m256 arrays of constant size whose loops must unroll, or they
 *   live in memory, at a third of the speed. gcc 12 does so at -O3, which is
 *   what the Makefile says, and not at -O2; clang does at both.
 *
 * Source: Intel Intrinsics Guide. Read next: kernels/matmul.c.
 * Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/dot.h"

#if defined(__x86_64__)

#include <immintrin.h>          /* __m256 and its instructions               */
#include <string.h>             /* memcpy: the end of a row                  */

#define LANES 8
#define ROWS 4                  /* of w in a block                           */
#define COLUMNS 8               /* registers of one value row: see weigh     */

/* Rows of x in a block. 12 registers of lanes, 3 of x and 1 of w are all
 * sixteen; clang 14 wants a second one for w, and moves lanes to memory and
 * back in every step: half the speed, where two rows cost a sixth. */
#if defined(__clang__)
#define TOKENS 2
#else
#define TOKENS 3
#endif
#define FEW 9                   /* rows of x that are checked together       */
#define HEADS TOKENS            /* that share a value row, for the same reason */

/* The rest of the engine is compiled for any x86-64; these functions are for
 * processors that have the three features, and dispatch.c asks first. */
#define AVX2 __attribute__((target("avx2,fma,f16c")))
#define INLINE AVX2 __attribute__((always_inline)) static inline

/* Eight numbers at any address, widened exactly. (vcvtph2ps widens subnormals
 * exactly, whatever the processor has been told to do with them.)
 *
 * A BF16 is the upper half of a float32. One shuffle puts each behind two zero bytes;
 * it moves bytes within 128 bits only, so both halves get all eight numbers first,
 * which the load does on its way. Widening and then shifting are two instructions,
 * on units that are busy with fmadds. */
INLINE __m256 load8(const unsigned char *w, Format format)
{
    __m128i halves;

    if (format == FORMAT_F32)
        return _mm256_loadu_ps((const float *)(const void *)w);
    halves = _mm_loadu_si128((const __m128i *)(const void *)w);
    if (format == FORMAT_F16)
        return _mm256_cvtph_ps(halves);
    return _mm256_castsi256_ps(_mm256_shuffle_epi8(
        _mm256_broadcastsi128_si256(halves),
        _mm256_setr_epi8(-1, -1, 0, 1, -1, -1, 2, 3, -1, -1, 4, 5, -1, -1, 6, 7,
                         -1, -1, 8, 9, -1, -1, 10, 11, -1, -1, 12, 13, -1, -1,
                         14, 15)));
}

/* The last numbers of a row, fewer than eight, and −0 after them. */
INLINE __m256 load_end_w(const unsigned char *w, size_t bytes, Format format)
{
    uint32_t minus_zero = format == FORMAT_F32 ? 0x80000000 : 0x80008000;
    uint32_t eight[LANES];

    for (int j = 0; j < LANES; j++)
        eight[j] = minus_zero;
    memcpy(eight, w, bytes);
    return load8((const unsigned char *)eight, format);
}

/* The same of x or of an output, and +0 after them. */
INLINE __m256 load_end_x(const float *x, int count)
{
    float eight[LANES] = {0};

    memcpy(eight, x, (size_t)count * sizeof *x);
    return _mm256_loadu_ps(eight);
}

/* The tree of dot.c over the lanes of four rows at once.
 *
 *    low + high half      a0 a1 a2 a3   b0 …   c0 …   d0 …    j + (j+4)
 *    pairs of rows        a0 a1 b0 b1 + a2 a3 b2 b3, c d too  j + (j+2)
 *    even + odd           a0 b0 c0 d0 + a1 b1 c1 d1           0 + 1       */
INLINE __m128 tree4(const __m256 lane[ROWS])
{
    __m128 half[ROWS], ab, cd;

    for (int r = 0; r < ROWS; r++)
        half[r] = _mm_add_ps(_mm256_castps256_ps128(lane[r]),
                             _mm256_extractf128_ps(lane[r], 1));
    ab = _mm_add_ps(_mm_movelh_ps(half[0], half[1]),
                    _mm_movehl_ps(half[1], half[0]));
    cd = _mm_add_ps(_mm_movelh_ps(half[2], half[3]),
                    _mm_movehl_ps(half[3], half[2]));
    return _mm_add_ps(_mm_shuffle_ps(ab, cd, _MM_SHUFFLE(2, 0, 2, 0)),
                      _mm_shuffle_ps(ab, cd, _MM_SHUFFLE(3, 1, 3, 1)));
}

/* Ask for the next four rows while these are used, if they are still in memory: in
 * the second-level cache already, asking again costs a seventh. Step i of a block reads
 * 4 · 8 numbers, and they lie behind the block one after the other. A prefetch
 * past the end of the mapping is no fault; it is not done. */
INLINE void prefetch_next(const unsigned char *w, int i, int n, int size)
{
    const uintptr_t next = (uintptr_t)w + (uintptr_t)ROWS * (uintptr_t)size
                           * ((uintptr_t)n + (uintptr_t)i);

    _mm_prefetch((const char *)next, _MM_HINT_T1);
    if (size == 4)              /* 32 numbers are two lines of 64 bytes      */
        _mm_prefetch((const char *)(next + 64), _MM_HINT_T1);
}

/* R rows of w (4 or 1) with C rows of x (1 … 3): the picture at the top.
 * R, C, fetch, format and size are constants where this is called, and it is
 * compiled once for each set of them. fetch: ask for the next rows of w.
 *
 *   y   out: y[c · y_stride + r]          w   [R, n], size bytes a number
 *   x   [C, n], row c at x + c · x_stride */
INLINE void block(float *y, size_t y_stride, const unsigned char *w,
                  Format format, int size, const float *x, size_t x_stride,
                  int n, bool fetch, int R, int C)
{
    __m256 lane[TOKENS][ROWS];
    int i = 0;

    for (int c = 0; c < C; c++)
        for (int r = 0; r < ROWS; r++)
            lane[c][r] = _mm256_setzero_ps();
    for (; i + LANES <= n; i += LANES) {
        __m256 x_i[TOKENS];

        for (int c = 0; c < C; c++)
            x_i[c] = _mm256_loadu_ps(row(x, c, x_stride) + i);
        for (int r = 0; r < R; r++) {
            __m256 w_i = load8(row(w, r, n * size) + i * size, format);

            for (int c = 0; c < C; c++)
                lane[c][r] = _mm256_fmadd_ps(w_i, x_i[c], lane[c][r]);
        }
        if (fetch && R == ROWS)
            prefetch_next(w, i, n, size);
    }
    for (int r = 0; r < R && i < n; r++) {
        size_t bytes = (size_t)((n - i) * size);
        __m256 w_i = load_end_w(row(w, r, n * size) + i * size, bytes, format);

        for (int c = 0; c < C; c++)
            lane[c][r] = _mm256_fmadd_ps(
                w_i, load_end_x(row(x, c, x_stride) + i, n - i), lane[c][r]);
    }
    for (int c = 0; c < C; c++)
        if (R == ROWS)
            _mm_storeu_ps(row(y, c, y_stride), tree4(lane[c]));
        else
            _mm_store_ss(row(y, c, y_stride), tree4(lane[c]));
}

/* All rows of w with C rows of x: in fours, and what is left one by one. */
INLINE void strip(float *y, size_t y_stride, const unsigned char *w,
                  Format format, int size, int rows, const float *x,
                  size_t x_stride, int n, bool fetch, int C)
{
    int o = 0;

    for (; o + ROWS <= rows; o += ROWS)
        block(y + o, y_stride, row(w, o, n * size), format, size, x, x_stride,
              n, fetch, ROWS, C);
    for (; o < rows; o++)
        block(y + o, y_stride, row(w, o, n * size), format, size, x, x_stride,
              n, false, 1, C);
}

/* All rows of w with all T rows of x, three of these at a time. Only the first strip has
 * to bring w from memory, and asks for it. */
INLINE void strips(float *y, size_t y_stride, const unsigned char *w,
                   Format format, int size, int rows, const float *x,
                   size_t x_stride, int T, int n)
{
    int t = min_int(T, TOKENS);

    if (T >= TOKENS)
        strip(y, y_stride, w, format, size, rows, x, x_stride, n, true, TOKENS);
    else if (T == 2)
        strip(y, y_stride, w, format, size, rows, x, x_stride, n, true, 2);
    else if (T == 1)
        strip(y, y_stride, w, format, size, rows, x, x_stride, n, true, 1);
    for (; t + TOKENS <= T; t += TOKENS)
        strip(row(y, t, y_stride), y_stride, w, format, size, rows,
              row(x, t, x_stride), x_stride, n, false, TOKENS);
    if (T - t == 2)
        strip(row(y, t, y_stride), y_stride, w, format, size, rows,
              row(x, t, x_stride), x_stride, n, false, 2);
    if (T - t == 1)
        strip(row(y, t, y_stride), y_stride, w, format, size, rows,
              row(x, t, x_stride), x_stride, n, false, 1);
}

/* TileKernel. With many tokens x is the outer loop: its three rows stay in the
 * first-level cache while w, which matmul.c keeps small, passes by from the second. A few
 * tokens (a draft that is checked) fit into the caches together; then four rows of w meet
 * all of them before the next four, and memory brings those meanwhile. Else it would be
 * idle while the second three tokens are at work. */
INLINE void tile(float *y, size_t y_stride, const unsigned char *w,
                 Format format, int size, int rows, const float *x,
                 size_t x_stride, int T, int n)
{
    int step = T <= FEW ? ROWS : rows;

    for (int o = 0; o < rows; o += step)
        strips(y + o, y_stride, row(w, o, n * size), format, size, min_int(step, rows - o),
               x, x_stride, T, n);
}

/* H · G registers of o stay where they are while the value rows pass, and eight numbers
 * of a value row, once widened, meet all H heads: the picture at the top, with heads
 * for rows of x. H, G and last are constants where this is called.
 *
 *   o   [H, n], 8 · G numbers of each     v   first of the rows, stride bytes apart
 *   e   [H, rows], e_stride apart         last  numbers of the last register: 8, or
 *                                               fewer with G = 1 */
INLINE void weigh_columns(float *o, int n, const unsigned char *v, size_t stride,
                          Format format, int size, const float *e, size_t e_stride,
                          int rows, int H, int G, int last)
{
    __m256 sum[HEADS][COLUMNS];

    for (int h = 0; h < H; h++)
        for (int g = 0; g < G; g++)
            sum[h][g] = last < LANES ? load_end_x(row(o, h, n), last)
                                     : _mm256_loadu_ps(row(o, h, n) + g * LANES);
    for (int j = 0; j < rows; j++) {
        const unsigned char *v_j = row(v, j, stride);
        __m256 e_j[HEADS];

        for (int h = 0; h < H; h++)
            e_j[h] = _mm256_set1_ps(row(e, h, e_stride)[j]);
        for (int g = 0; g < G; g++) {
            __m256 v_jg = last < LANES ? load_end_w(v_j, (size_t)(last * size), format)
                                       : load8(v_j + g * LANES * size, format);

            for (int h = 0; h < H; h++)
                sum[h][g] = _mm256_fmadd_ps(e_j[h], v_jg, sum[h][g]);
        }
    }
    for (int h = 0; h < H; h++)
        if (last < LANES)
            memcpy(row(o, h, n), &sum[h][0], (size_t)last * sizeof *o);
        else
            for (int g = 0; g < G; g++)
                _mm256_storeu_ps(row(o, h, n) + g * LANES, sum[h][g]);
}

/* H heads: 8 · G numbers of a value row at a time, then 8, then the end. Lane and number
 * are the same here: no tree. */
INLINE void weigh_heads(float *o, const unsigned char *v, Format format, int size,
                        const float *e, size_t e_stride, int rows, int n, int H, int G)
{
    size_t stride = (size_t)n * (size_t)size;
    int d = 0;

    for (; d + G * LANES <= n; d += G * LANES)
        weigh_columns(o + d, n, v + d * size, stride, format, size, e, e_stride, rows, H,
                      G, LANES);
    for (; d + LANES <= n; d += LANES)
        weigh_columns(o + d, n, v + d * size, stride, format, size, e, e_stride, rows, H,
                      1, LANES);
    if (d < n)
        weigh_columns(o + d, n, v + d * size, stride, format, size, e, e_stride, rows, H,
                      1, n - d);
}

/* WeighKernel: three heads with 32 numbers each are twelve registers, as one head with
 * 64 are eight. Measured on Zen 3, SmolLM2, int4, two threads, behind 4,096 tokens: 62
 * tokens a second became 81, even shares of three groups for two threads included. */
INLINE void weigh(float *o, const unsigned char *v, Format format, int size,
                  const float *e, size_t e_stride, int heads, int rows, int n)
{
    int h = 0;

    for (; h + HEADS <= heads; h += HEADS)
        weigh_heads(row(o, h, n), v, format, size, row(e, h, e_stride), e_stride, rows, n,
                    HEADS, COLUMNS / 2);
    if (heads - h == 2)
        weigh_heads(row(o, h, n), v, format, size, row(e, h, e_stride), e_stride, rows, n,
                    2, COLUMNS / 2);
    if (heads - h == 1)
        weigh_heads(row(o, h, n), v, format, size, row(e, h, e_stride), e_stride, rows, n,
                    1, COLUMNS);
}

/* The three functions of one format: a name and a call each. */
#define FUNCTIONS(FORMAT, size)                                               \
    AVX2 static float dot_##FORMAT(const void *w, const float *x, int n)      \
    {                                                                         \
        float y;                                                              \
        block(&y, 1, w, FORMAT_##FORMAT, size, x, 0, n, false, 1, 1);                \
        return y;                                                             \
    }                                                                         \
    AVX2 static void tile_##FORMAT(                                           \
        float *y, size_t y_stride, const void *w, int rows, const float *x,   \
        size_t x_stride, int T, int n)                                        \
    {                                                                         \
        tile(y, y_stride, w, FORMAT_##FORMAT, size, rows, x, x_stride, T, n); \
    }                                                                         \
    AVX2 static void weigh_##FORMAT(float *o, const void *v, const float *e,  \
                                    size_t e_stride, int heads, int rows,     \
                                    int n)                                    \
    {                                                                         \
        weigh(o, v, FORMAT_##FORMAT, size, e, e_stride, heads, rows, n);      \
    }

FUNCTIONS(F32, 4)
FUNCTIONS(F16, 2)
FUNCTIONS(BF16, 2)

#define FLOATS                                                                \
    .dot = { dot_F32, dot_F16, dot_BF16 },                                    \
    .tile = { tile_F32, tile_F16, tile_BF16 },                                \
    .weigh = { weigh_F32, weigh_F16, weigh_BF16 }

const Kernels kernels_avx2 = {
    .name = "avx2", FLOATS,
    .blocks = { [FORMAT_INT8] = int8_avx2, [FORMAT_INT4] = int4_avx2 },
    .has_avx2 = true,
};

/* Floats are as above, since definition (a)'s eight lanes are one of these registers. */
const Kernels kernels_avx512 = {
    .name = "avx512", FLOATS,
    .blocks = { [FORMAT_INT8] = int8_avx512, [FORMAT_INT4] = int4_avx512 },
    .has_avx2 = true,
};

#endif
