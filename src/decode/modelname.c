/* modelname.c - from what a person calls a model to the folder it lies in
 *
 *      --model X
 *         │
 *         ├─ is X a folder? ─────────────────────────► that folder
 *         ├─ is X a file? ───────────────────────────► refused: give its folder;
 *         │                                            GGUF: how to make one of it
 *         ├─ a tiny model, or one put beside it? ────► <place>/models/X
 *         │    places: beside this program, in the folder that the person is in,
 *         │    and where `make install` puts them (base/place.c)
 *         ├─ short[@revision], of the table? ─┐
 *         ├─ org/name[@revision]? ────────────┴──────► the Hugging Face cache
 *         └─ nothing of these ───────────────────────► "did you mean …?", exit 2
 *
 * A model's folder has a long name in a cache with a longer one. People say
 * "tinyllama". The table below says what they mean.
 *
 * Two failures are kept apart, because different things help. A name that
 * nobody knows (exit 2) is a slip of the pen: the nearest name helps. A known
 * model that is not on this machine (exit 3) must be brought: a command helps, and
 * it is the whole command, to be pasted (base/command.c).
 * org/name is taken for a repository of the hub, unless there is a folder org
 * here: then it is a path with a slip in its last part.
 *
 * Read next: decode/modeldir.c.
 */
#include "decode/modelname.h"

#include <limits.h>             /* PATH_MAX                                  */
#include <stdio.h>              /* snprintf                                  */
#include <stdlib.h>             /* realpath                                  */
#include <string.h>             /* strcmp, strchr, strrchr                   */

#include "base/command.h"
#include "base/mapfile.h"       /* path_is_folder, path_is_file              */
#include "base/options.h"       /* options_nearest, options_guess            */
#include "base/place.h"
#include "decode/revision.h"

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

bool modelname_place(char path[HUBCACHE_PATH], size_t i)
{
    char program[HUBCACHE_PATH] = "", real[PATH_MAX];
    int length = 0;

    path[0] = '\0';
    if (i >= PLACES)
        return false;
    if (!places[i].beside_program)
        length = snprintf(path, HUBCACHE_PATH, "%s", places[i].step);
    else if (place_of_program(program, sizeof program))
        length = snprintf(path, HUBCACHE_PATH, "%s/%s", program, places[i].step);
    if (places[i].beside_program && realpath(path, real) != NULL)
        length = snprintf(path, HUBCACHE_PATH, "%s", real);     /* no ".." in it */
    if (length >= HUBCACHE_PATH)
        path[0] = '\0';
    return true;
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

    for (size_t i = 0; modelname_place(folder, i); i++)
        if (is_model(path, folder, name))
            return true;
    return false;
}

/* What lies in the first models/shapes that has something: "pythia-1b, tinyllama". */
static const char *shape_names(Arena *arena)
{
    char folder[HUBCACHE_PATH];
    const char *names = "none";

    for (size_t i = 0; modelname_place(folder, i); i++) {
        int count;
        const char **file = place_names(arena_print(arena, "%s/shapes", folder), arena,
                                        &count);

        for (int k = 0; k < count; k++)
            names = arena_print(arena, "%s%s%.*s", k > 0 ? names : "", k > 0 ? ", " : "",
                                max_int((int)strlen(file[k]) - 5, 0), file[k]);
        if (count > 0)
            break;
    }
    return names;
}

bool modelname_shape(char path[HUBCACHE_PATH], const char *name, Error *error)
{
    char folder[HUBCACHE_PATH];
    Arena arena = {0};

    for (size_t i = 0; strchr(name, '/') == NULL && modelname_place(folder, i); i++)
        if (snprintf(path, HUBCACHE_PATH, "%s/shapes/%s.json", folder, name)
            < HUBCACHE_PATH && path_is_file(path))
            return true;
    error_code(error, EXIT_USAGE, "there is no shape %.200s in models/shapes of the "
               "clone; there are: %s", name, shape_names(&arena));
    arena_free(&arena);
    return false;
}

/* A model that ships with the clone is not there: say where it was looked for. */
static bool refuse_lost(const char *name, Error *error)
{
    char folder[HUBCACHE_PATH];
    Arena arena = {0};
    const char *looked = "";

    for (size_t i = 0; modelname_place(folder, i); i++)
        looked = arena_print(&arena, "%s%s%s", looked, i > 0 ? ", " : "", folder);
    error_set(error, "the model %s, which ships with the clone, is not there; "
              "start ./run from the clone, or give its folder as --model; looked "
              "in %s", name, looked);
    arena_free(&arena);
    return false;
}

/* Errors: exit 3, with what the cache said and the command that brings the model;
 * exit 2, no such name or revision. */
static bool find_in_hub(char path[HUBCACHE_PATH], const char *name,
                        const char *repository, Error *error)
{
    Arena arena = {0};
    Error cache = {0};

    if (hubcache_find(path, repository, &cache))
        return true;
    if (cache.code == EXIT_USAGE)
        return error_code(error, EXIT_USAGE, "%s", cache.text);
    if (!revision_check(repository, error))
        return false;
    error_set(error, "the model %s is not on this machine: %.450s; download it with: %s",
              name, cache.text, command_of_tool(&arena, "download",
              strchr(name, '@') != NULL ? repository : name, NULL));
    arena_free(&arena);
    return false;
}

