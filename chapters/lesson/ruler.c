/* ruler.c - numbers on an axis, and below them the steps that they are rounded to
 *
 *           ▁   ▁  ▁▂ ▁  ▂▁▃▁▂ ▂▁ ▁  ▁    ▁           how many numbers lie here
 *      ──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──┴──   where the steps are
 *       -8 -7 -6 -5 -4 -3 -2 -1  0  1  2  3  4  5 …   their whole numbers
 *      │                                           │
 *      -reach                                      reach
 *
 * The whole art of writing a number in four bits is where the sixteen steps stand.
 * This picture shows that and no more: each number falls to the nearest step, and how
 * far it falls is the error.
 *
 * A column of a terminal is coarse: about three of them lie between two steps. Data
 * has every number with nine digits.
 *
 * Read next: chapters/lesson/blockview.c.
 */
#include "chapters/lesson/ruler.h"

#include <stdio.h>
#include <string.h>

#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"

#define MOST LESSON_WIDE            /* columns of the axis                   */

static const char *const heights[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

static void write_ruler(Lesson *l, const char *key, const char *label, const float *x,
                        int n, float d, int low, int high, float reach)
{
    json_write_object(&l->json, key);
    data_text(l, "label", label);
    json_write_number(&l->json, "step", (double)d, 9);
    json_write_integer(&l->json, "low", low);
    json_write_integer(&l->json, "high", high);
    json_write_number(&l->json, "reach", (double)reach, 9);
    data_row(l, "values", x, n);
    json_write_object_end(&l->json);
}

/* The column 0 … columns-1 of a number; -1: beyond the axis. */
static int column_of(float x, float reach, int columns)
{
    double share = reach > 0 ? ((double)x / (double)reach + 1) / 2 : 0.5;

    return share < 0 || share > 1 ? -1 : (int)(share * (columns - 1) + 0.5);
}

static void print_counts(const Lesson *l, const float *x, int n, float reach, int columns)
{
    int count[MOST] = {0};

    for (int i = 0; i < n; i++) {
        int at = column_of(x[i], reach, columns);

        if (at >= 0)
            count[at]++;
    }
    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    paint_ink(l, 32);
    for (int c = 0; c < columns; c++)
        fputs(heights[min_int(count[c], 8)], l->out);
    paint_end(l);
    fputc('\n', l->out);
}

/* The axis with its steps, and a line of whole numbers, as many as have room.
 *   mark  [columns] the step that stands in a column, or high + 1: none       */
static void print_steps(const Lesson *l, const int *mark, int high, int columns)
{
    int at = 0;

    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    for (int c = 0; c < columns; c++)
        fputs(mark[c] <= high ? "┴" : "─", l->out);
    fprintf(l->out, "\n%*s", PAINT_MARGIN, "");
    for (int c = 0; c < columns; c++) {
        char text[16];
        int length = snprintf(text, sizeof text, "%d", mark[c]), from = c + 1 - length;

        if (mark[c] > high || from < at || (from == at && at > 0))
            continue;
        fprintf(l->out, "%*s", from - at, "");
        fputs(text, l->out);
        at = c + 1;
    }
    fputc('\n', l->out);
}

void picture_ruler(Lesson *l, const char *key, const char *label, const float *x, int n,
                   float d, int low, int high, float reach)
{
    int columns = min_int(l->width - PAINT_MARGIN, MOST), mark[MOST];

    if (l->data) {
        write_ruler(l, key, label, x, n, d, low, high, reach);
        return;
    }
    for (int c = 0; c < columns; c++)
        mark[c] = high + 1;
    for (int q = low; q <= high; q++) {
        int at = column_of(d * (float)q, reach, columns);

        if (at >= 0)
            mark[at] = q;
    }
    paint_block(l);
    paint_head(l, label);
    print_counts(l, x, n, reach, columns);
    print_steps(l, mark, high, columns);
}
