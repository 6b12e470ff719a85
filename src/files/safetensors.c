/* safetensors.c - a model's weights as views into mapped files
 *
 *      folder/
 *      ├── model.safetensors                  small models: one file
 *      │
 *      │   or
 *      │
 *      ├── model.safetensors.index.json       {"weight_map": {"a": "…1-of…",
 *      ├── model-00001-of-00002.safetensors                   "b": "…2-of…"}}
 *      └── model-00002-of-00002.safetensors
 *               │
 *               │ mmap: the file is memory, nothing is read yet
 *               ▼
 *      tensors [count], sorted by name
 *      ┌───────────────────────┬──────┬──────────────┬──────────────────────┐
 *      │ model.embed_tokens.…  │ BF16 │ [2048, 192]  │ data ──► in the file │
 *      │ model.layers.0.…      │ BF16 │ [192]        │ data ──► in the file │
 *      └───────────────────────┴──────┴──────────────┴──────────────────────┘
 *
 * Opening a model of two gigabytes takes a millisecond, because nothing is copied:
 * the system brings a page in when a kernel touches it, throws it away when memory
 * is short, and two processes with one model share it.
 *
 * Large models come in several files, and an index says which tensor is where.
 * The index is a second copy of what the files' own headers say, so the two must
 * agree, both ways: every tensor of the index is in the file it names, and no
 * file holds a tensor that the index does not place there.
 *
 * Format notes:
 *
 * - A shard's name is a plain name in the same folder. One with a slash could
 *   open any file of the machine.
 * - metadata.total_size of the index is not checked: files with a wrong one
 *   are common and harmless, since each shard is checked to its last byte.
 *
 * Source: the safetensors format; the hub's rules for sharded checkpoints.
 * Read next: model/weights.c. Lesson: chapters/chapter02_weights.c.
 */
#include "files/safetensors.h"

#include <stdlib.h>         /* qsort, bsearch                               */
#include <string.h>         /* strcmp, strlen                               */

#include "base/place.h"                 /* what else is in a folder         */
#include "base/utf8.h"                  /* text_ends_with                   */
#include "files/json.h"                 /* the index                        */
#include "files/safetensors_header.h"   /* one file's table of contents     */

#define INDEX "model.safetensors.index.json"

typedef struct {            /* the index, sorted for searching              */
    const Json **places;    /* [count] "tensor": "shard", sorted by tensor  */
    const char **shards;    /* [shard_count] their names, sorted, each once */
    int count, shard_count;
} Index;

static const char *join(Arena *arena, const char *folder, const char *name)
{
    size_t n = strlen(folder), m = strlen(name);
    char *path = arena_get(arena, n + m + 2);

    memcpy(path, folder, n);
    path[n] = '/';
    memcpy(path + n + 1, name, m);
    return path;
}

/* Map the file at path as the next one of st, and check it.
 *
 *   header  out: its tensors and metadata, in st's arena
 *   Errors: with the path in front
 */
static bool open_file(Safetensors *st, SafetensorsHeader *header, const char *path,
                      Error *error)
{
    MapFile *file = &st->files[st->file_count];

    if (!mapfile_open(file, path, error))
        return false;
    st->file_count++;
    if (!safetensors_parse(header, &st->arena, file->bytes, file->size, error))
        return error_where(error, "%s", path);
    return mapfile_check(file, error);
}

static bool open_single(Safetensors *st, const char *path, Error *error)
{
    SafetensorsHeader header;

    st->files = arena_get(&st->arena, sizeof *st->files);
    if (!open_file(st, &header, path, error))
        return false;
    st->tensors = header.tensors;
    st->count = header.count;
    st->metadata = header.metadata;
    st->metadata_count = header.metadata_count;
    return true;
}

static int compare_places(const void *left, const void *right)
{
    const Json *const *a = left, *const *b = right;

    return strcmp((*a)->key, (*b)->key);
}

static int compare_texts(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;

    return strcmp(*a, *b);
}

static int compare_tensors(const void *left, const void *right)
{
    const Tensor *a = left, *b = right;

    return strcmp(a->name, b->name);
}

