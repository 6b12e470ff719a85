/* record.h - a file that grows by one line with every run
 *
 * Rules of use: read it before the work, so that a file that cannot be used is known
 * then; append when the work is done. A line is a report of speed.h as JSON.
 */
#ifndef RECORD_H
#define RECORD_H

#include "measure/report.h"

/* What `now` (its facts) is to be compared with: the last lines of the same processor,
 * threads, kernels and compiler. *lines: how many there are; 0: report is empty.
 * Errors: exit 3 for a line that is no such report; no file is no error. */
bool record_read(Report *report, int *lines, const char *path, const Report *now,
                 Error *error);

/* Errors: those of atomicfile; the file is as it was then. */
bool record_append(const char *path, const Report *now, Error *error);

#endif
