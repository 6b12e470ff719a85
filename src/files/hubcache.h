/* hubcache.h - where the Hugging Face tools keep the models they downloaded
 *
 * Rules of use: asks the file system only, never the network. The answer is a
 * folder with config.json and the rest, or an Error that says which folders were
 * looked at.
 */
#ifndef HUBCACHE_H
#define HUBCACHE_H

#include "base/base.h"

#define HUBCACHE_PATH 4096

/* The cache's root, by the hub's own order of variables, into path. false: no
 * variable says and there is no home. */
bool hubcache_root(char path[HUBCACHE_PATH]);

/* The snapshot folder of "org/name[@revision]". Errors: exit 2 when nothing can be
 * called so; exit 3 with what was looked for and how to get it. */
bool hubcache_find(char path[HUBCACHE_PATH], const char *repository,
                   Error *error);

#endif
