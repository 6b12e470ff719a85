/* test_attention.c - what must be true of kernels/attention.c, from outside it
 *
 * Positions after a row's own hold NaN, so that a kernel which looks into the
 * future cannot give a number. */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "kernels/attention.h"
#include "numbers/elementary.h"
#include "numbers/halffloat.h"

#define CAPACITY 300

typedef struct { int H, K, D; } Heads;

/* SmolLM2's; a smaller one; odd widths; one head per key; one key for all. */
static const Heads heads[] = {
    { 9, 3, 64 }, { 6, 2, 32 }, { 3, 3, 20 }, { 5, 1, 7 }, { 4, 4, 1 },
    { 2, 1, 128 },
};
#define HEADS (int)(sizeof heads / sizeof heads[0])

static const int lengths[] = { 1, 2, 3, 7, 8, 9, 17, 64, 65, 129, 300 };
#define LENGTHS (int)(sizeof lengths / sizeof lengths[0])

static void *room(size_t bytes)
{
    void *p = malloc(bytes);

    if (p == NULL)
        test_fail(__FILE__, __LINE__, "no memory");
    return p;
}

static float *numbers(int count, uint32_t seed)
{
    float *x = room((size_t)count * sizeof *x);

    test_fill(x, count, seed);
    return x;
}

typedef struct {                /* a cache, and the same numbers as float32  */
    unsigned char *keys, *values;
    float *k, *v;               /* [K, CAPACITY, D]                          */
    Format format;
} Cache;

/* Round the numbers to the format, in place, and make the bytes of them. */
static unsigned char *store(float *x, int count, Format format)
{
    size_t size = format_bytes(format);
    unsigned char *bytes = room((size_t)count * size);

    for (int i = 0; i < count; i++) {
        uint16_t h = format == FORMAT_F16 ? f32_to_f16(x[i]) : f32_to_bf16(x[i]);

        if (format == FORMAT_F16)
            x[i] = f16_to_f32(h);
        if (format == FORMAT_BF16)
            x[i] = bf16_to_f32(h);
        memcpy(bytes + (size_t)i * size,
               format == FORMAT_F32 ? (void *)&x[i] : (void *)&h, size);
    }
    return bytes;
}

/* Positions length … CAPACITY-1 are NaN. */
static Cache cache_make(const Heads *n, Format format, int length, uint32_t seed)
{
    int count = n->K * CAPACITY * n->D;
    Cache c = { .k = numbers(count, seed), .v = numbers(count, seed + 1),
                .format = format };

    for (int i = 0; i < count; i++)
        if (i / n->D % CAPACITY >= length)
            c.k[i] = c.v[i] = NAN;
    c.keys = store(c.k, count, format);
    c.values = store(c.v, count, format);
    return c;
}

static void cache_free(Cache *c)
{
    free(c->keys), free(c->values), free(c->k), free(c->v);
}

static AttentionRow cache_row(const Cache *c, int positions)
{
    return (AttentionRow){ .keys = c->keys, .values = c->values,
                           .capacity = CAPACITY, .positions = positions };
}

/* attention() with scratch of exactly the size it asks for. */
static void attend(float *out, const float *q, const AttentionRow *rows,
                   Format format, int T, const Heads *n)
{
    float *scratch = room(attention_scratch(n->H, n->K, CAPACITY)
                          * sizeof *scratch);

    attention(out, q, rows, format, T, n->H, n->K, n->D, scratch);
    free(scratch);
}

/* softmax(q·k/√D)·v in double, without the maximum: one head, out [D], and the
 * weights p [positions]. */
