/* versions.c - one product in many versions: each timed, and each hashed
 *
 *      memory   ┌────────┬────────┬────────┬─ … ─┬────────┐
 *               │ W      │ W      │ W      │     │ W      │   64 MB: more than
 *               └────────┴────────┴────────┴─ … ─┴────────┘   the caches hold
 *      product      1        2        3              1 again, and it has to come
 *                                                    from memory again
 *
 *      y_o = Σ_i w_oi · x_i                                               (1)
 *
 * One matrix times one row of numbers, written as a beginner would, as dot.c defines
 * it, and as the engine does it. What changes from version to version is the order of
 * the work. What must not change is the order of the additions in each sum, and that is
 * checked by a hash of y, not by a tolerance.
 *
 * version_one_sum    for each o, for each i: sum = sum + w · x. One sum, so that each
 *                    addition waits for the one before it, three or four cycles long.
 *                    And it is another order of additions: other bits.
 * version_plain      eight sums that do not wait for each other (dot.c), compiled for
 *                    any processor of its family: on x86-64 fmaf is a function call.
 * version_plain_fma  the same C source, compiled where the instruction may be used.
 * version_row        vectors: the eight sums are one register. One row after the other.
 * version_rows       several rows at once: more sums on their way, x loaded once, and
 *                    the next rows asked for ahead of time.
 * version_threads    rows dealt out to threads: src/kernels/matmul.c.
 *
 * Two that are no better. version_split deals out the columns instead of the rows: each
 * thread has half of every sum, and the halves are added in the end; an addition that
 * the definition does not have. version_ahead asks for the next row while it works on
 * this one, which pays where a row comes from memory, and where it lies in the cache
 * already is one more instruction for nothing.
 *
 * A time is the best of some: other programs only make it longer.
 *
 * Read next: src/kernels/dot.c, src/kernels/dot_avx2.c, src/kernels/matmul.c.
 */
#include "chapters/lesson/versions.h"

#include <math.h>                   /* fmaf                                  */
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "base/random.h"
#include "kernels/coding.h"

#define CHAIN 20000                 /* additions, and calls of fmaf, that are timed */
#define TRIES 3                     /* of which the best counts              */
#define LINE 64                     /* bytes that come from memory together  */
#define EIGHT 8

bool ring_init(Ring *r, size_t bytes, int rows, int columns, int T, Error *error)
{
    *r = (Ring){ .room_bytes = bytes, .T = 1 };
    r->room = memory_get_large(bytes, "the copies of a matrix", error);
    if (r->room == NULL)
        return false;
    r->x = memory_get(T * columns, sizeof *r->x);
    r->y = memory_get(T * rows, sizeof *r->y);
    r->wide = memory_get(columns, sizeof *r->wide);
    r->codes = memory_get_large(coded_bytes(T, columns), "codes", error);
    for (int i = 0; i < T * columns; i++)
        r->x[i] = 2 * random_uniform(1, 0, (uint32_t)i, 0) - 1;
    return r->codes != NULL;
}

void ring_free(Ring *r)
{
    memory_give_back(r->room);
    memory_give_back(r->x);
    memory_give_back(r->y);
    memory_give_back(r->wide);
    memory_give_back(r->codes);
    *r = (Ring){ .T = 0 };
}

/* x as whole numbers where W is of blocks: once for each input, as the engine does. */
void ring_rows(Ring *r, int T)
{
    r->T = T;
    if (r->w.format >= FORMAT_FLOATS)
        code_rows(&r->coded, r->codes, r->x, T, r->w.columns);
}

void ring_fill(Ring *r, const Matrix *w)
{
    size_t bytes = matrix_bytes(w);

    must(bytes <= r->room_bytes, "%zu bytes in %zu", bytes, r->room_bytes);
    r->w = *w;
    r->w.data = r->room;
    r->copies = (int)(r->room_bytes / bytes);
    r->turn = 0;
    for (int i = 0; i < r->copies; i++)
        memcpy(r->room + (size_t)i * bytes, w->data, bytes);
    ring_rows(r, 1);
}

static void ring_turn(Ring *r)
{
    r->turn = (r->turn + 1) % r->copies;
    r->w.data = r->room + (size_t)r->turn * matrix_bytes(&r->w);
}

static size_t row_bytes(const Matrix *w)
{
    return (size_t)w->columns * format_bytes(w->format);
}

/* ---- the versions; equation (1) */

void version_one_sum(Ring *r)
{
    for (int o = 0; o < r->w.rows; o++) {
        float sum = 0;

        matrix_row(r->wide, &r->w, o);
        for (int i = 0; i < r->w.columns; i++)
            sum += r->wide[i] * r->x[i];
        r->y[o] = sum;
    }
}

