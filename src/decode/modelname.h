/* modelname.h - from what a person calls a model to the folder it lies in
 *
 * Rules of use: a name is a folder; a tiny model of the clone; a short name or
 * org/name[@revision] in the Hugging Face cache. Nothing here opens a model.
 */
#ifndef MODELNAME_H
#define MODELNAME_H

#include "files/hubcache.h"

typedef struct {                    /* a name that may be given as --model   */
    const char *name;               /* "storyteller", "tinyllama"            */
    const char *repository;         /* "TinyLlama/…"; NULL: in the clone     */
    const char *draft;              /* the name here of a small model with the
                                     * same vocabulary; NULL: none is usual  */
} ModelName;

extern const ModelName model_names[];       /* ends with a NULL name         */

/* The folder for a name, into path. Errors: exit 2 unknown name or revision, with the
 * nearest known one; exit 3 known but not on this machine, with the command that
 * brings it. */
bool modelname_find(char path[HUBCACHE_PATH], const char *name, Error *error);

/* folder, found for name, could not be used: if that is because its download was not
 * finished, *error says so too, and with which command it is. */
void modelname_unfinished(Error *error, const char *name, const char *folder);

/* models/shapes/NAME.json: the config.json of a model that has a short name, without
 * its weights, into path. Errors: exit 2, no such shape, with the names there are. */
bool modelname_shape(char path[HUBCACHE_PATH], const char *name, Error *error);

/* Place i = 0, 1, … of those where folders of models lie, in the order in which they
 * are asked; "" when it is not known. false: there is no place i. */
bool modelname_place(char path[HUBCACHE_PATH], size_t i);

#endif
