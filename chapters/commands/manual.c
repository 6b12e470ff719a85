/* manual.c - the option table as a manual, and as what Tab offers in three shells
 *
 *      words, option_table
 *              │
 *              │   begin   word word word …   between   open  option …  close   end
 *              │                                        └── for each word ──┘
 *              ├── roff ─────────────► man billion-llm
 *              ├── bash, zsh, fish ──► billion-llm generate --to⇥
 *              ▼
 *      what `make install` puts beside the program
 *
 * A manual and a shell's script say the same as --help, only elsewhere and in another
 * language. Written by hand they would be wrong at the first new option. So all four are
 * one walk over the words and their options, with a template for each language; a %
 * and a letter in it stand for what is said of the word or option at hand.
 *
 * Traps: in roff a bare - is a hyphen (nobody could copy an option from the manual),
 * a backslash is a command, and so is ' or . at the start of a line. The shells'
 * scripts have texts between '…', where an apostrophe would end them: there it is
 * printed as ’, which is what it looks like anyway.
 *
 * Source: groff_man(7), bash(1) "Programmable Completion", zshcompsys(1), fish
 * complete(1). Read next: src/base/option_table.c.
 */
#include "chapters/commands/manual.h"

#include <string.h>             /* strcmp, strchr                            */

typedef struct {                    /* what %letter means: see meaning()     */
    const char *name;               /* "bash"                                */
    const char *begin, *word, *between;
    const char *open;               /* NULL: all options once, of no word    */
    const char *flag, *text, *choice;
    const char *close, *end;
    bool roff;                      /* its traps, and not those of '…'       */
} Form;

#define FISH_OPTION "    complete -c $program -n '__fish_seen_subcommand_from %w' " \
                    "%f -d '%h'"
#define MAN_OPTION ".TP\n.B %o\n\\&%h.\n%r%t\n"

static const Form manual = {
    .begin = ".TH BILLION\\-LLM 1 \"\" billion\\-llm \"User commands\"\n"
        ".SH NAME\nbillion\\-llm \\- run a small language model, and see how it works\n"
        ".SH SYNOPSIS\n.B billion\\-llm\n\\fIword\\fR [\\fIoptions\\fR] [\\fItext\\fR]\n"
        ".SH DESCRIPTION\n"
        "Reads a language model of about a billion parameters from its safetensors "
        "file and works with it.\n"
        "The same command prints the same bits, whatever the number of threads.\n"
        "The answer goes to stdout; notes, bars and warnings go to stderr.\n"
        "In a clone of the source the program is called ./run.\n"
        "Programs beside it: billion\\-llm\\-download, \\-convert, \\-inspect, "
        "\\-synthesize; each says more with \\-\\-help.\n"
        ".SH WORDS\n",
    .word = ".TP\n.B %w %a\n\\&%s:\n.sp\n.nf\n\\&%e.fi\n",
    .between = ".SH OPTIONS\nA value follows its option, or an equals sign; \\-\\- "
        "ends the options.\n",
    .flag = MAN_OPTION, .text = MAN_OPTION, .choice = MAN_OPTION,
    .end = ".SH ENVIRONMENT\n.TP\n.B NO_COLOR\nnot empty: no colours, unless "
        "\\-\\-color always.\n"
        ".SH EXIT STATUS\n0 fine, 1 a check failed, 2 usage, 3 input that cannot be "
        "used, 4 crash, time\\-out, network or checksum, 5 not enough memory or disk, "
        "130 interrupted.\n",
    .roff = true,
};

/* bash: the list of what may stand here is filled by a function, which also
 * notices when the word before is an option that wants a value. "-" is a value of
 * any kind: the list is empty, and bash falls back to names of files. */
static const Form shells[] = {
    { .name = "bash",
      .begin =
        "_billion_llm_option() {\n"
        "    list+=\" $1\"\n"
        "    [ \"$before\" != \"$1\" ] || values=$2\n"
        "}\n"
        "_billion_llm() {\n"
        "    local now=\"${COMP_WORDS[COMP_CWORD]}\" values=\n"
        "    local before=\"${COMP_WORDS[COMP_CWORD-1]}\" list=\"",
      .word = " %w",
      .between = "\"\n    [ \"$COMP_CWORD\" -eq 1 ] || list=\n"
        "    case \"${COMP_WORDS[1]}\" in\n",
      .open = "    %w)\n",
      .flag = "        _billion_llm_option %n ''\n",
      .text = "        _billion_llm_option %n -\n",
      .choice = "        _billion_llm_option %n '%v'\n",
      .close = "    ;;\n",
      .end = "    esac\n"
        "    [ -z \"$values\" ] || list=${values#-}\n"
        "    COMPREPLY=($(compgen -W \"$list\" -- \"$now\"))\n"
        "}\n"
        "complete -o default -F _billion_llm billion-llm ./run\n" },
    { .name = "zsh",
      .begin = "#compdef billion-llm run\n"
        "_billion_llm() {\n    local -a list\n    list=(\n",
      .word = "        '%w:%s'\n",
      .between = "    )\n"
        "    if (( CURRENT == 2 )); then\n        _describe word list\n"
        "        return\n    fi\n"
        "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n",
      .open = "    %w) _arguments \\\n",
      .flag = "        '%n[%h]' \\\n",
      .text = "        '%m%n[%h]:value:_files' \\\n",
      .choice = "        '%n[%h]:value:(%v)' \\\n",
      .close = "        '*:text:_files' ;;\n",
      .end = "    esac\n}\n_billion_llm \"$@\"\n" },
    { .name = "fish",
      .begin = "for program in billion-llm run\n",
      .word = "    complete -c $program -n __fish_use_subcommand -f -a %w -d '%s'\n",
      .between = "", .open = "",
      .flag = FISH_OPTION "\n", .text = FISH_OPTION " -r\n",
      .choice = FISH_OPTION " -x -a '%v'\n",
      .close = "", .end = "end\n" },
};

