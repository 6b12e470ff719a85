/* 4_rows.key.c - the key of exercise 09.4: the bits first, then the clock
 *
 *      w [rows, columns] f16,  x [T, columns]
 *        │
 *        ├──► my_rows ────────────────────────────────────────┐
 *        │                                                    ├──► the same bits?
 *        └──► kernels_plain's tile (dot.c: the definition) ───┘
 *
 *      --race:  slow_rows │ the textbook │ the engine's kernel │ yours
 *
 * Rows of x from 1 to 9 and columns from 1 to 40 are where such loops break; some cases
 * are larger. One kind of case has weights that are subnormal in f16, another one
 * products too small for a float and negative, so that all lanes are -0.
 *
 * The race: 512 rows of 1024 with 16 rows of x. Times are printed and never graded.
 *
 * Read next: src/kernels/dot.c, src/kernels/dot_avx2.c.
 */
#include "chapters/exercises/chapter09/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/dot.h"
#include "numbers/halffloat.h"      /* f32_to_f16                            */

#include <math.h>                   /* fmaf                                  */

#define RACE_ROWS 512
#define RACE_COLUMNS 1024
#define RACE_T 16

enum { ONE_LANE, TWO_ROUNDINGS, NO_END, FIRST_X, OTHER_WAY, MISTAKES };

static const char *const guesses[MISTAKES] = {
    [ONE_LANE] = "only the rounding differs: one sum from left to right, where (1) has "
                 "eight",
    [TWO_ROUNDINGS] = "only the rounding differs: w · x + lane rounds twice, fmaf once",
    [NO_END] = "the numbers behind the last whole eight are missing",
    [FIRST_X] = "each row of x gives what the first one gives",
    [OTHER_WAY] = "y is [T, rows]: all outputs of one row of x lie side by side",
};

static float wrong_sum(const uint16_t *w, const float *x, int columns, int mistake)
{
    int n = mistake == NO_END ? columns / 8 * 8 : columns;
    float lane[8] = {0};

    for (int i = 0; i < n; i++) {
        int j = mistake == ONE_LANE ? 0 : i % 8;
        float weight = f16_to_f32(w[i]);

        lane[j] = mistake == TWO_ROUNDINGS ? weight * x[i] + lane[j]
                : fmaf(weight, x[i], lane[j]);
    }
    return lane_sum(lane);
}

static void textbook(float *y, const uint16_t *w, const float *x, int rows, int columns,
                     int T)
{
    kernels_plain.tile[FORMAT_F16](y, (size_t)rows, w, rows, x, (size_t)columns, T,
                                   columns);
}

static void compare(Case *c, const uint16_t *w, const float *x, int rows, int columns,
                    int T)
{
    float *y = case_array(c, T * rows, sizeof *y);
    float *want = case_array(c, T * rows, sizeof *want);
    Fault faults[MISTAKES + 1] = { { NULL, NULL } };

    for (int m = 0; m < MISTAKES; m++) {
        float *wrong = case_array(c, T * rows, sizeof *wrong);

        for (int t = 0; t < T; t++)
            for (int o = 0; o < rows; o++) {
                float *at = m == OTHER_WAY ? &wrong[o * T + t] : &row(wrong, t, rows)[o];

                *at = wrong_sum(row(w, o, columns), row(x, m == FIRST_X ? 0 : t, columns),
                                columns, m);
            }
        faults[m] = (Fault){ wrong, guesses[m] };
    }
    case_says(c, "rows = %d, columns = %d, T = %d", rows, columns, T);
    case_shows(c, "x", x, columns);
    textbook(want, w, x, rows, columns, T);
    my_rows(y, w, x, rows, columns, T);
    case_floats(c, "y", y, want, T * rows, faults);
}

/* w and x at random, w times scale. */
static void fill(Case *c, uint16_t *w, float *x, int weights, int inputs, float scale)
{
    float *wide = case_array(c, weights, sizeof *wide);

    case_fill(c, wide, weights);
    for (int i = 0; i < weights; i++)
        w[i] = f32_to_f16(wide[i] * scale);
    case_fill(c, x, inputs);
}

static void run(Case *c)
{
    int number = case_number(c), rows = 1, columns = 3, T = 2;
    uint16_t *w;
    float *x;

    if (number == 1)
        rows = 2, columns = 10, T = 5;
    if (case_hidden(c)) {
        rows = case_between(c, 1, 6);
        columns = number % 4 == 0 ? case_between(c, 41, 300) : case_between(c, 1, 40);
        T = case_between(c, 1, 9);
    }
    w = case_array(c, rows * columns, sizeof *w);
    x = case_array(c, T * columns, sizeof *x);
    fill(c, w, x, rows * columns, T * columns, number % 5 == 1 ? 0x1p-16f : 1);
    for (int i = 0; !case_hidden(c) && i < rows * columns; i++)
        w[i] = f32_to_f16((float)(1 + i));
    for (int i = 0; !case_hidden(c) && i < T * columns; i++)
        x[i] = (float)(1 + i / columns - i % 2);
    for (int i = 0; case_hidden(c) && number % 5 == 4 && i < rows * columns; i++)
        w[i] = f32_to_f16(-0x1p-20f);
    for (int i = 0; case_hidden(c) && number % 5 == 4 && i < T * columns; i++)
        x[i] = 0x1p-140f;
    compare(c, w, x, rows, columns, T);
}

/* ---- the race */

typedef void Rows(float *y, const uint16_t *w, const float *x, int rows, int columns,
                  int T);

typedef struct {
    float *y;
    uint16_t *w;
    float *x;
    Rows *rows;
} Racer;

static void engine(float *y, const uint16_t *w, const float *x, int rows, int columns,
                   int T)
{
    kernels->tile[FORMAT_F16](y, (size_t)rows, w, rows, x, (size_t)columns, T, columns);
}

static void once(void *arg)
{
    Racer *r = arg;

    r->rows(r->y, r->w, r->x, RACE_ROWS, RACE_COLUMNS, RACE_T);
}

static void race(Case *c)
{
    Racer r = {
        .y = case_array(c, RACE_ROWS * RACE_T, sizeof(float)),
        .w = case_array(c, RACE_ROWS * RACE_COLUMNS, sizeof(uint16_t)),
        .x = case_array(c, RACE_COLUMNS * RACE_T, sizeof(float)),
    };
    Error error = {0};

    must(kernels_choose("auto", &error), "%s", error.text);
    fill(c, r.w, r.x, RACE_ROWS * RACE_COLUMNS, RACE_COLUMNS * RACE_T, 1);
    r.rows = slow_rows;
    judge_race(c, "slow_rows", once, &r);
    r.rows = textbook;
    judge_race(c, "the textbook", once, &r);
    r.rows = engine;
    judge_race(c, "the engine, one core", once, &r);
    r.rows = my_rows;
    judge_race(c, "yours", once, &r);
}

const Exercise exercise = {
    .stop = "my_rows", .visible = 2, .hidden = 40, .run = run, .race = race,
};
