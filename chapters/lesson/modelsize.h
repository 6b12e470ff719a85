/* modelsize.h - what a model's weights and its cache take, in any number format
 *
 * Rules of use: for tables. modelsize_known has the models that are called "1B",
 * from their published shapes; modelsize_of looks at a folder that is open.
 */
#ifndef MODELSIZE_H
#define MODELSIZE_H

#include "decode/modeldir.h"

typedef struct {
    const char *name;
    uint64_t blocks;        /* numbers in matrices whose rows are whole blocks of 32 */
    uint64_t rest;          /* numbers in other matrices                     */
    uint64_t vectors;       /* numbers in norms and biases                   */
    size_t cache;           /* bytes for the positions asked for; 0: not known */
} ModelSize;

#define MODELSIZE_KNOWN 4

ModelSize modelsize_known(int i, int positions);    /* i < MODELSIZE_KNOWN   */
/* At most as many positions as the model's context has. Borrows the name. */
ModelSize modelsize_of(const ModelDir *dir, const char *name, int positions);

/* Bytes of all weights when 32 numbers of a matrix take `block` of them: 128 (F32),
 * 64 (F16), 34 (8 bits and a scale) or 18 (4 bits and a scale). */
double modelsize_bytes(const ModelSize *size, int block);

#endif
