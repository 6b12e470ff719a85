/* guessing.h - storyteller and everybody who can guess for it, opened for a test */
#ifndef GUESSING_H
#define GUESSING_H

#include "storyteller.h"

#include "decode/draft_model.h"
#include "decode/generate.h"
#include "model/quantize.h"

static const SamplingConfig GREEDY = { .top_p = 1, .repeat_penalty = 1 };

/* With the fast kernels: these tests write many texts. */
static void open_target(void)
{
    Error error = {0};

    open_storyteller();
    expect_ok(kernels_choose("auto", &error), &error);
}

/* A second model folder, or storyteller again in blocks (name "int8", "int4"). */
typedef struct {
    ModelDir dir;
    Model model;
    bool own;                   /* dir was opened                            */
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

static void close_guesser(Guesser *g)
{
    model_free(&g->model);
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
