/* blocks_emulated.c - kernels for instructions that this processor need not have
 *
 *      weights, rows of x ──┬──► int8_plain                    ──► y ─┐
 *      (random and extreme) │                                         ├─ memcmp
 *                           └──► int8_avx512, each instruction ──► y ─┘
 *                                emulated in C
 *
 * Most machines that build this have no AVX-512, and a kernel that was never run is
 * wrong. tests/emulate/immintrin.h gives each instruction as C, so the same source file
 * runs everywhere, only far slower. What it shows is that the numbers
 * are right. How fast the instructions are it cannot tell.
 *
 * Expected numbers are blocks.c's, the definition, whose own test compares it with
 * whole numbers and fused multiply-adds written down once more (test_blocks.c).
 *
 *      rows      1 … 70: every remainder of 32, of 16 and of 8
 *      T         1 … 9, 17, and around the 64 rows of x that pass together
 *      widths    32 … 640, and TinyLlama's 2048 and 5632
 *      codes     random, all lowest (of weights −128, as a spoilt file may have it),
 *                all highest, on either side
 *      scales    ordinary, zero, subnormal, huge, negative; no NaN, whose payload
 *                is not promised
 *
 * Groups stand at odd addresses, and the rows that fill up the last one hold numbers
 * instead of zeros: nothing of them may reach y. y is longer and wider than it needs
 * to be, and what lies between and behind must stay as it was.
 *
 * Usage: blocks_emulated             the last line is "N passed, N failed"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/blocks.h"

#define MOST_ROWS 72
#define MOST_TOKENS 130
#define MOST_BLOCKS (5632 / BLOCK_NUMBERS)
#define MOST_GROUPS (MOST_ROWS / GROUP_ROWS)
#define STRIDE (MOST_ROWS + 5)  /* between the rows of y                     */
#define ODD 3                   /* bytes that weights stand off a line       */

enum { RANDOM, LOWEST, HIGHEST, CODES };
enum { ORDINARY, ZERO, SUBNORMAL, HUGE_SCALES, NEGATIVE, MIXED, SCALES };

typedef struct {
    Format format;
    int rows, T, blocks;
    int w_codes, x_codes;       /* RANDOM …                                  */
    int w_scales, x_scales;     /* ORDINARY …                                */
} Case;

typedef struct {                /* room for the largest case                 */
    unsigned char w[MOST_GROUPS * MOST_BLOCKS * INT8_BLOCK_BYTES + ODD];
    int8_t codes[MOST_BLOCKS * MOST_TOKENS * BLOCK_NUMBERS];
    float scales[MOST_BLOCKS * MOST_TOKENS];
    int32_t sums[MOST_BLOCKS * MOST_TOKENS];
    float expected[MOST_TOKENS * STRIDE], y[MOST_TOKENS * STRIDE];
    uint32_t random;
} Room;

static const struct {
    const char *name;
    BlocksKernel *plain, *emulated;
    Format format;
} kernels_here[] = {
    { "int8_avx512", int8_plain, int8_avx512, FORMAT_INT8 },
    { "int4_avx512", int4_plain, int4_avx512, FORMAT_INT4 },
    { "int8_avx2", int8_plain, int8_avx2, FORMAT_INT8 },
    { "int4_avx2", int4_plain, int4_avx2, FORMAT_INT4 },
};
#define KERNELS (int)(sizeof kernels_here / sizeof kernels_here[0])

/* 0 … below-1. */
static int draw(Room *r, int below)
{
    r->random = r->random * 1664525 + 1013904223;
    return (int)((r->random >> 8) % (uint32_t)below);
}

/* A code of lowest … highest, or the extreme that the case is about. */
static int draw_code(Room *r, int kind, int lowest, int highest)
{
    return kind == LOWEST    ? lowest
           : kind == HIGHEST ? highest
                             : lowest + draw(r, highest - lowest + 1);
}

/* An f16 scale of weights, as bits. */
static int draw_half(Room *r, int kind)
{
    if (kind == MIXED)
        kind = draw(r, MIXED);
    switch (kind) {
    case ZERO:        return draw(r, 2) << 15;              /* −0 too            */
    case SUBNORMAL:   return 1 + draw(r, 0x3FF);
    case HUGE_SCALES: return 0x7BFF - draw(r, 16);          /* up to 65504       */
    case NEGATIVE:    return 0x8000 | (0x1000 + draw(r, 0x2000));
    default:          return 0x1000 + draw(r, 0x2000);      /* 0.0005 … 0.5      */
    }
}

