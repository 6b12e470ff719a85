/* usage.c - what ./run says when it is not told a word that it knows
 *
 *      ./run                    the words, the models that are here, where to read
 *      ./run --help             the same
 *      ./run --version          one line
 *      ./run genrate            "did you mean generate?", exit 2
 *      ./run --man              the manual, for `make install`
 *      ./run --completions zsh  what Tab offers, for `make install`
 *
 * A person who types ./run has just built it and wonders what now. So the answer is
 * one screen: what can be done, with what, and in which order the program is read
 * by somebody who wants to know how a model works. Nine files lead from the bytes
 * of a file to a sentence; each says at its end which comes next.
 *
 * Read next: chapters/words.c.
 */
#include "chapters/commands/usage.h"

#include <stdio.h>
#include <string.h>

#include "base/command.h"
#include "chapters/commands/found.h"
#include "chapters/commands/manual.h"
#include "chapters/words.h"

static const struct { const char *file, *what; } reading_path[] = {
    { "src/files/safetensors.c", "a model is a file: find the numbers in it" },
    { "src/text/bpe.c",          "a text becomes ids: merge what often meets" },
    { "src/kernels/dot.c",       "the one sum that everything is made of" },
    { "src/kernels/rope.c",      "where a word stands, as an angle" },
    { "src/kernels/attention.c", "each word looks back at those before it" },
    { "src/model/block.c",       "one layer: look back, then think" },
    { "src/model/model.c",       "ids in, a score for every word out" },
    { "src/decode/sampling.c",   "from scores to one word" },
    { "src/decode/generate.c",   "and again: a text" },
};

static void print_words(void)
{
    command_print(stdout, "./run WORD [options]; ./run WORD --help says more\n\n");
    for (const Word *word = words; word->name != NULL; word++)
        printf("  %-21s %s\n", word->name, word->summary);
}

static void print_models(void)
{
    Arena arena = {0};
    int count, column = 0;
    const FoundModel *found = models_found(&arena, &count);

    command_print(stdout, "\nmodels on this machine (--model; ./run models says more)\n\n ");
    for (int i = 0; i < count; i++) {
        int width = 1 + (int)strlen(found[i].name);

        if (column > 0 && column + width > 76) {
            printf("\n ");
            column = 0;
        }
        printf(" %s", found[i].name);
        column += width;
    }
    printf(count == 0 ? " none: start ./run from the clone\n" : "\n");
    command_print(stdout, "  larger ones: build/weights-tools/download\n");
    arena_free(&arena);
}

int usage_overview(void)
{
    print_words();
    print_models();
    printf("\nto read: nine files, from a file of numbers to a sentence\n\n");
    for (size_t i = 0; i < sizeof reading_path / sizeof reading_path[0]; i++)
        printf("  %zu  %-26s %s\n", i + 1, reading_path[i].file,
               reading_path[i].what);
    return EXIT_FINE;
}

int usage_version(void)
{
    printf("billion-llm %s\n", BILLION_VERSION);
    return EXIT_FINE;
}

static bool refuse_word(const char *typed, Error *error)
{
    const char *names[64];
    char guess[OPTIONS_GUESS];
    size_t count = 0;

    for (const Word *word = words; word->name != NULL && count < 63; word++)
        names[count++] = word->name;
    names[count] = NULL;
    if (typed[0] == '-')
        return error_code(error, EXIT_USAGE, "the word comes first: ./run WORD "
                          "[options], and %s is not a word; ./run alone lists "
                          "the words", typed);
    return error_code(error, EXIT_USAGE, "there is no word %s%s ./run alone "
                      "lists the words", typed,
                      options_guess(guess, ':', options_nearest(typed, names)));
}

/* argv[0] is what stands where a word should. */
int usage_other(int argc, char **argv)
{
    Error error = {0};

    if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return usage_overview();
    if (strcmp(argv[0], "--version") == 0)
        return usage_version();
    if (strcmp(argv[0], "--man") == 0) {
        manual_page(stdout, words);
        return EXIT_FINE;
    }
    if (strcmp(argv[0], "--completions") == 0) {
        if (manual_completions(stdout, argc > 1 ? argv[1] : "", words, &error))
            return EXIT_FINE;
        return command_report(&error);
    }
    refuse_word(argv[0], &error);
    return command_report(&error);
}
