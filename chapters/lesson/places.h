/* places.h - how often the guess at each place of a round stands
 *
 * Rules of use: part 2 of chapter07_speculative. Counts are those of decode/acceptance.h.
 */
#ifndef PLACES_H
#define PLACES_H

#include "base/memory.h"
#include "chapters/lesson/guessers.h"
#include "chapters/lesson/pictures.h"

/* wish: its who is ignored: all who are there write the text; PLANTED writes a greedy one.
 * Table "drafts", and bars under each slot's key: "model", "int8", "int4", "ngram",
 * "planted". */
bool show_places(Lesson *l, Arena *arena, Guessers *all, const Wish *wish, Error *error);

#endif
