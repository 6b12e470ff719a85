/* roofline.c - how near to a machine's two walls some programs come, as a picture
 *
 *      operations/s
 *       │            ┌──────────────────   peak: all units multiply
 *       │          ╱      c      d
 *       │        b
 *       │      ╱
 *       │    a                             the slope: bytes/s · operations for each
 *       │  ╱                               byte; memory cannot bring more
 *       └───────────────────────────────
 *          1     4     16    64            operations for each byte that is read
 *
 * Both axes are logarithmic: a step to the right or upwards is a factor. So the wall
 * of the memory, speed = bytes/s · work, is a straight line of slope one, and the wall
 * of arithmetic is level. A program is a point; above a wall there can be none, except
 * where its bytes came from somewhere nearer than memory: the caches.
 *
 * A point on the left can be moved up only as far as the slope. What helps there is to
 * do more with each byte (several rows at once) or to need fewer bytes for the same
 * work (int8, int4): that moves it to the right.
 *
 * Source: Williams, Waterman and Patterson, "Roofline", 2009. Read next:
 * src/measure/walls.c.
 */
#include "chapters/lesson/roofline.h"

#include <math.h>                   /* log2, exp2: for a picture only        */
#include <stdio.h>

#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"

#define HEIGHT 14                   /* lines of the picture                  */
#define AXIS 8                      /* columns of the numbers on the left    */
#define TICKS 4                     /* numbers below                         */

typedef struct {                    /* log2 of what the edges stand for      */
    double left, right, bottom, top;
    int columns;
    double bandwidth, peak;
} Roof;

static int place(double value, double low, double high, int last)
{
    double at = (log2(value) - low) / (high - low) * last;

    return max_int(0, min_int(last, (int)(at + 0.5)));
}

/* Everything shall lie inside, with a factor of room around it. */
static Roof measure(const Lesson *l, double bandwidth, double peak,
                    const RoofPoint *point, int n)
{
    Roof r = { .columns = l->width - AXIS - PAINT_MARGIN - 1, .bandwidth = bandwidth,
               .peak = peak, .top = log2(peak), .bottom = log2(peak),
               .left = log2(peak / bandwidth), .right = log2(peak / bandwidth) };

    for (int i = 0; i < n; i++) {
        r.left = fmin(r.left, log2(point[i].work));
        r.right = fmax(r.right, log2(point[i].work));
        r.top = fmax(r.top, log2(point[i].speed));
        r.bottom = fmin(r.bottom, log2(point[i].speed));
    }
    r.left -= 1;
    r.right += 1;
    r.bottom -= 1;
    r.top += 0.5;
    return r;
}

/* The wall above column c: its line, counted from below, and whether it rises there. */
static int wall(const Roof *r, int c, bool *rises)
{
    double work = exp2(r->left + (r->right - r->left) * c / (r->columns - 1));
    double speed = r->bandwidth * work;

    *rises = speed < r->peak;
    return place(*rises ? speed : r->peak, r->bottom, r->top, HEIGHT - 1);
}

static void print_line(const Lesson *l, const Roof *r, const RoofPoint *point, int n,
                       int line)
{
    double speed = exp2(r->bottom + (r->top - r->bottom) * line / (HEIGHT - 1));
    int blanks = 0;                 /* to be drawn, if anything comes behind them */

    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    if (line % 4 == 1)
        fprintf(l->out, "%*.*f ┤", AXIS - 2, speed < 1e10 ? 1 : 0, speed / 1e9);
    else
        fprintf(l->out, "%*s │", AXIS - 2, "");
    for (int c = 0; c < r->columns; c++) {
        bool rises;
        int at = wall(r, c, &rises), letter = -1;

        for (int i = 0; i < n; i++)
            if (place(point[i].work, r->left, r->right, r->columns - 1) == c
                && place(point[i].speed, r->bottom, r->top, HEIGHT - 1) == line)
                letter = i;
        if (letter < 0 && at != line) {
            blanks++;
            continue;
        }
        fprintf(l->out, "%*s", blanks, "");
        blanks = 0;
        if (letter < 0) {
            fputs(rises ? "╱" : "─", l->out);
            continue;
        }
        paint(l, "1;32");
        fputc('a' + letter, l->out);
        paint_end(l);
    }
    fputc('\n', l->out);
}

/* The axis below, with what some places of it stand for. */
static void print_axis(const Lesson *l, const Roof *r)
{
    char number[16];
    int at = 0;

    fprintf(l->out, "%*s└", PAINT_MARGIN + AXIS - 1, "");
    paint_repeat(l, "─", r->columns);
    fprintf(l->out, "\n%*s", PAINT_MARGIN + AXIS, "");
    for (int i = 0; i < TICKS; i++) {
        int c = (r->columns - 8) * i / (TICKS - 1);
        double work = exp2(r->left + (r->right - r->left) * c / (r->columns - 1));

        snprintf(number, sizeof number, "%.3g", work);
        fprintf(l->out, "%*s%s", c - at, "", number);
        at = c + (int)columns_of(number);
    }
    fputc('\n', l->out);
}

static void write_points(Lesson *l, const char *key, double bandwidth, double peak,
                         const RoofPoint *point, int n)
{
    json_write_object(&l->json, key);
    json_write_number(&l->json, "bandwidth", bandwidth, 4);
    json_write_number(&l->json, "peak", peak, 4);
    json_write_array(&l->json, "points");
    for (int i = 0; i < n; i++) {
        json_write_object(&l->json, NULL);
        data_text(l, "label", point[i].label);
        json_write_number(&l->json, "work", point[i].work, 4);
        json_write_number(&l->json, "speed", point[i].speed, 4);
        json_write_object_end(&l->json);
    }
    json_write_array_end(&l->json);
    json_write_object_end(&l->json);
}

void picture_roofline(Lesson *l, const char *key, double bandwidth, double peak,
                      const RoofPoint *point, int n)
{
    Roof r = measure(l, bandwidth, peak, point, n);

    must(n <= 26, "%d points, and 26 letters", n);
    if (l->data) {
        write_points(l, key, bandwidth, peak, point, n);
        return;
    }
    paint_block(l);
    for (int line = HEIGHT - 1; line >= 0; line--)
        print_line(l, &r, point, n, line);
    print_axis(l, &r);
    paint_block(l);
    for (int i = 0; i < n; i++) {
        fprintf(l->out, "%*s%c  ", PAINT_MARGIN, "", 'a' + i);
        paint_cell(l, point[i].label, min_int(columns_of(point[i].label), l->width - 8),
                   'l');
        fputc('\n', l->out);
    }
}
