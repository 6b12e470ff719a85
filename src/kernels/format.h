/* format.h - the number formats that matrices come in
 *
 * Rules of use: the first three hold a number at a time and lie row by row, as in the
 * file: definition (a) of kernels/dot.h. The last two hold blocks of whole numbers, eight
 * rows interleaved: definition (b) of kernels/blocks.h.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "numbers/tensor.h"     /* Dtype                                     */

typedef enum {
    FORMAT_F32, FORMAT_F16, FORMAT_BF16,
    FORMAT_FLOATS,                      /* how many of the first kind        */
    FORMAT_INT8 = FORMAT_FLOATS, FORMAT_INT4,
    FORMAT_COUNT,
} Format;

bool format_of(Format *format, Dtype dtype);    /* false: no float format    */
size_t format_bytes(Format format);             /* of one number, floats only */
const char *format_name(Format format);         /* "F16", "int4"             */

#endif
