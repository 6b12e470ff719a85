/* bigmatrix.h - a matrix to be timed: random, or a model's own; in floats, in blocks
 *
 * Rules of use: the arena owns what is made. A random matrix is the same everywhere.
 */
#ifndef BIGMATRIX_H
#define BIGMATRIX_H

#include "base/memory.h"
#include "kernels/matmul.h"

/* rows (a multiple of distinct) of random numbers in [-1, 1); distinct of them are made
 * and then repeated. format: F32, F16 or BF16. */
Matrix bigmatrix_random(Arena *arena, Format format, int rows, int columns, int distinct);

/* The same numbers as int8 or int4; data NULL where rows are not whole blocks. distinct:
 * as above (rows, where none is repeated). rows and distinct: multiples of eight. */
Matrix bigmatrix_coded(Arena *arena, const Matrix *w, Format format, int distinct);

#endif
