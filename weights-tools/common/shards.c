/* shards.c - a model's weights as one file, or as several and an index
 *
 *      tensors, as given           most = 10 bytes
 *
 *      a  b  c     d        e  f
 *      4  4  4     20       2  8
 *      ├──────┤ ├──┤ ├───────────────────────────┤ ├───────┤
 *      4 + 4    4    20: larger than most, alone   2 + 8
 *        │      │    │                               │
 *        ▼      ▼    ▼                               ▼
 *      model-00001-of-00004.safetensors … model-00004-of-00004.safetensors
 *
 *      model.safetensors.index.json
 *      {"metadata":{"total_size":42},"weight_map":{"a":"model-00001-…","b":…}}
 *
 * Hubs and old file systems do not like files of many gigabytes, so large models are
 * published in pieces, the shards. Tensors are dealt out in the order in which they
 * come: a shard is full when the next one would make it larger than most.
 *
 *      shard of tensor i + 1 = shard of i, while Σ bytes in it <= most     (1)
 *
 * A tensor is never cut; one that is larger than most lies alone. The size counts
 * numbers, not headers, as other writers have it.
 *
 * In which order they are written: the index last. Readers look for it, so until
 * it stands there the folder holds no model, and when anything fails on the way the
 * shards that are finished are taken away again.
 *
 * Format notes:
 *
 * - Some readers refuse a file whose metadata does not say "format": "pt". It means
 *   that matrices are [out, in], as PyTorch has them.
 * - A model.safetensors in the folder would be read instead of the shards: by us
 *   and by everybody. So it is refused rather than overlooked.
 *
 * Source: the hub's rules for sharded checkpoints.
 * Read next: src/files/safetensors.c, which reads them, and the tools that write them:
 * weights-tools/synthesize.c, weights-tools/convert.c.
 */
#include "weights-tools/common/shards.h"

#include <stdio.h>          /* open_memstream: the index, as it grows       */
#include <stdlib.h>         /* free                                         */
#include <unistd.h>         /* unlink: shards of a model that failed        */

#include "base/atomicfile.h"            /* the index, whole                 */
#include "base/mapfile.h"               /* path_is_there                    */
#include "base/memory.h"                /* paths                            */
#include "files/json.h"                 /* a look at the index              */
#include "files/json_write.h"           /* the index                        */

typedef struct {            /* how the tensors are cut                      */
    Arena arena;
    int *begin;             /* [shards + 1] first tensor of each; the end   */
    const char **names;     /* [shards] their files, without the folder     */
    int shards;
    size_t bytes;           /* of all numbers                               */
} Cut;

/* Equation (1). most 0: all in one. */
static void cut_tensors(Cut *cut, const Tensor *tensors, int count, size_t most)
{
    size_t inside = 0;

    cut->begin = arena_get(&cut->arena, ((size_t)count + 2) * sizeof *cut->begin);
    for (int i = 0; i < count; i++) {
        if (i > 0 && most > 0 && inside + tensors[i].bytes > most) {
            cut->begin[++cut->shards] = i;
            inside = 0;
        }
        inside += tensors[i].bytes;
        cut->bytes += tensors[i].bytes;
    }
    cut->begin[++cut->shards] = count;
    cut->names = arena_get(&cut->arena, (size_t)cut->shards * sizeof *cut->names);
    for (int s = 0; s < cut->shards; s++)
        cut->names[s] = cut->shards == 1 ? "model.safetensors"
            : arena_print(&cut->arena, "model-%05d-of-%05d.safetensors", s + 1,
                          cut->shards);
}

static void write_index(FILE *out, const Cut *cut, const Tensor *tensors)
{
    JsonWriter w = { .out = out };

    json_write_object(&w, NULL);
    json_write_object(&w, "metadata");
    json_write_integer(&w, "total_size", (int64_t)cut->bytes);
    json_write_object_end(&w);
    json_write_object(&w, "weight_map");
    for (int s = 0; s < cut->shards; s++)
        for (int i = cut->begin[s]; i < cut->begin[s + 1]; i++)
            json_write_word(&w, tensors[i].name, cut->names[s]);
    json_write_object_end(&w);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* The index as text, seen by our own reader: a name in two shards is found before
 * anything is written. Owner of *text: the caller, free. */
static bool make_index(char **text, size_t *length, const Cut *cut,
                       const Tensor *tensors, Error *error)
{
    FILE *out = open_memstream(text, length);
    JsonDocument document;

    if (out == NULL)
        return error_code(error, EXIT_ROOM, "no memory for the index");
    write_index(out, cut, tensors);
    if (fclose(out) != 0)
        return error_code(error, EXIT_ROOM, "no memory for the index");
    if (!json_parse(&document, *text, *length, JSON_UNIQUE, 3, error))
        return error_where(error, "the index that was to be written");
    json_free(&document);
    return true;
}

/* Something failed: remove the first shards, which are finished. Returns false. */
static bool take_away(Cut *cut, const char *folder, int shards)
{
    for (int s = 0; s < shards; s++)
        unlink(arena_print(&cut->arena, "%s/%s", folder, cut->names[s]));
    return false;
}

static bool write_shards(Cut *cut, const char *folder, const Tensor *tensors,
                         TensorFill *fill, void *context, Error *error)
{
    static const char *const metadata[] = { "format", "pt" };

    for (int s = 0; s < cut->shards; s++) {
        int first = cut->begin[s];
        const char *path = arena_print(&cut->arena, "%s/%s", folder, cut->names[s]);

        if (!safetensors_write_filled(path, tensors + first,
                                      cut->begin[s + 1] - first, metadata, 1, fill,
                                      context, error))
            return take_away(cut, folder, s);
    }
    return true;
}

/* Several files: shards, then the index. */
static bool write_sharded(Cut *cut, const char *folder, const Tensor *tensors,
                          TensorFill *fill, void *context, Error *error)
{
    const char *index = arena_print(&cut->arena, "%s/model.safetensors.index.json",
                                    folder);
    const char *single = arena_print(&cut->arena, "%s/model.safetensors", folder);
    char *text = NULL;
    size_t length;
    bool ok;

    if (path_is_there(single))
        return error_set(error, "%s is there and would be read instead of the "
                         "shards: remove it, or choose another folder", single);
    ok = make_index(&text, &length, cut, tensors, error)
        && write_shards(cut, folder, tensors, fill, context, error)
        && (atomicfile_save(index, text, length, error)
            || take_away(cut, folder, cut->shards));
    free(text);
    return ok;
}

/* Write a model's weights into folder.
 *
 *   folder   is there already
 *   tensors  [count] in the order in which they are dealt out to shards; data NULL:
 *            fill is asked, shard by shard
 *   most     bytes of numbers in a file; 0: all in one
 *   Errors:  those of safetensors_write_filled; then no weights were added
 *
 * Cost: as there, and the index in memory.
 */
bool shards_write(const char *folder, const Tensor *tensors, int count, size_t most,
                  TensorFill *fill, void *context, Error *error)
{
    Cut cut = {0};
    bool ok;

    cut_tensors(&cut, tensors, count, most);
    ok = cut.shards == 1
       ? write_shards(&cut, folder, tensors, fill, context, error)
       : write_sharded(&cut, folder, tensors, fill, context, error);
    arena_free(&cut.arena);
    return ok;
}
