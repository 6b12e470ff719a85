/* test_elementary.c - our functions against the long double ones of libm, which
 * have eleven bits more than a double where long double is more than double */
#include "test.h"
#include "base/hash.h"
#include "numbers/elementary.h"

#include <float.h>
#include <math.h>

typedef float Ours(float x);
typedef long double Truth(long double x);

static float exponential_here(float x) { return exponential(x); }

/* |ours - truth| in units of the float's last place at the truth. */
static double ulps(float ours, long double truth)
{
    int exponent;
    long double place;

    if (truth == 0)
        return ours == 0 ? 0 : 1e9;
    frexpl(truth, &exponent);
    place = ldexpl(1, exponent - 24 < -149 ? -149 : exponent - 24);
    return (double)(fabsl((long double)ours - truth) / place);
}

/* Half a place is what rounding the exact value costs; 0.001 is what the
 * headers promise on top. Infinity must be right exactly where the truth passes
 * the middle between the largest float and 2^128. */
static void check(const char *name, Ours *ours, Truth *truth, float x)
{
    float got = ours(x);
    long double want = truth((long double)x);

    if (isnan(want) ? isnan(got) : fabsl(want) >= 0x1.FFFFFFp127L
            ? got == copysignf((float)INFINITY, (float)want)
            : ulps(got, want) <= 0.501
              && (want != 0 || !signbit(got) == !signbit(want)))
        return;
    test_fail(__FILE__, __LINE__, "%s(%a) is %a, expected %La: off by %.4f places",
              name, (double)x, (double)got, want, ulps(got, want));
}

/* Every stride-th of all 2^32 floats, of either sign, with infinities, NaNs and
 * subnormals, and 40,000 neighbours around each of the given places. */
static void sweep(const char *name, Ours *ours, Truth *truth, float limit,
                  uint64_t stride, const float *places)
{
    for (uint64_t bits = 0; bits < UINT64_C(1) << 32; bits += stride) {
        float x = f32_of_bits((uint32_t)bits);

        if (!(fabsf(x) > limit))
            check(name, ours, truth, x);
    }
    for (; *places != -1; places++)
        for (int i = -20000; i < 20000; i += (int)(stride % 16) + 1) {
            float x = f32_of_bits(f32_bits(*places) + (uint32_t)i);

            if (!(fabsf(x) > limit))
                check(name, ours, truth, x), check(name, ours, truth, -x);
        }
    check(name, ours, truth, 0.0f), check(name, ours, truth, -0.0f);
    check(name, ours, truth, 0x1p-149f), check(name, ours, truth, -0x1p-149f);
    check(name, ours, truth, (float)NAN);
    if (limit == (float)INFINITY)
        check(name, ours, truth, limit), check(name, ours, truth, -limit);
}

static void sweep_all(uint64_t stride)
{
    const float all = (float)INFINITY;
    static const float exp_places[] = { 0.34657359f, 88.722839f, 87.336545f,
                                        103.97208f, 1, 0x1p-12f, -1 };
    static const float log_places[] = { 1, 0.70710678f, 1.41421356f, 2,
                                        FLT_MIN, 0x1p-130f, FLT_MAX, -1 };
    static const float turn_places[] = { 0.78539816f, 1.57079633f, 3.14159265f,
                                         102943.7f, 710.0f, 1048000.0f, -1 };
    static const float tanh_places[] = { 0.17328680f, 9.0109f, 10, 0x1p-12f, -1 };
    static const float erf_places[] = { 0.5f, 1, 3.9192059f, 4, 0x1p-12f, -1 };

    sweep("exponential", exponential_here, expl, all, stride, exp_places);
    sweep("logarithm", logarithm, logl, all, stride, log_places);
    sweep("sine", sine, sinl, 0x1p20f, stride, turn_places);
    sweep("cosine", cosine, cosl, 0x1p20f, stride, turn_places);
    sweep("hyperbolic_tangent", hyperbolic_tangent, tanhl, all, stride, tanh_places);
    sweep("error_function", error_function, erfl, all, stride, erf_places);
}

