/* coding.c - what is multiplied with whole numbers becomes whole numbers itself
 *
 *      x    0.30 -1.27  0.02 …         32 neighbours of one row
 *      │
 *      │ d = max|x| / 127 = 0.01       one scale for them
 *      ▼
 *      code   30  -127     2 …         and their sum, which kernels want to know
 *
 * Weights are coded once, and there is time to search for the best scale (encode.c).
 * What comes out of a layer is coded anew for every token, so here the scale is
 * simply the one that the largest number needs:
 *
 *      d = max|x| / 127          code = rint(x · (1/d)), to ±127           (1)
 *
 * A block whose 1/d is not finite (nought, or almost) has scale and codes 0. One
 * with a NaN or an infinity in it has scale NaN: everything that reads it becomes
 * NaN, and the logits are looked at in the end (model/model.c).
 *
 *      codes  [block][row of x][32]     ┌ block 0 ───────────────┬ block 1 ─ ─
 *                                       │ row 0 │ row 1 │ … │    │ row 0 │ …
 *      so that a block of weights finds what it meets, of all rows, side by side.
 *
 * The loops below are plain C. They are compiled twice on x86-64, the second time for
 * AVX2's eight lanes: the same operations one by one, so the same bits, in half
 * the time.
 *
 * Source: Jacob et al., arXiv 1712.05877, section 2; equation (1) with zero point 0.
 * Read next: kernels/encode.c.  Lesson: chapters/chapter06_quantize.c.
 */
#include "kernels/coding.h"

#include <math.h>               /* isfinite, NAN                             */

#include "base/parallel.h"      /* parallel_for                              */
#include "kernels/dot.h"        /* kernels->has_avx2                         */
#include "numbers/bits.h"       /* f32_bits, f32_of_bits                     */

#define ROOM_LINE 64            /* each part of coded x begins on a line     */
#define CODE_GRAIN 4            /* rows of x that a thread codes at a time   */

/* The body is copied into each function that names it: see dot.c. */
#define INLINE static inline __attribute__((always_inline))

/* Equation (1) for one block. The largest is found among the bits: without a sign they
 * are in the order of the numbers, with infinity and NaN above all. Adding and
 * subtracting 1.5 · 2^23 leaves a whole number, nearest, ties to even.            */
INLINE void code_block(int8_t *codes, float *scale, int32_t *sum, const float *x)
{
    const float round = 0x1.8p23f;
    uint32_t largest = 0;
    float d, r;
    int32_t total = 0;

    for (int i = 0; i < BLOCK_NUMBERS; i++) {
        uint32_t bits = f32_bits(x[i]) & 0x7FFFFFFF;

        largest = bits > largest ? bits : largest;
    }
    d = f32_of_bits(largest) / 127;
    r = 1 / d;
    if (!(d > 0) || !isfinite(d) || !isfinite(r)) {
        *scale = largest >= 0x7F800000 ? NAN : 0;
        *sum = 0;
        for (int i = 0; i < BLOCK_NUMBERS; i++)
            codes[i] = 0;
        return;
    }
    for (int i = 0; i < BLOCK_NUMBERS; i++) {
        float whole = x[i] * r + round - round;

        whole = whole > 127 ? 127 : whole < -127 ? -127 : whole;
        codes[i] = (int8_t)(int)whole;
        total += (int)whole;
    }
    *scale = d;
    *sum = total;
}

typedef struct {                /* one call of code_rows, for the threads    */
    const float *x;
    int8_t *codes;
    float *scales;
    int32_t *sums;
    int T, blocks;
} Coding;

/* Rows begin … end-1 of x; each block goes beside those of the other rows. */
INLINE void code_body(int begin, int end, const Coding *c)
{
    for (int t = begin; t < end; t++)
        for (int b = 0; b < c->blocks; b++) {
            size_t at = (size_t)b * (size_t)c->T + (size_t)t;

            code_block(row(c->codes, at, BLOCK_NUMBERS), &c->scales[at], &c->sums[at],
                       row(c->x, t, c->blocks * BLOCK_NUMBERS) + b * BLOCK_NUMBERS);
        }
}

static void code_plain(int begin, int end, int worker, void *arg)
{
    (void)worker;
    code_body(begin, end, arg);
}

#if defined(__x86_64__)
__attribute__((target("avx2")))
static void code_avx2(int begin, int end, int worker, void *arg)
{
    (void)worker;
    code_body(begin, end, arg);
}
#else
#define code_avx2 code_plain
#endif

/* Room for T rows of columns numbers: codes, scales and sums, each part on a line. */
size_t coded_bytes(int T, int columns)
{
    size_t blocks = (size_t)T * (size_t)(columns / BLOCK_NUMBERS);

    return round_up(blocks * BLOCK_NUMBERS, ROOM_LINE)
           + 2 * round_up(blocks * sizeof(float), ROOM_LINE);
}

/* Equation (1) for x [T, columns]. Cost: a division per block, and a few operations
 * per number: 2 ns, or 1 ns with eight lanes. */
void code_rows(Coded *coded, void *room, const float *x, int T, int columns)
{
    size_t blocks = (size_t)T * (size_t)(columns / BLOCK_NUMBERS);
    unsigned char *next = room;
    Coding c = { .x = x, .T = T, .blocks = columns / BLOCK_NUMBERS };

    must(columns % BLOCK_NUMBERS == 0, "%d numbers are no whole blocks", columns);
    c.codes = (int8_t *)next;
    next += round_up(blocks * BLOCK_NUMBERS, ROOM_LINE);
    c.scales = (float *)(void *)next;
    next += round_up(blocks * sizeof(float), ROOM_LINE);
    c.sums = (int32_t *)(void *)next;
    *coded = (Coded){ .T = T, .blocks = c.blocks, .codes = c.codes,
                      .scales = c.scales, .sums = c.sums };
    parallel_for(T, CODE_GRAIN, kernels->has_avx2 ? code_avx2 : code_plain, &c);
}
