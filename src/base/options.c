/* options.c - from what was typed to Options, or a sentence that says what is wrong
 *
 *      ./run generate  --top-k=40  -n 60  --stop END  Once upon a time
 *            │         └───┬────┘ └─┬─┘  └───┬────┘  └───────┬──────┘
 *            ▼             ▼        ▼        ▼               │
 *          Word       one line of option_table each          │
 *            │        kind, range, which words take it       │
 *            │             │        │        │               │
 *            ▼             ▼        ▼        ▼               ▼
 *         Options {    top_k 40   n 60   stop[0] "END"   words "Once upon a time" }
 *                      everything else: its default
 *
 * The command line is the first thing that a newcomer meets, and usually gets
 * wrong. Every refusal here therefore says what would be right: the nearest
 * name for a misspelt one, the words that do take an option which this one does
 * not, the range for a number outside it.
 *
 * Corners that are met below:
 *
 * - "-n -1" is a value and not an option: it is refused with the range of -n. But a
 *   known option is never taken as a value ("--model --json" forgot the name);
 *   who means it writes --model=--json.
 * - Numbers are read by base/decimal.c and not by strtod and strtol: those follow
 *   the locale ("0,5" in half of Europe), skip blanks, take "nan", "inf", "0x10"
 *   and, unless one looks closely, "12abc" and 2^64 + 1.
 * - Whether a text is UTF-8 is a question of the command that reads it (exit 3).
 *
 *      the number of edits between two names is the smallest number of letters to
 *      insert, remove or replace:
 *
 *      d(i, j) = min( d(i-1, j) + 1,  d(i, j-1) + 1,  d(i-1, j-1) + [a_i ≠ b_j] )  (1)
 *
 * Source: Levenshtein, "Binary codes capable of correcting deletions, insertions, and
 * reversals", 1966, for (1). Read next: base/options_help.c, chapters/run.c.
 */
#include "base/options.h"

#include <stdio.h>          /* snprintf: sentences                           */
#include <string.h>         /* strcmp, strchr, memcpy                        */

#include "base/decimal.h"   /* decimal_read: the nearest double              */
#include "base/memory.h"    /* memory_grow: the joined words                 */

#define LONGEST 64          /* bytes of a name that is compared              */

static const Options defaults = {       /* what is not zero                  */
    .model = "storyteller", .kernels = "auto", .quantize = "none",
    .chunk = CHUNK_DEFAULT, .color = "auto",
    .top = 10, .n = 128, .temperature = -1, .top_k = -1, .top_p = -1, .min_p = -1,
    .repeat_penalty = -1, .layer = -1, .head = -1, .seconds = 10, .suite = "speed",
    .prompt_tokens = 512, .answer_tokens = 64, .repeat = 5,
};

/* ---- numbers: how they may be spelled; decimal_read says what they are */

static const char *skip_digits(const char *text)
{
    while (*text >= '0' && *text <= '9')
        text++;
    return text;
}

/* [-] digits; a real one also [. digits] [e [+|-] digits], and then one side of the
 * point may be empty. What is larger than any double is outside every range.
 *
 *   value    out; the nearest double, set only when the answer is true */
static bool read_number(double *value, const char *text, bool real)
{
    const char *begin = text + (*text == '-'), *end = skip_digits(begin);
    bool any = end > begin;

    if (real && *end == '.') {
        begin = end + 1;
        end = skip_digits(begin);
        any = any || end > begin;
    }
    if (real && (*end == 'e' || *end == 'E')) {
        begin = end + 1 + (end[1] == '+' || end[1] == '-');
        end = skip_digits(begin);
        any = any && end > begin;
    }
    return any && *end == '\0' && decimal_read(value, text, strlen(text));
}

/* ---- one option */

/* list: names with one of the separators between. */
static bool listed(const char *list, char separator, const char *name)
{
    size_t length = strlen(name);

    while (list != NULL && *list != '\0') {
        const char *end = strchr(list, separator);

        if (strncmp(list, name, length) == 0
            && (list[length] == '\0' || list[length] == separator))
            return true;
        list = end == NULL ? NULL : end + 1;
    }
    return false;
}

bool option_belongs(const Option *option, const char *word)
{
    return strcmp(option->words, "*") == 0 || listed(option->words, ' ', word);
}

