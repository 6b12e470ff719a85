/* equations.c - is what the engine computed what its equation says?
 *
 *      x ──► the engine, float32, our own exp and erf ──► y
 *      │                                                  │ off by at most …?
 *      └──► the equation, double, libm ─────────────────► y
 *
 * A matrix is held to the last bit: each output is one dot product, whose order
 * src/kernels/dot.c fixes, and then a bias is added where there is one. What is no dot
 * product is compared with its equation, and may be off by what rounding makes of it.
 * With u = 2⁻²⁴, half the distance from 1 to the next float, and E numbers in a row:
 *
 *      RMSNorm    Σ x² in eight lanes: E/8 multiply-adds and 3 additions; ÷ E, + ε: half
 *                 of that is left behind the root. Root, 1 / it, · x and · w: 4 more.
 *                 (E/16 + 7) u of the number.
 *      LayerNorm  the mean: E/8 + 3 additions and a division, so it is off by at most
 *                 (E/8 + 4) u · mean |x|; each x - mean is rounded; then as above, + b
 *                 rounded once more:
 *                 ((E/16 + 9) |x - mean| + (E/8 + 4) mean |x|) u · w / √…  +  u |y|.
 *                 (That the mean is off moves the variance only by its square: the
 *                 differences from a mean add up to 0.)
 *      silu       e^-g, 1 + it, the quotient and the product with up: 5 u.
 *      gelu       x √½: two roundings, which erf passes on, at most by half; erf, 1 + it
 *                 and a product: u |x| + 2 u |y|. (Far to the left 1 + erf is
 *                 small, and the digits of erf that are left are few.)
 *
 * A weight or a bias that is left out, another mean, a bend of another shape miss
 * these bounds by a factor of a thousand or more.
 *
 * Read next: src/kernels/norm.c, src/kernels/activation.c, src/model/linear.c.
 */
#include "chapters/lesson/equations.h"

#include <math.h>               /* exp, erf, sqrt: judged by libm, not by our own */
#include <string.h>

#define U 0x1p-24               /* half a step at 1: a rounding's most       */

bool equation_rows(const float *y, const Linear *w, int from, int n, const float *x)
{
    const Matrix *m = &w->weight;
    size_t row_bytes = (size_t)m->columns * format_bytes(m->format);
    bool same = true;

    for (int o = 0; o < n; o++) {
        float sum = kernels_plain.dot[m->format](
            row((const unsigned char *)m->data, from + o, row_bytes), x, m->columns);

        if (w->bias != NULL)
            sum += w->bias[from + o];
        same = same && memcmp(&sum, &y[o], sizeof sum) == 0;
    }
    return same;
}

bool equation_linear(const float *y, const Linear *w, const float *x)
{
    return equation_rows(y, w, 0, w->weight.rows, x);
}

/* How far a number is off, in terms of what it may be. */
static double off_by(double worst, float got, double want, double bound)
{
    double off = fabs((double)got - want) / bound;

    return off <= worst ? worst : off == off ? off : INFINITY;
}

static double measure_rms(double worst, const float *y, const float *x, const float *w,
                          const Config *c)
{
    double squares = 0, r;

    for (int e = 0; e < c->E; e++)
        squares += (double)x[e] * (double)x[e];
    r = 1 / sqrt(squares / c->E + (double)c->epsilon);
    for (int e = 0; e < c->E; e++) {
        double want = (double)w[e] * (double)x[e] * r;

        worst = off_by(worst, y[e], want, (c->E / 16.0 + 7) * U * fabs(want) + 1e-36);
    }
    return worst;
}

static double measure_layernorm(double worst, const float *y, const float *x,
                                const float *w, const float *b, const Config *c)
{
    double mean = 0, size = 0, squares = 0, r;

    for (int e = 0; e < c->E; e++) {
        mean += (double)x[e] / c->E;
        size += fabs((double)x[e]) / c->E;
    }
    for (int e = 0; e < c->E; e++)
        squares += ((double)x[e] - mean) * ((double)x[e] - mean);
    r = 1 / sqrt(squares / c->E + (double)c->epsilon);
    for (int e = 0; e < c->E; e++) {
        double off = (double)x[e] - mean;
        double want = off * r * (double)w[e] + (b != NULL ? (double)b[e] : 0);
        double bound = ((c->E / 16.0 + 9) * fabs(off) + (c->E / 8.0 + 4) * size) * r
                       * fabs((double)w[e]) + fabs(want);

        worst = off_by(worst, y[e], want, bound * U + 1e-36);
    }
    return worst;
}

double equation_norm(double worst, const float *y, const float *x, const float *w,
                     const float *b, const Config *config)
{
    return config->norm == NORM_RMS ? measure_rms(worst, y, x, w, config)
                                    : measure_layernorm(worst, y, x, w, b, config);
}

double equation_bend(double worst, const float *hidden, const float *gate,
                     const float *up, int F)
{
    for (int f = 0; f < F; f++) {
        double x = (double)up[f], g = gate != NULL ? (double)gate[f] : 0;
        double want = gate != NULL ? g / (1 + exp(-g)) * x
                                   : 0.5 * x * erfc(-x * sqrt(0.5));
        double bound = gate != NULL ? 5 * fabs(want) : fabs(x) + 2 * fabs(want);

        worst = off_by(worst, hidden[f], want, bound * U + 1e-36 * (1 + fabs(x)));
    }
    return worst;
}
