/* reconstruction.c - what a block format loses: weights there and back, compared
 *
 *      seed ──► two random numbers u, v ──► r · cos 2πv ──► x
 *
 *                   narrow            widen
 *      x  [n]  ──────────────► blocks ──────────► x̂  [n]
 *        │                                          │
 *        └────────────────►  x - x̂  ◄───────────────┘
 *
 *      error = √( Σ (x_i - x̂_i)² / Σ x_i² )                               (1)
 *
 * (1) asks how large the error of a weight is beside the weights themselves, both as
 * root mean squares. A dot product with random x has about the same relative error, as
 * both sums grow alike, so it is what one matrix does to its output.
 *
 * What is lost depends on what the weights are like. A scale has to reach the largest
 * number of its block: one weight far from the others makes the steps of all of them
 * wide. So two kinds are made here. The matrices of the clone's trained models come out
 * near the first; the second shows what a few far weights cost. Q4_0 and NF4 take 4.5
 * bits both, and neither is the better one: Q4_0's smaller blocks lose less on the first
 * kind, NF4's uneven steps on the second.
 *
 *      Gaussian       r² = -2 ln u                                        (2)
 *      Student's t    r² = ν (u^(-2/ν) - 1),  ν = 4: 4 (1/√u - 1)         (3)
 *
 * A point in the plane whose direction is any and whose distance is r has coordinates
 * with that distribution, and one of the two is taken. (3) becomes (2) when ν grows.
 * u is a multiple of 2^-24 and never 0, so |x| is at most 5.8 in (2) and 128 in (3).
 *
 * Source: Box and Muller, 1958, for (2); Bailey, "Polar generation of random variates
 * with the t-distribution", Mathematics of Computation 62, 1994, for (3).
 * Read next: src/numbers/quant.c.
 */
#include "chapters/lesson/reconstruction.h"

#include <math.h>                   /* sqrt: exact by IEEE 754               */

#include "base/random.h"
#include "numbers/elementary.h"     /* logarithm_of, cosine                  */

#define TWO_PI 6.28318530717958647692

/* Equation (2) or (3), for number i of a seed. */
static float random_weight(uint64_t seed, size_t i, bool heavy)
{
    uint32_t high = (uint32_t)((uint64_t)i >> 32), low = (uint32_t)i;
    double u = 1 - (double)random_uniform(seed, high, low, 0);      /* (0, 1] */
    double v = (double)random_uniform(seed, high, low, 1);
    double square = heavy ? 4 * (1 / sqrt(u) - 1) : -2 * logarithm_of(u);

    return (float)(sqrt(square) * (double)cosine((float)(TWO_PI * v)));
}

void weights_gaussian(float *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        x[i] = random_weight(seed, i, false);
}

void weights_heavy(float *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++)
        x[i] = random_weight(seed, i, true);
}

/* Equation (1), a block at a time; both sums in double, in order. */
double reconstruction_error(QuantFormat format, const float *x, size_t n)
{
    size_t block = (size_t)quant_block(format);
    unsigned char bytes[256];
    float back[64];
    double lost = 0, all = 0;

    must(n % block == 0 && block <= 64 && quant_bytes(format, block) <= sizeof bytes,
         "%zu numbers, %s", n, quant_name(format));
    for (size_t b = 0; b < n; b += block) {
        quant_from_f32(bytes, x + b, format, block);
        quant_to_f32(back, bytes, format, block);
        for (size_t i = 0; i < block; i++) {
            double w = (double)x[b + i], off = w - (double)back[i];

            lost += off * off;
            all += w * w;
        }
    }
    return all > 0 ? sqrt(lost / all) : 0;
}
