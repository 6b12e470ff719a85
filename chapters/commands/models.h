/* models.h - one line about a model that is on this machine
 *
 * Rules of use: looks at headers only; the strings live as long as the FoundModel.
 */
#ifndef MODELS_H
#define MODELS_H

#include "decode/modeldir.h"

typedef struct {
    const char *name, *folder;
    bool usable;                /* false: error says why                     */
    bool supported;             /* this engine runs its architecture         */
    char architecture[64], format[16];
    uint64_t parameters, bytes;
    Error error;
} ModelSeen;

void model_look(ModelSeen *seen, const FoundModel *found);

#endif
