/* chi_square.h - how likely is it that fair samples lie so far from what was expected?
 *
 *      X = Σ (seen - expected)² / expected          over cells of >= 5 expected   (1)
 *      p = Q(cells - 1 over 2, X / 2)               the upper incomplete gamma    (2)
 *
 * A p-value below 1e-4 says that the law is another one. Source: Abramowitz and
 * Stegun, 6.5.29 (the series) and 6.5.31 (the fraction), 26.4.
 */
#ifndef CHI_SQUARE_H
#define CHI_SQUARE_H

#include <math.h>

/* Q(a, x) = Γ(a, x) / Γ(a), a > 0, x >= 0: to about twelve digits. */
static inline double upper_gamma(double a, double x)
{
    double front = exp(a * log(x) - x - lgamma(a));

    if (x == 0)
        return 1;
    if (x < a + 1) {                        /* 1 - x^a e^-x Σ x^n / (a … a+n) / Γ */
        double term = 1 / a, sum = term;

        for (double n = 1; term > sum * 1e-16; n++)
            sum += term *= x / (a + n);
        return 1 - front * sum;
    }
    /* The fraction 1/(x+1-a- 1(1-a)/(x+3-a- 2(2-a)/(x+5-a- …))), from far behind:
     * as many terms as make sure that the rest does not count. */
    double tail = 0;

    for (int n = 100 + (int)(20 * sqrt(a)); n >= 1; n--)
        tail = n * (n - a) / (x + 2 * n + 1 - a - tail);
    return front / (x + 1 - a - tail);
}

typedef struct {
    double sum;                 /* (1)                                       */
    int cells;
    double waiting_seen, waiting_expected;  /* too few for a cell of their own */
} ChiSquare;

static inline void chi_cell(ChiSquare *chi, double seen, double expected)
{
    if (expected < 5) {
        chi->waiting_seen += seen;
        chi->waiting_expected += expected;
        return;
    }
    chi->sum += (seen - expected) * (seen - expected) / expected;
    chi->cells++;
}

/* What waits is a cell of its own, if it is enough; then p. Seen where nothing can be
 * is proof enough. */
static inline double chi_p_value(ChiSquare *chi)
{
    double seen = chi->waiting_seen, expected = chi->waiting_expected;

    *chi = (ChiSquare){ .sum = chi->sum, .cells = chi->cells };
    if (expected >= 5)
        chi_cell(chi, seen, expected);
    else if (seen > 0 && expected < 1e-9 * seen)
        return 0;
    return upper_gamma((chi->cells - 1) / 2.0, chi->sum / 2);
}

#endif
