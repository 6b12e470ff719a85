/* verify.h - read what was fetched once more, and compare its checksums
 *
 * Rules of use: asks nobody. What was damaged is named, and nothing is changed.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "base/memory.h"
#include "weights-tools/hub/settings.h"

typedef enum { VERIFIED_RIGHT, VERIFIED_DAMAGED, VERIFIED_GONE, VERIFIED_UNKNOWN } Verified;

typedef struct {                    /* one file                              */
    const char *typed;              /* "tinyllama"                           */
    const char *file;               /* "model.safetensors"                   */
    const char *path;
    const char *checksum;           /* what its bytes should give            */
    int64_t size;
    Verified result;                /* UNKNOWN: no checksum of it is known here */
} VerifiedFile;

typedef struct {
    VerifiedFile *files;
    int count, room;
    int wrong;                      /* DAMAGED or GONE                       */
    Arena arena;
} Verification;

/* All files of a word, added. Errors: exit 2 name; 3 not on this machine; 130. */
bool verify_word(Verification *v, const char *word, const Settings *settings, Error *error);

/* Is anything of this word here? */
bool verify_is_here(const char *word, const Settings *settings);

void verify_free(Verification *v);

#endif
