/* test_blocks.c - definition (b): the textbook, in whole numbers of 64 bits
 *
 * The textbook below knows the layout from the pictures at the head of blocks.c and
 * nothing of its code: it takes a matrix apart number by number, adds in 64 bits, and
 * rounds where equation (b) says so. Every set of instructions must give its bits. */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "kernels/matmul.h"
#include "numbers/halffloat.h"

enum { GUARD = 5 };

static void *room(size_t bytes)
{
    void *p = malloc(bytes > 0 ? bytes : 1);

    if (p == NULL)
        test_fail(__FILE__, __LINE__, "no memory");
    return p;
}

/* ---- the textbook */

typedef struct {                    /* [rows, columns], taken apart         */
    int rows, columns;
    int8_t *codes;                  /* [rows, columns]                      */
    float *scales;                  /* [rows, columns / 32]                 */
} Book;

/* Where the picture puts number k of row r of a group's block. */
static int book_code(const unsigned char *block, Format format, int r, int k)
{
    const unsigned char *codes = block + 16;

    if (format == FORMAT_INT8) {
        int byte = codes[k / 4 * 32 + r * 4 + k % 4];

        return byte < 128 ? byte : byte - 256;
    }
    if (k < 16)
        return codes[k / 4 * 32 + r * 4 + k % 4] % 16 - 8;
    return codes[(k / 4 - 4) * 32 + r * 4 + k % 4] / 16 - 8;
}

static void book_open(Book *book, const unsigned char *w, Format format, int rows,
                      int columns)
{
    int blocks = columns / 32, size = format == FORMAT_INT8 ? 272 : 144;

    *book = (Book){ rows, columns, room((size_t)rows * (size_t)columns),
                    room((size_t)rows * (size_t)blocks * sizeof(float)) };
    for (int o = 0; o < rows; o++)
        for (int b = 0; b < blocks; b++) {
            const unsigned char *block = w + ((size_t)(o / 8) * (size_t)blocks
                                              + (size_t)b) * (size_t)size;
            int r = o % 8;

            row(book->scales, o, blocks)[b] =
                f16_to_f32((uint16_t)(block[2 * r] + 256 * block[2 * r + 1]));
            for (int k = 0; k < 32; k++)
                row(book->codes, o, columns)[32 * b + k] =
                    (int8_t)book_code(block, format, r, k);
        }
}

static void book_close(Book *book)
{
    free(book->codes), free(book->scales);
}

/* Equation (b). */
static float book_dot(const Book *book, int o, const Coded *x, int t)
{
    float sum = 0;

    for (int b = 0; b < x->blocks; b++) {
        size_t at = (size_t)b * (size_t)x->T + (size_t)t;
        const int8_t *w = row(book->codes, o, book->columns) + 32 * b;
        float d = row(book->scales, o, x->blocks)[b] * x->scales[at];
        int64_t s = 0;

        for (int i = 0; i < 32; i++)
            s += (int64_t)w[i] * x->codes[at * 32 + (size_t)i];
        sum = fmaf(d, (float)s, sum);
    }
    return sum;
}

/* ---- what is multiplied */

typedef enum { ORDINARY, EXTREME, ODD_SCALES, ANY_BYTES } Manner;

static uint16_t weight_scale(Manner manner, uint64_t *state)
{
    static const uint16_t odd[] = {     /* ±0, subnormal, largest, ordinary */
        0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x7BFF, 0xFBFF, 0x2C00, 0xAC00,
    };
    uint32_t r = test_random(state);

    if (manner == ODD_SCALES)
        return odd[r % (sizeof odd / sizeof odd[0])];
    return (uint16_t)(0x1C00 + r % 0x1000 + (r >> 16 & 0x8000));   /* ±0.004 … 0.06 */
}

/* Groups of blocks at an odd address. int8 has no -128, but among any bytes.
 * Owner: the caller, *memory. */
