/* test_matmul.c - a matrix product is its dot products, however it is cut */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "kernels/matmul.h"
#include "numbers/halffloat.h"

typedef struct { int rows, columns, T; } Shape;

/* Less than a piece, odd rests, several pieces, rows so long that a piece is
 * four of them, and SmolLM2's key matrix. */
static const Shape shapes[] = {
    { 1, 1, 1 }, { 3, 7, 2 }, { 65, 40, 5 }, { 130, 33, 64 }, { 1000, 96, 3 },
    { 11, 40000, 2 }, { 192, 576, 1 }, { 192, 576, 13 },
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])

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

/* A matrix of seeded numbers at an odd address; memory is to be freed. */
static Matrix matrix_make(unsigned char **memory, const Shape *s, Format format)
{
    int count = s->rows * s->columns;
    size_t size = format_bytes(format);
    float *x = numbers(count, 1);

    *memory = room((size_t)count * size + 1);
    for (int i = 0; i < count; i++) {
        uint16_t h = format == FORMAT_F16 ? f32_to_f16(x[i]) : f32_to_bf16(x[i]);
        const void *number = format == FORMAT_F32 ? (void *)&x[i] : (void *)&h;

        memcpy(*memory + 1 + (size_t)i * size, number, size);
    }
    free(x);
    return (Matrix){ .data = *memory + 1, .format = format, .rows = s->rows,
                     .columns = s->columns };
}

/* Every element is the plain dot product of its row and token, for any number of
 * threads and with either kernels. */
static void check_product(const Matrix *w, const Shape *s)
{
    static const int threads[] = { 1, 2, 3, 7 };
    float *x = numbers(s->T * s->columns, 2);
    float *y = room((size_t)s->T * (size_t)s->rows * sizeof *y);
    float *want = room((size_t)s->T * (size_t)s->rows * sizeof *want);
    Error error = {0};

    expect_ok(kernels_choose("plain", &error), &error);
    for (int t = 0; t < s->T; t++)
        for (int o = 0; o < s->rows; o++)
            row(want, t, s->rows)[o] = kernels->dot[w->format](
                row((const unsigned char *)w->data, o,
                    (size_t)w->columns * format_bytes(w->format)),
                row(x, t, s->columns), s->columns);
    for (int i = 0; i < 8; i++) {
        expect_ok(kernels_choose(i < 4 ? "plain" : "auto", &error), &error);
        parallel_set_threads(threads[i % 4]);
        memset(y, 0xFF, (size_t)s->T * (size_t)s->rows * sizeof *y);
        matmul(y, w, x, s->T);
        expect_same_bits(y, want, s->T * s->rows);
    }
    free(x), free(y), free(want);
}

TEST(any_threads)
{
    for (Format format = 0; format < FORMAT_FLOATS; format++)
        for (int i = 0; i < SHAPES; i++) {
            unsigned char *memory;
            Matrix w = matrix_make(&memory, &shapes[i], format);

            check_product(&w, &shapes[i]);
            free(memory);
        }
}

/* A prompt at once, or token by token. */
TEST(all_tokens_at_once_or_one_at_a_time)
{
    static const Shape s = { 130, 200, 64 };
    float *x = numbers(s.T * s.columns, 3), *at_once, *single;
    Error error = {0};

    at_once = numbers(s.T * s.rows, 4), single = numbers(s.T * s.rows, 5);
    expect_ok(kernels_choose("auto", &error), &error);
    for (Format format = 0; format < FORMAT_FLOATS; format++) {
        unsigned char *memory;
        Matrix w = matrix_make(&memory, &s, format);

        matmul(at_once, &w, x, s.T);
        for (int t = 0; t < s.T; t++)
            matmul(row(single, t, s.rows), &w, row(x, t, s.columns), 1);
        expect_same_bits(at_once, single, s.T * s.rows);
        free(memory);
    }
    free(x), free(at_once), free(single);
}

/* In double, summed one after the other. A lane of 25 roundings and a tree of
 * three: at most 28 · 2^-24 · Σ|w·x| apart. */
TEST(equals_a_product_in_double)
{
    static const Shape s = { 70, 200, 5 };
    unsigned char *memory;
    Matrix w = matrix_make(&memory, &s, FORMAT_F32);
    float *x = numbers(s.T * s.columns, 6), *y = numbers(s.T * s.rows, 7);
    float *wide = numbers(s.rows * s.columns, 1);       /* what w was made of */
    Error error = {0};

    expect_ok(kernels_choose("auto", &error), &error);
    matmul(y, &w, x, s.T);
    for (int t = 0; t < s.T; t++)
        for (int o = 0; o < s.rows; o++) {
            double sum = 0, size = 0;

            for (int i = 0; i < s.columns; i++) {
                double product = (double)row(wide, o, s.columns)[i]
                                 * row(x, t, s.columns)[i];

                sum += product, size += fabs(product);
            }
            expect_close((double)row(y, t, s.rows)[o], sum,
                         28 * 0x1.01p-24 * size);
        }
    free(memory), free(x), free(y), free(wide);
}

TEST(no_tokens_and_no_rows)
{
    static const Shape s = { 4, 8, 1 };
    unsigned char *memory;
    Matrix w = matrix_make(&memory, &s, FORMAT_F32), empty = w;
    float y[4] = { 5, 5, 5, 5 }, x[8] = {0};

    matmul(y, &w, x, 0);
    empty.rows = 0;
    matmul(y, &empty, x, 1);
    expect(y[0] == 5 && y[3] == 5);
    free(memory);
}

/* The row of an embedding is the numbers of the file, widened. */
TEST(one_row)
{
    static const Shape s = { 9, 21, 1 };

    for (Format format = 0; format < FORMAT_FLOATS; format++) {
        unsigned char *memory;
        Matrix w = matrix_make(&memory, &s, format);
        float *x = numbers(s.rows * s.columns, 1), out[21];

        for (int o = 0; o < s.rows; o++) {
            matrix_row(out, &w, o);
            for (int i = 0; i < s.columns; i++) {
                float want = row(x, o, s.columns)[i];

                if (format == FORMAT_F16)
                    want = f16_to_f32(f32_to_f16(want));
                if (format == FORMAT_BF16)
                    want = bf16_to_f32(f32_to_bf16(want));
                expect(out[i] == want);
            }
        }
        expect_int(matrix_bytes(&w), s.rows * s.columns
                                     * (format == FORMAT_F32 ? 4 : 2));
        free(memory), free(x);
    }
}

const Test matmul_tests[] = {
    { "any threads, any kernels: the same bits", any_threads },
    { "all tokens at once, or one at a time",
      all_tokens_at_once_or_one_at_a_time },
    { "equals a product in double", equals_a_product_in_double },
    { "no tokens, no rows", no_tokens_and_no_rows },
    { "one row, widened", one_row },
    { NULL, NULL },
};