/* The short name that may be meant: by what stands behind the last "/" and before an
 * "@". NULL: none is near. */
static const char *nearest(const char *name)
{
    const char *names[NAMES], *last = strrchr(name, '/');
    char typed[64];

    for (size_t i = 0; i < NAMES; i++)
        names[i] = model_names[i].name;
    last = last != NULL ? last + 1 : name;
    snprintf(typed, sizeof typed, "%.*s", min_int((int)strcspn(last, "@"), 63), last);
    return options_nearest(typed, names);
}

/* org/name, perhaps with @revision, and no folder of that first part here; or
 * name@revision, and no short name is near. */
static bool looks_like_repository(const char *name)
{
    const char *slash = strchr(name, '/'), *at = strchr(name, '@');
    char first[256];

    if (slash == NULL || (at != NULL && at < slash))
        return at != NULL && at != name && nearest(name) == NULL;
    if (slash == name || slash[1] == '\0' || slash + 1 == at
        || strchr("./~", name[0]) != NULL || slash - name >= (int)sizeof first)
        return false;
    if (strcspn(slash + 1, "/") < strcspn(slash + 1, "@"))
        return false;                   /* a/b/c is a path                   */
    snprintf(first, sizeof first, "%.*s", (int)(slash - name), name);
    return !path_is_folder(first);
}

/* A GGUF file becomes a folder of its own name, here. */
static bool refuse_file(const char *name, Error *error)
{
    const char *last = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
    Arena arena = {0};
    const char *folder;

    if (!text_ends_with(name, ".gguf"))
        return error_set(error, "%.300s: is a file, and --model wants a folder with "
                         "config.json, tokenizer.json and model.safetensors", name);
    folder = arena_text(&arena, last, strlen(last) - strlen(".gguf"));
    folder = *folder != '\0' ? folder : "model";
    error_set(error, "%.200s: is a GGUF file, and --model wants a folder in Hugging Face "
              "layout: make one with: %s", name,
              command_of_tool(&arena, "convert", name, folder));
    arena_free(&arena);
    return false;
}

/* A path of another system, a slip of the pen, or nothing that we can guess. */
static bool refuse_unknown(const char *name, Error *error)
{
    char guess[OPTIONS_GUESS];

    return error_code(error, EXIT_USAGE, "the model %.200s%s is neither a folder nor a "
                      "known name%s %s`./run models` lists what is here", name,
                      strlen(name) > 200 ? "…" : "", options_guess(guess, ':', nearest(name)),
                      strchr(name, '\\') != NULL ? "the parts of a path are joined by / "
                      "here, not by \\; " : "");
}

/* A short name, perhaps with @revision, or a repository. name: no "/" at its end. */
static bool find_known(char path[HUBCACHE_PATH], const char *name, Error *error)
{
    char repository[HUBCACHE_PATH];
    size_t n = strcspn(name, "@");

    for (const ModelName *known = model_names; known->name != NULL; known++) {
        if (strncmp(known->name, name, n) != 0 || known->name[n] != '\0')
            continue;
        if (known->repository == NULL)
            return name[n] == '\0' ? refuse_lost(name, error)
                 : error_code(error, EXIT_USAGE, "the model %s ships with the clone and "
                              "has no revisions: leave out %s", known->name, name + n);
        snprintf(repository, sizeof repository, "%s%s", known->repository, name + n);
        return find_in_hub(path, name, repository, error);
    }
    if (looks_like_repository(name))
        return find_in_hub(path, name, name, error);
    return hubcache_find(path, name, error)         /* "gpt2", if it is here */
        || refuse_unknown(name, error);
}

bool modelname_find(char path[HUBCACHE_PATH], const char *name, Error *error)
{
    char plain[1024];
    size_t length = strlen(name);

    if (path_is_folder(name) && length < HUBCACHE_PATH) {
        memcpy(path, name, length + 1);
        return true;
    }
    if (path_is_file(name))
        return refuse_file(name, error);
    for (; length > 1 && name[length - 1] == '/'; length--)
        ;                               /* "tinyllama/" is meant well        */
    if (length == 0 || length >= sizeof plain)
        return error_code(error, EXIT_USAGE, "the name of a model cannot be %s; "
                          "`./run models` lists what is here", length == 0
                          ? "empty" : "longer than 1023 bytes");
    snprintf(plain, sizeof plain, "%.*s", (int)length, name);
    return (strchr(plain, '/') == NULL && find_in_places(path, plain))
        || find_known(path, plain, error);
}

void modelname_unfinished(Error *error, const char *name, const char *folder)
{
    char file[HUBCACHE_PATH], main[HUBCACHE_PATH], repository[HUBCACHE_NAME];
    Error said = *error;
    Arena arena = {0};

    if (!hubcache_unfinished(file, folder) || !hubcache_repository(repository, folder))
        return;
    if (path_is_folder(name))           /* its commit, unless that is main   */
        name = hubcache_find(main, repository, error) && strcmp(main, folder) == 0
             ? repository : arena_print(&arena, "%s@%s", repository,
                                        strrchr(folder, '/') + 1);
    error_code(error, said.code, "%.400s; a download of this model was not finished "
               "(%.300s): finish it with: %s", said.text, file,
               command_of_tool(&arena, "download", name, NULL));
    arena_free(&arena);
}
