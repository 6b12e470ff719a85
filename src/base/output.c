/* output.c - what is said on stdout arrives, or the program says why not
 *
 *      printf ──► buffer of the C library ──► write ──► a terminal, a file, a pipe
 *                   │                           │
 *                   │ printf says "fine":       │ fails: the disk is full (ENOSPC),
 *                   │ it is in the buffer       │ the reader is gone (EPIPE), …
 *                   ▼                           ▼
 *                 nobody looks          ferror(stdout) from now on
 *
 * A program that prints an answer and exits 0 has promised that the answer is there.
 * printf cannot promise it: most of its text is still in a buffer, which the
 * C library writes at exit, when nobody asks any more whether that went well. So
 * `./run logits … > file` on a full disk would leave half a table and say "fine".
 * One flush before the exit status is chosen tells the truth.
 *
 * A pipe whose reader has gone (`./run generate … | head -c 9`) usually kills the
 * writer by SIGPIPE, without a word and without tidying up. The signal is ignored
 * here; then write fails with EPIPE like any other error. (A program that is started
 * by this one would inherit that: whoever starts one calls output_unwatch first.) So is
 * SIGXFSZ, by which a limit on the size of files (ulimit -f) kills whoever writes: it
 * is a full disk like any other, and what was begun is taken away.
 *
 * A shell can also start a program without stdout at all (`./run … >&-`). Then the
 * next file that is opened gets its number, 1, and what is printed lands in it; and
 * without stdin, whose number is 0, the program reads a file of the model as if a
 * person had typed it. So a stream that is missing is filled with one that refuses.
 *
 * Read next: chapters/run.c.
 */
#include "base/output.h"

#include <errno.h>          /* why writing failed                            */
#include <fcntl.h>          /* fcntl, open                                   */
#include <signal.h>         /* SIGPIPE, SIGXFSZ                              */
#include <stdio.h>          /* stdout                                        */
#include <string.h>         /* strerror                                      */

/* open gives the lowest free number, so a missing stream gets just its own back:
 * one to read that can only be written, two to write that can only be read. */
static void fill_streams(void)
{
    for (int stream = 0; stream <= 2; stream++)
        if (fcntl(stream, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", stream == 0 ? O_WRONLY : O_RDONLY);
}

void output_watch(void)
{
    fill_streams();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void output_unwatch(void)
{
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
}

bool output_lost(void)
{
    return ferror(stdout) != 0;
}

/* The reason is that of this last flush: the C library keeps what it could not write
 * and fails again for the same reason. If it does not, there is a loss all the same. */
bool output_end(Error *error)
{
    bool lost = output_lost();

    errno = 0;
    if (fflush(stdout) == 0 && !lost)
        return true;
    if (error_no_room(errno))
        return error_code(error, EXIT_ROOM, "stdout: the disk is full (%s): what "
                          "was printed is not complete", strerror(errno));
    return error_code(error, EXIT_CRASH, "stdout: %s: what was printed is not "
                      "complete", errno != 0 ? strerror(errno)
                      : "something could not be written");
}
