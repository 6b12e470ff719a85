/* test_encode.c - weights into blocks: what is stored is near the best that can be
 *
 * The judge is a search in double over two thousand scales, which knows nothing of how
 * encode.c looks for its one. */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/encode.h"
#include "numbers/halffloat.h"

enum { N = 32, BLOCKS = 60 };

static double uniform(uint64_t *state)
{
    return (test_random(state) + 0.5) / 4294967296.0;
}

/* Box and Muller: weights of trained models look like this. */
static double gaussian(uint64_t *state)
{
    double radius = sqrt(-2 * log(uniform(state)));

    return radius * cos(6.283185307179586 * uniform(state));
}

typedef enum { GAUSSIAN, HEAVY, FLAT, ONE_SIDED, OUTLIER, MANNERS } Manner;

static void fill(float *w, Manner manner, double size, uint64_t *state)
{
    for (int i = 0; i < N; i++) {
        double x = manner == FLAT ? 2 * uniform(state) - 1 : gaussian(state);

        if (manner == HEAVY)
            x *= fabs(x) * fabs(x);
        if (manner == ONE_SIDED)
            x = fabs(x);
        w[i] = (float)(x * size);
    }
    if (manner == OUTLIER)
        w[test_random(state) % N] *= 40;
}

typedef struct {
    int8_t codes[N];
    double d;                       /* as it is stored                      */
    double error;                   /* Σ (w − d q)²                         */
} Encoded;

static double error_of(const float *w, const int8_t *codes, double d)
{
    double sum = 0;

    for (int i = 0; i < N; i++)
        sum += (w[i] - d * codes[i]) * (w[i] - d * codes[i]);
    return sum;
}

/* Encodes, and looks that codes are in range and taken with the scale that is stored:
 * rint(w · (1/d)), cut to the range. */
static Encoded encode(Format format, const float *w)
{
    int low = format == FORMAT_INT8 ? -127 : -8, high = format == FORMAT_INT8 ? 127 : 7;
    Encoded e;
    uint16_t scale;
    float d, r;

    memset(e.codes, 100, sizeof e.codes);
    scale = encode_block(e.codes, format, w);
    d = f16_to_f32(scale);
    expect(isfinite(d) && f32_to_f16(d) == scale);
    r = d != 0 ? 1 / d : 0;
    for (int i = 0; i < N; i++) {
        float scaled = w[i] * r;
        double q = rint((double)scaled);

        expect_int(e.codes[i], q < low ? low : q > high ? high : (int)q);
    }
    e.d = (double)d;
    e.error = error_of(w, e.codes, e.d);
    return e;
}

static float largest_of(const float *w)
{
    float largest = 0;

    for (int i = 0; i < N; i++)
        if (fabsf(w[i]) > fabsf(largest))
            largest = w[i];
    return largest;
}

/* The error with scale d rounded to f16, in double throughout. */
static double error_with(const float *w, double d)
{
    double stored = (double)f16_to_f32(f32_to_f16((float)d)), sum = 0;

    if (stored == 0)
        return HUGE_VAL;
    for (int i = 0; i < N; i++) {
        double q = rint(w[i] / stored);

        q = q < -8 ? -8 : q > 7 ? 7 : q;
        sum += (w[i] - stored * q) * (w[i] - stored * q);
    }
    return sum;
}

/* 2,000 scales: from a fourth to an eleventh of the largest, either sign. */
static double best_error(const float *w)
{
    double best = HUGE_VAL, largest = (double)largest_of(w);

    for (int i = 0; i < 1000; i++) {
        double c = 4 + 7.0 * i / 999;

        best = fmin(best, fmin(error_with(w, largest / c), error_with(w, -largest / c)));
    }
    return best;
}

/* Never worse than the largest on the last step; together within 2 % of the best. */
TEST(int4_is_near_the_best)
{
    for (Manner manner = 0; manner < MANNERS; manner++) {
        uint64_t state = manner + 1;
        double ours = 0, best = 0, plain = 0;

        for (int b = 0; b < 4 * BLOCKS; b++) {
            float w[N];
            Encoded e;
            double usual;

            fill(w, manner, 0.02, &state);
            e = encode(FORMAT_INT4, w);
            usual = error_with(w, (double)largest_of(w) / -8);
            expect(e.error <= usual * (1 + 1e-5));
            ours += sqrt(e.error), best += sqrt(best_error(w)), plain += sqrt(usual);
        }
        if (ours > 1.02 * best)
            test_fail(__FILE__, __LINE__, "manner %d: error %.4f of the best, plain %.4f",
                      manner, ours / best, plain / best);
    }
}

