/* hubcache.c - find a model that the Hugging Face tools have downloaded
 *
 *      "org/name@main"
 *
 *      root                                     HF_HUB_CACHE, HF_HOME/hub, …
 *      └── models--org--name/                   (1)
 *          ├── refs/
 *          │   └── main ─────► "0123…cdef"      (2) a commit, 40 digits
 *          ├── blobs/                │
 *          │   └── 9f2c…  ◄──┐       ▼
 *          └── snapshots/    │   0123…cdef/     (3) the answer
 *                            │   ├── config.json
 *                            └───┴── model.safetensors
 *
 * Many people have the models already, gigabytes of them. The hub's tools keep
 * each file once, under its checksum, and a folder per commit whose names link to
 * these; so a snapshot looks like any other model folder, and the links need no
 * care: open follows them.
 *
 *      root = HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else HF_HOME/hub,
 *             else XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub
 *
 * Corners: names without an organization exist (models--gpt2). A revision may hold
 * slashes (refs/pr/1 is the file refs/refs/pr/1). A revision of 40 hexadecimal
 * digits is the commit itself. A name from the command line becomes a path here,
 * so nothing in it may step out of the root. A variable that is set to nothing
 * counts as not set, and a leading ~ in one is the home folder.
 *
 * Source: huggingface_hub's constants and file_download. Read next:
 * decode/modeldir.c. Lesson: chapters/chapter02_weights.c.
 */
#include "files/hubcache.h"

#include <stdarg.h>         /* parts of a path                              */
#include <stdio.h>          /* snprintf                                     */
#include <stdlib.h>         /* getenv                                       */
#include <string.h>         /* strchr, strspn, memchr                       */

#include "base/mapfile.h"   /* is it there; the text of a ref               */

#define HEX "0123456789abcdef"
#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define COMMIT 40           /* digits of a commit                           */

