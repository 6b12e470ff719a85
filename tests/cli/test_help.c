/* test_help.c - the page fits, the manual is whole, the shells can read it */
#include "test.h"
#include "chapters/commands/manual.h"
#include "base/terminal.h"

#include <stdlib.h>

static const Word words[] = {
    { "chapter00_map", NULL, "[options]", "the finished machine runs one prompt",
      "./run chapter00_map\n" },
    { "chapter04_attention", NULL, "", "each word looks back",
      "./run chapter04_attention\n" },
    { "tokenize", NULL, "[--text T]", "a text as ids", "./run tokenize --text hi\n" },
    { "detokenize", NULL, "ID…", "ids as a text", "./run detokenize 1 2 3\n" },
    { "logits", NULL, "", "what comes next: it's a table", "./run logits --all\n" },
    { "generate", NULL, "[options] PROMPT…", "writes on from a prompt",
      "./run generate Once upon a time\n"
      ".it 's \\ a trap for roff\n" },
    { "benchmark", NULL, "[--model M]…", "how fast models read and write",
      "./run benchmark --repeat 9\n" },
    { "models", NULL, "", "what is found, and where it was found, and all that is to "
      "be said about it", "./run models\n" },
    { "grade", NULL, "[NN.K]", "is an answer right", "./run grade 01.1\n" },
    { "hint", NULL, "[NN.K]", "one more hint", "./run hint 01.1\n" },
    { "tour", NULL, "[NN]", "inside a debugger", "./run tour 04\n" },
    { .name = NULL },
};

/* Options of weights-tools/ belong to programs of their own. */
static bool taken(const Option *option)
{
    for (const Word *word = words; word->name != NULL; word++)
        if (option_belongs(option, word->name))
            return true;
    return false;
}

static char *captured(void (*print)(FILE *out, const Word *), const Word *argument)
{
    const char *path = test_scratch("page");
    FILE *out = fopen(path, "w");

    print(out, argument);
    fclose(out);
    return test_read(path, NULL);
}

static int lines_of(char *page, int *widest)
{
    int lines = 0;

    *widest = 0;
    for (char *line = page, *end; (end = strchr(line, '\n')) != NULL;
         line = end + 1, lines++) {
        *end = '\0';
        if (terminal_columns(line) > *widest)
            *widest = terminal_columns(line);
        *end = '\n';
    }
    return lines;
}

static bool shows(const char *page, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = page; (at = strstr(at, name)) != NULL; at++)
        if ((at == page || strchr(" '*\n&", at[-1]) != NULL)
            && strchr(" ,'\n[)", at[length]) != NULL)
            return true;
    return false;
}

/* An option that is one text for most words and a list for one stands twice. */
static bool some_belongs(const char *name, const char *word)
{
    for (const Option *o = option_table; o->name != NULL; o++)
        if (strcmp(o->name, name) == 0 && option_belongs(o, word))
            return true;
    return false;
}

TEST(help_fits_and_is_complete)
{
    for (const Word *word = words; word->name != NULL; word++) {
        char *page = captured(options_help, word);
        int widest, lines = lines_of(page, &widest);

        if (widest > 80 || lines > 24)
            test_fail(__FILE__, __LINE__, "%s has %d lines, %d columns:\n%s",
                      word->name, lines, widest, page);
        expect(strncmp(page, word->examples, strlen(word->examples)) == 0);
        expect(strstr(page, word->summary) != NULL);
        for (const Option *o = option_table; o->name != NULL; o++) {
            char gap[80];

            snprintf(gap, sizeof gap, "%s %s%s", o->name, o->value != NULL
                     ? o->value : "", o->brief ? "" : "  ");
            if (shows(page, o->name) != some_belongs(o->name, word->name)
                || (option_belongs(o, word->name) && o->value != NULL
                    && strstr(page, gap) == NULL))
                test_fail(__FILE__, __LINE__, "%s and %s:\n%s", word->name, o->name,
                          page);
        }
    }
}

/* What help says in parentheses is what parsing fills in. */
TEST(help_tells_the_defaults)
{
    Options defaults;
    Error error = {0};

    expect_ok(options_parse(&defaults, &words[5], 0, NULL, &error), &error);
    for (const Option *o = option_table; o->name != NULL; o++) {
        const char *field = (const char *)&defaults + o->field;
        char want[80] = "";
        int whole;
        const char *text;

        memcpy(&whole, field, sizeof whole);
        memcpy(&text, field, sizeof text);
        if (o->kind == OPTION_INT && whole > 0)
            snprintf(want, sizeof want, "(%d)", whole);
        if (o->kind == OPTION_INT && whole < 0)
            snprintf(want, sizeof want, o->field >= offsetof(Options, layer)
                     ? "lesson's choice)" : "model's own)");
        if ((o->kind == OPTION_CHOICE || o->kind == OPTION_TEXT) && text != NULL)
            snprintf(want, sizeof want, "(%s)", text);
        if (strstr(o->help, want) == NULL)
            test_fail(__FILE__, __LINE__, "%s: \"%s\" does not say \"%s\"", o->name,
                      o->help, want);
    }
}

