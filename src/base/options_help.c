/* options_help.c - the option table as a help page, a manual and completions
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
 * in the manual.
 *
 * Each of these languages has its own characters that mean something:
 *
 *      roff    \ and - (a bare - is a hyphen: the manual's reader could not copy
 *              an option from it), ' and . at the start of a line
 *      bash    words between blanks in "…"; our names have none of its characters
 *      zsh     ' in '…', and [ ] : in a description
 *      fish    ' and \ in '…'
 *
 * Source: groff_man(7), bash(1) "Programmable Completion", zshcompsys(1), fish
 * complete(1). Read next: chapters/run.c.
 */
#include "base/options.h"

#include <string.h>             /* strcmp, strchr, strlen                    */

#include "base/terminal.h"      /* terminal_columns                          */

#define PROGRAM "billion-llm"   /* its name where it is installed            */
#define HELP_COLUMN 27          /* where the explanation of an option begins */
#define WIDTH 80

/* "--top-k K", "-h, --help". Returns out. */
static const char *spelled(const Option *option, char *out, size_t room)
{
    char letter[8] = "";

    if (option->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(out, room, "%s%s%s%s", letter, option->name,
             option->value != NULL ? " " : "",
             option->value != NULL ? option->value : "");
    return out;
}

static void help_brief(FILE *out, const Word *word)
{
    char name[100];

    fputs(" ", out);
    for (const Option *o = option_table; o->name != NULL; o++)
        if (o->brief && option_belongs(o, word->name))
            fprintf(out, " %s ", spelled(o, name, sizeof name));
    fputs("\n", out);
}

/* The page in the essay. The summary stands on the usage line if it fits. */
void options_help(FILE *out, const Word *word)
{
    char name[100];
    int columns = terminal_columns(word->name) + terminal_columns(word->arguments)
                + terminal_columns(word->summary) + 3;
    size_t end = strlen(word->examples);

    fprintf(out, "%s%s\n", word->examples,
            end == 0 || word->examples[end - 1] == '\n' ? "" : "\n");
    fprintf(out, "%s%s%s:%s%s\n", word->name, word->arguments[0] ? " " : "",
            word->arguments, columns < WIDTH ? " " : "\n  ", word->summary);
    for (const Option *o = option_table; o->name != NULL; o++)
        if (!o->brief && option_belongs(o, word->name))
            fprintf(out, "  %-*s%s\n", HELP_COLUMN - 2,
                    spelled(o, name, sizeof name), o->help);
    help_brief(out, word);
}

/* ---- a roff page */

/* Text in roff; \& in front, which prints nothing, keeps a dot or a quote at the
 * start of a line from being a command. */
static void roff(FILE *out, const char *text)
{
    fputs("\\&", out);
    for (; *text != '\0'; text++)
        switch (*text) {
        case '-':  fputs("\\-", out); break;
        case '\\': fputs("\\e", out); break;
        case '\'': fputs("\\(aq", out); break;
        case '\n': fputs(text[1] != '\0' ? "\n\\&" : "", out); break;
        default:   fputc(*text, out);
        }
}

static void man_option(FILE *out, const Option *option)
{
    char name[100], range[200];

    fputs(".TP\n.B ", out);
    roff(out, spelled(option, name, sizeof name));
    fputs("\n", out);
    roff(out, option->help);
    if (option_range(option, range, sizeof range)[0] != '\0') {
        fputs(".\nIt is ", out);
        roff(out, range);
    }
    if (strcmp(option->words, "*") != 0) {
        fputs(".\nTaken by: ", out);
        roff(out, option->words);
    }
    fputs(".\n", out);
}

static void man_words(FILE *out, const Word *words)
{
    for (; words->name != NULL; words++) {
        fputs(".TP\n.B ", out);
        roff(out, words->name);
        roff(out, words->arguments[0] != '\0' ? " " : "");
        roff(out, words->arguments);
        fputs("\n", out);
        roff(out, words->summary);
        fputs("\n", out);
    }
}

static void man_examples(FILE *out, const Word *words)
{
    for (; words->name != NULL; words++) {
        fputs(".PP\n.nf\n", out);
        roff(out, words->examples);
        fputs("\n.fi\n", out);
    }
}

/* words end with a NULL name. The manual is in section 1, for `make install`. */
void options_man(FILE *out, const Word *words)
{
    fputs(".TH BILLION\\-LLM 1 \"\" billion\\-llm \"User commands\"\n"
          ".SH NAME\nbillion\\-llm \\- run a small language model, and see how "
          "it works\n.SH SYNOPSIS\n.B billion\\-llm\n\\fIword\\fR "
          "[\\fIoptions\\fR] [\\fItext\\fR]\n.SH DESCRIPTION\n"
          "Reads a language model of about a billion parameters from its "
          "safetensors file and works with it.\nThe same command prints the same "
          "bits, whatever the number of threads.\nThe answer goes to stdout; "
          "notes, bars and warnings to stderr.\nIn a clone of the source the "
          "program is called ./run.\n.SH WORDS\n", out);
    man_words(out, words);
    fputs(".SH OPTIONS\nA value follows its option or an equals sign; \\-\\- "
          "ends the options.\n", out);
    for (const Option *o = option_table; o->name != NULL; o++)
        man_option(out, o);
    fputs(".SH EXAMPLES\n", out);
    man_examples(out, words);
    fputs(".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nnot empty: no colours, unless "
          "\\-\\-color always.\n.SH EXIT STATUS\n0 fine, 1 a check failed, 2 "
          "usage, 3 input that cannot be used, 4 crash, time\\-out, network or "
          "checksum, 5 not enough memory or disk, 130 interrupted.\n", out);
}

/* ---- completions */

/* Text between '…', with a backslash, or '\'' for a quote, where it is needed. */
static void quoted(FILE *out, const char *text, const char *special,
                   const char *quote)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs(quote, out);
        else
            fprintf(out, strchr(special, *text) != NULL ? "\\%c" : "%c", *text);
}

