/* command.h - a command that a person can copy from a message into a shell
 *
 * Rules of use: for messages that say what to do next; nothing is started here. A text
 * names programs as they are called in a clone, and is printed by these functions.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdio.h>

#include "base/memory.h"
#include "base/utf8.h"

/* One word for a shell, which will hand it on as it is: in quotes if it needs them. */
void command_word(Text *out, const char *word);

/* Print a text. Where this program is installed, "./run " in it becomes "billion-llm ",
 * and "build/weights-tools/" becomes "billion-llm-". */
void command_print(FILE *out, const char *text);

/* error_report, of a text that is read in this way. */
int command_report(const Error *error);

/* The command that starts a program of weights-tools/, from the folder that the person
 * is in, with these words (second NULL: one); where the program is not built yet, the
 * command builds it first. Owner: the arena. */
const char *command_of_tool(Arena *arena, const char *tool, const char *first,
                            const char *second);

#endif