/* One line of the weight_map: sound names, the shard in this very folder. */
static bool check_place(const Json *place, Error *error)
{
    char shown[JSON_SHOWN];

    json_show(shown, place->key, place->key_length);
    if (strlen(place->key) != place->key_length)
        return error_set(error, "byte %zu: tensor \"%s\" has a NUL character in "
                         "its name", place->offset, shown);
    if (!json_is(place, JSON_STRING) || place->length == 0
        || strlen(place->text) != place->length)
        return error_set(error, "byte %zu: tensor \"%s\" is not mapped to the name "
                         "of a file", place->offset, shown);
    if (strchr(place->text, '/') != NULL || strchr(place->text, '\\') != NULL
        || place->text[0] == '.')
        return error_set(error, "byte %zu: tensor \"%s\" is mapped to a file with a "
                         "slash or a leading dot in its name: a shard lies in "
                         "the model's own folder", place->offset, shown);
    return true;
}

/* Sort the weight_map. index starts as {0}; the arrays live in arena, their texts in
 * the document. */
static bool read_index(Index *index, Arena *arena, const Json *root, Error *error)
{
    const Json *map = json_get(root, "weight_map");
    int n = 0;

    if (!json_is(map, JSON_OBJECT) || map->count == 0)
        return error_set(error, "byte %zu: weight_map, an object that says which "
                         "tensor is in which file, is missing or empty",
                         (map != NULL ? map : root)->offset);
    index->count = map->count;
    index->places = arena_get(arena, (size_t)map->count * sizeof *index->places);
    index->shards = arena_get(arena, (size_t)map->count * sizeof *index->shards);
    for (const Json *place = map->child; place != NULL; place = place->next) {
        if (!check_place(place, error))
            return false;
        index->places[n] = place;
        index->shards[n++] = place->text;
    }
    qsort(index->places, (size_t)n, sizeof *index->places, compare_places);
    qsort(index->shards, (size_t)n, sizeof *index->shards, compare_texts);
    for (int i = 0; i < n; i++)
        if (i == 0 || strcmp(index->shards[i], index->shards[i - 1]) != 0)
            index->shards[index->shard_count++] = index->shards[i];
    return true;
}

/* Does the index place every tensor of this shard here? */
static bool check_shard(const SafetensorsHeader *header, const Index *index,
                        const char *shard, Error *error)
{
    char shown[JSON_SHOWN];

    for (int i = 0; i < header->count; i++) {
        const char *name = header->tensors[i].name;
        Json key = { .key = name };
        const Json *wanted = &key, **found;

        found = bsearch(&wanted, index->places, (size_t)index->count,
                        sizeof *index->places, compare_places);
        if (found == NULL || strcmp((*found)->text, shard) != 0)
            return error_set(error, "tensor \"%s\" is in %s, but " INDEX " %s",
                             json_show(shown, name, strlen(name)), shard,
                             found == NULL ? "does not list it"
                                           : "places it in another file");
    }
    return true;
}

/* All tensors of all shards into one table, and the index's other half: each of
 * its tensors was found. */
static bool merge(Safetensors *st, const SafetensorsHeader *headers,
                  const Index *index, Error *error)
{
    char shown[JSON_SHOWN];

    st->tensors = arena_get(&st->arena, (size_t)index->count * sizeof *st->tensors);
    for (int i = 0; i < index->shard_count; i++)
        for (int j = 0; j < headers[i].count; j++)
            st->tensors[st->count++] = headers[i].tensors[j];
    qsort(st->tensors, (size_t)st->count, sizeof *st->tensors, compare_tensors);
    for (int i = 0; i < index->count; i++) {
        const Json *place = index->places[i];

        if (safetensors_find(st, place->key) == NULL)
            return error_set(error, "tensor \"%s\" is listed in " INDEX
                             " (byte %zu), but it is not in %s",
                             json_show(shown, place->key, place->key_length),
                             place->offset, place->text);
    }
    st->metadata = headers[0].metadata;
    st->metadata_count = headers[0].metadata_count;
    return true;
}

/* Open every shard that the index names, each once. */
static bool open_shards(Safetensors *st, const char *folder, const Index *index,
                        Error *error)
{
    SafetensorsHeader *headers = arena_get(&st->arena, (size_t)index->shard_count
                                           * sizeof *headers);

    st->files = arena_get(&st->arena, (size_t)index->shard_count
                          * sizeof *st->files);
    for (int i = 0; i < index->shard_count; i++) {
        const char *path = join(&st->arena, folder, index->shards[i]);

        if (!path_is_there(path))
            return error_set(error, "%s is missing, but " INDEX " names it: the "
                             "download is not complete", path);
        if (!open_file(st, &headers[i], path, error))
            return false;
        if (!check_shard(&headers[i], index, index->shards[i], error))
            return error_where(error, "%s", folder);
    }
    return merge(st, headers, index, error) || error_where(error, "%s", folder);
}

