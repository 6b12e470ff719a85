/* gains.c - what smaller weights gain: one token, and several in one pass
 *
 *      seconds
 *        │                        ╱  computing: T times as much
 *        │                      ╱
 *        │ ───────────────────╱      reading: the same for any T
 *        │                  ╱
 *        └───┬───┬───┬────┴──────
 *            1   2   4    8   tokens in one pass
 *
 *      seconds of T tokens  ≥  max( bytes / memory,  T · operations / arithmetic )  (1)
 *
 * A pass reads each matrix once, however many tokens it serves. As long as reading takes
 * longer than computing, another token costs nothing; smaller weights shorten the flat
 * part and lower it.
 *
 * A tiny model hides this: it lies in the processor's cache, which is read several times
 * as fast as memory, so that its line rises from the first token on. So the same table is
 * predicted by (1) for a model of 1.1 billion weights, from two measurements: how fast this
 * machine reads its memory (src/measure/walls.c), and how much its kernels computed in a
 * second in the pass of most tokens. The second is too low where a pass is so short
 * that threads wait for each other: a prediction, not a promise.
 *
 * Read next: src/measure/walls.c, src/measure/speed.c.
 */
#include "chapters/lesson/gains.h"

#include <math.h>                   /* fmax                                  */
#include <string.h>

#include "base/parallel.h"
#include "measure/walls.h"

#define CACHE 64e6                  /* bytes: more fits into few caches      */
#define BILLION 1.034e9             /* weights that TinyLlama-1.1B reads a token */

typedef double Passes[AS_Q4_0][PASSES];     /* one for each timed format     */

static const char *number(Arena *arena, const char *format, double x)
{
    char text[40];

    snprintf(text, sizeof text, format, x);
    return arena_print(arena, "%s", text);
}

/* One number for each format that is timed, and each number of tokens. */
static void show_passes(Lesson *l, Arena *arena, const Variants *vs, const char *key,
                        const char *format, Passes x)
{
    const char *head[] = { "tokens", vs->v[AS_FILE].name, "int8", "int4" };
    const char *cell[PASSES][4];

    for (int p = 0; p < PASSES; p++) {
        cell[p][0] = arena_print(arena, "%d", pass_tokens[p]);
        for (int i = 0; i < AS_Q4_0; i++)
            cell[p][1 + i] = number(arena, format, x[i][p]);
    }
    picture_table(l, key, head, "rrrr", &cell[0][0], PASSES);
}

/* Each of them beside its format's first. */
static void beside_one(Passes out, Passes x)
{
    for (int i = 0; i < AS_Q4_0; i++)
        for (int p = 0; p < PASSES; p++)
            out[i][p] = x[i][p] / x[i][0];
}

/* Equation (1) for a model of a billion, in milliseconds. */
static void predict(Passes ms, const Variants *vs, const Walls *walls)
{
    for (int i = 0; i < AS_Q4_0; i++) {
        const Variant *v = &vs->v[i];
        double arithmetic = pass_tokens[PASSES - 1] * v->operations
                          / v->seconds[PASSES - 1];
        double bytes = BILLION * v->read / (v->operations / 2);

        for (int p = 0; p < PASSES; p++)
            ms[i][p] = 1e3 * fmax(bytes / walls->read,
                                  pass_tokens[p] * 2 * BILLION / arithmetic);
    }
}

/* One token in each format. */
static void show_one(Lesson *l, Arena *arena, const Variants *vs)
{
    static const char *const head[] = { "format", "MB_read", "ms", "tokens/s", "GB/s" };
    const char *cell[AS_Q4_0][5];

    for (int i = 0; i < AS_Q4_0; i++) {
        const Variant *v = &vs->v[i];
        const char *line[] = { v->name, number(arena, "%.2f", v->read / 1e6),
                               number(arena, "%.3f", 1e3 * v->seconds[0]),
                               number(arena, "%.1f", 1 / v->seconds[0]),
                               number(arena, "%.1f", v->read / v->seconds[0] / 1e9) };

        memcpy(cell[i], line, sizeof line);
    }
    picture_table(l, "one", head, "lrrrr", &cell[0][0], AS_Q4_0);
}

/* What stands between the measurement and the prediction. */
static void say_where(Lesson *l, const Variants *vs)
{
    lesson_say(l, "%s Predicted for 1.1 billion weights: milliseconds, the slower of "
               "reading them at the memory's speed and computing as fast as the passes of 8 "
               "tokens did here; and beside one token.", vs->v[AS_FILE].read < CACHE
               ? "This model sits in the processor's cache, where bytes cost little: what is "
                 "seen here is arithmetic, and with each token there is more of it. A model "
                 "that does not fit waits for its memory."
               : "This model comes from memory.");
}

bool show_gains(Lesson *l, const Variants *vs, Arena *arena, Error *error)
{
    Passes ms, beside;
    WallsWork *work = walls_begin(vs->m->model.weights.format, error);
    Walls walls;

    if (work == NULL)
        return false;
    walls_round(work);
    walls_round(work);
    walls = walls_end(work);
    for (int i = 0; i < AS_Q4_0; i++)
        for (int p = 0; p < PASSES; p++)
            ms[i][p] = 1e3 * vs->v[i].seconds[p];
    lesson_part(l, "speed", "What it gains");
    lesson_say(l, "One token: every weight is read once. (Threads: %d. --threads N)",
               parallel_threads());
    show_one(l, arena, vs);
    picture_number(l, "memory_GB_per_second", "this machine's memory, just now",
                   walls.read / 1e9, 3, "GB/s");
    lesson_say(l, "1, 2, 4, 8 tokens in one pass, in milliseconds; then beside one token "
               "of the same format. The weights are read once for all of them:");
    show_passes(l, arena, vs, "passes", "%.3f", ms);
    beside_one(beside, ms);
    show_passes(l, arena, vs, "beside_one", "%.2f", beside);
    say_where(l, vs);
    predict(ms, vs, &walls);
    show_passes(l, arena, vs, "predicted", "%.1f", ms);
    beside_one(beside, ms);
    show_passes(l, arena, vs, "predicted_beside_one", "%.2f", beside);
    lesson_say(l, "Where a column stays near 1, the second token is nearly free: guess "
               "some tokens ahead, let the model check them in one pass, and keep what was "
               "right. That is chapter 07.");
    return true;
}
