/* safetensors_header.h - the table of contents of one safetensors file
 *
 * Rules of use: give it the file's bytes, wherever they come from; the views point
 * into them, names and metadata live in the arena. Believe nothing of a file
 * before this said true. Programs use files/safetensors.h, which asks this.
 */
#ifndef SAFETENSORS_HEADER_H
#define SAFETENSORS_HEADER_H

#include "base/memory.h"
#include "numbers/tensor.h"

#define SAFETENSORS_HEADER_MAX 100000000    /* bytes; the format's own limit */

typedef struct {
    Tensor *tensors;        /* [count], sorted by name, byte-wise           */
    int count;
    const char **metadata;  /* [2 · metadata_count] key, value, key, value  */
    int metadata_count;
} SafetensorsHeader;

bool safetensors_parse(SafetensorsHeader *header, Arena *arena,
                       const unsigned char *bytes, size_t size, Error *error);

#endif
