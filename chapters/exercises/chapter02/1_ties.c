/* 1_ties.c - exercise 02.1: half a float, and where the other half goes
 *
 *               sign exponent  mantissa
 *      f32       s   eeeeeeee  mmmmmmm mmmmmmmmmmmmmmmm
 *      bf16      s   eeeeeeee  mmmmmmm └── dropped ───┘
 *
 *      1.00390625  =  0x3F80 8000      0x3F80 = 1     0x3F81 = 1.0078125
 *                            └──┴─ exactly half of a step
 *
 * Models are trained in numbers of 32 bits and kept in 16. A bf16 is the upper
 * half of a float, so widening it is one shift. Narrowing is a decision: 16 bits
 * must go, and what remains should be the nearest number that can be written.
 *
 * Your task: my_drop_bits, which takes the low bits off a whole number.
 *
 *   x        any number up to 0xFF800000
 *   low      how many bits go: 1 to 16
 *   returns  the whole number nearest to x / 2^low; when x lies exactly in the
 *            middle of two, the one of them that is even
 *
 * By hand, with low = 4 (numbers in base 2):
 *
 *      1010│0111  →  1010     less than half: down
 *      1010│1001  →  1011     more than half: up
 *      1010│1000  →  1010     exactly half, 1010 is even: it stays
 *      1011│1000  →  1100     exactly half, 1011 is odd: up to the even one
 *      1111│1000  →  10000    a carry may make the number longer: that is right,
 *                             it is how 1.998 becomes 2 in the next exponent
 *
 * Why even, and not always up: of many ties half go up and half go down, so that
 * a sum over a million weights does not drift.
 *
 * Whole numbers only: no float and no library function is needed, and no "if".
 * What is below my_drop_bits uses it and is finished; the grader calls that.
 */
#include "chapters/exercises/chapter02/tasks.h"
#include "numbers/bits.h"           /* f32_bits                              */

uint32_t my_drop_bits(uint32_t x, int low)
{
/* your code begins */
    (void)x;
    (void)low;
    return 0;
/* your code ends */
}

/* A float as bf16. Infinity rounds to itself: its low bits are zero. A NaN ("not
 * a number") could lose all that makes it one, so a bit that stays is set. */
uint16_t my_f32_to_bf16(float x)
{
    uint32_t bits = f32_bits(x);

    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x0040);
    return (uint16_t)my_drop_bits(bits, 16);
}

/* A float from 2^-14 to 65504 as f16, which has 10 bits of mantissa (13 go) and
 * whose exponents count from 15 and not from 127. */
uint16_t my_f32_to_f16(float x)
{
    uint32_t bits = f32_bits(x);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;

    return (uint16_t)(sign | my_drop_bits(magnitude - (112u << 23), 13));
}