static void attend_in_double(double *out, double *p, const float *q, const Cache *c,
                             const Heads *n, int h, int positions)
{
    const float *k = row(c->k, h / (n->H / n->K), CAPACITY * n->D);
    const float *v = row(c->v, h / (n->H / n->K), CAPACITY * n->D);
    double Z = 0;

    for (int j = 0; j < positions; j++) {
        p[j] = 0;
        for (int d = 0; d < n->D; d++)
            p[j] += (double)q[d] * row(k, j, n->D)[d];
        p[j] = exp(p[j] / sqrt(n->D));
        Z += p[j];
    }
    for (int d = 0; d < n->D; d++)
        out[d] = 0;
    for (int j = 0; j < positions; j++) {
        p[j] /= Z;
        for (int d = 0; d < n->D; d++)
            out[d] += p[j] * row(v, j, n->D)[d];
    }
}

/* A score is off by at most 2^-24 · (D/8 + 4) · Σ|q·k|/√D, which is 1.4e-6 for
 * D = 64 and 3.4e-6 for 128, and mostly by a tenth of that; adding 300 values
 * brings some √300 · 2^-24 = 1e-6 times their weight. */
#define TOLERANCE 2e-6

static void check_against_double(const Heads *n, Format format, int positions)
{
    Cache c = cache_make(n, format, positions, 10);
    AttentionRow r = cache_row(&c, positions);
    float *q = numbers(n->H * n->D, 12), *out = numbers(n->H * n->D, 13);
    float weights[CAPACITY];
    double want[128], p[CAPACITY], sum;

    attend(out, q, &r, format, 1, n);
    for (int h = 0; h < n->H; h++) {
        attend_in_double(want, p, row(q, h, n->D), &c, n, h, positions);
        for (int d = 0; d < n->D; d++)
            expect_close((double)row(out, h, n->D)[d], want[d], TOLERANCE);
        attention_weights(weights, row(q, h, n->D), &r, format, h, n->H, n->K,
                          n->D);
        sum = 0;
        for (int j = 0; j < positions; j++) {
            expect_relative((double)weights[j], p[j], 2 * TOLERANCE);
            sum += (double)weights[j];
        }
        expect_close(sum, 1, TOLERANCE);
    }
    cache_free(&c), free(q), free(out);
}

TEST(equals_attention_in_double)
{
    Error error = {0};

    expect_ok(kernels_choose("auto", &error), &error);
    for (int i = 0; i < HEADS; i++)
        for (int j = 0; j < LENGTHS; j++)
            check_against_double(&heads[i], (Format)((i + j) % FORMAT_FLOATS),
                                 lengths[j]);
}

/* Definition (c) in its own order, one number after the other. */
static void attend_by_definition(float *out, const float *q, const float *k,
                                 const float *v, int positions, int D)
{
    float s[CAPACITY], lane[8] = {0}, m = -INFINITY, Z;

    for (int j = 0; j < positions; j++) {
        s[j] = kernels_plain.dot[FORMAT_F32](row(k, j, D), q, D)
               * (float)(1 / sqrt(D));
        m = fmaxf(m, s[j]);
    }
    for (int j = 0; j < positions; j++)
        lane[j % 8] += s[j] = exponential(s[j] - m);
    Z = ((lane[0] + lane[4]) + (lane[2] + lane[6]))
        + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    for (int d = 0; d < D; d++) {
        float o = 0;

        for (int j = 0; j < positions; j++)
            o = fmaf(s[j], row(v, j, D)[d], o);
        out[d] = o / Z;
    }
}

TEST(equals_its_definition)
{
    for (int i = 0; i < HEADS * LENGTHS * 2; i++) {
        const Heads *n = &heads[i % HEADS];
        int positions = lengths[i / HEADS % LENGTHS];
        Format format = (Format)(i % FORMAT_FLOATS);
        Cache c = cache_make(n, format, positions, 20);
        AttentionRow r = cache_row(&c, positions);
        float *q = numbers(n->H * n->D, 22), *out = numbers(n->H * n->D, 23);
        float want[128];
        Error error = {0};

        expect_ok(kernels_choose(i % 2 ? "plain" : "auto", &error), &error);
        attend(out, q, &r, format, 1, n);
        for (int h = 0; h < n->H; h++) {
            size_t head = (size_t)(h / (n->H / n->K)) * CAPACITY * (size_t)n->D;

            attend_by_definition(want, row(q, h, n->D), c.k + head, c.v + head,
                                 positions, n->D);
            expect_same_bits(row(out, h, n->D), want, n->D);
        }
        cache_free(&c), free(q), free(out);
    }
}