static unsigned char *matrix_make(unsigned char **memory, Format format, int rows,
                                  int columns, Manner manner, uint64_t *state)
{
    int size = format == FORMAT_INT8 ? 272 : 144;
    size_t blocks = (size_t)((rows + 7) / 8) * (size_t)(columns / 32);
    unsigned char *w = *memory = room(blocks * (size_t)size + 1);

    w++;
    for (size_t b = 0; b < blocks; b++)
        for (int i = 0; i < size; i++) {
            unsigned char *byte = &w[b * (size_t)size + (size_t)i];
            uint32_t r = test_random(state) >> 8;

            if (i < 16 && i % 2 == 0) {
                uint16_t scale = weight_scale(manner, state);

                byte[0] = (unsigned char)scale, byte[1] = (unsigned char)(scale >> 8);
            } else if (i >= 16 && manner == ANY_BYTES)
                *byte = (unsigned char)(r % 4 == 0 ? 0x80 : r >> 2);
            else if (i >= 16 && format == FORMAT_INT4)
                *byte = (unsigned char)(manner != EXTREME ? r % 256
                                        : (r & 1) * 15 + (r >> 1 & 1) * 240);
            else if (i >= 16)
                *byte = (unsigned char)(int8_t)(manner != EXTREME ? (int)(r % 255) - 127
                                                : (r & 1) != 0 ? 127 : -127);
        }
    return w;
}

typedef struct {
    Coded coded;
    int8_t *codes;
    float *scales;
    int32_t *sums;
} Rows;

static float row_scale(Manner manner, uint64_t *state)
{
    static const float odd[] = { 0, 1e-45f, 1e-39f, 1e-3f, 1, 1e10f, 1e25f };
    uint32_t r = test_random(state);

    if (manner == ODD_SCALES)
        return odd[r % (sizeof odd / sizeof odd[0])];
    return ldexpf(1 + (float)(r % 1000) / 1000, -8);
}

/* Rows of x as code_rows leaves them, but any numbers. */
static void rows_make(Rows *x, int T, int columns, Manner manner, uint64_t *state)
{
    size_t blocks = (size_t)T * (size_t)(columns / 32);

    x->codes = room(blocks * 32);
    x->scales = room(blocks * sizeof *x->scales);
    x->sums = room(blocks * sizeof *x->sums);
    for (size_t b = 0; b < blocks; b++) {
        x->scales[b] = row_scale(manner, state);
        x->sums[b] = 0;
        for (int i = 0; i < 32; i++) {
            uint32_t r = test_random(state) >> 8;
            int code = manner == EXTREME ? (r % 8 != 0 ? 127 : -127)
                                         : (int)(r % 255) - 127;

            x->codes[b * 32 + (size_t)i] = (int8_t)code;
            x->sums[b] += code;
        }
    }
    x->coded = (Coded){ T, columns / 32, x->codes, x->scales, x->sums };
}

static void rows_free(Rows *x)
{
    free(x->codes), free(x->scales), free(x->sums);
}

/* ---- every table that this processor has */

enum { TABLES = 6 };

/* The two plain tables, and what the others' names choose. */
static int tables(const Kernels **all)
{
    static const char *const names[] = { "plain", "avx2", "avx512", "neon" };
    Error error = {0};
    int n = 0;

    all[n++] = &kernels_plain;
    for (int i = 0; i < 4; i++)
        if (kernels_choose(names[i], &error))
            all[n++] = kernels;
    return n;
}

/* NaN has many faces, and none of them counts. */
static void hide_nan(float *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (isnan(y[i]))
            y[i] = NAN;
}

/* One product by all tables: the textbook's bits, and not a byte beyond rows. */
static void check_product(Format format, int rows, int columns, int T, Manner manner,
                          uint64_t *state)
{
    int stride = rows + 3;
    size_t count = (size_t)T * (size_t)stride + 2 * GUARD;
    float *want = room(count * sizeof *want), *y = room(count * sizeof *y);
    unsigned char *memory, *w = matrix_make(&memory, format, rows, columns, manner, state);
    const Kernels *all[TABLES];
    int n = tables(all);
    Rows x;
    Book book;

    rows_make(&x, T, columns, manner, state);
    book_open(&book, w, format, rows, columns);
    for (size_t i = 0; i < count; i++)
        want[i] = -7;
    for (int t = 0; t < T; t++)
        for (int o = 0; o < rows; o++)
            row(want + GUARD, t, stride)[o] = book_dot(&book, o, &x.coded, t);
    hide_nan(want, count);
    for (int i = 0; i < n; i++) {
        for (size_t j = 0; j < count; j++)
            y[j] = -7;
        all[i]->blocks[format](y + GUARD, (size_t)stride, w, rows, &x.coded);
        hide_nan(y, count);
        if (memcmp(y, want, count * sizeof *y) != 0)
            test_fail(__FILE__, __LINE__, "%s %s: rows %d, columns %d, T %d, manner %d",
                      all[i]->name, format_name(format), rows, columns, T, manner);
    }
    book_close(&book), rows_free(&x);
    free(memory), free(want), free(y);
}

