/* newfolder.h - a folder that is there whole, or not at all
 *
 * Rules of use: open, write files under newfolder_path, then commit (it takes its
 * name) or abandon (it goes, with all files in it). A folder that holds anything
 * already is refused before work starts. Abandoning twice, or after commit, does
 * nothing.
 */
#ifndef NEWFOLDER_H
#define NEWFOLDER_H

#include "base/memory.h"

typedef struct {
    char *path;             /* where it will be                             */
    char *beside;           /* where it is being filled: same parent        */
    Arena arena;            /* what newfolder_path returns                  */
} NewFolder;

bool newfolder_open(NewFolder *folder, const char *path, Error *error);
const char *newfolder_path(NewFolder *folder, const char *name);
bool newfolder_commit(NewFolder *folder, Error *error);
void newfolder_abandon(NewFolder *folder);

#endif
