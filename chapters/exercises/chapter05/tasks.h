/* tasks.h - what the reader writes in chapter 05's exercises, and what is given
 *
 * Rules of use: skeletons, answers and keys include it. What each function must do
 * stands in its skeleton. What is given is defined in the exercise's key.
 */
#ifndef CHAPTER05_TASKS_H
#define CHAPTER05_TASKS_H

#include "decode/sampling.h"

/* 05.1: the id that the dart u hits; p [V], u in [0, 1). */
int my_sampling_pick(const double *p, int V, float u);
double sum_ascending(const double *p, int V);       /* given                 */

/* 05.2: p [V] out; s [V] in: logits, out: after the penalty; returns the id. */
int my_next_word(double *p, float *s, int V, const int *history, int n,
                 const SamplingConfig *config, float u);

/* 05.2: the steps, given. p, s [V]. */
void punish(float *s, const int *history, int n, double repeat_penalty);
double largest(const float *s, int V);
void soften(double *p, const float *s, int V, double max, double temperature);
void keep_best(double *p, const float *s, int V, int top_k);
void keep_mass(double *p, const float *s, int V, double top_p);
void keep_near(double *p, int V, double min_p);
void divide_by_sum(double *p, int V);
int throw_dart(const double *p, int V, float u);

/* 05.3: work->scores [V] out; logits [V], history [n]. */
void my_penalize(SamplingWork *work, const float *logits, const int *history,
                 int n, double repeat_penalty);

/* 05.4: p [V] in and out, distance [V] scratch. */
void my_keep_typical(double *p, double *distance, int V, double tau);

#endif