static const int all_rows[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                                17, 64, 65, 130 };
static const int all_T[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 63, 64, 65, 130 };

enum { ROWS = 20, TS = 13, WIDTHS = 22 };

static int width(int i)
{
    return i < 20 ? 32 * (i + 1) : i == 20 ? 2048 : 5632;
}

/* Every pair of rows and T, at narrow widths. */
TEST(rows_and_tokens)
{
    uint64_t state = 1;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < TS; j++)
                check_product(format, all_rows[i], width((i + 3 * j) % 6), all_T[j],
                              ORDINARY, &state);
}

/* Every width with one row of x and with a few. */
TEST(widths)
{
    static const int T[] = { 1, 2, 5 };
    uint64_t state = 2;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int i = 0; i < WIDTHS; i++)
            for (int j = 0; j < 3; j++)
                check_product(format, 13, width(i), T[j], ORDINARY, &state);
}

/* All codes at the ends of their ranges: 32 · 127 · 127 in a block. */
TEST(extreme_codes)
{
    uint64_t state = 3;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int j = 0; j < TS; j++)
            check_product(format, 24, 96, all_T[j], EXTREME, &state);
}

/* Nought, subnormal, the largest, below nought; sums that run over, and NaN. */
TEST(odd_scales)
{
    uint64_t state = 4;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int j = 0; j < TS; j++)
            check_product(format, 33, 32 * (j + 1), all_T[j], ODD_SCALES, &state);
}

/* A file may hold what encode.c never writes: -128. */
TEST(any_bytes)
{
    uint64_t state = 12;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int j = 0; j < TS; j++)
            check_product(format, 17, 64, all_T[j], ANY_BYTES, &state);
}

/* The worst sums of all: every product has the same sign. */
TEST(the_largest_sums)
{
    const Kernels *all[TABLES];
    int n = tables(all);

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int sign = 0; sign < 6; sign++) {
            unsigned char w[272] = {0};
            int code = sign % 2 == 0 ? 127 : -127, weight = sign < 2 ? 127 : sign < 4 ? -127 : -128;
            int8_t codes[32];
            float scale = 1, y[8];
            int32_t sum = 32 * code;
            Coded x = { 1, 1, codes, &scale, &sum };

            if (format == FORMAT_INT4)
                weight = sign < 2 ? 7 : -8;
            for (int r = 0; r < 8; r++)
                w[2 * r + 1] = 0x3C;                        /* 1 */
            memset(w + 16, format == FORMAT_INT8 ? weight : (weight + 8) * 17,
                   sizeof w - 16);
            memset(codes, code, sizeof codes);
            for (int i = 0; i < n; i++) {
                all[i]->blocks[format](y, 8, w, 8, &x);
                for (int r = 0; r < 8; r++)
                    expect(y[r] == (float)(32 * code * weight));
            }
        }
}

