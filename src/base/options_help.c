/* options_help.c - the option table as a help page
 *
 *      ./run generate --help
 *      ┌───────────────────────────────────────────────────────────────────────┐
 *      │ ./run generate "Once upon a time"                  examples first     │
 *      │                                                                       │
 *      │ generate [options] PROMPT…: what it does                              │
 *      │   --top-k K              choose among the K likeliest  one line each  │
 *      │   …                                                                   │
 *      │   --json  --help …       what its name explains: one line for all     │
 *      └───────────────────────────────────────────────────────────────────────┘
 *
 * People who ask for help want a line that they can copy, so examples come first;
 * and a page that scrolls away is not read, so all fits in a window of 24 lines and
 * 80 columns. What else there is to say (ranges, which words take an option) stands
 * in the manual, which is made of the same table (chapters/commands/manual.c).
 *
 * Read next: chapters/run.c.
 */
#include "base/options.h"

#include "base/command.h"       /* command_print                             */
#include "base/terminal.h"      /* terminal_columns                          */

#define HELP_COLUMN 29          /* where the explanation of an option begins */
#define WIDTH 80

const char *option_spelled(const Option *option, char *out, size_t room)
{
    char letter[8] = "";

    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(out, room, "%s%s%s%s", letter, option->name,
             option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    return out;
}

/* The page in the essay. The summary stands on the usage line if it fits. */
void options_help(FILE *out, const Word *word)
{
    char name[100];
    int columns = terminal_columns(word->name) + terminal_columns(word->arguments)
                + terminal_columns(word->summary) + 3;

    command_print(out, word->examples);
    fprintf(out, "\n%s%s%s:%s%s\n", word->name,
            word->arguments[0] != '\0' ? " " : "", word->arguments,
            columns < WIDTH ? " " : "\n  ", word->summary);
    for (const Option *o = option_table; o->name != NULL; o++)
        if (!o->brief && option_belongs(o, word->name))
            fprintf(out, "  %-*s  %s\n", HELP_COLUMN - 4,
                    option_spelled(o, name, sizeof name), o->help);
    columns = 0;
    for (const Option *o = option_table; o->name != NULL; o++) {
        int width = 2 + terminal_columns(option_spelled(o, name, sizeof name));

        if (!o->brief || !option_belongs(o, word->name))
            continue;
        fprintf(out, "%s  %s", columns + width > WIDTH ? "\n" : "", name);
        columns = columns + width > WIDTH ? width : columns + width;
    }
    fputs("\n", out);
}
