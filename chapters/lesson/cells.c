/* cells.c - rows of numbers of a few kinds, side by side and to one scale
 *
 *      rows      ├─ first 8 ─┤├─ second 8 ─┤├──────── not turned 48 ────────┤
 *      cells     │  4  │  4  │  4  │  4  │  4  │  4  │  …            4 numbers each
 *      shown        f     f     s     s     n     n     …
 *
 * A list says 16 of 64; a row of cells shows a quarter. For rows to be compared they
 * must have one scale, so the longest row decides how many numbers a cell stands for:
 * the smallest power of two with which it fits. A cell in which two kinds meet
 * belongs to the one that has more of it, and of two that have the same, to the first.
 *
 * The letter says what the colour says; in a pipe it stands alone.
 *
 * Read next: chapters/lesson/families.c.
 */
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define RUNS (int)(sizeof ((CellRow *)0)->run / sizeof (CellRun))

static void write_row(Lesson *l, const CellRow *row, const char *const *kind)
{
    JsonWriter *w = &l->json;
    int at = 0;

    json_write_object(w, NULL);
    data_text(l, "label", row->label);
    data_text(l, "note", row->note);
    json_write_array(w, "runs");
    for (int i = 0; i < RUNS; at += row->run[i++].count) {
        if (row->run[i].count == 0)
            continue;
        json_write_object(w, NULL);
        data_text(l, "kind", kind[row->run[i].kind]);
        json_write_integer(w, "from", at);
        json_write_integer(w, "to", at + row->run[i].count);
        json_write_object_end(w);
    }
    json_write_array_end(w);
    json_write_object_end(w);
}

static int row_length(const CellRow *row)
{
    int length = 0;

    for (int i = 0; i < RUNS; i++)
        length += row->run[i].count;
    return length;
}

/* What most of the numbers begin … end-1 of a row are. */
static int cell_kind(const CellRow *row, int begin, int end)
{
    int held[PAINT_KINDS] = {0}, most = row->run[0].kind, at = 0;

    for (int i = 0; i < RUNS; at += row->run[i++].count) {
        int from = max_int(at, begin), to = min_int(at + row->run[i].count, end);

        held[row->run[i].kind] += max_int(to - from, 0);
    }
    for (int i = 0; i < RUNS; i++)
        if (held[row->run[i].kind] > held[most])
            most = row->run[i].kind;
    return most;
}

void picture_cells(Lesson *l, const char *key, const CellRow *rows, int n,
                   const char *const *kind, int kinds)
{
    int label = 0, note = 0, longest = 0, unit = 1, room;
    bool seen[PAINT_KINDS] = {false};

    must(kinds <= PAINT_KINDS, "%d kinds", kinds);
    if (l->data) {
        json_write_array(&l->json, key);
        for (int i = 0; i < n; i++)
            write_row(l, &rows[i], kind);
        json_write_array_end(&l->json);
        return;
    }
    for (int i = 0; i < n; i++) {
        label = max_int(label, columns_of(rows[i].label));
        note = max_int(note, columns_of(rows[i].note));
        longest = max_int(longest, row_length(&rows[i]));
    }
    label = min_int(label, l->width / 3);
    note = min_int(note, l->width / 3);
    room = l->width - PAINT_MARGIN - label - note - 4;
    while ((longest + unit - 1) / unit > room)
        unit *= 2;
    paint_block(l);
    for (int i = 0; i < n; i++) {
        fprintf(l->out, "%*s", PAINT_MARGIN, "");
        paint_cell(l, rows[i].label, label, 'l');
        fputs("  ", l->out);
        paint_cell(l, rows[i].note, note, 'l');
        fputs("  ", l->out);
        for (int at = 0, end = row_length(&rows[i]); at < end; at += unit) {
            int k = cell_kind(&rows[i], at, min_int(at + unit, end));

            seen[k] = true;
            paint_kind(l, kind, k);
        }
        fputc('\n', l->out);
    }
    paint_legend(l, kind, seen);
    if (unit > 1)
        fprintf(l->out, "%*seach cell: %d numbers\n", PAINT_MARGIN, "", unit);
}
