/* test_norm.c - norms against double precision, PyTorch and their own definition */
#include "test.h"
#include "base/parallel.h"
#include "kernels/norm.h"

#include <math.h>

#define UNIT 0x1p-24            /* a float's rounding error, relative        */

/* The same formulas in double; b may be NULL. */
static void textbook(double *y, const float *x, const float *w, const float *b,
                     bool centred, double epsilon, int E)
{
    double mean = 0, squares = 0;

    for (int e = 0; e < E && centred; e++)
        mean += (double)x[e] / E;
    for (int e = 0; e < E; e++)
        squares += ((double)x[e] - mean) * ((double)x[e] - mean);
    for (int e = 0; e < E; e++)
        y[e] = ((double)x[e] - mean) / sqrt(squares / E + epsilon) * (double)w[e]
             + (b != NULL ? (double)b[e] : 0);
}

/* How far float32 may be off. A lane adds E/8 numbers and the tree 3 levels, so a
 * sum of positive terms is off by (E/8 + 4) units at most, and its root by
 * half as many; division, root, reciprocal and the products add 7. In LayerNorm
 * the mean is off by (E/8 + 5) units of the mean |x|, and so is each c. */
static double allowed(double y, double b, double mean_error, double size, double w,
                      int E)
{
    return UNIT * (((E / 8 + 4) / 2.0 + 7) * fabs(y - b) + fabs(y))
         + 2 * mean_error / size * fabs(w) + 1e-12;
}

static void compare(bool centred, int E, float offset, uint32_t seed)
{
    static float x[5000], w[5000], b[5000], y[5000];
    static double want[5000];
    double mean_size = 0, deviation = 0, mean = 0, error;

    test_fill(x, E, seed), test_fill(w, E, seed + 1), test_fill(b, E, seed + 2);
    for (int e = 0; e < E; e++)
        x[e] += offset, mean_size += fabs((double)x[e]) / E, mean += (double)x[e] / E;
    for (int e = 0; e < E; e++)
        deviation += ((double)x[e] - mean) * ((double)x[e] - mean) / E;
    if (centred)
        layernorm(y, x, w, b, 1e-5f, 1, E);
    else
        rmsnorm(y, x, w, 1e-5f, 1, E);
    textbook(want, x, w, centred ? b : NULL, centred, 1e-5, E);
    error = centred ? (E / 8 + 5) * UNIT * mean_size : 0;
    for (int e = 0; e < E; e++)
        expect_close((double)y[e], want[e],
                     allowed(want[e], centred ? (double)b[e] : 0, error,
                             sqrt(deviation + 1e-5), (double)w[e], E));
}

TEST(close_to_double_precision)
{
    static const int widths[] = { 1, 2, 7, 8, 9, 64, 576, 2048, 4097 };

    for (int i = 0; i < 9; i++) {
        compare(false, widths[i], 0, 10);
        compare(false, widths[i], 300, 20);
        compare(true, widths[i], 0, 30);
        compare(true, widths[i], 1000, 40);
    }
}

/* torch.nn.functional.rms_norm and layer_norm of PyTorch 2.13.0 in float64,
 * epsilon 1e-5; the second row stands far from zero. */
TEST(equals_pytorch)
{
    static const float x[] = { 0.5f, -1.25f, 3, 0.0625f, -2, 1.5f,
                               1000.5f, 1000.25f, 999.75f, 1001, 1000, 998.5f };
    static const float w[] = { 1, 0.5f, -2, 1.5f, 0.25f, 3 };
    static const float b[] = { 0, 1, -0.5f, 0.25f, 2, -1 };
    static const double rms[] = {
        0.29646527136605627, -0.37058158920757034, -3.5575832563926753,
        0.05558723838113555, -0.29646527136605627, 2.6681874422945064,
        1.0004996977607594, 0.5001248489181408, -1.9994993959746512,
        1.501499546414573, 0.24999992447795089, 2.9954990950948073 };
    static const double layer[] = {
        0.11927980006777311, 0.5322976260500474, -3.751944022900341,
        0.03341299461378035, 1.6531468971713439, 1.165870053862196,
        0.6432621973754746, 1.1608155493438685, 0.14326219737547463,
        2.179786592126424, 2.0, -6.789359776379271 };
    static const double no_bias[] = {
        0.11927980006777311, -0.46770237394995257, -3.251944022900341,
        -0.21658700538621967, -0.3468531028286561, 2.165870053862196,
        0.6432621973754746, 0.16081554934386866, 0.6432621973754746,
        1.929786592126424, 0.0, -5.789359776379271 };
    float y[3][12];

    rmsnorm(y[0], x, w, 1e-5f, 2, 6);
    layernorm(y[1], x, w, b, 1e-5f, 2, 6);
    layernorm(y[2], x, w, NULL, 1e-5f, 2, 6);
    for (int i = 0; i < 12; i++) {
        expect_close((double)y[0][i], rms[i], 8 * UNIT * (fabs(rms[i]) + 0.1));
        expect_close((double)y[1][i], layer[i], i < 6 ? 1e-6 : 2e-4);
        expect_close((double)y[2][i], no_bias[i], i < 6 ? 1e-6 : 2e-4);
    }
}

