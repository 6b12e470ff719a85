/* test_installed.c - where the programs are installed, commands are shown by that name
 *
 * The programs of this build are copied under the names that `make install` gives them.
 * What they print is pasted, so nothing in it may name a program of the clone.
 */
#include "child.h"

/* The copy of a program, as the program that run() starts. */
static void installed(const char *name, const char *tool_name)
{
    char command[10000], path[4096];

    child_tool = tool_name;
    snprintf(path, sizeof path, "%s", test_scratch(name));
    snprintf(command, sizeof command, "cp '%s' '%s'", child_program(), path);
    child_tool = NULL;
    expect_int(system(command), 0);
    setenv("RUN", path, 1);
}

/* Words that stand there, and none of the clone's. */
static void shows_here(const char *text, const char *words)
{
    if (strstr(text, words) == NULL || strstr(text, "./run ") != NULL
        || strstr(text, "build/weights-tools/") != NULL)
        test_fail(__FILE__, __LINE__, "not \"%s\" in:\n%s", words, text);
}

TEST(the_engine)
{
    Result r;

    installed("billion-llm", NULL);
    shows_here(fine(run("generate", "--help")), "billion-llm generate --prompt \"Once");
    shows_here(fine(run("detokenize", "--help")), "\" | billion-llm detokenize\n");
    shows_here(run("--help").out, "billion-llm WORD [options]; billion-llm WORD --help");
    r = run("generate", "--nope");
    expect_int(r.code, 2);
    shows_here(r.err, "; billion-llm generate --help shows");
    r = run("generate", "--model", "nobody", "--prompt", "x");
    expect_int(r.code, 2);
    shows_here(r.err, "`billion-llm models` lists");
    shows_here(run("nobody").err, "; billion-llm alone");
}

TEST(a_tool)
{
    Result r;

    installed("billion-llm-convert", "convert");
    shows_here(fine(run("--help")), "billion-llm-convert model.Q8_0.gguf folder");
    r = run("one");
    expect_int(r.code, 2);
    shows_here(r.err, "; billion-llm-convert --help shows examples");
    r = run("--nope");
    expect_int(r.code, 2);
    shows_here(r.err, "; billion-llm-convert --help shows");
}

/* And in the clone they are as they are typed there. */
TEST(in_the_clone)
{
    expect(strstr(fine(run("generate", "--help")), "./run generate --prompt") != NULL);
    expect(strstr(tool("convert", "--help").out, "build/weights-tools/convert model") != NULL);
    expect(strstr(tool("convert", "one").err, "build/weights-tools/convert --help") != NULL);
}

const Test installed_tests[] = {
    { "the engine", the_engine },
    { "a tool", a_tool },
    { "in the clone", in_the_clone },
    { NULL, NULL },
};
