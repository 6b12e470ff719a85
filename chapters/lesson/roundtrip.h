/* roundtrip.h - a text there and back, with what cannot come back named
 *
 * Rules of use: one RoundTrip for a tokenizer; its race is that of the text that was
 * tried last.
 */
#ifndef ROUNDTRIP_H
#define ROUNDTRIP_H

#include "base/memory.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/race.h"

#define ROUNDTRIP_LOSSES 8          /* reasons that are kept                 */
#define LOSS_BLANK 256              /* ▁, which means a blank here           */

typedef struct {                    /* why a character cannot come back      */
    int why;                        /* a byte without a token, or LOSS_BLANK */
    uint32_t point;                 /* the first such character that was met */
} Loss;

typedef struct { int texts, ids, back, excused; } RoundTripCount;

typedef struct {
    const Tokenizer *t;
    bool marks;                     /* blanks are spelled ▁; else Ġ, byte by byte */
    Race race;
    RaceVerdict verdict;            /* of all that was tried                 */
    Loss loss[ROUNDTRIP_LOSSES];
    int losses;
    bool more_losses;               /* there were others                     */
} RoundTrip;

void roundtrip_init(RoundTrip *trip, const Tokenizer *t);
void roundtrip_free(RoundTrip *trip);

/* Encodes, judges the race, decodes into back, and compares. */
void roundtrip_try(RoundTrip *trip, RoundTripCount *count, const Text *text,
                   Text *back);

/* Tries `each` texts of every kind (anytext.h): "kinds", a line for each. Returns
 * the counts of all. Cells in the arena. */
RoundTripCount roundtrip_table(Lesson *l, Arena *arena, RoundTrip *trip, uint64_t seed,
                               int each);

/* "cannot": each loss by its character, what comes back, and why. */
void roundtrip_losses(Lesson *l, Arena *arena, RoundTrip *trip);

#endif
