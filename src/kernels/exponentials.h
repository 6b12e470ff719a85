/* exponentials.h - e^x for a whole row: attention's weights, and SwiGLU's gate
 *
 * Rules of use: the bits are those of numbers/elementary.h's exponential, number
 * by number, whatever the processor; only the speed differs.
 */
#ifndef EXPONENTIALS_H
#define EXPONENTIALS_H

/* s_j = e^(scale · s_j - m), m the largest scale · s_j, for j < n, in place; n > 0.
 * Returns Σ s_j in eight lanes, j mod 8, by dot.h's tree. */
float exponentiate(float *s, int n, float scale);

/* h_i = gate_i / (1 + e^(-gate_i)) · up_i, i < n. */
void silu_numbers(float *h, const float *gate, const float *up, int n);

#endif
