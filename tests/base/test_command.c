/* test_command.c - commands that are shown are pasted: a real shell judges them */
#include "test.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/command.h"
#include "base/place.h"

/* A real shell is asked what it makes of the word. */
TEST(a_shell_gives_a_word_back)
{
    static const char *const words[] = { "plain-1.0/x", "", "two words", "it's", "$HOME",
        "`date`", "a\"b\\c", "ü*?[x]~", "~", "a;b&c|d<e>f(g)", "#no", "!x", "'", "a\nb" };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        Text out = {0};
        char got[200];
        FILE *shell;
        size_t length;

        text_print(&out, "printf %%s ");
        command_word(&out, words[i]);
        shell = popen(out.bytes, "r");
        expect(shell != NULL);
        length = fread(got, 1, sizeof got - 1, shell);
        got[length] = '\0';
        expect_int(pclose(shell), 0);
        expect_text(got, words[i]);
        text_free(&out);
    }
    /* What needs no quotes has none: a command shall be easy to read. */
    {
        Text out = {0};

        command_word(&out, words[0]);
        expect_text(out.bytes, words[0]);
        text_free(&out);
    }
}

/* What a shell says to the command. */
static void expect_said(const char *command, const char *want)
{
    char got[600] = "";
    FILE *shell = popen(command, "r");
    size_t length;

    expect(shell != NULL);
    length = fread(got, 1, sizeof got - 1, shell);
    got[length] = '\0';
    if (pclose(shell) != 0)
        test_fail(__FILE__, __LINE__, "this command failed: %s", command);
    expect_text(got, want);
}

/* A program is put beside this one, and its command is pasted wherever a person may
 * be: beside it, above it, somewhere else. */
TEST(a_tool_that_is_built)
{
    const char *script = "#!/bin/sh\nprintf '<%s>' \"$@\"\n";
    char folder[4096], tool[64], path[4200], above[4200];
    const char *places[] = { folder, above, "/", test_scratch(".") };
    Arena arena = {0};

    expect(place_of_program(folder, sizeof folder));
    snprintf(above, sizeof above, "%s/..", folder);
    snprintf(tool, sizeof tool, "test-%ld", (long)getpid());
    snprintf(path, sizeof path, "%s/billion-llm-%s", folder, tool);
    test_write(path, script, strlen(script));
    expect(chmod(path, 0700) == 0);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        expect(chdir(places[i]) == 0);
        expect_said(command_of_tool(&arena, tool, "it's a b", NULL), "<it's a b>");
        expect_said(command_of_tool(&arena, tool, "a", "$HOME"), "<a><$HOME>");
    }
    expect(chdir(folder) == 0);
    snprintf(above, sizeof above, "./billion-llm-%s x", tool);
    expect_text(command_of_tool(&arena, tool, "x", NULL), above);
    expect(unlink(path) == 0);
    arena_free(&arena);
}

TEST(a_tool_that_is_not_built)
{
    char here[4096], want[9000];
    const char *got;
    Arena arena = {0};

    expect(getcwd(here, sizeof here) != NULL);
    expect_text(command_of_tool(&arena, "no-tool", "a b", "c"),
                "make tools && build/weights-tools/no-tool 'a b' c");
    if (place_with("weights-tools/common/tool.h", &arena) == NULL)
        skip("these tests do not lie in a clone");
    expect(chdir("/") == 0);
    got = command_of_tool(&arena, "no-tool", "x", NULL);
    if (strpbrk(here, " '$\"") == NULL && strncmp(got, "make -C", 7) == 0) {
        snprintf(want, sizeof want, "make -C %s tools && %s/build/weights-tools/no-tool x",
                 here, here);
        expect_text(got, want);
    }
    arena_free(&arena);
}

const Test command_tests[] = {
    { "a shell gives a word back", a_shell_gives_a_word_back },
    { "a tool that is built", a_tool_that_is_built },
    { "a tool that is not built", a_tool_that_is_not_built },
    { NULL, NULL },
};
