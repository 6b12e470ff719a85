/* hubcache.c - find a model that the Hugging Face tools have downloaded
 *
 *      "org/name@main"
 *
 *      root                                     HF_HUB_CACHE, HF_HOME/hub, …
 *      └── models--org--name/                   (1)
 *          ├── refs/
 *          │   ├── main ─────► "0123…cdef"      (2) a commit, 40 digits
 *          │   └── step3000 ─► "89ab…4567"          and another one
 *          ├── blobs/                │
 *          │   ├── 9f2c…  ◄──┐       ▼
 *          └── snapshots/    │   0123…cdef/     (3) the answer
 *                            │   ├── config.json
 *                            └───┴── model.safetensors
 *
 * Many people have the models already, gigabytes of them. The hub's tools keep
 * each file once, under its checksum, and a folder per commit whose names link to
 * these; so a snapshot looks like any other model folder, and the links need no
 * care: open follows them. Where a disk knows no links, snapshots hold the files
 * themselves, which makes no difference here.
 *
 *      root = HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE, else HF_HOME/hub,
 *             else XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub
 *
 * Corners:
 *
 * - Names without an organization exist (models--gpt2). Each part of a name begins and
 *   ends with a letter, a digit or "_", and "--" is what a "/" becomes, so no name has
 *   it. A name from the command line becomes a path here: nothing in it may step out
 *   of the root.
 * - A revision may hold slashes (refs/pr/1 is the file refs/refs/pr/1). A revision of
 *   40 hexadecimal digits is the commit itself. Several names may mean one commit.
 * - A variable that is set to nothing counts as not set; a leading ~ in one is the
 *   home folder, and $NAME or ${NAME} is another variable, or itself when that is not
 *   set.
 * - .no_exist/ (what the hub is known not to have), trees/ and .locks/ say nothing about
 *   what is here: nobody asks them.
 * - A download that was cut off leaves parts (blobs/….incomplete), and one that was
 *   tidied up by hand leaves links to blobs that are gone. Then what is missing is not
 *   the person's mistake, and another try helps.
 *
 * Source: huggingface_hub's constants and file_download. Read next:
 * decode/modelname.c. Lesson: chapters/chapter02_weights.c.
 */
#include "files/hubcache.h"

#include <stdarg.h>         /* parts of a path                              */
#include <stdio.h>          /* snprintf                                     */
#include <stdlib.h>         /* getenv                                       */
#include <string.h>         /* strchr, strspn, memchr                       */

#include "base/mapfile.h"   /* is it there; the text of a ref               */
#include "base/place.h"     /* what lies in a folder                        */
#include "base/utf8.h"      /* text_ends_with, Text                         */

#define HEX "0123456789abcdef"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
#define COMMIT 40           /* digits of a commit                           */
#define NAME_MOST 96        /* letters of the last part of a name           */

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

/* text with the values of the variables that it names. */
static void expand(Text *out, const char *text)
{
    while (*text != '\0') {
        bool brace = text[0] == '$' && text[1] == '{';
        const char *name = text + 1 + brace, *value;
        size_t n = text[0] == '$' ? strspn(name, LETTERS) : 0;
        char variable[256];

        snprintf(variable, sizeof variable, "%.*s", (int)min_int((int)n, 255), name);
        value = n > 0 && (!brace || name[n] == '}') ? getenv(variable) : NULL;
        if (value != NULL)
            text_add(out, value, strlen(value));
        else
            text_add(out, text, 1);
        text = value != NULL ? name + n + brace : text + 1;
    }
}

