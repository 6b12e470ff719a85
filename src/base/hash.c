/* hash.c - FNV-1a, 64 bits: a fingerprint for bits that must stay the same
 *
 *      HASH_START ──► ⊕ byte 0 ──► × prime ──► ⊕ byte 1 ──► × prime ──► … ──► hash
 *
 *      float 1.0 = 0x3F800000, fed as      00  00  80  3F
 *                                          lowest byte first, on every machine
 *
 * "The same bits with 1 thread and with 7" is a claim about millions of numbers.
 * Two programs that are not running at the same time compare them by this one
 * number: `./run logits` prints it, and a change of one bit anywhere shows.
 *
 *      hash ← (hash xor byte) · 1099511628211   mod 2^64                  (1)
 *
 * The multiplication by 2^40 + 2^8 + 0xB3 carries each byte's influence upwards
 * through the word. It is slow as hashes go (a byte at a time, about 1 GB/s), easy
 * to write again in any language, and no protection against somebody who wants
 * two inputs to collide.
 *
 * Format note: floats are compared as bits, so +0 and -0 differ, which is what
 * "the same bits" means.
 *
 * Source: Fowler, Noll, Vo, "The FNV Non-Cryptographic Hash Algorithm",
 * draft-eastlake-fnv. Read next: base/random.c.
 */
#include "base/hash.h"

#include <string.h>         /* memcpy                                        */

#define PRIME UINT64_C(1099511628211)

/* Equation (1) over count bytes. */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t count)
{
    const unsigned char *byte = bytes;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ byte[i]) * PRIME;
    return hash;
}

/* The same over count numbers, lowest byte first: shifts see the value and not
 * how this machine stores it. */
uint64_t hash_floats(uint64_t hash, const float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned char byte[4];
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof bits);
        for (int b = 0; b < 4; b++)
            byte[b] = (unsigned char)(bits >> 8 * b);
        hash = hash_bytes(hash, byte, sizeof byte);
    }
    return hash;
}
