/* lines.c - rows and columns of a matrix that do not look like the others
 *
 *            column 3 is loud                    a weight is [out, in]:
 *                 │
 *      ┌ · · · · █ · · · ┐                       a row makes one output, so a row
 *      │ · · · · █ · · · │                       of zeros is an output that never
 *      │ 0 0 0 0 0 0 0 0 │ ◄── dead              moves; in an embedding it is a
 *      │ a b c d █ e f g │ ◄─┐                   word that was never trained
 *      │ · · · · █ · · · │   │ twins
 *      │ a b c d █ e f g │ ◄─┘                   a column belongs to one input:
 *      └ · · · · █ · · · ┘                       a loud one is a feature that
 *                                                quantizing has to be careful with
 *
 * Rows that are byte for byte the same are found by a fingerprint of each row:
 * sorted, twins stand side by side; a look at the bytes makes sure.
 *
 *      rms of column c = √( (1/rows) Σ_r w_rc² )                           (1)
 *
 * A column is loud when (1) is four times that of the median column: in a matrix
 * of random numbers no column is. Sums go down the rows in order, whole columns to
 * one thread each: the same bits for any number of threads.
 *
 * Trap: -0 is a zero, too; pruning by multiplication leaves them. A row is dead by
 * its numbers, not by its bytes.
 *
 * Read next: weights-tools/inspect.c.
 */
#include "weights-tools/common/lines.h"

#include <math.h>                   /* sqrt, isfinite                       */
#include <stdlib.h>                 /* qsort                                */
#include <string.h>                 /* memcmp                               */

#include "base/hash.h"              /* a row's fingerprint                  */
#include "base/memory.h"            /* a fingerprint per row, a sum per column */
#include "base/parallel.h"          /* rows, then columns                   */
#include "weights-tools/common/statistics.h"
#include "weights-tools/common/widen.h"

#define LEAST 8                     /* rows and columns of a matrix         */
#define MOST ((uint64_t)1 << 28)    /* rows that are looked at              */
#define PIECE ((size_t)64 << 20)    /* bytes read before pages are given back */
#define GROUP 256                   /* columns, or numbers of a row, at once */

typedef struct {
    uint64_t hash, row;             /* of the row's bytes; which row         */
    bool dead;
} Print;

typedef struct {
    const Tensor *tensor;
    size_t columns, row_bytes;
    uint64_t first;                 /* row of the piece                     */
    int n;                          /* rows of the piece                    */
    Print *prints;                  /* [rows]                               */
    double *squares;                /* [columns] sums of squares            */
} Look;

static const unsigned char *row_at(const Look *look, uint64_t r)
{
    return row((const unsigned char *)look->tensor->data, r, look->row_bytes);
}

static bool is_dead(const Look *look, uint64_t r)
{
    double x[GROUP];

    for (size_t c = 0; c < look->columns; c += GROUP) {
        size_t n = look->columns - c < GROUP ? look->columns - c : GROUP;

        widen(x, row_at(look, r), look->tensor->dtype, c, n);
        for (size_t i = 0; i < n; i++)
            if (x[i] != 0)
                return false;
    }
    return true;
}

/* ParallelBody: rows of the piece. */
static void print_rows(int begin, int end, int worker, void *arg)
{
    const Look *look = arg;

    (void)worker;
    for (int i = begin; i < end; i++) {
        uint64_t r = look->first + (uint64_t)i;

        look->prints[r] = (Print){
            .row = r, .dead = is_dead(look, r),
            .hash = hash_bytes(HASH_START, row_at(look, r), look->row_bytes),
        };
    }
}

/* ParallelBody: groups of columns, down the rows of the piece. */
static void sum_columns(int begin, int end, int worker, void *arg)
{
    const Look *look = arg;
    double x[GROUP];

    (void)worker;
    for (int g = begin; g < end; g++) {
        size_t c = (size_t)g * GROUP;
        size_t n = look->columns - c < GROUP ? look->columns - c : GROUP;
        double *squares = look->squares + c;

        for (int r = 0; r < look->n; r++) {
            widen(x, row_at(look, look->first + (uint64_t)r), look->tensor->dtype, c,
                  n);
            for (size_t i = 0; i < n; i++)
                squares[i] += isfinite(x[i]) ? x[i] * x[i] : 0;
        }
    }
}

static int by_hash(const void *left, const void *right)
{
    const Print *a = left, *b = right;

    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Dead rows and twins, from the fingerprints. */
static void judge_rows(Lines *lines, const Look *look)
{
    Print *prints = look->prints;

    for (uint64_t r = 0; r < lines->rows; r++) {
        if (prints[r].dead && lines->dead == 0)
            lines->first_dead = r;
        lines->dead += prints[r].dead;
    }
    qsort(prints, (size_t)lines->rows, sizeof *prints, by_hash);
    for (uint64_t i = 0, head = 0; i < lines->rows; i++) {
        if (prints[i].hash != prints[head].hash)
            head = i;                   /* the earliest row of this print   */
        if (i == head || prints[i].dead
            || memcmp(row_at(look, prints[i].row), row_at(look, prints[head].row),
                      look->row_bytes) != 0)
            continue;
        if (lines->twins == 0 || prints[i].row < lines->first_twin) {
            lines->first_twin = prints[i].row;
            lines->like = prints[head].row;
        }
        lines->twins++;
    }
}

static int by_size(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* Dead and loud columns, equation (1), from the sums of squares. */
static void judge_columns(Lines *lines, const Look *look)
{
    size_t n = look->columns;
    double *sorted = memory_get_bytes(n * sizeof *sorted), median;

    memcpy(sorted, look->squares, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_size);
    median = sorted[n / 2];
    memory_give_back(sorted);
    for (size_t c = 0; c < n; c++) {
        double square = look->squares[c];

        if (square == 0 && lines->dead_columns++ == 0)
            lines->first_dead_column = c;
        lines->loud += median > 0 && square > LINES_LOUD * LINES_LOUD * median;
        if (square > look->squares[lines->loudest])
            lines->loudest = c;
    }
    if (median > 0)
        lines->times = sqrt(look->squares[lines->loudest] / median);
}

/* Cost: two readings of the tensor; 64 MB of its pages, 24 bytes per row. */
void lines_take(Lines *lines, const Tensor *tensor, const MapFile *file)
{
    Look look = { .tensor = tensor };
    uint64_t count = tensor_count(tensor), columns;
    int piece;

    *lines = (Lines){0};
    columns = tensor->rank < 2 ? 0 : tensor->shape[tensor->rank - 1];
    if (columns < LEAST || count / columns < LEAST || count / columns > MOST)
        return;
    lines->rows = count / columns;
    lines->columns = columns;
    look.columns = (size_t)columns;
    look.row_bytes = tensor->bytes / (size_t)lines->rows;
    look.prints = memory_get_bytes((size_t)lines->rows * sizeof *look.prints);
    look.squares = memory_get_bytes(look.columns * sizeof *look.squares);
    piece = (int)(PIECE / look.row_bytes) + 1;
    for (; look.first < lines->rows; look.first += (uint64_t)piece) {
        uint64_t rest = lines->rows - look.first;

        look.n = rest < (uint64_t)piece ? (int)rest : piece;
        parallel_for(look.n, 16, print_rows, &look);
        parallel_for((int)((look.columns + GROUP - 1) / GROUP), 1, sum_columns, &look);
        statistics_give_back(tensor, file, look.first * columns,
                             (look.first + (uint64_t)look.n) * columns);
    }
    judge_rows(lines, &look);
    judge_columns(lines, &look);
    memory_give_back(look.prints);
    memory_give_back(look.squares);
}
