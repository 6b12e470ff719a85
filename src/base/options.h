/* options.h - the one option table: parsing and --help
 *
 * Rules of use:
 * 1. Every option of every chapter and command is one line of option_table, with
 *    the words (chapters, commands) that take it. Nothing else knows spellings.
 * 2. options_parse fills Options or says what is wrong, with the nearest match
 *    for a misspelt name and the range for a value outside it (exit 2).
 * 3. A field that was not given holds the default written beside it here.
 * 4. "--opt value" and "--opt=value" are the same; "--" ends the options; all that
 *    is no option is a word. Texts point into argv, which must outlive Options.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdio.h>

#include "base/base.h"

#define OPTIONS_LIST 16             /* --stop may be given this often       */
#define OPTIONS_ARGUMENTS 16        /* words kept one by one                */

typedef struct {                    /* what was given, in its order         */
    const char *item[OPTIONS_LIST];
    int count;
} OptionList;

#define CHUNK_DEFAULT 256           /* option_table says it to people        */

typedef struct Options {
    const char *model;              /* --model: name or folder, "storyteller" */
    int threads;                    /* --threads, 0: all usable cores       */
    const char *kernels;            /* --kernels, "auto"                    */
    const char *quantize;           /* --quantize, "none"                   */
    int chunk;                      /* --chunk: tokens per pass             */
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
    int window, stride;             /* --window, --stride; not given: 0     */

    int n;                          /* -n, 128                              */
    double temperature;             /* not given: -1, the model's own       */
    int top_k;                      /* not given: -1; 0 is off              */
    double top_p, min_p;            /* not given: -1                        */
    double repeat_penalty;          /* not given: -1                        */
    OptionList stop;                /* --stop S                             */
    int logprobs;                   /* --logprobs K, 0: none                */
    bool chat;                      /* --chat                               */
    const char *system;             /* --system S, NULL                     */
    const char *draft;              /* --draft D, NULL: nobody, or a choice */
    const char *k;                  /* --k K|auto; NULL: 4                  */

    int layer, head;                /* --layer, --head; -1: the lesson's choice */

    const char *answers;            /* --answers DIR, NULL: the clone's own  */
    int level;                      /* --level of a hint, 0: the next one    */
    double seconds;                 /* --seconds: limit of one run, 10       */
    bool prove;                     /* --prove: the course itself            */

    OptionList models, formats;     /* --model, --quantize of benchmark      */
    const char *suite;              /* --suite, "speed"                     */
    int prompt_tokens, answer_tokens;       /* --prompt-tokens, 512; -n, 64 */
    int repeat;                     /* --repeat, 5                          */
    const char *baseline, *record, *label;  /* --baseline, --record, --label */

    bool batch, script;             /* --batch, --script of a tour           */
    const char *debugger;           /* --debugger, NULL: the one that is here */

    const char *dtype;              /* --dtype F32|F16|BF16, NULL: the tool's */
    double shard;                   /* --shard-size in MB, 0: one file      */
    bool verify;                    /* --verify what is already here        */
    bool yes;                       /* --yes: start without a question      */
    const char *template;           /* --template NAME, NULL: the model's own */

    char *words;                    /* the words after the options, joined
                                       by blanks; NULL: none. Owner: this   */
    const char *argument[OPTIONS_ARGUMENTS];    /* the first of them, as typed */
    int arguments;                  /* all of them are counted              */
} Options;

typedef struct Word {               /* what may stand after ./run           */
    const char *name;               /* "generate", "chapter00_map"          */
    int (*run)(const Options *options);     /* returns the exit code        */
    const char *arguments;          /* "--model M ID…", for the usage line  */
    const char *summary;            /* one line                             */
    const char *examples;           /* shown first by --help; lines, each
                                       with its "\n"                        */
} Word;

typedef enum {                      /* what is typed, and the field's type  */
    OPTION_FLAG,                    /* bool: takes no value                 */
    OPTION_INT,                     /* int                                  */
    OPTION_WHOLE,                   /* double: a whole number, maybe >= 2^31 */
    OPTION_REAL,                    /* double                               */
    OPTION_TEXT,                    /* const char *                         */
    OPTION_CHOICE,                  /* const char *: one of those in value  */
    OPTION_LIST,                    /* OptionList: may be repeated; with choices
                                       in value, one of them each time      */
} OptionKind;

typedef struct {
    const char *name;               /* "--top-k"                            */
    char letter;                    /* 'n' for -n, or 0                     */
    const char *value;              /* "K": how help calls the value; "f32|f16":
                                       the choices; flag: NULL              */
    OptionKind kind;
    size_t field;                   /* offset in Options                    */
    double low, high;               /* INT, WHOLE, REAL: the range          */
    const char *words;              /* "generate logits", or "*" for all    */
    const char *help;               /* one line, the default in parentheses */
    bool brief;                     /* --help only names it, in its last line */
} Option;

extern const Option option_table[];     /* ends with a NULL name            */

bool option_belongs(const Option *option, const char *word);

/* What a value may be: "a whole number from 1 to 1024", "f32 or f16"; "" for a
 * text and a flag. Returns out. */
const char *option_range(const Option *option, char *out, size_t room);

/* "--top-k K", "-h, --help". Returns out. */
const char *option_spelled(const Option *option, char *out, size_t room);

/* argv[0 … argc-1] is what follows the word. Errors: exit 2.
 * Owner: the caller; options_free gives words back. */
bool options_parse(Options *options, const Word *word, int argc, char **argv,
                   Error *error);
void options_free(Options *options);

void options_help(FILE *out, const Word *word);

/* The entry of names (ends with NULL) that is nearest to typed, or NULL when
 * none is near. */
const char *options_nearest(const char *typed, const char *const *names);

/* What a message says of the nearest, behind the word that is unknown: ": did you mean
 * --seed?", or ";" when it is NULL. join: ':', or ',' where a colon stands already.
 * Returns out. */
#define OPTIONS_GUESS 100
const char *options_guess(char out[OPTIONS_GUESS], char join, const char *nearest);

#endif
