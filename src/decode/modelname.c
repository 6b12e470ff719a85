/* modelname.c - from what a person calls a model to the folder it lies in
 *
 *      --model X
 *         │
 *         ├─ is X a folder? ─────────────────────────► that folder
 *         ├─ is X a file? ───────────────────────────► refused: give its folder
 *         ├─ a tiny model, or one put beside it? ────► <place>/models/X
 *         │    places: beside this program, in the folder that the person is in,
 *         │    and where `make install` puts them (base/place.c)
 *         ├─ a short name of the table? ──┐
 *         ├─ org/name[@revision]? ────────┴──────────► the Hugging Face cache
 *         └─ nothing of these ───────────────────────► "did you mean …?", exit 2
 *
 * A model's folder has a long name in a cache with a longer one. People say
 * "tinyllama". The table below says what they mean.
 *
 * Two failures are kept apart, because different things help. A name that
 * nobody knows (exit 2) is a slip of the pen: the nearest name helps. A known
 * model that is not on this machine (exit 3) must be brought: a command helps.
 * org/name is taken for a repository of the hub, unless there is a folder org
 * here: then it is a path with a slip in its last part.
 *
 * Read next: decode/modeldir.c.
 */
#include "decode/modelname.h"

#include <stdio.h>              /* snprintf                                  */
#include <string.h>             /* strcmp, strchr, strrchr                   */

#include "base/mapfile.h"       /* path_is_folder, path_is_file              */
#include "base/options.h"       /* options_nearest                           */
#include "base/place.h"
#include "base/utf8.h"          /* Text                                      */

const ModelName model_names[] = {
    { "storyteller",          NULL, "storyteller-draft" },
    { "storyteller-draft",    NULL, NULL },
    { "storyteller-neox",     NULL, NULL },
    { "storyteller-stablelm", NULL, NULL },
    { "tinyllama",      "TinyLlama/TinyLlama-1.1B-Chat-v1.0", "llama-68m-chat" },
    { "llama3.2-1b",    "meta-llama/Llama-3.2-1B-Instruct",   NULL },
    { "stablelm-1.6b",  "stabilityai/stablelm-2-1_6b",        NULL },
    { "pythia-1b",      "EleutherAI/pythia-1b",               "pythia-70m" },
    { "smollm2-135m",   "HuggingFaceTB/SmolLM2-135M-Instruct", NULL },
    { "llama-68m-chat", "Felladrin/Llama-68M-Chat-v1",        NULL },
    { "llama-160m",     "JackFram/llama-160m",                NULL },
    { "pythia-70m",     "EleutherAI/pythia-70m",              NULL },
    { "pythia-160m",    "EleutherAI/pythia-160m",             NULL },
    { NULL, NULL, NULL },
};

enum { NAMES = sizeof model_names / sizeof model_names[0] };

/* Where folders of models are, in the order in which they are asked. The program
 * lies at the top of a clone, in its build/ or build/debug/, or in PREFIX/bin. */
static const struct {
    bool beside_program;
    const char *step;
} places[] = {
    { true,  "models" },
    { true,  "../models" },
    { true,  "../../models" },
    { false, "models" },
    { true,  "../share/billion-llm/models" },
};

enum { PLACES = sizeof places / sizeof places[0] };

/* The folder of place i; false: unknown, or too long to be one. */
static bool place_path(char path[HUBCACHE_PATH], size_t i)
{
    char program[HUBCACHE_PATH];
    int length;

    if (!places[i].beside_program)
        length = snprintf(path, HUBCACHE_PATH, "%s", places[i].step);
    else if (place_of_program(program, sizeof program))
        length = snprintf(path, HUBCACHE_PATH, "%s/%s", program, places[i].step);
    else
        return false;
    return length < HUBCACHE_PATH;
}

/* folder/name into path; true when a config.json is in there. */
static bool is_model(char path[HUBCACHE_PATH], const char *folder,
                     const char *name)
{
    char config[HUBCACHE_PATH + 16];
    int length = snprintf(path, HUBCACHE_PATH, "%s/%s", folder, name);

    snprintf(config, sizeof config, "%s/config.json", path);
    return length < HUBCACHE_PATH && path_is_file(config);
}

static bool find_in_places(char path[HUBCACHE_PATH], const char *name)
{
    char folder[HUBCACHE_PATH];

    for (size_t i = 0; i < PLACES; i++)
        if (place_path(folder, i) && is_model(path, folder, name))
            return true;
    return false;
}

bool modelname_shape(char path[HUBCACHE_PATH], const char *name, Error *error)
{
    char folder[HUBCACHE_PATH];
    Text names = {0};

    for (size_t i = 0; i < PLACES && strchr(name, '/') == NULL; i++)
        if (place_path(folder, i)
            && snprintf(path, HUBCACHE_PATH, "%s/shapes/%s.json", folder, name)
               < HUBCACHE_PATH && path_is_file(path))
            return true;
    for (const ModelName *known = model_names; known->name != NULL; known++)
        if (known->repository != NULL)
            text_print(&names, "%s%s", names.length > 0 ? ", " : "", known->name);
    error_code(error, EXIT_USAGE, "there is no shape %s in models/shapes of the "
               "clone; there should be %s", name, names.bytes);
    text_free(&names);
    return false;
}

/* A model that ships with the clone is not there: say where it was looked for. */
static bool refuse_lost(const char *name, Error *error)
{
    char folder[HUBCACHE_PATH];
    Text looked = {0};

    for (size_t i = 0; i < PLACES; i++)
        if (place_path(folder, i)) {
            text_add(&looked, ", ", looked.length > 0 ? 2 : 0);
            text_add(&looked, folder, strlen(folder));
        }
    error_set(error, "the model %s, which ships with the clone, is not there; "
              "start ./run from the clone, or give its folder as --model; looked "
              "in %s", name, looked.bytes);
    text_free(&looked);
    return false;
}

