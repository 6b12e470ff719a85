/* hubcache.h - where the Hugging Face tools keep the models they downloaded
 *
 * Rules of use: asks the file system only, never the network. The answer is a
 * folder with config.json and the rest, or an Error that says which folders were
 * looked at. What to do then says the caller.
 */
#ifndef HUBCACHE_H
#define HUBCACHE_H

#include "base/base.h"

#define HUBCACHE_PATH 4096
#define HUBCACHE_NAME 256           /* "org/name" and its NUL fit            */

/* The cache's root, by the hub's own order of variables, into path. false: no
 * variable says and there is no home. */
bool hubcache_root(char path[HUBCACHE_PATH]);

/* The snapshot folder of "org/name[@revision]". Errors: exit 2 when nothing can be
 * called so; exit 3 with what was looked for. */
bool hubcache_find(char path[HUBCACHE_PATH], const char *repository,
                   Error *error);

/* root/models--org--name, whether it is there or not. false: too long for a path. */
bool hubcache_folder(char path[HUBCACHE_PATH], const char *root, const char *repository);

/* What the hub lets a repository be called ("org/name", "name"), and a revision. */
bool hubcache_is_repository(const char *name);
bool hubcache_is_revision(const char *text);

/* "org/name" of a path inside the cache, models--org--name/…; false: it is none. */
bool hubcache_repository(char name[HUBCACHE_NAME], const char *path);

/* Has a download that should fill this snapshot folder not come to its end? Then the
 * file that shows it into file: a link to a blob that is not there, or a part of one. */
bool hubcache_unfinished(char file[HUBCACHE_PATH], const char *snapshot);

#endif
