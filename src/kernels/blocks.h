/* blocks.h - definition (b): whole numbers in blocks, a scale for each
 *
 *      s_b = Σ w[32b+i] · x[32b+i], i < 32            exact, in any order    (b)
 *      sum = fma(d_w[b] · d_x[b], (float)s_b, sum)    b = 0, 1, …; from +0
 *
 * Rules of use:
 * 1. A row is cut into blocks of 32 numbers; a block is whole numbers (int8: -127
 *    … 127, int4: -8 … 7) and one scale d. Widths are multiples of 32.
 * 2. Weights lie eight rows interleaved (blocks.c draws it); a row beyond the last
 *    has scale 0. Blocks may stand at any address.
 * 3. What they are multiplied with is coded as well, once for all matrices that
 *    read it: kernels/coding.h.
 */
#ifndef BLOCKS_H
#define BLOCKS_H

#include "kernels/format.h"

#define BLOCK_NUMBERS 32        /* along a row, that share a scale           */
#define GROUP_ROWS 8            /* whose blocks lie interleaved              */
#define INT8_BLOCK_BYTES (GROUP_ROWS * (2 + BLOCK_NUMBERS))         /* 272   */
#define INT4_BLOCK_BYTES (GROUP_ROWS * (2 + BLOCK_NUMBERS / 2))     /* 144   */

typedef struct {                /* rows of x [T, columns] as whole numbers   */
    int T, blocks;              /* blocks of a row: columns / 32             */
    const int8_t *codes;        /* [blocks, T, 32], -127 … 127               */
    const float *scales;        /* [blocks, T]; NaN where x was not finite   */
    const int32_t *sums;        /* [blocks, T]: Σ codes of the block         */
} Coded;

/* y[t · y_stride + o] = (b) of row o of w and row t of x, o < rows, t < x->T.
 *   w   where a group of eight rows begins                                  */
typedef void BlocksKernel(float *y, size_t y_stride, const void *w, int rows,
                          const Coded *x);

size_t block_bytes(Format format);              /* of a group: 272 or 144    */
size_t blocks_bytes(Format format, int rows, int columns);  /* of a matrix   */

/* Row index of a matrix of blocks, widened: out [columns]. */
void blocks_row(float *out, const void *w, Format format, int columns, int index);

/* What dot.h's tables name, one for each set of instructions. */
extern BlocksKernel int8_plain, int4_plain;
#if defined(__x86_64__)
extern BlocksKernel int8_plain_fma, int4_plain_fma;
extern BlocksKernel int8_avx2, int4_avx2;
extern BlocksKernel int8_avx512, int4_avx512;
#elif defined(__aarch64__)
extern BlocksKernel int8_neon, int4_neon;
extern BlocksKernel int8_neon_dot, int4_neon_dot;       /* by the instruction sdot */
#endif

#endif
