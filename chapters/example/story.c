/* story.c - the engine as a library: forty lines that tell a story
 *
 *      modeldir_open ──► model_load ──► session_init ──► generate
 *       files, tokenizer   weights        cache           text, piece by piece
 *
 * Build and run it from the top of the clone:
 *
 *      make example && build/example
 *
 * Everything that a larger program needs is here: who owns what (the folder owns
 * the files, the model borrows them, the session borrows the model), what can
 * fail, and in which order things are given back.
 */
#include <stdio.h>

#include "decode/generate.h"

static void show(void *context, const char *text, size_t length)
{
    (void)context;
    fwrite(text, 1, length, stdout);
    fflush(stdout);
}

int main(void)
{
    ModelDir dir;
    Model model;
    Session session;
    Generated story;
    Ids prompt = {0};
    Error error = {0};
    GenerateOptions options = { .n = 100, .seed = 7, .show = show };

    if (!modeldir_open(&dir, "models/storyteller", MODELDIR_ALL, &error)
        || !model_load(&model, dir.config.root, &dir.file, &error)
        || !session_init(&session, &model, 256, 64, FORMAT_F32, &error))
        return error_report(&error);

    options.sampling = dir.sampling;            /* as the model's authors wish */
    options.eos = dir.eos, options.eos_count = dir.eos_count;
    tokenizer_encode(&prompt, dir.tokenizer, "Once upon a time", 16, true);
    if (!generate(&story, &session, dir.tokenizer, prompt.id, prompt.count,
                  &options, &error))
        return error_report(&error);
    printf("\n");

    generated_free(&story), ids_free(&prompt);
    session_free(&session), model_free(&model), modeldir_close(&dir);
    return 0;
}
