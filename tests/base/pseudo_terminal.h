/* pseudo_terminal.h - for tests: a terminal with a program at its other end
 *
 * Rules of use: pseudo_terminal_open puts one in the place of stderr and returns the
 * end that reads what was drawn; pseudo_terminal_make only makes one, whose other end
 * is opened by its path. Both skip the test where the system has none.
 */
#ifndef PSEUDO_TERMINAL_H
#define PSEUDO_TERMINAL_H

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Returns the reading end, which does not wait. terminal: the other end, open, so
 * that what a program drew is there after its death; path: its name. */
static int pseudo_terminal_make(unsigned short columns, int *terminal,
                                const char **path)
{
    int reader = posix_openpt(O_RDWR | O_NOCTTY);
    struct winsize size = { .ws_row = 24, .ws_col = columns };

    if (reader < 0 || grantpt(reader) != 0 || unlockpt(reader) != 0)
        skip("this system has no pseudo-terminals");
    *path = ptsname(reader);
    *terminal = open(*path, O_RDWR | O_NOCTTY);
    expect(*terminal >= 0);
    expect(ioctl(*terminal, TIOCSWINSZ, &size) == 0);
    fcntl(reader, F_SETFL, O_NONBLOCK);
    return reader;
}

static inline int pseudo_terminal_open(unsigned short columns)
{
    const char *path;
    int terminal, reader = pseudo_terminal_make(columns, &terminal, &path);

    expect(dup2(terminal, STDERR_FILENO) == STDERR_FILENO);
    return reader;
}

#endif
