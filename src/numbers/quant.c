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
 *      64 neighbours
 *                                     a       q_0│q_1  …  q_62│q_63
 *      x_0 … x_63  ───────────► NF4   ├────┤  ├──┴──┤     ├───┴───┤    36 bytes
 *                                     f32     high low
 *
 * Weights of one row are of similar size: mostly small, around zero. So neighbours
 * share one scale, and each keeps only which multiple of it it is. A number costs
 * 8.5, 4.5, 5 or 4.5 bits in place of 16, and the model fits a smaller memory.
 *
 *      Q8_0   x_i = d · q_i               q from -128 to 127              (1)
 *      Q4_0   x_i = d · (q_i - 8)         q from 0 to 15                  (2)
 *      Q4_1   x_i = d · q_i + m           q from 0 to 15                  (3)
 *      NF4    x_i = a · c[q_i]            c: sixteen numbers, -1 … 1      (4)
 *
 * The way there takes the scale from the block, then the nearest code:
 *
 *      Q8_0   d = max|x| / 127            q = round(x · (1/d))            (5)
 *      Q4_0   d = v / -8                  q = ⌊x · (1/d) + 8.5⌋, at most 15
 *             v: the x of largest |x|, with its sign                      (6)
 *      Q4_1   d = (max - min) / 15        q = ⌊(x - m) · (1/d) + 0.5⌋
 *             m = min                                                     (7)
 *      NF4    a = max|x|                  q = the c nearest to x · (1/a)  (8)
 *
 * Why a minimum: (2) spends its codes on both sides of zero, and a block whose
 * numbers are all positive wastes half of them. (3) lays its sixteen steps between
 * the smallest number and the largest, for two bytes more.
 *
 * Why quantiles: steps of equal width suit numbers that are spread evenly, and
 * weights are not: they lie like a Gaussian, dense in the middle. Let z(p) be the
 * number that a share p of a Gaussian lies below. NF4's values are even steps of the
 * share, not of the number: each code is meant to serve as often as any other.
 *
 *      c_k = z(p_k) / z(P)        P = 0.9677083                           (9)
 *      p_0 … p_7 in seven even steps from 1 - P to ½, on to p_15 = P in eight
 *
 * So c_0 = -1, c_7 = 0 exactly, c_15 = 1; the steps are 0.08 near zero and 0.3 at
 * the ends. P cannot be 1, where z is infinite: what is cut off is the mean of half a
 * fifteenth and half a sixteenth. Meant, because the largest of 64 numbers is not
 * always at the same z: in a Gaussian it mostly lies beyond z(P) = 1.85, and then the
 * codes in the middle serve more often. chapters/lesson/reconstruction.c measures.
 *
 * Format notes:
 *
 * - In Q4 two numbers share a byte, but not neighbours: byte i holds number i in its
 *   low half and number i + 16 in its high half. Vector code masks 16 bytes once for
 *   the first half of the block and shifts them once for the second. In NF4 byte i
 *   holds neighbours, 2i in its high half and 2i + 1 in its low half.
 * - bitsandbytes keeps NF4 apart: all bytes of a matrix in one tensor, all a in a
 *   second (NAME.absmax), c in a third. It counts blocks through the whole matrix, so
 *   one may begin in one row and end in the next, and its last may be short. Here a
 *   stands before its 32 bytes, and a row must be whole blocks: where it is, the codes
 *   and a are the same.
 * - d may be negative: in Q4_0 it is what makes the number of largest size -8 · d,
 *   the end of the range that has one value more. d = 0: all numbers are 0.
 * - The codes are found with d in float32; then d (and m) are rounded to f16. A d
 *   beyond 65504 becomes infinite, and what is read back is infinite or no number.
 * - For d = 0, 1/d counts as 0. For |d| up to 2^-128 it is infinite: then all codes
 *   are 0, and d in f16 is 0 too. In (8), 1/a is at most 10^38, so that smaller
 *   numbers all come near the middle of c.
 * - A block has 34, 18, 20 or 36 bytes, so most floats in it lie at odd places: bytes
 *   are read one by one.
 * - d · q is exact in float32 (11 bits times 8); only + m rounds, once. So all
 *   readers of these formats get the same bits, if they do not fuse (3). For the
 *   way there: if they do not fuse (6), (7), and multiply by 1/d as written.
 *
 * Source: the block formats of ggml (docs/gguf.md there; Q4_0, Q4_1, Q8_0). Dettmers
 * et al., "QLoRA", 2023, section 3 (NF4), and bitsandbytes, which defines its bits.
 * Read next: numbers/halffloat.c, for d and m.
 */
#include "numbers/quant.h"

#include <math.h>                       /* fabsf, roundf, isfinite: exact    */

#include "numbers/halffloat.h"          /* f16_to_f32, f32_to_f16            */

/* c of equation (4): the float32 numbers that bitsandbytes publishes. */
static const float nf4[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
    -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
    0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f,
    0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f,
    0.7229568362236023f, 1.0f,
};

static float load_f16(const unsigned char *p)
{
    return f16_to_f32((uint16_t)(p[0] | p[1] << 8));
}

static void store_f16(unsigned char *p, float x)
{
    uint16_t half = f32_to_f16(x);

    p[0] = (unsigned char)half;
    p[1] = (unsigned char)(half >> 8);
}

/* --- from blocks to numbers ------------------------------------------------- */

