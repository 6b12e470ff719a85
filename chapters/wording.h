/* wording.h - texts as a person reads them
 *
 * Rules of use: what is appended to out is valid UTF-8 when the texts are.
 */
#ifndef WORDING_H
#define WORDING_H

#include "base/utf8.h"

/* The words of text in lines of at most width columns; the first line begins with
 * lead, the others with as many blanks. Ends with a newline. */
void wording_wrap(Text *out, const char *text, const char *lead, int width);

/* Several paragraphs, set in by two blanks. A line that is empty or begins with a
 * blank ends a paragraph and stays as it is: a line of code, a drawing. */
void wording_paragraphs(Text *out, const char *text, int width);

#endif