TEST(the_manual_lists_everything)
{
    char *page = captured(manual_page, words), roff[100];

    expect(strncmp(page, ".TH BILLION", 11) == 0);
    for (const Option *o = option_table; o->name != NULL; o++) {
        size_t used = 0;

        for (const char *c = o->name; *c != '\0'; c++)
            used += (size_t)snprintf(roff + used, sizeof roff - used,
                                     *c == '-' ? "\\%c" : "%c", *c);
        if (shows(page, roff) != taken(o))
            test_fail(__FILE__, __LINE__, "%s in the manual: %d", o->name, !taken(o));
    }
    for (const Word *word = words; word->name != NULL; word++)
        expect(strstr(page, word->name) != NULL);
    expect(strstr(page, "\\&.it \\(aqs \\e a trap") != NULL);
    expect(strstr(page, "\n'") == NULL);
    expect(strstr(page, "from 1 to 1024") != NULL);
}

/* Run command with the page's path in place of %s; -1: the program is not there. */
static int judged(const char *program, const char *command, const char *page)
{
    char path[256], line[1024];

    snprintf(line, sizeof line, "command -v %s > /dev/null 2>&1", program);
    if (system(line) != 0)
        return -1;
    snprintf(path, sizeof path, "%s", test_scratch("script"));
    test_write(path, page, strlen(page));
    snprintf(line, sizeof line, command, path);
    return system(line);
}

TEST(groff_has_no_complaint)
{
    char *page = captured(manual_page, words);
    int status = judged("groff", "! groff -man -ww -Tutf8 -k %s 2>&1 >/dev/null "
                        "| grep . && groff -k -man -Tutf8 %1$s | grep -q 'a trap for'",
                        page);

    if (status == -1)
        skip("groff is not there");
    expect_int(status, 0);
}

static char *completions(const char *shell)
{
    const char *path = test_scratch("completions");
    FILE *out = fopen(path, "w");
    Error error = {0};

    expect_ok(manual_completions(out, shell, words, &error), &error);
    fclose(out);
    return test_read(path, NULL);
}

TEST(every_shell_offers_everything)
{
    static const char *const shells[] = { "bash", "zsh", "fish" };

    for (int i = 0; i < 3; i++) {
        char *page = completions(shells[i]);

        for (const Option *o = option_table; o->name != NULL; o++)
            if (taken(o)
                && !shows(page, o->name + (i == 2 ? 1 + (o->name[1] == '-') : 0)))
                test_fail(__FILE__, __LINE__, "%s lacks %s", shells[i], o->name);
        for (const Word *word = words; word->name != NULL; word++)
            expect(strstr(page, word->name) != NULL);
        expect(strstr(page, "f32 f16") != NULL);
    }
}

TEST(another_shell)
{
    Error error = {0};

    expect(!manual_completions(stdout, "tcsh", words, &error));
    expect_int(error.code, EXIT_USAGE);
    expect_text(error.text, "no completions for tcsh; there are some for bash, zsh "
                "and fish");
}

/* bash runs the script and completes three half-typed lines. */
TEST(bash_completes)
{
    static const char session[] =
        "bash -n %s && bash -c '. %1$s\n"
        "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _billion_llm\n"
        "        echo \"${COMPREPLY[*]}\"; }\n"
        "[ \"$(try ./run tok)\" = tokenize ] &&\n"
        "[ \"$(try ./run generate --top)\" = \"--top-k --top-p\" ] &&\n"
        "[ \"$(try ./run generate --kv f)\" = \"f32 f16\" ] &&\n"
        "[ -z \"$(try ./run generate --file x)\" ] &&\n"
        "[ \"$(try ./run logits --al)\" = --all ]'";
    int status = judged("bash", session, completions("bash"));

    if (status == -1)
        skip("bash is not there");
    expect_int(status, 0);
}

TEST(zsh_parses)
{
    int status = judged("zsh", "zsh -n %s", completions("zsh"));

    if (status == -1)
        skip("zsh is not there");
    expect_int(status, 0);
}

TEST(fish_parses)
{
    int status = judged("fish", "fish --no-execute %s", completions("fish"));

    if (status == -1)
        skip("fish is not there");
    expect_int(status, 0);
}

const Test help_tests[] = {
    { "help fits a window and is complete", help_fits_and_is_complete },
    { "help tells the defaults", help_tells_the_defaults },
    { "the manual lists everything", the_manual_lists_everything },
    { "groff has no complaint", groff_has_no_complaint },
    { "every shell offers everything", every_shell_offers_everything },
    { "another shell is refused by name", another_shell },
    { "bash reads its script and completes", bash_completes },
    { "zsh reads its script", zsh_parses },
    { "fish reads its script", fish_parses },
    { NULL, NULL },
};