/* Equation (1): out [32] */
static void widen_Q8_0(float *out, const unsigned char *block)
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
static void widen_q4(float *out, const unsigned char *q, float d, int middle, float m)
{
    for (int i = 0; i < 16; i++) {
        out[i] = d * (float)((q[i] & 15) - middle) + m;
        out[i + 16] = d * (float)((q[i] >> 4) - middle) + m;
    }
}

static void widen_Q4_0(float *out, const unsigned char *block)
{
    widen_q4(out, block + 2, load_f16(block), 8, -0.0f);
}

static void widen_Q4_1(float *out, const unsigned char *block)
{
    widen_q4(out, block + 4, load_f16(block), 0, load_f16(block + 2));
}

/* Equation (4): out [64] */
static void widen_NF4(float *out, const unsigned char *block)
{
    uint32_t bits = block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16
                  | (uint32_t)block[3] << 24;
    float a = f32_of_bits(bits);

    for (int i = 0; i < 32; i++) {
        out[2 * i] = nf4[block[4 + i] >> 4] * a;
        out[2 * i + 1] = nf4[block[4 + i] & 15] * a;
    }
}

/* --- from numbers to blocks ------------------------------------------------- */

/* The number of largest size, the first of equals, with its sign; +0 of zeros. */
static float largest(const float *x, int n)
{
    float most = 0;

    for (int i = 0; i < n; i++)
        if (fabsf(x[i]) > fabsf(most))
            most = x[i];
    return most;
}

static float inverse(float d)
{
    return d == 0 ? 0 : 1 / d;
}

/* y without what stands behind its point. Where 1/d is infinite, y is infinite or no
 * number, and C leaves open which integer that is: 0 here, as ggml gets on x86. */
static int whole(float y)
{
    return fabsf(y) < 256 ? (int)y : 0;
}

/* Equation (5): x [32] */
static void narrow_Q8_0(unsigned char *block, const float *x)
{
    float d = fabsf(largest(x, 32)) / 127, by = inverse(d);

    store_f16(block, d);
    for (int i = 0; i < 32; i++)        /* a half is rounded away from zero  */
        block[2 + i] = (unsigned char)whole(roundf(x[i] * by));
}

/* Equation (6): x [32]. x/d is -8 at least: the sum is positive, ⌊ ⌋ cuts it off. */
static void narrow_Q4_0(unsigned char *block, const float *x)
{
    float d = largest(x, 32) / -8, by = inverse(d);

    store_f16(block, d);
    for (int i = 0; i < 16; i++) {
        int low = min_int(15, whole(x[i] * by + 8.5f));
        int high = min_int(15, whole(x[i + 16] * by + 8.5f));

        block[2 + i] = (unsigned char)(low | high << 4);
    }
}

/* Equation (7): x [32] */
static void narrow_Q4_1(unsigned char *block, const float *x)
{
    float least = x[0], most = x[0], d, by;

    for (int i = 1; i < 32; i++) {
        least = x[i] < least ? x[i] : least;
        most = x[i] > most ? x[i] : most;
    }
    d = (most - least) / 15;
    by = inverse(d);
    store_f16(block, d);
    store_f16(block + 2, least);
    for (int i = 0; i < 16; i++) {
        int low = min_int(15, whole((x[i] - least) * by + 0.5f));
        int high = min_int(15, whole((x[i + 16] - least) * by + 0.5f));

        block[4 + i] = (unsigned char)(low | high << 4);
    }
}

/* Which c is nearest to s: as many as have the middle to their next below s. So a
 * tie goes to the lower one. */
static int nf4_nearest(float s)
{
    int k = 0;

    while (k < 15 && s > (nf4[k] + nf4[k + 1]) / 2)
        k++;
    return k;
}

/* Equation (8): x [64] */
static void narrow_NF4(unsigned char *block, const float *x)
{
    float a = fabsf(largest(x, 64)), by = 1 / fmaxf(a, 1e-38f);

    for (int i = 0; i < 4; i++)
        block[i] = (unsigned char)(f32_bits(a) >> 8 * i);
    for (int i = 0; i < 32; i++)
        block[4 + i] = (unsigned char)(nf4_nearest(x[2 * i] * by) << 4
                                       | nf4_nearest(x[2 * i + 1] * by));
}

/* --- the list ---------------------------------------------------------------- */

#define QUANT_ROW(name, block, bytes) { #name, block, bytes, widen_##name, narrow_##name },
static const struct {
    const char *name;
    int block, bytes;
    void (*widen)(float *out, const unsigned char *block);
    void (*narrow)(unsigned char *block, const float *x);
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
        formats[format].widen(out, p);
}

/* Narrow whole blocks, with the bytes that the format's own program writes.
 *
 *   blocks   quant_bytes of them, at any address; does not overlap x
 *   x        [count], finite: who reads x from a file looks first
 *   count    a multiple of quant_block
 * Cost: a pass for the scale and one for the codes; NF4 up to 15 comparisons each.
 */
void quant_from_f32(void *blocks, const float *x, QuantFormat format, size_t count)
{
    unsigned char *p = blocks, *end = p + quant_bytes(format, count);

    for (size_t i = 0; i < count; i++)
        must(isfinite(x[i]), "number %zu of %zu is %f", i, count, (double)x[i]);
    for (; p < end; p += formats[format].bytes, x += formats[format].block)
        formats[format].narrow(p, x);
}
