/* hubname.h - names of the hub: repositories, files, checksums, and which files we need
 *
 * Rules of use: everything that a server or a person says goes through one of these
 * before it becomes part of a path.
 */
#ifndef HUBNAME_H
#define HUBNAME_H

#include "base/base.h"

#define HUBNAME_LENGTH 200

typedef struct {
    char repository[HUBNAME_LENGTH];    /* "org/name", or "name"             */
    char revision[HUBNAME_LENGTH];      /* "main"                            */
} HubName;

/* A short name of model_names, or org/name, each with @revision or without.
 * Errors: exit 2, with the nearest short name. */
bool hubname_read(HubName *name, const char *typed, Error *error);

bool hubname_is_digits(const char *text, size_t count);     /* hexadecimal   */
bool hubname_is_commit(const char *text);                   /* 40 of them    */
bool hubname_is_checksum(const char *text);                 /* 40 or 64      */

/* A path that stays in its folder: no "..", no leading slash, no control character. */
bool hubname_is_path(const char *path);

/* Is this one of the files that make a model here? single: there is a
 * model.safetensors, so that shards are not asked for. */
bool hubname_is_needed(const char *path, bool single);
bool hubname_is_weights(const char *path);

#endif
