/* modelname.h - from what a person calls a model to the folder it lies in
 *
 * Rules of use: a name is a folder; a tiny model of the clone; a short name or
 * org/name[@revision] in the Hugging Face cache. Nothing here opens a model.
 */
#ifndef MODELNAME_H
#define MODELNAME_H

#include "base/memory.h"
#include "files/hubcache.h"

typedef struct {                    /* a name that may be given as --model   */
    const char *name;               /* "storyteller", "tinyllama"            */
    const char *repository;         /* "TinyLlama/…"; NULL: in the clone     */
    const char *draft;              /* the name here of a small model with the
                                     * same vocabulary; NULL: none is usual  */
} ModelName;

extern const ModelName model_names[];       /* ends with a NULL name         */

/* The folder for a name, into path. Errors: exit 2 unknown name, with the
 * nearest known one; exit 3 known but not on this machine, with what to do. */
bool modelname_find(char path[HUBCACHE_PATH], const char *name, Error *error);

/* models/shapes/NAME.json: the config.json of a model that has a short name, without
 * its weights, into path. Errors: exit 2, no such shape, with the names there are. */
bool modelname_shape(char path[HUBCACHE_PATH], const char *name, Error *error);

typedef struct {                    /* a model that is on this machine       */
    const char *name;               /* what --model takes                    */
    const char *folder;
} FoundModel;

/* Every model in the places above, those of the clone first, by name. What a name
 * means is listed once. Owner: the arena. */
const FoundModel *modelname_list(Arena *arena, int *count);

#endif
