/* tensorlook.h - all that is known of one tensor, and the same as JSON
 *
 * Rules of use: of any tensor of a file; numbers false: its format is no plain numbers
 * (widen.h), and nothing but its shape is known.
 */
#ifndef TENSORLOOK_H
#define TENSORLOOK_H

#include "files/json_write.h"
#include "kernels/blocks.h"
#include "weights-tools/common/unusual.h"

typedef struct {
    const Tensor *tensor;
    Format blocks;                  /* int8, int4: blocks of weights-tools/quantize;
                                       else FORMAT_COUNT                     */
    uint64_t count;                 /* of numbers, in blocks or one by one   */
    bool numbers;                   /* the rest is there                    */
    Statistics s;
    Lines lines;                    /* rows 0: it is no matrix              */
    Unusual unusual;
} TensorLook;

/* file: the one that its data lies in, whose pages are given back; NULL: none.
 * Owner: the caller, tensorlook_free. Cost: four readings of the tensor. */
void tensorlook_take(TensorLook *look, const Tensor *tensor, const MapFile *file);
void tensorlook_free(TensorLook *look);

void tensorlook_write(JsonWriter *w, const TensorLook *look);   /* one object */

#endif
