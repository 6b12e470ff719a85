/* synthesize.c - a model of a real shape, with random weights
 *
 *      synthesize tinyllama folder --dtype BF16 --seed 0
 *                     │
 *                     ▼
 *      models/shapes/tinyllama.json, or any config.json
 *                     │
 *                     ├──► Config ──► weights_expected: 201 names and shapes
 *                     │                        │
 *                     │      random_weights ───┤  a number is a function of
 *                     │                        │  (seed, name, index)
 *                     ▼                        ▼
 *      folder/ config.json           model.safetensors, or shards
 *              tokenizer.json        and their index
 *
 * The weights of a billion numbers are large, and some have licences that keep them
 * out of tests. But how fast an engine is, how much memory it needs, whether it
 * finds its way through a file of 2.2 gigabytes and whether two engines agree to the
 * last digits does not depend on what the numbers are. So here are models of the
 * real shapes that anybody can make in seconds, and that are the same, byte for
 * byte, wherever they are made.
 *
 * The engine itself says which tensors there are, by the very tables that read a
 * file: what is made here is what it reads. random_weights.c tells the law of the
 * numbers.
 *
 * What is taken over: the given config.json, byte for byte but for the number
 * format; and from beside it a tokenizer, its settings and wishes, where they are
 * there. Without one a tokenizer of single bytes is written.
 *
 * The folder appears whole or not at all: a run that fails or is stopped with Ctrl-C
 * leaves nothing behind.
 *
 * Read next: weights-tools/common/random_weights.c, then weights-tools/inspect.c.
 */
#include <stdio.h>                  /* printf                               */
#include <string.h>                 /* strlen, strrchr                      */

#include "base/atomicfile.h"        /* small files, whole                   */
#include "base/clock.h"             /* how long it took                     */
#include "base/interrupt.h"         /* Ctrl-C                               */
#include "base/mapfile.h"           /* what is copied                       */
#include "base/parallel.h"          /* --threads                            */
#include "base/progress.h"          /* a bar for the gigabytes              */
#include "decode/modelname.h"       /* names of shapes                      */
#include "files/json_write.h"       /* --json                               */
#include "model/weights.h"          /* which tensors a model has            */
#include "weights-tools/common/byte_tokenizer.h"
#include "weights-tools/common/companions.h"
#include "weights-tools/common/disk.h"
#include "weights-tools/common/newfolder.h"
#include "weights-tools/common/random_weights.h"
#include "weights-tools/common/shards.h"
#include "weights-tools/common/tool.h"

#define MEGA 1e6                    /* of --shard-size, as the hub counts    */
#define SMALL_FILES 5000000         /* bytes: tokenizer and the like, at most */

typedef struct {                    /* one run                              */
    const char *folder;             /* where the model goes                 */
    Dtype dtype;
    char config_path[HUBCACHE_PATH];
    const char *beside;             /* the folder of config_path            */
    JsonDocument document;
    Config config;
    Tensor *tensors;                /* [count]                              */
    int count;
    uint64_t numbers, bytes;        /* of all tensors                       */
    const char *tokenizer;          /* "copied", "bytes" or "none"          */
    RandomWeights random;
    Progress bar;
    uint64_t done;                  /* numbers that are written             */
    NewFolder made;                 /* what will be at folder               */
    Arena arena;
} Synthesis;

/* ---- what shall be made */

/* SHAPE: a folder, a config.json, or a name of models/shapes. */
static bool find_config(Synthesis *s, const char *shape, Error *error)
{
    const char *slash;

    if (path_is_folder(shape))
        snprintf(s->config_path, sizeof s->config_path, "%s/config.json", shape);
    else if (path_is_there(shape))
        snprintf(s->config_path, sizeof s->config_path, "%s", shape);
    else if (!modelname_shape(s->config_path, shape, error))
        return false;
    slash = strrchr(s->config_path, '/');
    s->beside = slash == NULL ? "." : arena_text(&s->arena, s->config_path,
                                                 (size_t)(slash - s->config_path));
    if (!json_read_file(&s->document, s->config_path, JSON_UNIQUE, error))
        return false;
    return config_read(&s->config, s->document.root, error)
        || error_where(error, "%s", s->config_path);
}

