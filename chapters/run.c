/* run.c - the driver: find the word, read its options, call its function
 *
 *      ./run  WORD  options
 *              │      │
 *              │      ▼
 *              │    options_parse ──► Options
 *              ▼                        │
 *      words[] (words.c) ──► word->run( Options ) ──► exit status
 *
 * In a debugger: `break chapter00_map` or `break command_generate`.
 *
 * Read next: chapters/words.c.
 */
#include <string.h>

#include "base/command.h"
#include "base/interrupt.h"
#include "base/output.h"
#include "chapters/commands/usage.h"
#include "chapters/words.h"

/* One word with its options. */
static int run_word(const Word *word, int argc, char **argv)
{
    Options options;
    Error error = {0};
    int code = EXIT_FINE;

    if (!options_parse(&options, word, argc, argv, &error))
        return command_report(&error);
    if (options.help)
        options_help(stdout, word);
    else if (options.version)
        usage_version();
    else
        code = word->run(&options);
    options_free(&options);
    return code;
}

int main(int argc, char **argv)
{
    const Word *word = words;
    Error error = {0};
    int code;

    interrupt_watch();
    output_watch();
    while (argc > 1 && word->name != NULL && strcmp(word->name, argv[1]) != 0)
        word++;
    code = argc < 2 ? usage_overview()
         : word->name == NULL ? usage_other(argc - 1, argv + 1)
         : run_word(word, argc - 2, argv + 2);
    if (!output_end(&error))
        code = command_report(&error);
    return code;
}
