/* test_coding.c - a row of x as whole numbers: equation (1) of coding.c by the library's rint */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "kernels/coding.h"
#include "kernels/encode.h"
#include "kernels/matmul.h"

typedef struct { Coded coded; void *memory; } Made;

static Made make(const float *x, int T, int columns)
{
    Made made;
    size_t bytes = coded_bytes(T, columns);

    expect_int(bytes % 64, 0);
    if (posix_memalign(&made.memory, 64, bytes > 0 ? bytes : 64) != 0)
        test_fail(__FILE__, __LINE__, "no memory");
    memset(made.memory, 0xA5, bytes);
    code_rows(&made.coded, made.memory, x, T, columns);
    expect_int(made.coded.T, T), expect_int(made.coded.blocks, columns / 32);
    return made;
}

/* Equation (1), by the library's rint: to the nearest, ties to even. */
static void book_code_block(int8_t codes[32], float *scale, int32_t *sum, const float *x)
{
    float largest = 0, d, r;
    bool finite = true;

    for (int i = 0; i < 32; i++) {
        finite = finite && isfinite(x[i]);
        largest = fmaxf(largest, fabsf(x[i]));
    }
    d = largest / 127;
    r = 1 / d;
    *scale = !finite ? NAN : isfinite(r) ? d : 0;
    *sum = 0;
    for (int i = 0; i < 32; i++) {
        float scaled = x[i] * r;
        double whole = *scale > 0 ? rint((double)scaled) : 0;

        codes[i] = (int8_t)(whole > 127 ? 127 : whole < -127 ? -127 : whole);
        *sum += codes[i];
    }
}

/* By the kernels of that name: coding is compiled twice. */
static void check_coding_by(const char *name, const float *x, int T, int columns)
{
    Error error = {0};
    Made made;

    expect_ok(kernels_choose(name, &error), &error);
    made = make(x, T, columns);
    for (int b = 0; b < columns / 32; b++)
        for (int t = 0; t < T; t++) {
            size_t at = (size_t)b * (size_t)T + (size_t)t;
            int8_t codes[32];
            float scale;
            int32_t sum;

            book_code_block(codes, &scale, &sum, row(x, t, columns) + 32 * b);
            expect(memcmp(codes, made.coded.codes + at * 32, 32) == 0);
            expect(isnan(scale) ? isnan(made.coded.scales[at])
                   : memcmp(&scale, &made.coded.scales[at], sizeof scale) == 0);
            expect_int(made.coded.sums[at], sum);
        }
    free(made.memory);
}

static void check_coding(const float *x, int T, int columns)
{
    check_coding_by("plain", x, T, columns);
    check_coding_by("auto", x, T, columns);
}

TEST(coding_by_the_book)
{
    enum { T = 9, COLUMNS = 320 };
    static float x[T * COLUMNS];

    for (uint32_t seed = 0; seed < 40; seed++) {
        test_fill(x, T * COLUMNS, seed);
        for (int i = 0; i < T * COLUMNS; i++)       /* sizes from 2^-140 to 2^127 */
            x[i] = ldexpf(x[i], (int)(seed * 7) - 140 + i / 32 % 3);
        check_coding(x, T, COLUMNS);
    }
}

/* d is 1 where the largest is 127, and halves lie between two codes. */
TEST(ties_go_to_even)
{
    static const float in[] = { 0.5f, 1.5f, 2.5f, -0.5f, -1.5f, -2.5f, 125.5f, 126.5f,
                                -126.5f, 0.49999997f, -0.0f, 1e-30f, 127 };
    static const int out[] = { 0, 2, 2, 0, -2, -2, 126, 126, -126, 0, 0, 0, 127 };
    float x[32] = {0};
    Made made;
    int sum = 0;

    memcpy(x, in, sizeof in);
    made = make(x, 1, 32);
    expect(made.coded.scales[0] == 1);
    for (int i = 0; i < 13; i++) {
        expect_int(made.coded.codes[i], out[i]);
        sum += out[i];
    }
    expect_int(made.coded.sums[0], sum);
    free(made.memory);
}

/* All numbers lie at a tie, or a float beside it: x · (1/d) and x / d part here. */
TEST(beside_a_tie)
{
    uint64_t state = 11;

    for (int n = 0; n < 2000; n++) {
        float x[32], d;

        x[0] = ldexpf(1 + (float)(test_random(&state) >> 8) / 16777216, n % 200 - 100);
        d = x[0] / 127;
        for (int i = 1; i < 32; i++) {
            float tie = ((float)(i * 4 - 64) + 0.5f) * d;

            x[i] = i % 3 == 0 ? tie : nextafterf(tie, i % 3 == 1 ? INFINITY : -INFINITY);
        }
        check_coding(x, 1, 32);
    }
}

