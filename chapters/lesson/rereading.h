/* rereading.h - a text that was written in rounds, read again one id at a time
 *
 * Rules of use: behind lesson_theorem. wish.who is a slot that is there, not PLANTED.
 */
#ifndef REREADING_H
#define REREADING_H

#include "chapters/lesson/guessers.h"
#include "chapters/lesson/lesson.h"

/* Each number of each round is what sessions that read one id at a time say: one check. */
bool check_rounds(Lesson *l, Guessers *all, const Wish *wish, Error *error);

/* Behind each round both caches are those of a session that only ever read the text: one
 * check. */
bool check_caches(Lesson *l, Guessers *all, const Wish *wish, Error *error);

#endif
