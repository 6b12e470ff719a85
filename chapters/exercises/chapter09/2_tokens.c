/* 2_tokens.c - exercise 09.2: tokens per second, with pencil and paper
 *
 *      bytes of all matrices         least seconds        most tokens
 *      ─────────────────────    =    for one token   =    in a second, upside down
 *      bytes/s of memory
 *
 * How fast can a model write on a machine that it has never seen? A division says it,
 * within some percent. Here is a model's shape, TinyLlama's, and a machine:
 *
 *      22 layers, each with seven matrices [out, in]:
 *          q, o            [2048, 2048]        k, v      [256, 2048]
 *          gate, up        [5632, 2048]        down      [2048, 5632]
 *      one output matrix   [32000, 2048], used for the last row of a pass only
 *      (an embedding of its own, of which each token looks up a row; norms: both
 *      are too small to count)
 *
 *      memory       30 GB/s                        (G: 10^9, here and below)
 *      arithmetic   200 Gop/s for F16, 400 for int8: a multiplication and an
 *                   addition are two operations
 *
 *      F16 takes 2 bytes a number. int8: 34 bytes for 32 numbers (their scale takes
 *      two). int4: 18 bytes for 32 numbers.
 *
 * An example that is not among the questions: one matrix q in F16 has 2048 · 2048 · 2
 * bytes, 8.4 million; at 30 GB/s it is read in 0.28 ms.
 *
 * Your task: answer the ten questions in my_answers before you run anything. Three
 * digits are enough (the grader allows half a percent), except where a whole number is
 * asked for.
 */
#include "chapters/exercises/chapter09/tasks.h"

const double my_answers[QUESTIONS] = {
/* your code begins */
    -1,     /* 0  how many million numbers are in the matrices of one layer?  */
    -1,     /* 1  how many million numbers does a pass for one token read?    */
    -1,     /* 2  how many GB are that in F16?                                */
    -1,     /* 3  how many tokens a second can be written in F16, at most?    */
    -1,     /* 4  … in int8 (all matrices)?                                   */
    -1,     /* 5  … with the layers in int4 and the output matrix in int8?    */
    -1,     /* 6  F16: how many operations for each byte of a matrix, with one row
                  of x?                                                       */
    -1,     /* 7  F16: from how many rows of x on is arithmetic the wall, and not
                  memory? (a whole number)                                    */
    -1,     /* 8  F16: how many seconds does a prompt of 512 tokens take in one pass,
                  at least? (only its last row meets the output matrix)       */
    -1,     /* 9  F16: a pass for 4 tokens takes how many times as long as a pass for
                  one, by these two walls?                                    */
/* your code ends */
};