/* All rows by one call of a table's kernel, on this thread. */
static void by_table(Ring *r, const Kernels *table)
{
    const Matrix *w = &r->w;

    if (w->format >= FORMAT_FLOATS)
        table->blocks[w->format](r->y, (size_t)w->rows, w->data, w->rows, &r->coded);
    else
        table->tile[w->format](r->y, (size_t)w->rows, w->data, w->rows, r->x,
                               (size_t)w->columns, r->T, w->columns);
}

void version_plain(Ring *r)
{
    by_table(r, &kernels_plain);
}

void version_plain_fma(Ring *r)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("fma")) {
        by_table(r, &kernels_plain_fma);
        return;
    }
#endif
    by_table(r, &kernels_plain);
}

void version_rows(Ring *r)
{
    by_table(r, kernels);
}

void version_row(Ring *r)
{
    const Matrix *w = &r->w;

    for (int o = 0; o < w->rows; o++)
        r->y[o] = kernels->dot[w->format](
            row((const unsigned char *)w->data, o, row_bytes(w)), r->x, w->columns);
}

void version_ahead(Ring *r)
{
    const Matrix *w = &r->w;

    for (int o = 0; o < w->rows; o++) {
        const unsigned char *row_o = row((const unsigned char *)w->data, o,
                                         row_bytes(w));

        for (size_t at = 0; o + 1 < w->rows && at < row_bytes(w); at += LINE)
            __builtin_prefetch(row_o + row_bytes(w) + at);
        r->y[o] = kernels->dot[w->format](row_o, r->x, w->columns);
    }
}

typedef struct {                    /* version_split: half 0, half 1         */
    const Ring *ring;
    float *half;                    /* [2, rows]                             */
} Halves;

static void split_half(int begin, int end, int worker, void *arg)
{
    const Halves *h = arg;
    const Matrix *w = &h->ring->w;
    int middle = w->columns / 2;

    (void)worker;
    for (int part = begin; part < end; part++)
        for (int o = 0; o < w->rows; o++) {
            int from = part == 0 ? 0 : middle, to = part == 0 ? middle : w->columns;
            const unsigned char *row_o = row((const unsigned char *)w->data, o,
                                             row_bytes(w));

            row(h->half, part, w->rows)[o] = kernels->dot[w->format](
                row_o + (size_t)from * format_bytes(w->format), h->ring->x + from,
                to - from);
        }
}

void version_split(Ring *r)
{
    Halves h = { r, memory_get(2 * r->w.rows, sizeof(float)) };

    parallel_for(2, 1, split_half, &h);
    for (int o = 0; o < r->w.rows; o++)
        r->y[o] = h.half[o] + row(h.half, 1, r->w.rows)[o];
    memory_give_back(h.half);
}

void version_threads(Ring *r)
{
    if (r->w.format >= FORMAT_FLOATS)
        matmul_coded(r->y, &r->w, &r->coded);
    else
        matmul(r->y, &r->w, r->x, r->T);
}

/* ---- their times */

Timed version_time(Ring *r, Version *version, double seconds)
{
    Timed timed = { .seconds = 1e9 };
    double all = 0;

    for (int i = 0; i < 3 || all < seconds; i++) {
        double start, one;

        ring_turn(r);
        //@stop version_begins
        start = clock_seconds();
        version(r);
        one = clock_seconds() - start;
        timed.seconds = one < timed.seconds ? one : timed.seconds;
        all += one;
        if (one > 4 * seconds)
            break;
    }
    timed.hash = hash_floats(HASH_START, r->y, (size_t)r->T * (size_t)r->w.rows);
    return timed;
}

/* The sum goes through a volatile at both ends, so that somebody needs it. */
double time_of_addition(void)
{
    volatile float first = 1, last;
    double best = 1e9;

    for (int t = 0; t < TRIES; t++) {
        double start = clock_seconds(), one;
        float sum = first, step = first;

        for (int i = 0; i < CHAIN; i++)
            sum += step;
        last = sum;
        one = clock_seconds() - start;
        best = one < best ? one : best;
    }
    (void)last;
    return best / CHAIN;
}

double time_of_fmaf(void)
{
    volatile float first = 0.5f, last;
    double best = 1e9;

    for (int t = 0; t < TRIES; t++) {
        double start = clock_seconds(), one;
        float lane[EIGHT], half = first;

        for (int j = 0; j < EIGHT; j++)
            lane[j] = half;
        for (int i = 0; i < CHAIN; i += EIGHT)
            for (int j = 0; j < EIGHT; j++)
                lane[j] = fmaf(half, half, lane[j]);
        last = lane[0] + lane[EIGHT - 1];
        one = clock_seconds() - start;
        best = one < best ? one : best;
    }
    (void)last;
    return best / CHAIN;
}
