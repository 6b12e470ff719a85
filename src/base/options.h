/* options.h - the one option table: parsing, --help, man page, completions
 *
 * Rules of use:
 * 1. Every option of every chapter and command is one line of option_table, with
 *    the words (chapters, commands) that take it. Nothing else knows spellings.
 * 2. options_parse fills Options or says what is wrong, with the nearest match
 *    for a misspelt name and the range for a value outside it (exit 2).
 * 3. A field that was not given holds the default written beside it here.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdio.h>

#include "base/base.h"

#define OPTIONS_STOPS 16            /* --stop may be given this often       */

typedef struct Options {
    const char *model;              /* --model: name or folder, "storyteller" */
    int threads;                    /* --threads, 0: all usable cores       */
    const char *kernels;            /* --kernels, "auto"                    */
    int chunk;                      /* --chunk: tokens per pass, 128        */
    int ctx;                        /* --ctx, 0: prompt + n                 */
    const char *kv;                 /* --kv f32|f16, NULL: by the weights   */
    double seed;                    /* --seed, 0; a whole number < 2^53     */
    bool json;                      /* --json                               */
    const char *color;              /* --color, "auto"                      */
    bool help, version;

    const char *prompt;             /* --prompt T, or the words joined      */
    const char *file;               /* --file F                             */
    const char *text;               /* --text T                             */
    const char *ids;                /* --ids 1,2,3                          */
    bool no_special;                /* --no-special                         */

    bool all;                       /* --all positions                      */
    int top;                        /* --top K, 10                          */
    const char *out;                /* --out F                              */

    int n;                          /* -n, 128                              */
    double temperature;             /* not given: -1, the model's own       */
    int top_k;                      /* not given: -1; 0 is off              */
    double top_p, min_p;            /* not given: -1                        */
    double repeat_penalty;          /* not given: -1                        */
    const char *stop[OPTIONS_STOPS];/* --stop S, several                    */
    int stops;
    int logprobs;                   /* --logprobs K, 0: none                */
    bool chat;                      /* --chat                               */
    const char *system;             /* --system S, NULL                     */

    char *words;                    /* the words after the options, joined
                                       by blanks; NULL: none. Owner: this   */
} Options;

typedef struct Word {               /* what may stand after ./run           */
    const char *name;               /* "generate", "chapter00_map"          */
    int (*run)(const Options *options);     /* returns the exit code        */
    const char *arguments;          /* "--model M ID…", for the usage line  */
    const char *summary;            /* one line                             */
    const char *examples;           /* shown first by --help; lines         */
} Word;

typedef enum {
    OPTION_FLAG, OPTION_INT, OPTION_REAL, OPTION_TEXT, OPTION_CHOICE,
    OPTION_LIST,                    /* may be repeated                      */
} OptionKind;

typedef struct {
    const char *name;               /* "--top-k"                            */
    char letter;                    /* 'n' for -n, or 0                     */
    const char *value;              /* "K": how help calls the value; flag: NULL */
    OptionKind kind;
    size_t field;                   /* offset in Options                    */
    double low, high;               /* INT, REAL: the range                 */
    const char *words;              /* "generate logits", or "*" for all;
                                       CHOICE: choices stand in value, f32|f16 */
    const char *help;               /* one line                             */
} Option;

extern const Option option_table[];     /* ends with a NULL name            */

/* argv[0 … argc-1] is what follows the word. Errors: exit 2.
 * Owner: the caller; options_free gives words back. */
bool options_parse(Options *options, const Word *word, int argc, char **argv,
                   Error *error);
void options_free(Options *options);

void options_help(FILE *out, const Word *word);
void options_man(FILE *out, const Word *words);         /* a roff page       */
bool options_completions(FILE *out, const char *shell, const Word *words,
                         Error *error);                 /* bash, zsh or fish */

/* The entry of names (ends with NULL) that is nearest to typed, or NULL when
 * none is near: "did you mean …?" */
const char *options_nearest(const char *typed, const char *const *names);

#endif
