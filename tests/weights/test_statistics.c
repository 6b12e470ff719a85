/* test_statistics.c - numbers about numbers, where arithmetic knows the answer
 *
 * 0 … n-1 has mean (n-1)/2 and std √((n²-1)/12), and fills every bin alike. Values of
 * the 8-bit formats are those of the paper's table. numpy's view of random tensors:
 * tests/oracle/weight_tools.py.
 */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "weights-tools/common/unusual.h"
#include "weights-tools/common/widen.h"

static Tensor tensor(Dtype dtype, const void *data, uint64_t rows, uint64_t columns)
{
    return (Tensor){ .name = "t", .dtype = dtype, .rank = 2, .shape = { rows, columns },
                     .data = data,
                     .bytes = (size_t)(rows * columns * (uint64_t)dtype_bits(dtype) / 8) };
}

TEST(eight_bits_as_the_paper_has_them)
{
    static const uint8_t e4m3[] = { 0x00, 0x01, 0x07, 0x08, 0x38, 0xB8, 0x7E, 0x7F, 0xFF };
    static const double is4[] = { 0, 0x1p-9, 0.875 * 0x1p-6, 0x1p-6, 1, -1, 448 };
    static const uint8_t e5m2[] = { 0x01, 0x03, 0x04, 0x3C, 0xBC, 0x7B, 0x7C, 0xFC, 0x7D };
    static const double is5[] = { 0x1p-16, 0.75 * 0x1p-14, 0x1p-14, 1, -1, 57344,
                                  (double)INFINITY, -(double)INFINITY };
    double x[9];

    widen(x, e4m3, DTYPE_F8_E4M3, 0, 9);
    for (int i = 0; i < 7; i++)
        expect(x[i] == is4[i]);
    expect(isnan(x[7]) && isnan(x[8]));
    widen(x, e5m2, DTYPE_F8_E5M2, 0, 9);
    for (int i = 0; i < 8; i++)
        expect(x[i] == is5[i]);
    expect(isnan(x[8]));
}

TEST(integers_of_all_sizes)
{
    static const unsigned char bytes[] = { 0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF };
    static const struct { Dtype dtype; double value; } all[] = {
        { DTYPE_U8, 254 }, { DTYPE_I8, -2 }, { DTYPE_U16, 65534 }, { DTYPE_I16, -2 },
        { DTYPE_U32, 4294967294 }, { DTYPE_I32, -2 }, { DTYPE_I64, -2 },
        { DTYPE_U64, 18446744073709551616.0 },
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        double x;

        widen(&x, bytes, all[i].dtype, 0, 1);
        expect(x == all[i].value && widen_knows(all[i].dtype));
        expect(!widen_is_float(all[i].dtype));
    }
    expect(!widen_knows(DTYPE_F4) && !widen_knows(DTYPE_C64) && widen_knows(DTYPE_BOOL));
}

TEST(a_straight_line)
{
    enum { N = 160000 };
    float *x = malloc(N * sizeof *x);
    Statistics s;

    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    parallel_set_threads(2);
    statistics_take(&s, &(Tensor){ .name = "t", .dtype = DTYPE_F32, .rank = 1,
                    .shape = { N }, .data = x, .bytes = N * sizeof *x }, NULL);
    expect(s.count == N && s.finite == N && s.zeros == 1 && s.first_odd == N);
    expect(s.min == 0 && s.max == N - 1);
    expect_relative(s.mean, (N - 1) / 2.0, 1e-15);
    expect_relative(s.std, sqrt(((double)N * N - 1) / 12), 1e-14);
    expect(s.low == 0 && s.high == N - 1 && s.below + s.above + s.outliers == 0);
    for (int i = 0; i < STATISTICS_BINS; i++)
        expect(s.bins[i] >= N / 16 - 1 && s.bins[i] <= N / 16 + 1);
    free(x);
}