/* Forty rows of two caches in one call, or each in a call of its own; one thread
 * or seven. */
TEST(any_company_and_any_threads)
{
    enum { T = 40 };
    static const int threads[] = { 1, 2, 3, 7 };
    Error error = {0};

    expect_ok(kernels_choose("auto", &error), &error);
    for (int i = 0; i < HEADS; i++) {
        const Heads *n = &heads[i];
        int width = n->H * n->D;
        Cache c[2] = { cache_make(n, FORMAT_F16, 150, 30),
                       cache_make(n, FORMAT_F16, 20, 32) };
        float *q = numbers(T * width, 34), *alone = numbers(T * width, 35);
        float *together = numbers(T * width, 36);
        AttentionRow rows[T];

        for (int t = 0; t < T; t++)
            rows[t] = cache_row(&c[t % 2], t % 2 ? 1 + t / 2 : 150 - t);
        parallel_set_threads(1);
        for (int t = 0; t < T; t++)
            attend(row(alone, t, width), row(q, t, width), &rows[t], FORMAT_F16,
                   1, n);
        for (int k = 0; k < 4; k++) {
            parallel_set_threads(threads[k]);
            memset(together, 0xFF, (size_t)(T * width) * sizeof *together);
            attend(together, q, rows, FORMAT_F16, T, n);
            expect_same_bits(together, alone, T * width);
        }
        cache_free(&c[0]), cache_free(&c[1]);
        free(q), free(alone), free(together);
    }
}

/* Half floats widen exactly: a cache of them and one of float32 with the same
 * numbers give the same bits. */
TEST(half_cache_is_a_float_cache)
{
    const Heads *n = &heads[0];
    Cache half = cache_make(n, FORMAT_F16, 100, 40);
    AttentionRow narrow = cache_row(&half, 100), wide = narrow;
    float *q = numbers(n->H * n->D, 42);
    float *a = numbers(n->H * n->D, 43), *b = numbers(n->H * n->D, 44);

    wide.keys = half.k, wide.values = half.v;
    attend(a, q, &narrow, FORMAT_F16, 1, n);
    attend(b, q, &wide, FORMAT_F32, 1, n);
    expect_same_bits(a, b, n->H * n->D);
    cache_free(&half), free(q), free(a), free(b);
}

/* Scores of ±10^5 neither overflow nor leave a doubt: the answer is the value of
 * the one key that looks like the query. */
TEST(a_loud_key_is_heard_alone)
{
    static const Heads n = { 1, 1, 16 };
    Cache c = cache_make(&n, FORMAT_F32, 50, 50);
    float q[16], out[16];
    AttentionRow r = cache_row(&c, 50);

    for (int d = 0; d < 16; d++) {
        row((float *)(void *)c.keys, 33, 16)[d] = d % 2 ? 30 : -30;
        q[d] = d % 2 ? 900 : -900;
    }
    attend(out, q, &r, FORMAT_F32, 1, &n);
    expect_same_bits(out, row(c.v, 33, 16), 16);
    cache_free(&c);
}

const Test attention_tests[] = {
    { "equals attention in double, and so do its weights",
      equals_attention_in_double },
    { "equals its definition, bit for bit", equals_its_definition },
    { "any company, any threads: the same bits", any_company_and_any_threads },
    { "a half cache is a float cache", half_cache_is_a_float_cache },
    { "a loud key is heard alone", a_loud_key_is_heard_alone },
    { NULL, NULL },
};
