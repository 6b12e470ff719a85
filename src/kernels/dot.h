/* dot.h - the definition: eight lanes of fused multiply-adds and a fixed tree
 *
 *      lane[i mod 8] = fma(w[i], x[i], lane[i mod 8])    i = 0 … n-1      (a)
 *      sum: lane[j] += lane[j+4], then j+2, then j+1
 *
 * Rules of use:
 * 1. Everything that adds products in this engine adds them in this order, so
 *    one row or many, one thread or seven, plain C or vectors: the same bits.
 * 2. The functions come as one table per instruction set, chosen once at start
 *    by kernels_choose; `kernels` points at it. The plain ones in dot.c ARE the
 *    definition; dot_avx2.c computes the same bits faster.
 * 3. w may stand at any address; x is aligned as floats are.
 */
#ifndef DOT_H
#define DOT_H

#include "kernels/blocks.h"     /* Format; and definition (b)                */

/* The dot product of w [n] and x [n], equation (a). */
typedef float DotKernel(const void *w, const float *x, int n);

/* y[t · y_stride + o] = dot(row o of w, row t of x), o < rows, t < T.
 *   w [rows, n] rows next to each other; x [T, n], row t at x + t · x_stride */
typedef void TileKernel(float *y, size_t y_stride, const void *w, int rows,
                        const float *x, size_t x_stride, int T, int n);

/* o_hd = fma(e_hj, v_jd, o_hd) for j = 0 … rows-1 in order, h < heads, d < n:
 * attention's weighted sums of one v. o [heads, n]; v [rows, n] rows next to each
 * other, any address; e [heads, rows], row h at e + h · e_stride. */
typedef void WeighKernel(float *o, const void *v, const float *e, size_t e_stride,
                         int heads, int rows, int n);

typedef struct {
    const char *name;                           /* "plain", "avx2", …        */
    DotKernel *dot[FORMAT_FLOATS];
    TileKernel *tile[FORMAT_FLOATS];
    WeighKernel *weigh[FORMAT_FLOATS];
    BlocksKernel *blocks[FORMAT_COUNT];         /* of INT8 and INT4; else NULL */
    bool has_avx2;          /* its processor does: what is compiled twice from one
                               source outside these tables may take that twin */
} Kernels;

extern const Kernels *kernels;          /* never NULL; plain until chosen    */

/* "auto", "plain", "avx2", "avx512" or "neon"; auto is the fastest that this
 * processor has.
 * Errors: exit 2 for a name that is unknown or that the processor lacks; exit 1
 * when something has told the processor to flush small numbers to zero. */
bool kernels_choose(const char *name, Error *error);

/* Σ x, in the same eight lanes (w = 1). */
float sum_lanes(const float *x, int n);

/* What kernels_choose chooses from. */
extern const Kernels kernels_plain;
#if defined(__x86_64__)
extern const Kernels kernels_plain_fma, kernels_avx2, kernels_avx512;
#elif defined(__aarch64__)
extern const Kernels kernels_neon, kernels_neon_dot;
#endif

#endif
