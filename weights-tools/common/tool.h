/* tool.h - what every program over weight files does first and last
 *
 * Rules of use: a tool is weights-tools/NAME.c with one Word and
 *
 *      int main(int argc, char **argv) { return tool_main(&word, argc, argv); }
 *
 * Its options stand in the one option table under its name. word.run gets them,
 * and returns what tool_finish makes of its Error.
 */
#ifndef TOOL_H
#define TOOL_H

#include "base/options.h"

/* Options, --help, --version, Ctrl-C as a flag, stdout checked at the end. Returns
 * the exit status. */
int tool_main(const Word *word, int argc, char **argv);

/* Did the person give as many words as the tool wants? Errors: exit 2, with the
 * usage line. */
bool tool_arguments(const Word *word, const Options *options, int least, int most,
                    Error *error);

/* The exit status; says the error, if there is one, on stderr. */
int tool_finish(bool fine, const Error *error);

#endif
