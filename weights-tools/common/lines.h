/* lines.h - rows and columns of a matrix that do not look like the others
 *
 * Rules of use: for tensors of rank 2 and more, of a format that widen_knows; the last
 * index names the column, all others together the row. Less than 8 of either are no
 * matrix: rows is 0 then.
 */
#ifndef LINES_H
#define LINES_H

#include "base/mapfile.h"
#include "numbers/tensor.h"

#define LINES_LOUD 4.0              /* a loud column: so many times the median */

typedef struct {
    uint64_t rows, columns;
    uint64_t dead, first_dead;      /* rows of nothing but zeros            */
    uint64_t twins;                 /* rows with the bytes of an earlier one */
    uint64_t first_twin, like;      /* the first of them, and the earlier row */
    uint64_t dead_columns, first_dead_column;
    uint64_t loud;                  /* columns whose root mean square is LOUD
                                       times that of the median column      */
    uint64_t loudest;
    double times;                   /* the loudest column's, by the median's */
} Lines;

void lines_take(Lines *lines, const Tensor *tensor, const MapFile *file);

#endif
