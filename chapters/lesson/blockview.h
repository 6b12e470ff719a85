/* blockview.h - a block of whole numbers by the textbook: read, written, judged
 *
 * Rules of use: for lessons. Written from the drawings in kernels/blocks.c and the
 * equations in kernels/encode.c, not from their code, so that a theorem may compare
 * the two. Plain and slow.
 */
#ifndef BLOCKVIEW_H
#define BLOCKVIEW_H

#include "kernels/matmul.h"

typedef struct {
    float d;                        /* the scale, as f16 has it              */
    int8_t q[BLOCK_NUMBERS];        /* the whole numbers                     */
} BlockCodes;

/* Row r's block b of a matrix of blocks, out of its bytes. */
void block_taken(BlockCodes *out, const Matrix *m, int r, int b);

/* w [32] with the steps d' · low … d' · high, d' being d as f16 has it. */
void block_try(BlockCodes *out, const float *w, float d, int low, int high);

/* Σ (w − d q)², and the same beside Σ w² as a root: 0.01 is one percent. */
double block_error(const BlockCodes *block, const float *w);
double block_share(const BlockCodes *block, const float *w);

/* The ways to write w [32] in int4 that the search knows, in its order: c = -6.5 … -9.5,
 * then least squares behind the best of them. Returns the first of the best ones. */
#define BLOCK_TRIES 8
int block_tries(BlockCodes tries[BLOCK_TRIES], const float *w);
extern const char *const block_try_names[BLOCK_TRIES];      /* "c = -6.5"    */
#define BLOCK_OBVIOUS 3             /* of them: the largest on the last step */

/* The weight that is farthest from nought, with its sign. */
float block_largest(const float *w);

/* Row r of w times x [columns] by equation (b), x coded by (1) of kernels/coding.c. */
float block_textbook(const Matrix *w, int r, const float *x);

#endif
