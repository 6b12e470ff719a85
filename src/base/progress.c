/* progress.c - a bar on stderr for work that takes longer than a moment
 *
 *      reading the prompt ━━━━━━━━━━━━━━━━━━━─────────── 62 %, 14 s left
 *      ▲                                                               ▲
 *      └ \r puts the cursor here, the line is wiped and drawn again ───┘
 *
 *      0 s            0.5 s                                        end
 *      ├── silence ───┼── at most ten drawings a second ───────────┤ wiped
 *
 * Most work here ends before anybody wonders, and a bar that flashes up and
 * vanishes is noise: so nothing is drawn for the first half second. Drawing costs
 * a system call and the terminal's time, so that it is also limited: the work may
 * call progress_update for every row.
 *
 *      left = elapsed · (total - done) / done                             (1)
 *
 * (1) believes that the rest goes on at the average speed so far. Averaging
 * over everything is slow to notice a change, and it does not jump about, which
 * people mind more.
 *
 * At the end the line is wiped: what stays on the screen is the answer. The line
 * is kept shorter than the window, because \r cannot return from a second line.
 *
 * Read next: base/terminal.c, base/watch.h.
 */
#include "base/progress.h"

#include <stdio.h>          /* stderr: unbuffered, so a line goes at once    */
#include <string.h>         /* strlen                                        */

#include "base/clock.h"     /* clock_seconds                                 */
#include "base/terminal.h"  /* is a person there, and how wide               */

#define SILENCE 0.5         /* seconds before the first drawing              */
#define PAUSE 0.1           /* seconds between two drawings                  */
#define WIDEST_BAR 40       /* columns                                       */
#define WIPE "\r\033[K"     /* to the line's start; erase to its end         */

void progress_start(Progress *progress, const char *what)
{
    *progress = (Progress){ .what = what, .started = clock_seconds(),
                            .visible = terminal_is_person(stderr) };
}

/* "14 s", "3 min 20 s", "2 h 05 min" */
static void write_duration(char *out, size_t room, double seconds)
{
    long s = seconds < 360000 ? (long)(seconds + 0.5) : 360000;

    if (s < 60)
        snprintf(out, room, "%ld s", s);
    else if (s < 3600)
        snprintf(out, room, "%ld min %02ld s", s / 60, s % 60);
    else
        snprintf(out, room, "%ld h %02ld min", s / 3600, s % 3600 / 60);
}

/* " 62 %, 14 s left", equation (1); nothing is known about the rest while
 * nothing is done. */
static void write_share(char *out, size_t room, double elapsed, size_t done,
                        size_t total)
{
    char left[40];
    int percent = (int)(100.0 * (double)done / (double)total);

    if (done == 0) {
        snprintf(out, room, " %2d %%", percent);
        return;
    }
    write_duration(left, sizeof left,
                   elapsed * (double)(total - done) / (double)done);
    snprintf(out, room, " %2d %%, %s left", percent, left);
}

/* One line that is at most width - 1 columns wide. What does not fit goes: first
 * the bar, then the words. */
static void draw(const Progress *progress, size_t done, size_t total, int width)
{
    char share[64], bar[3 * WIDEST_BAR + 1] = "";
    int room, length, full;

    write_share(share, sizeof share, clock_seconds() - progress->started, done,
                total);
    room = width - 2 - terminal_columns(progress->what) - (int)strlen(share);
    length = max_int(min_int(room, WIDEST_BAR), 0);
    full = (int)((double)length * (double)done / (double)total);
    for (int i = 0; i < length; i++)
        memcpy(bar + 3 * i, i < full ? "━" : "─", sizeof "━");
    if (room >= 0)
        fprintf(stderr, WIPE "%s %s%s", progress->what, bar, share);
    else if ((int)strlen(share) < width)
        fprintf(stderr, WIPE "%s", share);
}

/* done of total steps are finished; total may grow. Cost when nothing is due: a
 * look at the clock. */
void progress_update(Progress *progress, size_t done, size_t total)
{
    double now;

    if (!progress->visible || total == 0 || done > total)
        return;
    now = clock_seconds();
    if (now - progress->started < SILENCE || now - progress->drawn < PAUSE)
        return;
    draw(progress, done, total, terminal_width(stderr));
    progress->drawn = now;
    progress->shown = true;
}

void progress_end(Progress *progress)
{
    if (progress->shown)
        fputs(WIPE, stderr);
    progress->visible = progress->shown = false;
}
