/* blocks.c - the definition of a dot product of whole numbers
 *
 *      a row of weights     w0 … w31      w32 … w63     …
 *                           └─ block ─┘   └─ block ─┘
 *                           32 whole numbers and one scale d_w:  w ≈ d_w · code
 *
 *      a row of x, coded    x0 … x31      x32 … x63     …      x ≈ d_x · code
 *
 *      s_b = Σ w[32b+i] · x[32b+i]                exact, in any order      (b)
 *      sum = fma(d_w[b] · d_x[b], (float)s_b, sum)        b ascending
 *
 * Writing a token reads every weight once, and memory sets the pace: a quarter of the
 * bytes is four times the speed. So a weight becomes a small whole number, and 32
 * neighbours share a scale. If what they are multiplied with is made of whole
 * numbers too, the products inside a block need no floating point at all. Sums of
 * whole numbers do not round: any processor may add them in any order, with whatever
 * instruction it has, and gets the same s_b. Only one rounding per block is left, and
 * its order is fixed here.
 *
 * How weights lie. Eight rows are interleaved, so that a vector of 32 bytes holds
 * four neighbours of each row, and eight sums grow side by side:
 *
 *      block 0 of rows 0…7               block 1 of rows 0…7        (int8)
 *      ┌────────────┬──────┬──────┬─ ─┬──────┐┌────────────┬─ ─
 *      │ 8 scales   │ v 0  │ v 1  │ … │ v 7  ││ 8 scales   │ …
 *      │ f16        │ 32 B │      │   │      ││            │
 *      └────────────┴──┬───┴──────┴─ ─┴──────┘└────────────┴─ ─
 *                      ▼
 *            row 0        row 1              row 7
 *          ┌───────────┬───────────┬─ ─ ─┬───────────┐
 *      v j │ k=4j…4j+3 │ k=4j…4j+3 │     │ k=4j…4j+3 │
 *          └───────────┴───────────┴─ ─ ─┴───────────┘
 *
 *      int4: four vectors; byte by byte, vector i holds in its low half what v i
 *      would hold, and in its high half what v i+4 would, each as code + 8.
 *
 * Format notes:
 *
 * - A row that fills up the last group has scale 0 and codes 0; it is never written
 *   to y. Without it the last rows would need kernels of their own.
 * - 127 and not 128: ±127 keeps codes symmetric, and two products of them fit in 16
 *   bits with room for the sum, which AVX2's instruction needs.
 *
 * Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient
 * Integer-Arithmetic-Only Inference", arXiv 1712.05877, section 2.
 * Read next: kernels/coding.c, kernels/encode.c, then kernels/blocks_avx2.c.
 * Lesson: chapters/chapter06_quantize.c.
 */
#include "kernels/blocks.h"

#include <math.h>               /* fmaf                                      */

#include "numbers/halffloat.h"  /* f16_to_f32                                */

#define SCALE_BYTES (2 * GROUP_ROWS)
#define VECTOR (4 * GROUP_ROWS) /* bytes: four numbers of each row           */

/* The bodies are copied into each function that names them: see dot.c. */
#define INLINE static inline __attribute__((always_inline))

size_t block_bytes(Format format)
{
    must(format >= FORMAT_FLOATS, "%s has no blocks", format_name(format));
    return format == FORMAT_INT8 ? INT8_BLOCK_BYTES : INT4_BLOCK_BYTES;
}

static size_t group_bytes(Format format, int columns)
{
    return (size_t)(columns / BLOCK_NUMBERS) * block_bytes(format);
}

/* Bytes of a matrix [rows, columns], the rows that fill up the last group too. */
size_t blocks_bytes(Format format, int rows, int columns)
{
    return (size_t)((rows + GROUP_ROWS - 1) / GROUP_ROWS) * group_bytes(format, columns);
}

/* Scale of row r (0 … 7) in a group's block. */
INLINE float block_scale(const unsigned char *block, int r)
{
    return f16_to_f32((uint16_t)(block[2 * r] | block[2 * r + 1] << 8));
}

