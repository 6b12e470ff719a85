/* activation.h - the bend between two matrices: SwiGLU's gate, and GELU
 *
 * Rules of use: elementwise, outputs do not overlap inputs.
 */
#ifndef ACTIVATION_H
#define ACTIVATION_H

#include "base/base.h"

/* h = silu(gate) · up,  silu(g) = g / (1 + e^{-g}); all [T, F]. */
void silu_gated(float *h, const float *gate, const float *up, int T, int F);

/* h = gelu(x) = (0.5 x) · (1 + erf(x / √2)), the exact form; [T, F]. */
void gelu(float *h, const float *x, int T, int F);

#endif
