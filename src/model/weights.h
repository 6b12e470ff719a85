/* weights.h - which tensor of the file plays which part
 *
 * Rules of use: weights_bind looks every tensor up by a table per architecture and
 * checks its shape and number format; what is missing or unexpected is an Error
 * that names it. Matrices stay views into the mapped file; the small vectors
 * (norms, biases) are widened to float32 and owned here.
 */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include "files/safetensors.h"
#include "model/config.h"
#include "model/linear.h"

typedef struct {            /* the parts of one layer                        */
    const float *norm1, *norm1_bias;        /* [E]; bias NULL: none          */
    const float *norm2, *norm2_bias;        /* [E]                           */
    Linear qkv;             /* [H·3·D, E] fused: q, k, v of head 0, of head 1, …;
                               else no data                                  */
    Linear q;               /* [H·D, E]; fused: q, k and v have no data      */
    Linear k, v;            /* [K·D, E]                                      */
    Linear o;               /* [E, H·D]                                      */
    Linear gate, up;        /* [F, E]; not gated: gate has no data           */
    Linear down;            /* [E, F]                                        */
} LayerWeights;

typedef struct {
    Matrix embedding;       /* [V, E]                                        */
    LayerWeights *layers;   /* [L]                                           */
    const float *norm, *norm_bias;          /* [E] before the output         */
    Linear output;          /* [V, E]; tied: the embedding again             */
    Arena arena;            /* the widened vectors                           */
    void *blocks;           /* what model/quantize.c made; NULL: nothing     */
    size_t bytes;           /* of all tensors in use, in the file or in blocks */
    uint64_t parameters;
    Format format;          /* of the layers' matrices: the first o's        */
    char note[200];         /* something ignored, said once; "" if nothing   */
} Weights;

bool weights_bind(Weights *weights, const Config *config,
                  const Safetensors *file, Error *error);
void weights_free(Weights *weights);

/* The tensors that a file for this config holds: *count of them, with name, rank and
 * shape; dtype is F32 and data NULL, for whoever makes such a file or counts its
 * parameters. Owner: the arena. */
Tensor *weights_expected(const Config *config, Arena *arena, int *count);

#endif