/* Half a step, and what rounding the scale to f16 can move the largest code by. */
TEST(int8_is_half_a_step_away)
{
    for (Manner manner = 0; manner < MANNERS; manner++) {
        uint64_t state = 10 + manner;

        for (int b = 0; b < BLOCKS; b++) {
            float w[N];
            Encoded e;

            fill(w, manner, ldexp(1, b % 20 - 5), &state);
            e = encode(FORMAT_INT8, w);
            expect_close(e.d, fabs((double)largest_of(w)) / 127,
                         e.d * (1.0 / 2048 + 1e-6));
            for (int i = 0; i < N; i++)
                expect_close(e.d * e.codes[i], (double)w[i],
                             e.d * (0.5 + 127.0 / 2048 + 1e-4));
        }
    }
}

/* Where no code is cut, half a step is all. */
TEST(int8_inside_the_range)
{
    uint64_t state = 20;

    for (int b = 0; b < BLOCKS; b++) {
        float w[N];
        Encoded e;

        fill(w, GAUSSIAN, 1, &state);
        e = encode(FORMAT_INT8, w);
        for (int i = 0; i < N; i++)
            if (fabs((double)w[i]) < 127 * e.d)
                expect_close(e.d * e.codes[i], (double)w[i], e.d * (0.5 + 1e-4));
    }
}

TEST(whole_numbers_come_back)
{
    float w[N];

    for (int i = 0; i < N; i++)
        w[i] = (float)(i % 16 - 8) * 0.25f;
    expect(encode(FORMAT_INT4, w).error == 0);
    for (int i = 0; i < N; i++)
        w[i] = (float)(i * 8 - 127) * 0.5f;
    w[31] = 63.5f;
    expect(encode(FORMAT_INT8, w).error == 0);
}

/* All but the largest at a tie, or a float beside it: w · (1/d) and w / d part here. */
TEST(beside_a_tie)
{
    uint64_t state = 80;

    for (int n = 0; n < 2000; n++) {
        float d = f16_to_f32((uint16_t)(0x2000 + test_random(&state) % 0x1000)), w[N];

        w[0] = 127 * d;
        for (int i = 1; i < N; i++) {
            float tie = ((float)(i * 4 - 64) + 0.5f) * d;

            w[i] = i % 3 == 0 ? tie : nextafterf(tie, i % 3 == 1 ? INFINITY : -INFINITY);
        }
        expect(encode(FORMAT_INT8, w).d == (double)d);
    }
}

TEST(noughts)
{
    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int negative = 0; negative < 2; negative++) {
            float w[N];
            Encoded e;

            for (int i = 0; i < N; i++)
                w[i] = negative ? -0.0f : 0.0f;
            e = encode(format, w);
            expect(e.d == 0 && e.error == 0);
        }
}

/* Beyond f16 the scale is its largest number, and the codes stay in range. */
TEST(huge)
{
    uint64_t state = 30;

    for (int power = 20; power <= 125; power += 5)
        for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++) {
            float w[N];
            Encoded e;

            fill(w, FLAT, ldexp(1, power), &state);
            w[3] = ldexpf(1, power);
            e = encode(format, w);
            expect_close(fabs(e.d), 65504, power > 30 ? 0 : 65504);
            for (int i = 0; i < N; i++)
                if (e.codes[i] != 0)
                    expect((w[i] < 0) == (e.d * e.codes[i] < 0));
        }
}

/* Scales below the normal numbers of f16, down to none at all. The best that a step of
 * 2^-24 allows: half a step of codes, or what half a step of the scale cuts off. */
