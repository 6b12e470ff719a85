/* softmax.c - scores to probabilities
 *
 *      scores x      2.0     1.0     0.0    -∞
 *                     │  subtract the largest, so that nothing overflows
 *                     ▼
 *                    0.0    -1.0    -2.0    -∞
 *                     │  e^…: all positive, the best one is 1
 *                     ▼
 *                    1.000   0.368   0.135   0        sum 1.503
 *                     │  divide by the sum
 *                     ▼
 *      p             0.665   0.245   0.090   0        sum 1
 *
 * The last matrix of a model gives every word of the vocabulary a score of any
 * size. Softmax turns differences of scores into ratios of probabilities: one
 * point more is e = 2.718 times as likely, wherever both stand.
 *
 *      p_i = e^(x_i) / Σ_j e^(x_j) = e^(x_i - m) / Σ_j e^(x_j - m),  m = max (1)
 *      log Σ_j e^(x_j) = m + log Σ_j e^(x_j - m)                           (2)
 *
 *      //= softmax(2, 1, 0) -> 0.665 0.245 0.090
 *      //= softmax(102, 101, 100) -> 0.665 0.245 0.090
 *
 * m cancels in (1), and without it e^89 would already be infinite in float32. (2)
 * is what a loss needs: the logarithm of p_i is x_i minus it, also where p_i
 * itself would be 0.
 *
 * The sum runs over a vocabulary of up to 128,256 words, most of them with tiny
 * shares, so it is done in double and in the order of kernels/dot.h:
 *
 *      lane[i mod 8] += e^(x_i - m),  i ascending;  then j + 4, j + 2, j + 1 (3)
 *
 * (Attention has a softmax of its own over positions, in float32, which never
 * writes its probabilities down: kernels/attention.c.)
 *
 * Going back, for training: the loss -log p_target has dx_i = p_i - [i = target].
 *
 * Source: Bridle, "Probabilistic interpretation of feedforward classification
 * network outputs", 1990. Read next: kernels/attention.c, decode/sampling.c.
 * Lesson: chapters/chapter05_sampling.c.
 */
#include "kernels/softmax.h"

#include "numbers/elementary.h"     /* exponential_of, logarithm_of          */

#define LANES 8

/* The largest score; no rounding, so no order matters. */
static double largest(const float *x, int n)
{
    float m;

    must(n > 0, "no scores to choose from");
    m = x[0];
    for (int i = 1; i < n; i++)
        m = x[i] > m ? x[i] : m;
    return (double)m;
}

/* Equation (3).
 *
 *   p        out: [n] e^(x_i - m); may be NULL
 *   returns  their sum
 */
static double sum_exponentials(double *p, const float *x, int n, double m)
{
    double lane[LANES] = {0};

    for (int i = 0; i < n; i++) {
        double e = exponential_of((double)x[i] - m);

        if (p != NULL)
            p[i] = e;
        lane[i % LANES] += e;
    }
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            lane[j] += lane[j + width];
    return lane[0];
}

/* Equation (2): x [n], n > 0. A row without a finite number, or with a NaN or
 * +infinity, gives NaN. Cost: n exponentials in double, about 9 ns each. */
double log_sum_exp(const float *x, int n)
{
    double m = largest(x, n);

    return m + logarithm_of(sum_exponentials(NULL, x, n, m));
}

/* Equation (1): p [n] out, x [n], n > 0. Rows as for log_sum_exp. */
void softmax(double *p, const float *x, int n)
{
    double sum = sum_exponentials(p, x, n, largest(x, n));

    for (int i = 0; i < n; i++)
        p[i] /= sum;
}
