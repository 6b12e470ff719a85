/* sha.h - SHA-256 and SHA-1: a file's name, computed from its bytes
 *
 * Rules of use: start, add the bytes in any pieces, end. SHA-1 is here because git
 * names small files by it; it finds accidents, not forgers.
 */
#ifndef SHA_H
#define SHA_H

#include "base/base.h"

#define SHA_TEXT 65                 /* 64 digits and a NUL                   */

typedef enum { SHA_1, SHA_256 } ShaKind;

typedef struct {
    ShaKind kind;
    uint32_t state[8];              /* SHA-1 uses five                       */
    uint64_t count;                 /* bytes so far                          */
    unsigned char block[64];        /* [count mod 64] those not mixed in yet */
} Sha;

void sha_start(Sha *sha, ShaKind kind);
void sha_add(Sha *sha, const void *bytes, size_t count);
void sha_end(Sha *sha, char digits[SHA_TEXT]);      /* 40 or 64, lower case  */

/* Start what git computes for a file of size bytes: SHA-1 of "blob SIZE", a NUL and
 * the file. */
void sha_start_git(Sha *sha, uint64_t size);

#endif
