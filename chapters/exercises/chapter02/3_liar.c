/* 3_liar.c - exercise 02.3: a header that lies
 *
 *      ┌───┬──────────────────────────────┬──────────────┐
 *      │ N │ … "shape":[2,3],             │ 96 bytes     │
 *      │   │   "dtype":"F32",             │ of data      │
 *      │   │   "data_offsets":[0,24] …    │              │
 *      └───┴───────────────┬──────────────┴──────▲───────┘
 *                          │   may this become   │
 *                          └──── a pointer? ─────┘
 *
 * Anybody can put a model on the web, and its header is the first thing that a
 * loader believes. Before a tensor's numbers are read, the loader asks whether
 * the header's claim holds. The function below does so in a loader that people
 * used, and on every honest file it is right. Then somebody sent a file of a few
 * hundred bytes. The check said yes, and the program read far behind the end of
 * the file, and crashed; with a little more care of the sender it would not have
 * crashed, which is worse.
 *
 * Your task: find what is wrong between the two lines, and repair it.
 *
 * A claim holds exactly when all of this is true, in the arithmetic of
 * paper, where numbers have no largest one:
 *
 *      begin ≤ end ≤ data_size                                            (1)
 *      (end - begin) · 8 = shape_0 · shape_1 · … · bits                   (2)
 *
 *   claim      ->bits of one number: 4, 8, 16, 32 or 64
 *              ->shape [rank], rank 0 to 8: a rank of 0 is one number
 *              each size and each offset is at most 2^63 - 1; anything may stand
 *              there, a 0 too: a tensor without numbers is fine, and takes no bytes.
 *              (A 0 behind sizes whose product is beyond 2^64 already is not part of
 *              this exercise: paper and the readers of such files differ there.)
 *   data_size  bytes of data in the file, far below 2^60
 *
 * Two claims for pencil and paper, with 96 bytes of data:
 *
 *      bits 32  shape [2, 3]     begin 0   end 24      holds: 24 · 8 = 2 · 3 · 32
 *      bits 4   shape [3]        begin 0   end 1       does not: 3 · 4 bits are no
 *                                                      whole number of bytes
 *
 * One of the liars looks like this: bits 64, shape [2^61 - 1], begin 16, end 8. What
 * does each line below make of it? A uint64_t counts up to 2^64 - 1 and then from 0
 * again, without a sound.
 */
#include "chapters/exercises/chapter02/tasks.h"

bool my_claim_holds(const Claim *claim, uint64_t data_size)
{
/* your code begins */
    uint64_t bytes = (uint64_t)(claim->bits / 8);

    for (int d = 0; d < claim->rank; d++)
        bytes *= claim->shape[d];
    if (bytes == 0)
        return true;                /* without numbers: nothing to check     */
    return claim->end - claim->begin == bytes
        && claim->begin + bytes <= data_size;
/* your code ends */
}
