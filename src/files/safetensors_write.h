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

#endif
