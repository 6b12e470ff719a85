/* coding.h - rows of x as whole numbers, for matrices of blocks
 *
 *      code_rows(&coded, room, x, T, columns);        room [coded_bytes(T, columns)]
 *      matmul_coded(y, &w, &coded);                   as often as matrices read x
 *
 * Rules of use:
 * 1. room is on a multiple of 64 bytes and stays as long as coded is used.
 * 2. columns is a multiple of BLOCK_NUMBERS. Nothing here fails.
 * 3. A block of x that is not finite gets the scale NaN.
 */
#ifndef CODING_H
#define CODING_H

#include "kernels/blocks.h"     /* Coded                                     */

size_t coded_bytes(int T, int columns);

/* x [T, columns] is read by all threads. */
void code_rows(Coded *coded, void *room, const float *x, int T, int columns);

#endif
