/* quoting.c - words and paths as a debugger reads them
 *
 *      /home/ada/my clone/build/debug/run
 *                │
 *                ├─ tour_quote ───► "/home/ada/my clone/build/debug/run"
 *                │
 *                ├─ tour_source ──► command source -s false "/home/ada/my clone/…lldb"
 *                │
 *                └─ tour_go ──────► command regex tour_1 "s…command source … \"/home/…\"…"
 *                                   command alias go tour_1
 *
 * A clone lies where a person has put it: below a folder with blanks, an apostrophe, a
 * dollar. Both debuggers read "…" and \ in it much as a shell does, without $; lldb
 * takes what stands in `…` for an expression, even there. Each word is read once more
 * when it is a command within a command, so it is quoted twice.
 *
 * Read next: chapters/tours/script.c.
 */
#include "chapters/tours/tour.h"

#include <string.h>

void tour_escape(Text *out, const char *text, size_t length, const char *marked)
{
    for (size_t i = 0; i < length; i++) {
        if (strchr(marked, text[i]) != NULL)
            text_add(out, "\\", 1);
        text_add(out, text + i, 1);
    }
}

void tour_quote(Text *out, const char *word)
{
    text_add(out, " \"", 2);
    tour_escape(out, word, strlen(word), "\"\\`");
    text_add(out, "\"", 1);
}

void tour_source(Text *out, const char *file)
{
    text_print(out, "command source -s false");
    tour_quote(out, file);
}

/* An alias with the path in it would lose the quotes, and blanks would cut it. So it
 * stands for a command of its own, which replaces all that is typed behind it by what
 * reads the file; a tab is between its parts, which no path is likely to hold. */
void tour_go(Text *out, const char *file, int number)
{
    Text replace = {0};

    text_print(&replace, "s\t^.*$\tcommand source -c false -e true");
    tour_quote(&replace, file);
    text_print(&replace, "\t");
    text_print(out, "command regex tour_%d", number);
    tour_quote(out, replace.bytes);
    text_print(out, "\ncommand alias go tour_%d\n", number);
    text_free(&replace);
}
