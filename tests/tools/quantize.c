/* quantize.c - numbers to blocks and back, between two pipes
 *
 *      float32, raw ──► quantize narrow Q4_0 ──► blocks
 *      blocks       ──► quantize widen  Q4_0 ──► float32, raw
 *
 * Usage: quantize narrow|widen Q8_0|Q4_0|Q4_1|NF4 < IN > OUT
 *
 * tests/oracle/quant_formats.py asks the formats' own programs for the same bytes.
 * Both sides are in this machine's order of bytes; only whole blocks are read, and
 * what does not fill the last one is an error.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "numbers/quant.h"

static bool format_find(QuantFormat *format, const char *name)
{
    for (*format = 0; *format < QUANT_COUNT; (*format)++)
        if (strcmp(name, quant_name(*format)) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    float x[64];
    unsigned char blocks[sizeof x];
    bool narrow = argc == 3 && strcmp(argv[1], "narrow") == 0;
    bool widen = argc == 3 && strcmp(argv[1], "widen") == 0;
    QuantFormat format;
    size_t count, bytes, numbers, got;

    if ((!narrow && !widen) || !format_find(&format, argv[2])) {
        fprintf(stderr, "usage: quantize narrow|widen Q8_0|Q4_0|Q4_1|NF4 < IN > OUT\n");
        return EXIT_USAGE;
    }
    count = (size_t)quant_block(format);
    bytes = quant_bytes(format, count);
    numbers = count * sizeof *x;
    while ((got = fread(narrow ? (void *)x : blocks, 1, narrow ? numbers : bytes, stdin))
           == (narrow ? numbers : bytes)) {
        if (narrow)
            quant_from_f32(blocks, x, format, count);
        else
            quant_to_f32(x, blocks, format, count);
        fwrite(narrow ? (void *)blocks : x, 1, narrow ? bytes : numbers, stdout);
    }
    if (got != 0 || ferror(stdin) || fflush(stdout) != 0) {
        fprintf(stderr, "quantize: %zu bytes behind the last whole block, or a broken pipe\n",
                got);
        return EXIT_INPUT;
    }
    return EXIT_FINE;
}
