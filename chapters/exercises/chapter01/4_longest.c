/* 4_longest.c - exercise 01.4, Extend: the longest piece that fits
 *
 *      pieces    0 [UNK]  1 un  2 ##a  3 ##aff  4 ##able  5 ##ford  6 cat  7 ##s
 *
 *      unaffordable        un│affordable       the longest piece at the start: un
 *                             aff│ordable      then, of those with ##: ##aff beats ##a
 *                                 ▲            nothing begins with o…: stuck
 *                                              the whole word becomes [UNK]
 *
 *      cats                cat│s               cat ##s
 *
 * Byte-pair encoding is not the only way to cut a word. BERT and its many children do
 * it without a list of merges: a vocabulary is enough. At each place they take the
 * longest piece that the rest of the word begins with, and go on behind it.
 *
 *   1. At the beginning of the word only pieces without "##" count; behind it only
 *      those with "##", which says "I continue a word" and is not part of the text.
 *   2. The longest one is taken. It is never taken back, even when a shorter one
 *      would have led to the end of the word.
 *   3. When no piece fits, the whole word is one id: `unknown`. What was cut before
 *      is forgotten.
 *
 * Your task: my_longest_match.
 *
 *   out      the ids; there is room for one for each byte of the word
 *   word     letters only, at least one; ends with '\0'
 *   piece    [pieces] texts, all different, in no order; the index is the id
 *   unknown  the id for a word that cannot be cut
 *   returns  how many ids there are
 *
 * A scan over all pieces at each place is fine. strlen, strncmp and their kind are
 * there to be used.
 */
#include <string.h>

#include "chapters/exercises/chapter01/tasks.h"

int my_longest_match(int *out, const char *word, const char *const *piece,
                     int pieces, int unknown)
{
/* your code begins */
    (void)word, (void)piece, (void)pieces;
    out[0] = unknown;
    return 1;
/* your code ends */
}
