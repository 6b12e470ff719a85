/* tasks.h - what the reader writes in chapter 04's exercises
 *
 * Rules of use: skeletons, answers and keys include it. What each function must do
 * stands in its skeleton; letters are base.h's legend.
 */
#ifndef CHAPTER04_TASKS_H
#define CHAPTER04_TASKS_H

#include "kernels/attention.h"
#include "kernels/rope.h"

/* 04.1: one number for each question. */
#define QUESTIONS 9
extern const double my_answers[QUESTIONS];

/* 04.2: x [T, H, D] in and out, position [T]. */
void my_rope_apply(float *x, const Rope *rope, const int *position,
                   int T, int H, int D);

/* 04.3: p [t + 1] out; q_h [D] is head h's query; keys [K, capacity, D]. */
void my_attention_weights(float *p, const float *q_h, const float *keys,
                          int capacity, int t, int h, int H, int K, int D);

/* 04.4: out [D]; e [t + 1] scratch; q [D]; keys, values [t + 1, D]. */
void my_window_attention(float *out, float *e, const float *q,
                         const float *keys, const float *values, int t,
                         int window, int sinks, int D);

#endif