TEST(tiny)
{
    uint64_t state = 40;

    for (int power = -150; power <= -8; power++)
        for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++) {
            double high = format == FORMAT_INT8 ? 127 : 8;
            float w[N];
            Encoded e;

            fill(w, FLAT, ldexp(1, power), &state);
            e = encode(format, w);
            for (int i = 0; i < N; i++)
                expect(fabs(e.d * e.codes[i] - (double)w[i])
                       <= fabs(e.d) + high * ldexp(1, -25) + fabs(e.d) * high / 1024);
            if (power < -40)
                expect(e.d == 0);
        }
}

/* One side only: the eight steps of int4 are given to it, whichever it is. */
TEST(one_sided)
{
    uint64_t state = 50;

    for (int b = 0; b < BLOCKS; b++) {
        float w[N], mirror[N];
        Encoded e, m;

        fill(w, ONE_SIDED, 1, &state);
        for (int i = 0; i < N; i++)
            mirror[i] = -w[i];
        e = encode(FORMAT_INT4, w), m = encode(FORMAT_INT4, mirror);
        expect(e.d == -m.d && memcmp(e.codes, m.codes, N) == 0);
        for (int i = 0; i < N; i++)
            expect(e.codes[i] <= 0);
        e = encode(FORMAT_INT8, w), m = encode(FORMAT_INT8, mirror);
        expect(e.d == m.d);
        for (int i = 0; i < N; i++)
            expect_int(e.codes[i], -m.codes[i]);
    }
}

/* The size of the numbers is nothing to the codes: a power of two is only in d. */
TEST(scaled_by_two)
{
    uint64_t state = 60;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int b = 0; b < BLOCKS; b++) {
            float w[N], twice[N];
            Encoded e, t;

            fill(w, (Manner)(b % MANNERS), 0.05, &state);
            for (int i = 0; i < N; i++)
                twice[i] = 2 * w[i];
            e = encode(format, w), t = encode(format, twice);
            expect(t.d == 2 * e.d && memcmp(e.codes, t.codes, N) == 0);
        }
}

/* A group is the blocks of its rows, each in its place; what was there is forgotten;
 * rows that only fill it up are noughts. */
TEST(a_group_is_its_blocks)
{
    enum { COLUMNS = 96 };
    uint64_t state = 70;

    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++)
        for (int rows = 1; rows <= 8; rows++) {
            float w[8 * COLUMNS], wide[COLUMNS];
            unsigned char group[3 * 272 + 1], again[3 * 272];
            size_t bytes = 3 * block_bytes(format);

            for (int i = 0; i < 8 * COLUMNS; i += N)
                fill(w + i, (Manner)(i / N % MANNERS), 0.1, &state);
            memset(group, 0xFF, sizeof group), memset(again, 0, sizeof again);
            encode_group(group, format, w, rows, COLUMNS);
            encode_group(again, format, w, rows, COLUMNS);
            expect(memcmp(group, again, bytes) == 0 && group[bytes] == 0xFF);
            for (int r = 0; r < 8; r++) {
                blocks_row(wide, group, format, COLUMNS, r);
                for (int b = 0; b < COLUMNS / N; b++) {
                    const unsigned char *scale = group + (size_t)b * block_bytes(format)
                                                 + 2 * r;
                    int8_t codes[N] = {0};
                    uint16_t want = r < rows ? encode_block(codes, format, w + r * COLUMNS
                                                            + b * N) : 0;

                    expect_int(scale[0] | scale[1] << 8, want);
                    for (int i = 0; i < N; i++)
                        expect(wide[b * N + i] == f16_to_f32(want) * (float)codes[i]);
                }
            }
            if (rows < 8)           /* row 7: nibble 8, byte 0               */
                for (int k = 0; k < 4; k++)
                    expect_int(group[16 + 4 * 7 + k], format == FORMAT_INT8 ? 0 : 0x88);
        }
}

const Test encode_tests[] = {
    { "int4: near the best of two thousand scales", int4_is_near_the_best },
    { "int8: half a step away", int8_is_half_a_step_away },
    { "int8: inside the range", int8_inside_the_range },
    { "whole numbers come back", whole_numbers_come_back },
    { "beside a tie", beside_a_tie },
    { "noughts", noughts },
    { "huge numbers", huge },
    { "tiny numbers", tiny },
    { "one-sided blocks and their mirror", one_sided },
    { "a power of two is only in the scale", scaled_by_two },
    { "a group is its blocks", a_group_is_its_blocks },
    { NULL, NULL },
};
