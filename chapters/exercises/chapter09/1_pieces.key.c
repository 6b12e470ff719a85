/* 1_pieces.key.c - the key of exercise 09.1: every row once, and pieces as (1) to (3) say
 *
 *      rows, most, threads, k ──► my_piece ──► begin, end ──┐
 *                 │                                         ├──► the same?
 *                 └──► counted, in wide numbers ────────────┘
 *
 * The engine's two functions, piece_rows of matmul.c and job_run_piece of parallel.c, are
 * theirs alone (static), so the rule stands here once more: not with divisions, but by
 * counting up, which is slow and sure; for the largest numbers with divisions in 64 bits.
 * Each case asks for all pieces of one matrix, two behind the last one included.
 *
 * Read next: src/kernels/matmul.c, src/base/parallel.c.
 */
#include "chapters/exercises/chapter09/tasks.h"
#include "chapters/exercises/judge.h"

#include <limits.h>

#define SHOWN 3
#define PIECES 40                   /* of a case, at most                    */

enum { NO_EIGHT, NOT_EVEN, ROUNDED_DOWN, LONG_LAST, MISTAKES };

static const char *const guesses[MISTAKES] = {
    [NO_EIGHT] = "the grain is to be a multiple of eight, rounded up: (3)",
    [NOT_EVEN] = "the number of pieces is to be a multiple of the threads: (2)",
    [ROUNDED_DOWN] = "rows / most is rounded up, not down: (1)",
    [LONG_LAST] = "the last piece ends with the rows: (4)",
};

static int64_t up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

static int64_t grain_of(int rows, int most, int threads, int mistake)
{
    int64_t pieces = mistake == ROUNDED_DOWN ? rows / most + (rows < most)
                   : up(rows, most);

    if (mistake != NOT_EVEN)
        while (pieces % threads != 0)
            pieces++;
    return mistake == NO_EIGHT ? up(rows, pieces) : up(up(rows, pieces), 8) * 8;
}

static void piece_of(int out[2], int rows, int64_t grain, int k, bool longer)
{
    int64_t from = k * grain, to = from + grain;

    out[0] = (int)(from < rows ? from : rows);
    out[1] = (int)(to < rows || (longer && from < rows && to < INT_MAX) ? to : rows);
}

static void compare(Case *c, int rows, int most, int threads, int first)
{
    int64_t grain = grain_of(rows, most, threads, MISTAKES);
    int64_t left = up(rows, grain) - first + 2;
    int n = (int)(left > 2 ? left : 3), *got, *want;
    Fault faults[MISTAKES + 1] = { { NULL, NULL } };

    n = min_int(n, PIECES);
    got = case_array(c, 2 * n, sizeof *got);
    want = case_array(c, 2 * n, sizeof *want);
    for (int m = 0; m < MISTAKES; m++) {
        int *wrong = case_array(c, 2 * n, sizeof *wrong);

        for (int k = 0; k < n; k++)
            piece_of(wrong + 2 * k, rows, grain_of(rows, most, threads, m), first + k,
                     m == LONG_LAST);
        faults[m] = (Fault){ wrong, guesses[m] };
    }
    case_says(c, "rows %d, most %d, threads %d, pieces from %d on: begin, end, begin, "
              "end, …", rows, most, threads, first);
    for (int k = 0; k < n; k++) {
        my_piece(&got[2 * k], &got[2 * k + 1], rows, most, threads, first + k);
        piece_of(want + 2 * k, rows, grain, first + k, false);
    }
    case_ints(c, "begin and end", got, want, 2 * n, faults);
}

static void run(Case *c)
{
    static const int shown[SHOWN][3] = { { 100, 64, 2 }, { 5, 64, 4 }, { 192, 64, 3 } };
    int i = case_number(c), rows, most, threads;

    if (!case_hidden(c)) {
        compare(c, shown[i][0], shown[i][1], shown[i][2], 0);
        return;
    }
    threads = case_between(c, 1, 8);
    most = case_between(c, 8, 64);
    rows = case_between(c, 1, 1000);
    if (i % 6 == 1)
        rows = most * threads * case_between(c, 1, 3);      /* nothing is left over  */
    if (i % 6 == 4) {                                       /* as large as can be    */
        rows = INT_MAX - case_between(c, 0, 9);
        most = i % 12 == 4 ? 64 : INT_MAX - case_between(c, 0, 9);
        threads = case_between(c, 2, 1024);
    }
    compare(c, rows, most, threads, i % 12 == 4 ? (int)up(rows, grain_of(rows, most, threads,
                                                   MISTAKES)) - 3 : 0);
    if (i % 6 == 4)
        compare(c, rows, most, threads, INT_MAX - 4);       /* far behind the last   */
}

const Exercise exercise = {
    .stop = "my_piece", .each = false, .visible = SHOWN, .hidden = 36, .run = run,
};
