/* models.c - ./run models: which models are on this machine, and where
 *
 *      the clone's models/, the Hugging Face cache
 *                 │ modelname_list
 *                 ▼
 *      name, folder ──► modeldir_open (config.json, the header of the weights)
 *                 │
 *                 ▼
 *      name         architecture      parameters  format   size     memory
 *      storyteller  LlamaForCausalLM      2.76 M  BF16     5.5 MB   fits
 *
 * Only headers are read: a folder of two gigabytes is looked at in a millisecond.
 * A model whose architecture this engine does not run yet is listed and says so; a
 * folder that cannot be used is listed with the reason.
 *
 * "fits" compares the weights with the memory of the machine; a model that is larger
 * still runs, because its file is mapped, but reads the disk for every token.
 *
 * Read next: src/decode/modelname.c. Lesson: chapters/chapter02_weights.c.
 */
#include <stdio.h>
#include <string.h>

#include "chapters/commands/common.h"
#include "chapters/commands/models.h"
#include "chapters/words.h"

/* What the header says: parameters, bytes, and the format that most bytes have. */
static void measure(ModelSeen *seen, const Safetensors *file)
{
    uint64_t bytes[DTYPE_COUNT] = {0};
    int most = 0;

    for (int i = 0; i < file->count; i++) {
        const Tensor *tensor = &file->tensors[i];

        bytes[tensor->dtype] += tensor->bytes;
        seen->bytes += tensor->bytes;
        if (tensor->dtype == DTYPE_F32 || tensor->dtype == DTYPE_F16
            || tensor->dtype == DTYPE_BF16)
            seen->parameters += tensor_count(tensor);
    }
    for (int d = 1; d < DTYPE_COUNT; d++)
        if (bytes[d] > bytes[most])
            most = d;
    snprintf(seen->format, sizeof seen->format, "%s", dtype_name((Dtype)most));
}

void model_look(ModelSeen *seen, const FoundModel *found)
{
    ModelDir dir;
    Config config;
    const Json *names;

    *seen = (ModelSeen){ .name = found->name, .folder = found->folder };
    if (!modeldir_open(&dir, found->folder, MODELDIR_WEIGHTS, &seen->error))
        return;
    names = json_get(dir.config.root, "architectures");
    snprintf(seen->architecture, sizeof seen->architecture, "%s",
             json_is(names, JSON_ARRAY) && json_is(names->child, JSON_STRING)
             ? names->child->text : "unknown");
    measure(seen, &dir.file);
    seen->supported = config_read(&config, dir.config.root, &seen->error);
    seen->usable = true;
    modeldir_close(&dir);
}

static void print_row(const ModelSeen *seen)
{
    char parameters[16];

    if (!seen->usable) {
        printf("%-22s cannot be used: %s\n", seen->name, seen->error.text);
        return;
    }
    printf("%-22s %-22s %10s  %-5s %9.1f MB  %-9s %s%s\n", seen->name,
           seen->architecture, short_count(parameters, (double)seen->parameters),
           seen->format, (double)seen->bytes / 1e6,
           seen->bytes < memory_machine() ? "fits" : "too large", seen->folder,
           seen->supported ? "" : "  (not supported yet)");
}

static void write_row(JsonWriter *w, const ModelSeen *seen)
{
    json_write_object(w, NULL);
    json_write_text(w, "name", seen->name, strlen(seen->name));
    json_write_text(w, "folder", seen->folder, strlen(seen->folder));
    json_write_bool(w, "usable", seen->usable);
    json_write_bool(w, "supported", seen->supported);
    json_write_text(w, "architecture", seen->architecture,
                    strlen(seen->architecture));
    json_write_integer(w, "parameters", (int64_t)seen->parameters);
    json_write_text(w, "format", seen->format, strlen(seen->format));
    json_write_integer(w, "bytes", (int64_t)seen->bytes);
    json_write_bool(w, "fits", seen->bytes < memory_machine());
    if (seen->error.code != 0)
        json_write_text(w, "error", seen->error.text, strlen(seen->error.text));
    json_write_object_end(w);
}

/* Names of the table that were not found, and what they stand for. */
static void print_absent(const FoundModel *found, int count)
{
    bool said = false;

    for (const ModelName *known = model_names; known->name != NULL; known++) {
        bool here = false;

        for (int i = 0; i < count; i++)
            here = here || strcmp(found[i].name, known->name) == 0;
        if (here)
            continue;
        if (!said)
            printf("\nknown by name, and not on this machine:\n");
        said = true;
        printf("%-22s %s\n", known->name, known->repository != NULL
               ? known->repository : "ships with the clone");
    }
}

int command_models(const Options *options)
{
    Arena arena = {0};
    int count;
    const FoundModel *found;
    JsonWriter w = { .out = stdout };
    Error error = {0};

    if (options->words != NULL)
        return finish(error_code(&error, EXIT_USAGE, "models: takes no words, and "
                                 "got: %s", options->words), &error);
    found = modelname_list(&arena, &count);
    if (options->json) {
        json_write_object(&w, NULL);
        json_write_array(&w, "models");
    } else {
        printf("%-22s %-22s %10s  %-5s %12s  %-9s %s\n", "name", "architecture",
               "parameters", "kind", "size", "memory", "folder");
    }
    for (int i = 0; i < count; i++) {
        ModelSeen seen;

        model_look(&seen, &found[i]);
        options->json ? write_row(&w, &seen) : print_row(&seen);
    }
    if (options->json) {
        json_write_array_end(&w);
        json_write_object_end(&w);
        json_write_line(&w);
    } else {
        print_absent(found, count);
    }
    arena_free(&arena);
    return EXIT_FINE;
}
