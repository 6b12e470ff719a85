/* pictures.h - drawings for a terminal, each of them data with --json
 *
 * Rules of use:
 * 1. key names the data in the lesson's --json; label is what a person reads.
 * 2. Nothing is wider than lesson->width. What does not fit is cut with "…" or
 *    taken together, and the picture says so.
 * 3. Colours carry nothing alone: a shape, a digit or a place says it too, and
 *    without escapes the picture still reads. Scales are those that colour-blind
 *    people can tell apart: blue – white – orange for signs, dark – light for
 *    sizes.
 * 4. Texts may hold anything a tokenizer can produce: control characters are
 *    shown as ␀ … ␟, and widths count East Asian wide characters and emoji twice.
 */
#ifndef PICTURES_H
#define PICTURES_H

#include "chapters/lesson/lesson.h"

/* One line "label  value unit"; data: the number under key. digits: significant
 * ones, on the screen and in the data (9 bring back any float, 17 any double). */
void picture_number(Lesson *l, const char *key, const char *label, double value,
                    int digits, const char *unit);
void picture_text(Lesson *l, const char *key, const char *label,
                  const char *text);

/* Pieces of a text in turns of two colours, or in ⟨ ⟩, each with its id below;
 * wrapped. Data: [{"id": …, "token": …}]. text [n]; id [n] or NULL. */
void picture_tokens(Lesson *l, const char *key, const char *label,
                    const char *const *text, const int *id, int n);

/* One horizontal bar for each, in eighths of a column, the longest filling the
 * width. Data: [{"label": …, "value": …, "note": …}]. */
typedef struct {
    const char *label;
    double value;               /* >= 0                                      */
    const char *note;           /* behind the bar: "0.53", "cut by top-p"    */
} Bar;
void picture_bars(Lesson *l, const char *key, const Bar *bars, int n);

/* A row of numbers as one line of cells: sign by colour and by shape (▀ hangs, ▄
 * stands), size by shape and strength; scale: what counts as full. Rows that are
 * wider than the line are taken together, the largest |x| of each group speaking.
 * Data: {"label": …, "values": […]} with all n numbers, 9 digits, under key. */
void picture_strip(Lesson *l, const char *key, const char *label, const float *x,
                   int n, double scale);

/* x [rows, columns] in [0, 1]. With names of rows: a line for each, one digit 0 … 9
 * or · in each cell. Without: two rows in one line of half-blocks with colours, or a
 * digit for each cell. NaN: a cell that does not exist. row_label, column_label
 * [rows], [columns], or NULL. Data: {"rows": […], "columns": […], "values": [[…]]},
 * NaN as null. */
void picture_heatmap(Lesson *l, const char *key, const char *label,
                     const float *x, int rows, int columns,
                     const char *const *row_label,
                     const char *const *column_label);

/* n heat-maps x [n, rows, columns] without labels, side by side, each below its name
 * [n]; columns <= LESSON_NARROW - 2. Data: {"names": […], "values": [[[…]]]}. */
void picture_maps(Lesson *l, const char *key, const float *x, int n, int rows,
                  int columns, const char *const *name);

/* Cells as texts, [rows, columns] behind the heads (keys; "_" is shown as a blank);
 * align has one letter for each column: 'l' or 'r'. The last 'l' column is cut where
 * the table is too wide. Data: [{"head": "cell", …}]; a cell that is a whole or
 * decimal number comes as one. */
void picture_table(Lesson *l, const char *key, const char *const *head,
                   const char *align, const char *const *cell, int rows);

/* 16 (or 8) bytes a line, their places and their characters, with brackets below
 * that name ranges. Data: {"offset": …, "hex": "…", "parts": [{"from", "to",
 * "what"}]}. brackets ascend and do not overlap. */
typedef struct {
    size_t from, to;            /* bytes, counted from the first shown       */
    const char *what;
} Bracket;
void picture_hexdump(Lesson *l, const char *key, const unsigned char *bytes,
                     size_t n, size_t offset, const Bracket *brackets, int count);

/* The unit interval with marks: where shares end, and where a dart fell.
 * Data: {"ends": […], "dart": …, "labels": […]}. */
void picture_line(Lesson *l, const char *key, const double *share,
                  const char *const *label, int n, double dart);

/* A file to scale: its parts one behind the other, in cells of equal size; a cell
 * shows the kind that most of it is (kind 0: where such a part begins). kind
 * [kinds], at most 8, begin with different letters. Data: {"label", "parts":
 * [{"what", "kind", "from", "to"}]}. */
typedef struct {
    const char *what;           /* "model.norm.weight"                       */
    size_t bytes;
    int kind;
} MapPart;
void picture_map(Lesson *l, const char *key, const char *label,
                 const MapPart *part, int n, const char *const *kind, int kinds);

/* Rows of cells below each other, all to one scale, each between its label and its
 * note; a cell stands for as many numbers as it must (a power of two), and shows the
 * kind that most of them are. kind: as above. Data: [{"label", "note", "runs":
 * [{"kind", "from", "to"}]}]. */
typedef struct { int kind, count; } CellRun;
typedef struct {
    const char *label, *note;
    CellRun run[3];             /* one behind the other; count 0: none       */
} CellRow;
void picture_cells(Lesson *l, const char *key, const CellRow *rows, int n,
                   const char *const *kind, int kinds);

/* A float taken apart: sign, exponent, mantissa, and what they mean. bits: its
 * lowest 1 + exponent + mantissa. Data: {"format", "sign", "exponent", "mantissa",
 * "exponent_bits", "mantissa_bits", "value"}. */
typedef struct { const char *name; int exponent, mantissa; } BitFields;
void picture_bits(Lesson *l, const char *key, const BitFields *b, uint32_t bits,
                  double value);

/* Texts next to each other in columns, wrapped. Data: [{"head", "text", "ids"}]. */
typedef struct {
    const char *head, *text;
    const int *id;              /* [ids]                                     */
    int ids;
} SideText;
void picture_texts(Lesson *l, const char *key, const SideText *text, int n);

#endif
