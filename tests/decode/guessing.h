/* guessing.h - storyteller and everybody who can guess for it, opened for a test */
#ifndef GUESSING_H
#define GUESSING_H

#include "storyteller.h"

#include "decode/draft_model.h"
#include "decode/generate.h"
#include "files/safetensors_write.h"
#include "model/quantize.h"
#include "widened.h"

static const SamplingConfig GREEDY = { .top_p = 1, .repeat_penalty = 1 };

/* A second model folder, or storyteller again in blocks (name "int8", "int4"), or
 * widened to F32 and rounded to F16. */
typedef struct {
    ModelDir dir;
    Model model;
    Safetensors file;           /* the widened one                           */
    bool own, own_file;         /* dir, file was opened                      */
} Guesser;

static void open_guesser(Guesser *g, const char *name)
{
    bool int8 = strcmp(name, "int8") == 0, blocks = int8 || strcmp(name, "int4") == 0;
    Error error = {0};

    *g = (Guesser){ .own = !blocks };
    if (g->own)
        expect_ok(modeldir_open(&g->dir, name, MODELDIR_ALL, &error), &error);
    expect_ok(model_load(&g->model, (g->own ? &g->dir : &dir)->config.root,
                         &(g->own ? &g->dir : &dir)->file, &error), &error);
    if (blocks)
        expect_ok(model_quantize(&g->model, &dir.file, int8 ? FORMAT_INT8 : FORMAT_INT4,
                                 NULL, &error), &error);
}

/* Storyteller, which the clone has in BF16, in F32 or F16. */
static inline void open_widened(Guesser *g, Dtype dtype)
{
    const char *path = test_scratch(dtype == DTYPE_F32 ? "f32" : "f16");
    Tensor *all = memory_get(dir.file.count, sizeof *all);
    Arena arena = {0};
    Error error = {0};

    *g = (Guesser){ .own_file = true };
    for (int i = 0; i < dir.file.count; i++)
        all[i] = widened(&dir.file.tensors[i], dtype, &arena);
    expect_ok(safetensors_write(path, all, dir.file.count, NULL, 0, &error), &error);
    expect_ok(safetensors_open(&g->file, path, &error), &error);
    expect_ok(model_load(&g->model, dir.config.root, &g->file, &error), &error);
    memory_give_back(all);
    arena_free(&arena);
}

static void close_guesser(Guesser *g)
{
    model_free(&g->model);
    if (g->own_file)
        safetensors_close(&g->file);
    if (g->own)
        modeldir_close(&g->dir);
}

/* What most drafts of a test are set up with. */
static DraftSetup setup_for(const char *name, const Session *target,
                            const SamplingConfig *sampling, uint64_t seed)
{
    return (DraftSetup){ .name = name, .V = target->model->config.V,
                         .tokens = tokenizer_vocabulary(dir.tokenizer),
                         .capacity = target->capacity, .chunk = 64, .kv = FORMAT_F16,
                         .sampling = *sampling, .seed = seed };
}

#endif