TEST(float_functions) { sweep_all(50021); }
TEST(float_functions_densely) { sweep_all(127); }

/* The floats below 2^20 that come nearest to a multiple of π/2: there the sine or
 * cosine is what is left of π's digits. */
TEST(angles_next_to_multiples_of_half_pi)
{
    for (int k = 1; k < 667544; k++) {
        float near = (float)(k * 1.57079632679489661923);

        for (int i = -1; i <= 1; i++) {
            float x = f32_of_bits(f32_bits(near) + (uint32_t)i);

            if (x <= 0x1p20f && k % 2 == 0)
                check("sine", sine, sinl, x);
            else if (x <= 0x1p20f)
                check("cosine", cosine, cosl, x);
        }
    }
}

/* What elementary.h says about angles beyond 2^20: between -1 and 1 always, and
 * off by |x| · 4e-17 and the rounding. */
TEST(far_angles_stay_sane)
{
    for (uint32_t bits = f32_bits(0x1p20f); bits < 0x7F800000; bits += 10007) {
        float x = f32_of_bits(bits);
        double off = (double)x * 4e-17 + 6e-8;

        expect(fabsf(sine(x)) <= 1 && fabsf(cosine(x)) <= 1);
        if (x < 0x1p50f) {
            expect_close((double)sine(x), (double)sinl((long double)x), off);
            expect_close((double)cosine(-x), (double)cosl((long double)x), off);
        }
    }
    expect(isnan(sine((float)INFINITY)) && isnan(cosine(-(float)INFINITY)));
}

static void check_double(const char *name, double got, long double want,
                         double tolerance, double x, double y)
{
    long double least = 0x1p-1074L;             /* one place of a subnormal  */

    if (isnan(want) ? isnan(got) : fabsl(want) > DBL_MAX ? (double)want == got
            : fabsl((long double)got - want)
                  <= fmaxl(tolerance * fabsl(want), least))
        return;
    test_fail(__FILE__, __LINE__, "%s(%a, %a) is %.17g, expected %.20Lg", name,
              x, y, got, want);
}

/* Uniform in the exponent, 2^low … 2^high, either sign when asked. */
static double spread(uint64_t *state, int low, int high, bool both)
{
    double upper = test_random(state) * 0x1p-32, lower = test_random(state) * 0x1p-52;
    int exponent = low + (int)(test_random(state) % (uint32_t)(high - low));
    double x = ldexp(1 + upper + lower, exponent);

    return both && test_random(state) % 2 ? -x : x;
}

static void double_functions(int count)
{
    uint64_t state = 11;

    for (int i = 0; i < count; i++) {
        double x = spread(&state, -60, 11, true);
        double y = spread(&state, -1070, 1023, false);
        double near_one = 1 + spread(&state, -52, -1, true);
        double product = spread(&state, -20, 10, true);

        check_double("exponential_of", exponential_of(x), expl(x), 1e-15, x, 0);
        check_double("logarithm_of", logarithm_of(y), logl(y), 1e-15, y, 0);
        check_double("logarithm_of", logarithm_of(near_one), logl(near_one), 1e-15,
                     near_one, 0);
        product /= (double)logl(y);             /* y^product fills the range */
        check_double("power_of", power_of(y, product), powl(y, product), 1e-14,
                     y, product);
        product = spread(&state, -5, 8, true);
        check_double("power_of", power_of(near_one, product),
                     powl(near_one, product), 1e-14, near_one, product);
    }
}

TEST(double_functions_quickly) { double_functions(60000); }
TEST(double_functions_densely) { double_functions(10000000); }