/* "f32|f16" as "f32 f16" */
static void choices(FILE *out, const Option *option)
{
    for (const char *c = option->value; *c != '\0'; c++)
        fputc(*c == '|' ? ' ' : *c, out);
}

/* Every option that takes a value: choices are offered; after the others the list
 * is empty, and bash falls back to names of files (-o default). */
static void bash_values(FILE *out)
{
    for (const Option *o = option_table; o->name != NULL; o++) {
        if (o->kind == OPTION_FLAG)
            continue;
        fprintf(out, "    %s) ", o->name);
        if (o->kind == OPTION_CHOICE) {
            fputs("COMPREPLY=($(compgen -W \"", out);
            choices(out, o);
            fputs("\" -- \"$now\")); ", out);
        }
        fputs("return ;;\n", out);
    }
}

static void bash(FILE *out, const Word *words)
{
    fputs("# bash completion, for the program installed and in the clone\n"
          "_billion_llm() {\n"
          "    local now=\"${COMP_WORDS[COMP_CWORD]}\" list=\"\"\n"
          "    COMPREPLY=()\n"
          "    case \"${COMP_WORDS[COMP_CWORD-1]}\" in\n", out);
    bash_values(out);
    fputs("    esac\n    case \"${COMP_WORDS[1]}\" in\n", out);
    for (const Word *word = words; word->name != NULL; word++) {
        fprintf(out, "    %s) list=\"", word->name);
        for (const Option *o = option_table; o->name != NULL; o++)
            if (option_belongs(o, word->name))
                fprintf(out, "%s ", o->name);
        fputs("\" ;;\n", out);
    }
    fputs("    esac\n    [ \"$COMP_CWORD\" -gt 1 ] || list=\"", out);
    for (const Word *word = words; word->name != NULL; word++)
        fprintf(out, "%s ", word->name);
    fputs("\"\n    COMPREPLY=($(compgen -W \"$list\" -- \"$now\"))\n}\n"
          "complete -o default -F _billion_llm " PROGRAM " ./run\n", out);
}

static void zsh_word(FILE *out, const Word *word)
{
    fprintf(out, "    %s) _arguments \\\n", word->name);
    for (const Option *o = option_table; o->name != NULL; o++) {
        if (!option_belongs(o, word->name))
            continue;
        fprintf(out, "        '%s%s[", o->kind == OPTION_LIST ? "*" : "", o->name);
        quoted(out, o->help, "[]:", "'\\''");
        fputs(o->value == NULL ? "]" : o->kind == OPTION_CHOICE ? "]:value:("
              : "]:value:_files", out);
        if (o->kind == OPTION_CHOICE) {
            choices(out, o);
            fputs(")", out);
        }
        fputs("' \\\n", out);
    }
    fputs("        '*:text:_files' ;;\n", out);
}

static void zsh(FILE *out, const Word *words)
{
    fputs("#compdef " PROGRAM " run\n_billion_llm() {\n    local -a list\n"
          "    list=(\n", out);
    for (const Word *word = words; word->name != NULL; word++) {
        fprintf(out, "        '%s:", word->name);
        quoted(out, word->summary, "", "'\\''");
        fputs("'\n", out);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe word list\n"
          "        return\n    fi\n    shift words\n    (( CURRENT-- ))\n"
          "    case $words[1] in\n", out);
    for (const Word *word = words; word->name != NULL; word++)
        zsh_word(out, word);
    fputs("    esac\n}\n_billion_llm \"$@\"\n", out);
}

static void fish_option(FILE *out, const Option *option, const Word *word)
{
    bool dashes = option->name[1] == '-';

    fprintf(out, "    complete -c $program -n '__fish_seen_subcommand_from %s' -%c "
            "%s", word->name, dashes ? 'l' : 's', option->name + 1 + dashes);
    if (option->letter != 0)
        fprintf(out, " -s %c", option->letter);
    if (option->kind == OPTION_CHOICE) {
        fputs(" -x -a '", out);
        choices(out, option);
        fputs("'", out);
    } else if (option->value != NULL) {
        fputs(" -r", out);
    }
    fputs(" -d '", out);
    quoted(out, option->help, "\\", "\\'");
    fputs("'\n", out);
}

static void fish(FILE *out, const Word *words)
{
    fputs("# fish completion, for the program installed and in the clone\n"
          "for program in " PROGRAM " run\n", out);
    for (const Word *word = words; word->name != NULL; word++) {
        fprintf(out, "    complete -c $program -n __fish_use_subcommand -f -a %s "
                "-d '", word->name);
        quoted(out, word->summary, "\\", "\\'");
        fputs("'\n", out);
        for (const Option *o = option_table; o->name != NULL; o++)
            if (option_belongs(o, word->name))
                fish_option(out, o, word);
    }
    fputs("end\n", out);
}

/* The script that a shell reads. Errors: exit 2, another shell. */
bool options_completions(FILE *out, const char *shell, const Word *words,
                         Error *error)
{
    static const struct {
        const char *name;
        void (*print)(FILE *out, const Word *words);
    } shells[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

    for (int i = 0; i < 3; i++)
        if (strcmp(shell, shells[i].name) == 0) {
            shells[i].print(out, words);
            return true;
        }
    return error_code(error, EXIT_USAGE, "no completions for %s; there are some "
                      "for bash, zsh and fish", shell);
}