/* Every tensor that the engine would look for, in the wanted number format. */
static bool list_tensors(Synthesis *s, Error *error)
{
    s->tensors = weights_expected(&s->config, &s->arena, &s->count);
    for (int i = 0; i < s->count; i++) {
        Tensor *t = &s->tensors[i];
        uint64_t bytes;

        t->dtype = s->dtype;
        if (!tensor_bytes(&bytes, t->shape, t->rank, t->dtype)
            || bytes > UINT64_MAX / 4 - s->bytes)
            return error_set(error, "%s: %s would have more bytes than a file can",
                             s->config_path, t->name);
        t->bytes = (size_t)bytes;
        s->bytes += bytes;
        s->numbers += tensor_count(t);
    }
    return true;
}

/* ---- the small files */

/* Where the string that begins at text ends, its quotes included. */
static size_t string_length(const char *text)
{
    size_t i = 1;

    while (text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
    return i + 1;
}

/* config.json as it was given, its torch_dtype or dtype, whichever stands there, as
 * it is now; when there is none it comes first.
 *
 *      …"torch_dtype": "float16",…   ──►   …"torch_dtype": "bfloat16",…
 */
static bool write_config(Synthesis *s, Error *error)
{
    static const char *const keys[] = { "torch_dtype", "dtype" };
    const char *word = s->dtype == DTYPE_F32 ? "\"float32\""
                     : s->dtype == DTYPE_F16 ? "\"float16\"" : "\"bfloat16\"";
    Text text = {0};
    MapFile file;
    const char *bytes;
    size_t done = 0;
    bool fine;

    if (!mapfile_open(&file, s->config_path, error))
        return false;
    bytes = (const char *)file.bytes;
    for (int k = 0; k < 2; k++) {
        const Json *node = json_get(s->document.root, keys[k]);

        if (!json_is(node, JSON_STRING) || node->offset < done)
            continue;
        text_add(&text, bytes + done, node->offset - done);
        text_add(&text, word, strlen(word));
        done = node->offset + string_length(bytes + node->offset);
    }
    if (done == 0) {
        done = s->document.root->offset + 1;
        text_add(&text, bytes, done);
        text_print(&text, "\"torch_dtype\": %s,", word);
    }
    text_add(&text, bytes + done, file.size - done);
    fine = atomicfile_save(newfolder_path(&s->made, "config.json"), text.bytes,
                           text.length, error);
    text_free(&text);
    mapfile_close(&file);
    return fine;
}

static bool copy_companions(Synthesis *s, Error *error)
{
    bool tokenizer;

    if (!companions_copy(&s->made, s->beside, &tokenizer, error))
        return false;
    s->tokenizer = tokenizer ? "copied" : NULL;
    return true;
}

/* A tokenizer of single bytes, when none was copied. */
static bool write_tokenizer(Synthesis *s, Error *error)
{
    Text text = {0};
    bool fine;

    if (s->tokenizer != NULL)
        return true;
    s->tokenizer = byte_tokenizer(&text, &s->config) ? "bytes" : "none";
    fine = text.length == 0
        || atomicfile_save(newfolder_path(&s->made, "tokenizer.json"), text.bytes,
                           text.length, error);
    text_free(&text);
    return fine;
}

/* ---- the weights */

/* TensorFill: the next numbers, unless a person pressed Ctrl-C. */
static bool fill(void *context, const Tensor *tensor, size_t first, size_t count,
                 void *out, Error *error)
{
    Synthesis *s = context;

    if (interrupt_asked())
        return error_code(error, EXIT_INTERRUPTED, "interrupted: %s is as it was",
                          s->folder);
    random_weights_fill(out, &s->random, tensor, first, count);
    s->done += count;
    progress_update(&s->bar, (size_t)s->done, (size_t)s->numbers);
    return true;
}

static bool write_weights(Synthesis *s, double shard, Error *error)
{
    bool fine;

    progress_start(&s->bar, "writing the weights");
    fine = shards_write(s->made.beside, s->tensors, s->count, (size_t)(shard * MEGA), fill,
                        s, error);
    progress_end(&s->bar);
    return fine;
}

/* All of it, in the order in which a mistake is cheapest. */
static bool synthesize(Synthesis *s, const Options *options, Error *error)
{
    random_weights_init(&s->random, (uint64_t)options->seed);
    return find_config(s, options->argument[0], error)
        && list_tensors(s, error)
        && newfolder_open(&s->made, s->folder, error)
        && disk_check(s->made.beside, s->bytes + SMALL_FILES, error)
        && write_config(s, error)
        && copy_companions(s, error)
        && write_tokenizer(s, error)
        && write_weights(s, options->shard, error)
        && newfolder_commit(&s->made, error);
}

/* ---- what was done */

static void report_json(const Synthesis *s, double seed)
{
    const Json *architecture = json_get(s->document.root, "architectures")->child;
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_word(&w, "folder", s->folder);
    json_write_text(&w, "architecture", architecture->text, architecture->length);
    json_write_integer(&w, "tensors", s->count);
    json_write_integer(&w, "parameters", (int64_t)s->numbers);
    json_write_integer(&w, "bytes", (int64_t)s->bytes);
    json_write_word(&w, "dtype", dtype_name(s->dtype));
    json_write_integer(&w, "seed", (int64_t)seed);
    json_write_word(&w, "tokenizer", s->tokenizer);
    json_write_object_end(&w);
    json_write_line(&w);
}

static void report(const Synthesis *s, double seconds)
{
    printf("%s: %d tensors, %llu numbers, %.1f MB of %s\n", s->folder, s->count,
           (unsigned long long)s->numbers, (double)s->bytes / MEGA,
           dtype_name(s->dtype));
    printf("%s\n", strcmp(s->tokenizer, "copied") == 0
           ? "tokenizer: the one beside the given config.json"
           : strcmp(s->tokenizer, "bytes") == 0
           ? "tokenizer: a byte is a token; all other ids show as their number"
           : "tokenizer: none, the vocabulary has no room for 256 bytes");
    fflush(stdout);
    fprintf(stderr, "%.1f s, %.0f MB/s\n", seconds,
            (double)s->bytes / MEGA / (seconds > 0 ? seconds : 1));
}

static int run(const Options *options);

static const Word word = {
    "synthesize", run, "SHAPE FOLDER",
    "a model of a real shape, with random weights",
    "build/weights-tools/synthesize tinyllama /tmp/tiny\n"
    "build/weights-tools/synthesize llama3.2-1b big --dtype F16 --shard-size 500\n"
    "build/weights-tools/synthesize models/storyteller other --seed 7\n"
};

static int run(const Options *options)
{
    Synthesis *s = memory_get(1, sizeof *s);
    double started = clock_seconds();
    Error error = {0};
    bool fine = tool_arguments(&word, options, 2, 2, &error);

    if (options->threads > 0)
        parallel_set_threads(options->threads);
    if (fine) {
        s->folder = options->argument[1];
        must(dtype_find(&s->dtype, options->dtype != NULL ? options->dtype : "BF16"),
             "the option table allows %s", options->dtype);
        fine = synthesize(s, options, &error);
        if (fine && options->json)
            report_json(s, options->seed);
        else if (fine)
            report(s, clock_seconds() - started);
    }
    newfolder_abandon(&s->made);
    json_free(&s->document);
    arena_free(&s->arena);
    memory_give_back(s);
    return tool_finish(fine, &error);
}

int main(int argc, char **argv)
{
    return tool_main(&word, argc, argv);
}
