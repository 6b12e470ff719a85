/* place.c - where this program lies, and what lies in a folder
 *
 *      a clone                      what `make install` makes
 *
 *      billion-llm/                 /usr/local/
 *      ├── run           ◄── program ──►  ├── bin/billion-llm
 *      ├── build/                         └── share/billion-llm/
 *      │   └── debug/run                      └── models/
 *      └── models/                                └── storyteller/
 *          └── storyteller/
 *
 * The tiny models ship beside the program, and a person may start it from anywhere.
 * A path that is compiled in breaks when the folder is moved; the folder that the
 * program was started from is known to the shell and not to us. But every system can
 * say which file a process runs, and from there the models are a fixed step away.
 *
 * Corners that are met below:
 *
 * - readlink does not end its answer with a NUL, and cuts an answer that is too
 *   long without a word: an answer that fills the room counts as none.
 * - readdir gives names in whatever order the disk has them, which differs from one
 *   machine to the next: they are sorted, by bytes and not by the locale.
 *
 * Read next: decode/modelname.c.
 */
#include "base/place.h"

#include <dirent.h>         /* opendir, readdir                              */
#include <limits.h>         /* PATH_MAX                                      */
#include <stdlib.h>         /* qsort, realpath                               */
#include <string.h>         /* strrchr, strcmp, strlen                       */
#include <unistd.h>         /* readlink                                      */

#include "base/mapfile.h"   /* path_is_file                                  */

#if defined(__APPLE__)
#include <mach-o/dyld.h>    /* _NSGetExecutablePath                          */
#endif

bool place_program(char *path, size_t room)
{
#if defined(__APPLE__)
    uint32_t size = (uint32_t)room;

    return _NSGetExecutablePath(path, &size) == 0;
#else
    ssize_t length = readlink("/proc/self/exe", path, room);

    if (length <= 0 || (size_t)length >= room)
        return false;
    path[length] = '\0';
    return true;
#endif
}

bool place_of_program(char *path, size_t room)
{
    char *slash;

    if (!place_program(path, room))
        return false;
    slash = strrchr(path, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

const char *place_with(const char *file, Arena *arena)
{
    static const char *const steps[] = { "", "/..", "/../.." };
    char program[PATH_MAX], real[PATH_MAX];
    bool known = place_of_program(program, sizeof program);

    for (int i = known ? 0 : 3; i < 4; i++) {
        const char *folder = i == 3 ? "."
                           : arena_print(arena, "%s%s", program, steps[i]);

        if (path_is_file(arena_print(arena, "%s/%s", folder, file))
            && realpath(folder, real) != NULL)
            return arena_text(arena, real, strlen(real));
    }
    return NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Cost: the folder is read twice, to count and to keep; names that come in between
 * are left for the next time. */
const char **place_names(const char *folder, Arena *arena, int *count)
{
    DIR *directory = opendir(folder);
    const char **names = NULL;
    int room = 0;

    *count = 0;
    if (directory == NULL)
        return NULL;
    while (readdir(directory) != NULL)
        room++;
    rewinddir(directory);
    names = arena_get(arena, (size_t)room * sizeof *names);
    for (struct dirent *entry;
         *count < room && (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            names[(*count)++] = arena_text(arena, entry->d_name,
                                           strlen(entry->d_name));
    closedir(directory);
    if (*count > 0)
        qsort(names, (size_t)*count, sizeof *names, by_bytes);
    return names;
}
