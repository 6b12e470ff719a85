/* race.h - the race of the merges as it was seen, kept to be looked at again
 *
 * Rules of use: {0} is empty; race_run begins anew. A piece's symbols and steps lie
 * one after the other in the shared lists.
 */
#ifndef RACE_H
#define RACE_H

#include "text/tokenizer.h"

typedef struct {                    /* one merge, as the observer was told    */
    int place, rank, left, right, merged;
} RaceStep;

typedef struct {
    size_t begin, length;           /* its bytes in race.text                 */
    int symbol, symbols;            /* its first in race.symbol, and how many */
    int step, steps;                /* the same in race.step                  */
} RacePiece;

typedef struct {
    Text text;                      /* the pieces, one behind the other       */
    Ids symbol, ids;                /* what they were cut into; what came out */
    RaceStep *step;
    RacePiece *piece;
    int steps, pieces, step_room, piece_room;
} Race;

/* The real encoding of text, watched; without what the post-processor adds. */
void race_run(Race *race, const Tokenizer *t, const char *text, size_t length);
void race_free(Race *race);
char *race_piece(const Race *race, int piece);  /* its text; Owner: caller    */

/* A piece's row of symbols between two merges. */
typedef struct {
    Ids id, place;                  /* place: where each began                */
} RaceRow;

void race_begin(RaceRow *row, const Race *race, int piece);
/* false: the step does not fit to the row. */
bool race_merge(RaceRow *row, const RaceStep *step);
/* The pair of the row that is best by rule (1), by looking at all of them: its index
 * and rank; rank -1: no pair is in the list. */
int race_best(int *rank, const RaceRow *row, const Tokenizer *t);
void race_row_free(RaceRow *row);

typedef struct {
    int64_t merges, pieces;
    int64_t not_best;               /* merges that were not the best pair     */
    int64_t unfinished;             /* pieces with a pair left in the list    */
    int64_t other_ids;              /* races whose rows are not the ids       */
} RaceVerdict;

/* Adds what rule (1) says to this race. */
void race_judge(RaceVerdict *v, const Race *race, const Tokenizer *t);

#endif
