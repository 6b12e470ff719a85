/* test_quant.c - blocks drawn by hand, blocks that ggml wrote, every scale times
 * every number against long double. The way there: test_quant_narrow.c. (Other programs are
 * asked by tests/oracle/quant_formats.py and convert.py.) */
#include "test.h"

#include <math.h>

#include "base/hash.h"
#include "numbers/halffloat.h"
#include "numbers/quant.h"

TEST(sizes)
{
    expect_text(quant_name(QUANT_Q8_0), "Q8_0");
    expect_text(quant_name(QUANT_Q4_0), "Q4_0");
    expect_text(quant_name(QUANT_Q4_1), "Q4_1");
    expect_int(quant_bytes(QUANT_Q8_0, 576), 612);          /* 18 blocks     */
    expect_int(quant_bytes(QUANT_Q4_0, 64), 36);
    expect_int(quant_bytes(QUANT_Q4_1, 64), 40);
    expect_int(quant_bytes(QUANT_Q4_1, 0), 0);
    expect_text(quant_name(QUANT_NF4), "NF4");
    expect_int(quant_block(QUANT_NF4), 64);
    expect_int(quant_bytes(QUANT_NF4, 2048), 2048 / 2 + 2048 / 64 * 4);
}

/* d = 2 = 0x4000, q = -128, -96, …; and the halves of a byte: 0x10 is 0 and 1. */
TEST(drawn_by_hand)
{
    unsigned char q8[1 + 34] = { 0, 0x00, 0x40 }, q4[1 + 18] = { 0, 0x00, 0xC0 };
    unsigned char q41[1 + 20] = { 0, 0x00, 0x3C, 0x00, 0xB8 };
    float x[32];

    q8[3] = 0x80, q8[4] = 0x7F, q8[34] = 0xFF;              /* -128, 127, -1 */
    quant_to_f32(x, q8 + 1, QUANT_Q8_0, 32);                /* an odd address */
    expect(x[0] == -256 && x[1] == 254 && x[2] == 0 && x[31] == -2);

    q4[3] = 0x1F, q4[18] = 0x80;                            /* d = -2        */
    quant_to_f32(x, q4 + 1, QUANT_Q4_0, 32);
    expect(x[0] == -14 && x[16] == 14);                     /* 15 - 8, 1 - 8 */
    expect(x[15] == 16 && x[31] == 0 && signbit(x[31]));    /* 0 - 8; -2 · 0 */
    expect(x[1] == 16 && x[17] == 16);

    q41[5] = 0xF3, q41[20] = 0x20;                          /* d = 1, m = -½ */
    quant_to_f32(x, q41 + 1, QUANT_Q4_1, 32);
    expect(x[0] == 2.5f && x[16] == 14.5f && x[15] == -0.5f && x[31] == 1.5f);
}

/* a = 2.5 = 0x40200000; the first of two neighbours stands in the high half. */
TEST(nf4_by_hand)
{
    unsigned char block[1 + 36] = { 0, 0x00, 0x00, 0x20, 0x40, 0x0F, 0x7E };
    float x[64];

    block[36] = 0xF8;
    quant_to_f32(x, block + 1, QUANT_NF4, 64);
    expect(x[0] == -2.5f && x[1] == 2.5f && x[2] == 0 && !signbit(x[2]));
    expect(x[3] == 0.7229568362236023f * 2.5f);
    expect(x[62] == 2.5f && x[63] == 0.07958029955625534f * 2.5f);
    expect(x[4] == -2.5f && x[61] == -2.5f);                /* codes of 0    */
}

/* What ggml's reference C made of x_i = ((37 i mod 101) - 50) / 16: the first block
 * of each format. Widened, it is at most half a step (and the rounding of d) off. */
TEST(golden_blocks)
{
    static const struct { QuantFormat format; const char *hex; float step; } table[] = {
        { QUANT_Q8_0, "4d2681df3d9af856b41270cd2b89e745a2005ebb1977d53390ee4caa0866"
                      "c3217fdc", 3.125f / 127 },
        { QUANT_Q4_0, "4036e046acf258bd1379df358be046acf268", 3.125f / 8 },
        { QUANT_Q4_1, "ab3640c2d0369bf257bd1369ce258ae0469cf258", 6.25f / 15 },
    };

    for (int f = 0; f < 3; f++) {
        size_t bytes = quant_bytes(table[f].format, 32);
        unsigned char block[34];
        float x[32];

        expect_int(strlen(table[f].hex), 2 * bytes);
        for (size_t i = 0; i < bytes; i++) {
            unsigned value;

            expect_int(sscanf(table[f].hex + 2 * i, "%2x", &value), 1);
            block[i] = (unsigned char)value;
        }
        quant_to_f32(x, block, table[f].format, 32);
        for (int i = 0; i < 32; i++) {
            float wanted = (float)((37 * i) % 101 - 50) / 16;
            /* Q4_0 has no +8: its largest may be a whole step off.          */
            float most = table[f].format == QUANT_Q4_0 && wanted > 7 * table[f].step
                       ? table[f].step : 0.51f * table[f].step;

            expect_close(x[i], wanted, most);
        }
    }
}

/* Every finite d (and m) with every q, against long double rounded once. */
TEST(every_scale)
{
    for (unsigned h = 0; h < 0x10000; h++) {
        float d = f16_to_f32((uint16_t)h), m = f16_to_f32((uint16_t)(h * 40503u % 0x7C00));
        unsigned char block[34] = { (unsigned char)h, (unsigned char)(h >> 8) };
        float x[32];

        if (!isfinite(d))
            continue;
        for (int i = 0; i < 32; i++)
            block[2 + i] = (unsigned char)(h * 7 + (unsigned)i * 8);
        quant_to_f32(x, block, QUANT_Q8_0, 32);
        for (int i = 0; i < 32; i++)
            expect(x[i] == (float)((long double)d * (signed char)block[2 + i]));
        block[2] = (unsigned char)(h * 40503u % 0x7C00);
        block[3] = (unsigned char)((h * 40503u % 0x7C00) >> 8);
        quant_to_f32(x, block, QUANT_Q4_1, 32);
        for (int i = 0; i < 16; i++) {
            expect(x[i] == (float)((long double)d * (block[4 + i] % 16) + m));
            expect(x[16 + i] == (float)((long double)d * (block[4 + i] / 16) + m));
        }
    }
}

TEST(several_blocks)
{
    unsigned char blocks[3 * 18];
    float x[96], one[32];

    for (int i = 0; i < 3 * 18; i++)
        blocks[i] = (unsigned char)(i * 37 % 120);
    quant_to_f32(x, blocks, QUANT_Q4_0, 96);
    for (int b = 0; b < 3; b++) {
        quant_to_f32(one, blocks + 18 * b, QUANT_Q4_0, 32);
        expect_same_bits(x + 32 * b, one, 32);
    }
}

const Test quant_tests[] = {
    { "names and sizes", sizes },
    { "blocks drawn by hand", drawn_by_hand },
    { "a block of NF4 drawn by hand", nf4_by_hand },
    { "the first block that ggml writes", golden_blocks },
    { "every scale, against long double", every_scale },
    { "several blocks in a row", several_blocks },
    { NULL, NULL },
};
