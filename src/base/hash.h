/* hash.h - FNV-1a, 64 bits: a fingerprint for bits that must stay the same
 *
 * Rules of use: start from HASH_START and feed bytes in order; feeding in pieces
 * is the same as feeding at once. Not for secrets.
 */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(14695981039346656037)

uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count);

/* count numbers as little-endian float32, whatever the machine's own order. */
uint64_t hash_floats(uint64_t hash, const float *x, size_t count);

#endif
