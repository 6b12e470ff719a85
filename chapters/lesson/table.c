/* table.c - cells of text below heads
 *
 *      tensor                      shape          bytes        l: left, r: right
 *      ─────────────────────────  ───────────  ────────
 *      model.embed_tokens.weight  [2048, 192]   786,432
 *      model.layers.0.input_lay…  [192]             384        the last left column
 *                                                              gives way first
 *
 * Each column is as wide as its widest cell, two blanks between. A table that is
 * too wide for the terminal must lose something: the last left-aligned column,
 * which holds names and remarks, is cut first; numbers are cut only when
 * nothing else is left, because half a number is a wrong one.
 *
 * For --json a cell that is spelled like a number becomes one, with the digits that
 * it has; everything else stays text.
 *
 * Read next: chapters/lesson/hexdump.c.
 */
#include <ctype.h>
#include <stdlib.h>                 /* strtoll                               */
#include <string.h>

#include "base/decimal.h"
#include "base/memory.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define LEAST 4                     /* columns that a cut column keeps       */
#define HEAD 64                     /* bytes of a head at most               */

static size_t digits_at(const char *text)
{
    size_t n = 0;

    while (isdigit((unsigned char)text[n]))
        n++;
    return n;
}

/* As JSON spells numbers: -12, 0.5, 1e-9; not 007, not 1,024, not +1.
 *
 *   significant  out: how many digits it has; 0: it is whole
 */
static bool is_number(const char *text, int *significant)
{
    const char *at = text + (*text == '-');
    size_t whole = digits_at(at), part = 0;

    if (whole == 0 || (whole > 1 && *at == '0'))
        return false;
    at += whole;
    *significant = 0;
    if (*at == '.') {
        part = digits_at(at + 1);
        if (part == 0)
            return false;
        at += 1 + part;
        *significant = min_int(17, (int)(whole + part));
    }
    if (*at == 'e' || *at == 'E') {
        at += 1 + (at[1] == '-' || at[1] == '+');
        if (digits_at(at) == 0)
            return false;
        at += digits_at(at);
        *significant = min_int(17, (int)(whole + part));
    }
    return *at == '\0' && (*significant > 0 || whole <= 18);
}

static void write_cell(Lesson *l, const char *head, const char *cell)
{
    int significant;
    double value;

    if (!is_number(cell, &significant))
        data_text(l, head, cell);
    else if (significant == 0)
        json_write_integer(&l->json, head, strtoll(cell, NULL, 10));
    else if (decimal_read(&value, cell, strlen(cell)))
        json_write_number(&l->json, head, value, significant);
    else
        data_text(l, head, cell);
}

static void write_table(Lesson *l, const char *key, const char *const *head,
                        int columns, const char *const *cell, int rows)
{
    json_write_array(&l->json, key);
    for (int r = 0; r < rows; r++) {
        json_write_object(&l->json, NULL);
        for (int c = 0; c < columns; c++)
            write_cell(l, head[c], row(cell, r, columns)[c]);
        json_write_object_end(&l->json);
    }
    json_write_array_end(&l->json);
}

/* The column that has to give way: the last left one while it can, else the
 * widest. */
static int victim(const int *width, const char *align, int columns)
{
    int widest = 0;

    for (int c = columns - 1; c >= 0; c--)
        if (align[c] == 'l' && width[c] > 2 * LEAST)
            return c;
    for (int c = 1; c < columns; c++)
        if (width[c] > width[widest])
            widest = c;
    return widest;
}

/*   width   out [columns]; their sum and the gaps fit into the line
 */
static void measure(const Lesson *l, int *width, const char *const *head,
                    const char *align, int columns, const char *const *cell, int rows)
{
    int total = PAINT_MARGIN + 2 * (columns - 1);

    for (int c = 0; c < columns; c++) {
        width[c] = max_int(1, columns_of(head[c]));
        for (int r = 0; r < rows; r++)
            width[c] = max_int(width[c], columns_of(row(cell, r, columns)[c]));
        total += width[c];
    }
    for (; total > l->width; total--)
        width[victim(width, align, columns)]--;
}

/* "looks_at", a key in the data, as words: "looks at". out [HEAD] */
static const char *words_of(char *out, const char *head)
{
    snprintf(out, HEAD, "%s", head);
    for (char *at = out; *at != '\0'; at++)
        *at = *at == '_' ? ' ' : *at;
    return out;
}

/* One line; the blanks behind the last cell are left out. */
static void print_row(const Lesson *l, const char *const *cell, const int *width,
                      const char *align, int columns, bool heads)
{
    char words[HEAD];

    while (columns > 1 && cell[columns - 1][0] == '\0')
        columns--;
    for (int c = 0; c < columns; c++) {
        const char *text = heads ? words_of(words, cell[c]) : cell[c];
        bool last = c == columns - 1 && align[c] == 'l';

        fprintf(l->out, "%*s", c == 0 ? PAINT_MARGIN : 2, "");
        paint_cell(l, text, last ? min_int(width[c], columns_of(text)) : width[c],
                   align[c]);
    }
    paint_end(l);
    fputc('\n', l->out);
}

void picture_table(Lesson *l, const char *key, const char *const *head,
                   const char *align, const char *const *cell, int rows)
{
    int columns = (int)strlen(align), *width;

    if (l->data) {
        write_table(l, key, head, columns, cell, rows);
        return;
    }
    if (rows == 0)
        return;
    width = memory_get(columns, sizeof *width);
    measure(l, width, head, align, columns, cell, rows);
    paint_block(l);
    paint(l, "1");
    print_row(l, head, width, align, columns, true);
    for (int c = 0; c < columns; c++) {
        fprintf(l->out, "%*s", c == 0 ? PAINT_MARGIN : 2, "");
        paint_repeat(l, "─", width[c]);
    }
    fputc('\n', l->out);
    for (int r = 0; r < rows; r++)
        print_row(l, row(cell, r, columns), width, align, columns, false);
    memory_give_back(width);
}
