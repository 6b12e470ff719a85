/* 1_dart.c - exercise 05.1, Refill: a dart falls on a line of words
 *
 *      p          0.5             0      0.25     0.25
 *
 *      0                      0.5               0.75              1
 *      ├──────── id 0 ─────────┼───── id 2 ──────┼───── id 3 ──────┤
 *                                    ▲
 *                              u = 0.6: id 2          id 1 has no room at all
 *
 * The model has said how likely each word is; chance has said one number, the
 * dart u. Words lie side by side on a line, each as long as it is likely, and
 * the word that the dart hits is the next one. All the chance of the whole
 * engine is in u, and u is a parameter: the same u, the same word, on every
 * machine.
 *
 *      pick the first id with  p_0 + … + p_id > u · (p_0 + … + p_{V-1})
 *
 * The line need not be 1 long: filters take words away and leave the rest as it
 * was. So the dart is thrown over the whole length, whatever that is.
 *
 * Order of operations: the whole length is sum_ascending(p, V), which is given:
 *
 *      double sum = 0;  for (int i = 0; i < V; i++) sum += p[i];
 *
 * The dart is (double)u times that. Then p is summed up once more, one id after
 * the other, in double, starting from 0.
 *
 *   p        [V] not negative, not all 0; a word whose p is 0 must never be
 *            picked
 *   u        in [0, 1)
 *   returns  the id
 *
 * By hand, with the p above: u = 0 gives id 0; u = 0.5 gives id 2, for 0.5 >
 * 0.5 is false both at id 0 and at id 1; u = 0.75 gives id 3. With p = 0, 2, 2
 * the line is 4 long; u = 0 gives id 1 and u = 0.5 gives id 2.
 *
 * The grader does not try a few darts: for each id it finds the smallest float
 * u that gets you there, so it knows what you do with every one of the floats
 * in [0, 1).
 */
#include "chapters/exercises/chapter05/tasks.h"

int my_sampling_pick(const double *p, int V, float u)
{
/* your code begins */
    (void)p;
    (void)V;
    (void)u;
    return 0;
/* your code ends */
}
