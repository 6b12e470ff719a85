/* lookagain.h - a folder that was just made: is it a model for the engine?
 *
 * Rules of use: after everything was written, before newfolder_commit.
 */
#ifndef LOOKAGAIN_H
#define LOOKAGAIN_H

#include "decode/modeldir.h"
#include "weights-tools/common/newfolder.h"

/* Open it as ./run does: config, every tensor, and what else parts names.
 *   from    what it was made of, for the message
 * Errors: those of modeldir_open and model_load. */
bool look_again(const NewFolder *folder, ModelDirParts parts, const char *from,
                Error *error);

#endif
