/* hubname.c - names of the hub: repositories, files, checksums, and which files we need
 *
 *      typed          tinyllama      pythia-1b@step3000      org/name@refs/pr/1
 *                         │                  │                      │
 *      the table of       ▼                  ▼                      ▼
 *      decode/modelname   TinyLlama/…        EleutherAI/pythia-1b   org/name
 *      behind the @       main               step3000               refs/pr/1
 *
 * A repository of the hub holds more than a model needs: the weights again in older
 * formats, for other programs and at other precisions, pictures, texts. Of the 9 GB
 * that some have, 2.5 are needed:
 *
 *      config.json                     shapes
 *      generation_config.json          wishes for sampling, what ends a text
 *      tokenizer.json                  text ↔ ids
 *      tokenizer_config.json           the chat template, special tokens
 *      special_tokens_map.json         read by other programs
 *      chat_template.jinja             newer repositories keep the template here
 *      model.safetensors               the numbers; or, in pieces,
 *      model.safetensors.index.json    which piece holds what, and
 *      model-00001-of-00002.safetensors …
 *
 * Traps: a server is a stranger. A file called "../../.bashrc" would be written where
 * it says; a checksum becomes the name of a file. What does not look exactly as it
 * should is refused, not repaired. How the hub names repositories and revisions,
 * src/files/hubcache.c knows.
 *
 * Read next: plan.c.
 */
#include "weights-tools/hub/hubname.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* strspn, strcmp                                */

#include "base/options.h"   /* options_guess                                 */
#include "decode/modelname.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define MOST_NAMES 64

bool hubname_is_digits(const char *text, size_t count)
{
    return strspn(text, "0123456789abcdef") == count && text[count] == '\0';
}

bool hubname_is_commit(const char *text)
{
    return hubname_is_digits(text, 40);
}

bool hubname_is_checksum(const char *text)
{
    return hubname_is_digits(text, 40) || hubname_is_digits(text, 64);
}

static bool refuse(const char *typed, Error *error)
{
    const char *names[MOST_NAMES + 3];
    char guess[OPTIONS_GUESS];
    int n = 0;

    names[n++] = "mmlu";
    names[n++] = "humaneval";
    for (const ModelName *m = model_names; m->name != NULL && n < MOST_NAMES; m++)
        if (m->repository != NULL)
            names[n++] = m->name;
    names[n] = NULL;
    return error_code(error, EXIT_USAGE, "\"%.200s\" is neither a short name nor the name "
                      "of a model on the hub (org/name, org/name@revision)%s "
                      "build/weights-tools/download alone lists what there is", typed,
                      options_guess(guess, ':', options_nearest(typed, names)));
}

bool hubname_read(HubName *name, const char *typed, Error *error)
{
    const char *at = strchr(typed, '@');
    int length = at != NULL ? (int)(at - typed) : (int)strlen(typed);
    const char *repository = NULL;
    char base[HUBNAME_LENGTH];

    if (length >= HUBNAME_LENGTH || (at != NULL && strlen(at) > HUBNAME_LENGTH))
        return refuse(typed, error);
    snprintf(base, sizeof base, "%.*s", length, typed);
    for (const ModelName *m = model_names; m->name != NULL; m++)
        if (strcmp(m->name, base) == 0) {
            repository = m->repository;
            if (repository == NULL)
                return error_code(error, EXIT_USAGE, "%s ships with the clone, in models/: "
                                  "there is nothing to download", base);
        }
    if (repository == NULL && strchr(base, '/') != NULL)
        repository = base;
    snprintf(name->revision, sizeof name->revision, "%s", at != NULL ? at + 1 : "main");
    if (repository == NULL || !hubcache_is_repository(repository)
        || !hubcache_is_revision(name->revision))
        return refuse(typed, error);
    snprintf(name->repository, sizeof name->repository, "%s", repository);
    return true;
}

bool hubname_is_path(const char *path)
{
    if (path[0] == '\0' || strlen(path) >= 1000)
        return false;
    for (const unsigned char *p = (const unsigned char *)path; *p != '\0'; p++)
        if (*p < 0x20 || *p == 0x7F || *p == '\\')
            return false;
    for (const char *part = path;; part++) {
        size_t n = strcspn(part, "/");

        if (n == 0 || n > 255 || (n == 1 && part[0] == '.')
            || (n == 2 && part[0] == '.' && part[1] == '.'))
            return false;
        part += n;
        if (*part == '\0')
            return true;
    }
}

/* "model-" at the top of the repository, and the ending. */
static bool is_shard(const char *path)
{
    size_t n = strlen(path), ending = strlen(".safetensors");

    return n > ending && strncmp(path, "model-", 6) == 0 && strspn(path, LETTERS) == n
        && strcmp(path + n - ending, ".safetensors") == 0;
}

bool hubname_is_weights(const char *path)
{
    return strcmp(path, "model.safetensors") == 0 || is_shard(path);
}

bool hubname_is_needed(const char *path, bool single)
{
    static const char *const always[] = {
        "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "special_tokens_map.json", "chat_template.jinja", "model.safetensors",
    };

    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (strcmp(path, always[i]) == 0)
            return true;
    return !single && (is_shard(path) || strcmp(path, "model.safetensors.index.json") == 0);
}
