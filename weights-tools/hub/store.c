/* store.c - the cache on the disk: folders, links, refs, locks
 *
 *      models--org--name/
 *      ├── blobs/
 *      │   ├── 6e6001da…              a file under its checksum  ◄─────┐
 *      │   └── 3f2b90cc….incomplete   one that is still coming         │
 *      ├── snapshots/fe8a4ea1…/                                        │
 *      │   ├── model.safetensors ─────► ../../blobs/6e6001da… ─────────┘
 *      │   └── config.json ───────────► ../../blobs/…
 *      └── refs/main                  "fe8a4ea1…": written last of all
 *      .locks/models--org--name/6e6001da….lock
 *
 * Other programs read this cache at the same moment, and some write it. What keeps them
 * and us from seeing half a thing is the order: bytes go to a name that nobody looks for;
 * when their checksum is right, a rename gives them the blob's name; then the link; and
 * when every file of the commit is there, the ref. A power cut between any two steps
 * leaves a cache that is merely older.
 *
 * A lock is a file that a process holds (flock); it ends with the process, however that
 * ends. The same files are locked in the same way by huggingface_hub.
 *
 * Corners: some disks (FAT, some network disks) know no links; then the snapshot holds
 * the files themselves. Links are relative, so that a cache can be moved; each folder
 * below the commit adds one "../".
 *
 * The engine leaves system calls to src/base. What only a downloader wants of a system
 * (links, locks, folders on the way) stands here.
 *
 * Source: huggingface_hub's file_download. Read next: transfer.c.
 */
#include "weights-tools/hub/store.h"

#include <errno.h>          /* EEXIST, EWOULDBLOCK, EINTR                    */
#include <fcntl.h>          /* open                                          */
#include <stdio.h>          /* fprintf, rename                               */
#include <string.h>         /* strchr, memcmp                                */
#include <sys/file.h>       /* flock                                         */
#include <sys/stat.h>       /* mkdir, stat                                   */
#include <unistd.h>         /* symlink, link, unlink, usleep                 */

#include "base/interrupt.h"
#include "base/memory.h"

#define PIECE ((size_t)1 << 18)     /* bytes read at once                    */

bool store_failed(const char *path, const char *step, Error *error)
{
    return error_system(error, path, step, "; make room and run the same command again: it "
                        "goes on from there", "");
}

bool store_folders_of(const char *path, Error *error)
{
    char *folder = memory_text(path, strlen(path));
    bool fine = true;

    for (char *slash = strchr(folder + 1, '/'); fine && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            fine = store_failed(folder, "making a folder", error);
        *slash = '/';
    }
    memory_give_back(folder);
    return fine;
}

int64_t store_size(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode) ? (int64_t)status.st_size
                                                               : -1;
}

/* "../../blobs/NAME", as many "../" as folders lie between path and the folder that
 * both are in. Returns out. */
static const char *relative(char *out, size_t room, const char *path, const char *blob)
{
    size_t same = 0, used = 0;

    for (size_t i = 0; path[i] != '\0' && path[i] == blob[i]; i++)
        if (path[i] == '/')
            same = i + 1;
    for (const char *p = strchr(path + same, '/'); p != NULL; p = strchr(p + 1, '/'))
        used += (size_t)snprintf(out + used, room - used, "../");
    snprintf(out + used, room - used, "%s", blob + same);
    return out;
}

/* The steps go to a name beside, which a rename makes the right one: nobody sees path
 * missing. link: a second name for the same bytes, where the disk can. */
bool store_name(const char *path, const char *blob, bool links, Error *error)
{
    char target[4096], now[4096];
    size_t room = strlen(path) + 32;
    ssize_t length = readlink(path, now, sizeof now - 1);
    char *beside;
    bool made;

    relative(target, sizeof target, path, blob);
    if (length > 0 && (size_t)length == strlen(target)
        && memcmp(now, target, (size_t)length) == 0)
        return true;
    if (store_size(blob) < 0 && store_size(path) >= 0)
        return true;                /* the file itself lies there already    */
    if (!store_folders_of(path, error))
        return false;
    beside = memory_get_bytes(room);
    snprintf(beside, room, "%s.%ld.part", path, (long)getpid());
    unlink(beside);
    made = (links && symlink(target, beside) == 0) || link(blob, beside) == 0;
    made = rename(made ? beside : blob, path) == 0;
    if (!made)
        store_failed(path, "giving a file its name", error);
    unlink(beside);                 /* rename of one file's two names leaves both */
    memory_give_back(beside);
    return made;
}

bool store_lock(int *lock, const char *path, const char *what, Error *error)
{
    bool said = false;

    *lock = -1;
    if (!store_folders_of(path, error))
        return false;
    *lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (*lock < 0)
        return store_failed(path, "opening a lock", error);
    while (flock(*lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return true;            /* a disk without locks: go on without   */
        if (interrupt_asked()) {
            store_unlock(lock);
            return error_code(error, EXIT_INTERRUPTED, "interrupted while another "
                              "download of %s was at work", what);
        }
        if (!said)
            fprintf(stderr, "note: another program is fetching %s: waiting for it\n", what);
        said = true;
        usleep(100000);
    }
    return true;
}

void store_unlock(int *lock)
{
    if (*lock >= 0)
        close(*lock);
    *lock = -1;
}

/* Cost: reads the file once. */
bool store_checksum(char digits[SHA_TEXT], const char *path, const char *like,
                    const Watch *watch, Error *error)
{
    FILE *file = fopen(path, "rb");
    unsigned char *piece;
    size_t n, done = 0;
    bool fine = true;
    Sha sha;

    if (file == NULL)
        return store_failed(path, "reading", error);
    if (strlen(like) == 40)
        sha_start_git(&sha, (uint64_t)store_size(path));
    else
        sha_start(&sha, SHA_256);
    piece = memory_get_bytes(PIECE);
    while (fine && (n = fread(piece, 1, PIECE, file)) > 0) {
        sha_add(&sha, piece, n);
        done += n;
        fine = watch_go_on(watch, done, done) && !interrupt_asked();
    }
    if (!fine)
        error_code(error, EXIT_INTERRUPTED, "interrupted");
    else if (ferror(file))
        fine = store_failed(path, "reading", error);
    sha_end(&sha, digits);
    memory_give_back(piece);
    fclose(file);
    return fine;
}
