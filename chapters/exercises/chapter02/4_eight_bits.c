/* 4_eight_bits.c - exercise 02.4: a float in one byte
 *
 *              sign  exponent  mantissa
 *      E4M3      s     eeee      mmm        1 + 4 + 3 bits
 *
 *      value = (-1)^s · 2^(e - 7) · (1 + m/8)         e = 1 … 15          (1)
 *      value = (-1)^s · 2^(-6)    · (m/8)             e = 0               (2)
 *      0x7F and 0xFF (e = 15, m = 7) are NaN. There is no infinity.       (3)
 *
 * This book's engine reads floats of 32 and 16 bits. Some models are published in
 * 8: DeepSeek-V3 was even trained so. A byte has 256 patterns, and these are shared
 * out like the marks on a slide rule: eight from 1 to 2, eight from 2 to 4, … The
 * largest number is 448, the smallest above zero 2^-9. Exponent 15 holds ordinary
 * numbers, which is not so in any format of IEEE 754: with 256 patterns nobody gives
 * sixteen away for infinity and its kind.
 *
 * By hand:   0x38 = 0 0111 000 = 2^0 · 1         = 1
 *            0x45 = 0 1000 101 = 2^1 · (1 + 5/8) = 3.25
 *            0x83 = 1 0000 011 = -2^-6 · 3/8     = -0.005859375
 *            0x7E = 0 1111 110 = 2^8 · (1 + 6/8) = 448
 *
 * Your task: both ways.
 *
 * my_e4m3_to_f32(b)   the number, exactly: every one of the 256 fits in a float.
 *                     0x80 is -0. For a NaN any NaN will do.
 *
 * my_f32_to_e4m3(x)   the nearest one:
 *   - when x lies exactly in the middle of two, the one whose pattern is even
 *     (its last bit is 0); 2^-10 lies between 0 and 2^-9 and goes to 0
 *   - beyond 448 and at infinity: 448 with x's sign ("saturation")
 *   - a NaN becomes 0x7F, with x's sign in front: 0x7F or 0xFF
 *   - the sign stays, also that of zero, and of what is rounded to zero
 *
 * There: f32_bits(x), f32_of_bits(bits) (numbers/bits.h); from the C library
 * ldexpf, fabsf, signbit, isnan, NAN, nearbyintf (nearest, ties to even). These are
 * exact, so that you may work with numbers, with bits, or with a search through all
 * patterns, whatever you like: the result is the same or it is wrong.
 */
#include "chapters/exercises/chapter02/tasks.h"
#include "numbers/bits.h"           /* f32_bits, f32_of_bits                 */

#include <math.h>                   /* ldexpf, fabsf, signbit, isnan, NAN    */

/* your code begins */
float my_e4m3_to_f32(uint8_t b)
{
    (void)b;
    return 0;
}

uint8_t my_f32_to_e4m3(float x)
{
    (void)x;
    return 0;
}
/* your code ends */
