/* modeldir.h - a model's folder: opened once, shared by all
 *
 * Rules of use: a ModelDir owns the mapped files and the tokenizer, and outlives
 * the Models made from it. What may be given as a name: decode/modelname.h.
 */
#ifndef MODELDIR_H
#define MODELDIR_H

#include "decode/modelname.h"
#include "decode/sampling.h"
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
    SamplingConfig sampling;        /* the model's own wishes, see the .c    */
    int eos[CONFIG_EOS + 1];        /* generation_config's, else config's;   */
    int eos_count;                  /* … and a chat's end of turn            */
} ModelDir;

/* TOKENIZER: only tokenizer.json is needed. WEIGHTS: config and weights, to be
 * looked at. ALL: these, the tokenizer and the wishes. */
typedef enum { MODELDIR_TOKENIZER, MODELDIR_WEIGHTS, MODELDIR_ALL } ModelDirParts;

/* Errors: those of modelname_find; exit 3 for a folder that cannot be used. */
bool modeldir_open(ModelDir *dir, const char *name, ModelDirParts parts,
                   Error *error);
void modeldir_close(ModelDir *dir);

/* The layout of conversations: the model's own, or one by name (CHAT_NAMES of
 * text/chat.h). From then on its end of turn is in dir->eos. Once per folder.
 * Errors: exit 3 when the model has none or an unknown one; exit 2, no such name.
 * Owner: the caller, chat_free; nothing is held after a failure. */
bool modeldir_chat(ChatTemplate *chat, ModelDir *dir, const char *name, Error *error);

#endif
