/* tasks.h - what the exercises of chapter 09 ask for
 *
 * Rules of use: the skeletons define these and the keys call them; both include
 * this file, so that a changed signature does not compile. The contract of each
 * stands in its skeleton. lane_sum is there for pupils to use.
 */
#ifndef CHAPTER09_TASKS_H
#define CHAPTER09_TASKS_H

#include "base/base.h"

#define QUESTIONS 10                /* of 09.2                               */

/* Eight lanes to one number, in the engine's order; lane is used up. */
static inline float lane_sum(float lane[8])
{
    for (int width = 4; width > 0; width /= 2)
        for (int j = 0; j < width; j++)
            lane[j] += lane[j + width];
    return lane[0];
}

/* 09.1 */
void my_piece(int *begin, int *end, int rows, int most, int threads, int k);

/* 09.2 */
extern const double my_answers[QUESTIONS];

/* 09.3 */
float my_dot(const float *w, const float *x, int n);

/* 09.4 */
void slow_rows(float *y, const uint16_t *w, const float *x, int rows, int columns, int T);
void my_rows(float *y, const uint16_t *w, const float *x, int rows, int columns, int T);

#endif
