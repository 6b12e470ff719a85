/* 1_cost.c - exercise 04.1, Predict: what a cache costs, what a word moves
 *
 *      text        Once   upon    a    …   girl    …
 *                    │     │      │         │
 *      layer 0      k v   k v    k v       k v        kept in the cache:
 *                    │     │      │         │         K heads of D numbers,
 *      layer 1      k v   k v    k v       k v        for k and for v,
 *                    │     │      │         │         in each of L layers
 *      output        o     o      o         o
 *
 * Nothing is run here until you have said what will come out. Put nine numbers
 * into the table, with a pencil or in the head; the grader lets the engine do
 * it.
 *
 * TinyLlama-1.1B: L = 22 layers, H = 32 query heads that share K = 4 key/value
 * heads, each D = 64 numbers wide; its context is 2048 tokens. A number takes 2
 * bytes in f16 and 4 in f32; a MiB is 1024 · 1024 bytes.
 *
 *   0  How many bytes of an f16 cache does one token take?
 *   1  How many MiB does the f16 cache for the whole context take?
 *   2  And in f32, if no query heads shared: as many key/value heads as query
 *      heads?
 *
 * A text of 12 tokens at positions 0 to 11 goes through a model of two layers,
 * layer 0 and layer 1. Then the token at position 8 is exchanged for another
 * one, and the new text goes through. The two runs are compared, bit for bit.
 *
 *   3  In how many of the 12 positions do layer 0's keys differ?
 *   4  In how many of the 12 positions do layer 1's keys differ?
 *   5  In how many positions is layer 1's output, all of it, the same bits?
 *
 * Weights of one head, in float32: each weight is e^(s_j - m) / Z, where the
 * scores are s_j = q · k_j / √D, m is the largest and Z the sum of the
 * exponentials.
 *
 *   6  The first token of a text, position 0: how much weight does it give
 *      itself?
 *   7  A query of nothing but zeros, at position 7: what does each of its keys
 *      get?
 *   8  Two keys, D = 16, q · k_0 = 0 and q · k_1 = 800: what does k_0 get? (The
 *      smallest float32 above zero is about e^-103.)
 *
 * An example of the first kind: L = 1, K = 1, D = 8, f32: one token is 8
 * numbers of key and 8 of value, 16 · 4 = 64 bytes.
 *
 * Write plain numbers or C: 3 * 7 is as good as 21. But 1/2 is 0 in C, which
 * divides whole numbers without a rest; 1.0/2 is a half.
 */
#include "chapters/exercises/chapter04/tasks.h"

const double my_answers[QUESTIONS] = {
/* your code begins */
    -1,         /* 0  bytes                                                  */
    -1,         /* 1  MiB                                                    */
    -1,         /* 2  MiB                                                    */
    -1,         /* 3  positions                                              */
    -1,         /* 4  positions                                              */
    -1,         /* 5  positions                                              */
    -1,         /* 6  weight                                                 */
    -1,         /* 7  weight                                                 */
    -1,         /* 8  weight                                                 */
/* your code ends */
};
