/* tasks.h - what the reader writes in chapter 07's exercises, and what is given
 *
 * Rules of use: skeletons, answers and keys include it. What each function must do
 * stands in its skeleton. What is given is defined in the exercise's key.
 */
#ifndef CHAPTER07_TASKS_H
#define CHAPTER07_TASKS_H

#include "base/base.h"
#include "decode/sampling.h"        /* sampling_pick: the dart of chapter 05 */

/* 07.1: p, q [V]; q NULL: the draft was certain of x. */
bool my_speculative_accept(const double *p, const double *q, int x, float u);
double my_speculative_residual(double *r, const double *p, const double *q, int x,
                               int V);

/* 07.2: a toy of a target, with a cache, given; and one round. */
#define GUESSES 8                   /* K at most                             */
typedef struct Toy Toy;
int toy_length(const Toy *t);       /* ids that it has read                  */
/* One pass over ids [n]: they are read behind what was read before. said [n]: the id
 * that the toy holds likeliest behind each. */
void toy_read(Toy *t, int *said, const int *ids, int n);
/* Keep the first length ids, or all if there are fewer; forget the others. */
void toy_cut(Toy *t, int length);
/* out [K + 1]; returns how many were written. */
int my_round(int *out, Toy *t, int last, const int *guess, int K);

/* 07.3: p, q [V]; guess, u [n]; r [V] out. Returns an id. */
int my_try_all(double *r, const double *p, const double *q, int V, const int *guess,
               const float *u, int n, float dart);

/* 07.4: nine numbers. */
#define QUESTIONS 9
extern const double my_answers[QUESTIONS];

#endif
