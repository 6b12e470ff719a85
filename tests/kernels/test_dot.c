/* test_dot.c - every table of kernels gives the bits of definition (a)
 *
 * The definition stands here a second time, in other words: lane by lane instead
 * of product by product, the tree as one expression, half floats by powers of
 * two. All tables (plain, plain with FMA, AVX2) must agree with it in every bit.
 * Arrays are as long as their numbers, so that the address sanitizer sees a
 * kernel that reads on. */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/dot.h"

#if defined(__x86_64__)
#include <xmmintrin.h>              /* _mm_getcsr, _mm_setcsr                */
#endif

enum { ORDINARY, SUBNORMAL, HUGE_NUMBERS, ZEROS, UNDERFLOWING, KINDS };

/* [0 … count-1]: what this processor can run, slowest first. */
static int tables(const Kernels *list[3])
{
    Error error = {0};
    int count = 0;

    list[count++] = &kernels_plain;
    expect_ok(kernels_choose("plain", &error), &error);
    if (kernels != list[0])
        list[count++] = kernels;
    if (kernels_choose("avx2", &error) || kernels_choose("neon", &error))
        list[count++] = kernels;
    return count;
}

/* (a), lane by lane. */
static float dot_again(const float *w, const float *x, int n)
{
    float l[8];

    for (int j = 0; j < 8; j++) {
        l[j] = 0;
        for (int i = j; i < n; i += 8)
            l[j] = fmaf(w[i], x[i], l[j]);
    }
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

/* A half float by its fields: sign, exponent, fraction (IEEE 754, table 3.5). */
static float half_value(uint16_t h, int exponent_bits)
{
    int fraction_bits = 15 - exponent_bits;
    int bias = (1 << (exponent_bits - 1)) - 1;
    int exponent = h >> fraction_bits & ((1 << exponent_bits) - 1);
    int fraction = h & ((1 << fraction_bits) - 1);
    double value = exponent == 0
        ? ldexp(fraction, 1 - bias - fraction_bits)
        : ldexp((1 << fraction_bits) + fraction, exponent - bias - fraction_bits);

    return (float)(h >> 15 ? -value : value);
}

/* A 16-bit number of a kind; never inf or NaN. */
static uint16_t random_half(int kind, int exponent_bits, uint64_t *state)
{
    uint32_t r = test_random(state);
    int fraction_bits = 15 - exponent_bits;
    uint32_t top = (1u << exponent_bits) - 2, bias = top / 2;
    uint32_t exponent = bias - 7 + (r >> 16) % 12;

    if (kind == SUBNORMAL)
        exponent = 0;
    if (kind == HUGE_NUMBERS)
        exponent = top - (r >> 16) % 2;
    if (kind == ZEROS)
        return (uint16_t)(r & 0x8000);
    if (kind == UNDERFLOWING)
        return (uint16_t)(0x8000 | (r & 7) | 1);            /* tiny, below 0 */
    return (uint16_t)((r & 0x8000) | exponent << fraction_bits
                      | (r & ((1u << fraction_bits) - 1)));
}

static float random_float(int kind, uint64_t *state)
{
    float x = (float)((int32_t)test_random(state) >> 8) / 8388608.0f;

    switch (kind) {
    case SUBNORMAL:     return x * 1e-38f;
    case HUGE_NUMBERS:  return x * 3e38f;
    case ZEROS:         return x < 0 ? -0.0f : 0.0f;
    case UNDERFLOWING:  return 1e-42f;
    default:            return x;
    }
}

typedef struct {
    unsigned char *memory, *w;      /* w: an odd address in memory           */
    float *wide;                    /* [count] the same numbers as float32   */
} Weights;

static void *room(size_t bytes)
{
    void *p = malloc(bytes);

    if (p == NULL)
        test_fail(__FILE__, __LINE__, "no memory");
    return p;
}

static Weights weights_make(Format format, int kind, int count, uint64_t *state)
{
    size_t size = format_bytes(format), bytes = (size_t)count * size;
    Weights v = { .memory = room(bytes + 1), .wide = room((size_t)count * 4) };

    v.w = v.memory + 1;
    for (int i = 0; i < count; i++) {
        uint16_t h = random_half(kind, format == FORMAT_F16 ? 5 : 8, state);
        float x = kind == UNDERFLOWING ? -1e-42f : random_float(kind, state);

        if (format == FORMAT_F32)
            memcpy(v.w + (size_t)i * 4, &x, 4);
        else
            memcpy(v.w + (size_t)i * 2, &h, 2);
        v.wide[i] = format == FORMAT_F32 ? x
                  : half_value(h, format == FORMAT_F16 ? 5 : 8);
    }
    return v;
}

static void weights_free(Weights *v)
{
    free(v->memory);
    free(v->wide);
}

static float *numbers(int kind, int count, uint64_t *state)
{
    float *x = room((size_t)count * sizeof *x);

    for (int i = 0; i < count; i++)
        x[i] = random_float(kind, state);
    return x;
}

/* The same bits, or NaN both: inf − inf has a payload that nobody promises. */
static void expect_equal(float got, float want, const char *what, int n)
{
    if (memcmp(&got, &want, sizeof got) != 0 && !(isnan(got) && isnan(want)))
        test_fail(__FILE__, __LINE__, "%s, n = %d: %a, expected the bits of %a",
                  what, n, (double)got, (double)want);
}

/* One table, one shape: tile against the definition, dot for its first row.
 * Rows of y and x are a little apart, and what lies between stays. */
static void check_tile(const Kernels *k, Format format, const Weights *v,
                       const float *x, int rows, int T, int n)
{
    size_t y_stride = (size_t)rows + 2;
    float *y = room(((size_t)T * y_stride) * sizeof *y);

    for (size_t i = 0; i < (size_t)T * y_stride; i++)
        y[i] = 77;
    k->tile[format](y, y_stride, v->w, rows, x, (size_t)n + 1, T, n);
    for (int t = 0; t < T; t++) {
        const float *x_t = row(x, t, n + 1);

        for (int o = 0; o < rows; o++)
            expect_equal(row(y, t, y_stride)[o],
                         dot_again(row(v->wide, o, n), x_t, n), k->name, n);
        expect(row(y, t, y_stride)[rows] == 77);
        expect(row(y, t, y_stride)[rows + 1] == 77);
    }
    expect_equal(k->dot[format](v->w, x, n), dot_again(v->wide, x, n), k->name,
                 n);
    free(y);
}

static void check_shape(int kind, int rows, int T, int n, uint64_t *state)
{
    const Kernels *list[3];
    int count = tables(list);

    for (Format format = 0; format < FORMAT_FLOATS; format++) {
        Weights v = weights_make(format, kind, rows * n, state);
        float *x = numbers(kind, T * (n + 1), state);

        for (int i = 0; i < count; i++)
            check_tile(list[i], format, &v, x, rows, T, n);
        weights_free(&v);
        free(x);
    }
}

TEST(every_length)
{
    uint64_t state = 1;

    for (int n = 1; n <= 600; n++)
        check_shape(n % 4 == 0 ? SUBNORMAL : ORDINARY, 1 + n % 5, 1 + n % 3, n,
                    &state);
    check_shape(ORDINARY, 5, 4, 2048, &state);
    check_shape(ORDINARY, 5, 1, 5632, &state);
}

TEST(every_number_of_rows_and_tokens)
{
    static const int tokens[] = { 1, 2, 3, 4, 5, 6, 7, 13, 64 };
    uint64_t state = 2;

    for (int rows = 1; rows <= 9; rows++)
        for (int t = 0; t < 9; t++)
            check_shape(ORDINARY, rows, tokens[t], 8 + rows + t, &state);
}

TEST(every_kind_of_number)
{
    uint64_t state = 3;

    for (int kind = 0; kind < KINDS; kind++)
        for (int n = 1; n <= 40; n++)
            check_shape(kind, 5, 4, n, &state);
}

/* Seventeen products of −1e-84 are −0 each, and so is their sum: the one dot
 * product that tells whether a kernel fills up the end of a row with +0. */
TEST(products_that_underflow_leave_minus_zero)
{
    const Kernels *list[3];
    int count = tables(list);
    float w[17], x[17];

    for (int i = 0; i < 17; i++)
        w[i] = -1e-42f, x[i] = 1e-42f;
    for (int i = 0; i < count; i++) {
        float y = list[i]->dot[FORMAT_F32](w, x, 17);

        expect(y == 0 && signbit(y) != 0);
    }
}

/* 1·1 + 2·2 + … + n·n = n(n+1)(2n+1)/6 (Archimedes), exact below 2^24. */
TEST(sum_of_squares)
{
    const Kernels *list[3];
    int count = tables(list);
    float x[300];

    for (int i = 0; i < 300; i++)
        x[i] = (float)(i + 1);
    for (int k = 0; k < count; k++)
        for (int n = 1; n <= 300; n++)
            expect(list[k]->dot[FORMAT_F32](x, x, n)
                   == (float)(n * (n + 1) * (2 * n + 1) / 6));
    for (int n = 1; n <= 300; n++)
        expect(sum_lanes(x, n) == (float)(n * (n + 1) / 2));
}

/* A lane of m = ⌈n/8⌉ roundings and three additions above it: each rounding is
 * at most 2^-24 of a partial sum, which is at most Σ|w·x| to first order. */
TEST(error_bound)
{
    const Kernels *list[3];
    int count = tables(list);
    uint64_t state = 4;

    for (int n = 1; n <= 5632; n = n * 3 / 2 + 1) {
        float *w = numbers(ORDINARY, n, &state), *x = numbers(ORDINARY, n, &state);
        double exact = 0, size = 0;

        for (int i = 0; i < n; i++) {
            exact += (double)w[i] * x[i];
            size += fabs((double)w[i] * x[i]);
        }
        for (int k = 0; k < count; k++)
            expect_close((double)list[k]->dot[FORMAT_F32](w, x, n), exact,
                         ((n + 7) / 8 + 3) * 0x1.01p-24 * size);
        free(w), free(x);
    }
}

/* Σ x is the dot product with ones. */
TEST(sum_is_a_dot_with_ones)
{
    uint64_t state = 5;
    float ones[100];

    for (int i = 0; i < 100; i++)
        ones[i] = 1;
    for (int kind = 0; kind < KINDS; kind++)
        for (int n = 1; n <= 100; n++) {
            float *x = numbers(kind, n, &state);

            expect_equal(sum_lanes(x, n), dot_again(ones, x, n), "sum_lanes", n);
            free(x);
        }
}

/* o_hd = fma(e_hj, v_jd, o_hd), here one d after the other. e's rows are one number
 * longer than they need be. */
static void check_weigh(const Kernels *k, Format format, const Weights *v,
                        const float *e, const float *start, int heads, int rows, int n)
{
    size_t bytes = (size_t)(heads * n) * sizeof(float);
    float *o = room(bytes);

    memcpy(o, start, bytes);
    k->weigh[format](o, v->w, e, (size_t)rows + 1, heads, rows, n);
    for (int h = 0; h < heads; h++)
        for (int d = 0; d < n; d++) {
            float want = row(start, h, n)[d];

            for (int j = 0; j < rows; j++)
                want = fmaf(row(e, h, rows + 1)[j], row(v->wide, j, n)[d], want);
            expect_equal(row(o, h, n)[d], want, k->name, n);
        }
    free(o);
}

TEST(weighted_sum_of_rows)
{
    enum { MOST_HEADS = 8 };
    const Kernels *list[3];
    int count = tables(list);
    uint64_t state = 6;

    for (int n = 1; n <= 140; n++)
        for (Format format = 0; format < FORMAT_FLOATS; format++) {
            int rows = n % 7, kind = n % 3 == 0 ? SUBNORMAL : ORDINARY;
            Weights v = weights_make(format, kind, rows * n, &state);
            float *e = numbers(kind, MOST_HEADS * (rows + 1), &state);
            float *start = numbers(kind, MOST_HEADS * n, &state);

            for (int i = 0; i < count; i++)
                for (int heads = 1; heads <= MOST_HEADS; heads++)
                    check_weigh(list[i], format, &v, e, start, heads, rows, n);
            weights_free(&v);
            free(e), free(start);
        }
}

extern const Kernels *kernels_unchosen;  /* test.c: before it chose "auto"   */

TEST(names_of_tables)
{
    static const char *const vectors[] = { "avx2", "avx512", "neon" };
    const Kernels *fastest = NULL;      /* of vectors, slowest first         */
    Error error = {0};

    expect(kernels_unchosen == &kernels_plain);     /* before anybody chose  */
    expect_ok(kernels_choose("plain", &error), &error);
    expect_text(kernels->name, "plain");
    expect_ok(kernels_choose("auto", &error), &error);
    expect(!kernels_choose("avx9", &error));
    expect_int(error.code, EXIT_USAGE);
    expect(error_mentions(&error, "avx9") && error_mentions(&error, "auto")
           && error_mentions(&error, "avx512"));
    for (int i = 0; i < 3; i++) {
        Error lacking = {0};

        if (kernels_choose(vectors[i], &lacking)) {
            expect_text(kernels->name, vectors[i]);
            fastest = kernels;
        } else {
            expect(lacking.code == EXIT_USAGE && error_mentions(&lacking, "lacks")
                   && error_mentions(&lacking, vectors[i]));
        }
    }
    expect_ok(kernels_choose("auto", &error), &error);
    expect(fastest == NULL || kernels == fastest);
#if defined(__x86_64__)
    expect(!kernels_choose("neon", &error));
#elif defined(__aarch64__)
    expect_text(kernels->name, "neon");
#endif
}

/* Bit 15 of MXCSR flushes small results to zero, bit 6 small operands. */
TEST(flushing_small_numbers_is_refused)
{
#if defined(__x86_64__)
    static const unsigned bits[] = { 1u << 15, 1u << 6 };
    unsigned before = _mm_getcsr();

    for (int i = 0; i < 2; i++) {
        Error error = {0};
        bool chosen;

        kernels = &kernels_plain;
        _mm_setcsr(before | bits[i]);
        chosen = kernels_choose("auto", &error);
        _mm_setcsr(before);
        expect(!chosen && kernels == &kernels_plain);
        expect_int(error.code, EXIT_CHECK);
        expect(error_mentions(&error, "fast-math"));
        expect_ok(kernels_choose("plain", &error), &error);
    }
#else
    skip("only x86-64 has this switch in a place that the test knows");
#endif
}

TEST(kinds_of_numbers)
{
    Format format = FORMAT_FLOATS;

    expect(format_of(&format, DTYPE_F32) && format == FORMAT_F32);
    expect(format_of(&format, DTYPE_F16) && format == FORMAT_F16);
    expect(format_of(&format, DTYPE_BF16) && format == FORMAT_BF16);
    expect(!format_of(&format, DTYPE_F64) && !format_of(&format, DTYPE_I8));
    expect_int(format_bytes(FORMAT_F32), 4);
    expect_int(format_bytes(FORMAT_F16), 2);
    expect_int(format_bytes(FORMAT_BF16), 2);
}

const Test dot_tests[] = {
    { "every length, every table", every_length },
    { "every number of rows and tokens", every_number_of_rows_and_tokens },
    { "every kind of number", every_kind_of_number },
    { "products that underflow leave minus zero",
      products_that_underflow_leave_minus_zero },
    { "sum of squares", sum_of_squares },
    { "error bound", error_bound },
    { "a sum is a dot with ones", sum_is_a_dot_with_ones },
    { "weighted sum of rows", weighted_sum_of_rows },
    { "names of tables", names_of_tables },
    { "flushing small numbers is refused", flushing_small_numbers_is_refused },
    { "kinds of numbers", kinds_of_numbers },
    { NULL, NULL },
};
