/* store.h - the cache on the disk: folders, links, refs, locks
 *
 * Rules of use: files come under their name by a rename, so that whoever looks finds a
 * whole file or none. Errors: exit 5 for a full disk, else 3, with path and reason.
 */
#ifndef STORE_H
#define STORE_H

#include "base/watch.h"
#include "weights-tools/hub/sha.h"

/* The folders above path, as far as they are missing. */
bool store_folders_of(const char *path, Error *error);

/* Bytes of a regular file; -1: there is none. */
int64_t store_size(const char *path);

/* path becomes a name for blob: a relative link, which both may be moved with; where
 * links cannot be made, or are not wanted, the file itself (then blob may be gone). */
bool store_name(const char *path, const char *blob, bool links, Error *error);

/* One process at a time works on what the lock stands for; waits for the others and
 * says so. Errors: also 130. Owner: the caller, store_unlock. */
bool store_lock(int *lock, const char *path, const char *what, Error *error);
void store_unlock(int *lock);

/* The checksum of a file, of the kind that like is (40 or 64 digits). watch gets bytes
 * that were read. Errors: also 130. */
bool store_checksum(char digits[SHA_TEXT], const char *path, const char *like,
                    const Watch *watch, Error *error);

/* errno as an Error. Returns false. */
bool store_failed(const char *path, const char *step, Error *error);

#endif
