/* encode.c - weights into blocks: the search for a scale
 *
 *      32 weights of a row         the largest one is -0.31
 *
 *          -0.31                0                       0.25
 *            │     ·   · ·· ·  ····· ·· ·  ·  ·           │
 *           -8 -7 -6 -5 -4 -3 -2 -1  0  1  2  3  4  5  6  7      d = 0.039
 *         -9 -8 -7 -6 -5 -4 -3 -2 -1 0  1  2  3  4  5  6  7      d = 0.034
 *            │
 *            └ the largest is cut to -8, all others lie closer to a step
 *
 * int4 has sixteen steps, -8 to 7, and one number to choose: how far apart they
 * stand. The obvious choice puts the largest weight exactly on the last step (d =
 * largest / -8). It is seldom the best: the other 31 pay for it with coarser steps. A
 * finer ruler cuts the largest off and is nearer to everything else; a too fine one
 * cuts too much. And now and then a coarser one wins, whose steps happen to fall where
 * the weights lie. Nothing tells beforehand where the best place is, so several are
 * tried:
 *
 *      d_c = largest / c,   c = -6.5, -7, … -9.5                           (1)
 *      q_i = rint(w_i / d_c), cut to -8 … 7
 *      error = Σ (w_i − d_c · q_i)²                the smallest wins
 *
 * And one step beyond: with the winner's q held fast, the error is a parabola in d,
 * whose lowest point is known (least squares):
 *
 *      d* = Σ w_i q_i / Σ q_i²                                             (2)
 *
 * It is tried too. For Gaussian weights the error of the obvious choice is 0.0859 of
 * their size, that of (1) 0.0822, with (2) 0.0813; a search of 160 scales both ways
 * ends at 0.0808. int8 has steps to spare: d = largest / 127, no search.
 *
 * Format notes:
 *
 * - The scale is rounded to f16 first and the q are taken with what is stored: else
 *   they would be right for a scale that nobody will have.
 * - d may be negative: the side with eight steps is given to the larger weights.
 * - w · (1/d), not w / d: what is meant is one rounding more, the same everywhere, and a
 *   division costs ten times as much. A scale whose inverse is not finite is 0.
 * - All sums are in eight lanes, i mod 8, then a tree, as in dot.c: the search must find
 *   the same scale in every build.
 *
 * Read next: kernels/blocks_avx2.c.  Lesson: chapters/chapter06_quantize.c.
 */
#include "kernels/encode.h"

#include <string.h>             /* memset                                    */

#include "numbers/halffloat.h"  /* f32_to_f16, f16_to_f32                    */

#define LANES 8
#define VECTOR (4 * GROUP_ROWS) /* as in blocks.c                            */

typedef struct {                /* one way to write a block                  */
    float d;                    /* as f16 has it                             */
    float error;                /* Σ (w − d q)²                              */
    float q[BLOCK_NUMBERS];     /* whole numbers                             */
} Trial;

static float tree(const float lane[LANES])
{
    float a = lane[0] + lane[4], b = lane[1] + lane[5];
    float c = lane[2] + lane[6], d = lane[3] + lane[7];

    return (a + c) + (b + d);
}

/* Write w with the scale nearest to d: q and the error. A scale beyond f16 is its
 * largest number; one with no inverse writes noughts.
 *   low, high   the range of q                                              */
static void attempt(Trial *t, const float *w, float d, float low, float high)
{
    const float round = 0x1.8p23f;
    float lane[LANES] = {0}, r;

    d = d > 65504 ? 65504 : d < -65504 ? -65504 : d;
    t->d = f16_to_f32(f32_to_f16(d));
    r = t->d != 0 ? 1 / t->d : 0;
    for (int i = 0; i < BLOCK_NUMBERS; i += LANES)
        for (int j = 0; j < LANES; j++) {
            float q = w[i + j] * r, e;

            q = q < low ? low : q > high ? high : q;
            q = q + round - round;
            e = w[i + j] - t->d * q;
            lane[j] += e * e;
            t->q[i + j] = q;
        }
    t->error = tree(lane);
}

