/* 1_ruler.key.c - exercise 06.1: one scale tried, by its definition, and its mistakes
 *
 *      w [32], d ──► my_attempt ──────────────► d', q [32], error
 *                                                  the same bits?
 *                ──► attempt_with(no mistake) ──►
 *                ──► attempt_with(a mistake) ───► a guess
 *
 * The engine does not export its attempt, but encode_block is one in int8: scale
 * max |w| / 127, nothing else tried. Where a case is of that kind, the key's own
 * definition is first held against the engine.
 *
 * tree, which the exercise gives, stands here.
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter06/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/encode.h"

typedef enum { RIGHT, ROUNDED_BEHIND, NOT_CUT, AWAY, DOWN, NO_ZERO, SIGN_LOST,
               DIVIDED, MISTAKES } Mistake;

static const char *const guesses[MISTAKES] = {
    "", "the whole numbers are taken with the scale that is stored, rounded to f16",
    "q is cut to low … high: what is beyond the ruler gets its last step",
    "a half goes to the even neighbour, not away from 0 (rintf, not roundf)",
    "nearest, not downwards: a cast cuts the fraction off",
    "a scale of 0 has no inverse: r is 0, and all q are 0",
    "the scale keeps its sign: d may be negative",
    "multiply by the inverse: w / d is rounded otherwise, now and then",
};

float tree(const float lane[LANES])
{
    float a = lane[0] + lane[4], b = lane[1] + lane[5];
    float c = lane[2] + lane[6], d = lane[3] + lane[7];

    return (a + c) + (b + d);
}

static float whole(float q, Mistake mistake)
{
    return mistake == AWAY ? roundf(q) : mistake == DOWN ? truncf(q) : rintf(q);
}

static void attempt_with(Trial *t, const float *w, float d, float low, float high,
                         Mistake mistake)
{
    float lane[LANES] = {0}, r, taken;

    d = fminf(65504, fmaxf(-65504, d));
    d = mistake == SIGN_LOST ? fabsf(d) : d;
    t->d = f16_to_f32(f32_to_f16(d));
    taken = mistake == ROUNDED_BEHIND ? d : t->d;
    r = taken != 0 || mistake == NO_ZERO ? 1 / taken : 0;
    for (int i = 0; i < BLOCK_NUMBERS; i++) {
        float q = mistake == DIVIDED && taken != 0 ? w[i] / taken : w[i] * r, e;

        if (mistake != NOT_CUT)
            q = fminf(high, fmaxf(low, q));
        t->q[i] = whole(q, mistake);
        e = w[i] - t->d * t->q[i];
        lane[i % LANES] += e * e;
    }
    t->error = tree(lane);
}

/* A nought has no sign in a byte: +0 for -0. */
static void no_sign(float *q)
{
    for (int i = 0; i < BLOCK_NUMBERS; i++)
        q[i] += 0.0f;
}

/* Is this int8's own scale? Then the engine must say what the key says. */
static void hold_against_engine(const Trial *want, const float *w, float d)
{
    int8_t codes[BLOCK_NUMBERS];
    float most = 0, scale = f16_to_f32(encode_block(codes, FORMAT_INT8, w));

    for (int i = 0; i < BLOCK_NUMBERS; i++)
        most = fmaxf(most, fabsf(w[i]));
    if (d != most / 127)
        return;
    must(scale == want->d, "the key's scale is not the engine's");
    for (int i = 0; i < BLOCK_NUMBERS; i++)
        must((float)codes[i] == want->q[i], "the key's codes are not the engine's");
}

static void compare(Case *c, const float *w, float d, float low, float high)
{
    Trial *got = case_array(c, 1, sizeof *got), *want = case_array(c, 1, sizeof *want);
    Fault scales[MISTAKES] = {{ NULL, NULL }}, codes[MISTAKES] = {{ NULL, NULL }};

    attempt_with(want, w, d, low, high, RIGHT);
    if (low == -127)
        hold_against_engine(want, w, d);
    for (int m = 1; m < MISTAKES; m++) {
        Trial *wrong = case_array(c, 1, sizeof *wrong);

        attempt_with(wrong, w, d, low, high, (Mistake)m);
        no_sign(wrong->q);
        scales[m - 1] = (Fault){ &wrong->d, guesses[m] };
        codes[m - 1] = (Fault){ wrong->q, guesses[m] };
    }
    my_attempt(got, w, d, low, high);
    no_sign(want->q);
    no_sign(got->q);
    case_floats(c, "d", &got->d, &want->d, 1, scales);
    case_floats(c, "q", got->q, want->q, BLOCK_NUMBERS, codes);
    case_floats(c, "error", &got->error, &want->error, 1, NULL);
}

/* Sixteen halves and their neighbours, and some that are beyond the ruler. */
static void halves(float *w, float d)
{
    for (int i = 0; i < BLOCK_NUMBERS; i++)
        w[i] = d * ((float)(i - 16) * 0.5f + (i % 5 == 0 ? 0.125f : 0));
}

static void run(Case *c)
{
    float *w = case_array(c, BLOCK_NUMBERS, sizeof *w), d = 0.5f, most = 0;
    int number = case_number(c);
    bool int8 = number % 2 == 1;

    case_fill(c, w, BLOCK_NUMBERS);
    if (!case_hidden(c)) {
        d = number == 0 ? 0.5f : number == 1 ? 0.25f : number == 2 ? -0.5f : 0;
        halves(w, 0.5f);
    } else {
        for (int i = 0; i < BLOCK_NUMBERS; i++) {
            w[i] *= number % 7 == 0 ? 1e-4f : number % 11 == 0 ? 3e6f : 1;
            most = fmaxf(most, fabsf(w[i]));
        }
        d = int8 ? most / 127 : most / (-(float)case_between(c, 13, 19) / 2);
        d = number % 13 == 0 ? -d : d;
    }
    case_says(c, "d = %.9g, q from %d to %d; ", (double)d, int8 ? -127 : -8,
              int8 ? 127 : 7);
    case_shows(c, "w", w, BLOCK_NUMBERS);
    compare(c, w, d, int8 ? -127 : -8, int8 ? 127 : 7);
}

const Exercise exercise = { .stop = "my_attempt", .visible = 4, .hidden = 60, .run = run };
