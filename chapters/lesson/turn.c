/* turn.c - how far the pairs of a head turn, and what turned rows score
 *
 *      pair i at position 0           at position p
 *
 *            │                              │  ▪ (cos p·f_i, sin p·f_i)
 *            │                              │ ╱
 *            │                              │╱   angle p · f_i
 *      ──────┼──────▪ (1, 0)          ──────┼──────
 *
 *      q at position n   ╲
 *                         ► turned, and their dot product: the same for every
 *      k at position m   ╱  (n, m) with the same n - m
 *
 * A dot product of two rows does not change when both are turned by the same angle.
 * So when each is turned by its own position, only the difference of the positions is
 * left in it. That is a statement about real numbers; floats are rounded, and the
 * table of scores shows by how little.
 *
 * Read next: src/kernels/rope.c.
 */
#include "chapters/lesson/turn.h"

#include <math.h>
#include <string.h>


#define DEGREES 57.29577951308232   /* in a radian                           */
#define PAIRS 8                     /* that are shown at most                */
#define DISTANCES 6                 /* 0, 1, 2, 4, 8, 16                     */

/* By how many degrees the engine turns pair i at a position, below half a circle. */
static double degrees(const Rope *rope, int i, int position)
{
    float *x = memory_get(rope->width, sizeof *x);
    double angle;

    x[i] = 1;
    rope_apply(x, rope, &position, 1, 1, rope->width);
    angle = DEGREES * atan2((double)x[i + rope->width / 2], (double)x[i]);
    memory_give_back(x);
    return angle;
}

void turn_angles(Lesson *l, Arena *arena, const Rope *rope)
{
    static const char *const head[] = { "pair", "f", "at_1", "at_2", "at_3", "round" };
    int half = rope->width / 2, rows = 0;
    const char *cell[PAIRS][6];

    for (int i = 0; i < half && rows < PAIRS; rows++) {
        double f = (double)rope->frequency[i];

        cell[rows][0] = arena_print(arena, "%d", i);
        cell[rows][1] = arena_print(arena, "%.6f", f);
        for (int p = 1; p <= 3; p++)
            cell[rows][p + 1] = arena_print(arena, "%.3f", degrees(rope, i, p));
        cell[rows][5] = arena_print(arena, "%.0f", 360 / DEGREES / f);
        i = i == half - 1 ? half : min_int(half - 1, i + (half + 6) / 7);
    }
    picture_table(l, "angles", head, "rrrrrr", &cell[0][0], rows);
}

/* Equation (1) of the lesson for the last word's query and the word before it, as if
 * they stood at positions at + distance and at. */
static double score(const AttentionView *view, const Rope *rope, int layer, int h, int at,
                    int distance)
{
    const Config *c = view->config;
    int D = c->D, there = at + distance;
    float *q = memory_get(2 * D, sizeof *q), *key = q + D;
    double s;

    memcpy(q, row(record_row(&view->seen, PROBE_Q, layer, view->T - 1), h, D),
           (size_t)D * sizeof *q);
    memcpy(key, row(record_row(&view->seen, PROBE_K, layer, view->T - 2),
                    h / (c->H / c->K), D), (size_t)D * sizeof *q);
    rope_apply(q, rope, &there, 1, 1, D);
    rope_apply(key, rope, &at, 1, 1, D);
    s = (double)kernels->dot[FORMAT_F32](q, key, D) / sqrt((double)D);
    memory_give_back(q);
    return s;
}

void turn_scores(Lesson *l, Arena *arena, const AttentionView *view, const Rope *rope,
                 int layer, int h)
{
    static const char *const head[] = { "distance", "from_0", "from_10", "from_100" };
    static const int from[] = { 0, 10, 100 };
    const char *cell[DISTANCES][4];

    for (int r = 0; r < DISTANCES; r++) {
        int distance = r == 0 ? 0 : 1 << (r - 1);

        cell[r][0] = arena_print(arena, "%d", distance);
        for (int i = 0; i < 3; i++)
            cell[r][i + 1] = arena_print(arena, "%.5f", score(view, rope, layer, h,
                                                              from[i], distance));
    }
    picture_table(l, "scores", head, "rrrr", &cell[0][0], DISTANCES);
}