/* The definition once more, one lane after the other: the same bits. */
static float lanes(const float *w, const float *x, int n)
{
    float s[8] = {0};

    for (int j = 0; j < 8; j++)
        for (int i = j; i < n; i += 8)
            s[j] = fmaf(w != NULL ? w[i] : 1.0f, x[i], s[j]);
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

TEST(the_order_is_the_published_one)
{
    static float x[771], w[771], b[771], c[771], y[771], want[771];

    for (int E = 1; E <= 771; E += 70) {
        float r, mean;

        test_fill(x, E, 1), test_fill(w, E, 2), test_fill(b, E, 3);
        r = 1 / sqrtf(lanes(x, x, E) / (float)E + 1e-6f);
        for (int e = 0; e < E; e++)
            want[e] = x[e] * r, want[e] = w[e] * want[e];
        rmsnorm(y, x, w, 1e-6f, 1, E);
        expect_same_bits(y, want, E);
        mean = lanes(NULL, x, E) / (float)E;
        for (int e = 0; e < E; e++)
            c[e] = x[e] - mean;
        r = 1 / sqrtf(lanes(c, c, E) / (float)E + 1e-6f);
        for (int e = 0; e < E; e++)
            want[e] = c[e] * r, want[e] *= w[e], want[e] += b[e];
        layernorm(y, x, w, b, 1e-6f, 1, E);
        expect_same_bits(y, want, E);
    }
}

TEST(edges)
{
    float zero[9] = {0}, one[9], y[9], x = 3, w = 2, b = 0.25f;

    for (int e = 0; e < 9; e++)
        one[e] = 1;
    rmsnorm(y, zero, one, 1e-5f, 1, 9);
    expect_same_bits(y, zero, 9);
    layernorm(y, one, one, NULL, 1e-5f, 1, 9);          /* all the same: 0   */
    expect_same_bits(y, zero, 9);
    layernorm(y, &x, &w, &b, 1e-5f, 1, 1);              /* E = 1: the bias   */
    expect_same_bits(y, &b, 1);
    rmsnorm(y, &x, &w, 0, 1, 1);                        /* x/|x| · w         */
    expect_close((double)y[0], 2, 4 * UNIT);
    rmsnorm(y, zero, one, 1e-5f, 0, 9);                 /* no rows: nothing  */
}

/* Rows alone, together, and on any number of threads. */
TEST(threads_change_no_bit)
{
    enum { T = 150, E = 1000 };
    static float x[T * E], w[E], b[E], y[T * E], alone[T * E];
    static const int threads[] = { 1, 2, 3, 7 };

    test_fill(x, T * E, 5), test_fill(w, E, 6), test_fill(b, E, 7);
    for (int i = 0; i < 4; i++) {
        parallel_set_threads(threads[i]);
        for (int t = 0; t < T; t++)
            rmsnorm(row(alone, t, E), row(x, t, E), w, 1e-5f, 1, E);
        rmsnorm(y, x, w, 1e-5f, T, E);
        expect_same_bits(y, alone, T * E);
        for (int t = 0; t < T; t++)
            layernorm(row(alone, t, E), row(x, t, E), w, b, 1e-5f, 1, E);
        layernorm(y, x, w, b, 1e-5f, T, E);
        expect_same_bits(y, alone, T * E);
    }
}

const Test norm_tests[] = {
    { "close to double precision, at any width and offset",
      close_to_double_precision },
    { "equals PyTorch", equals_pytorch },
    { "the order of operations is the published one",
      the_order_is_the_published_one },
    { "zeros, equal numbers, one column, no rows", edges },
    { "threads change no bit", threads_change_no_bit },
    { NULL, NULL },
};
