/* 1_accept.c - exercise 07.1, Refill: keep the guess, or make up for it
 *
 *      word           0      1      2
 *      p             0.5    0.3    0.2        what the target would say
 *      q             0.2    0.3    0.5        what the guess was drawn from
 *                     │      │      │
 *      accepted      all    all    0.2 of 0.5, that is two times in five
 *      r             0.3     0      0         what p has more than q: what comes
 *                                             in place of a guess that fell
 *
 * The draft has drawn word x from q. The target's p is known, too. Shall x stand? And
 * if not, what comes in its place? Two small functions, and together they do what looks
 * like magic: whatever q is, the word that comes out is distributed as p.
 *
 *      accept x    iff   u · q(x) < p(x),      u in [0, 1)
 *      r_i     =   p_i - q_i where that is more than 0, else 0
 *      returned:   r_0 + r_1 + … + r_{V-1}, added in this order, beginning with 0
 *
 * A draft without a model, or a greedy one, was certain of its word: q is 1 at x and 0
 * everywhere else. Nobody makes an array for that. Then q is NULL.
 *
 * If nothing is more (the sum is 0: p and q are the same), r is p, and 0 is returned.
 *
 * Order of operations: all in double; u is widened first, (double)u * q[x]. Nothing is
 * divided: the dart of chapter 05 is thrown over the whole length of r, whatever it is.
 *
 *   p, q     [V] not negative, each with the sum 1; q NULL: certain of x
 *   x        the guess; q[x] > 0
 *   r        [V] out. It may be the same array as q, but not as p
 *
 * By hand, with the arrays above: x = 2 and u = 0.3 is kept, 0.3 · 0.5 < 0.2; u = 0.4 is
 * not, for 0.2 < 0.2 is false. How often is word 0 said? Drawn and kept: 0.2. Word 2
 * drawn, fallen, and replaced: 0.5 · 3/5 = 0.3. Together 0.5, as p says.
 *
 * The grader does not throw darts for an hour. There are 2^24 numbers u; for each word it
 * finds out how many of them you accept, and so it knows your law to the last digit.
 */
#include <string.h>                 /* memcpy                                */

#include "chapters/exercises/chapter07/tasks.h"

/* your code begins */
bool my_speculative_accept(const double *p, const double *q, int x, float u)
{
    (void)p;
    (void)q;
    (void)x;
    (void)u;
    return true;
}

double my_speculative_residual(double *r, const double *p, const double *q, int x,
                               int V)
{
    (void)q;
    (void)x;
    memcpy(r, p, (size_t)V * sizeof *r);
    return 0;
}
/* your code ends */
