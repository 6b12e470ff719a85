/* terminal.h - is there a person at the end of this stream?
 *
 * Rules of use: escapes, colours and bars go only where terminal_is_person says
 * yes for that very stream; --color and NO_COLOR are settled here, once.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool terminal_is_person(FILE *stream);
int terminal_width(FILE *stream);               /* columns; 80 if unknown   */

/* Columns of a UTF-8 text, one per character (wide ones would be two). */
int terminal_columns(const char *text);

/* choice: "auto", "always" or "never" (--color). */
bool terminal_color(FILE *stream, const char *choice);

#endif
