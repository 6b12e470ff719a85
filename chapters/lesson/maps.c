/* maps.c - many small matrices side by side
 *
 *      head 0            head 1            head 2
 *      ▀                 ▀                 ▀
 *      ▀▀▀               ▀▀▀               ▀▀▀         two rows in one line,
 *      ▀▀▀▀▀             ▀▀▀▀▀             ▀▀▀▀▀       as in heatmap.c
 *      ▀▀▀▀▀▀▀           ▀▀▀▀▀▀▀           ▀▀▀▀▀▀▀
 *
 *      head 3            head 4            head 5
 *      …                 …                 …
 *
 * One matrix is studied, many are compared: a pattern shows when all are drawn to
 * the same scale, close together, and small enough to be seen at one glance. As many
 * stand in a line as its width allows; the others follow below.
 *
 * A cell is half a character, or a whole one with a digit where there are no colours
 * (7 is 0.7 … 0.8, · less than a hundredth). Cells that do not exist stay empty.
 *
 * Read next: chapters/lesson/strip.c.
 */
#include <math.h>                   /* NAN                                   */

#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define GAP 3                       /* columns between two maps              */

static void write_maps(Lesson *l, const char *key, const float *x, int n, int rows,
                       int columns, const char *const *name)
{
    json_write_object(&l->json, key);
    data_texts(l, "names", name, n);
    json_write_array(&l->json, "values");
    for (int i = 0; i < n; i++)
        data_rows(l, NULL, row(x, i * rows, columns), rows, columns);
    json_write_array_end(&l->json);
    json_write_object_end(&l->json);
}

/* Line r of one map: rows r and r + 1 with colours, row r without. */
static void print_line(const Lesson *l, const float *x, int r, int rows, int columns)
{
    for (int c = 0; c < columns; c++) {
        float above = row(x, r, columns)[c];

        if (!l->color)
            fputs(tenth(above), l->out);
        else
            paint_halves(l, above, r + 1 < rows ? row(x, r + 1, columns)[c] : NAN);
    }
}

/* Maps begin … end-1, next to each other, each `cell` columns wide. */
static void print_maps(Lesson *l, const float *x, int begin, int end, int rows,
                       int columns, const char *const *name, int cell)
{
    paint_block(l);
    for (int i = begin; i < end; i++) {
        fprintf(l->out, "%*s", i == begin ? PAINT_MARGIN : GAP, "");
        paint(l, "1");
        paint_cell(l, name[i], i == end - 1 ? min_int(cell, columns_of(name[i])) : cell,
                   'l');
        paint_end(l);
    }
    fputc('\n', l->out);
    for (int r = 0; r < rows; r += l->color ? 2 : 1) {
        for (int i = begin; i < end; i++) {
            fprintf(l->out, "%*s", i == begin ? PAINT_MARGIN : GAP + cell - columns, "");
            print_line(l, row(x, i * rows, columns), r, rows, columns);
        }
        fputc('\n', l->out);
    }
}

void picture_maps(Lesson *l, const char *key, const float *x, int n, int rows,
                  int columns, const char *const *name)
{
    int cell = columns, across;

    if (l->data) {
        write_maps(l, key, x, n, rows, columns, name);
        return;
    }
    must(columns <= LESSON_NARROW - PAINT_MARGIN, "%d columns in a small map", columns);
    for (int i = 0; i < n; i++)
        cell = max_int(cell, min_int(columns_of(name[i]), 12));
    across = max_int(1, (l->width - PAINT_MARGIN + GAP) / (cell + GAP));
    across = (n + (n + across - 1) / across - 1) / ((n + across - 1) / across);
    for (int i = 0; i < n; i += across)
        print_maps(l, x, i, min_int(n, i + across), rows, columns, name, cell);
}
