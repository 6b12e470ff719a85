/* 4_five.c - exercise 06.4, Extend: a fifth bit
 *
 *      byte  0   2         6                                    22
 *            ├───┼─────────┼─────────────────────────────────────┤
 *              d   fifth     q_16│q_0   q_17│q_1   …   q_31│q_15
 *              f16 bits      high low                      low four bits
 *
 *      bytes 2 … 5, together a whole number of 32 bits, low byte first:
 *      bit i is the fifth bit of q_i
 *
 * int4 loses a few percents, int8 takes nearly twice the memory. Between them there is
 * room: five bits make 32 steps, -16 … 15, each half as wide. The book has no such
 * format. Write a block of it:
 *
 *      largest = the weight that is farthest from 0, with its sign; the first of several
 *      d   = largest / -16 as f16 has it                  (f32_to_f16, f16_to_f32)
 *      r   = 1 / d, or 0 where d is 0
 *      q_i = the whole number nearest to w_i · r, ties to even, cut to -16 … 15; then + 16
 *
 * so that the largest weight lies on the last step of the side that has one more.
 *
 *   out   [22] bytes, as drawn; d low byte first
 *   w     [32] finite, |w| at most 10000
 *
 * By hand: w_0 = -8, w_17 = 3, all others 0. largest = -8, d = 0.5, whose f16 is 0x3800:
 * bytes 0 and 1 are 00 38. q_0 = -16 + 16 = 0, q_17 = 6 + 16 = 22 = 0x16, the others are
 * 16 = 0x10: low four bits 0, fifth bit 1. Bytes 2 … 5 are fe ff ff ff, byte 7 is 60 (the
 * low four bits of q_17, high; those of q_1, low), the others from 6 on are 00.
 */
#include "chapters/exercises/chapter06/tasks.h"

#include <math.h>                   /* rintf, fabsf                          */
#include <string.h>                 /* memset                                */

void my_encode_five(unsigned char *out, const float *w)
{
/* your code begins */
    (void)out;
    (void)w;
/* your code ends */
}
