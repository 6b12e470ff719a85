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

/* The scratch of a pass: X(type, name, how many), in terms of the arguments of
 * workspace_init (config is c). As in activations.h, this is the only list.
 * positions, caches, looks, scratch, codes: lent to every block, see Pass in block.h;
 * chosen: rows that want logits; normed: after the final norm; logits: the
 * result, [logit_rows, V], in order of rows. */
#define WORKSPACE(X)                                                          \
    X(int,          positions, rows)                                          \
    X(KvCache *,    caches,    rows)                                          \
    X(AttentionRow, looks,     rows)                                          \
    X(float,        scratch,   workspace_scratch(c, rows, S))                 \
    X(unsigned char, codes,    workspace_codes(c, rows, logit_rows))          \
    X(float,        chosen,    (size_t)logit_rows * (size_t)c->E)             \
    X(float,        normed,    (size_t)logit_rows * (size_t)c->E)             \
    X(float,        logits,    (size_t)logit_rows * (size_t)c->V)

typedef struct {
    Activations activations;
    int rows;               /* T at most                                     */
    int logit_rows;         /* at most this many rows with logits per pass   */
    int S;                  /* positions of the longest cache                */
#define WORKSPACE_FIELD(type, name, count) type *name;
    WORKSPACE(WORKSPACE_FIELD)
#undef WORKSPACE_FIELD
    unsigned char *memory;  /* all of them, one after another                */
    size_t bytes;           /* of these and the activations                  */
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
