/* fuzz_tokenizer.c - any bytes as tokenizer.json; what opens must encode and decode
 *
 * Either the file is refused with an Error, or the tokenizer holds its promises: a
 * stream says whole characters only, and all together what decode says; and a race that
 * is watched, of whole pieces and with nothing remembered, gives the same ids.
 * Build and run: tests/proof.sh BUILD-FOLDER fuzzers. */
#include <string.h>

#include "text/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode_twice(const Tokenizer *tokenizer, const Ids *ids, bool skip)
{
    TokenStream stream;
    Text whole = {0}, said = {0};

    tokenizer_decode(&whole, tokenizer, ids->id, ids->count, skip);
    stream_init(&stream, tokenizer, skip);
    for (int i = 0; i <= ids->count; i++) {
        if (i < ids->count)
            stream_add(&stream, &said, ids->id[i]);
        else
            stream_end(&stream, &said);
        must(utf8_check(said.bytes, said.length) == said.length,
             "half a character after %d ids", i);
    }
    must(whole.length == said.length
         && (whole.length == 0
             || memcmp(whole.bytes, said.bytes, whole.length) == 0),
         "a stream and decode differ");
    stream_free(&stream);
    text_free(&whole);
    text_free(&said);
}

static void no_piece(void *context, const char *piece, size_t length)
{
    (void)context, (void)piece, (void)length;
}

static void no_symbol(void *context, int id)
{
    (void)context, (void)id;
}

static void no_merge(void *context, int place, int rank, int left, int right, int merged)
{
    (void)context, (void)place, (void)rank, (void)left, (void)right, (void)merged;
}

static void encode(const Tokenizer *tokenizer, const char *text, size_t length)
{
    const BpeObserver observer = { no_piece, no_symbol, no_merge, NULL };
    Ids ids = {0}, watched = {0};

    tokenizer_encode(&ids, tokenizer, text, length, true);
    tokenizer_encode_observed(&watched, tokenizer, text, length, true, &observer);
    must(ids.count == watched.count
         && (ids.count == 0
             || memcmp(ids.id, watched.id, sizeof *ids.id * (size_t)ids.count) == 0),
         "somebody watched, and the ids were others");
    ids_free(&watched);
    decode_twice(tokenizer, &ids, false);
    ids.count = 0;
    for (int i = 0; i < 300; i++)
        ids_add(&ids, i * 7919 % (tokenizer_vocabulary(tokenizer) + 2) - 1);
    decode_twice(tokenizer, &ids, true);
    ids_free(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "The cat's  12 <s> \xC3\xA9" "e\xCC\x81\xE2\x96\x81"
                               "\xF0\x9F\x98\x80\n\n ab<|endoftext|>aa x";
    Error error = {0};
    Tokenizer *tokenizer = tokenizer_parse((const char *)data, size, &error);

    if (tokenizer == NULL) {
        must(error.code == EXIT_INPUT && error.text[0] != '\0', "a silent error");
        return 0;
    }
    encode(tokenizer, text, sizeof text - 1);
    if (utf8_check((const char *)data, size) == size)
        encode(tokenizer, (const char *)data, size);
    for (int id = 0; id < tokenizer_vocabulary(tokenizer) && id < 100; id++)
        (void)tokenizer_token(tokenizer, id);
    tokenizer_close(tokenizer);
    return 0;
}
