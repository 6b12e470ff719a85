/* heatmap.c - a matrix of sizes as a field of cells
 *
 *      with names of rows, a line for each:         without, two rows in a line:
 *
 *                On   ce   upon a    time
 *      On        9                                     ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
 *      ce        7    2                                ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
 *      upon      5    3    1                           ▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀▀
 *      a         4    0    4    1                      ▀ the upper row is the ink,
 *      time      6    0    1    1    0                   the lower one the ground
 *
 * A digit is the tenth that the number lies in: 7 is 0.7 … 0.8, · is less than a
 * hundredth, 9 is all from 0.9 to 1. It is written into the cell wherever there is room
 * for it, so that nothing hangs on telling two blues apart; colours let the
 * pattern be seen at once. Half a character is as good as square on most terminals,
 * and shows a large matrix in a small place.
 *
 * A matrix that is wider than the line is taken together, group by group, in both
 * directions; the largest of a group speaks.
 *
 * Read next: chapters/lesson/table.c.
 */
#include <math.h>

#include "base/memory.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define NAME 14                     /* columns of a row's name at most       */
#define CELL 8                      /* columns of a cell at most             */
#define TALL 6                      /* letters of a name that stands upright */
#define LETTER 32                   /* bytes of one with its marks           */
#define ROWS 40                     /* lines with names at most              */

static void write_heatmap(Lesson *l, const char *key, const float *x, int rows,
                          int columns, const char *const *row_label,
                          const char *const *column_label)
{
    json_write_object(&l->json, key);
    data_texts(l, "rows", row_label, rows);
    data_texts(l, "columns", column_label, columns);
    data_rows(l, "values", x, rows, columns);
    json_write_object_end(&l->json);
}

/* The columns up to the last cell of a row that exists: behind it nothing is drawn. */
static int row_end(const float *x, int columns)
{
    while (columns > 0 && x[columns - 1] != x[columns - 1])
        columns--;
    return columns;
}

/* The largest of a group of cells; NaN: none of them exists. */
static float largest(const float *x, int rows, int columns, int r, int c, int group)
{
    float most = NAN;

    for (int i = r; i < min_int(rows, r + group); i++)
        for (int j = c; j < min_int(columns, c + group); j++) {
            float here = row(x, i, columns)[j];

            if (!(here <= most))
                most = here == here ? here : most;
        }
    return most;
}

/* --- a line for each row, with names ------------------------------------------- */

/* The character at a place of a name that stands upright, with its marks; "" behind
 * its end. */
static void letter_of(char letter[LETTER], const char *name, int place)
{
    Text shown = {0};
    const char *at;

    text_add(&shown, "", 0);
    columns_show(&shown, name, TALL);
    at = shown.bytes;
    for (int i = 0; i < place && *at != '\0'; i++)
        at += columns_fit(at, 1);
    snprintf(letter, LETTER, "%.*s", (int)columns_fit(at, 1), at);
    text_free(&shown);
}

/* The names of the columns: in the cells where they fit, else upright above them,
 * one letter a line. */
static void print_column_names(const Lesson *l, const char *const *name, int columns,
                               int left, int cell)
{
    int widest = 0;

    for (int c = 0; c < columns; c++)
        widest = max_int(widest, columns_of(name[c]));
    if (cell >= 4 || cell > widest) {
        fprintf(l->out, "%*s", left, "");
        for (int c = 0; c < columns; c++) {
            int room = c < columns - 1 ? cell - 1 : min_int(cell - 1, columns_of(name[c]));

            fputc(' ', l->out);
            paint_cell(l, name[c], room, 'l');
        }
        fputc('\n', l->out);
        return;
    }
    for (int line = 0; line < min_int(TALL, widest); line++) {
        fprintf(l->out, "%*s", left, "");
        for (int c = 0; c < columns; c++) {
            char letter[LETTER];

            letter_of(letter, name[c], line);
            fputs(cell > 2 ? " " : "", l->out);
            paint_cell(l, letter, cell - (cell > 2), 'l');
        }
        fputc('\n', l->out);
    }
}

static void print_named(const Lesson *l, const float *x, int rows, int columns,
                        const char *const *row_label,
                        const char *const *column_label, int left, int cell)
{
    if (column_label != NULL)
        print_column_names(l, column_label, columns, left, cell);
    for (int r = 0; r < rows; r++) {
        fprintf(l->out, "%*s", PAINT_MARGIN, "");
        paint_cell(l, row_label[r], left - PAINT_MARGIN - 1, 'l');
        fputc(' ', l->out);
        for (int c = 0, end = row_end(row(x, r, columns), columns); c < end; c++) {
            int room = !l->color && c == end - 1 ? 1 : cell - (cell > 2);
            float here = row(x, r, columns)[c];
            int ground = scale_size((double)here);

            if (here == here) {
                paint_ground(l, ground);
                paint_ink(l, scale_ink(ground));
            }
            fputs(cell > 2 ? " " : "", l->out);
            paint_cell(l, tenth(here), room, 'l');
            paint_end(l);
        }
        fputc('\n', l->out);
    }
}

/* --- two rows in a line, without -------------------------------------------------- */

static void print_small(const Lesson *l, const float *x, int rows, int columns)
{
    int room = l->width - PAINT_MARGIN, step = l->color ? 2 : 1;
    int group = max_int(1, (columns + room - 1) / room);

    for (int r = 0; r < rows; r += step * group) {
        int end = 0;

        for (int i = r; i < min_int(rows, r + step * group); i++)
            end = max_int(end, row_end(row(x, i, columns), columns));
        fprintf(l->out, "%*s", PAINT_MARGIN, "");
        for (int c = 0; c < end; c += group) {
            float here = largest(x, rows, columns, r, c, group);

            if (l->color)
                paint_halves(l, here, largest(x, rows, columns, r + group, c, group));
            else
                fputs(tenth(here), l->out);
        }
        fputc('\n', l->out);
    }
    if (group > 1)
        fprintf(l->out, "%*s(%d × %d numbers a cell, the largest speaks)\n",
                PAINT_MARGIN, "", group, group);
}

void picture_heatmap(Lesson *l, const char *key, const char *label, const float *x,
                     int rows, int columns, const char *const *row_label,
                     const char *const *column_label)
{
    int name = 1, wish = 2, cell;

    if (l->data) {
        write_heatmap(l, key, x, rows, columns, row_label, column_label);
        return;
    }
    for (int r = 0; row_label != NULL && r < rows; r++)
        name = max_int(name, columns_of(row_label[r]));
    for (int c = 0; column_label != NULL && c < columns; c++)
        wish = max_int(wish, columns_of(column_label[c]) + 1);
    name = min_int(name, NAME);
    cell = min_int(min_int(wish, CELL),
                   (l->width - PAINT_MARGIN - name - 1) / max_int(columns, 1));
    paint_block(l);
    paint_head(l, label);
    if (row_label != NULL && rows <= ROWS && cell >= 2)
        print_named(l, x, rows, columns, row_label, column_label,
                    PAINT_MARGIN + name + 1, cell);
    else
        print_small(l, x, rows, columns);
}
