/* test_halffloat.c - every 16-bit pattern, and every place where rounding turns */
#include "test.h"
#include "numbers/halffloat.h"

#include <math.h>

/* The same formats by arithmetic instead of bits: IEEE 754's own definition of a
 * value, equation (1) of halffloat.c, in double. */
static double value_of(uint32_t pattern, int exponent_bits, int mantissa_bits)
{
    int most = (1 << exponent_bits) - 1, bias = most / 2;
    int e = (int)(pattern >> mantissa_bits) & most;
    uint32_t m = pattern & ((1u << mantissa_bits) - 1);
    double sign = pattern >> (exponent_bits + mantissa_bits) ? -1 : 1;
    double one = e > 0;

    if (e == most)
        return m != 0 ? (double)NAN : sign * (double)INFINITY;
    return sign * ldexp(one + ldexp(m, -mantissa_bits), (e ? e : 1) - bias);
}

/* Both equal as numbers, with the sign of zero; or both NaN. */
static bool same(double x, double y)
{
    return (isnan(x) && isnan(y)) || (x == y && signbit(x) == signbit(y));
}

TEST(every_f16_widens)
{
    for (uint32_t h = 0; h < 65536; h++)
        expect(same((double)f16_to_f32((uint16_t)h), value_of(h, 5, 10)));
}

TEST(every_bf16_widens)
{
    for (uint32_t b = 0; b < 65536; b++)
        expect(same((double)bf16_to_f32((uint16_t)b), value_of(b, 8, 7)));
}

TEST(there_and_back)
{
    for (uint32_t h = 0; h < 65536; h++) {
        float x = f16_to_f32((uint16_t)h), y = bf16_to_f32((uint16_t)h);

        if (!isnan(x))
            expect_int(f32_to_f16(x), h);
        if (!isnan(y))
            expect_int(f32_to_bf16(y), h);
    }
}

/* Between two neighbours the middle is the only place where anything happens:
 * just below it goes down, just above it up, itself to the even pattern. In
 * double the middle is exact. After the last number comes, for rounding, the
 * power of two that would follow. */
static void between(uint16_t (*narrow)(float), uint32_t low, double x, double y)
{
    float middle = (float)((x + y) / 2);
    uint32_t even = low + (low & 1);

    expect((double)middle == (x + y) / 2);
    expect_int(narrow(nextafterf(middle, 0)), low);
    expect_int(narrow(middle), even);
    expect_int(narrow(nextafterf(middle, (float)INFINITY)), low + 1);
    expect_int(narrow(-nextafterf(middle, 0)), low | 0x8000);
    expect_int(narrow(-middle), even | 0x8000);
    expect_int(narrow(-nextafterf(middle, (float)INFINITY)), (low + 1) | 0x8000);
}

TEST(every_gap_of_f16_rounds_to_nearest_even)
{
    for (uint32_t h = 0; h < 0x7C00; h++)
        between(f32_to_f16, h, value_of(h, 5, 10),
                h == 0x7BFF ? 65536.0 : value_of(h + 1, 5, 10));
}

TEST(every_gap_of_bf16_rounds_to_nearest_even)
{
    for (uint32_t b = 0; b < 0x7F7F; b++)
        between(f32_to_bf16, b, value_of(b, 8, 7), value_of(b + 1, 8, 7));
    expect_int(f32_to_bf16(0x1.FEFFFEp127f), 0x7F7F);
    expect_int(f32_to_bf16(0x1.FFp127f), 0x7F80);           /* the tie: inf  */
    expect_int(f32_to_bf16(-0x1.FFFFFEp127f), 0xFF80);
}

TEST(infinities_and_nans)
{
    expect_int(f32_to_f16((float)INFINITY), 0x7C00);
    expect_int(f32_to_f16(-(float)INFINITY), 0xFC00);
    expect_int(f32_to_bf16((float)INFINITY), 0x7F80);
    expect_int(f32_to_bf16(-(float)INFINITY), 0xFF80);
    expect_int(f32_to_f16(1e30f), 0x7C00);
    expect_int(f32_to_f16(-0x1p-149f), 0x8000);
    for (uint32_t m = 1; m < 1u << 23; m += m < 20000 ? 1 : 4095) {
        float nan = f32_of_bits(0xFF800000 | m);

        expect(isnan(f16_to_f32(f32_to_f16(nan))));
        expect(isnan(bf16_to_f32(f32_to_bf16(nan))));
        expect(signbit(f16_to_f32(f32_to_f16(nan))));
        expect(signbit(bf16_to_f32(f32_to_bf16(nan))));
    }
}

