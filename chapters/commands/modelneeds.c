/* modelneeds.c - what a model is and what it needs, from its settings and headers
 *
 *      config.json ───► Config ──► which tensors there are, their shapes
 *                         │                    │
 *                         │ session_bytes      │ modelsize_of
 *                         ▼                    ▼
 *      KV cache of min(context, 2048)   +   weights at f16, int8, int4
 *      tokens in f16, rows of a pass                │
 *                         └────────────┬────────────┘
 *                                      ▼
 *                            memory that it needs
 *
 * Only headers are read: a folder of two gigabytes is looked at in a millisecond. All
 * the same the tensors are bound to their parts, as they are when the model is opened:
 * one that is missing, or has another shape than config.json says, is noticed here.
 *
 * A model that cannot be run is looked at as far as it goes. What its file holds can be
 * counted without knowing what it is for; what it would need in memory cannot.
 *
 * int8 and int4 say what --quantize would make of the weights. A model that is stored in
 * blocks (weights-tools/quantize) is that already, and needs what its file holds.
 *
 * Read next: chapters/lesson/modelsize.c.
 */
#include "chapters/commands/modelneeds.h"

#include <stdio.h>
#include <string.h>

#include "chapters/lesson/modelsize.h"

/* What the header says: numbers, bytes, and the format that most bytes have. */
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

/* A repository without a snapshot is asked for by its name: the answer says what is
 * missing. Everything else lies in a folder, and that very folder is looked at. */
static const char *what_to_open(const FoundModel *found)
{
    char repository[HUBCACHE_NAME];

    return strstr(found->folder, "/snapshots/") == NULL
        && hubcache_repository(repository, found->folder) ? found->name : found->folder;
}

/* What follows from the settings; buffers that the file holds do not count here. */
static void measure_model(ModelSeen *seen, const Config *config, const Weights *weights,
                          Arena *arena)
{
    static const Format formats[] = {
#define NEED_FORMAT(name, format) format,
        NEEDS(NEED_FORMAT)
#undef NEED_FORMAT
    };
    int count;
    const Tensor *tensors = weights_expected(config, arena, &count);
    ModelSize size = modelsize_of(tensors, count, config, NEED_POSITIONS);

    seen->V = config->V;
    seen->parameters = weights->parameters;
    seen->session = (double)size.session;
    if (weights->format >= FORMAT_FLOATS)
        snprintf(seen->format, sizeof seen->format, "%s", format_name(weights->format));
    for (int i = 0; i < NEED_COUNT; i++)
        if (weights->format < FORMAT_FLOATS)
            seen->needed[i] = modelsize_needed(&size, formats[i]);
        else if (weights->format == formats[i])
            seen->needed[i] = model_needs_now(seen);
}

void model_look(ModelSeen *seen, const FoundModel *found, Arena *arena)
{
    ModelDir dir;
    Config config;
    Weights weights;
    const Json *names;

    *seen = (ModelSeen){ .name = found->name, .folder = found->folder,
                         .place = found->place };
    if (!modeldir_open(&dir, what_to_open(found), MODELDIR_WEIGHTS, &seen->error))
        return;
    names = json_get(dir.config.root, "architectures");
    snprintf(seen->architecture, sizeof seen->architecture, "%s",
             json_is(names, JSON_ARRAY) && json_is(names->child, JSON_STRING)
             ? names->child->text : "unknown");
    measure(seen, &dir.file);
    seen->usable = true;
    if (config_read(&config, dir.config.root, &seen->error)
        && weights_bind(&weights, &config, &dir.file, &seen->error)) {
        seen->supported = true;
        measure_model(seen, &config, &weights, arena);
        weights_free(&weights);
    }
    modeldir_close(&dir);
}

double model_needs_now(const ModelSeen *seen)
{
    return (double)seen->bytes + seen->session;
}