/* Through matmul_coded: pieces and threads change no bit. */
TEST(any_threads)
{
    static const struct { int rows, columns, T; } shapes[] = {
        { 130, 512, 1 }, { 130, 512, 65 }, { 1001, 96, 3 }, { 192, 576, 13 },
        { 9, 5632, 2 }, { 517, 2048, 1 }, { 1, 32, 1 },
    };
    static const int threads[] = { 1, 2, 3, 7 };
    uint64_t state = 5;

    for (int s = 0; s < 14; s++) {
        int rows = shapes[s / 2].rows, columns = shapes[s / 2].columns;
        int T = shapes[s / 2].T, count = T * rows;
        Format format = s % 2 == 0 ? FORMAT_INT8 : FORMAT_INT4;
        unsigned char *memory;
        Matrix w = { NULL, format, rows, columns };
        float *want = room((size_t)count * sizeof *want);
        float *y = room((size_t)(count + 1) * sizeof *y);
        const Kernels *all[TABLES];
        int n = tables(all);
        Rows x;
        Book book;

        w.data = matrix_make(&memory, format, rows, columns, ORDINARY, &state);
        rows_make(&x, T, columns, ORDINARY, &state);
        book_open(&book, w.data, format, rows, columns);
        for (int t = 0; t < T; t++)
            for (int o = 0; o < rows; o++)
                row(want, t, rows)[o] = book_dot(&book, o, &x.coded, t);
        for (int i = 0; i < 4 * n; i++) {
            kernels = all[i / 4];
            parallel_set_threads(threads[i % 4]);
            memset(y, 0xFF, (size_t)(count + 1) * sizeof *y);
            matmul_coded(y, &w, &x.coded);
            expect_same_bits(y, want, count);
            expect(isnan(y[count]));
        }
        book_close(&book), rows_free(&x);
        free(memory), free(want), free(y);
    }
}

/* Sizes by hand: (rows + 7) / 8 groups of columns / 32 blocks of 272 or 144 bytes. */
TEST(sizes)
{
    expect_int(block_bytes(FORMAT_INT8), 272);
    expect_int(block_bytes(FORMAT_INT4), 144);
    expect_int(blocks_bytes(FORMAT_INT8, 8, 32), 272);
    expect_int(blocks_bytes(FORMAT_INT4, 9, 64), 2 * 2 * 144);
    expect_int(blocks_bytes(FORMAT_INT4, 1, 96), 3 * 144);
    expect_int(blocks_bytes(FORMAT_INT8, 0, 96), 0);
    /* More than 4 GB: 200000 · 32768 · 34 / 32. */
    expect(blocks_bytes(FORMAT_INT8, 200000, 32768) == UINT64_C(6963200000));
}

/* A row widened is scale · code, each rounded once. */
TEST(one_row)
{
    uint64_t state = 6;
    float out[96];

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++) {
        unsigned char *memory, *w = matrix_make(&memory, format, 19, 96, ODD_SCALES,
                                                &state);
        Matrix m = { w, format, 19, 96 };
        Book book;

        book_open(&book, w, format, 19, 96);
        expect_int(matrix_bytes(&m), 3 * 3 * (format == FORMAT_INT8 ? 272 : 144));
        for (int o = 0; o < 19; o++) {
            matrix_row(out, &m, o);
            for (int k = 0; k < 96; k++)
                expect(out[k] == row(book.scales, o, 3)[k / 32]
                                 * (float)row(book.codes, o, 96)[k]);
        }
        book_close(&book), free(memory);
    }
}

TEST(nothing_to_do)
{
    float y[1] = { 5 };
    Matrix empty = { y, FORMAT_INT8, 0, 64 };
    Coded none = { .T = 0, .blocks = 2 }, one = { .T = 1, .blocks = 2 };

    matmul_coded(y, &empty, &none);
    matmul_coded(y, &empty, &one);
    expect(y[0] == 5);
}

/* All widths, rows and T with each other: 11,440 products. */
TEST(everything)
{
    uint64_t state = 10;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int w = 0; w < WIDTHS; w++)
            for (int i = 0; i < ROWS; i++)
                for (int j = 0; j < TS; j++)
                    check_product(format, all_rows[i], width(w), all_T[j],
                                  (i + j) % 4 == 0 ? EXTREME : ORDINARY, &state);
}

const Test blocks_tests[] = {
    { "by the book: every pair of rows and tokens", rows_and_tokens },
    { "by the book: every width", widths },
    { "extreme codes", extreme_codes },
    { "odd scales", odd_scales },
    { "any bytes, as a file may hold them", any_bytes },
    { "the largest sums", the_largest_sums },
    { "any threads, any kernels: the same bits", any_threads },
    { "sizes", sizes },
    { "one row, widened", one_row },
    { "no rows, no tokens", nothing_to_do },
    { "proof: all widths, rows and tokens with each other", everything },
    { NULL, NULL },
};
