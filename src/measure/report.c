/* report.c - what was measured: rows of named numbers, shown in four ways
 *
 *      a suite fills                         a person, a script, a spreadsheet reads
 *
 *      facts  processor  "AMD …"               ┌──► table on the terminal
 *             threads    2                     │
 *      ┌───────┬──────────┬─────────┬────┐     ├──► JSON      ──► report_read
 *      │ model │ test     │ seconds │ …  │ ────┤
 *      ├───────┼──────────┼─────────┼────┤     ├──► CSV
 *      │ story │ prompt   │ 0.41    │    │     │
 *      │ story │ generate │ 0.22    │    │     └──► markdown
 *      └───────┴──────────┴─────────┴────┘
 *
 * A benchmark that prints its own lines can be read by people only, and the next one
 * prints others. Here a suite names its columns in one const table, and all four ways
 * of showing follow from it. A person gets numbers in the unit of the head ("GB/s",
 * few decimals); files get the number itself, in bytes, seconds and per second.
 *
 * How long a run takes is not one number. Samples are compared by their median, which
 * one late run does not move, and by an interval that is free of any assumption
 * about how times are distributed: each sample lies below the true median with
 * chance 1/2, so how many of n do is a game of n coins, and
 *
 *      P( x_(k) > true median ) = P( at most k-1 of n coins show heads )
 *                               = 2^-n · Σ_{i<k} C(n, i)                      (1)
 *
 * with x_(k) the k-th smallest. The largest k for which (1) is at most 2.5 % gives
 * the interval x_(k) … x_(n+1-k), which holds the true median in 95 % of all cases.
 * With n < 6 there is none; smallest and largest stand for it (n = 5: 93.75 %).
 *
 * Source: Conover, "Practical Nonparametric Statistics", section 3.2; RFC 4180 for CSV.
 * Read next: measure/report_file.c, measure/speed.c.
 */
#include "measure/report.h"

#include <math.h>               /* NAN, isnan, pow                           */
#include <stdlib.h>             /* qsort                                     */
#include <string.h>             /* strcmp, memcpy                            */

#include "base/decimal.h"       /* numbers of CSV, without the locale        */

#define DIGITS 9                /* significant ones of a number in files …   */
#define WHOLE 17                /* … and of a whole one: bytes are exact     */

/* ---- samples */

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The largest k for which (1) is at most 2.5 %, at least 1. */
static int outer_rank(int n)
{
    double chance = pow(0.5, n), below = chance;        /* C(n, 0) · 2^-n    */
    int k = 0;

    while (below <= 0.025) {
        k++;
        chance *= (double)(n - k + 1) / k;              /* C(n, k) · 2^-n    */
        below += chance;
    }
    return max_int(k, 1);
}

/* Equation (1). Cost: a sort. */
Spread spread_of(const double *x, int n)
{
    double *sorted = memory_get(n, sizeof *sorted);
    int k;
    Spread s;

    must(n >= 1 && n <= 1000, "%d samples", n);         /* 2^-n is a double  */
    k = outer_rank(n);
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, compare);
    s = (Spread){ (sorted[(n - 1) / 2] + sorted[n / 2]) / 2, sorted[k - 1],
                  sorted[n - k] };
    memory_give_back(sorted);
    return s;
}

/* ---- filling */

void report_init(Report *report, const char *suite, const ReportColumn *column)
{
    *report = (Report){ .suite = suite, .column = column };
    while (column[report->columns].name != NULL)
        report->columns++;
}

void report_free(Report *report)
{
    arena_free(&report->arena);
    *report = (Report){0};
}

static const char *keep(Report *report, const char *text)
{
    return text == NULL ? NULL : arena_text(&report->arena, text, strlen(text));
}

static void set_fact(Report *report, const char *name, ReportCell value)
{
    int f = 0;

    while (f < report->facts && strcmp(report->fact[f].name, name) != 0)
        f++;
    must(f < REPORT_FACTS, "more than %d facts", REPORT_FACTS);
    if (f == report->facts)
        report->fact[report->facts++].name = keep(report, name);
    report->fact[f].value = (ReportCell){ keep(report, value.text), value.number };
}

void report_fact(Report *report, const char *name, const char *text)
{
    set_fact(report, name, (ReportCell){ text, (double)NAN });
}

void report_fact_number(Report *report, const char *name, double number)
{
    set_fact(report, name, (ReportCell){ NULL, number });
}

