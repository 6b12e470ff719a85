/* mapfile.c - a whole file as an array of bytes, without reading it
 *
 *      the file on disk         ┌────────┬────────┬────────┬─────┐
 *                               │ page 0 │ page 1 │ page 2 │ end │
 *                               └────────┴───┬────┴────────┴─────┘
 *                                            │ read when first touched
 *      memory of the system     ┌────────┬───▼────┬────────┬─────┐
 *      (the page cache)         │        │ page 1 │        │     │
 *                               └────────┴───▲────┴────────┴─────┘
 *                                            │ not copied: shown
 *      file.bytes               ┌────────┬───┴────┬────────┬─────┐
 *      [size], const            │ ░░░░░░ │ ▓▓▓▓▓▓ │ ░░░░░░ │ ░░░ │
 *                               └────────┴────────┴────────┴─────┘
 *
 * Two gigabytes of weights need not be read before the first word: mmap makes
 * the file look like memory, and the system brings a page in when somebody looks
 * at it. Pages are shared with every other process that maps the same file, stay in
 * the cache for the next run, and can be dropped at any moment because the disk
 * has them. So a weight is a const pointer into this array, and copying
 * is the exception that needs a reason.
 *
 * Corners that are met below:
 *
 * - mmap refuses a length of 0, so a file of no bytes shows an empty array of ours.
 * - Opening a pipe for reading waits until somebody writes. O_NONBLOCK comes back at
 *   once; then the kind of file is looked at, and only a regular file is taken.
 * - If another program cuts the file short, touching a page behind the new end kills
 *   us with SIGBUS. Nobody can rule that out; mapfile_check can tell a reader who is
 *   about to start long work. Replacing a file by renaming a new one over it is
 *   harmless: the mapping keeps the old one, and so does our descriptor.
 *
 * Read next: files/safetensors.c. Lesson: chapters/chapter02_weights.c.
 */
#include "base/mapfile.h"

#include <errno.h>          /* why opening failed                            */
#include <fcntl.h>          /* open                                          */
#include <string.h>         /* memcmp, strerror, strlen                      */
#include <sys/mman.h>       /* mmap, munmap, madvise                         */
#include <sys/stat.h>       /* fstat: what kind of file, how long            */
#include <unistd.h>         /* close, sysconf                                */

#include "base/memory.h"    /* memory_text                                   */

/* The kinds that are refused, in a person's words. */
static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)  ? "a folder"
         : S_ISFIFO(mode) ? "a pipe"
         : S_ISCHR(mode)  ? "a device"
         : S_ISBLK(mode)  ? "a disk device"
         : S_ISSOCK(mode) ? "a socket" : "not a regular file";
}

/* The file's size behind an open descriptor, if its bytes can be shown at all. */
static bool measure(int descriptor, const char *path, size_t *size, Error *error)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0)
        return error_set(error, "%s: cannot be looked at: %s", path,
                         strerror(errno));
    if (!S_ISREG(status.st_mode))
        return error_set(error, "%s: is %s, and a file of its own is needed "
                         "here (its bytes are read in any order)", path,
                         kind_of(status.st_mode));
    *size = (size_t)status.st_size;
    if ((off_t)*size != status.st_size)
        return error_set(error, "%s: %lld bytes are more than this machine's "
                         "addresses reach; use a 64-bit build", path,
                         (long long)status.st_size);
    return true;
}

/* Show the bytes of an open file; size is known. */
static bool show(MapFile *file, Error *error)
{
    void *bytes;

    if (file->size == 0) {
        file->bytes = (const unsigned char *)"";
        return true;
    }
    bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, file->descriptor, 0);
    if (bytes == MAP_FAILED)
        return error_code(error, errno == ENOMEM ? EXIT_ROOM : EXIT_INPUT,
                          "%s: cannot map %zu bytes: %s", file->path, file->size,
                          strerror(errno));
    file->bytes = bytes;
    return true;
}

static bool refuse_open(const char *path, int why, Error *error)
{
    return error_set(error, "%s: cannot be opened: %s%s", path, strerror(why),
                     why == ENOENT && path_is_there(path)
                     ? " (it is a link, and what it leads to is gone)" : "");
}

/* Map the whole file at path, read-only.
 *
 *   file    out; untouched by a failure. Owner: the caller, until mapfile_close
 *   Errors: missing, not allowed, a folder, a pipe, a device (exit 3); no
 *           addresses left (exit 5)
 *
 * Cost: three system calls, whatever the size. */
bool mapfile_open(MapFile *file, const char *path, Error *error)
{
    MapFile opened = {0};

    opened.descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened.descriptor < 0)
        return refuse_open(path, errno, error);
    opened.path = memory_text(path, strlen(path));
    if (!measure(opened.descriptor, path, &opened.size, error)
        || !show(&opened, error)) {
        close(opened.descriptor);
        memory_give_back(opened.path);
        return false;
    }
    *file = opened;
    return true;
}

/* Is the file still as long as it was? Errors: exit 3, with both sizes. */
bool mapfile_check(const MapFile *file, Error *error)
{
    size_t size;

    if (!measure(file->descriptor, file->path, &size, error))
        return false;
    if (size != file->size)
        return error_set(error, "%s: was %zu bytes long and is now %zu: another "
                         "program writes to it; start again when that is done",
                         file->path, file->size, size);
    return true;
}

bool mapfile_refuse_pointer(const MapFile *file, Error *error)
{
    static const char note[] = "version https://git-lfs";

    return file->size < sizeof note || file->size > 1024
        || memcmp(file->bytes, note, sizeof note - 1) != 0
        || error_set(error, "%s: this is a git-lfs pointer, not the file itself: "
                     "run git lfs pull in that folder, or download the file",
                     file->path);
}

/* A MapFile of zeros, or one that is closed already, is fine. */
void mapfile_close(MapFile *file)
{
    if (file->path == NULL)
        return;
    if (file->size > 0)
        munmap((void *)(uintptr_t)file->bytes, file->size);
    close(file->descriptor);
    memory_give_back(file->path);
    *file = (MapFile){0};
}

/* Only whole pages inside [begin, end) can go back; the ragged ends stay. */
void mapfile_give_back(const MapFile *file, size_t begin, size_t end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t first = round_up(begin, page), last = end / page * page;

    must(begin <= end && end <= file->size, "[%zu, %zu) of %zu bytes", begin, end,
         file->size);
    if (first < last)
        madvise((void *)(uintptr_t)(file->bytes + first), last - first,
                MADV_DONTNEED);
}

bool path_is_there(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

bool path_is_link(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

bool path_is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool path_is_file(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}
