/* safetensors_write.h - write tensors so that every reader accepts them
 *
 * Rules of use: give all tensors (name, dtype, shape, data) and metadata pairs;
 * they are laid out by dtype, largest first, then by name, as the reference
 * writer does; the header is padded to 8 bytes. The file appears whole or not.
 */
#ifndef SAFETENSORS_WRITE_H
#define SAFETENSORS_WRITE_H

#include "numbers/tensor.h"

bool safetensors_write(const char *path, const Tensor *tensors, int count,
                       const char *const *metadata, int metadata_count,
                       Error *error);

/* The numbers of a tensor that nobody holds: elements [first, first + count) of it,
 * in its dtype, into out. Asked in the order of the file, each element once. */
typedef bool TensorFill(void *context, const Tensor *tensor, size_t first,
                        size_t count, void *out, Error *error);

/* The same for tensors whose data is NULL: files larger than the memory. */
bool safetensors_write_filled(const char *path, const Tensor *tensors, int count,
                              const char *const *metadata, int metadata_count,
                              TensorFill *fill, void *context, Error *error);

#endif
