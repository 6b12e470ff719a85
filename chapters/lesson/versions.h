/* versions.h - one product in many versions: each timed, and each hashed
 *
 * Rules of use:
 * 1. A Ring is one matrix in many copies, one behind the other, so that no copy is in
 *    the cache when its turn comes. ring_fill puts in another matrix, or the same one
 *    in another format.
 * 2. A Version computes y = W x for the copy whose turn it is. What it gives is a
 *    function of the matrix and of x alone, so its hash is the same for every copy.
 * 3. Versions marked so give other bits. They are shown and refused.
 */
#ifndef VERSIONS_H
#define VERSIONS_H

#include "base/memory.h"
#include "kernels/matmul.h"

typedef struct {
    unsigned char *room;        /* [room_bytes]: the copies                  */
    size_t room_bytes;
    Matrix w;                   /* the copy whose turn it is                 */
    int copies, turn;
    int T;                      /* rows of x that are multiplied             */
    float *x;                   /* [most T, columns]                         */
    float *y;                   /* [most T, rows]                            */
    float *wide;                /* [columns] scratch                         */
    Coded coded;                /* x [T] as whole numbers, if W is of blocks */
    void *codes;
} Ring;

/* Room for bytes of copies, and for T rows of x, at random in [-1, 1).
 * Errors: exit 5 without memory. */
bool ring_init(Ring *r, size_t bytes, int rows, int columns, int T, Error *error);
void ring_free(Ring *r);

/* As many copies of w as there is room for, at least one. */
void ring_fill(Ring *r, const Matrix *w);
void ring_rows(Ring *r, int T);     /* how many rows of x from now on        */

typedef void Version(Ring *r);

Version version_one_sum;            /* other bits: a sum for all             */
Version version_plain;              /* the definition, for any processor     */
Version version_plain_fma;          /* the same C, with the FMA instruction  */
Version version_row;                /* the chosen kernels, a row at a time   */
Version version_rows;               /* … four or more rows at a time         */
Version version_ahead;              /* version_row, asking for the next row  */
Version version_split;              /* other bits: each sum cut in two       */
Version version_threads;            /* matmul: all threads                   */

typedef struct {
    double seconds;                 /* of one product: the best of some      */
    uint64_t hash;                  /* of y [T, rows]                        */
} Timed;

/* As often as fits into so many seconds, three times at least; once where one takes four
 * times as long. */
Timed version_time(Ring *r, Version *version, double seconds);

/* Seconds of one addition that waits for the one before it; of one fmaf as this build
 * calls it, eight of them on their way. */
double time_of_addition(void);
double time_of_fmaf(void);

#endif