/* Equation (2). */
static float least_squares(const float *w, const float *q)
{
    float above[LANES] = {0}, below[LANES] = {0}, sum;

    for (int i = 0; i < BLOCK_NUMBERS; i += LANES)
        for (int j = 0; j < LANES; j++) {
            above[j] += w[i + j] * q[i + j];
            below[j] += q[i + j] * q[i + j];
        }
    sum = tree(below);
    return sum > 0 ? tree(above) / sum : 0;
}

/* The weight that is farthest from nought, with its sign; the first of several. */
static float extreme(const float *w)
{
    float most = 0;

    for (int i = 0; i < BLOCK_NUMBERS; i++)
        if ((w[i] < 0 ? -w[i] : w[i]) > (most < 0 ? -most : most))
            most = w[i];
    return most;
}

/* The search: equations (1) and (2). */
static void search(Trial *best, const float *w)
{
    float largest = extreme(w);
    Trial other;

    attempt(best, w, largest / -6.5f, -8, 7);
    for (float c = -7; c >= -9.5f; c -= 0.5f) {
        attempt(&other, w, largest / c, -8, 7);
        //@stop scale_tried
        if (other.error < best->error)
            *best = other;
    }
    attempt(&other, w, least_squares(w, best->q), -8, 7);
    //@stop scale_squared
    if (other.error < best->error)
        *best = other;
}

uint16_t encode_block(int8_t codes[BLOCK_NUMBERS], Format format,
                      const float w[BLOCK_NUMBERS])
{
    Trial best;

    if (format == FORMAT_INT4)
        search(&best, w);
    else {
        float largest = extreme(w);

        attempt(&best, w, (largest < 0 ? -largest : largest) / 127, -127, 127);
    }
    for (int i = 0; i < BLOCK_NUMBERS; i++)
        codes[i] = (int8_t)best.q[i];
    return f32_to_f16(best.d);
}

/* One row's block into its place among the eight: see blocks.c. */
static void put_block(unsigned char *block, Format format, int r, uint16_t scale,
                      const int8_t *codes)
{
    unsigned char *four = block + 2 * GROUP_ROWS + 4 * r;

    block[2 * r] = (unsigned char)scale;
    block[2 * r + 1] = (unsigned char)(scale >> 8);
    for (int k = 0; k < BLOCK_NUMBERS; k++) {
        int vector = k / 4;

        if (format == FORMAT_INT8)
            four[vector * VECTOR + k % 4] = (unsigned char)codes[k];
        else
            four[vector % 4 * VECTOR + k % 4] |=
                (unsigned char)((codes[k] + 8) << vector / 4 * 4);
    }
}

/* Eight rows of weights, or the last few, into one group.
 *
 *   out   [blocks, block_bytes]; what it held is forgotten
 *   w     [rows, columns], finite
 *   Cost: for int4 eight attempts per block: some 0.3 µs               */
void encode_group(void *out, Format format, const float *w, int rows, int columns)
{
    static const int8_t noughts[BLOCK_NUMBERS];
    int blocks = columns / BLOCK_NUMBERS;

    must(rows >= 1 && rows <= GROUP_ROWS && columns % BLOCK_NUMBERS == 0,
         "a group of %d rows of %d numbers", rows, columns);
    memset(out, 0, (size_t)blocks * block_bytes(format));
    for (int r = 0; r < GROUP_ROWS; r++)
        for (int b = 0; b < blocks; b++) {
            unsigned char *block = row((unsigned char *)out, b, block_bytes(format));
            int8_t codes[BLOCK_NUMBERS];
            uint16_t scale;

            if (r >= rows) {
                put_block(block, format, r, 0, noughts);
                continue;
            }
            scale = encode_block(codes, format, row(w, r, columns) + b * BLOCK_NUMBERS);
            put_block(block, format, r, scale, codes);
        }
}
