/* command.c - a command that a person can copy from a message into a shell
 *
 *      command_of_tool("download", "tinyllama")
 *            │
 *            │  where is the program? asked from the folder of this one:
 *            │
 *            ├─ ./run                   build/weights-tools/download
 *            ├─ build/run               build/weights-tools/download
 *            ├─ build/debug/run         build/debug/…, else build/weights-tools/download
 *            ├─ PREFIX/bin/billion-llm  PREFIX/bin/billion-llm-download
 *            └─ nowhere: it is not built yet
 *                                       make tools && build/weights-tools/download
 *
 * A message that ends with "download it" sends its reader to a manual. One that ends
 * with a command that works is the manual. So the command must be right where the
 * person stands: a program below that folder is called by its short path, another one
 * by its whole path, and `make` goes to the clone with -C when it is not here.
 *
 * Help pages and messages that are constant say "./run models", as in a clone. When
 * they are printed and this program's file is called billion-llm, they say what is
 * typed there (command_print, command_report).
 *
 * A clone may lie in a folder whose name has blanks, quotes and dollars, so each word
 * goes through command_word. Within '…' a shell reads every sign as itself, except
 * the quote, which ends it: it is written '\'', end, a quote, go on.
 *
 * Trap: a program in this very folder needs "./" in front; without a slash a shell
 * looks it up in PATH.
 *
 * Read next: base/place.c, which knows where this program lies.
 */
#include "base/command.h"

#include <limits.h>         /* PATH_MAX                                      */
#include <stdlib.h>         /* realpath                                      */
#include <string.h>         /* strspn, strncmp, strchr                       */
#include <unistd.h>         /* getcwd, access                                */

#include "base/mapfile.h"   /* path_is_file                                  */
#include "base/place.h"

void command_word(Text *out, const char *word)
{
    const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                        "_-+=:,./@%";

    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        text_add(out, word, strlen(word));
        return;
    }
    text_add(out, "'", 1);
    for (; *word != '\0'; word++)
        text_add(out, *word == '\'' ? "'\\''" : word, *word == '\'' ? 4 : 1);
    text_add(out, "'", 1);
}

/* The text of command_print, into out. */
static void say_here(Text *out, const char *text)
{
    char path[PATH_MAX];
    bool installed = place_program(path, sizeof path)
                  && strncmp(strrchr(path, '/'), "/billion-llm", 12) == 0;

    for (; *text != '\0'; text++)
        if (installed && strncmp(text, "./run ", 6) == 0)
            text_print(out, "billion-llm "), text += 5;
        else if (installed && strncmp(text, "build/weights-tools/", 20) == 0)
            text_print(out, "billion-llm-"), text += 19;
        else
            text_add(out, text, 1);
}

void command_print(FILE *out, const char *text)
{
    Text said = {0};

    say_here(&said, text);
    fwrite(said.bytes, 1, said.length, out);
    text_free(&said);
}

int command_report(const Error *error)
{
    Error said = *error;
    Text text = {0};

    say_here(&text, error->text);
    snprintf(said.text, sizeof said.text, "%.*s", (int)text.length, text.bytes);
    text_free(&text);
    return error_report(&said);
}

/* A real path as it is called from the folder that the person is in. */
static const char *from_here(Arena *arena, const char *path)
{
    char here[PATH_MAX];
    size_t n;

    if (getcwd(here, sizeof here) == NULL)
        return path;
    n = strlen(here);
    if (strncmp(path, here, n) != 0 || path[n] != '/')
        return path;
    path += n + 1;
    return strchr(path, '/') != NULL ? path : arena_print(arena, "./%s", path);
}

/* The program, if it is built: its real path; NULL: it is not. */
static const char *find_tool(Arena *arena, const char *tool)
{
    static const char *const steps[] = { "build/weights-tools/", "weights-tools/",
        "../weights-tools/", "billion-llm-" };
    char folder[PATH_MAX], real[PATH_MAX];

    if (!place_of_program(folder, sizeof folder))
        return NULL;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const char *path = arena_print(arena, "%s/%s%s", folder, steps[i], tool);

        if (path_is_file(path) && access(path, X_OK) == 0
            && realpath(path, real) != NULL)
            return arena_text(arena, real, strlen(real));
    }
    return NULL;
}

/* Put the command in front that builds it; returns where it will be. */
static const char *build_first(Text *out, Arena *arena, const char *tool)
{
    const char *clone = place_with("weights-tools/common/tool.h", arena);
    const char *made = clone == NULL ? NULL : from_here(arena, arena_print(arena,
                       "%s/Makefile", clone));

    if (made == NULL || strcmp(made, "./Makefile") == 0) {
        text_print(out, "make tools && ");
        return arena_print(arena, "build/weights-tools/%s", tool);
    }
    text_print(out, "make -C ");
    command_word(out, from_here(arena, clone));
    text_print(out, " tools && ");
    return from_here(arena, arena_print(arena, "%s/build/weights-tools/%s", clone, tool));
}

const char *command_of_tool(Arena *arena, const char *tool, const char *first,
                            const char *second)
{
    const char *path = find_tool(arena, tool), *kept;
    Text out = {0};

    command_word(&out, path != NULL ? from_here(arena, path)
                                    : build_first(&out, arena, tool));
    text_print(&out, " ");
    command_word(&out, first);
    if (second != NULL) {
        text_print(&out, " ");
        command_word(&out, second);
    }
    kept = arena_text(arena, out.bytes, out.length);
    text_free(&out);
    return kept;
}
