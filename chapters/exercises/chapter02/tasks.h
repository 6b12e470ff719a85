/* tasks.h - what the exercises of chapter 02 ask for
 *
 * Rules of use: the skeletons define these and the keys call them; both include
 * this file, so that a changed signature does not compile. The contract of each
 * stands in its skeleton.
 */
#ifndef CHAPTER02_TASKS_H
#define CHAPTER02_TASKS_H

#include "numbers/tensor.h"     /* TENSOR_RANK                               */

/* 02.1 */
uint32_t my_drop_bits(uint32_t x, int low);
uint16_t my_f32_to_bf16(float x);
uint16_t my_f32_to_f16(float x);

/* 02.2 */
#define QUESTIONS 10
extern const char my_header[];
extern const double my_answers[QUESTIONS];

/* 02.3 */
typedef struct {                    /* what a header says of one tensor      */
    int bits;                       /* of one number: F4 4, BF16 16, F64 64  */
    int rank;
    uint64_t shape[TENSOR_RANK];    /* [rank]                                */
    uint64_t begin, end;            /* data_offsets                          */
} Claim;

bool my_claim_holds(const Claim *claim, uint64_t data_size);

/* 02.4 */
float my_e4m3_to_f32(uint8_t b);
uint8_t my_f32_to_e4m3(float x);

#endif
