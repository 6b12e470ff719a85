/* widen.h - numbers of any common format as doubles
 *
 * Rules of use: ask widen_knows first; what it does not know (packed and scaled
 * formats, complex numbers) cannot be summarised as numbers.
 */
#ifndef WIDEN_H
#define WIDEN_H

#include "numbers/tensor.h"

bool widen_knows(Dtype dtype);
bool widen_is_float(Dtype dtype);   /* … and may hold NaN                   */

/* The smallest positive number of full precision; 0 for integers. */
double widen_smallest_normal(Dtype dtype);

/* Elements [first, first + count) of data, at any address. Exact, but for integers
 * beyond 2^53, which are rounded. */
void widen(double *out, const void *data, Dtype dtype, size_t first, size_t count);

#endif
