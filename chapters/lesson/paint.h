/* paint.h - colours, cells of a fixed width, and where a picture begins
 *
 * Rules of use: for the pictures only; a lesson calls pictures.h. A line that paints
 * calls paint_end before its newline, so that colours never leak into the next.
 */
#ifndef PAINT_H
#define PAINT_H

#include "chapters/lesson/lesson.h"

#define PAINT_MARGIN 2              /* columns left of every picture         */

/* One line among others, or a block of lines with a blank line before it. */
void paint_line(Lesson *l);
void paint_block(Lesson *l);
void paint_head(Lesson *l, const char *label);      /* its title; NULL: none */

/* SGR parameters: "1", "38;5;208"; nothing without colours. */
void paint(const Lesson *l, const char *sgr);
void paint_ink(const Lesson *l, int color);         /* 256 colours           */
void paint_ground(const Lesson *l, int color);
void paint_end(const Lesson *l);

/* text in exactly `width` columns, filled with blanks or cut with "…". */
void paint_cell(const Lesson *l, const char *text, int width, char align);
void paint_repeat(const Lesson *l, const char *text, int times);

/* A cell of one of several kinds: its first letter on its colour; and which letter
 * is what, "h header  e embedding …", wrapped, of the kinds that were seen. */
#define PAINT_KINDS 8
void paint_kind(const Lesson *l, const char *const *kind, int k);
void paint_legend(const Lesson *l, const char *const *kind,
                  const bool seen[PAINT_KINDS]);

/* A cell of a picture of sizes 0 … 1; NaN: there is none, and it is left blank. */
const char *tenth(float x);         /* "7": 0.7 … 0.8; "·": below 1/100      */
void paint_halves(const Lesson *l, float above, float below);   /* two in one */

/* Colours of the scales, and an ink that can be read on them. */
int scale_size(double share);       /* 0 … 1: dark to light                  */
int scale_sign(double share);       /* -1 … 1: blue, white, orange           */
int scale_ink(int ground);

#endif
