/* 4_five.key.c - exercise 06.4: a block of five bits by its drawing, and its mistakes
 *
 *      w [32] ──► q_i = 0 … 31 ──► bit by bit: where does bit j of q_i lie?
 *                                    j = 4   bit i of bytes 2 … 5
 *                                    j < 4   bit j (+ 4 for i ≥ 16) of byte 6 + i % 16
 *
 * The engine has no such format, so the definition stands here. It goes over single
 * bits, another way than the hints propose.
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter06/tasks.h"
#include "chapters/exercises/judge.h"

typedef enum { RIGHT, LATE, NO_SIGN, NEIGHBOURS, HALVES, TOP_FIRST, FIFTEEN, NOT_CUT, LAST,
               SWAPPED_SCALE, MISTAKES } Mistake;

static const char *const guesses[MISTAKES] = {
    "", "the codes are taken with the scale as f16 has it",
    "largest keeps its sign: d is negative where largest is positive",
    "numbers i and i + 16 share a byte, not neighbours",
    "number i is in the low half, i + 16 in the high one",
    "bit i of the fifth bits is that of q_i: the lowest bit of byte 2 is q_0's",
    "divide by -16: the side of largest has sixteen steps",
    "q is cut to 15 before 16 is added: 32 does not fit into five bits",
    "of several that are equally far from 0 the first is taken",
    "low byte first",
};

static void put_bit(unsigned char *out, int byte, int bit, int value)
{
    out[byte] |= (unsigned char)(value << bit);
}

static void put(unsigned char *out, int i, int q, Mistake mistake)
{
    int fifth = mistake == TOP_FIRST ? 31 - i : i;
    int byte = mistake == NEIGHBOURS ? 6 + i / 2 : 6 + i % 16;
    bool high = mistake == NEIGHBOURS ? i % 2 == 1 : mistake == HALVES ? i < 16 : i >= 16;

    for (int j = 0; j < 4; j++)
        put_bit(out, byte, j + (high ? 4 : 0), q >> j & 1);
    put_bit(out, 2 + fifth / 8, fifth % 8, q >> 4 & 1);
}

static void encoded(unsigned char out[FIVE_BYTES], const float *w, Mistake mistake)
{
    float largest = 0, d, taken, r;
    uint16_t scale;

    for (int i = 0; i < BLOCK_NUMBERS; i++)
        if (mistake == LAST ? fabsf(w[i]) >= fabsf(largest)
                            : fabsf(w[i]) > fabsf(largest))
            largest = w[i];
    largest = mistake == NO_SIGN ? -fabsf(largest) : largest;
    d = largest / (mistake == FIFTEEN ? -15 : -16);
    scale = f32_to_f16(d);
    taken = mistake == LATE ? d : f16_to_f32(scale);
    r = taken != 0 ? 1 / taken : 0;
    memset(out, 0, FIVE_BYTES);
    out[mistake == SWAPPED_SCALE] = (unsigned char)scale;
    out[mistake != SWAPPED_SCALE] = (unsigned char)(scale >> 8);
    for (int i = 0; i < BLOCK_NUMBERS; i++) {
        int q = (int)rintf(w[i] * r);

        q = q < -16 ? -16 : q > 15 && mistake != NOT_CUT ? 15 : q;
        put(out, i, q + 16, mistake);
    }
}

static void compare(Case *c, const float *w)
{
    unsigned char *got = case_array(c, FIVE_BYTES, 1), want[FIVE_BYTES];
    Fault faults[MISTAKES] = {{ NULL, NULL }};

    encoded(want, w, RIGHT);
    for (int m = 1; m < MISTAKES; m++) {
        unsigned char *wrong = case_array(c, FIVE_BYTES, 1);

        encoded(wrong, w, (Mistake)m);
        faults[m - 1] = (Fault){ wrong, guesses[m] };
    }
    my_encode_five(got, w);
    case_bytes(c, "the block", got, want, FIVE_BYTES, faults);
}

static void run(Case *c)
{
    float *w = case_array(c, BLOCK_NUMBERS, sizeof *w);
    int number = case_number(c);

    case_fill(c, w, BLOCK_NUMBERS);
    if (!case_hidden(c)) {
        for (int i = 0; i < BLOCK_NUMBERS; i++)
            w[i] = number < 2 ? 0 : number == 2 ? (float)(i - 15) / 2 : w[i];
        if (number == 0)
            w[0] = -8, w[17] = 3;
    } else {
        for (int i = 0; i < BLOCK_NUMBERS; i++)
            w[i] *= number % 3 == 0 ? 1e-4f : number % 3 == 1 ? 1 : 4000;
        if (number % 4 == 0)
            w[case_between(c, 20, 31)] = w[3] = 0, w[5] = -(w[6] = number % 3 == 2 ? 5000 : 2);
        if (number % 5 == 0)
            w[9] = -w[6];
    }
    case_shows(c, "w", w, BLOCK_NUMBERS);
    compare(c, w);
}

const Exercise exercise = { .stop = "my_encode_five", .visible = 4, .hidden = 60,
                            .run = run };