/* A spread of 1 around 10^8: the difference of squares would have no digit left. */
TEST(a_small_spread_far_from_zero)
{
    enum { N = 100000 };
    double *x = malloc(N * sizeof *x);
    Statistics s;

    for (int i = 0; i < N; i++)
        x[i] = 1e8 + (i % 2 == 0 ? 1 : -1);
    statistics_take(&s, &(Tensor){ .name = "t", .dtype = DTYPE_F64, .rank = 1,
                    .shape = { N }, .data = x, .bytes = N * sizeof *x }, NULL);
    expect_close(s.mean, 1e8, 1e-6);
    expect_close(s.std, 1, 1e-9);
    expect(s.bins[0] == N / 2 && s.bins[15] == N / 2);
    free(x);
}

/* The bits do not depend on threads, and lie at odd addresses. */
TEST(the_same_bits_on_any_threads)
{
    enum { ROWS = 500, COLUMNS = 300 };
    static float x[ROWS * COLUMNS];
    static unsigned char odd[sizeof x + 1];
    Tensor t = tensor(DTYPE_F32, odd + 1, ROWS, COLUMNS);
    Statistics one, more;
    Lines one_lines, more_lines;

    test_fill(x, ROWS * COLUMNS, 1);
    memcpy(odd + 1, x, sizeof x);
    parallel_set_threads(1);
    statistics_take(&one, &t, NULL);
    lines_take(&one_lines, &t, NULL);
    for (int threads = 2; threads < 5; threads++) {
        parallel_set_threads(threads);
        statistics_take(&more, &t, NULL);
        lines_take(&more_lines, &t, NULL);
        expect(memcmp(&one, &more, sizeof one) == 0);
        expect(memcmp(&one_lines, &more_lines, sizeof one_lines) == 0);
    }
}