/* C's Annex F, F.10: the corners. */
TEST(corners_of_the_double_functions)
{
    double infinite = (double)INFINITY, nan = (double)NAN;

    expect(exponential_of(0) == 1 && exponential_of(-infinite) == 0);
    expect(exponential_of(infinite) == infinite && isnan(exponential_of(nan)));
    expect(exponential_of(709.78) < infinite && exponential_of(709.79) == infinite);
    expect(exponential_of(-745.13) == 0x1p-1074 && exponential_of(-745.14) == 0);
    expect(logarithm_of(1) == 0 && !signbit(logarithm_of(1)));
    expect(logarithm_of(0) == -infinite && logarithm_of(-0.0) == -infinite);
    expect(isnan(logarithm_of(-1)) && isnan(logarithm_of(-infinite)));
    expect(logarithm_of(infinite) == infinite && isnan(logarithm_of(nan)));
    expect(power_of(1, infinite) == 1 && power_of(infinite, 0) == 1);
    expect(power_of(2, infinite) == infinite && power_of(2, -infinite) == 0);
    expect(power_of(0.5, infinite) == 0 && power_of(infinite, -1) == 0);
    expect(power_of(0, 2) == 0 && power_of(0, -2) == infinite);
    expect(isnan(power_of(nan, 2)) && isnan(power_of(2, nan)));
    expect(isnan(power_of(-2, 2)));
    expect(power_of(2, -1074) == 0x1p-1074 && power_of(2, 1023) == 0x1p1023);
    expect(power_of(2, 1e300) == infinite && power_of(2, -1e300) == 0);
}

/* Numbers, mostly mid-range, that are the same in every build. */
static float grid(int i)
{
    uint32_t bits = (uint32_t)i * 2654435761u;      /* any of the 2^32       */

    return i % 2 ? f32_of_bits(bits) : (float)(int32_t)bits * 0x1p-28f;
}

static uint64_t hash_of(Ours *ours)
{
    uint64_t hash = HASH_START;

    for (int i = 0; i < 100000; i++) {
        float y = fabsf(grid(i)) > 0x1p20f ? ours(grid(i) * 0x1p-110f)
                                           : ours(grid(i));

        if (!isnan(y))                              /* payloads may differ   */
            hash = hash_floats(hash, &y, 1);
    }
    return hash;
}

/* exponential_of, logarithm_of and power_of, lowest byte first. */
static uint64_t hash_of_doubles(void)
{
    uint64_t hash = HASH_START, state = 3;

    for (int i = 0; i < 20000; i++) {
        double x = spread(&state, -8, 9, true), y = spread(&state, -99, 99, false);
        double all[3] = { exponential_of(x), logarithm_of(y), power_of(y, x / 9) };

        for (int j = 0; j < 3; j++)
            for (int shift = 0; shift < 64; shift += 8) {
                unsigned char byte = (unsigned char)(f64_bits(all[j]) >> shift);

                hash = hash_bytes(hash, &byte, 1);
            }
    }
    return hash;
}

/* Today is tomorrow, gcc is clang, x86-64 is aarch64. These fingerprints were
 * printed by this code: the sweeps above are what says that it is right. */
TEST(same_bits_as_ever)
{
    expect_int(hash_of(exponential_here), INT64_C(-5665182894481089050));
    expect_int(hash_of(logarithm), INT64_C(-2793140031367668135));
    expect_int(hash_of(sine), INT64_C(-5362783407353850572));
    expect_int(hash_of(cosine), INT64_C(5452017172876134181));
    expect_int(hash_of(hyperbolic_tangent), INT64_C(5991946623117847106));
    expect_int(hash_of(error_function), INT64_C(5590929124132639742));
    expect_int(hash_of_doubles(), INT64_C(-8501515500823461970));
}

const Test elementary_tests[] = {
    { "float functions within 0.501 places of libm's long double",
      float_functions },
    { "angles next to multiples of half pi", angles_next_to_multiples_of_half_pi },
    { "far angles stay sane", far_angles_stay_sane },
    { "double functions within 1e-15, power 1e-14", double_functions_quickly },
    { "corners of the double functions", corners_of_the_double_functions },
    { "same bits as ever", same_bits_as_ever },
    { "proof: float functions at 33 million points each",
      float_functions_densely },
    { "proof: double functions at ten million points", double_functions_densely },
    { NULL, NULL },
};
