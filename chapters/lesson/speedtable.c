/* speedtable.c - versions as lines of a table: expected, measured, and what it brought
 *
 *      version             expected   measured   GB/s      step         hash
 *      one sum                3.079      3.311   1.27   refused   0x7e057aae
 *      eight sums             9.327      9.120   0.46             0x6e1f15f8
 *      … with FMA             0.271      0.702   5.97   × 12.99   0x6e1f15f8
 *         │                     │          │                │           │
 *         │    said before it ran          │     than the best          the bits of y:
 *         │                    best of some      before it that counts  one hash for all
 *
 * A prediction is a division: bytes by bytes/s, operations by operations/s, whichever
 * takes longer. It is always too low, since a program does other things too. Where it
 * is far too low, there is something that one has not thought of.
 *
 * Read next: chapters/lesson/roofline.c, src/measure/walls.c.
 */
#include "chapters/lesson/speedtable.h"

#include "base/parallel.h"

static const char *const head[] = { "version", "expected", "measured", "GB/s", "step",
                                    "hash" };

double speed_products(const Matrix *w)
{
    return (double)w->rows * (double)w->columns;
}

double speed_by_walls(const Walls *walls, const Matrix *w, int T, bool all)
{
    double share = all ? 1 : parallel_threads();
    double memory = (double)matrix_bytes(w) / (all ? walls->read : walls->read_one);
    double arithmetic = 2 * speed_products(w) * T / (walls->arithmetic / share);

    return memory > arithmetic ? memory : arithmetic;
}

Timed speed_line(SpeedTable *s, Ring *r, const char *name, Version *version,
                      double expected, bool refused)
{
    Timed t = version_time(r, version, SPEEDTABLE_BUDGET);
    const char **cell = s->cell + 6 * s->lines++;

    must(s->lines <= SPEEDTABLE_LINES, "more lines than %d", SPEEDTABLE_LINES);
    cell[0] = name;
    cell[1] = arena_print(&s->arena, "%.4f", expected * 1e3);
    cell[2] = arena_print(&s->arena, "%.4f", t.seconds * 1e3);
    cell[3] = arena_print(&s->arena, "%.2f", (double)matrix_bytes(&r->w) / t.seconds / 1e9);
    cell[4] = refused ? "refused"
            : s->step > 0 ? arena_print(&s->arena, "× %.2f", s->step / t.seconds) : "";
    cell[5] = arena_print(&s->arena, "0x%08x", (unsigned)(t.hash >> 32));
    if (!refused && (s->step == 0 || t.seconds < s->step))
        s->step = t.seconds;
    return t;
}

void speed_table(Lesson *l, SpeedTable *s, const char *key)
{
    picture_table(l, key, head, "lrrrrr", s->cell, s->lines);
    s->lines = 0;
    s->step = 0;
}

void speed_point(SpeedTable *s, const char *label, const Matrix *w, int T,
                      double seconds)
{
    double operations = 2 * speed_products(w) * T;

    must(s->points < SPEEDTABLE_LINES, "more points than %d", SPEEDTABLE_LINES);
    s->point[s->points++] = (RoofPoint){
        arena_print(&s->arena, "%s: %.1f Gop/s", label, operations / seconds / 1e9),
        operations / (double)matrix_bytes(w), operations / seconds };
}
