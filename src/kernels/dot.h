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

#include "numbers/tensor.h"     /* Dtype                                     */

typedef enum { FORMAT_F32, FORMAT_F16, FORMAT_BF16, FORMAT_COUNT } Format;

/* The dot product of w [n] and x [n], equation (a). */
typedef float DotKernel(const void *w, const float *x, int n);

/* y[t · y_stride + o] = dot(row o of w, row t of x), o < rows, t < T.
 *   w [rows, n] rows next to each other; x [T, n], row t at x + t · x_stride */
typedef void TileKernel(float *y, size_t y_stride, const void *w, int rows,
                        const float *x, size_t x_stride, int T, int n);

/* o_d = fma(e_j, v_jd, o_d) for j = 0 … rows-1 in order, d < n: attention's
 * weighted sum. v [rows, n] rows next to each other, any address; e [rows]. */
typedef void WeighKernel(float *o, const void *v, const float *e, int rows, int n);

typedef struct {
    const char *name;                           /* "plain", "avx2"           */
    DotKernel *dot[FORMAT_COUNT];
    TileKernel *tile[FORMAT_COUNT];
    WeighKernel *weigh[FORMAT_COUNT];
} Kernels;

extern const Kernels *kernels;          /* never NULL; plain until chosen    */

/* "auto", "plain" or "avx2"; auto is the fastest that this processor has.
 * Errors: exit 2 for a name that is unknown or that the processor lacks; exit 1
 * when something has told the processor to flush small numbers to zero. */
bool kernels_choose(const char *name, Error *error);

bool format_of(Format *format, Dtype dtype);    /* false: no kernel for it   */
size_t format_bytes(Format format);             /* of one number             */

/* Σ x, in the same eight lanes (w = 1). */
float sum_lanes(const float *x, int n);

/* What kernels_choose chooses from; the last two exist on x86-64 only. */
extern const Kernels kernels_plain, kernels_plain_fma, kernels_avx2;

#endif