/* Errors: exit 3, with what the cache said and a command that brings the model;
 * exit 2 for what cannot be a model's name, which nothing can bring. */
static bool find_in_hub(char path[HUBCACHE_PATH], const char *name,
                        const char *repository, Error *error)
{
    Error cache = {0};

    if (hubcache_find(path, repository, &cache))
        return true;
    if (cache.code == EXIT_USAGE)
        return error_code(error, EXIT_USAGE, "%s", cache.text);
    return error_set(error, "the model %s is not on this machine: %s, or give a "
                     "folder as --model", name, cache.text);
}

/* org/name or org/name@revision, and no folder of that first part here. */
static bool looks_like_repository(const char *name)
{
    const char *slash = strchr(name, '/');
    char first[256];

    if (slash == NULL || slash == name || slash[1] == '\0' || slash[1] == '@'
        || strchr("./~", name[0]) != NULL || slash - name >= (int)sizeof first)
        return false;
    if (strcspn(slash + 1, "/") < strcspn(slash + 1, "@"))
        return false;                   /* a/b/c is a path                   */
    snprintf(first, sizeof first, "%.*s", (int)(slash - name), name);
    return !path_is_folder(first);
}

static bool refuse_file(const char *name, Error *error)
{
    const char *dot = strrchr(name, '.');

    if (dot != NULL && strcmp(dot, ".gguf") == 0)
        return error_set(error, "%s: GGUF files are not supported: give the "
                         "folder in Hugging Face layout that the file was made "
                         "from (config.json, tokenizer.json, model.safetensors)",
                         name);
    return error_set(error, "%s: is a file, and --model wants a folder with "
                     "config.json, tokenizer.json and model.safetensors", name);
}

static bool refuse_unknown(const char *name, Error *error)
{
    const char *names[NAMES];
    const char *last = strrchr(name, '/');
    const char *near;

    for (size_t i = 0; i < NAMES; i++)
        names[i] = model_names[i].name;
    near = options_nearest(last != NULL ? last + 1 : name, names);
    return error_code(error, EXIT_USAGE, "the model %s is neither a folder nor a "
                      "known name%s%s%s; `./run models` lists what is here",
                      name, near != NULL ? ": did you mean " : "",
                      near != NULL ? near : "", near != NULL ? "?" : "");
}

bool modelname_find(char path[HUBCACHE_PATH], const char *name, Error *error)
{
    if (path_is_folder(name)) {
        if (snprintf(path, HUBCACHE_PATH, "%s", name) >= HUBCACHE_PATH)
            return error_set(error, "the path of --model is longer than %d bytes",
                             HUBCACHE_PATH);
        return true;
    }
    if (path_is_file(name))
        return refuse_file(name, error);
    if (name[0] != '\0' && strchr(name, '/') == NULL
        && find_in_places(path, name))
        return true;
    for (const ModelName *known = model_names; known->name != NULL; known++)
        if (strcmp(known->name, name) == 0)
            return known->repository == NULL ? refuse_lost(name, error)
                 : find_in_hub(path, name, known->repository, error);
    if (looks_like_repository(name))
        return find_in_hub(path, name, name, error);
    return refuse_unknown(name, error);
}

typedef struct {                    /* a growing list                        */
    FoundModel *found;
    int count, room;
    Arena *arena;
} FoundList;

/* Unless the name was found before: then the earlier place is what it means. */
static void found_add(FoundList *list, const char *name, const char *folder)
{
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->found[i].name, name) == 0)
            return;
    if (list->count == list->room) {
        FoundModel *old = list->found;

        list->room = list->room * 2 + 16;
        list->found = arena_get(list->arena,
                                (size_t)list->room * sizeof *list->found);
        if (list->count > 0)
            memcpy(list->found, old, (size_t)list->count * sizeof *old);
    }
    list->found[list->count++] = (FoundModel){
        arena_text(list->arena, name, strlen(name)),
        arena_text(list->arena, folder, strlen(folder)) };
}

/* A cache's folder is models--ORG--NAME; refs/main says which snapshot. */
static void list_hub(FoundList *list)
{
    char root[HUBCACHE_PATH], path[HUBCACHE_PATH], repository[256];
    const char **names;
    int count;
    Error error;

    if (!hubcache_root(root))
        return;
    names = place_names(root, list->arena, &count);
    for (int i = 0; i < count; i++) {
        const char *rest = names[i] + strlen("models--");
        const char *gap, *name = repository;

        if (strncmp(names[i], "models--", strlen("models--")) != 0
            || (gap = strstr(rest, "--")) == NULL)
            continue;
        snprintf(repository, sizeof repository, "%.*s/%s", (int)(gap - rest),
                 rest, gap + 2);
        if (!hubcache_find(path, repository, &error))
            continue;
        for (const ModelName *known = model_names; known->name != NULL; known++)
            if (known->repository != NULL
                && strcmp(known->repository, repository) == 0)
                name = known->name;
        found_add(list, name, path);
    }
}

/* Cost: one look at every folder. */
const FoundModel *modelname_list(Arena *arena, int *count)
{
    FoundList list = { .arena = arena };
    char folder[HUBCACHE_PATH], path[HUBCACHE_PATH];

    for (size_t i = 0; i < PLACES; i++) {
        int inside = 0;
        const char **names = place_path(folder, i)
                           ? place_names(folder, arena, &inside) : NULL;

        for (int k = 0; k < inside; k++)
            if (is_model(path, folder, names[k]))
                found_add(&list, names[k], path);
    }
    list_hub(&list);
    *count = list.count;
    return list.found;
}