/* Nought, −0, the smallest numbers, and the smallest d with an inverse. */
TEST(blocks_with_no_scale)
{
    static const float largest[] = { 0, -0.0f, 1e-45f, 1e-40f, 3e-37f, 3.7e-37f, 3.8e-37f,
                                     4e-37f, 1e-36f };
    float x[32];

    for (int i = 0; i < 9; i++) {
        Made made;

        for (int k = 0; k < 32; k++)
            x[k] = largest[i] * (k % 2 == 0 ? 1 : -0.5f);
        check_coding(x, 1, 32);
        made = make(x, 1, 32);
        if (i < 5) {
            expect(made.coded.scales[0] == 0 && !signbit(made.coded.scales[0]));
            for (int k = 0; k < 32; k++)
                expect_int(made.coded.codes[k], 0);
        } else if (i > 6) {
            expect(made.coded.scales[0] > 0);
            expect_int(made.coded.codes[0], 127);
        }
        free(made.memory);
    }
}

/* What is not finite makes its own row NaN, whatever the kernels, and no other. */
TEST(not_finite)
{
    static const char *const names[] = { "plain", "avx2", "avx512", "neon" };
    static const float bad[] = { NAN, -NAN, INFINITY, -INFINITY };
    float x[3 * 64], weights[8 * 64], clean[3 * 8], y[3 * 8];
    Error error = {0};

    test_fill(weights, 8 * 64, 2);
    for (int i = 0; i < 32; i++) {
        Matrix m = { NULL, i % 2 == 0 ? FORMAT_INT8 : FORMAT_INT4, 8, 64 };
        unsigned char blocks[2 * INT8_BLOCK_BYTES];
        Made made;

        if (!kernels_choose(names[i / 8], &error))
            continue;
        encode_group(blocks, m.format, weights, 8, 64);
        m.data = blocks;
        test_fill(x, 3 * 64, 1);
        made = make(x, 3, 64);
        matmul_coded(clean, &m, &made.coded);
        free(made.memory);
        x[64 + 17 + i % 4] = bad[i / 2 % 4];
        check_coding(x, 3, 64);
        made = make(x, 3, 64);
        matmul_coded(y, &m, &made.coded);
        expect_same_bits(y, clean, 8);
        expect_same_bits(y + 16, clean + 16, 8);
        for (int o = 0; o < 8; o++)
            expect(isnan(y[8 + o]));
        free(made.memory);
    }
}

/* The largest floats: no step runs over. */
TEST(the_largest_numbers)
{
    float x[32];

    for (int k = 0; k < 32; k++)
        x[k] = (k % 3 == 0 ? -1.0f : 0.3f) * 3.4028235e38f;
    check_coding(x, 1, 32);
}

/* A row is coded alike alone and among others, by any number of threads. */
TEST(rows_together_and_alone)
{
    enum { T = 67, COLUMNS = 96 };
    static const int threads[] = { 1, 2, 3, 7 };
    static float x[T * COLUMNS];

    test_fill(x, T * COLUMNS, 9);
    for (int i = 0; i < 4; i++) {
        Made all;

        parallel_set_threads(threads[i]);
        all = make(x, T, COLUMNS);
        for (int t = 0; t < T; t++) {
            Made alone = make(row(x, t, COLUMNS), 1, COLUMNS);

            for (int b = 0; b < COLUMNS / 32; b++) {
                size_t at = (size_t)(b * T + t);

                expect(memcmp(all.coded.codes + at * 32, alone.coded.codes + 32 * b,
                              32) == 0);
                expect(all.coded.scales[at] == alone.coded.scales[b]);
                expect_int(all.coded.sums[at], alone.coded.sums[b]);
            }
            free(alone.memory);
        }
        free(all.memory);
    }
}

TEST(no_rows)
{
    float x[1] = {0};

    free(make(x, 0, 64).memory);
}

const Test coding_tests[] = {
    { "by the book, at every size", coding_by_the_book },
    { "ties go to even", ties_go_to_even },
    { "beside a tie", beside_a_tie },
    { "blocks with no scale", blocks_with_no_scale },
    { "what is not finite", not_finite },
    { "the largest numbers", the_largest_numbers },
    { "rows together and alone", rows_together_and_alone },
    { "no rows", no_rows },
    { NULL, NULL },
};