/* Row r's 32 whole numbers out of a group's block. */
INLINE void block_codes(int8_t codes[BLOCK_NUMBERS], const unsigned char *block,
                        Format format, int r)
{
    const unsigned char *four = block + SCALE_BYTES + 4 * r;

    for (int k = 0; k < BLOCK_NUMBERS; k++) {
        int vector = k / 4;

        if (format == FORMAT_INT8)
            codes[k] = (int8_t)four[vector * VECTOR + k % 4];
        else
            codes[k] = (int8_t)((four[vector % 4 * VECTOR + k % 4] >> vector / 4 * 4
                                 & 15) - 8);
    }
}

/* Σ w · x over one block. */
INLINE int32_t block_dot(const int8_t *w, const int8_t *x)
{
    int32_t sum = 0;

    for (int i = 0; i < BLOCK_NUMBERS; i++)
        sum += w[i] * x[i];
    return sum;
}

/* Equation (b) for every row and every token. y holds the sums on the way.
 * Cost: rows · T · columns products of whole numbers. */
INLINE void blocks_body(float *y, size_t y_stride, const unsigned char *w,
                        Format format, int size, int rows, const Coded *x)
{
    for (int o = 0; o < rows; o++) {
        const unsigned char *group = row(w, o / GROUP_ROWS, x->blocks * size);

        for (int t = 0; t < x->T; t++)
            row(y, t, y_stride)[o] = 0;
        for (int b = 0; b < x->blocks; b++) {
            const unsigned char *block = row(group, b, size);
            float d_w = block_scale(block, o % GROUP_ROWS);
            int8_t codes[BLOCK_NUMBERS];

            block_codes(codes, block, format, o % GROUP_ROWS);
            for (int t = 0; t < x->T; t++) {
                size_t at = (size_t)b * (size_t)x->T + (size_t)t;
                int32_t s = block_dot(codes, row(x->codes, at, BLOCK_NUMBERS));
                float *sum = &row(y, t, y_stride)[o];

                *sum = fmaf(d_w * x->scales[at], (float)s, *sum);
            }
        }
    }
}

/* The two functions for one target, as in dot.c. */
#define FUNCTIONS(TARGET, table)                                              \
    TARGET void int8_##table(float *y, size_t y_stride, const void *w,        \
                             int rows, const Coded *x)                        \
    {                                                                         \
        blocks_body(y, y_stride, w, FORMAT_INT8, INT8_BLOCK_BYTES, rows, x);  \
    }                                                                         \
    TARGET void int4_##table(float *y, size_t y_stride, const void *w,        \
                             int rows, const Coded *x)                        \
    {                                                                         \
        blocks_body(y, y_stride, w, FORMAT_INT4, INT4_BLOCK_BYTES, rows, x);  \
    }

#define EVERYWHERE              /* no more than the build was told           */
FUNCTIONS(EVERYWHERE, plain)

#if defined(__x86_64__)
#define WITH_FMA __attribute__((target("fma")))
FUNCTIONS(WITH_FMA, plain_fma)
#endif

/* Row index of a matrix of blocks as float32: d · code, rounded once.
 *   out [columns]                                                            */
void blocks_row(float *out, const void *w, Format format, int columns, int index)
{
    const unsigned char *group = row((const unsigned char *)w, index / GROUP_ROWS,
                                     group_bytes(format, columns));

    for (int b = 0; b < columns / BLOCK_NUMBERS; b++) {
        const unsigned char *block = row(group, b, block_bytes(format));
        float d = block_scale(block, index % GROUP_ROWS);
        int8_t codes[BLOCK_NUMBERS];

        block_codes(codes, block, format, index % GROUP_ROWS);
        for (int i = 0; i < BLOCK_NUMBERS; i++)
            out[b * BLOCK_NUMBERS + i] = d * codes[i];
    }
}
