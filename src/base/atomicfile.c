/* atomicfile.c - a file that is there whole, or not at all
 *
 *      open           write          commit
 *
 *      out.bin        out.bin        out.bin                       out.bin
 *      (old, whole)   (old, whole)   (old, whole)                  (new, whole)
 *                                                                      ▲
 *      out.bin        out.bin        fsync: the bytes   rename: ───────┘
 *      .4711.part     .4711.part     are on the disk    one step, or none
 *      (empty)        ░░▓▓▓▓         ▓▓▓▓▓▓▓▓
 *
 * Writing into the file itself leaves, after Ctrl-C, a full disk or a power cut, a
 * file that has the right name and half of its bytes: the worst kind, because
 * the next program believes it. So the bytes go to a file beside, and only when the
 * last one has reached the disk does the new file take the name. Renaming inside
 * a folder is one step for everybody who looks: they see the old one or the new one.
 *
 * Corners that are met below:
 *
 * - Beside means in the same folder: a rename cannot cross to another disk.
 * - Without fsync before the rename, a power cut can leave the new name on an
 *   empty file: names and bytes travel to the disk separately. The name itself
 *   is safe when the *folder* was synced too.
 * - A process that is killed leaves its .part file. It carries the process's number,
 *   so that two runs do not write into each other's, and a later one that
 *   happens to have the same number starts it anew.
 * - --out /dev/null would replace the device by a file: only a regular file, or
 *   a name that does not exist yet, is taken. A symbolic link is replaced itself.
 *
 * Source: POSIX rename and fsync. Read next: files/safetensors_write.c.
 */
#include "base/atomicfile.h"

#include <errno.h>          /* EINTR, EINVAL                                 */
#include <fcntl.h>          /* open                                          */
#include <stdio.h>          /* snprintf, rename                              */
#include <string.h>         /* strlen, strrchr                               */
#include <sys/stat.h>       /* what is at path now                           */
#include <unistd.h>         /* write, fsync, close, unlink, getpid           */

#include "base/memory.h"    /* memory_text, memory_get_bytes                 */

static bool failed(const AtomicFile *file, const char *step, Error *error)
{
    return error_system(error, file->path, step,
                        "; make room and run again, nothing was changed",
                        "; choose another place, nothing was changed");
}

/* Refuse before hours of work what rename would refuse or destroy after them. */
static bool may_replace(const char *path, Error *error)
{
    struct stat status;

    if (stat(path, &status) != 0 || S_ISREG(status.st_mode))
        return true;
    return error_set(error, "%s: is %s; give the name of a file to write", path,
                     S_ISDIR(status.st_mode) ? "a folder"
                     : "a device or a pipe, which would be replaced by a file");
}

/* Start to write what will be at path.
 *
 *   file    out. Owner: the caller, until commit or abandon; after a failure
 *           there is nothing to abandon, and doing it does nothing
 *   Errors: a folder or device at path, a folder that is missing or may not be
 *           written (exit 3), no room (exit 5) */
bool atomicfile_open(AtomicFile *file, const char *path, Error *error)
{
    size_t room = strlen(path) + 32;

    *file = (AtomicFile){ .descriptor = -1 };
    if (!may_replace(path, error))
        return false;
    file->path = memory_text(path, strlen(path));
    file->beside = memory_get_bytes(room);
    snprintf(file->beside, room, "%s.%ld.part", path, (long)getpid());
    unlink(file->beside);           /* of a killed run with our number       */
    file->descriptor = open(file->beside,
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        failed(file, "creating a file in that folder", error);
        atomicfile_abandon(file);
        return false;
    }
    return true;
}

/* Append bytes. Cost: a system call each, so gather small pieces before. The
 * system may take fewer than offered, and a signal may interrupt it: go on. */
bool atomicfile_write(AtomicFile *file, const void *data, size_t bytes,
                      Error *error)
{
    const unsigned char *next = data;

    while (bytes > 0) {
        ssize_t taken = write(file->descriptor, next, bytes);

        if (taken < 0 && errno == EINTR)
            continue;
        if (taken < 0)
            return failed(file, "writing", error);
        next += taken;
        bytes -= (size_t)taken;
    }
    return true;
}

/* The folder's list of names, onto the disk. File systems that cannot do that,
 * and folders that we may write but not read, are left to their own devices:
 * the file is in place already. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? memory_text(".", 1)
                 : memory_text(path, (size_t)(slash - path) + 1);
    int descriptor = open(folder, O_RDONLY | O_CLOEXEC);

    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    memory_give_back(folder);
}

/* Put the file in its place: sync (EINVAL: a file system that cannot), close (a
 * network disk reports a full quota only here), rename, sync the folder.
 *
 *   Errors: as for writing; then path is as it was and file is abandoned
 *
 * Cost: waits until the disk has everything. */
bool atomicfile_commit(AtomicFile *file, Error *error)
{
    bool fine = fsync(file->descriptor) == 0 || errno == EINVAL;

    if (!fine)
        failed(file, "writing to the disk", error);
    if (close(file->descriptor) != 0 && fine)
        fine = failed(file, "closing", error);
    file->descriptor = -1;
    if (fine && rename(file->beside, file->path) != 0)
        fine = failed(file, "renaming into place", error);
    if (fine) {
        sync_folder(file->path);
        memory_give_back(file->beside);
        file->beside = NULL;        /* it is path now: not to be removed     */
    }
    atomicfile_abandon(file);
    return fine;
}

/* Remove what was written beside; path stays as it was. */
void atomicfile_abandon(AtomicFile *file)
{
    if (file->descriptor >= 0 && file->path != NULL)
        close(file->descriptor);
    if (file->beside != NULL)
        unlink(file->beside);
    memory_give_back(file->path);
    memory_give_back(file->beside);
    *file = (AtomicFile){ .descriptor = -1 };
}

bool atomicfile_save(const char *path, const void *data, size_t bytes, Error *error)
{
    AtomicFile file;
    bool fine = atomicfile_open(&file, path, error)
             && atomicfile_write(&file, data, bytes, error)
             && atomicfile_commit(&file, error);

    atomicfile_abandon(&file);
    return fine;
}
