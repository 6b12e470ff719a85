/* test_quant_narrow.c - numbers to blocks: the bytes that ggml's reference C wrote and
 * that bitsandbytes writes, ties, ends of the range, and NF4's values against erf. */
#include "test.h"

#include <float.h>
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "numbers/halffloat.h"
#include "numbers/quant.h"

/* The numbers of the published bytes: x_i = ((37 i mod 101) - 50) / 16, 256 of them. */
static void fill_golden(float *x)
{
    for (int i = 0; i < 256; i++)
        x[i] = (float)((37 * i) % 101 - 50) / 16;
}

static void expect_hex(const unsigned char *bytes, const char *hex)
{
    char got[128] = "";

    for (size_t i = 0; 2 * i < strlen(hex); i++)
        snprintf(got + 2 * i, 3, "%02x", bytes[i]);
    expect_text(got, hex);
}

/* Eight blocks of ggml's reference C: the first one, and FNV-1a of all of them. */
TEST(golden_ggml)
{
    static const struct { QuantFormat format; const char *hex; uint64_t hash; } table[] = {
        { QUANT_Q8_0, "4d2681df3d9af856b41270cd2b89e745a2005ebb1977d53390ee4caa0866"
                      "c3217fdc", UINT64_C(0x9b3fd0d103cd6316) },
        { QUANT_Q4_0, "4036e046acf258bd1379df358be046acf268",
          UINT64_C(0x10b3b836ccba0efe) },
        { QUANT_Q4_1, "ab3640c2d0369bf257bd1369ce258ae0469cf258",
          UINT64_C(0xf346aebb866eb96d) },
    };
    unsigned char blocks[1 + 8 * 34];
    float x[256];

    fill_golden(x);
    for (int f = 0; f < 3; f++) {
        size_t bytes = quant_bytes(table[f].format, 256);

        quant_from_f32(blocks + 1, x, table[f].format, 256);    /* an odd address */
        expect_int(strlen(table[f].hex), 2 * bytes / 8);
        expect_hex(blocks + 1, table[f].hex);
        expect(hash_bytes(HASH_START, blocks + 1, bytes) == table[f].hash);
    }
}

/* bitsandbytes: the largest is 3.125 = 0x40480000 in all four blocks; half of the first
 * one's codes; FNV-1a of all 128 bytes of codes, started from the number with which it
 * was published; and the sum of the squared errors. */
TEST(golden_nf4)
{
    uint64_t hash = UINT64_C(1469598103934665603);
    unsigned char blocks[4 * 36];
    float x[256], back[256];
    double sum = 0;

    fill_golden(x);
    quant_from_f32(blocks, x, QUANT_NF4, 256);
    expect_hex(blocks + 4, "04c16e29f3b05d17e29f3c05d18e2af4c16e18e3b05d17e29f3b05d18e2af4c1");
    for (int b = 0; b < 4; b++) {
        expect_hex(blocks + 36 * b, "00004840");
        hash = hash_bytes(hash, blocks + 36 * b + 4, 32);
    }
    expect(hash == UINT64_C(0x9ebd7dd9caaad74a));
    quant_to_f32(back, blocks, QUANT_NF4, 256);
    for (int i = 0; i < 256; i++)
        sum += ((double)x[i] - (double)back[i]) * ((double)x[i] - (double)back[i]);
    expect_close(sum, 7.24525314, 5e-9);
}

