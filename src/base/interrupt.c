/* interrupt.c - Ctrl-C as a flag that long work looks at
 *
 *      a person         the system           this file         long work
 *      ┌────────┐       ┌─────────┐         ┌──────────┐      ┌──────────────┐
 *      │ Ctrl-C │──────►│ SIGINT  │────────►│ asked: 1 │◄─────│ asks between │
 *      └────────┘       └─────────┘         └──────────┘      │ two layers   │
 *      ┌────────┐            │ again             │ yes        └──────┬───────┘
 *      │ Ctrl-C │────────────┘                   └──────────────────►│
 *      └────────┘  default action: the process ends          stops, tidies up,
 *                                                            prints what there is
 *
 * A signal arrives between any two instructions: in the middle of malloc, of
 * printf, of a write to the cache. So the handler does the one thing that is always
 * allowed, it sets a flag, and the work looks at the flag where stopping is easy
 * (base/watch.h). What was said so far is printed, files that were being written are
 * removed, and the exit status is 130.
 *
 * A person who presses Ctrl-C twice does not want to wait for that: the second one
 * gives the signal back to the system, whose default ends the process. Files are
 * still whole then, because they are only renamed into place when complete
 * (base/atomicfile.c).
 *
 * Format note: without SA_RESTART a read that waits for a person's next line comes
 * back with EINTR, and Ctrl-C works there too. The price is that every write loop of
 * ours must go on after EINTR.
 *
 * A window that is closed sends SIGHUP to what runs in it, which is Ctrl-C by other
 * means: a half-written model of two gigabytes is taken away too. Under nohup that
 * signal is ignored, and stays so.
 *
 * Read next: base/watch.h, base/atomicfile.c.
 */
#include "base/interrupt.h"

#include <signal.h>         /* sigaction, raise, sig_atomic_t                */
#include <stddef.h>         /* NULL                                          */

/* The one type that C lets a handler write; volatile, so that a loop that asks
 * reads it every time. */
static volatile sig_atomic_t interrupt_flag;

/* raise() only marks the signal, which is held back while its own handler runs;
 * the process ends as soon as this function returns. */
static void on_signal(int number)
{
    struct sigaction usual = { .sa_handler = SIG_DFL };

    if (interrupt_flag) {
        sigaction(number, &usual, NULL);
        raise(number);
    }
    interrupt_flag = 1;
}

void interrupt_watch(void)
{
    struct sigaction action = { .sa_handler = on_signal }, before;

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
}

bool interrupt_asked(void)
{
    return interrupt_flag != 0;
}

void interrupt_clear(void)
{
    interrupt_flag = 0;
}
