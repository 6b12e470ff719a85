/* tasks.h - what the reader writes in chapter 06's exercises, and what is given
 *
 * Rules of use: skeletons, answers and keys include it. What each function must do
 * stands in its skeleton. What is given is defined in the exercise's key.
 */
#ifndef CHAPTER06_TASKS_H
#define CHAPTER06_TASKS_H

#include "kernels/blocks.h"         /* BLOCK_NUMBERS: 32                     */
#include "numbers/halffloat.h"      /* f32_to_f16, f16_to_f32                */

/* 06.1: one way to write a block of 32 weights. */
#define LANES 8
typedef struct {
    float d;                        /* the scale, as f16 has it              */
    float error;                    /* Σ (w − d q)²                          */
    float q[BLOCK_NUMBERS];         /* whole numbers                         */
} Trial;
void my_attempt(Trial *t, const float *w, float d, float low, float high);
float tree(const float lane[LANES]);                /* given                 */

/* 06.2: nine numbers. */
#define QUESTIONS 9
extern const double my_answers[QUESTIONS];

/* 06.3: codes [32] and the f16 scale of w [32] in int8. */
uint16_t my_encode_int8(int8_t *codes, const float *w);

/* 06.4: w [32] in five bits: out [22] bytes. */
#define FIVE_BYTES 22
void my_encode_five(unsigned char *out, const float *w);

#endif
