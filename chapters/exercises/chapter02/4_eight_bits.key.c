/* 4_eight_bits.key.c - the key of exercise 02.4: all 256 patterns, from the formula
 *
 *      byte b ──► sign · ldexp(…)  in double: equations (1) to (3)
 *                      │
 *      float x ──► the nearest of the 127 that are not negative, by their distance
 *
 * The engine has no 8-bit floats, so the key stands on the format's own definition,
 * written down once and used for both ways. A double holds every E4M3 number, every
 * middle between two and every distance that decides something without rounding;
 * searching the whole table is slow and cannot be wrong in a corner.
 *
 * NaN has many patterns as a float. The one that came back is replaced by the usual
 * one before it is compared.
 *
 * Source: Micikevicius et al., "FP8 Formats for Deep Learning", arXiv 2209.05433;
 * Open Compute Project, "8-bit Floating Point Specification", 2023.
 * Read next: src/numbers/halffloat.c.
 */
#include "chapters/exercises/chapter02/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/bits.h"           /* f32_bits                              */

#include <math.h>                   /* ldexp, fabs, isnan, nextafterf        */

#define LARGEST 0x7E                /* 448                                   */
#define N 32                        /* numbers in one narrowing case         */

/* Equations (1) and (2), in double; bias 7 except for a typical mistake. */
static double value(int b, int bias)
{
    int e = b >> 3 & 15, m = b & 7;
    double size = e > 0 ? ldexp(8 + m, e - bias - 3) : ldexp(m, 1 - bias - 3);

    return b & 0x80 ? -size : size;
}

static float usual_nan(float x)
{
    return isnan(x) ? f32_of_bits(0x7FC00000) : x;
}

static float widen(int b)
{
    return (b & 0x7F) == 0x7F ? usual_nan((float)NAN) : (float)value(b, 7);
}

static void widen_all(float *x, const int *patterns, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = widen(patterns[i] & 0xFF);
}

static int narrow(float x)
{
    int sign = f32_bits(x) >> 31 ? 0x80 : 0, best = 0;
    double size = fabs((double)x);

    if (isnan(x))
        return sign | 0x7F;
    for (int b = 1; b <= LARGEST; b++) {
        double nearer = fabs(size - value(best, 7)) - fabs(size - value(b, 7));

        if (nearer > 0 || (nearer == 0 && b % 2 == 0))
            best = b;
    }
    return sign | (size > 448 ? LARGEST : best);
}

/* ---- widening */

/* patterns [n]. The faults are what the formula without one of its parts gives. */
static void compare_widening(Case *c, const int *patterns, int n)
{
    float got[256], want[256], normal[256], no_nan[256], ieee[256], all_nan[256];
    float bias[256];

    for (int i = 0; i < n; i++) {
        int b = patterns[i], e = b >> 3 & 15, m = b & 7;
        double hidden_one = ldexp(8 + m, e - 10);

        got[i] = usual_nan(my_e4m3_to_f32((uint8_t)b));
        want[i] = widen(b);
        normal[i] = e > 0 ? want[i] : (float)(b & 0x80 ? -hidden_one : hidden_one);
        no_nan[i] = (float)value(b, 7);
        ieee[i] = e < 15 ? want[i] : m > 0 ? usual_nan((float)NAN)
                : b & 0x80 ? -(float)INFINITY : (float)INFINITY;
        all_nan[i] = e < 15 ? want[i] : usual_nan((float)NAN);
        bias[i] = isnan(want[i]) ? want[i] : (float)value(b, 8);
    }
    const Fault faults[] = {
        { normal, "with exponent 0 there is no 1 before the point: equation (2)" },
        { no_nan, "0x7F and 0xFF are NaN; as numbers they would be 480 and -480" },
        { ieee, "exponent 15 with a mantissa below 7 is an ordinary number here, "
                "as with any other exponent" },
        { all_nan, "exponent 15 holds seven ordinary numbers; only with mantissa 7 "
                   "it is NaN" },
        { bias, "half of the right number: the bias is 7, and the mantissa has "
                "three bits" },
        { NULL, NULL },
    };
    case_floats(c, "value", got, want, n, faults);
}

static void widening(Case *c)
{
    static const int small[3][8] = {
        { 0x38, 0x45, 0xC0, 0x3F, 0x08, 0x7E, 0xFE, 0x78 },
        { 0x00, 0x80, 0x01, 0x07, 0x83, 0x04, 0x82, 0x06 },
        { 0x7F, 0xFF, 0x7E, 0x7D, 0xF8, 0x70, 0x77, 0x40 },
    };
    int patterns[256], n = case_hidden(c) ? 256 : 8;
    int first = case_hidden(c) ? case_between(c, 0, 255) : 0;

    for (int i = 0; i < n; i++)
        patterns[i] = case_hidden(c) ? (first + i) % 256 : small[case_number(c)][i];
    case_says(c, "my_e4m3_to_f32 of 0x%02X 0x%02X 0x%02X 0x%02X 0x%02X 0x%02X 0x%02X "
              "0x%02X%s", (unsigned)patterns[0], (unsigned)patterns[1],
              (unsigned)patterns[2], (unsigned)patterns[3], (unsigned)patterns[4],
              (unsigned)patterns[5], (unsigned)patterns[6], (unsigned)patterns[7],
              n > 8 ? " and so on, all 256" : "");
    compare_widening(c, patterns, n);
}

