/* detokenize.c - ./run detokenize: ids as the text that they stand for
 *
 *      0  1688  375  693  259  544
 *      │   └──────────┬──────────┘
 *      │              │ tokenizer_decode
 *      ▼              ▼
 *   left out:    Once upon a time        exactly, no newline added
 *   the token that tokenize put first
 *
 *      $ ./run detokenize 0 1688 375 693 259 544
 *      Once upon a time
 *
 * So tokenize and detokenize undo each other: what goes in comes out. Special
 * tokens are printed, except that first one, which is not in the text. Ids that end
 * in the middle of a character give U+FFFD there.
 *
 * Ids are taken from the words or from stdin, with blanks or commas between.
 *
 * Read next: src/text/decoder.c. Lesson: chapters/chapter01_tokenizer.c.
 */
#include <stdio.h>
#include <string.h>

#include "chapters/commands/common.h"
#include "chapters/words.h"

static void print_text(const Tokenizer *tokenizer, const Options *options,
                       const Ids *ids)
{
    Text text = {0};
    JsonWriter w = { .out = stdout };
    int first, skip = 0;

    text_add(&text, "", 0);                 /* so that bytes is not NULL     */
    if (ids->count > 0 && tokenizer_adds_first(tokenizer, &first)
        && ids->id[0] == first)
        skip = 1;
    if (ids->count > skip)
        tokenizer_decode(&text, tokenizer, ids->id + skip, ids->count - skip, false);
    if (options->json) {
        json_write_object(&w, NULL);
        json_write_text(&w, "text", text.bytes, text.length);
        json_write_object_end(&w);
        json_write_line(&w);
    } else if (text.length > 0) {
        fwrite(text.bytes, 1, text.length, stdout);
    }
    text_free(&text);
}

/* Numbers that the vocabulary skips are not ids either. */
static bool known(const Tokenizer *tokenizer, const Ids *ids, Error *error)
{
    for (int i = 0; i < ids->count; i++)
        if (tokenizer_token(tokenizer, ids->id[i]) == NULL)
            return error_set(error, "the id %d is not one of this model's: its "
                             "vocabulary has no token of that number", ids->id[i]);
    return true;
}

int command_detokenize(const Options *options)
{
    ModelDir dir;
    Text text = {0};
    Ids ids = {0};
    Error error = {0};
    bool fine = modeldir_open(&dir, options->model, MODELDIR_TOKENIZER, &error);

    if (!fine)
        return finish(false, &error);
    fine = take_text(&text, options, &error)
        && (strlen(text.bytes) == text.length
            || error_code(&error, EXIT_USAGE, "the byte 0 at offset %zu is not "
                          "part of a token id", strlen(text.bytes)))
        && take_ids(&ids, text.bytes, tokenizer_vocabulary(dir.tokenizer), &error)
        && known(dir.tokenizer, &ids, &error);
    if (fine)
        print_text(dir.tokenizer, options, &ids);
    ids_free(&ids);
    text_free(&text);
    modeldir_close(&dir);
    return finish(fine, &error);
}
