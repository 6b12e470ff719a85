/* storyteller.h - the tiny model that ships with the clone, opened for a test */
#ifndef STORYTELLER_H
#define STORYTELLER_H

#include "test.h"

#include "base/parallel.h"
#include "decode/modeldir.h"

static ModelDir dir;
static Model model;

/* Tests run from the top of the clone. One thread: so small a model gains nothing
 * from more, and on a busy machine threads that wait for each other lose much. */
static void open_storyteller(void)
{
    Error error = {0};

    parallel_set_threads(1);
    expect_ok(modeldir_open(&dir, "models/storyteller", MODELDIR_ALL, &error),
              &error);
    expect_ok(model_load(&model, dir.config.root, &dir.file, &error), &error);
}

static void close_storyteller(void)
{
    model_free(&model);
    modeldir_close(&dir);
}

#endif
