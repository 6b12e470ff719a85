/* walls.h - the two limits of a processor: reading memory, and multiplying
 *
 * Rules of use: measure in the same run as the work, for a machine's limits are not
 * the same from hour to hour. walls_measure takes 256 MB for a moment: ask for peak
 * memory before. Once before the work and once after, and walls_best of the two.
 */
#ifndef WALLS_H
#define WALLS_H

#include "kernels/dot.h"

typedef struct {
    double read, read_one;      /* bytes/s, with all threads and with one    */
    double arithmetic;          /* operations/s, two for each multiply-add   */
    const char *unit;           /* what did them: "AVX2 FMA"                 */
} Walls;

/* For matrices of this format. Errors: exit 5 without memory. */
bool walls_measure(Walls *walls, Format format, Error *error);

Walls walls_best(const Walls *a, const Walls *b);

#endif
