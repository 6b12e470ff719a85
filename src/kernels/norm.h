/* norm.h - keep a row of numbers at a steady size
 *
 * Rules of use: y and x do not overlap; w, b [E] are float32. Rows are
 * independent. b may be NULL in layernorm (no bias).
 */
#ifndef NORM_H
#define NORM_H

#include "base/base.h"

void rmsnorm(float *y, const float *x, const float *w, float epsilon, int T, int E);
void layernorm(float *y, const float *x, const float *w, const float *b,
               float epsilon, int T, int E);

#endif
