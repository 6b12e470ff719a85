/* 4_typical.c - exercise 05.4, Extend: neither the dull nor the wild words
 *
 *      surprise -log p of a word
 *        │
 *      3 ┤                    ● ●            too wild
 *      2 ┤           ●                       } near the average surprise h:
 *        ┤- - - - - - - - - - - - - h        } these are taken first
 *      1 ┤    ●                              }
 *        ┤                                   the likeliest word can be too dull
 *      0 └───────────────────────── words
 *
 * top-p takes words from the likeliest down. Meister and others looked at human
 * sentences and found that people do not do that: their words carry about as
 * much surprise as the moment lets one expect, rarely much more and rarely much
 * less. Their filter, "locally typical sampling", is in many engines and not in
 * this book. It stands where top-p would stand: behind temperature and softmax,
 * so p adds up to 1.
 *
 *      h   = - Σ p_i · log p_i                  the expected surprise (entropy)
 *      d_i = | -log p_i - h |                   how far word i is from it
 *      take words from the smallest d_i on, until they hold tau of the mass
 *      all the others get p_i = 0; what stays is divided by its sum
 *
 * The order of operations (doubles, and the bits are compared):
 *
 *   1. h begins at 0; for i ascending, h = h - p_i · logarithm_of(p_i).
 *   2. d_i = fabs(-logarithm_of(p_i) - h).
 *   3. Words of p_i = 0 take no part in 1 and 2 and are never taken (log 0 is
 *      -inf).
 *   4. mass begins at 0. While mass < tau, or nothing was taken yet: the next
 *      word is the one with the smallest d_i of those not taken, a tie going to
 *      the smaller id; mass = mass + p_i. Stop also when no word is left. So
 *      the word that lifts the mass over tau stays.
 *   5. sum begins at 0; for i ascending over what stays, sum = sum + p_i; then
 *      each p_i = p_i / sum.
 *
 * A search for the smallest in each round is quick enough here.
 *
 *   p         [V] in and out; not negative, adds up to 1
 *   distance  [V] scratch, yours
 *   tau       0 … 1; 0 leaves one word, 1 nearly all
 *
 * By hand, with logarithms to base 2, for the order does not care: p = 0.5,
 * 0.25, 0.125, 0.125 has surprises 1, 2, 3, 3 and h = 0.5 + 0.5 + 0.375 + 0.375
 * = 1.75; distances 0.75, 0.25, 1.25, 1.25. The first word taken is not the
 * likeliest: it is id 1. tau = 0.2 leaves p = 0, 1, 0, 0. tau = 0.5: 0.25 is
 * not enough, id 0 joins: p = 2/3, 1/3, 0, 0.
 */
#include <math.h>                   /* fabs                                  */

#include "chapters/exercises/chapter05/tasks.h"
#include "numbers/elementary.h"     /* logarithm_of                          */

void my_keep_typical(double *p, double *distance, int V, double tau)
{
/* your code begins */
    (void)p;
    (void)distance;
    (void)V;
    (void)tau;
/* your code ends */
}