/* variable's folder and what stands behind it, when it is set. */
static bool from_variable(char path[HUBCACHE_PATH], const char *variable,
                          const char *behind)
{
    const char *value = getenv(variable), *home = getenv("HOME");
    Text full = {0};
    bool fits;

    if (value == NULL || value[0] == '\0')
        return false;
    if (value[0] == '~' && (value[1] == '/' || value[1] == '\0') && home != NULL) {
        text_print(&full, "%s", home);
        value++;
    }
    expand(&full, value);
    fits = spell(path, "%s%s", full.bytes, behind);
    text_free(&full);
    return fits;
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

/* The hub's rule for "org/name" or "name", length letters of text. */
static bool is_name(const char *text, size_t length)
{
    size_t n = strspn(text, LETTERS "-.");
    bool two = n < length && text[n] == '/';
    const char *last = two ? text + n + 1 : text;

    if (two && !is_name(text, n))
        return false;
    n = length - (size_t)(last - text);
    return n >= 1 && n <= NAME_MOST && strspn(last, LETTERS "-.") >= n
        && strchr("-.", last[0]) == NULL && strchr("-.", last[n - 1]) == NULL;
}

bool hubcache_is_repository(const char *name)
{
    return is_name(name, strlen(name)) && strstr(name, "--") == NULL
        && strstr(name, "..") == NULL && !text_ends_with(name, ".git");
}

/* Parts between slashes, none empty or beginning with a dot (so none is ".."). */
bool hubcache_is_revision(const char *text)
{
    size_t n = strspn(text, LETTERS "-.");

    return n > 0 && text[0] != '.'
        && (text[n] == '\0' || (text[n] == '/' && hubcache_is_revision(text + n + 1)));
}

/* Step (1). */
bool hubcache_folder(char path[HUBCACHE_PATH], const char *root, const char *repository)
{
    size_t org = strcspn(repository, "/");
    bool two = repository[org] == '/';

    return spell(path, "%s/models--%.*s%s%s", root, (int)org, repository,
                 two ? "--" : "", repository + org + two);
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
    size_t length = strcspn(repository, "@");
    char root[HUBCACHE_PATH], name[HUBCACHE_NAME];

    *revision = repository[length] == '@' ? repository + length + 1 : "main";
    snprintf(name, sizeof name, "%.*s", min_int((int)length, HUBCACHE_NAME), repository);
    if (length >= sizeof name || !hubcache_is_repository(name)
        || strlen(*revision) > HUBCACHE_PATH / 4 || !hubcache_is_revision(*revision))
        return error_code(error, EXIT_USAGE, "\"%.200s\" is not the name of a model "
                          "on the hub: org/name or org/name@revision", repository);
    if (!hubcache_root(root))
        return error_set(error, "no Hugging Face cache: neither HF_HUB_CACHE nor "
                         "HF_HOME nor HOME is set");
    if (!hubcache_folder(folder, root, name))
        return error_set(error, "%.200s…: too long for a path", root);
    return path_is_folder(folder)
        || error_set(error, "%.*s is not in the Hugging Face cache (looked for %s)",
                     (int)length, repository, folder);
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
    n = file.size;
    while (n > COMMIT && n < HUBCACHE_PATH && memchr(" \r\n", file.bytes[n - 1], 3))
        n--;
    mapfile_close(&file);
    return (n == COMMIT && is_commit(commit))
        || error_set(error, "%s: is not a commit of 40 hexadecimal digits; remove "
                     "this file", path);
}

/* A part of a blob in models--org--name/blobs: its path into file. */
static bool find_part(char file[HUBCACHE_PATH], const char *folder)
{
    char blobs[HUBCACHE_PATH];
    Arena arena = {0};
    bool found = false;
    int count = 0;
    const char **names = spell(blobs, "%s/blobs", folder)
                       ? place_names(blobs, &arena, &count) : NULL;

    for (int i = 0; i < count && !found; i++)
        found = text_ends_with(names[i], ".incomplete")
             && spell(file, "%s/%s", blobs, names[i]);
    arena_free(&arena);
    return found;
}

/* The folder of a model in the cache: steps (1) to (3).
 *
 *   path        out: root/models--org--name/snapshots/<commit>
 *   repository  "org/name" or "name", then "@revision" or nothing
 *   Errors:     exit 2, nothing can be called so; exit 3, with the folder or file
 *               that was looked for, and the part of a download that lies there
 */
bool hubcache_find(char path[HUBCACHE_PATH], const char *repository,
                   Error *error)
{
    char folder[HUBCACHE_PATH], part[HUBCACHE_PATH], commit[COMMIT + 1];
    const char *revision;
    bool known = true;
    Error said;

    if (!find_repository(folder, &revision, repository, error))
        return false;
    if (is_commit(revision))
        memcpy(commit, revision, sizeof commit);
    else
        known = read_commit(commit, folder, revision, error);
    if (known && spell(path, "%s/snapshots/%s", folder, commit) && path_is_folder(path))
        return true;
    if (known)
        error_set(error, "revision \"%.100s\" is not downloaded (looked for %.700s)",
                  revision, path);
    said = *error;
    return !find_part(part, folder) ? false
         : error_set(error, "%.450s; its download was not finished: %.450s is a part of "
                     "a file", said.text, part);
}

bool hubcache_repository(char name[HUBCACHE_NAME], const char *path)
{
    const char *begin = NULL, *gap;
    int length, first;

    for (const char *p = path; (p = strstr(p, "models--")) != NULL; p++)
        if (p == path || p[-1] == '/')
            begin = p + strlen("models--");
    if (begin == NULL)
        return false;
    length = (int)strcspn(begin, "/");
    gap = strstr(begin, "--");
    first = gap != NULL && gap - begin < length ? (int)(gap - begin) : length;
    snprintf(name, HUBCACHE_NAME, "%.*s%s%.*s", first, begin, first < length ? "/" : "",
             max_int(length - first - 2, 0), begin + min_int(first + 2, length));
    return hubcache_is_repository(name);
}

bool hubcache_unfinished(char file[HUBCACHE_PATH], const char *snapshot)
{
    char folder[HUBCACHE_PATH], name[HUBCACHE_NAME];
    const char *step = strstr(snapshot, "/snapshots/"), **names;
    Arena arena = {0};
    bool found = false;
    int count;

    if (step == NULL || !hubcache_repository(name, snapshot))
        return false;
    names = place_names(snapshot, &arena, &count);
    for (int i = 0; i < count && !found; i++)
        found = spell(file, "%s/%s", snapshot, names[i]) && !path_is_folder(file)
             && !path_is_file(file);
    arena_free(&arena);
    return found || (spell(folder, "%.*s", (int)(step - snapshot), snapshot)
                     && find_part(file, folder));
}
