/* convert.c - a GGUF file becomes a Hugging Face folder
 *
 *      SmolLM2-135M-Instruct.Q4_1.gguf          smollm2/
 *      ┌──────────────────────────────┐
 *      │ keys: sizes, rotary, eps     │ ──────► config.json
 *      │       ids of bos, eos        │ ──────► generation_config.json
 *      │       tokens, merges, scores │ ──────► tokenizer.json
 *      │       chat template          │ ──────► tokenizer_config.json
 *      ├──────────────────────────────┤
 *      │ blocks of 4 and 8 bits       │ ──────► model.safetensors
 *      └──────────────────────────────┘         F16, rows in their order
 *
 * The world has two shelves of language models: folders as on Hugging Face, which this
 * engine reads, and GGUF files, which llama.cpp and its kin read, most of them
 * quantized. This takes a model from the second shelf to the first: everything that the
 * folder of its authors held is rebuilt, and any program that reads such folders can use
 * it, training and notebooks included.
 *
 * What quantizing took away does not come back: a number of 4 bits becomes one of 16
 * bits with the same value, so the file grows, and the model stays as good or bad as the
 * quantized one.
 *
 * The order of work: everything that can be refused is looked at first, while nothing is
 * written. Then the small files, then the weights, row by row, so that memory does not
 * grow with the model. At the end the folder is opened as ./run would open it, and only
 * then takes its name.
 *
 * Source: docs/gguf.md of the ggml project.
 * Read next: gguf/gguf.c, gguf/gguf_config.c, gguf/gguf_layout.c, gguf/gguf_tokenizer.c.
 */
#include <stdio.h>                  /* open_memstream, printf               */
#include <stdlib.h>                 /* free                                 */

#include "base/atomicfile.h"        /* small files, whole                   */
#include "base/command.h"           /* what to type next                    */
#include "base/interrupt.h"         /* Ctrl-C                               */
#include "base/mapfile.h"           /* the GGUF file                        */
#include "base/progress.h"          /* a bar for the weights                */
#include "weights-tools/common/disk.h"
#include "weights-tools/common/lookagain.h"
#include "weights-tools/common/newfolder.h"
#include "weights-tools/common/shards.h"
#include "weights-tools/common/tool.h"
#include "weights-tools/gguf/gguf_config.h"
#include "weights-tools/gguf/gguf_layout.h"
#include "weights-tools/gguf/gguf_tokenizer.h"

typedef struct {                    /* one run                              */
    MapFile file;
    Gguf gguf;
    Config config;
    GgufVocabulary vocabulary;
    GgufLayout layout;
    NewFolder folder;
    Progress bar;
    size_t bytes;                   /* of all numbers that are written      */
} Conversion;

/* ---- look at everything */

static bool read_all(Conversion *c, const char *path, Dtype wanted, Error *error)
{
    bool fine = mapfile_open(&c->file, path, error)
        && mapfile_refuse_pointer(&c->file, error)
        && (gguf_parse(&c->gguf, c->file.bytes, c->file.size, error)
            && gguf_config_read(&c->config, &c->gguf, error)
            && gguf_vocabulary(&c->vocabulary, &c->gguf, &c->config, error)
            && gguf_layout(&c->layout, &c->gguf, &c->config, wanted, error));

    for (int i = 0; i < c->layout.count; i++)
        c->bytes += c->layout.tensors[i].bytes;
    return fine || error_where(error, "%s", path);
}

/* ---- the small files */

typedef enum { CONFIG, GENERATION, TOKENIZER, TOKENIZER_CONFIG } SmallFile;

static bool write_json(JsonWriter *w, const Conversion *c, SmallFile which, Error *error)
{
    switch (which) {
    case CONFIG:     gguf_config_write(w, &c->config, c->layout.dtype); return true;
    case GENERATION: gguf_generation_write(w, &c->config); return true;
    case TOKENIZER:  return gguf_tokenizer_write(w, &c->vocabulary, error);
    default:
        gguf_tokenizer_config_write(w, &c->vocabulary, c->config.context);
        return true;
    }
}

/* In memory first: a tokenizer.json is a few megabytes, and then it is whole. */
static bool write_small(Conversion *c, SmallFile which, Error *error)
{
    static const char *const names[] = { "config.json", "generation_config.json",
                                         "tokenizer.json", "tokenizer_config.json" };
    char *text = NULL;
    size_t length = 0;
    JsonWriter w = { .out = open_memstream(&text, &length) };
    bool fine;

    if (w.out == NULL)
        return error_code(error, EXIT_ROOM, "no memory for %s", names[which]);
    fine = write_json(&w, c, which, error);
    if (fclose(w.out) != 0 && fine)
        fine = error_code(error, EXIT_ROOM, "no memory for %s", names[which]);
    fine = fine && atomicfile_save(newfolder_path(&c->folder, names[which]), text, length,
                                   error);
    free(text);
    return fine;
}

