/* blockview.c - a block of whole numbers by the textbook: read, written, judged
 *
 *      bytes of a group ──► block_taken ──► d, q [32] ──► block_error ◄── w [32]
 *                                             ▲
 *      w [32], a scale ──► block_try ─────────┘
 *
 *      int8   2 r      the scale of row r, two bytes, low one first
 *             16 + 32 (k / 4) + 4 r + k % 4                 the code of k     (1)
 *      int4   16 + 32 (k / 4 % 4) + 4 r + k % 4             a byte
 *             its low half for k < 16, else its high one: code + 8            (2)
 *
 * (1) and (2) are the drawing in kernels/blocks.c said in numbers. The engine's
 * kernels read whole vectors, with an instruction that multiplies 32 bytes; here
 * stands a byte at a time, for the eye and for the theorem.
 *
 * Errors are added up in double: the engine adds floats in eight lanes, so the last
 * digits differ, and nothing else may.
 *
 * Source: the definitions (b) in kernels/blocks.c, (1) in kernels/coding.c, (1) and
 * (2) in kernels/encode.c. Read next: chapters/lesson/quantize_theorem.c.
 */
#include "chapters/lesson/blockview.h"

#include <math.h>               /* rintf, fmaf, sqrt, isfinite: exact by IEEE 754 */

#include "numbers/halffloat.h"

const char *const block_try_names[BLOCK_TRIES] = {
    "c = -6.5", "c = -7", "c = -7.5", "c = -8", "c = -8.5", "c = -9", "c = -9.5",
    "least squares",
};

void block_taken(BlockCodes *out, const Matrix *m, int r, int b)
{
    size_t size = block_bytes(m->format), blocks = (size_t)(m->columns / BLOCK_NUMBERS);
    const unsigned char *bytes = (const unsigned char *)m->data
                               + ((size_t)(r / GROUP_ROWS) * blocks + (size_t)b) * size;

    r %= GROUP_ROWS;
    out->d = f16_to_f32((uint16_t)(bytes[2 * r] + 256 * bytes[2 * r + 1]));
    for (int k = 0; k < BLOCK_NUMBERS; k++)
        if (m->format == FORMAT_INT8) {
            out->q[k] = (int8_t)bytes[16 + 32 * (k / 4) + 4 * r + k % 4];
        } else {
            int byte = bytes[16 + 32 * (k / 4 % 4) + 4 * r + k % 4];

            out->q[k] = (int8_t)((k < 16 ? byte % 16 : byte / 16) - 8);
        }
}

void block_try(BlockCodes *out, const float *w, float d, int low, int high)
{
    float inverse;

    out->d = f16_to_f32(f32_to_f16(d));
    inverse = out->d != 0 ? 1 / out->d : 0;
    for (int k = 0; k < BLOCK_NUMBERS; k++) {
        int q = (int)rintf(w[k] * inverse);

        out->q[k] = (int8_t)max_int(low, min_int(high, q));
    }
}

double block_error(const BlockCodes *block, const float *w)
{
    double sum = 0;

    for (int k = 0; k < BLOCK_NUMBERS; k++) {
        double off = (double)w[k] - (double)block->d * block->q[k];

        sum += off * off;
    }
    return sum;
}

double block_share(const BlockCodes *block, const float *w)
{
    double sum = 0;

    for (int k = 0; k < BLOCK_NUMBERS; k++)
        sum += (double)w[k] * (double)w[k];
    return sum > 0 ? sqrt(block_error(block, w) / sum) : 0;
}

float block_largest(const float *w)
{
    float most = w[0];

    for (int k = 1; k < BLOCK_NUMBERS; k++)
        most = fabsf(w[k]) > fabsf(most) ? w[k] : most;
    return most;
}

/* d* = Σ w q / Σ q². */
static float least_squares(const BlockCodes *block, const float *w)
{
    double above = 0, below = 0;

    for (int k = 0; k < BLOCK_NUMBERS; k++) {
        above += (double)w[k] * block->q[k];
        below += block->q[k] * block->q[k];
    }
    return below > 0 ? (float)(above / below) : 0;
}

int block_tries(BlockCodes tries[BLOCK_TRIES], const float *w)
{
    float largest = block_largest(w);
    int best = 0;

    for (int i = 0; i < BLOCK_TRIES; i++) {
        float d = i < BLOCK_TRIES - 1 ? largest / (-6.5f - 0.5f * (float)i)
                                      : least_squares(&tries[best], w);

        block_try(&tries[i], w, d, -8, 7);
        if (block_error(&tries[i], w) < block_error(&tries[best], w))
            best = i;
    }
    return best;
}

/* x [32] as whole numbers: equation (1) of kernels/coding.c. Returns the scale. */
static float code(int *q, const float *x)
{
    float d = fabsf(block_largest(x)) / 127, inverse = 1 / d;
    bool finite = isfinite(inverse);

    for (int k = 0; k < BLOCK_NUMBERS; k++)
        q[k] = finite ? max_int(-127, min_int(127, (int)rintf(x[k] * inverse))) : 0;
    return finite ? d : 0;
}

float block_textbook(const Matrix *w, int r, const float *x)
{
    float sum = 0;

    for (int b = 0; b < w->columns / BLOCK_NUMBERS; b++) {
        BlockCodes block;
        int q[BLOCK_NUMBERS], s = 0;
        float d = code(q, x + b * BLOCK_NUMBERS);

        block_taken(&block, w, r, b);
        for (int k = 0; k < BLOCK_NUMBERS; k++)
            s += block.q[k] * q[k];
        //@stop block_summed
        sum = fmaf(block.d * d, (float)s, sum);
    }
    return sum;
}
