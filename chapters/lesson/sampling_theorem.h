/* sampling_theorem.h - what chapter05_sampling proves: laws of filters, fair darts
 *
 * Rules of use: behind lesson_theorem. Nothing here draws at random: every dart is
 * counted.
 */
#ifndef SAMPLING_THEOREM_H
#define SAMPLING_THEOREM_H

#include "chapters/lesson/lesson.h"
#include "chapters/lesson/stages.h"

/* Each filter does what its name says, and nothing else: four checks. At T = 0, which
 * leaves one word and nothing to cut, the laws are tried with T = 1. */
void filter_checks(Lesson *l, const Stages *stages);

/* Greedy is the best; each id gets its share of all 2^24 darts: three checks. */
void dart_checks(Lesson *l, Stages *stages);

#endif