ReportCell report_get_fact(const Report *report, const char *name)
{
    for (int f = 0; f < report->facts; f++)
        if (strcmp(report->fact[f].name, name) == 0)
            return report->fact[f].value;
    return (ReportCell){ NULL, (double)NAN };
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_cell(ReportCell a, ReportCell b)
{
    return same_text(a.text, b.text)
        && (a.number == b.number || (isnan(a.number) && isnan(b.number)));
}

bool report_same_fact(const Report *a, const Report *b, const char *name)
{
    return same_cell(report_get_fact(a, name), report_get_fact(b, name));
}

/* Room grows by doubling; the arena keeps the old, smaller ones until the end. */
int report_row(Report *report)
{
    size_t width = (size_t)report->columns;

    if (report->rows == report->room) {
        int room = report->room * 2 + 16;
        ReportCell *cell = arena_get(&report->arena, (size_t)room * width * sizeof *cell);
        ReportSamples *samples = arena_get(&report->arena,
                                           (size_t)room * sizeof *samples);

        for (int r = 0; r < report->rows; r++) {
            memcpy(row(cell, r, width), row(report->cell, r, width),
                   width * sizeof *cell);
            samples[r] = report->samples[r];
        }
        report->cell = cell, report->samples = samples, report->room = room;
    }
    for (size_t c = 0; c < width; c++)
        row(report->cell, report->rows, width)[c] = (ReportCell){ NULL, (double)NAN };
    report->samples[report->rows] = (ReportSamples){0};
    return report->rows++;
}

static ReportCell *last(Report *report, int column)
{
    must(report->rows > 0 && column >= 0 && column < report->columns,
         "column %d of %d, %d rows", column, report->columns, report->rows);
    return &row(report->cell, report->rows - 1, report->columns)[column];
}

void report_text(Report *report, int column, const char *text)
{
    last(report, column)->text = keep(report, text);
}

void report_number(Report *report, int column, double number)
{
    last(report, column)->number = number;
}

void report_samples(Report *report, const double *x, int n)
{
    double *copy = arena_get(&report->arena, (size_t)n * sizeof *copy + 1);

    last(report, 0);
    for (int i = 0; i < n; i++)         /* none: x may be NULL, which memcpy forbids */
        copy[i] = x[i];
    report->samples[report->rows - 1] = (ReportSamples){ copy, n };
}

ReportCell report_cell(const Report *report, int r, int column)
{
    must(r >= 0 && r < report->rows && column >= 0 && column < report->columns,
         "cell %d, %d", r, column);
    return row(report->cell, r, report->columns)[column];
}

int report_find(const Report *in, const Report *of, int r, const int *key)
{
    for (int i = 0; i < in->rows; i++) {
        const int *k = key;

        while (*k >= 0 && same_cell(report_cell(in, i, *k), report_cell(of, r, *k)))
            k++;
        if (*k < 0)
            return i;
    }
    return -1;
}

void report_append(Report *report, const Report *other)
{
    must(report->column == other->column, "two reports of different columns");
    for (int f = 0; f < other->facts; f++) {
        ReportCell known = report_get_fact(report, other->fact[f].name);

        if (known.text == NULL && isnan(known.number))
            set_fact(report, other->fact[f].name, other->fact[f].value);
    }
    for (int r = 0; r < other->rows; r++) {
        report_row(report);
        for (int c = 0; c < report->columns; c++) {
            report_text(report, c, report_cell(other, r, c).text);
            report_number(report, c, report_cell(other, r, c).number);
        }
        report_samples(report, other->samples[r].x, other->samples[r].n);
    }
}

/* ---- for a person */

static bool for_person(const Report *report, int c, int first, int rows)
{
    for (int r = first; r < first + rows && report->column[c].head != NULL; r++)
        if (report_cell(report, r, c).text != NULL
            || !isnan(report_cell(report, r, c).number))
            return true;
    return false;
}

static const char *shown(const Report *report, int r, int c, Arena *arena)
{
    const ReportColumn *column = &report->column[c];
    ReportCell cell = report_cell(report, r, c);

    if (column->text)
        return cell.text != NULL ? arena_text(arena, cell.text, strlen(cell.text)) : "";
    return isnan(cell.number) ? ""
         : arena_print(arena, "%.*f", column->decimals, cell.number / column->unit);
}

void report_table(ReportTable *table, const Report *report, int column, int first, int rows,
                  Arena *arena)
{
    size_t most = (size_t)report->columns, used = 0;

    *table = (ReportTable){ .rows = rows };
    table->head = arena_get(arena, most * sizeof *table->head);
    table->align = arena_get(arena, most + 1);
    table->cell = arena_get(arena, most * (size_t)rows * sizeof *table->cell + 1);
    for (int c = column; c < report->columns; c++)
        if (for_person(report, c, first, rows)) {
            table->head[table->columns] = report->column[c].head;
            table->align[table->columns++] = report->column[c].text ? 'l' : 'r';
        }
    for (int r = first; r < first + rows; r++)
        for (int c = column; c < report->columns; c++)
            if (for_person(report, c, first, rows))
                table->cell[used++] = shown(report, r, c, arena);
}

/* A bar inside a cell would begin another. */
static void markdown_cell(FILE *out, const char *text)
{
    fputs(" ", out);
    for (; *text != '\0'; text++)
        fprintf(out, *text == '|' ? "\\%c" : "%c", *text);
    fputs(" |", out);
}

static int digits_of(double number)
{
    return number == rint(number) ? WHOLE : DIGITS;
}

static const char *fact_text(const ReportCell *value, char room[DECIMAL_LENGTH])
{
    if (value->text != NULL)
        return value->text;
    room[0] = '\0';
    if (isfinite(value->number))
        decimal_write(room, value->number, digits_of(value->number));
    return room;
}

void report_markdown(const Report *report, FILE *out)
{
    Arena arena = {0};
    ReportTable t;
    char number[DECIMAL_LENGTH];

    report_table(&t, report, 0, 0, report->rows, &arena);
    fprintf(out, "# %s\n\n", report->suite);
    for (int f = 0; f < report->facts; f++)
        fprintf(out, "- %s: %s\n", report->fact[f].name,
                fact_text(&report->fact[f].value, number));
    fputs("\n|", out);
    for (int c = 0; c < t.columns; c++)
        markdown_cell(out, t.head[c]);
    fputs("\n|", out);
    for (int c = 0; c < t.columns; c++)
        fputs(t.align[c] == 'l' ? "---|" : "---:|", out);
    for (int r = 0; r < t.rows; r++) {
        fputs("\n|", out);
        for (int c = 0; c < t.columns; c++)
            markdown_cell(out, row(t.cell, r, t.columns)[c]);
    }
    fputs("\n", out);
    arena_free(&arena);
}

/* ---- for programs */

static void csv_cell(FILE *out, const char *text, bool first)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;

    fputs(first ? "" : ",", out);
    fputs(quoted ? "\"" : "", out);
    for (; *text != '\0'; text++)
        fprintf(out, *text == '"' ? "\"\"" : "%c", *text);
    fputs(quoted ? "\"" : "", out);
}

