/* disk.h - is there room for what will be written?
 *
 * Rules of use: asked before long work; another program may take the room meanwhile,
 * so that writing must still be able to fail.
 */
#ifndef DISK_H
#define DISK_H

#include "base/base.h"

/* Bytes that a person may still write on the disk of path, which need not exist yet;
 * UINT64_MAX when the system does not say. */
uint64_t disk_free(const char *path);

/* Errors: exit 5 with both sizes when there are fewer than bytes. */
bool disk_check(const char *folder, uint64_t bytes, Error *error);

#endif