/* ---- the weights */

static bool go_on(void *context, size_t done, size_t total)
{
    Conversion *c = context;

    progress_update(&c->bar, done, total);
    return !interrupt_asked();
}

static bool write_weights(Conversion *c, double shard, Error *error)
{
    Watch watch = { go_on, c };
    bool fine;

    c->layout.file = &c->file;
    c->layout.watch = &watch;
    progress_start(&c->bar, "writing the weights");
    fine = shards_write(c->folder.beside, c->layout.tensors, c->layout.count,
                        (size_t)(shard * 1e6), gguf_fill, &c->layout, error);
    progress_end(&c->bar);
    return fine;
}

static bool convert(Conversion *c, const Options *options, Dtype wanted, Error *error)
{
    return read_all(c, options->argument[0], wanted, error)
        && mapfile_check(&c->file, error)
        && newfolder_open(&c->folder, options->argument[1], error)
        && disk_check(c->folder.beside, c->bytes + 2 * c->file.size / 10, error)
        && write_small(c, CONFIG, error) && write_small(c, GENERATION, error)
        && (write_small(c, TOKENIZER, error)
            || error_where(error, "%s", options->argument[0]))
        && write_small(c, TOKENIZER_CONFIG, error)
        && write_weights(c, options->shard, error)
        && look_again(&c->folder, MODELDIR_ALL, options->argument[0], error)
        && newfolder_commit(&c->folder, error);
}

/* ---- what was done */

/* In numbers, and what a person types next. */
static void say(const Conversion *c, const char *folder)
{
    bool chats = c->vocabulary.chat.length > 0;
    Text word = {0};

    printf("%s: %d tensors, %.1f million numbers, %.1f MB of %s; %d tokens%s\n", folder,
           c->layout.count, (double)c->layout.total / 1e6, (double)c->bytes / 1e6,
           dtype_name(c->layout.dtype), c->vocabulary.used,
           chats ? ", with a chat template" : "");
    command_word(&word, folder);
    command_print(stdout, "    ./run generate --model ");
    printf("%s%s\n", word.bytes, chats ? " --chat --prompt \"Who are you?\""
                                       : " --prompt \"Once upon a time\"");
    text_free(&word);
}

static void report(const Conversion *c, const char *folder, bool json)
{
    const char *dtype = dtype_name(c->layout.dtype);
    JsonWriter w = { .out = stdout };

    if (!json) {
        say(c, folder);
        return;
    }
    json_write_object(&w, NULL);
    json_write_word(&w, "folder", folder);
    json_write_integer(&w, "tensors", c->layout.count);
    json_write_integer(&w, "parameters", (int64_t)c->layout.total);
    json_write_integer(&w, "bytes", (int64_t)c->bytes);
    json_write_word(&w, "dtype", dtype);
    json_write_integer(&w, "tokens", c->vocabulary.used);
    json_write_bool(&w, "chat_template", c->vocabulary.chat.length > 0);
    json_write_object_end(&w);
    json_write_line(&w);
}

static int run(const Options *options);

static const Word word = {
    "convert", run, "FILE.gguf FOLDER",
    "a GGUF file becomes a Hugging Face folder",
    "build/weights-tools/convert SmolLM2-135M-Instruct.Q4_1.gguf smollm2\n"
    "build/weights-tools/convert model.Q8_0.gguf folder --dtype F32\n"
};

static int run(const Options *options)
{
    Conversion *c = memory_get(1, sizeof *c);
    Dtype wanted = DTYPE_COUNT;
    Error error = {0};
    bool fine = tool_arguments(&word, options, 2, 2, &error);

    if (fine) {
        must(options->dtype == NULL || dtype_find(&wanted, options->dtype),
             "the option table allows %s", options->dtype);
        fine = convert(c, options, wanted, &error);
    }
    if (fine)
        report(c, options->argument[1], options->json);
    newfolder_abandon(&c->folder);
    gguf_layout_free(&c->layout);
    gguf_vocabulary_free(&c->vocabulary);
    gguf_free(&c->gguf);
    mapfile_close(&c->file);
    memory_give_back(c);
    return tool_finish(fine, &error);
}

int main(int argc, char **argv)
{
    return tool_main(&word, argc, argv);
}
