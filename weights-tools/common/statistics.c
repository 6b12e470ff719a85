/* statistics.c - what a tensor's numbers are like, in one struct
 *
 *      tensor   ┌────────┬────────┬────────┬────────┬────────┬───
 *               │ block 0│ block 1│ block 2│ block 3│ block 4│ …   8192 numbers each
 *               └───┬────┴───┬────┴───┬────┴───┬────┴───┬────┴───
 *                   │        │        │        │        │          on any thread
 *                   ▼        ▼        ▼        ▼        ▼
 *                 n, mean,  n, mean, …                             one per block
 *                 M2, min … M2, min …
 *                   └────┬───┴────┬───┴───┬────┘
 *                        ▼ in order, one after another
 *                    the tensor's n, mean, M2, min, max
 *
 *      second time: the histogram and the outliers, which need mean and std
 *
 * The obvious formula for the spread, mean of squares minus square of the mean,
 * subtracts two nearly equal numbers when the mean is large beside the spread (norm
 * weights are such), and what is left is noise. So a block's numbers, still in the
 * cache, are read twice: for the mean, then for the squared distances from it. Two
 * parts a and b are joined exactly as if they had been one:
 *
 *      δ = mean_b - mean_a,   n = n_a + n_b                                (1)
 *      mean = mean_a + δ · n_b / n                                         (2)
 *      M2 = M2_a + M2_b + δ² · n_a · n_b / n,   std = √(M2 / n)            (3)
 *
 * Where a block begins depends on nothing but its number, and blocks are joined in
 * order: the same bits for any number of threads.
 *
 *      bin of x = ⌊(x - low) · (16 / (high - low))⌋,  the last for x = high (4)
 *      low = max(min, mean - 4 std),   high = min(max, mean + 4 std)       (5)
 *
 * (5), because one outlier would push all others into one bin: what lies beyond is
 * counted beside the histogram.
 *
 * Large tensors: pages are given back once they were read, so that a file of many
 * gigabytes is looked at in little memory.
 *
 * Source: Chan, Golub and LeVeque, "Algorithms for Computing the Sample Variance",
 * 1983, for (1) to (3). Read next: weights-tools/common/lines.c.
 */
#include "weights-tools/common/statistics.h"

#include <math.h>                   /* sqrt, isnan, isfinite, fabs, fmin    */

#include "base/memory.h"            /* a struct per block                   */
#include "base/parallel.h"          /* blocks on all cores                  */
#include "weights-tools/common/widen.h"

#define BLOCK 8192                  /* numbers                              */
#define PIECE ((size_t)64 << 20)    /* bytes read before pages are given back */

typedef struct {                    /* one look at a tensor                 */
    const Tensor *tensor;
    const Statistics *whole;        /* second time: what the first one found */
    uint64_t first;                 /* block of parts[0]                    */
    Statistics *parts;              /* [blocks of a piece]                  */
    double *squares;                /* [blocks of a piece] M2               */
} Look;

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* The numbers of block b into x; returns how many there are. */
static int read_block(double x[BLOCK], const Tensor *tensor, uint64_t b)
{
    uint64_t first = b * BLOCK;
    uint64_t count = min_u64(BLOCK, tensor_count(tensor) - first);

    widen(x, tensor->data, tensor->dtype, (size_t)first, (size_t)count);
    return (int)count;
}

/* Count what can be counted, and sum the finite ones. */
static double count_block(Statistics *s, const double *x, int n, double normal)
{
    double sum = 0;

    for (int i = 0; i < n; i++) {
        double size = fabs(x[i]);

        if (!isfinite(x[i])) {
            if (s->nan + s->infinite == 0)
                s->first_odd = (uint64_t)i;
            s->nan += isnan(x[i]) ? 1 : 0;
            s->infinite += isnan(x[i]) ? 0 : 1;
            continue;
        }
        s->zeros += size == 0;
        s->subnormal += size > 0 && size < normal;
        s->min = s->finite == 0 || x[i] < s->min ? x[i] : s->min;
        s->max = s->finite == 0 || x[i] > s->max ? x[i] : s->max;
        s->finite++;
        sum += x[i];
    }
    return sum;
}

/* ParallelBody, first time: counts, extremes, mean and squared distances. */
static void first_look(int begin, int end, int worker, void *arg)
{
    const Look *look = arg;
    double normal = widen_smallest_normal(look->tensor->dtype), x[BLOCK];

    (void)worker;
    for (int b = begin; b < end; b++) {
        Statistics *s = &look->parts[b];
        int n = read_block(x, look->tensor, look->first + (uint64_t)b);
        double sum, squares = 0;

        *s = (Statistics){ .count = (uint64_t)n, .first_odd = (uint64_t)n };
        sum = count_block(s, x, n, normal);
        s->mean = s->finite == 0 ? 0 : sum / (double)s->finite;
        for (int i = 0; i < n; i++)
            if (isfinite(x[i]))
                squares += (x[i] - s->mean) * (x[i] - s->mean);
        look->squares[b] = squares;
    }
}

