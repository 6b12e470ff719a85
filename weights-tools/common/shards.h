/* shards.h - a model's weights as one file, or as several and an index
 *
 * Rules of use: the folder is there and holds no weights yet. The index comes last: until
 * it stands there, and after any failure, the folder holds no model.
 */
#ifndef SHARDS_H
#define SHARDS_H

#include "files/safetensors_write.h"

/* Into folder: model.safetensors, or, when that would hold more than most bytes of
 * numbers (0: any many), shards of at most so many and the index over them.
 * Errors: those of safetensors_write_filled; a model.safetensors beside shards (3). */
bool shards_write(const char *folder, const Tensor *tensors, int count, size_t most,
                  TensorFill *fill, void *context, Error *error);

#endif