/* Half-way: Q8_0 goes away from zero, Q4 up, NF4 down. */
TEST(ties)
{
    unsigned char block[36];
    float x[64] = { 127, 0.5f, -0.5f, 2.5f, -2.5f, 0.49999997f };

    quant_from_f32(block, x, QUANT_Q8_0, 32);               /* d = 1 = 0x3C00 */
    expect_hex(block, "003c" "7f01ff03fd00");
    memcpy(x, (float[]){ -8, 8, 0.5f, -0.5f, 6.5f, -7.5f }, 6 * sizeof *x);
    quant_from_f32(block, x, QUANT_Q4_0, 32);               /* low halves    */
    expect_hex(block, "003c" "808f8988" "8f81");
    memcpy(x, (float[]){ 0, 15, 0.5f, 1.5f, 14.5f, 0.25f }, 6 * sizeof *x);
    quant_from_f32(block, x, QUANT_Q4_1, 32);
    expect_hex(block, "003c0000" "000f" "01020f00");
    memcpy(x, (float[]){ 1, 0.07958029955625534f / 2 }, 2 * sizeof *x);
    x[2] = nextafterf(x[1], 1);
    x[3] = -0.09105003625154495f / 2;
    x[4] = nextafterf(x[3], 0);
    x[5] = 0;
    quant_from_f32(block, x, QUANT_NF4, 64);
    expect_hex(block, "0000803f" "f7" "86" "77");
}

/* ggml begins its search at +0, so d of 32 zeros in Q4_0 is 0 / -8 = -0 = 0x8000,
 * whatever their signs; Q4_1 keeps the sign of the first one. */
TEST(zeros)
{
    float zero[64] = { 0 }, minus[64];
    unsigned char block[36];

    for (int i = 0; i < 64; i++)
        minus[i] = -0.0f;
    quant_from_f32(block, zero, QUANT_Q4_0, 32);
    expect_hex(block, "0080" "88888888" "88888888" "88888888" "88888888");
    quant_from_f32(block, minus, QUANT_Q4_0, 32);
    expect_hex(block, "0080" "88888888" "88888888" "88888888" "88888888");
    quant_from_f32(block, minus, QUANT_Q8_0, 32);
    expect_hex(block, "0000" "0000000000000000");
    quant_from_f32(block, minus, QUANT_Q4_1, 32);
    expect_hex(block, "0000" "0080" "00000000");
    quant_from_f32(block, minus, QUANT_NF4, 64);
    expect_hex(block, "00000000" "77777777");
    minus[0] = 0;                                           /* the first one */
    quant_from_f32(block, minus, QUANT_Q4_1, 32);
    expect_hex(block, "0000" "0000" "00000000");
}

/* Where 1/d, max - min or d in f16 leave their range, codes stay codes. */
TEST(ends_of_the_range)
{
    float x[64] = { FLT_MAX, -FLT_MAX, 1, 0x1p-149f }, back[64];
    unsigned char block[36];

    quant_from_f32(block, x, QUANT_Q8_0, 32);               /* d = inf       */
    expect_hex(block, "007c" "7f810000");
    quant_from_f32(block, x, QUANT_Q4_0, 32);               /* d = -inf      */
    expect_hex(block, "00fc" "808f8888");
    quant_from_f32(block, x, QUANT_Q4_1, 32);               /* max - min too */
    expect_hex(block, "007c" "00fc" "00000000");
    quant_from_f32(block, x, QUANT_NF4, 64);
    expect_hex(block, "ffff7f7f" "f0" "77");
    quant_to_f32(back, block, QUANT_NF4, 64);
    expect(back[0] == FLT_MAX && back[1] == -FLT_MAX && back[2] == 0);

    memcpy(x, (float[]){ 0x1p-126f, -0x1p-126f, 0, 0x1p-149f }, 4 * sizeof *x);
    quant_from_f32(block, x, QUANT_Q8_0, 32);               /* 1/d = inf     */
    expect_hex(block, "0000" "00000000");
    quant_from_f32(block, x, QUANT_Q4_1, 32);
    expect_hex(block, "0000" "0080" "00000000");
    x[0] = x[1] = 0x1p-126f;                                /* d = -2^-129   */
    quant_from_f32(block, x, QUANT_Q4_0, 32);
    expect_hex(block, "0080" "00000000");
    quant_from_f32(block, x, QUANT_NF4, 64);                /* a > 10^-38    */
    expect_hex(block, "00008000" "ff" "77");
    x[0] = x[1] = 0x1p-128f;                                /* s = 0.2939    */
    quant_from_f32(block, x, QUANT_NF4, 64);
    expect_hex(block, "00002000" "bb" "77");
}

