/* bench.h - the questions of MMLU, out of the archive that its authors publish
 *
 * Rules of use: bench_unpack leaves a folder as benchplace.h describes it.
 */
#ifndef BENCH_H
#define BENCH_H

#include "base/base.h"

/* The questions of archive into folder, with SHA256SUMS; checksum is the archive's.
 * Errors: exit 4, no such archive; exit 5 and 3 from the disk. */
bool bench_unpack(const char *archive, const char *folder, const char *checksum,
                  Error *error);

/* Was this archive unpacked here, and is every file still as it was? */
bool bench_is_here(const char *folder, const char *checksum);

/* Each line of folder/SHA256SUMS. Returns how many files are damaged or gone; -1: there
 * is no list. say may be NULL. Errors: 130. */
int bench_check(const char *folder, void (*say)(void *context, const char *file, bool right),
                void *context, Error *error);

#endif
