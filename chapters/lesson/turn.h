/* turn.h - how far the pairs of a head turn, and what turned rows score
 *
 * Rules of use: two tables of chapter04_attention, under their keys. Everything is
 * computed by the engine's own rope_apply and dot product; cells live in the arena.
 */
#ifndef TURN_H
#define TURN_H

#include "base/memory.h"
#include "chapters/lesson/attention_view.h"
#include "chapters/lesson/pictures.h"

/* "angles": at most eight of the pairs, the first and the last among them. */
void turn_angles(Lesson *l, Arena *arena, const Rope *rope);

/* "scores": the last word's query and the key of the word before it, put at many
 * places. T >= 2. */
void turn_scores(Lesson *l, Arena *arena, const AttentionView *view, const Rope *rope,
                 int layer, int h);

#endif