/* false: longer than a path may be. */
static bool spell(char path[HUBCACHE_PATH], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool spell(char path[HUBCACHE_PATH], const char *format, ...)
{
    va_list parts;
    int n;

    va_start(parts, format);
    n = vsnprintf(path, HUBCACHE_PATH, format, parts);
    va_end(parts);
    return n >= 0 && n < HUBCACHE_PATH;
}

/* variable's folder and what stands behind it, when it is set. */
static bool from_variable(char path[HUBCACHE_PATH], const char *variable,
                          const char *behind)
{
    const char *value = getenv(variable), *home = getenv("HOME");

    if (value == NULL || value[0] == '\0')
        return false;
    if (value[0] == '~' && (value[1] == '/' || value[1] == '\0') && home != NULL)
        return spell(path, "%s%s%s", home, value + 1, behind);
    return spell(path, "%s%s", value, behind);
}

bool hubcache_root(char path[HUBCACHE_PATH])
{
    return from_variable(path, "HF_HUB_CACHE", "")
        || from_variable(path, "HUGGINGFACE_HUB_CACHE", "")
        || from_variable(path, "HF_HOME", "/hub")
        || from_variable(path, "XDG_CACHE_HOME", "/huggingface/hub")
        || from_variable(path, "HOME", "/.cache/huggingface/hub");
}

static bool is_commit(const char *text)
{
    return strspn(text, HEX) == COMMIT && text[COMMIT] == '\0';
}

/* Parts between slashes: each made of the hub's letters, none begins with a dot
 * (so none is "..") or is empty; at most so many of them. */
static bool is_name(const char *text, int parts)
{
    for (; parts > 0; parts--) {
        size_t n = strspn(text, NAME_BYTES);

        if (n == 0 || text[0] == '.')
            return false;
        text += n;
        if (*text == '\0')
            return true;
        if (*text++ != '/')
            return false;
    }
    return false;
}

/* "org/name" and what stands behind '@', or "main"; step (1).
 *
 *   folder    out: root/models--org--name
 *   revision  out: points into repository
 *   Errors:   no such name; no root; not downloaded
 */
static bool find_repository(char folder[HUBCACHE_PATH], const char **revision,
                            const char *repository, Error *error)
{
    const char *at = strchr(repository, '@');
    int length = at != NULL ? (int)(at - repository) : (int)strlen(repository);
    char root[HUBCACHE_PATH], name[256], *slash;

    *revision = at != NULL ? at + 1 : "main";
    snprintf(name, sizeof name, "%.*s", length, repository);
    if (length >= (int)sizeof name || !is_name(name, 2) || strstr(name, "--")
        || !is_name(*revision, 8))
        return error_code(error, EXIT_USAGE, "\"%.200s\" is not the name of a model "
                          "on the hub: org/name or org/name@revision", repository);
    if (!hubcache_root(root))
        return error_set(error, "no Hugging Face cache: neither HF_HUB_CACHE nor "
                         "HF_HOME nor HOME is set");
    slash = strchr(name, '/');
    if (slash != NULL)
        *slash++ = '\0';
    if (!spell(folder, "%s/models--%s%s%s", root, name, slash ? "--" : "",
               slash ? slash : ""))
        return error_set(error, "%.200s…: too long for a path", root);
    return path_is_folder(folder)
        || error_set(error, "%.*s is not in the Hugging Face cache (looked for %s)",
                     length, repository, folder);
}

/* Step (2): what refs/<revision> says. */
static bool read_commit(char commit[COMMIT + 1], const char *folder,
                        const char *revision, Error *error)
{
    char path[HUBCACHE_PATH];
    MapFile file;
    size_t n;

    if (!spell(path, "%s/refs/%s", folder, revision) || !path_is_file(path))
        return error_set(error, "revision \"%.100s\" is not in the Hugging Face cache "
                         "(looked for %.700s)", revision, path);
    if (!mapfile_open(&file, path, error))
        return false;
    n = file.size < COMMIT ? file.size : COMMIT;
    memcpy(commit, file.bytes, n);
    commit[n] = '\0';
    for (n = file.size; n > COMMIT && memchr(" \r\n", file.bytes[n - 1], 3); n--)
        ;
    mapfile_close(&file);
    return (n == COMMIT && is_commit(commit))
        || error_set(error, "%s: is not a commit of 40 hexadecimal digits; remove "
                     "the folder and download the model again", path);
}

/* Steps (1) to (3). */
static bool find(char path[HUBCACHE_PATH], const char *repository, Error *error)
{
    char folder[HUBCACHE_PATH], commit[COMMIT + 1];
    const char *revision;

    if (!find_repository(folder, &revision, repository, error))
        return false;
    if (is_commit(revision))
        memcpy(commit, revision, sizeof commit);
    else if (!read_commit(commit, folder, revision, error))
        return false;
    if (!spell(path, "%s/snapshots/%s", folder, commit) || !path_is_folder(path))
        return error_set(error, "revision \"%.100s\" is not downloaded (looked for "
                         "%.700s)", revision, path);
    return true;
}

/* The folder of a model in the cache.
 *
 *   path        out: root/models--org--name/snapshots/<commit>
 *   repository  "org/name" or "name", then "@revision" or nothing
 *   Errors:     exit 2, nothing can be called so; exit 3, with the folder or file
 *               that was looked for and the command that brings the model
 */
bool hubcache_find(char path[HUBCACHE_PATH], const char *repository,
                   Error *error)
{
    int bare = (int)strcspn(repository, "@");
    bool revision = repository[bare] == '@';
    Error said;

    if (find(path, repository, error))
        return true;
    if (error->code == EXIT_USAGE)
        return false;
    said = *error;
    return error_set(error, "%.800s; download it with: hf download %.*s%s%s (older "
                     "clients: huggingface-cli download)", said.text, bare, repository,
                     revision ? " --revision " : "",
                     revision ? repository + bare + 1 : "");
}
