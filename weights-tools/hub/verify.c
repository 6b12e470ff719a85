/* verify.c - read what was fetched once more, and compare its checksums
 *
 *      snapshots/COMMIT/model.safetensors ──► blobs/6e6001da…
 *                       │                            │ the name says
 *              the file's own name                   ▼
 *              for the message           6e6001da… = SHA-256 of the bytes?
 *                                        3f2b90cc… = SHA-1 of "blob SIZE", NUL, bytes?
 *
 * Disks forget. A copy that stopped halfway, a stick that was pulled out, a bit that
 * turned: a model with one wrong number still talks, only worse, and nobody suspects the
 * file. The cache makes it easy to know: every blob is named by its checksum, so no list
 * and no network is needed.
 *
 * All commits of a repository that are here are read; a blob that several share is read
 * once for each. A link that leads nowhere is a file that is gone. Where a disk knows no
 * links, the snapshot holds files without a checksum in their name: these are counted as
 * unknown, and fetching again (which asks the hub) compares them.
 *
 * Read next: store.c.
 */
#include "weights-tools/hub/verify.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* strcmp, strrchr                               */
#include <unistd.h>         /* readlink                                      */

#include "base/mapfile.h"
#include "base/place.h"
#include "base/progress.h"
#include "weights-tools/hub/bench.h"
#include "weights-tools/hub/plan.h"
#include "weights-tools/hub/store.h"

#define DEEPEST 4                   /* folders inside a snapshot             */

typedef struct {
    Verification *v;
    Progress progress;
    size_t done, all;               /* bytes                                 */
    const char *typed;
    Error *error;
} Walk;

static void add(Walk *w, const char *file, const char *path, const char *checksum,
                Verified result)
{
    Verification *v = w->v;

    if (v->count == v->room) {
        v->room = v->room * 2 + 16;
        v->files = memory_grow(v->files, (size_t)v->room * sizeof *v->files);
    }
    v->files[v->count++] = (VerifiedFile){
        .typed = w->typed, .file = arena_text(&v->arena, file, strlen(file)),
        .path = arena_text(&v->arena, path, strlen(path)),
        .checksum = arena_text(&v->arena, checksum, strlen(checksum)),
        .size = store_size(path), .result = result };
}

/* What its name says of it, before it is read. */
static void add_file(Walk *w, const char *file, const char *path, const char *checksum)
{
    int64_t size = store_size(path);

    w->all += size > 0 ? (size_t)size : 0;
    add(w, file, path, checksum, size < 0 ? VERIFIED_GONE
        : hubname_is_checksum(checksum) ? VERIFIED_RIGHT : VERIFIED_UNKNOWN);
}

static bool look_on(void *context, size_t done, size_t total)
{
    Walk *w = context;

    (void)total;
    progress_update(&w->progress, w->done + done, w->all);
    return true;
}

/* Read the files from number `first` on. */
static bool check_all(Walk *w, int first)
{
    Watch watch = { look_on, w };
    char digits[SHA_TEXT];

    for (int i = first; i < w->v->count; i++) {
        VerifiedFile *f = &w->v->files[i];

        if (f->result == VERIFIED_RIGHT) {
            if (!store_checksum(digits, f->path, f->checksum, &watch, w->error))
                return false;
            if (strcmp(digits, f->checksum) != 0)
                f->result = VERIFIED_DAMAGED;
        }
        w->done += f->size > 0 ? (size_t)f->size : 0;
        w->v->wrong += f->result == VERIFIED_DAMAGED || f->result == VERIFIED_GONE;
    }
    return true;
}

/* The names in a folder of a snapshot, and in those below. file: "" or "sub/". */
static void walk(Walk *w, const char *folder, const char *file, int depth)
{
    Arena *arena = &w->v->arena;
    int count;
    const char **names = place_names(folder, arena, &count);

    for (int i = 0; i < count; i++) {
        const char *path = arena_print(arena, "%s/%s", folder, names[i]);
        const char *name = arena_print(arena, "%s%s", file, names[i]);
        char target[1024];
        ssize_t n = readlink(path, target, sizeof target - 1);
        const char *slash;

        target[n > 0 ? n : 0] = '\0';
        slash = strrchr(target, '/');
        if (n <= 0 && path_is_folder(path) && depth < DEEPEST) {
            walk(w, path, arena_print(arena, "%s/", name), depth + 1);
        } else {
            add_file(w, name, path, slash != NULL ? slash + 1 : target);
        }
    }
}

/* root/models--org--name, into path. */
static bool repository_folder(char path[HUBCACHE_PATH], const char *word,
                              const Settings *settings, Error *error)
{
    HubName name;

    return hubname_read(&name, word, error)
        && (hubcache_folder(path, settings->cache, name.repository)
            || error_code(error, EXIT_USAGE, "%s: too long for a path", settings->cache));
}

static bool not_here(const char *word, const char *path, Error *error)
{
    return error_set(error, "%s is not on this machine (looked for %s): download %s fetches "
                     "it", word, path, word);
}

static bool verify_model(Walk *w, const Settings *settings)
{
    char path[HUBCACHE_PATH];
    Arena *arena = &w->v->arena;
    const char **commits, *snapshots;
    int count, before = w->v->count;

    if (!repository_folder(path, w->typed, settings, w->error))
        return false;
    snapshots = arena_print(arena, "%s/snapshots", path);
    commits = place_names(snapshots, arena, &count);
    for (int i = 0; i < count; i++)
        walk(w, arena_print(arena, "%s/%s", snapshots, commits[i]), "", 0);
    if (w->v->count == before)
        return not_here(w->typed, path, w->error);
    return check_all(w, before);
}

static void say_bench(void *context, const char *file, bool right)
{
    Walk *w = context;

    add(w, file, file, "", right ? VERIFIED_RIGHT : VERIFIED_DAMAGED);
    w->v->wrong += !right;
}

bool verify_word(Verification *v, const char *word, const Settings *settings, Error *error)
{
    Walk w = { .v = v, .typed = word, .error = error };
    const char *folder = arena_print(&v->arena, "%s/%s", settings->bench, word);
    bool fine;

    progress_start(&w.progress, "verifying");
    if (strcmp(word, "mmlu") == 0) {
        int before = v->count;

        fine = bench_check(folder, say_bench, &w, error) >= 0 || error->code == 0;
        fine = fine && (v->count > before || not_here(word, folder, error));
    } else if (strcmp(word, "humaneval") == 0) {
        const char *path = arena_print(&v->arena, "%s/HumanEval.jsonl.gz", folder);

        if (path_is_file(path))
            add_file(&w, "HumanEval.jsonl.gz", path, HUMANEVAL_SHA);
        fine = path_is_file(path) ? check_all(&w, v->count - 1)
                                  : not_here(word, path, error);
    } else {
        fine = verify_model(&w, settings);
    }
    progress_end(&w.progress);
    return fine;
}

bool verify_is_here(const char *word, const Settings *settings)
{
    char path[HUBCACHE_PATH];
    Error none = {0};

    if (strcmp(word, "mmlu") == 0 || strcmp(word, "humaneval") == 0)
        return snprintf(path, sizeof path, "%s/%s/%s", settings->bench, word,
                        word[0] == 'm' ? "SHA256SUMS" : "HumanEval.jsonl.gz")
               < (int)sizeof path && path_is_file(path);
    return repository_folder(path, word, settings, &none) && path_is_folder(path);
}

void verify_free(Verification *v)
{
    memory_give_back(v->files);
    arena_free(&v->arena);
}
