/* 1_size.c - exercise 03.1: keep a row of numbers at a steady size
 *
 *      x  [E]       one row: one token on its way up
 *      │
 *      │  mean of the squares ──► one number r
 *      ▼                           │
 *   ┌──────┐                       │
 *   │ x_e  │ × r ◄─────────────────┘
 *   └──────┘
 *      │  × w_e     learned, one per column
 *      ▼
 *      y  [E]
 *
 * Every layer adds something to the row, and the row grows. So before a layer
 * reads it, the row is brought to a steady size: divided by its own root mean
 * square. Then each column gets its own learned factor.
 *
 *      r   = 1 / √( (Σ x_j²) / E + ε )                                    (1)
 *      y_e = w_e · ( x_e · r )                                            (2)
 *
 * Your task: my_rmsnorm, one row.
 *
 *   y        [E] out; every number is to be written
 *   x, w     [E] in
 *   epsilon  ε, from the model's config.json: 1e-5 in one model, 1e-6 in another
 *   E        how many numbers, at least 1
 *
 * By hand, with E = 4 and ε = 0:   x = 1 1 1 1    the mean of the squares is 1,
 *                                  r = 1,         y = w
 *                                  x = 3 -3 3 3   the mean is 9, r = 1/3,
 *                                  w = 1 1 2 0    y = 1 -1 2 0
 *
 * The grader compares bits, so the order of the operations counts. It is the order
 * in which (1) and (2) stand: the sum, then ÷ E, then + ε, then the root, then
 * 1 ÷ it; in (2) what is in brackets first. All is float, nothing is double.
 *
 *   - The sum of squares is a dot product of x with itself. dot(a, b, n) is there
 *     (tasks.h): Σ a_i · b_i in the engine's own order.
 *   - sqrtf is the root of a float; 1.0f is a float, 1.0 is a double. E is an int:
 *     (float)E makes a float of it.
 */
#include "chapters/exercises/chapter03/tasks.h"

#include <math.h>                   /* sqrtf                                 */

void my_rmsnorm(float *y, const float *x, const float *w, float epsilon, int E)
{
/* your code begins */
    (void)y;
    (void)x;
    (void)w;
    (void)epsilon;
    (void)E;
/* your code ends */
}
