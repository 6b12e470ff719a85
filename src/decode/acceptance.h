/* acceptance.h - what became of every guess, for whoever wants to see it
 *
 * Rules of use: filled by generate, one Round for each pass that wrote something (the
 * first may need none). Nothing here changes a text. Owner: Generated.
 */
#ifndef ACCEPTANCE_H
#define ACCEPTANCE_H

#include "base/base.h"

typedef enum {
    GUESS_ACCEPTED,           /* and it is in the text                     */
    GUESS_REJECTED,           /* u · q >= p: another id took its place     */
    GUESS_UNREAD,             /* behind a rejected one                     */
    GUESS_CUT,                /* accepted, but the text ended before it    */
} GuessVerdict;

typedef struct {
    int id;
    double q, p;                /* how likely it was to draft and target     */
    float u;                    /* accepted iff u · q < p                    */
    GuessVerdict verdict;
} Guess;

typedef struct {
    int guess, guesses;         /* its guesses: the first, how many          */
    int accepted;               /* of them, that stayed in the text          */
    int emit, emitted;          /* its ids: accepted ones, then the corrected or
                                   bonus one; before a stop string cut them  */
} Round;

typedef struct {
    int accepted;               /* sum over the rounds; of guesses           */
    int passes;                 /* of the target                             */
    int off;                    /* round at which auto gave up; -1: it did not */
    Round *round;               /* [rounds]                                  */
    int rounds;
    Guess *guess;               /* [guesses] of all rounds                   */
    int guesses;
    int *emitted;               /* [emits] ids of all rounds                 */
    int emits;
} Acceptance;

/* Room for a text of most ids, guessed K at a time. */
void acceptance_init(Acceptance *a, int most, int K);
void acceptance_free(Acceptance *a);

/* Of the guesses at this place of a round (0: the first): how many were proposed, how
 * many were compared with the target, how many stayed. */
typedef struct { int proposed, judged, accepted; } PlaceCount;
PlaceCount acceptance_at(const Acceptance *a, int place);

const char *guess_verdict_name(GuessVerdict verdict);  /* "accepted", "rejected", … */

#endif