/* One line of heads, one for each row; the facts stand at the end of every line, so that
 * lines of several files can be put below each other. Lines end as RFC 4180 says. */
void report_csv(const Report *report, FILE *out)
{
    char number[DECIMAL_LENGTH];

    for (int c = 0; c < report->columns; c++)
        csv_cell(out, report->column[c].name, c == 0);
    for (int f = 0; f < report->facts; f++)
        csv_cell(out, report->fact[f].name, false);
    fputs("\r\n", out);
    for (int r = 0; r < report->rows; r++) {
        for (int c = 0; c < report->columns; c++) {
            ReportCell cell = report_cell(report, r, c);

            csv_cell(out, fact_text(&cell, number), c == 0);
        }
        for (int f = 0; f < report->facts; f++)
            csv_cell(out, fact_text(&report->fact[f].value, number), false);
        fputs("\r\n", out);
    }
}

static void write_cell(JsonWriter *w, const char *key, ReportCell cell)
{
    if (cell.text != NULL)
        json_write_word(w, key, cell.text);
    else
        json_write_number(w, key, cell.number, digits_of(cell.number));
}

void report_json(const Report *report, const char *key, JsonWriter *w)
{
    json_write_word(w, "suite", report->suite);
    json_write_object(w, "facts");
    for (int f = 0; f < report->facts; f++)
        write_cell(w, report->fact[f].name, report->fact[f].value);
    json_write_object_end(w);
    json_write_array(w, key);
    for (int r = 0; r < report->rows; r++) {
        const ReportSamples *s = &report->samples[r];

        json_write_object(w, NULL);
        for (int c = 0; c < report->columns; c++)
            write_cell(w, report->column[c].name, report_cell(report, r, c));
        json_write_array(w, "samples");
        for (int i = 0; i < s->n; i++)
            json_write_number(w, NULL, s->x[i], DIGITS);
        json_write_array_end(w);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}
