/* matmul.h - many dot products: a weight matrix times one row or many
 *
 * Rules of use: a Matrix is a const view, into the mapped file or into memory where
 * it was quantized. Outputs are split over threads, sums never, so nothing here
 * changes a bit. A matrix of floats is multiplied with x itself, one of blocks with
 * x coded (kernels/blocks.h); model/linear.c knows which.
 */
#ifndef MATMUL_H
#define MATMUL_H

#include "kernels/dot.h"

typedef struct {
    const void *data;       /* [rows, columns] or groups of blocks, any address */
    Format format;
    int rows;               /* out                                           */
    int columns;            /* in                                            */
} Matrix;

/* y [T, rows] = x [T, columns] · Wᵀ, each element by dot.h's definition.
 * Cost: T · rows · columns fused multiply-adds; W is read once per call. */
void matmul(float *y, const Matrix *w, const float *x, int T);

/* The same for a matrix of blocks: definition (b). */
void matmul_coded(float *y, const Matrix *w, const Coded *x);

/* One row of the matrix, widened: what an embedding is. out [columns]. */
void matrix_row(float *out, const Matrix *w, int index);

size_t matrix_bytes(const Matrix *w);

#endif
