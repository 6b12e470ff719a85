/* modeldir.h - a model's folder: found by name, opened once, shared by all
 *
 * Rules of use: a ModelDir owns the mapped files and the tokenizer, and outlives
 * the Models made from it. Names: a folder; a tiny model of the clone; a short
 * name or org/name[@revision] in the Hugging Face cache.
 */
#ifndef MODELDIR_H
#define MODELDIR_H

#include "decode/sampling.h"
#include "files/hubcache.h"
#include "files/safetensors.h"
#include "model/model.h"
#include "text/chat.h"
#include "text/tokenizer.h"

typedef struct {
    char path[HUBCACHE_PATH];
    JsonDocument config;            /* config.json                           */
    JsonDocument generation;        /* generation_config.json, root NULL: none */
    Tokenizer *tokenizer;
    Safetensors file;
    bool has_weights;
    SamplingConfig sampling;        /* the model's own wishes, see sampling.h */
    int eos[CONFIG_EOS], eos_count; /* generation_config's, else config's    */
} ModelDir;

typedef struct {                    /* a name that may be given as --model   */
    const char *name;               /* "storyteller", "tinyllama"            */
    const char *repository;         /* "TinyLlama/…"; NULL: in the clone     */
} ModelName;

extern const ModelName model_names[];       /* ends with a NULL name         */

/* The folder for a name, into path. Errors: exit 2 unknown name, with the
 * nearest known one; exit 3 known but not on this machine, with what to do. */
bool modeldir_find(char path[HUBCACHE_PATH], const char *name, Error *error);

typedef enum { MODELDIR_TOKENIZER, MODELDIR_ALL } ModelDirParts;
bool modeldir_open(ModelDir *dir, const char *name, ModelDirParts parts,
                   Error *error);
void modeldir_close(ModelDir *dir);

/* The model's chat template. Errors: exit 3 when it has none or an unknown one. */
bool modeldir_chat(ChatTemplate *chat, const ModelDir *dir, Error *error);

#endif
