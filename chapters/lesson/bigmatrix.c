/* bigmatrix.c - a matrix to be timed: random, or a model's own; in floats, in blocks
 *
 *      random_uniform ──► [distinct, columns] ──► the same rows again ──► [rows, columns]
 *                                │
 *                                ▼ encode_group, eight rows at a time
 *                         int8, int4 in blocks ──► the same groups again
 *
 * A matrix whose product is timed must be large. What stands in it does not matter for
 * the time: a processor multiplies all numbers alike (but for subnormal ones). So only
 * some rows are made, and the rest are copies of them: they lie at other addresses, so
 * that they have to come from memory as any others.
 *
 * Read next: src/kernels/blocks.c, src/kernels/encode.c.
 */
#include "chapters/lesson/bigmatrix.h"

#include <string.h>

#include "base/random.h"
#include "kernels/encode.h"
#include "numbers/halffloat.h"

Matrix bigmatrix_random(Arena *arena, Format format, int rows, int columns, int distinct)
{
    Matrix w = { NULL, format, rows, columns };
    size_t size = format_bytes(format);
    size_t part = (size_t)distinct * (size_t)columns * size;
    unsigned char *data = arena_get(arena, matrix_bytes(&w));

    for (int i = 0; i < distinct * columns; i++) {
        float x = 2 * random_uniform(0, 0, (uint32_t)i, 0) - 1;
        uint16_t half = format == FORMAT_F16 ? f32_to_f16(x) : f32_to_bf16(x);

        if (format == FORMAT_F32)
            memcpy(row(data, i, size), &x, size);
        else
            memcpy(row(data, i, size), &half, size);
    }
    for (int i = 1; i < rows / distinct; i++)
        memcpy(row(data, i, part), data, part);
    w.data = data;
    return w;
}

Matrix bigmatrix_coded(Arena *arena, const Matrix *w, Format format, int distinct)
{
    Matrix coded = { NULL, format, w->rows, w->columns };
    size_t part = blocks_bytes(format, distinct, w->columns);
    unsigned char *data;
    float *wide;

    if (w->columns % BLOCK_NUMBERS != 0)
        return coded;
    data = arena_get(arena, matrix_bytes(&coded));
    wide = arena_get(arena, GROUP_ROWS * (size_t)w->columns * sizeof *wide);
    for (int o = 0; o < distinct; o += GROUP_ROWS) {
        for (int i = 0; i < GROUP_ROWS; i++)
            matrix_row(row(wide, i, w->columns), w, o + i);
        encode_group(data + blocks_bytes(format, o, w->columns), format, wide, GROUP_ROWS,
                     w->columns);
    }
    for (int i = 1; i < w->rows / distinct; i++)
        memcpy(row(data, i, part), data, part);
    coded.data = data;
    return coded;
}
