/* reconstruction.h - what a block format loses: weights there and back, compared
 *
 * Rules of use: n is whole blocks of the format (64 are whole in each). The same seed
 * gives the same weights, and so the same error, on every machine.
 */
#ifndef RECONSTRUCTION_H
#define RECONSTRUCTION_H

#include "numbers/quant.h"

/* x [n], with mean 0: the bell curve with standard deviation 1; and Student's t with 4
 * degrees of freedom, most of it as narrow and some of it far away. */
void weights_gaussian(float *x, size_t n, uint64_t seed);
void weights_heavy(float *x, size_t n, uint64_t seed);

/* √(Σ(x - x̂)² / Σx²), x̂ being x narrowed to blocks and widened: 0.01 is one percent.
 * x [n], finite. 0 when all x are 0. */
double reconstruction_error(QuantFormat format, const float *x, size_t n);

#endif
