/* report.h - what was measured: rows of named numbers, shown in four ways
 *
 * Rules of use:
 * 1. A suite describes its columns once, in a const table; it fills a Report and
 *    prints nothing. Cells that are not set are absent: null in JSON, empty elsewhere.
 * 2. Facts are true for all rows: the processor, the threads, the compiler.
 * 3. What report_json wrote, report_read reads back, samples included.
 * 4. Everything lives in the report's arena until report_free.
 */
#ifndef REPORT_H
#define REPORT_H

#include "files/json.h"
#include "files/json_write.h"

typedef struct {
    const char *name;       /* key of JSON, head of CSV; NULL ends the table */
    const char *head;       /* for a person; NULL: not in tables for people  */
    bool text;              /* else a number                                 */
    double unit;            /* a person reads number / unit …                */
    int decimals;           /* … with so many of them                        */
} ReportColumn;

typedef struct {
    const char *text;       /* NULL: absent                                  */
    double number;          /* NaN: absent                                   */
} ReportCell;

typedef struct {            /* what each run of a row took                   */
    const double *x;
    int n;
} ReportSamples;

#define REPORT_FACTS 16

typedef struct {
    const char *suite;                  /* "speed"                           */
    const ReportColumn *column;         /* [columns]                         */
    int columns;
    struct { const char *name; ReportCell value; } fact[REPORT_FACTS];
    int facts;
    ReportCell *cell;                   /* [rows, columns]                   */
    ReportSamples *samples;             /* [rows]                            */
    int rows, room;
    Arena arena;
} Report;

void report_init(Report *report, const char *suite, const ReportColumn *column);
void report_free(Report *report);

/* A fact that is there already is replaced. NULL, NaN when there is none. */
void report_fact(Report *report, const char *name, const char *text);
void report_fact_number(Report *report, const char *name, double number);
ReportCell report_get_fact(const Report *report, const char *name);
bool report_same_fact(const Report *a, const Report *b, const char *name);

int report_row(Report *report);         /* a new, empty one; returns its index */
void report_text(Report *report, int column, const char *text);     /* of the  */
void report_number(Report *report, int column, double number);      /* last    */
void report_samples(Report *report, const double *x, int n);        /* row     */
ReportCell report_cell(const Report *report, int row, int column);

/* The row of `in` that has the same cells in these columns as row r of `of`; -1: none.
 * key ends with -1. A simple scan: rows are dozens. */
int report_find(const Report *in, const Report *of, int r, const int *key);

/* Rows, and facts that are not there yet, of another report with the same columns. */
void report_append(Report *report, const Report *other);

/* Heads, one letter 'l' or 'r' each, and cells [rows, columns] for a person: `rows` rows
 * from `row` on, columns from `column` on that have a head and are not empty in these
 * rows. Owner: the arena. */
typedef struct {
    const char **head, **cell;
    char *align;
    int columns, rows;
} ReportTable;
void report_table(ReportTable *table, const Report *report, int column, int row, int rows,
                  Arena *arena);

/* Members of the object that w has begun: "suite", "facts", rows under `key`. */
void report_json(const Report *report, const char *key, JsonWriter *w);
void report_csv(const Report *report, FILE *out);
void report_markdown(const Report *report, FILE *out);

/* Into a report that was just initialized. Errors: exit 3, saying what is not as
 * report_json writes it. */
bool report_read(Report *report, const Json *root, const char *key, Error *error);

/* Atomically, as the name ends: .json, .csv or .md. Errors: exit 2 for another end
 * (ask report_may_save before the work), those of atomicfile. */
bool report_may_save(const char *path, Error *error);
bool report_save(const Report *report, const char *path, Error *error);

/* The middle of n numbers, and where the middle of many more would lie: the interval
 * between two of the sorted samples that holds the true median with 95 %, or all of
 * them where n < 6 is too few for that. n >= 1; x is left as it is. */
typedef struct { double median, low, high; } Spread;
Spread spread_of(const double *x, int n);

#endif