/* Equation (9): shares of a Gaussian below the values, by libm's erf in double. The
 * published float32 numbers were made from a coarser inverse: 1e-7 off. */
TEST(nf4_values_are_quantiles)
{
    double low = 1, high = 3, end;
    unsigned char block[36] = { 0, 0, 0x80, 0x3F };         /* a = 1         */
    float c[64];

    for (int i = 0; i < 60; i++) {                          /* z(0.9677083)  */
        end = (low + high) / 2;
        if (erfc(-end / sqrt(2)) / 2 < 0.9677083)
            low = end;
        else
            high = end;
    }
    for (int i = 0; i < 8; i++)
        block[4 + i] = (unsigned char)((2 * i) << 4 | (2 * i + 1));
    quant_to_f32(c, block, QUANT_NF4, 64);
    expect(c[0] == -1 && c[7] == 0 && c[15] == 1);
    for (int k = 0; k < 16; k++) {
        double share = erfc(-(double)c[k] * end / sqrt(2)) / 2;
        double step = (0.9677083 - 0.5) / (k < 7 ? 7 : 8);

        expect_close(share, 0.5 + (k - 7) * step, 1e-7);
    }
}

/* No other code would have come nearer, by a look at all of them in double. */
TEST(the_nearest_code)
{
    float x[64 * 50], back[64 * 50], all[64];
    unsigned char blocks[36 * 50], every[36];

    test_fill(x, 64 * 50, 5);
    for (int i = 0; i < 64 * 50; i++)
        x[i] *= x[i] * x[i];
    quant_from_f32(blocks, x, QUANT_NF4, 64 * 50);
    quant_to_f32(back, blocks, QUANT_NF4, 64 * 50);
    for (int b = 0; b < 50; b++) {
        memcpy(every, blocks + 36 * b, 4);
        for (int i = 0; i < 32; i++)
            every[4 + i] = (unsigned char)((2 * i) % 16 << 4 | (2 * i + 1) % 16);
        quant_to_f32(all, every, QUANT_NF4, 64);
        for (int i = 0; i < 64; i++)
            for (int k = 0; k < 16; k++) {
                double here = fabs((double)x[64 * b + i] - (double)back[64 * b + i]);
                double there = fabs((double)x[64 * b + i] - (double)all[k]);

                expect(here <= there + 1e-6 * (double)all[15]);
            }
    }
}

/* One block does not look at another. */
TEST(several_blocks)
{
    unsigned char blocks[3 * 36], one[36];
    float x[192];

    test_fill(x, 192, 11);
    for (QuantFormat f = 0; f < QUANT_COUNT; f++) {
        size_t block = (size_t)quant_block(f), bytes = quant_bytes(f, block);

        quant_from_f32(blocks, x, f, 3 * block);
        for (size_t b = 0; b < 3; b++) {
            quant_from_f32(one, x + b * block, f, block);
            expect(memcmp(one, blocks + b * bytes, bytes) == 0);
        }
    }
}

/* Infinity and NaN are our own bug. */
TEST(not_finite)
{
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            float x[32] = { 1, i == 0 ? INFINITY : NAN };
            unsigned char block[34];

            fclose(stderr);
            quant_from_f32(block, x, QUANT_Q8_0, 32);
            _exit(0);
        }
        expect(waitpid(child, &status, 0) == child);
        expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    }
}

const Test quant_narrow_tests[] = {
    { "the bytes that ggml writes", golden_ggml },
    { "the bytes that bitsandbytes writes", golden_nf4 },
    { "half-way between two codes", ties },
    { "zeros of both signs", zeros },
    { "the ends of the range", ends_of_the_range },
    { "NF4's values are quantiles of a Gaussian", nf4_values_are_quantiles },
    { "no other code of NF4 is nearer", the_nearest_code },
    { "several blocks in a row", several_blocks },
    { "not finite", not_finite },
    { NULL, NULL },
};
