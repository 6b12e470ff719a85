/* modelsize.h - what a model's weights and its cache take, in any number format
 *
 * Rules of use: for tables. The tensors are those of a file, or those that a file for
 * a config would hold (weights_expected); their data are not looked at.
 */
#ifndef MODELSIZE_H
#define MODELSIZE_H

#include "decode/session.h"
#include "numbers/tensor.h"

typedef struct {
    uint64_t blocks;        /* numbers in matrices whose rows are whole blocks of 32 */
    size_t int8, int4;      /* bytes of those matrices as --quantize makes them */
    uint64_t rest;          /* numbers in other matrices                     */
    uint64_t vectors;       /* numbers in norms and biases                   */
    size_t cache;           /* bytes for the positions asked for; 0: not known */
    size_t session;         /* bytes of the cache and the rows of a pass     */
} ModelSize;

/* tensors [count]. config: NULL when it is not known; at most as many positions as its
 * context has. */
ModelSize modelsize_of(const Tensor *tensors, int count, const Config *config,
                       int positions);

/* Bytes of all weights when 32 numbers of a matrix take `block` of them: 128 (F32),
 * 64 (F16), 34 (8 bits and a scale) or 18 (4 bits and a scale). */
double modelsize_bytes(const ModelSize *size, int block);

/* Bytes of memory to run it: a session, and the weights in F16, or as --quantize makes
 * them, int8 or int4. */
double modelsize_needed(const ModelSize *size, Format format);

#endif
