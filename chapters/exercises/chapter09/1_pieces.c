/* 1_pieces.c - exercise 09.1: rows dealt out to threads
 *
 *      W  [rows, columns]
 *      ┌──────────┐
 *      │ piece 0  │ ──► whoever is free
 *      ├──────────┤
 *      │ piece 1  │ ──► whoever is free next
 *      ├──────────┤
 *      │ …        │     each row in exactly one piece
 *      └──────────┘
 *
 * A product of a matrix is shared out by rows: a thread takes a piece, multiplies it,
 * and asks for the next. How large should a piece be? Small enough for the cache of one
 * core: at most `most` rows. So many that each thread gets the same number of them, or
 * the last one works while the others wait. And a multiple of eight rows, because the
 * kernels do several rows at once and blocks of int8 lie in groups of eight. In this
 * order, all in whole numbers, ⌈ ⌉ rounding up:
 *
 *      pieces = ⌈ rows / most ⌉                                           (1)
 *      pieces = ⌈ pieces / threads ⌉ · threads                            (2)
 *      grain  = ⌈ ⌈ rows / pieces ⌉ / 8 ⌉ · 8                             (3)
 *      piece k = rows  k · grain  …  (k + 1) · grain - 1,  as far as there are (4)
 *
 * Rounding up to eight may leave fewer pieces than (2) says; that is fine.
 *
 * Your task: where does piece k begin and end?
 *
 *   begin, end   out: rows begin … end - 1. A piece behind the last one is empty:
 *                begin = end = rows
 *   rows         at least 1. It may be as large as an int can be, and so may most: take
 *                care that nothing passes INT_MAX on the way
 *   most         at least 8; threads from 1 to 1024; k from 0 to 2^31 - 1
 *
 * By hand:   rows 100, most 64, threads 2:   pieces 2, grain ⌈50 / 8⌉ · 8 = 56
 *            piece 0: 0 … 55   piece 1: 56 … 99   piece 2: begin = end = 100
 */
#include "chapters/exercises/chapter09/tasks.h"

void my_piece(int *begin, int *end, int rows, int most, int threads, int k)
{
/* your code begins */
    (void)rows;
    (void)most;
    (void)threads;
    (void)k;
    *begin = 0;
    *end = 0;
/* your code ends */
}