/* One of each: the sentence says how many and where. */
static void expect_said(const Tensor *t, const char *want)
{
    Statistics s;
    Lines lines;
    Unusual u;
    char got[2000] = "";

    statistics_take(&s, t, NULL);
    lines_take(&lines, t, NULL);
    unusual_find(&u, t, &s, &lines);
    for (int i = 0; i < u.count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s\n", u.text[i].bytes);
    expect_text(got, want);
    unusual_free(&u);
}

TEST(what_is_unusual_is_said)
{
    enum { ROWS = 100, COLUMNS = 50 };
    static float x[ROWS * COLUMNS];
    Tensor t = tensor(DTYPE_F32, x, ROWS, COLUMNS);

    test_fill(x, ROWS * COLUMNS, 2);
    expect_said(&t, "");
    x[17 * COLUMNS + 5] = (float)NAN;
    x[40 * COLUMNS + 0] = -INFINITY;
    expect_said(&t, "1 NaN and 1 infinite, the first at [17, 5]\n");
    test_fill(x, ROWS * COLUMNS, 2);
    memcpy(row(x, 90, COLUMNS), row(x, 30, COLUMNS), COLUMNS * sizeof *x);
    memcpy(row(x, 80, COLUMNS), row(x, 30, COLUMNS), COLUMNS * sizeof *x);
    for (int c = 0; c < COLUMNS; c++)
        row(x, 3, COLUMNS)[c] = c % 2 == 0 ? 0.0f : -0.0f;
    expect_said(&t, "1 of 100 rows hold nothing but zeros, the first is row 3\n"
                "2 rows are the same as an earlier one: row 80 is row 30 again\n");
    test_fill(x, ROWS * COLUMNS, 2);
    for (int i = 0; i < ROWS * COLUMNS; i++)
        x[i] = x[i] > 0 ? 0.5f : -0.5f;
    for (int r = 0; r < ROWS; r++) {
        row(x, r, COLUMNS)[7] *= 5;
        row(x, r, COLUMNS)[9] = 0;
    }
    expect_said(&t, "1 of 50 columns hold nothing but zeros, the first is column 9\n"
                "1 loud column, the loudest is column 7: 5.0 times the median column\n");
    for (int i = 0; i < ROWS * COLUMNS; i++)
        x[i] = 0.5f;
    expect_said(&t, "one value throughout: 0.5\n");
}

/* One number of 10 among 4999 of ±0.1: std is √(0.01 + 100/5000) = 0.1732, and
 * 10 / 0.1732 = 57.7. */
TEST(outliers)
{
    static float x[5000];
    Tensor t = { .name = "t", .dtype = DTYPE_F32, .rank = 1, .shape = { 5000 },
                 .data = x, .bytes = sizeof x };

    for (int i = 0; i < 5000; i++)
        x[i] = i % 2 == 0 ? 0.1f : -0.1f;
    x[4321] = -10;
    expect_said(&t, "1 outlier beyond 8 std, the largest -10 at [4321]: 57.7 std\n");
}

/* 2^-20 is subnormal in F16, where 1 is 0x3C00 and 2^-20 is 0x0010. */
TEST(subnormals_and_zeros)
{
    static uint16_t x[1000];
    Tensor t = { .name = "t", .dtype = DTYPE_F16, .rank = 1, .shape = { 1000 },
                 .data = x, .bytes = sizeof x };

    for (int i = 0; i < 1000; i++)
        x[i] = i < 400 ? 0x3C00 : i < 425 ? 0x0010 : 0x8000;
    expect_said(&t, "57.5 % of the numbers are zero\n"
                "2.5 % of the numbers are subnormal: too small for all digits of F16\n");
}

TEST(nothing_and_almost_nothing)
{
    Statistics s;
    float one = 3;
    Tensor none = tensor(DTYPE_F32, NULL, 0, 5);
    Tensor single = { .name = "t", .dtype = DTYPE_F32, .data = &one, .bytes = 4 };
    Lines lines;
    char place[UNUSUAL_PLACE];

    statistics_take(&s, &none, NULL);
    lines_take(&lines, &none, NULL);
    expect(s.count == 0 && s.finite == 0 && s.first_odd == 0 && lines.rows == 0);
    statistics_take(&s, &single, NULL);
    expect(s.mean == 3 && s.std == 0 && s.bins[0] == 1 && s.finite == 1);
    expect_text(unusual_place(place, &single, 0), "[]");
    expect_said(&single, "");
    one = (float)NAN;
    expect_said(&single, "1 NaN and 0 infinite, the first at []\n");
}

/* Sums of such squares, and of three such numbers, are beyond any double: mean and
 * spread are not known, all that is counted is. */
TEST(numbers_whose_squares_overflow)
{
    double x[] = { 1.5e308, 1e308, 1.7e308, -1e308, (double)NAN, 0 };
    Tensor t = tensor(DTYPE_F64, x, 2, 3);
    Statistics s;
    Lines lines;

    statistics_take(&s, &t, NULL);
    lines_take(&lines, &t, NULL);
    expect(s.min == -1e308 && s.max == 1.7e308 && s.finite == 5 && s.nan == 1);
    expect(isnan(s.mean) && isnan(s.std) && s.outliers == 0);
    expect_said(&t, "1 NaN and 0 infinite, the first at [1, 1]\n");
}

const Test statistics_tests[] = {
    { "eight bits as the paper has them", eight_bits_as_the_paper_has_them },
    { "integers of all sizes", integers_of_all_sizes },
    { "a straight line", a_straight_line },
    { "a small spread far from zero", a_small_spread_far_from_zero },
    { "the same bits on any threads", the_same_bits_on_any_threads },
    { "what is unusual is said", what_is_unusual_is_said },
    { "outliers", outliers },
    { "subnormals and zeros", subnormals_and_zeros },
    { "nothing and almost nothing", nothing_and_almost_nothing },
    { "numbers whose squares overflow", numbers_whose_squares_overflow },
    { NULL, NULL },
};
