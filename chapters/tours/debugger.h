/* debugger.h - find a debugger, give it a script, hear what it says
 *
 * Rules of use: all of these start other programs and wait for them; Ctrl-C ends
 * them and comes back as an Error (exit 130).
 */
#ifndef DEBUGGER_H
#define DEBUGGER_H

#include "chapters/tours/tour.h"

extern const char *const debugger_names[];      /* by Debugger: "gdb", "lldb" */

/* wanted, else the first that is there. Errors: exit 4 when there is none. */
bool debugger_find(Debugger *found, const char *wanted, Error *error);

/* `make debug` in the clone. Errors: exit 4 with what make said. */
bool debugger_make(const char *root, Error *error);

/* What the debugger says when nobody is there; s->batch. The script goes to file.
 * Errors: exit 4 when it crashes or does not end. */
bool debugger_listen(Text *heard, const Tour *tour, const TourScript *s, const char *file,
                     Error *error);

/* What program says to the tour's words and --json. Errors: exit 4 when it fails.
 * Owner: the caller, json_free. */
bool debugger_ask_release(JsonDocument *said, const char *program, const Tour *tour,
                          Error *error);

#endif
