/* quantize_theorem.h - what chapter06_quantize proves, check by check
 *
 * Rules of use: behind lesson_theorem. file is the model as it was read, made the same
 * model by model_quantize. What does not hold is a check, not an Error.
 */
#ifndef QUANTIZE_THEOREM_H
#define QUANTIZE_THEOREM_H

#include "chapters/lesson/lesson.h"
#include "decode/session.h"

/* The matrices of a model, in the same order for every format: at most
 * matrices_most(model), each once. Returns how many. */
int matrices_most(const Model *model);
int matrices_of(const Matrix **out, const Model *model);

/* fast = textbook: made's matrix number `index`, times 1, 2, 3 and 8 rows, on 1, 2 and 3
 * threads. seed: of the rows. */
void check_products(Lesson *l, const Model *made, int index, const char *name,
                    uint64_t seed);

/* Eight tokens in one pass = one at a time = in threes. Errors: those of session.h. */
bool check_passes(Lesson *l, const Model *made, Format kv, Error *error);

/* Every weight of every matrix that made has in blocks lies where the equation says;
 * and no block of int4 is worse than with the obvious scale. */
void check_bounds(Lesson *l, const Model *file, const Model *made);

/* Matrix number `index` of made: each block is what encode_block says, in the place
 * that the drawing says. */
void check_places(Lesson *l, const Model *file, const Model *made, int index,
                  const char *name);

#endif
