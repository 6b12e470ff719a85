/* found.h - every model that is on this machine
 *
 * Rules of use: looks at folders only; nothing is opened. A folder that is listed may
 * turn out to be of no use: whoever opens it says why.
 */
#ifndef FOUND_H
#define FOUND_H

#include "base/memory.h"
#include "decode/modelname.h"

typedef struct {
    const char *name;               /* what --model takes                    */
    const char *folder;             /* as far as it is known                 */
    const char *place;              /* the folder of models it was found in  */
} FoundModel;

/* Those of the clone first, then the Hugging Face cache with all its revisions; by
 * name. What a name means is listed once. Owner: the arena. */
const FoundModel *models_found(Arena *arena, int *count);

#endif
