/* pseudo_terminal.h - for tests: a terminal with a program at its other end
 *
 * Rules of use: pseudo_terminal_open puts one in the place of stderr and returns the
 * end that reads what was drawn; skips the test where the system has none.
 */
#ifndef PSEUDO_TERMINAL_H
#define PSEUDO_TERMINAL_H

#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int pseudo_terminal_open(unsigned short columns)
{
    int reader = posix_openpt(O_RDWR | O_NOCTTY), terminal;
    struct winsize size = { .ws_row = 24, .ws_col = columns };

    if (reader < 0 || grantpt(reader) != 0 || unlockpt(reader) != 0)
        skip("this system has no pseudo-terminals");
    terminal = open(ptsname(reader), O_RDWR | O_NOCTTY);
    expect(terminal >= 0);
    expect(ioctl(terminal, TIOCSWINSZ, &size) == 0);
    expect(dup2(terminal, STDERR_FILENO) == STDERR_FILENO);
    fcntl(reader, F_SETFL, O_NONBLOCK);
    return reader;
}

#endif
