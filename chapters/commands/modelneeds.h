/* modelneeds.h - one line about a model that is on this machine
 *
 * Rules of use: looks at headers only; what a ModelSeen points to lives in the arena.
 */
#ifndef MODELNEEDS_H
#define MODELNEEDS_H

#include "chapters/commands/found.h"
#include "decode/modeldir.h"

/* Number formats of the matrices: X(member of JSON, format). */
#define NEEDS(X) X(f16, FORMAT_F16) X(int8, FORMAT_INT8) X(int4, FORMAT_INT4)

#define NEED_ENUM(name, format) NEED_##name,
enum { NEEDS(NEED_ENUM) NEED_COUNT };
#undef NEED_ENUM

#define NEED_POSITIONS 2048         /* tokens of the cache, or the context   */

typedef struct {
    const char *name, *folder, *place;
    bool usable;                /* the files can be read; false: error says why */
    bool supported;             /* this engine runs it; false: error says why */
    int V;                      /* rows of the vocabulary; 0: not known      */
    char architecture[64], format[16];
    uint64_t parameters;
    uint64_t bytes;             /* of the tensors, as they lie in the file   */
    double session;             /* bytes of cache and activations            */
    double needed[NEED_COUNT];  /* bytes in all; 0: not known                */
    const char **draft_of;      /* [drafts] names of models it can draft for */
    int drafts;
    Error error;
} ModelSeen;

void model_look(ModelSeen *seen, const FoundModel *found, Arena *arena);

/* Bytes in all, with the weights as they lie in the file. */
double model_needs_now(const ModelSeen *seen);

#endif
