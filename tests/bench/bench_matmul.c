/* bench_matmul.c - how fast are matrix products, beside what memory can give?
 *
 *      ┌──────────────────── 256 MB of weights ─────────────────────┐
 *      │ copy 0 of W │ copy 1 of W │ copy 2 of W │ …                │
 *      └─────────────┴─────────────┴─────────────┴──────────────────┘
 *        product 0     product 1     product 2     … then copy 0 again
 *
 * A model's layers are read one after the other, and by the time the first is
 * needed again the cache has forgotten it. One matrix multiplied again and again
 * would stay in the cache and flatter us; so each product takes the next copy.
 *
 * With one token (T = 1) the measure is GB/s of weights, beside the wall: the
 * same memory read by threads that do nothing else. With many it is GFLOP/s, two
 * for each fused multiply-add; for blocks, two for each product of whole numbers, and
 * coding x is part of the time. Five rows are what a draft of four needs. Shapes are
 * SmolLM2-135M's, and a wide one.
 *
 * The best of a few rounds is shown, because whatever else runs on the machine
 * only makes things slower. Other programs make these figures worthless;
 * compare only what was measured in one run.
 *
 * Usage: bench [THREADS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"         /* clock_seconds                             */
#include "base/memory.h"        /* memory_get_large                          */
#include "base/parallel.h"      /* parallel_for: the wall has threads too    */
#include "kernels/coding.h"
#include "kernels/matmul.h"

#define MEMORY ((size_t)256 << 20)      /* bytes; far more than a cache      */
#define STRIP (1 << 20)                 /* bytes that a thread reads at once */
#define ROUNDS 3
#define SECONDS 0.06                    /* of one round, at least            */
#define MOST_TOKENS 128

static const struct { int rows, columns; } shapes[] = {
    { 576, 576 }, { 1536, 576 }, { 576, 1536 }, { 49152, 576 }, { 2048, 5632 },
};
#define SHAPES (int)(sizeof shapes / sizeof shapes[0])
#define MOST_ROWS 49152
#define MOST_COLUMNS 5632

static const int tokens[] = { 1, 5, 16, MOST_TOKENS };
#define COLUMNS (int)(sizeof tokens / sizeof tokens[0])

typedef struct {
    unsigned char *weights;     /* [MEMORY]                                  */
    float *x;                   /* [MOST_TOKENS, MOST_COLUMNS]               */
    float *y;                   /* [MOST_TOKENS, MOST_ROWS]                  */
    void *room;                 /* x as whole numbers                        */
} Bench;

/* Numbers that are ordinary in each format: 1.0 … 1.25 as F16, some 2^-7 as
 * BF16 and F32. */
static void bench_fill(Bench *b)
{
    uint32_t random = 1;

    for (size_t i = 0; i < MEMORY; i += 2) {
        uint16_t h;

        random = random * 1664525 + 1013904223;
        h = (uint16_t)(0x3C00 | random >> 24);
        memcpy(b->weights + i, &h, 2);
    }
    for (int i = 0; i < MOST_TOKENS * MOST_COLUMNS; i++)
        b->x[i] = (float)(i % 17 - 8);
}

/* Read strips begin … end-1 and keep one number of them, so that the compiler
 * cannot leave the reading out. */
static void read_strips(int begin, int end, int worker, void *arg)
{
    const Bench *b = arg;
    const uint64_t *word = (const uint64_t *)(void *)
                           (b->weights + (size_t)begin * STRIP);
    size_t count = (size_t)(end - begin) * STRIP / sizeof *word;
    uint64_t all[8] = {0};

    (void)worker;
    for (size_t i = 0; i < count; i += 8)
        for (int j = 0; j < 8; j++)
            all[j] |= word[i + (size_t)j];
    b->y[begin] = (float)(all[0] | all[1] | all[2] | all[3] | all[4] | all[5]
                          | all[6] | all[7]);
}

/* GB/s of reading all the memory once: the best of a few. */
static double read_wall(Bench *b, int threads)
{
    double best = 0;

    parallel_set_threads(threads);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        double start = clock_seconds(), speed;

        parallel_for((int)(MEMORY / STRIP), 1, read_strips, b);
        speed = (double)MEMORY / 1e9 / (clock_seconds() - start);
        best = speed > best ? speed : best;
    }
    return best;
}

/* y = x · Wᵀ, as model/linear.c does it. */
static void multiply(Bench *b, const Matrix *w, int T)
{
    Coded coded;

    if (w->format < FORMAT_FLOATS) {
        matmul(b->y, w, b->x, T);
        return;
    }
    code_rows(&coded, b->room, b->x, T, w->columns);
    matmul_coded(b->y, w, &coded);
}

/* Seconds of one product, each with the next copy of w: the best round. */
static double product_seconds(Bench *b, Matrix w, int T)
{
    size_t bytes = matrix_bytes(&w), copies = MEMORY / bytes, next = 0;
    double best = 1e9;

    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_seconds(), spent = 0;
        int count = 0;

        for (; spent < SECONDS; spent = clock_seconds() - start, count++) {
            w.data = b->weights + bytes * (next++ % copies);
            multiply(b, &w, T);
        }
        best = spent / count < best ? spent / count : best;
    }
    return best;
}

/* One line: a format, a shape, a table of kernels. */
static void show_line(Bench *b, Format format, int shape, double wall)
{
    Matrix w = { .format = format, .rows = shapes[shape].rows,
                 .columns = shapes[shape].columns };

    printf("%-5s %5d × %-5d %-6s", format_name(format), w.rows, w.columns,
           kernels->name);
    for (int i = 0; i < COLUMNS; i++) {
        double seconds = product_seconds(b, w, tokens[i]);
        double work = 2.0 * w.rows * w.columns * tokens[i];

        if (i == 0)
            printf("  %6.1f GB/s %4.0f %%", (double)matrix_bytes(&w) / 1e9
                   / seconds, (double)matrix_bytes(&w) / 1e7 / seconds / wall);
        else
            printf("  %7.1f", work / 1e9 / seconds);
    }
    printf("\n");
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "neon", "avx512", "avx2", "plain" };
    int threads = argc > 1 ? atoi(argv[1]) : parallel_cores();
    Error error = {0};
    double wall;
    Bench b;

    b.weights = memory_get_large(MEMORY, "weights", &error);
    b.x = memory_get_large(sizeof(float) * MOST_TOKENS * MOST_COLUMNS, "x", &error);
    b.y = memory_get_large(sizeof(float) * MOST_TOKENS * MOST_ROWS, "y", &error);
    b.room = memory_get_large(coded_bytes(MOST_TOKENS, MOST_COLUMNS), "x", &error);
    if (error.code != 0)
        return error_report(&error);
    if (threads < 1 || threads > 1024) {
        fprintf(stderr, "usage: bench [THREADS], 1 to 1024\n");
        return EXIT_USAGE;
    }
    bench_fill(&b);
    printf("reading memory: %.1f GB/s with 1 thread, ", read_wall(&b, 1));
    wall = read_wall(&b, threads);
    printf("%.1f with %d\n\n", wall, threads);
    printf("      rows × columns kernels T = 1, of the wall     T = 5   T = 16  T = %d "
           "(GFLOP/s)\n", MOST_TOKENS);
    for (int k = 0; k < 4; k++)
        if (kernels_choose(names[k], &error))
            for (Format format = 0; format < FORMAT_COUNT; format++)
                for (int shape = 0; shape < SHAPES; shape++)
                    show_line(&b, format, shape, wall);
    printf("\nreading memory again: %.1f GB/s with %d threads\n",
           read_wall(&b, threads), threads);
    return EXIT_FINE;
}