/* What a % and this letter stand for. text: room for those that are put together.
 * Returns one of them or a text of word or option. */
static const char *meaning(char letter, const Word *word, const Option *option,
                           char *text, size_t room)
{
    char range[120];
    bool dashes = option != NULL && option->name[1] == '-';

    switch (letter) {
    case 'w': return word->name;
    case 'a': return word->arguments;
    case 's': return word->summary;
    case 'e': return word->examples;            /* lines, each with its end  */
    case 'n': return option->name;
    case 'h': return option->help;
    case 'm': return option->kind == OPTION_LIST ? "*" : "";    /* zsh: many */
    case 'o': return option_spelled(option, text, room);
    case 'f':                                   /* fish: -l long -s short    */
        snprintf(text, room, "-%c %s%s%.1s", dashes ? 'l' : 's',
                 option->name + 1 + dashes, option->letter != 0 ? " -s " : "",
                 &option->letter);
        return text;
    case 'v':                                   /* f32 f16                   */
        snprintf(text, room, "%s", option->value);
        for (char *bar; (bar = strchr(text, '|')) != NULL;)
            *bar = ' ';
        return text;
    case 'r':                                   /* a sentence, or nothing    */
        option_range(option, range, sizeof range);
        snprintf(text, room, range[0] != '\0' ? "The value is %s.\n" : "%s", range);
        return text;
    case 't':
        snprintf(text, room, "Taken by %s.", strcmp(option->words, "*") == 0
                 ? "all words" : option->words);
        return text;
    }
    must(false, "no %%%c in a template", letter);
    return NULL;
}

/* A text that comes into a template, with the traps of the essay disarmed. */
static void put(FILE *out, const char *text, bool roff)
{
    for (; *text != '\0'; text++)
        if (*text == '\'')
            fputs(roff ? "\\(aq" : "’", out);
        else if (roff && (*text == '-' || *text == '\\'))
            fputs(*text == '-' ? "\\-" : "\\e", out);
        else if (roff && *text == '\n' && text[1] != '\0')
            fputs("\n\\&", out);                /* &: nothing, before a dot  */
        else
            fputc(*text, out);
}

static void expand(FILE *out, const char *template, bool roff, const Word *word,
                   const Option *option)
{
    char text[300];

    for (; *template != '\0'; template++)
        if (*template == '%')
            put(out, meaning(*++template, word, option, text, sizeof text), roff);
        else
            fputc(*template, out);
}

/* Does one of the words take it? Options of weights-tools/ are taken by none. */
static bool any_takes(const Word *words, const Option *option)
{
    while (words->name != NULL && !option_belongs(option, words->name))
        words++;
    return words->name != NULL;
}

/* word NULL: the options of all. */
static void walk_options(FILE *out, const Form *form, const Word *words,
                         const Word *word)
{
    for (const Option *o = option_table; o->name != NULL; o++)
        if (word == NULL ? any_takes(words, o) : option_belongs(o, word->name))
            expand(out, o->kind == OPTION_FLAG ? form->flag
                   : o->kind == OPTION_CHOICE ? form->choice : form->text,
                   form->roff, word, o);
}

/* The walk of the essay. words end with a NULL name. */
static void walk(FILE *out, const Form *form, const Word *words)
{
    fputs(form->begin, out);
    for (const Word *word = words; word->name != NULL; word++)
        expand(out, form->word, form->roff, word, NULL);
    fputs(form->between, out);
    if (form->open == NULL)
        walk_options(out, form, words, NULL);
    for (const Word *word = words; form->open != NULL && word->name != NULL; word++) {
        expand(out, form->open, form->roff, word, NULL);
        walk_options(out, form, words, word);
        expand(out, form->close, form->roff, word, NULL);
    }
    fputs(form->end, out);
}

void manual_page(FILE *out, const Word *words)
{
    walk(out, &manual, words);
}

bool manual_completions(FILE *out, const char *shell, const Word *words, Error *error)
{
    for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
        if (strcmp(shell, shells[i].name) == 0) {
            walk(out, &shells[i], words);
            return true;
        }
    return error_code(error, EXIT_USAGE, "no completions for %s; there are some "
                      "for bash, zsh and fish", shell);
}
