/* safetensors.h - find tensors in model.safetensors without copying them
 *
 * Rules of use: open a folder (one file or shards with an index) or one file; the
 * views live until close. Everything in the header has been checked by then:
 * offsets tile the data, sizes fit shapes, names are unique (see the .c).
 */
#ifndef SAFETENSORS_H
#define SAFETENSORS_H

#include "base/mapfile.h"
#include "base/memory.h"
#include "numbers/tensor.h"

typedef struct {
    Tensor *tensors;        /* [count], sorted by name, byte-wise           */
    int count;
    MapFile *files;         /* [file_count] the shards                      */
    int file_count;
    Arena arena;            /* names, metadata                              */
    const char **metadata;  /* [2 · metadata_count] key, value, key, value  */
    int metadata_count;     /* of the first file, when there are shards     */
} Safetensors;

bool safetensors_open(Safetensors *st, const char *path, Error *error);
void safetensors_close(Safetensors *st);
const Tensor *safetensors_find(const Safetensors *st, const char *name);
/* bytes at data, inside a tensor, will not be read again soon: see mapfile.h. */
void safetensors_give_back(const Safetensors *st, const void *data, size_t bytes);
/* All tensors will be read, again and again: see memory_want_huge_pages. */
void safetensors_expect_reading(const Safetensors *st);
bool safetensors_check(const Safetensors *st, Error *error); /* size still so */

#endif
