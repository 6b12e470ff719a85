/* newfolder.c - a folder that is there whole, or not at all
 *
 *      open              files written           commit
 *
 *      out               out                     out
 *      (not there,       (as before)               config.json
 *       or empty)                                  model.safetensors
 *                                                     ▲
 *      out.4711.part     out.4711.part                │ rename: one step,
 *      (empty)             config.json                │ or none
 *                          model.safetensors  ────────┘
 *
 * A model is several files that belong together. A conversion that was stopped in the
 * middle must not leave a folder that looks like a model: the next program would take
 * the config of one and the weights of another. What base/atomicfile.c does for a file
 * is done here for a folder.
 *
 * Corners that are met below:
 *
 * - A rename puts a folder over an empty one, but never over one that holds something:
 *   so a folder that got files meanwhile is safe, and an empty one need not be removed.
 * - "out/" and "out" are the same folder; "out/.4711.part" would be inside of it. Slashes
 *   at the end are dropped.
 * - A folder of a killed run with our number is in the way: its files go first.
 * - Only plain files are removed, never a folder inside: we make none.
 *
 * Source: POSIX mkdir and rename. Read next: base/atomicfile.c.
 */
#include "weights-tools/common/newfolder.h"

#include <errno.h>          /* EEXIST                                       */
#include <stdio.h>          /* snprintf, rename                             */
#include <string.h>         /* strlen                                       */
#include <sys/stat.h>       /* mkdir                                        */
#include <unistd.h>         /* unlink, rmdir, getpid                        */

#include "base/mapfile.h"   /* path_is_there, path_is_folder                */
#include "base/place.h"     /* place_names                                  */

static bool failed(const char *path, const char *step, Error *error)
{
    return error_system(error, path, step, "; choose another place", "; choose another place");
}

static void empty(const char *path)
{
    Arena arena = {0};
    int count = 0;
    const char **names = place_names(path, &arena, &count);

    for (int i = 0; i < count; i++)
        unlink(arena_print(&arena, "%s/%s", path, names[i]));
    arena_free(&arena);
}

/* Errors: exit 3, when there is something at path: a file, a folder with files in it. */
static bool refuse_full(const char *path, Error *error)
{
    Arena arena = {0};
    int count = 0;

    if (!path_is_there(path))
        return true;
    if (!path_is_folder(path))
        return error_set(error, "%s: is a file; give the name of a folder to make", path);
    place_names(path, &arena, &count);
    arena_free(&arena);
    return count == 0
        || error_set(error, "%s: holds %d files already, and a model of another run "
                     "would be mixed with this one: remove them, or name a new folder",
                     path, count);
}

/*   folder   out. Owner: the caller, until commit or abandon
 *   Errors:  something is there (exit 3); it cannot be made (3), no room (5) */
bool newfolder_open(NewFolder *folder, const char *path, Error *error)
{
    size_t length = strlen(path), room;

    *folder = (NewFolder){0};
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        return error_set(error, "the name of the folder is empty");
    folder->path = memory_text(path, length);
    if (!refuse_full(folder->path, error))
        return false;
    room = length + 32;
    folder->beside = memory_get_bytes(room);
    snprintf(folder->beside, room, "%s.%ld.part", folder->path, (long)getpid());
    if (mkdir(folder->beside, 0777) == 0)
        return true;
    if (errno == EEXIST) {
        empty(folder->beside);
        return true;
    }
    failed(folder->path, "making a folder there", error);
    memory_give_back(folder->beside);
    folder->beside = NULL;
    return false;
}

/* Where a file of that name is written now. Owner: the folder. */
const char *newfolder_path(NewFolder *folder, const char *name)
{
    return arena_print(&folder->arena, "%s/%s", folder->beside, name);
}

/* The folder takes its name. Errors: as for open; then it is abandoned. */
bool newfolder_commit(NewFolder *folder, Error *error)
{
    bool fine = rename(folder->beside, folder->path) == 0
             || failed(folder->path, "renaming the finished folder", error);

    if (fine) {
        memory_give_back(folder->beside);
        folder->beside = NULL;
    }
    newfolder_abandon(folder);
    return fine;
}

void newfolder_abandon(NewFolder *folder)
{
    if (folder->beside != NULL) {
        empty(folder->beside);
        rmdir(folder->beside);
    }
    memory_give_back(folder->path);
    memory_give_back(folder->beside);
    arena_free(&folder->arena);
    *folder = (NewFolder){0};
}