static bool open_index(Safetensors *st, const char *folder, const char *path,
                       Error *error)
{
    JsonDocument document;
    Index index = {0};
    bool ok;

    if (!json_read_file(&document, path, JSON_UNIQUE, error))
        return false;
    ok = read_index(&index, &st->arena, document.root, error);
    ok = ok ? open_shards(st, folder, &index, error)
            : error_where(error, "%s", path);
    json_free(&document);
    return ok;
}

/* No weights under a name that we know: say what is there instead. */
static bool complain(const char *folder, Error *error)
{
    static const struct { const char *ending, *advice; } kinds[] = {
        { ".safetensors", "if that file is the model, name it "
          "model.safetensors" },
        { ".gguf", "it is a GGUF file: make a model's folder of it with "
          "weights-tools/convert" },
        { ".bin", "it is a Python pickle, which can run any program when it is "
          "loaded: convert it with transformers (from_pretrained, then "
          "save_pretrained), or get the model.safetensors of a newer revision" },
        { ".pth", "it is a Python pickle: get the model in Hugging Face layout "
          "with model.safetensors" },
    };
    size_t best = sizeof kinds / sizeof kinds[0];
    char shown[JSON_SHOWN];
    Arena arena = {0};
    int count;
    const char **names = place_names(folder, &arena, &count);

    for (int n = 0; n < count; n++)
        for (size_t i = 0; i < best; i++)
            if (text_ends_with(names[n], kinds[i].ending)) {
                json_show(shown, names[n], strlen(names[n]));
                best = i;
            }
    arena_free(&arena);
    if (best < sizeof kinds / sizeof kinds[0])
        return error_set(error, "%s: there is no model.safetensors, only %s: %s",
                         folder, shown, kinds[best].advice);
    return error_set(error, "%s: there are no weights, neither model.safetensors "
                     "nor " INDEX ": is this a model's folder, and its download "
                     "complete?", folder);
}

static bool open_folder(Safetensors *st, const char *folder, Error *error)
{
    const char *single = join(&st->arena, folder, "model.safetensors");
    const char *index = join(&st->arena, folder, INDEX);

    if (path_is_there(single))
        return open_single(st, single, error);
    if (path_is_there(index))
        return open_index(st, folder, index, error);
    return complain(folder, error);
}

/* Map the weights of a model.
 *
 *   st      out; empty after a failure. Owner: the caller, safetensors_close
 *   path    a folder in Hugging Face layout, or one safetensors file
 *   Errors: what is missing, cut, lying or of another kind: path, byte, tensor
 *
 * Cost: the headers are read; the data is not.
 */
bool safetensors_open(Safetensors *st, const char *path, Error *error)
{
    bool ok;

    *st = (Safetensors){0};
    ok = path_is_folder(path) ? open_folder(st, path, error)
                              : open_single(st, path, error);
    if (!ok)
        safetensors_close(st);
    return ok;
}

void safetensors_close(Safetensors *st)
{
    for (int i = 0; i < st->file_count; i++)
        mapfile_close(&st->files[i]);
    arena_free(&st->arena);
    *st = (Safetensors){0};
}

/* NULL: there is none of that name. O(log count). */
const Tensor *safetensors_find(const Safetensors *st, const char *name)
{
    Tensor key = { .name = name };

    if (st->count == 0)
        return NULL;
    return bsearch(&key, st->tensors, (size_t)st->count, sizeof key,
                   compare_tensors);
}

void safetensors_give_back(const Safetensors *st, const void *data, size_t bytes)
{
    for (int i = 0; i < st->file_count; i++) {
        const MapFile *file = &st->files[i];
        size_t begin = (size_t)((uintptr_t)data - (uintptr_t)file->bytes);

        if (begin < file->size && bytes <= file->size - begin)
            mapfile_give_back(file, begin, begin + bytes);
    }
}

/* Not when a file is opened: one page of 2 MB for each small tensor that is looked at
 * would be most of a second. */
void safetensors_expect_reading(const Safetensors *st)
{
    for (int i = 0; i < st->file_count; i++)
        memory_want_huge_pages((void *)(uintptr_t)st->files[i].bytes, st->files[i].size);
}

/* Are the files still as long as they were? Before a long run, and after. */
bool safetensors_check(const Safetensors *st, Error *error)
{
    for (int i = 0; i < st->file_count; i++)
        if (!mapfile_check(&st->files[i], error))
            return false;
    return true;
}
