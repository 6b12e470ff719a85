/* 2_race.c - exercise 01.2, Order: the merge race, shuffled
 *
 *      the list of merges            r e d e r        five ids
 *         rank 0   r e               re  d e r        r e has the best rank
 *         rank 1   d e               re  de  r        then d e
 *         rank 2   de r              re  der          then de r
 *                                    re  der          no pair is in the list: done
 *
 * This is how a byte-pair tokenizer cuts a word: all characters are symbols at first;
 * of all neighbours the pair with the smallest rank becomes one symbol, and of two
 * equal pairs the left one; again, until no two neighbours stand in the list.
 *
 * A small storm has gone through the loop below. Its lines are all right, none is
 * missing, and they stand in the wrong order. Put them right. Write nothing new.
 *
 *      rank_of        the place of a pair in the list; WORST when it is not there
 *      both_as_one    the id of two symbols together
 *
 * The loop runs once for each merge; n is how many symbols there are, `at` the place
 * of the best pair's left symbol, and `best` its rank.
 *
 * It asks for every pair again after every merge, which is slow for a long text. The
 * engine (src/text/bpe.c) gets the same ids out of a heap.
 */
#include "chapters/exercises/chapter01/tasks.h"

int my_merge_all(int *id, int n, const Merges *merges)
{
    int best = WORST, at = 0, merged = 0;

    for (;;) {
/* your code begins */
        n = n - 1;

        if (best == WORST)
            return n;

        id[at] = merged;

        for (int i = at + 1; i + 1 < n; i++)
            id[i] = id[i + 1];

        best = WORST;

        merged = both_as_one(merges, id[at], id[at + 1]);

        for (int i = 0; i + 1 < n; i++)
            if (rank_of(merges, id[i], id[i + 1]) < best) {
                best = rank_of(merges, id[i], id[i + 1]);
                at = i;
            }
/* your code ends */
    }
}
