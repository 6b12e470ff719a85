/* disk.c - is there room for what will be written?
 *
 *      a disk    ┌──────────────────────┬────────────────┬─────┐
 *                │ used                 │ free for you   │ kept│
 *                └──────────────────────┴────────────────┴─────┘
 *                                        f_bavail blocks
 *                                        of f_frsize bytes
 *                                        ├────────┤
 *                                         bytes to be written: fits
 *
 * To learn after ten minutes that the last gigabyte has no place is worse than to
 * learn it at once. A few percent of most disks are kept for the system's own
 * programs: they are free, but not for you, and asking for f_bfree instead of
 * f_bavail would count them in. A folder that is to be made lies on the disk of the
 * nearest one above it that is there.
 *
 * Source: POSIX statvfs. Read next: weights-tools/synthesize.c.
 */
#include "weights-tools/common/disk.h"

#include <string.h>         /* strrchr: the folder above                     */
#include <sys/statvfs.h>    /* statvfs                                       */

#include "base/memory.h"

#define MEGA 1e6            /* what people call a megabyte of disk           */

uint64_t disk_free(const char *path)
{
    char *folder = memory_text(path, strlen(path));
    struct statvfs disk;
    bool known;

    for (char *slash; !(known = statvfs(folder, &disk) == 0)
                      && (slash = strrchr(folder, '/')) != NULL;)
        slash[slash == folder] = '\0';
    known = known || statvfs(".", &disk) == 0;
    memory_give_back(folder);
    return known ? (uint64_t)disk.f_bavail * disk.f_frsize : UINT64_MAX;
}

bool disk_check(const char *folder, uint64_t bytes, Error *error)
{
    uint64_t room = disk_free(folder);

    return room >= bytes
        || error_code(error, EXIT_ROOM, "%s: %.0f MB are to be written, and the disk "
                      "has room for %.0f MB: make room, or choose another disk",
                      folder, (double)bytes / MEGA, (double)room / MEGA);
}
