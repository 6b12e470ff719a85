/* seams.h - where the halves of a layer meet: who reads what, and what is added to what
 *
 * Rules of use: checks of chapter04_attention, behind lesson_theorem; they look at the
 * last row of the text that view has read.
 */
#ifndef SEAMS_H
#define SEAMS_H

#include "chapters/lesson/attention_view.h"
#include "chapters/lesson/lesson.h"

/* Queries, keys and values come from norm 1 and their own rows of the matrices. */
void check_asked(Lesson *l, const AttentionView *view, const Model *m);

/* Both norms read the rows that this model means them to read, and the row after a
 * layer is the row before, what attention brought, and what the MLP made of it. */
void check_seams(Lesson *l, const AttentionView *view, const Model *m);

#endif
