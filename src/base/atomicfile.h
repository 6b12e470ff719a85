/* atomicfile.h - a file that is there whole, or not at all
 *
 * Rules of use: open, write, then commit (sync, rename over path) or abandon
 * (remove what was written beside). Until commit, path is as it was. A full disk
 * comes back as an Error with exit code 5. After a failed write call abandon; a
 * failed commit has done so. Abandoning twice, or after commit, does nothing.
 */
#ifndef ATOMICFILE_H
#define ATOMICFILE_H

#include "base/base.h"

typedef struct {
    int descriptor;         /* of the file beside                           */
    char *path;             /* where it will be                             */
    char *beside;           /* where it is being written: same folder       */
} AtomicFile;

bool atomicfile_open(AtomicFile *file, const char *path, Error *error);
bool atomicfile_write(AtomicFile *file, const void *data, size_t bytes,
                      Error *error);
bool atomicfile_commit(AtomicFile *file, Error *error);
void atomicfile_abandon(AtomicFile *file);

/* All of it at once. Errors: those of the others; path is as it was then. */
bool atomicfile_save(const char *path, const void *data, size_t bytes, Error *error);

#endif
