/* tokenize.c - ./run tokenize: a text as the ids that the model sees
 *
 *      "Once upon a time"
 *              │ tokenizer_encode
 *              ▼
 *       0     1688 375 693   259 544       ids
 *       <|…|> On   ce  Ġupon Ġa  Ġtime     the vocabulary's spelling (--json)
 *
 *      $ ./run tokenize --text "a fox"
 *      0 65 956 88
 *
 * A model never sees a letter. What it sees are these numbers, and a good deal of
 * what models get wrong (spelling, counting letters, sums) is plain from them.
 *
 * Needs only tokenizer.json of the model's folder. --no-special leaves out what
 * the tokenizer adds by itself (a token for the beginning of the text, mostly); a
 * special token that is typed in the text counts either way.
 *
 * Read next: src/text/tokenizer.c. Lesson: chapters/chapter01_tokenizer.c.
 */
#include <stdio.h>

#include "chapters/commands/common.h"
#include "chapters/words.h"

static void print_ids(const Ids *ids)
{
    for (int i = 0; i < ids->count; i++)
        printf("%s%d", i > 0 ? " " : "", ids->id[i]);
    putchar('\n');
}

static void print_json(const Ids *ids, const Tokenizer *tokenizer)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_ids(&w, "ids", ids->id, ids->count);
    json_write_array(&w, "tokens");
    for (int i = 0; i < ids->count; i++)
        json_write_token(&w, NULL, tokenizer, ids->id[i]);
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_line(&w);
}

int command_tokenize(const Options *options)
{
    ModelDir dir;
    Text text = {0};
    Ids ids = {0};
    Error error = {0};
    bool fine = modeldir_open(&dir, options->model, MODELDIR_TOKENIZER, &error);

    if (!fine)
        return finish(false, &error);
    fine = take_text(&text, options, &error);
    if (fine) {
        tokenizer_encode(&ids, dir.tokenizer, text.bytes, text.length,
                         !options->no_special);
        if (options->json)
            print_json(&ids, dir.tokenizer);
        else
            print_ids(&ids);
    }
    ids_free(&ids);
    text_free(&text);
    modeldir_close(&dir);
    return finish(fine, &error);
}
