/* guessreport.h - what became of the guesses: for a person, and as JSON
 *
 * Rules of use: the person's goes to stderr, behind the text; the text is stdout's.
 */
#ifndef GUESSREPORT_H
#define GUESSREPORT_H

#include "chapters/commands/guessing.h"

/* tokens: ids of the answer. color: --color. */
void guesses_print(const Acceptance *a, const Guessing *g, int tokens,
                   const char *color);

/* Members of the object that w stands in; CLI names them. */
void guesses_write(JsonWriter *w, const Acceptance *a, const Guessing *g);

#endif
