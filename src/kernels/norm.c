/* norm.c - keep a row of numbers at a steady size
 *
 *      x  [T, E]          one row per token
 *      │
 *      │  mean of squares of the row ──► one number per row
 *      ▼                                     │
 *   ┌──────┐                                 │
 *   │ x_e  │ ÷ √( mean + ε ) ◄───────────────┘
 *   └──────┘
 *      │  × w_e           learned, one per column, shape [E]
 *      ▼
 *      y  [T, E]
 *
 * A deep network adds to the same row again and again, and the row grows.
 * Before each half of a block the row is divided by its own root mean square, so
 * that every half sees numbers of the same size. LayerNorm, the older of the two,
 * also moves the row's mean to zero first:
 *
 *      RMSNorm(x)_e   = w_e · ( x_e · r )         r = 1 / √( Σ x²/E + ε )  (1)
 *
 *      LayerNorm(x)_e = (c_e · r) · w_e + b_e     r = 1 / √( Σ c²/E + ε )  (2)
 *                       c_e = x_e - μ             μ = Σ x / E
 *
 * ε (1e-5, say) keeps a row of zeros a row of zeros.
 *
 * " time" in "Once upon a time" enters the first layer as a small row and is
 * brought to size; w turns some columns up and others down:
 *
 *      //= embedding[5][0..3] -> 0.0537 -0.0294 -0.1045 -0.0208
 *      //= rms(embedding[5]) -> 0.0716
 *      //= norm1[0][5][0..3] -> 0.533 -0.260 -1.077 -0.214
 *      //= rms(norm1[0][5]) -> 0.67
 *
 * Going back, for training, with g = w · dy and n = c · r:
 *
 *      RMSNorm     dx = r · g - x · r³ · Σ g·x / E                         (1')
 *      LayerNorm   dx = r · ( g - Σ g / E - n · Σ g·n / E )                (2')
 *
 * Traps:
 *
 * - The variance is also Σx²/E - μ², one pass instead of two, and that is a
 *   trap: for a row near 1000 both terms are near a million, where floats are
 *   1/16 apart, and their difference is noise. Here the mean goes first.
 * - Σ is over the row's own E numbers in dot.h's eight lanes; a row never sees
 *   another row, so any split of T over threads gives the same bits.
 * - In (1) the order is w · (x · r), and models that were trained in 16 bits
 *   rounded x · r before the weight came. We keep float32 throughout.
 *
 * Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019; Ba,
 * Kiros and Hinton, "Layer Normalization", 2016. Read next: kernels/softmax.c.
 * Lesson: chapters/chapter03_layers.c.
 */
#include "kernels/norm.h"

#include <math.h>               /* sqrtf: exact by IEEE 754                  */

#include "base/parallel.h"      /* parallel_for: rows on all cores           */
#include "kernels/dot.h"        /* the eight lanes: dot, sum_lanes           */

#define GRAIN 32768             /* numbers handed out at a time: some 10 µs  */

typedef struct {
    float *y;                   /* [T, E]                                    */
    const float *x;             /* [T, E]                                    */
    const float *w, *b;         /* [E]; b may be NULL                        */
    float epsilon;
    int E;
} Norm;

/* 1 / √( Σ c²/E + ε ) of one row c [E]. */
static float inverse_size(const float *c, const Norm *norm)
{
    float squares = kernels->dot[FORMAT_F32](c, c, norm->E);

    return 1 / sqrtf(squares / (float)norm->E + norm->epsilon);
}

/* Equation (1) for rows begin … end-1. */
static void rmsnorm_rows(int begin, int end, int worker, void *arg)
{
    const Norm *norm = arg;
    const float *w = norm->w;

    (void)worker;
    for (int t = begin; t < end; t++) {
        float *y_t = row(norm->y, t, norm->E);
        const float *x_t = row(norm->x, t, norm->E);
        float r = inverse_size(x_t, norm);

        for (int e = 0; e < norm->E; e++)
            y_t[e] = w[e] * (x_t[e] * r);
    }
}

/* Equation (2) for rows begin … end-1; c stands in y until it is used. */
static void layernorm_rows(int begin, int end, int worker, void *arg)
{
    const Norm *norm = arg;
    const float *w = norm->w, *b = norm->b;

    (void)worker;
    for (int t = begin; t < end; t++) {
        float *y_t = row(norm->y, t, norm->E);
        const float *x_t = row(norm->x, t, norm->E);
        float mean = sum_lanes(x_t, norm->E) / (float)norm->E;
        float r;

        for (int e = 0; e < norm->E; e++)
            y_t[e] = x_t[e] - mean;
        r = inverse_size(y_t, norm);
        for (int e = 0; e < norm->E; e++)
            y_t[e] = y_t[e] * r * w[e];
        for (int e = 0; b != NULL && e < norm->E; e++)
            y_t[e] += b[e];
    }
}

static void over_rows(ParallelBody *rows, Norm norm, int T)
{
    must(norm.E > 0, "a row of %d numbers has no mean", norm.E);
    parallel_for(T, max_int(1, GRAIN / norm.E), rows, &norm);
}

/* Equation (1).
 *
 *   y  [T, E] out;  x [T, E];  w [E];  epsilon as in config.json
 *
 * Cost: E fused multiply-adds and 2 E multiplications per row, one square root. */
void rmsnorm(float *y, const float *x, const float *w, float epsilon, int T, int E)
{
    Norm norm = { .y = y, .x = x, .w = w, .epsilon = epsilon, .E = E };

    over_rows(rmsnorm_rows, norm, T);
}

/* Equation (2). b [E] may be NULL: nothing is added then. Cost: twice rmsnorm's. */
void layernorm(float *y, const float *x, const float *w, const float *b,
               float epsilon, int T, int E)
{
    Norm norm = { .y = y, .x = x, .w = w, .b = b, .epsilon = epsilon, .E = E };

    over_rows(layernorm_rows, norm, T);
}
