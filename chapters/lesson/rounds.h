/* rounds.h - a text that is written in rounds, each of them shown guess by guess
 *
 * Rules of use: part 1 of chapter07_speculative. rounds_begin behind the prompt, then
 * show_rounds, then rounds_free, also after a failure.
 */
#ifndef ROUNDS_H
#define ROUNDS_H

#include "base/memory.h"
#include "chapters/lesson/guessers.h"
#include "chapters/lesson/pictures.h"

typedef struct {
    Lesson *l;
    Arena *arena;                   /* of labels and cells                   */
    const Guessers *all;
    Wish wish;
    Session target;
    Draft *draft;
    Speculation s;
    int round;                      /* rounds so far                         */
    /* The first guess that fell, if there is one although p of it was not 0: */
    int place;                      /* in its round; -1: none has fallen     */
    int fallen_round;
    double *p, *q;                  /* [V]                                   */
    int x, next;                    /* the guess, and what replaced it       */
    float u, dart;                  /* what decided, and what chose next     */
} Rounds;

bool rounds_begin(Rounds *r, Lesson *l, Arena *arena, Guessers *all, const Wish *wish,
                  Error *error);
void rounds_free(Rounds *r);

/* "round_1", "gained_1", "text_1", …; and the first guess that fell as bars: "bars". */
bool show_rounds(Rounds *r, Error *error);

#endif
