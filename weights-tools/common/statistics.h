/* statistics.h - what a tensor's numbers are like, in one struct
 *
 * Rules of use: statistics_take reads a tensor of a format that widen_knows; min to
 * std are those of the finite numbers, 0 when there are none. The same bits for any
 * number of threads.
 */
#ifndef STATISTICS_H
#define STATISTICS_H

#include "base/mapfile.h"
#include "numbers/tensor.h"

#define STATISTICS_BINS 16
#define STATISTICS_SPAN 4.0         /* of the histogram: mean ± so many std */
#define STATISTICS_FAR 8.0          /* an outlier: further than so many std */

typedef struct {
    uint64_t count, finite, nan, infinite, zeros, subnormal;
    uint64_t first_odd;             /* index of the first NaN or infinity; count: none */
    double min, max, mean, std;     /* std: √ of the mean square distance   */
    double low, high;               /* what the bins span                   */
    uint64_t bins[STATISTICS_BINS]; /* low <= x <= high, cut evenly         */
    uint64_t below, above;          /* x < low, x > high                    */
    uint64_t outliers;              /* |x - mean| > FAR · std               */
    uint64_t furthest;              /* index of the number furthest from mean */
    double furthest_value;
} Statistics;

/* file: the one that the data lies in, whose pages are given back; NULL: none. */
void statistics_take(Statistics *s, const Tensor *tensor, const MapFile *file);

/* The same pages: those of tensor's elements [first, end). Shared with lines.c. */
void statistics_give_back(const Tensor *tensor, const MapFile *file, uint64_t first,
                          uint64_t end);

#endif
