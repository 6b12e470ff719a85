/* climb.h - a transformer without attention: what it computes, and whether it is right
 *
 * Rules of use: climb shows its rows to a Probe; a Record with CLIMB_POINTS keeps them.
 * The checks stand behind lesson_theorem and look at what such a Record kept.
 */
#ifndef CLIMB_H
#define CLIMB_H

#include "chapters/commands/common.h"
#include "chapters/lesson/lesson.h"
#include "chapters/lesson/record.h"

#define CLIMB_POINTS (1u << PROBE_EMBEDDING | 1u << PROBE_NORM2 | 1u << PROBE_GATE     \
                      | 1u << PROBE_UP | 1u << PROBE_HIDDEN | 1u << PROBE_MLP          \
                      | 1u << PROBE_BLOCK | 1u << PROBE_FINAL_NORM | 1u << PROBE_LOGITS)

/* Equations (1) to (4) of chapter03_layers for n ids at once: no row looks at another.
 * Errors: exit 5 without memory, 130 after Ctrl-C. */
bool climb(const Model *m, const int *ids, int n, const Probe *probe, Error *error);

/* x_l: row t as it enters layer l; after the last one for l = L. */
const float *climb_row(const Record *seen, int l, int t);

/* Is each number of row t the textbook's dot product, and each sum a sum? And are norm
 * and bend, of whichever kind, equations (2) and (3)? */
void check_textbook(Lesson *l, const Model *m, const Record *seen, int t);
void check_equations(Lesson *l, const Model *m, const Record *seen, int t);

/* The climb again, one row at a time or all at once, compared with what was seen.
 * again: scratch. Kernels and threads stay chosen. Errors: those of climb. */
bool check_climb(Lesson *l, const Model *m, const Ids *ids, const Record *seen,
                 Record *again, const char *table, int threads, bool at_once,
                 Error *error);

#endif
