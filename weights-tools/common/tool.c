/* tool.c - what every program over weight files does first and last
 *
 *      convert  model.gguf  folder  --dtype F16
 *         │         │         │          │
 *         ▼         └────┬────┘          ▼
 *       Word         arguments     the one option table
 *         │              │               │
 *         └──────────────┴──► Options ───┘
 *                                │
 *                                ▼
 *                          word->run(options) ──► exit status
 *
 * The same few lines that chapters/run.c has for the words of ./run, for programs
 * that have one word each: they work on files of weights, and people call them from
 * scripts. Exit codes and the manner of the messages are the engine's.
 *
 * Read next: weights-tools/synthesize.c.
 */
#include "weights-tools/common/tool.h"

#include "base/command.h"
#include "base/interrupt.h"
#include "base/output.h"

static int run(const Word *word, int argc, char **argv)
{
    Options options;
    Error error = {0};
    int code = EXIT_FINE;

    if (!options_parse(&options, word, argc, argv, &error))
        return command_report(&error);
    if (options.help)
        options_help(stdout, word);
    else if (options.version)
        printf("%s (billion-llm)\n", word->name);
    else
        code = word->run(&options);
    options_free(&options);
    return code;
}

int tool_main(const Word *word, int argc, char **argv)
{
    Error error = {0};
    int code;

    interrupt_watch();
    output_watch();
    code = run(word, argc - 1, argv + 1);
    if (!output_end(&error))
        code = command_report(&error);
    return code;
}

bool tool_arguments(const Word *word, const Options *options, int least, int most,
                    Error *error)
{
    if (options->arguments >= least && options->arguments <= most)
        return true;
    return error_code(error, EXIT_USAGE, "%s: takes %s; build/weights-tools/%s --help "
                      "shows examples",
                      word->name, word->arguments, word->name);
}

int tool_finish(bool fine, const Error *error)
{
    return fine ? EXIT_FINE : command_report(error);
}