/* Equations (1) to (3): add a block to what came before it. M2: out and in. */
static void join(Statistics *s, double *squares, const Statistics *block,
                 double block_squares)
{
    double before = (double)s->finite, more = (double)block->finite;
    double delta = block->mean - s->mean, n = before + more;

    if (s->nan + s->infinite == 0)
        s->first_odd = s->count + block->first_odd;
    s->count += block->count;
    s->nan += block->nan;
    s->infinite += block->infinite;
    s->zeros += block->zeros;
    s->subnormal += block->subnormal;
    if (block->finite == 0)
        return;
    s->min = s->finite == 0 ? block->min : fmin(s->min, block->min);
    s->max = s->finite == 0 ? block->max : fmax(s->max, block->max);
    s->finite += block->finite;
    *squares += block_squares + delta * delta * before * (more / n);
    s->mean += delta * (more / n);
}

/* ParallelBody, second time: equation (4), and who is furthest from the mean. */
static void second_look(int begin, int end, int worker, void *arg)
{
    const Look *look = arg;
    const Statistics *whole = look->whole;
    double width = whole->high - whole->low, x[BLOCK];
    double scale = width > 0 && isfinite(width) ? STATISTICS_BINS / width : 0;

    (void)worker;
    for (int b = begin; b < end; b++) {
        Statistics *s = &look->parts[b];
        int n = read_block(x, look->tensor, look->first + (uint64_t)b);
        double furthest = -1;

        *s = (Statistics){ .furthest_value = whole->mean };
        for (int i = 0; i < n; i++) {
            double far = fabs(x[i] - whole->mean);
            int bin = 0;

            if (!isfinite(x[i]))
                continue;
            if (far > furthest) {
                furthest = far;
                s->furthest = (look->first + (uint64_t)b) * BLOCK + (uint64_t)i;
                s->furthest_value = x[i];
            }
            s->outliers += far > STATISTICS_FAR * whole->std;
            s->below += x[i] < whole->low;
            s->above += x[i] > whole->high;
            if (x[i] < whole->low || x[i] > whole->high)
                continue;
            bin = (int)((x[i] - whole->low) * scale);
            s->bins[bin < STATISTICS_BINS ? bin : STATISTICS_BINS - 1]++;
        }
    }
}

static void join_second(Statistics *s, const Statistics *block)
{
    s->below += block->below;
    s->above += block->above;
    s->outliers += block->outliers;
    for (int i = 0; i < STATISTICS_BINS; i++)
        s->bins[i] += block->bins[i];
    if (fabs(block->furthest_value - s->mean) > fabs(s->furthest_value - s->mean)) {
        s->furthest = block->furthest;
        s->furthest_value = block->furthest_value;
    }
}

void statistics_give_back(const Tensor *tensor, const MapFile *file, uint64_t first,
                          uint64_t end)
{
    size_t bits = (size_t)dtype_bits(tensor->dtype), start;

    if (file == NULL || first >= end)
        return;
    start = (size_t)((const unsigned char *)tensor->data - file->bytes);
    mapfile_give_back(file, start + (size_t)first * bits / 8,
                      start + (size_t)end * bits / 8);
}

/* Both looks at all blocks, a piece at a time.
 *
 *   body    first_look or second_look
 *   s       out, joined in order of blocks; M2 into *squares when it is the first
 */
static void take_all(Look *look, Statistics *s, double *squares, int piece,
                     ParallelBody *body, const MapFile *file)
{
    uint64_t count = tensor_count(look->tensor), blocks = (count + BLOCK - 1) / BLOCK;

    for (look->first = 0; look->first < blocks; look->first += (uint64_t)piece) {
        int n = (int)min_u64((uint64_t)piece, blocks - look->first);

        parallel_for(n, 4, body, look);
        for (int b = 0; b < n; b++)
            if (squares != NULL)
                join(s, squares, &look->parts[b], look->squares[b]);
            else
                join_second(s, &look->parts[b]);
        statistics_give_back(look->tensor, file, look->first * BLOCK,
                             min_u64((look->first + (uint64_t)n) * BLOCK, count));
    }
}

/* Cost: two readings of the tensor; 64 MB of its pages, and 2 MB. */
void statistics_take(Statistics *s, const Tensor *tensor, const MapFile *file)
{
    int piece = (int)(PIECE / (BLOCK * (size_t)dtype_bits(tensor->dtype) / 8));
    Look look = { .tensor = tensor, .whole = s };
    double squares = 0;

    *s = (Statistics){0};
    look.parts = memory_get(piece, sizeof *look.parts);
    look.squares = memory_get(piece, sizeof *look.squares);
    take_all(&look, s, &squares, piece, first_look, file);
    if (!isfinite(squares)) {               /* F64 only: beyond 1e154       */
        s->mean = s->std = s->furthest_value = (double)NAN;
        s->low = s->min;
        s->high = s->max;
    } else if (s->finite > 0) {
        s->std = sqrt(squares / (double)s->finite);
        s->low = fmax(s->min, s->mean - STATISTICS_SPAN * s->std);
        s->high = fmin(s->max, s->mean + STATISTICS_SPAN * s->std);
        s->furthest_value = s->mean;
        take_all(&look, s, NULL, piece, second_look, file);
    }
    memory_give_back(look.parts);
    memory_give_back(look.squares);
}