/* A scale of x. The largest sum stays finite: 10^25 · 65504 · 127² · 5632 < 10^38. */
static float draw_scale(Room *r, int kind)
{
    float one = 1 + (float)draw(r, 1 << 23) * 0x1p-23f;

    if (kind == MIXED)
        kind = draw(r, MIXED);
    switch (kind) {
    case ZERO:        return draw(r, 2) ? -0.0f : 0.0f;
    case SUBNORMAL:   return one * 0x1p-140f;
    case HUGE_SCALES: return one * 0.5e25f;
    case NEGATIVE:    return -one * 0.01f;
    default:          return one * 0.01f;
    }
}

static void fill_weights(Room *r, const Case *c)
{
    int size = (int)block_bytes(c->format);
    int count = (c->rows + GROUP_ROWS - 1) / GROUP_ROWS * c->blocks;

    for (int i = 0; i < count; i++) {
        unsigned char *block = row(r->w + ODD, i, size);

        for (int o = 0; o < GROUP_ROWS; o++) {
            int bits = draw_half(r, c->w_scales);

            block[2 * o] = (unsigned char)(bits & 255);
            block[2 * o + 1] = (unsigned char)(bits >> 8);
        }
        for (int k = 2 * GROUP_ROWS; k < size; k++)
            if (c->format == FORMAT_INT8)
                block[k] = (unsigned char)draw_code(r, c->w_codes, -128, 127);
            else
                block[k] = (unsigned char)(draw_code(r, c->w_codes, 0, 15)
                                           | draw_code(r, c->w_codes, 0, 15) << 4);
    }
}

static Coded fill_x(Room *r, const Case *c)
{
    for (int i = 0; i < c->blocks * c->T; i++) {
        r->scales[i] = draw_scale(r, c->x_scales);
        r->sums[i] = 0;
        for (int k = 0; k < BLOCK_NUMBERS; k++) {
            int code = draw_code(r, c->x_codes, -127, 127);

            r->codes[i * BLOCK_NUMBERS + k] = (int8_t)code;
            r->sums[i] += code;
        }
    }
    return (Coded){ .T = c->T, .blocks = c->blocks, .codes = r->codes,
                    .scales = r->scales, .sums = r->sums };
}

/* One case through every kernel of its format; counts. */
static void check(Room *r, const Case *c, int *passed, int *failed)
{
    Coded x = fill_x(r, c);

    fill_weights(r, c);
    for (int k = 0; k < KERNELS; k++) {
        if (kernels_here[k].format != c->format)
            continue;
        for (int i = 0; i < MOST_TOKENS * STRIDE; i++)
            r->expected[i] = r->y[i] = 0.5f + (float)i;
        kernels_here[k].plain(r->expected, STRIDE, r->w + ODD, c->rows, &x);
        kernels_here[k].emulated(r->y, STRIDE, r->w + ODD, c->rows, &x);
        if (memcmp(r->expected, r->y, sizeof r->y) == 0) {
            *passed += 1;
        } else if ((*failed)++ < 8) {
            int i = 0;

            while (memcmp(&r->expected[i], &r->y[i], sizeof(float)) == 0)
                i++;
            printf("FAIL %s [%d, %d], T = %d, codes %d and %d, scales %d and %d: row %d "
                   "of x, number %d: %a instead of %a\n", kernels_here[k].name, c->rows,
                   c->blocks * BLOCK_NUMBERS, c->T, c->w_codes, c->x_codes, c->w_scales,
                   c->x_scales, i / STRIDE, i % STRIDE, (double)r->y[i],
                   (double)r->expected[i]);
        }
    }
}

int main(void)
{
    static const int tokens[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 64, 65, MOST_TOKENS };
    static const int wide[][3] = {  /* rows, T, columns */
        { 32, 2, 2048 }, { 40, 9, 2048 }, { 70, 65, 2048 }, { 64, 8, 5632 },
        { 23, 17, 5632 }, { 33, 3, 5632 }, { 8, 1, 5632 },
    };
    static Room room;
    int passed = 0, failed = 0, n = 0;

    for (Format f = FORMAT_INT8; f <= FORMAT_INT4; f++) {
        for (int rows = 1; rows <= 70; rows++)
            for (size_t t = 0; t < sizeof tokens / sizeof tokens[0]; t++, n++) {
                Case c = { f, rows, tokens[t], 1 + draw(&room, 20), n % CODES,
                           n / CODES % CODES, draw(&room, SCALES), draw(&room, SCALES) };

                check(&room, &c, &passed, &failed);
            }
        for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++)
            for (int kind = 0; kind < CODES * CODES; kind++) {
                Case c = { f, wide[i][0], wide[i][1], wide[i][2] / BLOCK_NUMBERS,
                           kind % CODES, kind / CODES, kind % SCALES,
                           (kind + kind / CODES) % SCALES };

                check(&room, &c, &passed, &failed);
            }
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
