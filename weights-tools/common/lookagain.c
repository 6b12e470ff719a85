/* lookagain.c - open what was written, before it gets its name
 *
 *      folder.part/ ──► modeldir_open ──► model_load ──► fine: newfolder_commit
 *                             └──────────────┴─────────► Error: all is removed
 *
 * A tool that writes models has read a file that may be wrong in ways it does not look
 * for. The engine does look: so it is asked, and a folder that it would refuse never
 * appears.
 *
 * Opening is cheap: files are mapped, names and shapes are compared, and of the weights
 * only norms and biases are read.
 *
 * Read next: weights-tools/common/newfolder.c.
 */
#include "weights-tools/common/lookagain.h"

#include "model/model.h"        /* model_load                                */

/* See the header. A failed modeldir_open leaves nothing open. */
bool look_again(const NewFolder *folder, ModelDirParts parts, const char *from,
                Error *error)
{
    ModelDir dir;
    Model model;
    bool fine = modeldir_open(&dir, folder->beside, parts, error);

    if (fine) {
        fine = model_load(&model, dir.config.root, &dir.file, error);
        if (fine)
            model_free(&model);
        modeldir_close(&dir);
    }
    return fine || error_where(error, "%s: what was made of it is no model", from);
}
