/* dot.c - the definition of a dot product, in C that anybody can check
 *
 *      product w_i · x_i,  i =   0   1   2   3   4   5   6   7
 *                                8   9  10  11  12  13  14  15
 *                               16  17  18   …
 *                                │   │   │   │   │   │   │   │   each column is
 *                                ▼   ▼   ▼   ▼   ▼   ▼   ▼   ▼   added from top
 *                         lane   0   1   2   3   4   5   6   7   to bottom
 *                                │   │   │   │   │   │   │   │
 *                                ├───────────────┘   │   │   │   lane j + lane j+4
 *                                │   ├───────────────┘   │   │
 *                                │   │   ├───────────────┘   │
 *                                │   │   │   ├───────────────┘
 *                                ├───────┘   │                   then j + (j+2)
 *                                │   ├───────┘
 *                                ├───┘                           then 0 + 1
 *                                ▼
 *                               sum
 *
 * A model's time goes into dot products: a row of weights times a row of
 * numbers, number by number, added up. A sum can be added up in many orders, and
 * since every addition rounds, each order gives its own last digits; one flipped
 * last digit can turn a chosen word into another. Here one order is fixed for
 * ever, and everything else in the engine (vectors, tiles, threads) may only be a
 * faster way to it:
 *
 *      lane[i mod 8] = fma(w_i, x_i, lane[i mod 8]),  i = 0 … n-1          (a)
 *      sum = the tree above
 *
 * Why eight lanes: they are one AVX2 register or two NEON ones, and eight sums
 * that do not wait for each other. Why fma (fused multiply-add: w · x + lane,
 * rounded once and not twice): every processor of today has it as one
 * instruction, and its result does not depend on whether a compiler likes to
 * fuse.
 *
 * Traps:
 *
 * - C's fmaf is exact on every machine, but a compiler may use the instruction
 *   only if told that it is there. A plain x86-64 build is not told, calls the
 *   library's fmaf for each product, and is four times slower. So the same lines
 *   are compiled twice, below, and the processor decides at run time.
 * - A lane that got nothing is +0, and one can be −0 (a product too small for a
 *   float, with a minus). Filling up a row's end with zeros can turn −0 into +0;
 *   nothing is filled up here.
 *
 * Source: IEEE 754-2019, section 5.4.1 (fusedMultiplyAdd).
 * Read next: kernels/dot_avx2.c.  Lesson: chapters/chapter03_layers.c.
 */
#include "kernels/dot.h"

#include <math.h>               /* fmaf                                      */

#define LANES 8
#define WIDE 64                 /* weights widened at a time; whole lanes    */

/* The bodies are copied into each function that names them, and take over its
 * target: this is how one source becomes two sets of instructions. */
#define INLINE static inline __attribute__((always_inline))

/* lane[0 … 7] to one number; lane is used up. */
INLINE float tree(float lane[LANES])
{
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            lane[j] += lane[j + width];
    return lane[0];
}

/* Equation (a).
 *
 *   w  [n] numbers of dtype, at any address;  x  [n]
 *
 * Weights are widened in pieces, because a call for each would cost more than
 * its product. Cost: n fused multiply-adds. */
INLINE float dot_body(const unsigned char *w, Dtype dtype, int size,
                      const float *x, int n)
{
    float lane[LANES] = {0};
    float wide[WIDE];

    for (int i = 0; i < n; i += WIDE) {
        int count = min_int(WIDE, n - i);

        tensor_to_f32(wide, row(w, i, size), dtype, (size_t)count);
        for (int j = 0; j < count; j++)
            lane[j % LANES] = fmaf(wide[j], x[i + j], lane[j % LANES]);
    }
    //@stop lanes_full
    return tree(lane);
}

/* Each row of w with each row of x: see TileKernel. */
INLINE void tile_body(float *y, size_t y_stride, const unsigned char *w,
                      Dtype dtype, int size, int rows, const float *x,
                      size_t x_stride, int T, int n)
{
    for (int o = 0; o < rows; o++)
        for (int t = 0; t < T; t++)
            row(y, t, y_stride)[o] = dot_body(row(w, o, n * size), dtype, size,
                                              row(x, t, x_stride), n);
}

/* o_hd = fma(e_hj, v_jd, o_hd), j ascending. Every o_hd has a sum of its own, so
 * there are no lanes here: position after position, as one would by hand. */
INLINE void weigh_body(float *o, const unsigned char *v, Dtype dtype, int size,
                       const float *e, size_t e_stride, int heads, int rows, int n)
{
    float wide[WIDE];

    for (int j = 0; j < rows; j++)
        for (int d = 0; d < n; d += WIDE) {
            int count = min_int(WIDE, n - d);

            tensor_to_f32(wide, row(v, j, n * size) + d * size, dtype,
                          (size_t)count);
            for (int h = 0; h < heads; h++) {
                float *o_h = row(o, h, n) + d, e_hj = row(e, h, e_stride)[j];

                for (int c = 0; c < count; c++)
                    o_h[c] = fmaf(e_hj, wide[c], o_h[c]);
            }
        }
}

/* The three functions of one format for one target: a name and a call each, so
 * that the bodies above are compiled for that target. */
#define FUNCTIONS(TARGET, table, DTYPE, size)                                 \
    TARGET static float dot_##table##DTYPE(const void *w, const float *x,     \
                                           int n)                             \
    {                                                                         \
        return dot_body(w, DTYPE_##DTYPE, size, x, n);                        \
    }                                                                         \
    TARGET static void tile_##table##DTYPE(                                   \
        float *y, size_t y_stride, const void *w, int rows, const float *x,   \
        size_t x_stride, int T, int n)                                        \
    {                                                                         \
        tile_body(y, y_stride, w, DTYPE_##DTYPE, size, rows, x, x_stride, T,  \
                  n);                                                         \
    }                                                                         \
    TARGET static void weigh_##table##DTYPE(                                  \
        float *o, const void *v, const float *e, size_t e_stride, int heads,  \
        int rows, int n)                                                      \
    {                                                                         \
        weigh_body(o, v, DTYPE_##DTYPE, size, e, e_stride, heads, rows, n);   \
    }

#define TABLE(table)                                                          \
    const Kernels kernels_##table = {                                         \
        .name = "plain",                                                      \
        .dot = { dot_##table##F32, dot_##table##F16, dot_##table##BF16 },     \
        .tile = { tile_##table##F32, tile_##table##F16, tile_##table##BF16 }, \
        .weigh = { weigh_##table##F32, weigh_##table##F16,                    \
                   weigh_##table##BF16 },                                     \
        .blocks = { [FORMAT_INT8] = int8_##table, [FORMAT_INT4] = int4_##table }, \
    };

#define EVERYWHERE              /* no more than the build was told           */
FUNCTIONS(EVERYWHERE, plain, F32, 4)
FUNCTIONS(EVERYWHERE, plain, F16, 2)
FUNCTIONS(EVERYWHERE, plain, BF16, 2)
TABLE(plain)

#if defined(__x86_64__)
#define WITH_FMA __attribute__((target("fma")))
FUNCTIONS(WITH_FMA, plain_fma, F32, 4)
FUNCTIONS(WITH_FMA, plain_fma, F16, 2)
FUNCTIONS(WITH_FMA, plain_fma, BF16, 2)
TABLE(plain_fma)
#endif

/* Σ x by (a) with w = 1: fma(1, x, lane) is lane + x, rounded once.
 * x [n]. Cost: n additions. */
float sum_lanes(const float *x, int n)
{
    float lane[LANES] = {0};

    for (int i = 0; i < n; i++)
        lane[i % LANES] += x[i];
    return tree(lane);
}
