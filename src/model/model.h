/* model.h - token ids in, logits out: the one forward pass
 *
 * Rules of use:
 * 1. A Model is const after model_load; any number of Workspaces and caches may
 *    use it at once. The Safetensors it was loaded from must outlive it.
 * 2. A pass takes n rows, each (id, position, cache). Rows of one cache come in
 *    order of position and continue the cache without a gap.
 * 3. A pass that is stopped or fails leaves every cache as long as it was.
 */
#ifndef MODEL_H
#define MODEL_H

#include "base/watch.h"
#include "model/block.h"

typedef struct {
    Config config;
    Weights weights;
    Rope rope;
} Model;

typedef struct {
    int id;                 /* 0 … V-1                                       */
    int position;           /* == the cache's length + rows of it before this */
    KvCache *cache;
    bool wants_logits;
} Row;

typedef struct {            /* scratch of a pass; {0}, then workspace_init   */
    Activations activations;
    int rows;               /* T at most                                     */
    int logit_rows;         /* at most this many rows with logits per pass   */
    int *positions;         /* [rows]                                        */
    KvCache **caches;       /* [rows]                                        */
    AttentionRow *looks;    /* [rows]                                        */
    float *scratch;
    float *chosen;          /* [logit_rows, E] rows that want logits         */
    float *normed;          /* [logit_rows, E] after the final norm          */
    float *logits;          /* [logit_rows, V] out, in order of rows         */
    size_t bytes;           /* of all of these                               */
} Workspace;

bool model_load(Model *model, const Json *config, const Safetensors *file,
                Error *error);
void model_free(Model *model);

size_t workspace_bytes(const Config *config, int rows, int logit_rows, int S);
/* S: the longest context of any cache that will be used with it. */
bool workspace_init(Workspace *w, const Config *config, int rows,
                    int logit_rows, int S, Error *error);
void workspace_free(Workspace *w);

/* Errors: id out of range, a value that is not finite (exit 3), stopped (130). */
bool model_forward(Workspace *w, const Model *model, const Row *rows, int n,
                   const Adapter *adapter, const Probe *probe,
                   const Watch *watch, Error *error);

#endif
