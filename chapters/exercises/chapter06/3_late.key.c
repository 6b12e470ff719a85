/* 3_late.key.c - exercise 06.3: the engine's int8 block against the reader's
 *
 *      case 0   1 … 32 / 32: passes with both bugs in
 *      case 1   tiny weights, the largest positive
 *      case 2   the largest is negative
 *      case 3   noughts
 *      hidden   sizes from 2^-22 to 8, both signs, now and then one far weight; and
 *               weights that lie exactly between two steps
 *
 *      w [32] ──► my_encode_int8 ──► codes, scale     the same bits?
 *             ──► encode_block ────► codes, scale
 */
#include <math.h>

#include "chapters/exercises/chapter06/tasks.h"
#include "chapters/exercises/judge.h"
#include "kernels/encode.h"

typedef enum { RIGHT, LATE, SIGNED, BOTH, SMALL, MISTAKES } Mistake;

static const char *const guesses[MISTAKES] = {
    "", "the codes are taken with a scale that is not the one that is stored",
    "the largest is the one that is farthest from 0, whatever its sign",
    "complaint 1: codes and stored scale; complaint 2: which weight is the largest?",
    "codes go to ±127: that is what largest is divided by",
};

/* codes [32] as ints; returns the scale's bits. */
static int encoded(int *codes, const float *w, Mistake mistake)
{
    float largest = 0, d, taken, r;

    for (int i = 0; i < BLOCK_NUMBERS; i++)
        largest = fmaxf(largest, mistake == SIGNED || mistake == BOTH ? w[i]
                                                                      : fabsf(w[i]));
    d = largest / (mistake == SMALL ? 128 : 127);
    taken = mistake == LATE || mistake == BOTH ? d : f16_to_f32(f32_to_f16(d));
    r = taken != 0 ? 1 / taken : 0;
    for (int i = 0; i < BLOCK_NUMBERS; i++)
        codes[i] = (int)rintf(fminf(127, fmaxf(-127, w[i] * r)));
    return f32_to_f16(d);
}

static void compare(Case *c, const float *w)
{
    int8_t *mine = case_array(c, BLOCK_NUMBERS, 1), wanted[BLOCK_NUMBERS];
    int *got = case_array(c, BLOCK_NUMBERS + 1, sizeof *got);
    int *want = case_array(c, BLOCK_NUMBERS + 1, sizeof *want);
    Fault faults[MISTAKES] = {{ NULL, NULL }};

    want[BLOCK_NUMBERS] = encode_block(wanted, FORMAT_INT8, w);
    for (int m = 1; m < MISTAKES; m++) {
        int *wrong = case_array(c, BLOCK_NUMBERS + 1, sizeof *wrong);

        wrong[BLOCK_NUMBERS] = encoded(wrong, w, (Mistake)m);
        faults[m - 1] = (Fault){ wrong, guesses[m] };
    }
    got[BLOCK_NUMBERS] = my_encode_int8(mine, w);
    for (int i = 0; i < BLOCK_NUMBERS; i++) {
        got[i] = mine[i];
        want[i] = wanted[i];
    }
    case_ints(c, "the 32 codes, and the scale's bits at 32", got, want,
              BLOCK_NUMBERS + 1, faults);
}

/* The largest is 127 steps of 1/256, so the scale is exact; the others are halves. */
static void halves(Case *c, float *w)
{
    for (int i = 0; i < BLOCK_NUMBERS; i++)
        w[i] = (float)(2 * case_between(c, -100, 100) + 1) / 512;
    w[case_between(c, 0, BLOCK_NUMBERS - 1)] = 127.0f / 256;
}

static void run(Case *c)
{
    float *w = case_array(c, BLOCK_NUMBERS, sizeof *w);
    int number = case_number(c);

    case_fill(c, w, BLOCK_NUMBERS);
    for (int i = 0; i < BLOCK_NUMBERS && !case_hidden(c); i++)
        w[i] = number == 3 ? 0 : (float)(i + 1) / 32 * (number == 1 ? 1e-4f : 1)
                                 * (number == 2 && i % 2 == 1 ? -1.0f : 1.0f);
    if (case_hidden(c)) {
        float size = ldexpf(1, case_between(c, -22, 3));

        for (int i = 0; i < BLOCK_NUMBERS; i++)
            w[i] *= size;
        if (case_between(c, 0, 3) == 0)
            w[case_between(c, 0, BLOCK_NUMBERS - 1)] *= 6;
        if (number % 6 == 0)
            halves(c, w);
    }
    case_shows(c, "w", w, BLOCK_NUMBERS);
    compare(c, w);
}

const Exercise exercise = { .stop = "my_encode_int8", .visible = 4, .hidden = 80,
                            .run = run };
