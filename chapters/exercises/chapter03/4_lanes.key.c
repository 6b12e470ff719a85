/* 4_lanes.key.c - the key of exercise 03.4: the bits first, then the clock
 *
 *      w [rows, columns] bf16,  x [columns]
 *        │
 *        ├──► my_multiply ────────────────────────────────────┐
 *        │                                                    ├──► the same bits?
 *        └──► kernels_plain's tile (dot.c: the definition) ───┘
 *
 *      --race:  slow_multiply │ yours │ the textbook │ the engine's kernel
 *
 * Sizes around 8 and around 4 are where fast kernels break: every number of columns
 * from 1 to 40 and some larger. One kind of case has products that are too small for
 * a float and negative, so that all lanes are -0: a row's end filled up with zeros
 * changes the sign of such a sum.
 *
 * The race uses 2048 rows of 2048, 8 MB: more than the second-level cache, as a
 * model's matrices are. Times are printed and never graded.
 *
 * Read next: src/kernels/dot.c, src/kernels/dot_avx2.c.
 */
#include "chapters/exercises/chapter03/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/halffloat.h"      /* f32_to_bf16                           */

#include <math.h>                   /* fmaf                                  */

#define RACE 2048                   /* rows and columns                      */

enum { ONE_LANE, TWO_ROUNDINGS, LANES_IN_ORDER, NO_END, MISTAKES };

static const char *const guesses[MISTAKES] = {
    [ONE_LANE] = "only the rounding differs: one sum from left to right, where (1) has "
                 "eight",
    [TWO_ROUNDINGS] = "only the rounding differs: w · x + lane rounds twice, fmaf once",
    [LANES_IN_ORDER] = "only the rounding differs: the lanes are added one after the "
                       "other; lane_sum adds them as a tree",
    [NO_END] = "the numbers behind the last whole eight are missing",
};

/* One row with a mistake in it. */
static float wrong_row(const uint16_t *w, const float *x, int columns, int mistake)
{
    int n = mistake == NO_END ? columns / 8 * 8 : columns;
    float lane[8] = {0}, sum = 0;

    for (int i = 0; i < n; i++) {
        int j = mistake == ONE_LANE ? 0 : i % 8;
        float weight = bf16_to_f32(w[i]);

        lane[j] = mistake == TWO_ROUNDINGS ? weight * x[i] + lane[j]
                : fmaf(weight, x[i], lane[j]);
    }
    for (int j = 0; j < 8; j++)
        sum += lane[j];
    return mistake == LANES_IN_ORDER ? sum : lane_sum(lane);
}

/* The definition, on one core. */
static void textbook(float *y, const uint16_t *w, const float *x, int rows,
                     int columns)
{
    kernels_plain.tile[FORMAT_BF16](y, (size_t)rows, w, rows, x, (size_t)columns, 1,
                                    columns);
}

static void compare(Case *c, const uint16_t *w, const float *x, int rows, int columns)
{
    size_t size = sizeof(float);
    float *y = case_array(c, rows, size), *want = case_array(c, rows, size);
    Fault faults[MISTAKES + 1] = { { NULL, NULL } };

    for (int m = 0; m < MISTAKES; m++) {
        float *wrong = case_array(c, rows, size);

        for (int o = 0; o < rows; o++)
            wrong[o] = wrong_row(row(w, o, columns), x, columns, m);
        faults[m] = (Fault){ wrong, guesses[m] };
    }
    case_says(c, "rows = %d, columns = %d", rows, columns);
    case_shows(c, "x", x, columns);
    textbook(want, w, x, rows, columns);
    my_multiply(y, w, x, rows, columns);
    case_floats(c, "y", y, want, rows, faults);
}

/* w and x at random; tiny: all products are between -2^-149 / 2 and 0. */
static void fill(Case *c, uint16_t *w, float *x, int rows, int columns, bool tiny)
{
    float *row_o = case_array(c, columns, sizeof *row_o);

    for (int o = 0; o < rows; o++) {
        case_fill(c, row_o, columns);
        for (int i = 0; i < columns; i++)
            row(w, o, columns)[i] = f32_to_bf16(tiny ? -0x1p-100f : row_o[i]);
    }
    case_fill(c, x, columns);
    for (int i = 0; i < columns; i++)
        x[i] = tiny ? 0x1p-60f : x[i];
}

static void run(Case *c)
{
    int number = case_number(c), columns = 10, rows = 1;
    uint16_t *w;
    float *x;

    if (number == 1)
        columns = 3, rows = 2;
    if (case_hidden(c)) {
        columns = number % 4 == 0 ? case_between(c, 41, 300) : case_between(c, 1, 40);
        rows = case_between(c, 1, 11);
    }
    w = case_array(c, rows * columns, sizeof *w);
    x = case_array(c, columns, sizeof *x);
    if (case_hidden(c))
        fill(c, w, x, rows, columns, number % 5 == 0);
    for (int i = 0; !case_hidden(c) && i < rows * columns; i++)
        w[i] = f32_to_bf16((float)(1 + i / columns));   /* row 0: 1, row 1: 2  */
    for (int i = 0; !case_hidden(c) && i < columns; i++)
        x[i] = (float)(1 + i);
    compare(c, w, x, rows, columns);
}

/* ---- the race */

typedef void Multiply(float *y, const uint16_t *w, const float *x, int rows,
                      int columns);

typedef struct {
    float *y;
    uint16_t *w;
    float *x;
    Multiply *multiply;
} Racer;

static void engine(float *y, const uint16_t *w, const float *x, int rows, int columns)
{
    kernels->tile[FORMAT_BF16](y, (size_t)rows, w, rows, x, (size_t)columns, 1,
                               columns);
}

static void once(void *arg)
{
    Racer *r = arg;

    r->multiply(r->y, r->w, r->x, RACE, RACE);
}

static void race(Case *c)
{
    Racer r = {
        .y = case_array(c, RACE, sizeof(float)),
        .w = case_array(c, RACE * RACE, sizeof(uint16_t)),
        .x = case_array(c, RACE, sizeof(float)),
    };
    Error error = {0};

    must(kernels_choose("auto", &error), "%s", error.text);
    fill(c, r.w, r.x, RACE, RACE, false);
    r.multiply = slow_multiply;
    judge_race(c, "slow_multiply", once, &r);
    r.multiply = textbook;
    judge_race(c, "the textbook", once, &r);
    r.multiply = engine;
    judge_race(c, "the engine, one core", once, &r);
    r.multiply = my_multiply;
    judge_race(c, "yours", once, &r);
}

const Exercise exercise = {
    .stop = "my_multiply", .visible = 2, .hidden = 40, .run = run, .race = race,
};
