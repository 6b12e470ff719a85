/* place.h - where this program lies, and what lies in a folder
 *
 * Rules of use: asked when names are looked up, never in the middle of work.
 */
#ifndef PLACE_H
#define PLACE_H

#include "base/memory.h"

/* The file that this process runs, into path [room]. false: the system does not say,
 * or it does not fit. */
bool place_program(char *path, size_t room);

/* The folder of the running program, without a last slash, into path [room].
 * false: as above. */
bool place_of_program(char *path, size_t room);

/* The nearest folder, from the program's own upwards (./run, build/run,
 * build/debug/run), else the current one, in which this file lies; NULL: none.
 * Its real path. Owner: the arena. */
const char *place_with(const char *file, Arena *arena);

/* The names in a folder, sorted byte-wise, without those that begin with a dot;
 * *count of them. A folder that cannot be read has none. Owner: the arena. */
const char **place_names(const char *folder, Arena *arena, int *count);

#endif
