/* matmul.h - many dot products: a weight matrix times one row or many
 *
 * Rules of use: a Matrix is a const view into the mapped file. Outputs are split
 * over threads, sums never, so nothing here changes a bit.
 */
#ifndef MATMUL_H
#define MATMUL_H

#include "kernels/dot.h"

typedef struct {
    const void *data;       /* [rows, columns], any address                  */
    Format format;
    int rows;               /* out                                           */
    int columns;            /* in                                            */
} Matrix;

/* y [T, rows] = x [T, columns] · Wᵀ, each element by dot.h's definition.
 * Cost: T · rows · columns fused multiply-adds; W is read once per call. */
void matmul(float *y, const Matrix *w, const float *x, int T);

/* One row of the matrix, widened: what an embedding is. out [columns]. */
void matrix_row(float *out, const Matrix *w, int index);

size_t matrix_bytes(const Matrix *w);

#endif
