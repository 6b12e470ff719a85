/* clock.c - seconds since some fixed moment, never running backwards
 *
 *      the wall clock      10:00:00 ───► 10:00:07 ──► 10:00:03 ───►
 *                                          somebody set it back 4 s
 *      this clock            41.0   ───►   48.0   ──►   48.1   ───►
 *
 *      begin = clock_seconds();
 *      …work…
 *      speed = tokens / (clock_seconds() - begin);
 *
 * A difference of two times of day is not a duration: network time and daylight
 * saving move that clock, and a speed computed from it can be negative. The
 * monotonic clock counts from some moment (often when the machine started) and
 * is good for differences only.
 *
 * A double holds nanoseconds exactly enough: after 100 days of running, the
 * spacing of doubles is 2 ns.
 *
 * Time is for people: it decides when a bar is drawn and what a table says, and
 * never a number of a model, nor an exit status.
 *
 * Read next: base/progress.c.
 */
#include "base/clock.h"

#include <time.h>           /* clock_gettime                                 */

/* Cost: about 20 ns (no system call on Linux). */
double clock_seconds(void)
{
    struct timespec now = {0};

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}
