/* speed_theorem.h - what chapter09_speed proves: bytes counted = bytes of the file
 *
 * Rules of use: show_token before lesson_theorem, prove_speed is it. Times are shown and
 * prove nothing.
 */
#ifndef SPEED_THEOREM_H
#define SPEED_THEOREM_H

#include "chapters/commands/common.h"
#include "chapters/lesson/lesson.h"
#include "chapters/lesson/versions.h"

/* What one token reads of the file, and how many tokens a second that allows with so
 * many bytes/s. Errors: those of a session. */
bool show_token(Lesson *l, const OpenModel *m, const Options *options, double bandwidth,
                Error *error);

/* w: the ring's matrix; coded [2]: the same as int8 and int4, or without data. */
bool prove_speed(Lesson *l, const OpenModel *m, const Options *options, Ring *r,
                 const Matrix *w, const Matrix *coded, Error *error);

#endif
