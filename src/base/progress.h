/* progress.h - a bar on stderr for work that takes longer than a moment
 *
 * Rules of use: start, update as often as you like (it draws at most ten times a
 * second, and only on a terminal), end. Nothing is drawn for the first half
 * second; in a pipe nothing is drawn at all.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include "base/base.h"

typedef struct {
    const char *what;       /* "reading the prompt"                         */
    double started, drawn;  /* clock_seconds                                */
    bool visible, shown;
} Progress;

void progress_start(Progress *progress, const char *what);
void progress_update(Progress *progress, size_t done, size_t total);
void progress_end(Progress *progress);          /* wipes the line           */

#endif