/* ---- narrowing */

typedef enum { CUT, TIES_UP, TIES_DOWN, FLUSH } Misrule;

/* The pattern with a rule changed: only for finite x below 448. */
static int narrow_wrongly(float x, Misrule rule)
{
    int sign = f32_bits(x) >> 31 ? 0x80 : 0, below = 0;
    double size = fabs((double)x), middle;

    if (!(size < 448))
        return narrow(x);
    while (below < LARGEST && value(below + 1, 7) <= size)
        below++;
    middle = (value(below, 7) + value(below + 1, 7)) / 2;
    if (rule == FLUSH && size < ldexp(1, -6))
        return sign;
    if (rule == CUT || size < middle || (rule == TIES_DOWN && size == middle))
        return sign | below;
    if (size > middle || rule == TIES_UP)
        return sign | (below + 1);
    return sign | (below + below % 2);
}

/* As numbers first, which say more; then the patterns, for the signs of NaN. */
static void compare_narrowing(Case *c, const float *x, int n)
{
    int got[N], want[N], cut[N], up[N], down[N], flush[N], wild[N];
    float g[N], w[N], faulty[5][N];

    for (int i = 0; i < n; i++) {
        int sign = f32_bits(x[i]) >> 31 ? 0x80 : 0;

        got[i] = my_f32_to_e4m3(x[i]);
        want[i] = narrow(x[i]);
        cut[i] = narrow_wrongly(x[i], CUT);
        up[i] = narrow_wrongly(x[i], TIES_UP);
        down[i] = narrow_wrongly(x[i], TIES_DOWN);
        flush[i] = narrow_wrongly(x[i], FLUSH);
        wild[i] = fabsf(x[i]) > 464 ? sign | 0x7F : want[i];
    }
    widen_all(g, got, n);
    widen_all(w, want, n);
    widen_all(faulty[0], cut, n);
    widen_all(faulty[1], up, n);
    widen_all(faulty[2], flush, n);
    widen_all(faulty[3], wild, n);
    widen_all(faulty[4], down, n);
    const Fault faults[] = {
        { faulty[4], "a tie goes to the pattern that is even, not always down" },
        { faulty[0], "cut off: you took the one towards zero, not the nearest" },
        { faulty[1], "a tie goes to the pattern that is even, not always up" },
        { faulty[2], "below 2^-6 there are seven numbers more before zero: equation (2)" },
        { faulty[3], "beyond 448 the answer is 448, with the sign; NaN is for NaN only" },
        { NULL, NULL },
    };
    case_floats(c, "number", g, w, n, faults);
    case_ints(c, "pattern", got, want, n, NULL);
}

/* A number of the format, the middle between two, or their neighbours; from 0 to
 * 464, some beyond. */
static float near_something(Case *c)
{
    int b = case_between(c, 0, LARGEST), where = case_between(c, 0, 4);
    float x = (float)((value(b, 7) + value(b + where % 2, 7)) / 2);

    if (where >= 2)
        x = nextafterf(x, where == 4 ? 0 : 1000);
    if (case_between(c, 0, 9) == 0)
        x = ldexpf(x, case_between(c, -20, 20));
    return case_random(c) & 1 ? -x : x;
}

static void narrowing(Case *c)
{
    static const float small[][8] = {
        { 1, -3.25f, 3.3f, 0.1f, 448, -100, 0.015625f, 17.5f },
        { 17, 19, 1.0625f, 1.1875f, -17, 240, 15.5f, 15.75f },
        { 0x1p-9f, 0x1p-10f, 0x1.8p-9f, 0x1.8p-10f, 0.01f, 0x1.ep-7f, -0x1p-11f, -0.0f },
        { 449, 464, 465, 1e30f, -1e30f, (float)INFINITY, (float)NAN, -500 },
    };
    float x[N];
    int n = case_hidden(c) ? N : 8;

    for (int i = 0; i < n; i++)
        x[i] = case_hidden(c) ? near_something(c) : small[case_number(c) - 3][i];
    case_stops(c, "my_f32_to_e4m3");
    case_says(c, "my_f32_to_e4m3; what is compared are the numbers that the patterns mean");
    case_shows(c, "x", x, n);
    compare_narrowing(c, x, n);
}

static void run(Case *c)
{
    if (case_number(c) < 3 || case_number(c) == 7)
        widening(c);
    else
        narrowing(c);
}

const Exercise exercise = {
    .stop = "my_e4m3_to_f32", .each = true, .visible = 7, .hidden = 30, .run = run,
};
