/* byte_tokenizer.c - a tokenizer.json for a model that has none
 *
 *      ids 0 … V-1
 *
 *      bos, eos        <|1|>  <|2|>      where config.json has them; special
 *      256 of them     !  "  #  …        one byte each, in the byte alphabet
 *      all others      Ġ259  Ġ260  …     a blank and the id itself
 *
 *      "the cat" ──► t h e Ġ c a t ──► 7 ids
 *      ids 31984 77 9012 ──► " 31984" "K" " 9012"
 *
 * A model with random weights has learned no words, and a real vocabulary is the
 * property of the model that it belongs to. But a program that runs such a model
 * wants texts in and texts out. So each byte is a token of its own and there
 * are no merges: any text can be read. The ids that are left over, nearly all of
 * them, are what a random model says most of the time; they show as their number.
 *
 * Written for every reader of tokenizer.json: a BPE model with the ByteLevel
 * alphabet and no post-processor, so that nothing is put in front of a text.
 *
 * Source: behaviour of `tokenizers` 0.23.3. Read next: weights-tools/synthesize.c.
 */
#include "weights-tools/common/byte_tokenizer.h"

#include <stdio.h>                  /* open_memstream                       */
#include <stdlib.h>                 /* free                                 */

#include "files/json_write.h"       /* the file                             */
#include "text/pretokenize.h"       /* the byte alphabet                    */

static bool is_special(const Config *c, int id)
{
    bool special = id == c->bos;

    for (int i = 0; i < c->eos_count; i++)
        special = special || id == c->eos[i];
    return special;
}

static void put_added(JsonWriter *w, int id)
{
    char name[20];

    snprintf(name, sizeof name, "<|%d|>", id);
    json_write_object(w, NULL);
    json_write_integer(w, "id", id);
    json_write_word(w, "content", name);
    json_write_bool(w, "single_word", false);
    json_write_bool(w, "lstrip", false);
    json_write_bool(w, "rstrip", false);
    json_write_bool(w, "normalized", false);
    json_write_bool(w, "special", true);
    json_write_object_end(w);
}

/* Every id under its name in the picture. The special ones stand here, too: an added
 * token that the vocabulary lacks would get another id from some readers. */
static void put_vocabulary(JsonWriter *w, const Config *c)
{
    int byte = 0;

    json_write_object(w, "vocab");
    for (int id = 0; id < c->V; id++) {
        char name[20];
        int length;

        if (is_special(c, id))
            length = snprintf(name, sizeof name, "<|%d|>", id);
        else if (byte < 256)
            length = utf8_write(name, pretokenize_byte_to_point((unsigned char)byte++));
        else
            length = snprintf(name, sizeof name, "\xC4\xA0%d", id);     /* Ġ */
        name[length] = '\0';
        json_write_integer(w, name, id);
    }
    json_write_object_end(w);
}

static void put_byte_level(JsonWriter *w, const char *key)
{
    json_write_object(w, key);
    json_write_word(w, "type", "ByteLevel");
    json_write_bool(w, "add_prefix_space", false);
    json_write_bool(w, "trim_offsets", true);
    json_write_bool(w, "use_regex", true);
    json_write_object_end(w);
}

static void put_tokenizer(JsonWriter *w, const Config *c)
{
    json_write_object(w, NULL);
    json_write_word(w, "version", "1.0");
    json_write_null(w, "truncation");
    json_write_null(w, "padding");
    json_write_array(w, "added_tokens");
    for (int id = 0; id < c->V; id++)
        if (is_special(c, id))
            put_added(w, id);
    json_write_array_end(w);
    json_write_null(w, "normalizer");
    put_byte_level(w, "pre_tokenizer");
    json_write_null(w, "post_processor");
    put_byte_level(w, "decoder");
    json_write_object(w, "model");
    json_write_word(w, "type", "BPE");
    json_write_null(w, "dropout");
    json_write_null(w, "unk_token");
    json_write_null(w, "continuing_subword_prefix");
    json_write_null(w, "end_of_word_suffix");
    json_write_bool(w, "fuse_unk", false);
    json_write_bool(w, "byte_fallback", false);
    json_write_bool(w, "ignore_merges", false);
    put_vocabulary(w, c);
    json_write_array(w, "merges");
    json_write_array_end(w);
    json_write_object_end(w);
    json_write_object_end(w);
    json_write_line(w);
}

/* Cost: some 16 bytes per id. */
bool byte_tokenizer(Text *out, const Config *config)
{
    JsonWriter w = {0};
    char *text = NULL;
    size_t length = 0;
    int special = 0;

    for (int id = 0; id < config->V; id++)
        special += is_special(config, id);
    if (config->V < 256 + special)
        return false;
    w.out = open_memstream(&text, &length);
    must(w.out != NULL, "no memory for a vocabulary of %d", config->V);
    put_tokenizer(&w, config);
    fclose(w.out);
    text_add(out, text, length);
    free(text);
    return true;
}
