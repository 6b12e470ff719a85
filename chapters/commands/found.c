/* found.c - every model that is on this machine
 *
 *      models/                          the Hugging Face cache
 *      ├── storyteller/                 └── models--EleutherAI--pythia-1b/
 *      │   └── config.json                  ├── refs/main ────► pythia-1b
 *      └── storyteller-draft/               ├── refs/step3000 ► pythia-1b@step3000
 *          └── config.json                  └── snapshots/89ab… ► …@89ab… , if no ref
 *                 │                                 │                    says 89ab…
 *                 └───────────────┬─────────────────┘
 *                                 ▼
 *              names, as --model takes them, and folders
 *
 * What a person can type is what is listed. A repository that has a short name is
 * listed by it. A revision has a name, or only the 40 digits of its commit; several
 * names may stand for one commit, and each is listed, because each can be typed.
 *
 * A repository of which there is nothing but the beginning of a download has no
 * revision yet. It is listed all the same: whoever waits for it wants to see it.
 *
 * The same name in two places means the earlier one; the later is not listed.
 *
 * Read next: src/decode/modelname.c, src/files/hubcache.c.
 */
#include "chapters/commands/found.h"

#include <string.h>

#include "base/mapfile.h"
#include "base/place.h"
#include "base/utf8.h"

typedef struct {                    /* a growing list                        */
    FoundModel *found;
    int count, room;
    Arena *arena;
    const char *place;              /* where we are looking now              */
} List;

/* Both strings live in the arena. */
static void add(List *list, const char *name, const char *folder)
{
    FoundModel *old = list->found;

    for (int i = 0; i < list->count; i++)
        if (strcmp(old[i].name, name) == 0)
            return;
    if (list->count == list->room) {
        list->room = list->room * 2 + 16;
        list->found = arena_get(list->arena, (size_t)list->room * sizeof *old);
        if (list->count > 0)
            memcpy(list->found, old, (size_t)list->count * sizeof *old);
    }
    list->found[list->count++] = (FoundModel){ name, folder, list->place };
}

/* The folders in list->place that hold a config.json. */
static void add_folders(List *list)
{
    int count;
    const char **names = place_names(list->place, list->arena, &count);

    for (int i = 0; i < count; i++) {
        const char *folder = arena_print(list->arena, "%s/%s", list->place, names[i]);

        if (path_is_file(arena_print(list->arena, "%s/config.json", folder)))
            add(list, names[i], folder);
    }
}

/* One repository of the cache, while it is looked at. */
typedef struct {
    List *list;
    const char *folder;             /* root/models--org--name                */
    const char *repository;         /* "org/name"                            */
    const char *name;               /* its short name, or the same           */
} Hub;

static void add_revision(const Hub *h, const char *revision)
{
    Arena *arena = h->list->arena;
    char path[HUBCACHE_PATH];
    Error error;
    bool there = hubcache_find(path, arena_print(arena, "%s@%s", h->repository, revision),
                               &error);

    add(h->list, strcmp(revision, "main") == 0 ? h->name
        : arena_print(arena, "%s@%s", h->name, revision),
        there ? arena_text(arena, path, strlen(path)) : h->folder);
}

/* The files in refs/ and in folders of it, but not in links to folders: two that lead
 * back here are a maze. step: where we are in it, "" or "refs/". */
static void add_refs(const Hub *h, const char *step)
{
    Arena *arena = h->list->arena;
    const char *refs = arena_print(arena, "%s/refs/%s", h->folder, step);
    int count;
    const char **names = place_names(refs, arena, &count);

    for (int i = 0; i < count; i++) {
        const char *revision = arena_print(arena, "%s%s", step, names[i]);
        const char *path = arena_print(arena, "%s/refs/%s", h->folder, revision);

        if (path_is_file(path))
            add_revision(h, revision);
        else if (!path_is_link(path) && strlen(revision) < HUBCACHE_NAME)
            add_refs(h, arena_print(arena, "%s/", revision));
    }
}

/* Snapshots that none of the refs stands for. from: the first of them in the list. */
static void add_commits(const Hub *h, int from)
{
    Arena *arena = h->list->arena;
    int count, refs = h->list->count;
    const char **names = place_names(arena_print(arena, "%s/snapshots", h->folder), arena,
                                     &count);

    for (int i = 0; i < count; i++) {
        bool meant = false;

        for (int k = from; k < refs && !meant; k++)
            meant = text_ends_with(h->list->found[k].folder, names[i]);
        if (!meant)
            add_revision(h, names[i]);
    }
}

static void add_cache(List *list)
{
    char repository[HUBCACHE_NAME];
    int count;
    const char **names = place_names(list->place, list->arena, &count);

    for (int i = 0; i < count; i++) {
        Hub h = { list, arena_print(list->arena, "%s/%s", list->place, names[i]), NULL,
                  NULL };
        int before = list->count;

        if (!path_is_folder(h.folder) || !hubcache_repository(repository, names[i]))
            continue;
        h.name = h.repository = arena_text(list->arena, repository, strlen(repository));
        for (const ModelName *known = model_names; known->name != NULL; known++)
            if (known->repository != NULL && strcmp(known->repository, repository) == 0)
                h.name = known->name;
        add_refs(&h, "");
        add_commits(&h, before);
        if (list->count == before)
            add(list, h.name, h.folder);
    }
}

/* Cost: one look at every folder. */
const FoundModel *models_found(Arena *arena, int *count)
{
    List list = { .arena = arena };
    char path[HUBCACHE_PATH];

    for (size_t i = 0; modelname_place(path, i); i++) {
        list.place = arena_text(arena, path, strlen(path));
        add_folders(&list);
    }
    if (hubcache_root(path)) {
        list.place = arena_text(arena, path, strlen(path));
        add_cache(&list);
    }
    *count = list.count;
    return list.found;
}
