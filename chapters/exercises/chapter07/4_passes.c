/* 4_passes.c - exercise 07.4, Predict: is it worth guessing?
 *
 *      one pass of the target     ├──────────────── 1 ────────────────┤   one token
 *
 *      K = 3 guesses and a pass   ├ c ┼ c ┼ c ┼──────────────── 1 ────┤   1 to 4 tokens
 *
 * Nothing is run here until you have said what will come out. Put nine numbers into the
 * table; three digits are enough (the grader allows half a percent), except where a
 * whole number is asked for.
 *
 * Four words, the target's p and the draft's q:
 *
 *      p    0.4   0.3   0.2   0.1
 *      q    0.1   0.2   0.3   0.4
 *
 *   0  A guess is drawn from q. How likely is it to stand?
 *   1  A guess fell. How likely is it that word 0 (the first one) takes its place?
 *   2  An engine has a bug: what takes a fallen guess's place is drawn from p. How likely is
 *      word 0 to be said, all in all? (It should be 0.4.)
 *   3  Another draft is no model: it is certain of word 1, which fell. How likely is it
 *      that word 0 takes its place?
 *
 * Now let each guess stand with probability 0.5, whatever came before:
 *
 *   4  K = 3. How many tokens does a pass of the target give, on average?
 *   5  And with K as large as you like: how many at most?
 *   6  A guess costs 1/8 of a pass of the target; more rows in its pass cost nothing. Which K
 *      writes fastest? (a whole number)
 *   7  How many times as fast as without guesses is that?
 *
 * And a machine on which rows are not free:
 *
 *   8  A guess costs 0.25 of a pass, and a pass of two rows costs 1.15 of a pass of one. K =
 *      1. How likely must a guess be to stand, at least, so that guessing does not lose?
 *
 * An example of the second kind: 0.8 and K = 2 give 1 + 0.8 + 0.64 = 2.44 tokens a pass.
 *
 * Write plain numbers or C: 0.1 + 0.2 is as good as 0.3. But 1/2 is 0 in C, which
 * divides whole numbers without a rest; 1.0/2 is a half.
 */
#include "chapters/exercises/chapter07/tasks.h"

const double my_answers[QUESTIONS] = {
/* your code begins */
    -1,         /* 0  stands                                                 */
    -1,         /* 1  word 0 behind a guess that fell                        */
    -1,         /* 2  word 0 with the bug                                    */
    -1,         /* 3  word 0 behind a certain guess that fell                */
    -1,         /* 4  tokens a pass, K = 3                                   */
    -1,         /* 5  tokens a pass, at most                                 */
    -1,         /* 6  K                                                      */
    -1,         /* 7  times as fast                                          */
    -1,         /* 8  stands, at least                                       */
/* your code ends */
};
