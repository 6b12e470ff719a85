/* format.c - which number formats there are, and how large a number is
 *
 *      file                        at work              bits a number
 *      F32  ─────────────────────► FORMAT_F32           32
 *      F16  ──────┬──────────────► FORMAT_F16           16
 *      BF16 ──────┼──────────────► FORMAT_BF16          16
 *                 │ --quantize, or weights-tools/quantize
 *                 ├──────────────► FORMAT_INT8           8.5 = (256 + 16) / 32
 *                 └──────────────► FORMAT_INT4           4.5 = (128 + 16) / 32
 *
 * A matrix carries its format with it, and each kernel table has one function for
 * each: so "which format?" is asked once per product and nowhere else. Blocks have
 * no bytes per number, because 32 of them share a scale; kernels/blocks.c knows
 * their sizes.
 *
 * Read next: kernels/dot.c.
 */
#include "kernels/format.h"

/* The kernels' name for a file's kind of numbers; false for the other kinds. */
bool format_of(Format *format, Dtype dtype)
{
    if (dtype == DTYPE_F32)
        *format = FORMAT_F32;
    else if (dtype == DTYPE_F16)
        *format = FORMAT_F16;
    else if (dtype == DTYPE_BF16)
        *format = FORMAT_BF16;
    else
        return false;
    return true;
}

size_t format_bytes(Format format)
{
    must(format < FORMAT_FLOATS, "%s has no size of one number", format_name(format));
    return format == FORMAT_F32 ? 4 : 2;
}

const char *format_name(Format format)
{
    static const char *const names[FORMAT_COUNT] = { "F32", "F16", "BF16", "int8",
                                                     "int4" };

    return names[format];
}