/* "a b c" or "a|b|c" as "a, b <last> c". Returns out. */
static const char *join(const char *list, char separator, const char *last,
                        char *out, size_t room)
{
    size_t used = 0;

    out[0] = '\0';
    for (const char *end; list != NULL; list = end == NULL ? NULL : end + 1) {
        end = strchr(list, separator);
        used += (size_t)snprintf(out + used, room - used, "%s%.*s",
                                 used == 0 ? "" : end == NULL ? last : ", ",
                                 end == NULL ? (int)strlen(list)
                                 : (int)(end - list), list);
        must(used < room, "a list of names is longer than %zu bytes", room);
    }
    return out;
}

/* A list that takes only some values. */
static bool has_choices(const Option *option)
{
    return option->kind == OPTION_LIST && strchr(option->value, '|') != NULL;
}

const char *option_range(const Option *option, char *out, size_t room)
{
    out[0] = '\0';
    if (option->kind == OPTION_CHOICE || has_choices(option))
        join(option->value, '|', " or ", out, room);
    if (option->kind == OPTION_INT || option->kind == OPTION_WHOLE)
        snprintf(out, room, "a whole number from %.0f to %.0f", option->low,
                 option->high);
    if (option->kind == OPTION_REAL)
        snprintf(out, room, "a number from %g to %g", option->low, option->high);
    return out;
}

/* A name may stand in two lines, for words that mean different things by it
 * (--all): the word's own line, else any, else NULL. */
static const Option *find(const char *typed, size_t length, const Word *word)
{
    const Option *found = NULL;

    for (const Option *o = option_table; o->name != NULL; o++)
        if (((strncmp(typed, o->name, length) == 0 && o->name[length] == '\0')
             || (length == 2 && typed[0] == '-' && typed[1] == o->letter))
            && (found == NULL || option_belongs(o, word->name)))
            found = o;
    return found;
}

static bool add_to_list(OptionList *list, const Option *option, const char *value,
                        const Word *word, Error *error)
{
    if (value[0] == '\0')
        return error_code(error, EXIT_USAGE, "%s: %s is an empty text%s", word->name,
                          option->name, option->field == offsetof(Options, stop)
                          ? ", which would be found everywhere" : "");
    if (list->count == OPTIONS_LIST)
        return error_code(error, EXIT_USAGE, "%s: %s is given more than %d times",
                          word->name, option->name, OPTIONS_LIST);
    list->item[list->count++] = value;
    return true;
}

/* value into its field. The field's type follows from the kind, so a copy of that
 * many bytes is the assignment. Errors: not a number, outside the range, not one of
 * the choices: exit 2 with what would be right. */
static bool set_value(Options *options, const Option *option, const char *value,
                      const Word *word, Error *error)
{
    char *field = (char *)options + option->field;
    char range[200];
    double number = 0;
    bool whole = option->kind == OPTION_INT || option->kind == OPTION_WHOLE;
    bool fine = true;

    if (option->kind == OPTION_LIST && !has_choices(option))
        return add_to_list((OptionList *)(void *)field, option, value, word, error);
    if (option->kind == OPTION_CHOICE || has_choices(option))
        fine = listed(option->value, '|', value);
    else if (option->kind != OPTION_TEXT)
        fine = read_number(&number, value, !whole)
            && number >= option->low && number <= option->high;
    if (!fine)
        return error_code(error, EXIT_USAGE, "%s: %s is \"%s\", and it must be %s",
                          word->name, option->name, value,
                          option_range(option, range, sizeof range));
    if (option->kind == OPTION_LIST)
        return add_to_list((OptionList *)(void *)field, option, value, word, error);
    if (option->kind == OPTION_INT)
        memcpy(field, &(int){ (int)number }, sizeof(int));
    else if (option->kind == OPTION_WHOLE || option->kind == OPTION_REAL)
        memcpy(field, &number, sizeof number);
    else
        memcpy(field, &value, sizeof value);
    return true;
}

/* ---- what is near */

/* Equation (1), one row of the table at a time. Cost: |a| · |b|. */
static int edits(const char *a, const char *b)
{
    int d[LONGEST], width = (int)strlen(b);

    if (strlen(a) >= LONGEST || strlen(b) >= LONGEST)
        return LONGEST;
    for (int j = 0; j <= width; j++)
        d[j] = j;
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = d[0];                    /* d(i-1, j-1)               */

        d[0] = i;
        for (int j = 1; j <= width; j++) {
            int replaced = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = d[j];
            d[j] = min_int(replaced, min_int(d[j], d[j - 1]) + 1);
        }
    }
    return d[width];
}

/* Near means: typed is how a name begins, or at most a third of its letters are
 * wrong. Among equals the first one. n is a few dozen: a simple scan. */
