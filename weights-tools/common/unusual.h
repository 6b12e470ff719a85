/* unusual.h - what a person should know about a tensor, in sentences
 *
 * Rules of use: nothing is said about a tensor that is as most are.
 */
#ifndef UNUSUAL_H
#define UNUSUAL_H

#include "base/utf8.h"
#include "weights-tools/common/lines.h"
#include "weights-tools/common/statistics.h"

#define UNUSUAL_MOST 16
#define UNUSUAL_PLACE (2 + 22 * TENSOR_RANK)

typedef struct {
    Text text[UNUSUAL_MOST];        /* each one sentence                    */
    int count;
} Unusual;

/* Errors: none. Owner: the caller, unusual_free. */
void unusual_find(Unusual *u, const Tensor *tensor, const Statistics *s,
                  const Lines *lines);
void unusual_free(Unusual *u);

/* "[17, 5]": element index of a tensor. Returns out. */
const char *unusual_place(char out[UNUSUAL_PLACE], const Tensor *tensor, uint64_t index);

#endif
