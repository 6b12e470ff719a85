/* kernelrace.h - the same climb with every table of kernels that this processor has
 *
 * Rules of use: kernelrace_show before lesson_theorem, kernelrace_checks behind it. Both
 * leave `kernels` and the number of threads as they were. Times prove nothing.
 */
#ifndef KERNELRACE_H
#define KERNELRACE_H

#include "chapters/lesson/climb.h"

#define KERNELRACE_MOST 4

typedef struct {
    int n;                          /* tables that are here                  */
    const char *name[KERNELRACE_MOST];
    uint64_t hash[KERNELRACE_MOST]; /* of all rows' logits                   */
} KernelRace;

/* A table: kernels, hash of the logits, tokens/s. again: scratch.
 * Errors: those of climb. */
bool kernelrace_show(Lesson *l, KernelRace *race, const Model *m, const Ids *ids,
                     Record *again, Error *error);

/* One hash; and every number of the climb, for 1 to `threads` threads, row by row and
 * all rows at once, as it was seen. Errors: those of climb. */
bool kernelrace_checks(Lesson *l, const KernelRace *race, const Model *m, const Ids *ids,
                       const Record *seen, Record *again, int threads, Error *error);

#endif