/* The nearest pattern by search among all numbers, ties to the even one. */
static uint32_t nearest(double x, int exponent_bits, int mantissa_bits)
{
    uint32_t low = 0, high = ((1u << exponent_bits) - 1) << mantissa_bits;
    double below, above;

    while (high - low > 1) {                /* value(low) <= x < value(high) */
        uint32_t middle = (low + high) / 2;

        if (value_of(middle, exponent_bits, mantissa_bits) <= x)
            low = middle;
        else
            high = middle;
    }
    below = value_of(low, exponent_bits, mantissa_bits);
    above = 2 * below - value_of(low - 1, exponent_bits, mantissa_bits);
    if (low == 0 || isfinite(value_of(high, exponent_bits, mantissa_bits)))
        above = value_of(high, exponent_bits, mantissa_bits);
    return x - below < above - x || (x - below == above - x && low % 2 == 0)
         ? low : high;
}

TEST(random_floats_go_to_the_nearest)
{
    uint64_t state = 5;

    for (int i = 0; i < 200000; i++) {
        float x = f32_of_bits(test_random(&state) >> 1);

        if (!isfinite(x))
            continue;
        expect_int(f32_to_bf16(x), nearest((double)x, 8, 7));
        x = f32_of_bits(0x33000000 + test_random(&state) % 0x15000000);
        expect_int(f32_to_f16(x), nearest((double)x, 5, 10));
    }
}

/* The processor's or the compiler's own conversion, where it has one. */
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

__attribute__((target("f16c,avx")))
static uint16_t own_narrow(float x)
{
    return (uint16_t)_mm_cvtsi128_si32(_mm_cvtps_ph(_mm_set_ss(x), 0));
}

__attribute__((target("f16c,avx")))
static float own_widen(uint16_t h)
{
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(h)));
}

static bool own_conversion(void)
{
    unsigned a, b, c = 0, d;

    __builtin_cpu_init();
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0
        && __builtin_cpu_supports("avx");
}
#elif defined(__aarch64__)
static uint16_t own_narrow(float x)
{
    __fp16 h = (__fp16)x;
    uint16_t bits;

    memcpy(&bits, &h, sizeof bits);
    return bits;
}

static float own_widen(uint16_t bits)
{
    __fp16 h;

    memcpy(&h, &bits, sizeof h);
    return (float)h;
}

static bool own_conversion(void) { return true; }
#else
static uint16_t own_narrow(float x) { return (uint16_t)x; }
static float own_widen(uint16_t h) { return h; }
static bool own_conversion(void) { return false; }
#endif

static void against_the_processor(uint64_t stride)
{
    if (!own_conversion())
        skip("this processor has no f16 instruction");
    for (uint32_t h = 0; h < 65536; h++)
        expect(same((double)f16_to_f32((uint16_t)h),
                    (double)own_widen((uint16_t)h)));
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += stride) {
        float x = f32_of_bits((uint32_t)bits);
        uint16_t h = f32_to_f16(x);

        if (h != own_narrow(x))
            expect_int(h, own_narrow(x));
    }
}

TEST(equals_the_processor) { against_the_processor(4099); }
TEST(equals_the_processor_everywhere) { against_the_processor(1); }

const Test halffloat_tests[] = {
    { "every f16 widens to IEEE 754's value", every_f16_widens },
    { "every bf16 widens to IEEE 754's value", every_bf16_widens },
    { "there and back is the same pattern", there_and_back },
    { "every gap of f16 rounds to nearest even",
      every_gap_of_f16_rounds_to_nearest_even },
    { "every gap of bf16 rounds to nearest even",
      every_gap_of_bf16_rounds_to_nearest_even },
    { "infinities and NaNs stay what they are", infinities_and_nans },
    { "random floats go to the nearest", random_floats_go_to_the_nearest },
    { "equals the processor's own conversion", equals_the_processor },
    { "proof: equals the processor for all 2^32 floats",
      equals_the_processor_everywhere },
    { NULL, NULL },
};
