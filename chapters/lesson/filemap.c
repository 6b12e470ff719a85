/* filemap.c - a file as a field of cells, each of them the same number of bytes
 *
 *      parts    ├ header ┤├──── a ────┤├ b ┤├────────── c ──────────┤
 *      cells    │   │   │   │   │   │   │   │   │   │   │   │   │   │
 *      shown     h   a   a   a   b   c   c   c   c   c   c   c   c
 *
 * A list of sizes says which part is large; a map says also where it lies, and what
 * comes again and again. The cells are to scale: count them. A cell in which
 * several parts meet belongs to the kind that has most of it, with one exception,
 * so that it can be found at all: where a part of the first kind begins (the header),
 * the cell is its own, however short it is. A kind that gets no cell is named below.
 *
 * The letter says what the colour says; in a pipe it stands alone.
 *
 * Read next: chapters/lesson/bitfields.c.
 */
#include "chapters/lesson/pictures.h"

#include "base/memory.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"

#define LINES 6                     /* of cells                              */

static void data(Lesson *l, const char *key, const char *label,
                 const MapPart *part, int n, const char *const *kind)
{
    JsonWriter *w = &l->json;
    size_t at = 0;

    json_write_object(w, key);
    data_text(l, "label", label);
    json_write_array(w, "parts");
    for (int i = 0; i < n; at += part[i++].bytes) {
        json_write_object(w, NULL);
        data_text(l, "what", part[i].what);
        data_text(l, "kind", kind[part[i].kind]);
        json_write_integer(w, "from", (int64_t)at);
        json_write_integer(w, "to", (int64_t)(at + part[i].bytes));
        json_write_object_end(w);
    }
    json_write_array_end(w);
    json_write_object_end(w);
}

/* The kind of each cell: what most of its bytes are.
 *   cell  [cells] out; cell c covers the bytes c · unit … (c+1) · unit - 1   */
static void fill(int *cell, int cells, size_t unit, const MapPart *part, int n)
{
    size_t from = 0;                /* of part p                             */
    int p = 0;

    for (int c = 0; c < cells; c++) {
        size_t begin = (size_t)c * unit, end = begin + unit, held[PAINT_KINDS] = {0};
        bool first = false;

        while (p < n) {
            size_t to = from + part[p].bytes;

            first = first || (part[p].kind == 0 && from >= begin && from < end);
            held[part[p].kind] += (to < end ? to : end) - (from > begin ? from : begin);
            if (to > end)
                break;              /* it goes on in the next cell           */
            from = to;
            p++;
        }
        cell[c] = 0;
        for (int k = 1; !first && k < PAINT_KINDS; k++)
            if (held[k] > held[cell[c]])
                cell[c] = k;
    }
}

void picture_map(Lesson *l, const char *key, const char *label,
                 const MapPart *part, int n, const char *const *kind, int kinds)
{
    int across = l->width - PAINT_MARGIN, cells;
    bool there[PAINT_KINDS] = {false}, seen[PAINT_KINDS] = {false};
    size_t total = 0, unit;
    int *cell;

    must(kinds <= PAINT_KINDS, "%d kinds", kinds);
    if (l->data) {
        data(l, key, label, part, n, kind);
        return;
    }
    for (int i = 0; i < n; i++) {
        total += part[i].bytes;
        there[part[i].kind] = true;
    }
    unit = (total + (size_t)(across * LINES) - 1) / (size_t)(across * LINES);
    unit = unit > 0 ? unit : 1;
    cells = (int)((total + unit - 1) / unit);
    cell = memory_get(max_int(cells, 1), sizeof *cell);
    fill(cell, cells, unit, part, n);
    paint_block(l);
    paint_head(l, label);
    for (int c = 0; c < cells; c++) {
        if (c % across == 0)
            fprintf(l->out, "%*s", PAINT_MARGIN, "");
        seen[cell[c]] = true;
        paint_kind(l, kind, cell[c]);
        if (c % across == across - 1 || c == cells - 1)
            fputc('\n', l->out);
    }
    paint_legend(l, kind, seen);
    fprintf(l->out, "%*seach cell: %zu bytes of %zu\n", PAINT_MARGIN, "", unit, total);
    for (int k = 0; k < kinds; k++)
        if (there[k] && !seen[k])
            fprintf(l->out, "%*stoo small for a cell: %s\n", PAINT_MARGIN, "", kind[k]);
    memory_give_back(cell);
}
