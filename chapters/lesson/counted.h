/* counted.h - which bytes of a file's tensors does a pass really read?
 *
 * Rules of use: from counted_begin to counted_end the kernels in force count what they
 * are given, and compute what they always do. One Counted at a time; threads may be
 * changed between passes. The file stays open.
 */
#ifndef COUNTED_H
#define COUNTED_H

#include "files/safetensors.h"

typedef struct {
    const Safetensors *file;
    uint64_t *bytes;            /* [file->count] given to kernels            */
    uint64_t *places;           /* [file->count] Σ place of each of them, mod 2^64 */
} Counted;

void counted_begin(Counted *c, const Safetensors *file);
void counted_again(Counted *c);         /* from zero                         */
void counted_end(Counted *c);

uint64_t counted_all(const Counted *c);

/* Was each byte of tensor i read once: so many bytes, and their places add up to what
 * 0 … n - 1 add up to? */
bool counted_once(const Counted *c, int i);

#endif
