/* gains.h - what smaller weights gain: one token, and several in one pass
 *
 * Rules of use: a part of chapter06_quantize, behind variants_time. Times are this
 * machine's and this minute's.
 */
#ifndef GAINS_H
#define GAINS_H

#include "base/memory.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/quality.h"

/* Tables "one", "passes", "beside_one", "predicted" and "predicted_beside_one". arena:
 * of their cells. Errors: those of walls_measure. */
bool show_gains(Lesson *l, const Variants *vs, Arena *arena, Error *error);

#endif
