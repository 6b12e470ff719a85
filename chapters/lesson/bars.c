/* bars.c - shares as lengths: bars below each other, or one line with a dart
 *
 *      there    ██████████████████████████▋  0.53
 *      a        ███████▏ 0.14
 *      the      ▏ 0.002
 *
 *      there                          a         the
 *      ├──────────────────────────────┼─────────┼───┼─┤
 *                                        ▲ 0.714
 *
 * The eye compares lengths well and areas badly. A bar is drawn in eighths of a
 * column: Unicode has the left eighths of a block, ▏▎▍▌▋▊▉█. What is not zero gets
 * at least one of them, so that something that is there can be seen.
 *
 * The line is the same shares laid end to end. A uniform random number between 0
 * and 1 is a dart that falls on it; what it hits is chosen with just its share.
 *
 * Read next: chapters/lesson/strip.c.
 */
#include <math.h>
#include <string.h>

#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

static void write_bars(Lesson *l, const char *key, const Bar *bars, int n)
{
    json_write_array(&l->json, key);
    for (int i = 0; i < n; i++) {
        const char *note = bars[i].note != NULL ? bars[i].note : "";

        json_write_object(&l->json, NULL);
        data_text(l, "label", bars[i].label);
        json_write_number(&l->json, "value", bars[i].value, 17);
        data_text(l, "note", note);
        json_write_object_end(&l->json);
    }
    json_write_array_end(&l->json);
}

/*   label, note   columns for them
 *   parts         eighths of a column
 */
static void print_bar(const Lesson *l, const Bar *bar, int label, int parts, int note)
{
    bool noted = bar->note != NULL && bar->note[0] != '\0';

    if (parts == 0 && !noted)       /* nothing behind the label              */
        label = min_int(label, columns_of(bar->label));
    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    paint_cell(l, bar->label, label, 'l');
    if (parts > 0) {
        fputs("  ", l->out);
        paint_ink(l, 32);
        paint_repeat(l, "█", parts / 8);
        fputs(eighths[parts % 8], l->out);
        paint_end(l);
    }
    if (noted) {
        fputs(parts > 0 ? " " : "  ", l->out);
        paint_cell(l, bar->note, min_int(note, columns_of(bar->note)), 'l');
    }
    fputc('\n', l->out);
}

void picture_bars(Lesson *l, const char *key, const Bar *bars, int n)
{
    int label = 1, note = 0, room;
    double most = 0;

    if (l->data) {
        write_bars(l, key, bars, n);
        return;
    }
    for (int i = 0; i < n; i++) {
        label = max_int(label, columns_of(bars[i].label));
        note = max_int(note, bars[i].note != NULL ? columns_of(bars[i].note) : 0);
        most = fmax(most, bars[i].value);
    }
    label = min_int(label, l->width / 3);
    note = min_int(note, l->width / 3);
    room = l->width - PAINT_MARGIN - label - 2 - (note > 0 ? note + 1 : 0);
    paint_block(l);
    for (int i = 0; i < n; i++) {
        int parts = most > 0 ? (int)(bars[i].value / most * 8 * room + 0.5) : 0;

        parts = bars[i].value > 0 ? max_int(parts, 1) : 0;
        print_bar(l, &bars[i], label, parts, note);
    }
}

static void write_line(Lesson *l, const char *key, const double *share,
                       const char *const *label, int n, double dart)
{
    double end = 0;

    json_write_object(&l->json, key);
    json_write_array(&l->json, "ends");
    for (int i = 0; i < n; i++)
        json_write_number(&l->json, NULL, end += share[i], 17);
    json_write_array_end(&l->json);
    json_write_number(&l->json, "dart", dart, 17);
    data_texts(l, "labels", label, n);
    json_write_object_end(&l->json);
}

/* The column 0 … last in which the point u of the unit interval lies. */
static int place(double u, int last)
{
    return max_int(0, min_int(last, (int)(u * last + 0.5)));
}

/* The labels of the shares that have room for two columns of theirs. */
static void print_labels(const Lesson *l, const double *share,
                         const char *const *label, int n, int last)
{
    double end = 0;
    int at = 0;

    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    for (int i = 0; i < n; i++) {
        int from = place(end, last), to = place(end += share[i], last);
        int room = to - from - 1;

        if (room < 2 && room < columns_of(label[i]))
            continue;
        fprintf(l->out, "%*s", from + 1 - at, "");
        paint_ink(l, i % 2 == 0 ? 32 : 166);
        paint_cell(l, label[i], min_int(room, columns_of(label[i])), 'l');
        paint_end(l);
        at = from + 1 + min_int(room, columns_of(label[i]));
    }
    fputc('\n', l->out);
}

/* ├───┼──┼┤ : a mark in each column in which a share ends. */
static void print_marks(const Lesson *l, const double *share, int n, int last)
{
    double end = n > 0 ? share[0] : 1;
    int i = 0;

    fprintf(l->out, "%*s├", PAINT_MARGIN, "");
    for (int column = 1; column < last; column++) {
        bool mark = false;

        paint_ink(l, i % 2 == 0 ? 32 : 166);
        for (; i < n && place(end, last) <= column; end += i < n ? share[i] : 0) {
            mark = true;
            i++;
        }
        fputs(mark ? "┼" : "─", l->out);
    }
    paint_end(l);
    fputs("┤\n", l->out);
}

void picture_line(Lesson *l, const char *key, const double *share,
                  const char *const *label, int n, double dart)
{
    int last = l->width - PAINT_MARGIN - 1, at = place(dart, last);
    char number[24];

    if (l->data) {
        write_line(l, key, share, label, n, dart);
        return;
    }
    snprintf(number, sizeof number, "%.6g", dart);
    paint_block(l);
    print_labels(l, share, label, n, last);
    print_marks(l, share, n, last);
    if (!(dart >= 0 && dart <= 1))
        return;
    if (at + 2 + (int)strlen(number) <= last)
        fprintf(l->out, "%*s▲ %s\n", PAINT_MARGIN + at, "", number);
    else
        fprintf(l->out, "%*s %s ▲\n", PAINT_MARGIN + at - 2 - (int)strlen(number), "",
                number);
}
