/* terminal.c - is there a person at the end of this stream?
 *
 *                      ┌──► a terminal: colours, bars, columns     a person
 *      stdout ─────────┤
 *                      └──► a file, a pipe: the text alone         a program
 *
 *                      ┌──► a terminal
 *      stderr ─────────┤        ./run generate … > story.txt
 *                      └──► a file, a pipe
 *
 * The same output is read by a person in one moment and by grep in the next, and
 * nobody wants to find "\033[31m" in a file. The two streams are asked separately:
 * in the last line above the story goes to a file and the person still sees the
 * progress bar.
 *
 * Colours have a second rule. Some people cannot use them and say so once for
 * all programs, in the environment variable NO_COLOR; what is typed for this very
 * run (--color always) wins over it, because it is the later word.
 *
 *      --color always   yes            --color never   no
 *      --color auto     a person is there, and NO_COLOR is empty or not set
 *
 * A terminal that calls itself "dumb" (an editor's shell window) shows escapes
 * as rubbish; here it counts as a program.
 *
 * Source: no-color.org. Read next: base/progress.c.
 */
#include "base/terminal.h"

#include <stdlib.h>         /* getenv                                        */
#include <string.h>         /* strcmp                                        */
#include <sys/ioctl.h>      /* TIOCGWINSZ: the window's size                 */
#include <unistd.h>         /* isatty                                        */

bool terminal_is_person(FILE *stream)
{
    const char *kind = getenv("TERM");

    return isatty(fileno(stream)) && (kind == NULL || strcmp(kind, "dumb") != 0);
}

/* Asked anew each time: people resize windows. Cost: a system call. */
int terminal_width(FILE *stream)
{
    struct winsize size = {0};

    if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

/* A byte 10xxxxxx goes on with a character; all others begin one. */
int terminal_columns(const char *text)
{
    int columns = 0;

    for (; *text != '\0'; text++)
        columns += ((unsigned char)*text & 0xC0) != 0x80;
    return columns;
}

/* The table in the essay. */
bool terminal_color(FILE *stream, const char *choice)
{
    const char *no_color = getenv("NO_COLOR");

    if (strcmp(choice, "auto") != 0)
        return strcmp(choice, "always") == 0;
    return terminal_is_person(stream)
        && (no_color == NULL || no_color[0] == '\0');
}
