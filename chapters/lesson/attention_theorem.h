/* attention_theorem.h - what chapter04_attention proves, check by check
 *
 * Rules of use: behind lesson_theorem. view is the text as it was shown, read in one
 * pass. Errors: those of view_read; what does not hold is a check, not an Error.
 */
#ifndef ATTENTION_THEOREM_H
#define ATTENTION_THEOREM_H

#include "chapters/lesson/attention_view.h"
#include "chapters/lesson/lesson.h"

/* changed: the same ids, but for the one at position at (>= 1). */
bool check_past(Lesson *l, const AttentionView *view, const OpenModel *m,
                const Options *options, const Ids *changed, int at, Error *error);

/* Read in pieces of 1, 2, 3, 7 tokens, and rewound from `changed`. */
bool check_cached(Lesson *l, const AttentionView *view, const OpenModel *m,
                  const Options *options, const Ids *ids, const Ids *changed,
                  Error *error);

void check_cache_holds(Lesson *l, const AttentionView *view);
void check_turn(Lesson *l, const AttentionView *view, const Rope *rope);
void check_weights(Lesson *l, const AttentionView *view);

#endif
