/* textbook.h - a transformer in double and in the plainest loops, to compare with
 *
 * Rules of use: textbook_logits computes every position's logits from scratch
 * with libm, no cache, no lanes and nothing of the kernels; matrices must be
 * F32. It reads the same Config and Weights as the engine: that these
 * hold the right tensors is the business of test_weights.
 */
#ifndef TEXTBOOK_H
#define TEXTBOOK_H

#include <math.h>
#include <stdlib.h>

#include "model/weights.h"

static inline double *textbook_get(int n)
{
    return calloc((size_t)n, sizeof(double));
}

static inline void textbook_norm(double *y, const double *x, const float *w,
                                 const float *b, const Config *c)
{
    double mean = 0, square = 0;

    if (c->norm == NORM_LAYER)
        for (int i = 0; i < c->E; i++)
            mean += x[i] / c->E;
    for (int i = 0; i < c->E; i++)
        square += (x[i] - mean) * (x[i] - mean) / c->E;
    for (int i = 0; i < c->E; i++)
        y[i] = (x[i] - mean) / sqrt(square + (double)c->epsilon)
               * (double)w[i] + (b ? (double)b[i] : 0);
}

static inline void textbook_linear(double *y, const Linear *l, const double *x)
{
    const float *w = l->weight.data;

    for (int o = 0; o < l->weight.rows; o++) {
        y[o] = l->bias ? (double)l->bias[o] : 0;
        for (int i = 0; i < l->weight.columns; i++)
            y[o] += (double)w[o * l->weight.columns + i] * x[i];
    }
}

static inline void textbook_turn(double *x, const Config *c, int heads, int at)
{
    int half = c->rope.width / 2;

    for (int h = 0; h < heads; h++)
        for (int i = 0; i < half; i++) {
            double a = at * pow((double)c->rope.theta, -i / (double)half);
            double *re = x + h * c->D + i, *im = re + half, old = *re;

            *re = old * cos(a) - *im * sin(a);
            *im = *im * cos(a) + old * sin(a);
        }
}

/* heads [H·D] of the token at position t; q [H·D]; k, v [t+1, K·D]. */
static inline void textbook_attention(double *heads, const double *q,
                                      const double *k, const double *v,
                                      const Config *c, int t)
{
    for (int h = 0; h < c->H; h++) {
        int g = h / (c->H / c->K), D = c->D;
        double sum = 0;

        for (int d = 0; d < D; d++)
            heads[h * D + d] = 0;
        for (int s = 0; s <= t; s++) {
            const double *k_s = k + (s * c->K + g) * D;
            const double *v_s = v + (s * c->K + g) * D;
            double score = 0, e;

            for (int d = 0; d < D; d++)
                score += q[h * D + d] * k_s[d];
            e = exp(score / sqrt(D));
            sum += e;
            for (int d = 0; d < D; d++)
                heads[h * D + d] += e * v_s[d];
        }
        for (int d = 0; d < D; d++)
            heads[h * D + d] /= sum;
    }
}

/* x [E] in and out: what one layer makes of the token at position t. */
static inline void textbook_layer(double *x, double *k, double *v, int t,
                                  const Config *c, const LayerWeights *w)
{
    double *n = textbook_get(c->E), *q = textbook_get(c->H * c->D);
    double *heads = textbook_get(c->H * c->D), *a = textbook_get(c->E);
    double *gate = textbook_get(c->F), *up = textbook_get(c->F);
    double *k_t = k + t * c->K * c->D, *v_t = v + t * c->K * c->D;
    double *mlp = textbook_get(c->E), *parts[] = { n, q, heads, a, gate, up, mlp };

    textbook_norm(n, x, w->norm1, w->norm1_bias, c);
    textbook_linear(q, &w->q, n);
    textbook_linear(k_t, &w->k, n);
    textbook_linear(v_t, &w->v, n);
    textbook_turn(q, c, c->H, t);
    textbook_turn(k_t, c, c->K, t);
    textbook_attention(heads, q, k, v, c, t);
    textbook_linear(a, &w->o, heads);
    for (int i = 0; !c->parallel_residual && i < c->E; i++)
        x[i] += a[i];
    textbook_norm(n, x, w->norm2, w->norm2_bias, c);
    textbook_linear(up, &w->up, n);
    if (c->gated)
        textbook_linear(gate, &w->gate, n);
    for (int f = 0; f < c->F; f++)
        up[f] = c->gated ? gate[f] / (1 + exp(-gate[f])) * up[f]
                         : 0.5 * up[f] * (1 + erf(up[f] / sqrt(2)));
    textbook_linear(mlp, &w->down, up);
    for (int i = 0; i < c->E; i++)
        x[i] += mlp[i] + (c->parallel_residual ? a[i] : 0);
    for (int i = 0; i < 7; i++)
        free(parts[i]);
}

/* logits [T, V] of ids [T]. */
static inline void textbook_logits(double *logits, const Config *c,
                                   const Weights *w, const int *ids, int T)
{
    double *x = textbook_get(T * c->E), *n = textbook_get(c->E);
    double *k = textbook_get(T * c->K * c->D), *v = textbook_get(T * c->K * c->D);
    const float *embedding = w->embedding.data;

    for (int i = 0; i < T * c->E; i++)
        x[i] = (double)embedding[ids[i / c->E] * c->E + i % c->E];
    for (int l = 0; l < c->L; l++)
        for (int t = 0; t < T; t++)
            textbook_layer(x + t * c->E, k, v, t, c, &w->layers[l]);
    for (int t = 0; t < T; t++) {
        textbook_norm(n, x + t * c->E, w->norm, w->norm_bias, c);
        textbook_linear(logits + t * c->V, &w->output, n);
    }
    free(x), free(n), free(k), free(v);
}

/* The largest |got - want| over the largest |want|. */
static inline double textbook_error(const float *got, const double *want, int n)
{
    double worst = 0, largest = 0;

    for (int i = 0; i < n; i++) {
        worst = fmax(worst, fabs((double)got[i] - want[i]));
        largest = fmax(largest, fabs(want[i]));
    }
    return worst / largest;
}

#endif
