/* 2_weigh.c - exercise 06.2, Predict: what does a model weigh, and where is weight 21?
 *
 *      one block of eight rows, int4
 *
 *      byte  0          16                48                80   …        144
 *            ├──────────┼─────────────────┼─────────────────┼─── … ────────┤
 *              8 scales    vector 0          vector 1          vectors 2, 3
 *              f16         4 bytes a row     …
 *
 * Nothing is run here until you have said what will come out. The first picture in
 * src/kernels/blocks.c is all you need; put nine numbers into the table.
 *
 *   0  How many bits does a weight take in int8, its part of the scale with it?
 *   1  And in int4?
 *   2  How many bytes does a matrix [2048, 2048] take in int4?
 *   3  And a matrix of 10 rows of 64 numbers in int4? (Groups are stored whole.)
 *
 * Now one block of eight rows in int4, 144 bytes, counted from 0:
 *
 *   4  Which byte holds weight k = 21 of row 3?
 *   5  That byte is 0x3A, and the scale of row 3 is 0.5. What is weight 21 of row 3?
 *   6  The same byte holds another weight of row 3. What is that one?
 *
 * And two of speed:
 *
 *   7  s_b adds up 32 products of whole numbers, each from -127 to 127. What is the
 *      largest s_b there can be?
 *   8  A model's weights take 0.6 GB in int4, and memory delivers 30 GB a second. How
 *      many tokens a second can it write at most?
 *
 * An example of the first kind: in bf16 a weight takes 16 bits, and [2048, 2048] are
 * 8388608 bytes.
 *
 * Write plain numbers or C: 3 * 7 is as good as 21. But 1/2 is 0 in C, which divides
 * whole numbers without a rest; 1.0/2 is a half.
 */
#include "chapters/exercises/chapter06/tasks.h"

const double my_answers[QUESTIONS] = {
/* your code begins */
    -1,         /* 0  bits                                                   */
    -1,         /* 1  bits                                                   */
    -1,         /* 2  bytes                                                  */
    -1,         /* 3  bytes                                                  */
    -1,         /* 4  byte                                                   */
    -1,         /* 5  weight                                                 */
    -100,       /* 6  weight                                                 */
    -1,         /* 7  the largest s_b                                        */
    -1,         /* 8  tokens a second                                        */
/* your code ends */
};
