/* strip.c - a row of numbers as one line of cells
 *
 *      after norm 1     ▔·▄▁▀·▔▁▀▄··▁▔▔▄▁·▀▔▁▁▄·▔▀▁     16 numbers a cell
 *
 *                  ▀  half of scale or more       ▔  an eighth or more
 *      x > 0  ─────────────────────────────────────────────────────────
 *                  ·  less than an eighth, either sign
 *      x < 0  ─────────────────────────────────────────────────────────
 *                  ▄  half of scale or more       ▁  an eighth or more
 *
 * The rows that flow through a model have hundreds or thousands of numbers, and
 * nobody reads those. A strip shows the row as a whole: is it even, does one number
 * tower above the others, did a step change everything or a little? Positive
 * numbers hang from the top, negative ones stand on the ground, and colour adds
 * the size: blue and orange, pale where it is small.
 *
 * A terminal is narrower than a row. So neighbours are taken together, and the
 * largest |x| of each group speaks for it. The average would not do: it would hide
 * the very number that one looks for.
 *
 * Read next: chapters/lesson/heatmap.c.
 */
#include <math.h>

#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define LABEL 18                    /* columns, so that strips line up       */
#define NOTE 12                     /* columns behind: "  160 a cell"        */

static void write_strip(Lesson *l, const char *key, const char *label,
                        const float *x, int n)
{
    json_write_object(&l->json, key);
    data_text(l, "label", label);
    data_row(l, "values", x, n);
    json_write_object_end(&l->json);
}

static const char *shape(double share)
{
    return share >= 0.5 ? "▀" : share >= 0.125 ? "▔"
         : share <= -0.5 ? "▄" : share <= -0.125 ? "▁" : "·";
}

/* On white, the ink's strength is the size; without colours the shape alone. */
static void print_cell(const Lesson *l, double share)
{
    paint_ground(l, 255);
    paint_ink(l, fabs(share) < 0.125 ? 250 : scale_sign(share));
    fputs(share != share ? "?" : shape(share), l->out);
}

void picture_strip(Lesson *l, const char *key, const char *label, const float *x,
                   int n, double scale)
{
    int room = l->width - PAINT_MARGIN - LABEL - NOTE, group;

    if (l->data) {
        write_strip(l, key, label, x, n);
        return;
    }
    group = n > room ? (n + room - 1) / room : 1;
    paint_line(l);
    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    paint_cell(l, label, LABEL - 1, 'l');
    fputc(' ', l->out);
    for (int begin = 0; begin < n; begin += group) {
        float most = x[begin];

        for (int i = begin; i < min_int(n, begin + group); i++)
            if (!(fabsf(x[i]) <= fabsf(most)))
                most = x[i];
        print_cell(l, scale > 0 ? (double)most / scale : 0);
    }
    paint_end(l);
    if (group > 1)
        fprintf(l->out, "  %d a cell", group);
    fputc('\n', l->out);
}