const char *options_nearest(const char *typed, const char *const *names)
{
    size_t length = strlen(typed);
    int best = (int)(length < LONGEST ? length : LONGEST) / 3 + 1;
    const char *nearest = NULL;

    for (; length >= 3 && *names != NULL; names++) {
        int distance = strncmp(*names, typed, length) == 0 ? 0
                     : edits(typed, *names);

        if (distance < best)
            best = distance, nearest = *names;
    }
    return nearest;
}

const char *options_guess(char out[OPTIONS_GUESS], char join, const char *nearest)
{
    if (nearest == NULL)
        snprintf(out, OPTIONS_GUESS, ";");
    else
        snprintf(out, OPTIONS_GUESS, "%c did you mean %s?", join, nearest);
    return out;
}

static bool unknown(const char *typed, size_t length, const Word *word,
                    Error *error)
{
    const char *names[LONGEST + 1] = {0};
    int program = (int)(strstr(word->examples, word->name) - word->examples);
    char name[LONGEST], guess[OPTIONS_GUESS];
    int count = 0;

    snprintf(name, sizeof name, "%.*s", min_int((int)length, LONGEST), typed);
    for (const Option *o = option_table; o->name != NULL && count < LONGEST; o++)
        if (option_belongs(o, word->name))
            names[count++] = o->name;
    /* In front of its name in an example: "./run ", "build/weights-tools/". */
    return error_code(error, EXIT_USAGE, "%s: unknown option %s%s %.*s%s "
                      "--help shows all of them", word->name, name,
                      options_guess(guess, ',', options_nearest(name, names)),
                      program, word->examples, word->name);
}

/* ---- the command line */

/* The option argv[*i], and its value if it takes one; *i moves onto the value. */
static bool take_option(Options *options, const Word *word, int argc, char **argv,
                        int *i, Error *error)
{
    const char *typed = argv[*i], *equals = strchr(typed, '=');
    size_t length = equals != NULL ? (size_t)(equals - typed) : strlen(typed);
    const Option *option = find(typed, length, word);
    char others[400], range[200];
    const char *next = *i + 1 < argc ? argv[*i + 1] : NULL;

    if (option == NULL)
        return unknown(typed, length, word, error);
    if (!option_belongs(option, word->name))
        return error_code(error, EXIT_USAGE, "%s: takes no %s; that is an option "
                          "of %s", word->name, option->name,
                          join(option->words, ' ', " and ", others, sizeof others));
    if (option->kind == OPTION_FLAG && equals != NULL)
        return error_code(error, EXIT_USAGE, "%s: %s takes no value",
                          word->name, option->name);
    if (option->kind == OPTION_FLAG) {
        memcpy((char *)options + option->field, &(bool){ true }, sizeof(bool));
        return true;
    }
    if (equals == NULL && (next == NULL || find(next, strlen(next), word) != NULL)) {
        option_range(option, range, sizeof range);
        return error_code(error, EXIT_USAGE, "%s: %s needs a value%s%s: %s %s",
                          word->name, option->name, range[0] != '\0' ? ", " : "",
                          range, option->name, option->value);
    }
    *i += equals == NULL;
    return set_value(options, option, equals != NULL ? equals + 1 : next, word,
                     error);
}

static void add_word(Options *options, const char *typed)
{
    size_t old = options->words != NULL ? strlen(options->words) + 1 : 0;
    size_t length = strlen(typed);

    if (options->arguments++ < OPTIONS_ARGUMENTS)
        options->argument[options->arguments - 1] = typed;
    options->words = memory_grow(options->words, old + length + 1);
    if (old > 0)
        options->words[old - 1] = ' ';
    memcpy(options->words + old, typed, length + 1);
}

/* What follows the word into Options.
 *
 *   options  out; defaults where nothing was typed. Owner: the caller, until
 *            options_free; after a failure there is nothing to free
 *   argv     [argc] must outlive options, whose texts point into it
 *   Errors:  exit 2: an unknown or foreign option, a missing value, one out of range
 */
bool options_parse(Options *options, const Word *word, int argc, char **argv,
                   Error *error)
{
    bool ended = false;                 /* by "--"                           */

    *options = defaults;
    for (int i = 0; i < argc; i++) {
        if (ended || argv[i][0] != '-' || argv[i][1] == '\0')
            add_word(options, argv[i]);
        else if (strcmp(argv[i], "--") == 0)
            ended = true;
        else if (!take_option(options, word, argc, argv, &i, error)) {
            options_free(options);
            return false;
        }
    }
    return true;
}

void options_free(Options *options)
{
    memory_give_back(options->words);
    options->words = NULL;
}
