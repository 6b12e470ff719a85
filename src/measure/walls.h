/* walls.h - the two limits of a processor: reading memory, and multiplying
 *
 * Rules of use: measure in the same run as the work, for a machine's limits are not
 * the same from minute to minute: begin, a round between any two pieces of work, end. From
 * begin to end it holds 256 MB: ask for the peak of memory before.
 */
#ifndef WALLS_H
#define WALLS_H

#include "kernels/dot.h"

#define WALLS_ROUNDS 1000           /* at most                               */

typedef struct {                    /* bytes/s; operations/s, two for each
                                       multiply-add                          */
    double read, arithmetic;        /* the best of all rounds: the wall      */
    double usual_read, usual_arithmetic;    /* their medians: the machine as
                                       it was meanwhile, others and all      */
    double read_one;                /* the best with one thread              */
    const char *unit;               /* what did the arithmetic: "AVX2 FMA"   */
} Walls;

typedef struct WallsWork WallsWork;

/* For matrices of this format. Errors: exit 5 without memory, and NULL.
 * Owner: the caller, walls_end. */
WallsWork *walls_begin(Format format, Error *error);
void walls_round(WallsWork *work);
Walls walls_end(WallsWork *work);       /* of all rounds, at least one       */

#endif
