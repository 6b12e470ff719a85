/* quant.c - block formats: a few bits for each number, a scale for each block
 *
 *      32 neighbours of one row       one block
 *
 *                                     d     q_0  q_1           q_31
 *      x_0 … x_31  ───────────► Q8_0  ├──┤  ├─┤  ├─┤  …        ├─┤     34 bytes
 *                                     f16   int8
 *
 *                                     d     q_16│q_0  …  q_31│q_15
 *                  ───────────► Q4_0  ├──┤  ├───┴───┤    ├────┴────┤   18 bytes
 *                                     f16   high low    four bits each
 *
 *                                     d     m     q_16│q_0  …
 *                  ───────────► Q4_1  ├──┤  ├──┤  ├───┴───┤            20 bytes
 *                                     f16   f16
 *
 * Weights of one row are of similar size: mostly small, around zero. So 32 of them
 * share one scale d, and each keeps only which multiple of it it is. A number
 * costs 8.5, 4.5 or 5 bits in place of 16, and the model fits a smaller memory.
 *
 *      Q8_0   x_i = d · q_i               q from -128 to 127              (1)
 *      Q4_0   x_i = d · (q_i - 8)         q from 0 to 15                  (2)
 *      Q4_1   x_i = d · q_i + m           q from 0 to 15                  (3)
 *
 * (3) also keeps the smallest number of the block: better for blocks that do not lie
 * around zero, and two bytes more.
 *
 * Format notes:
 *
 * - Two numbers share a byte, but not neighbours: byte i holds number i in its low
 *   half and number i + 16 in its high half. Vector code masks 16 bytes once for the
 *   first half of the block and shifts them once for the second.
 * - d may be negative: in Q4_0 it is what makes the number of largest size -8 · d,
 *   the end of the range that has one value more. d = 0: all numbers are 0.
 * - A block has 34, 18 or 20 bytes, so most floats in it lie at odd places: bytes are
 *   read one by one.
 * - d · q is exact in float32 (11 bits times 8); only + m rounds, once. So all
 *   readers of these formats get the same bits, if they do not fuse (3).
 *
 * Source: the block formats of ggml (docs/gguf.md there; Q4_0, Q4_1, Q8_0).
 * Read next: numbers/halffloat.c, for d and m.
 */
#include "numbers/quant.h"

#include "numbers/halffloat.h"          /* f16_to_f32                        */

#define QUANT_ROW(name, block, bytes) { #name, block, bytes },
static const struct {
    const char *name;
    int block, bytes;
} formats[] = { QUANTS(QUANT_ROW) };
#undef QUANT_ROW

const char *quant_name(QuantFormat format)
{
    must(format < QUANT_COUNT, "block format %d", (int)format);
    return formats[format].name;
}

int quant_block(QuantFormat format)
{
    must(format < QUANT_COUNT, "block format %d", (int)format);
    return formats[format].block;
}

size_t quant_bytes(QuantFormat format, size_t count)
{
    size_t block = (size_t)quant_block(format);

    must(count % block == 0, "%zu numbers are no whole blocks of %zu", count, block);
    return count / block * (size_t)formats[format].bytes;
}

static float load_f16(const unsigned char *p)
{
    return f16_to_f32((uint16_t)(p[0] | p[1] << 8));
}

/* Equation (1): out [32] */
static void q8_0_to_f32(float *out, const unsigned char *block)
{
    float d = load_f16(block);

    for (int i = 0; i < 32; i++)
        out[i] = d * (float)(int8_t)block[2 + i];
}

/* Equations (2) and (3): out [32]
 *
 *   q        [16] two numbers each, i and i + 16
 *   middle   8 with (2), where q counts from -8; 0 with (3)
 *   m        added last. With (2) it must be -0: x + -0 is x for every x, while
 *            -0 + 0 would lose its sign
 */
static void q4_to_f32(float *out, const unsigned char *q, float d, int middle, float m)
{
    for (int i = 0; i < 16; i++) {
        out[i] = d * (float)((q[i] & 15) - middle) + m;
        out[i + 16] = d * (float)((q[i] >> 4) - middle) + m;
    }
}

/* Widen whole blocks, with the bits that every reader of the format gets.
 *
 *   out      [count]; does not overlap blocks
 *   blocks   quant_bytes of them, at any address
 *   count    a multiple of quant_block
 */
void quant_to_f32(float *out, const void *blocks, QuantFormat format, size_t count)
{
    const unsigned char *p = blocks, *end = p + quant_bytes(format, count);

    for (; p < end; p += formats[format].bytes, out += formats[format].block)
        if (format == QUANT_Q8_0)
            q8_0_to_f32(out, p);
        else if (format == QUANT_Q4_0)
            q4_to_f32(out, p + 2, load_f16(p), 8, -0.0f);
        else
            q4_to_f32(out, p + 4, load_f16(p), 0, load_f16(p + 2));
}
