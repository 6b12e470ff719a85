/* tok_tool.c - our tokenizer behind a pipe, for tokenizers_random.py
 *
 *      tok_tool tokenizer.json < questions > answers
 *
 *      question                                answer
 *      E  length  bytes                        count  ids        encode, plain
 *      S  length  bytes                        count  ids        … with BOS
 *      D  count   ids                          length bytes      decode
 *      K  count   ids                          length bytes      … no specials
 *
 * All numbers are 32-bit, in this machine's order. A decode is done twice, at
 * once and as a stream; each thing that the stream says must be whole characters,
 * and all of it together the same text, or the program ends with status 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/tokenizer.h"

static void get(void *to, size_t bytes)
{
    if (fread(to, 1, bytes, stdin) != bytes) {
        fprintf(stderr, "tok_tool: the questions end in the middle of one\n");
        exit(1);
    }
}

static void put(const void *from, uint32_t count, size_t size)
{
    fwrite(&count, sizeof count, 1, stdout);
    fwrite(from, size, count, stdout);
}

static void encode(const Tokenizer *tokenizer, const void *text, size_t length,
                   bool special)
{
    Ids ids = {0};

    tokenizer_encode(&ids, tokenizer, text, length, special);
    put(ids.id, (uint32_t)ids.count, sizeof *ids.id);
    ids_free(&ids);
}

static void decode(const Tokenizer *tokenizer, const int *ids, uint32_t count,
                   bool skip)
{
    Text whole = {0}, pieces = {0};
    TokenStream stream;
    size_t before = 0;

    tokenizer_decode(&whole, tokenizer, ids, (int)count, skip);
    stream_init(&stream, tokenizer, skip);
    for (uint32_t i = 0; i <= count; i++) {
        if (i < count)
            stream_add(&stream, &pieces, ids[i]);
        else
            stream_end(&stream, &pieces);
        if (utf8_check(pieces.bytes + before, pieces.length - before)
            != pieces.length - before) {
            fprintf(stderr, "tok_tool: a stream said half a character\n");
            exit(1);
        }
        before = pieces.length;
    }
    if (whole.length != pieces.length
        || memcmp(whole.bytes, pieces.bytes, whole.length) != 0) {
        fprintf(stderr, "tok_tool: a stream and decode differ\n");
        exit(1);
    }
    put(whole.bytes, (uint32_t)whole.length, 1);
    stream_free(&stream);
    text_free(&whole);
    text_free(&pieces);
}

int main(int argc, char **argv)
{
    Error error = {0};
    Tokenizer *tokenizer;
    int what;

    if (argc != 2) {
        fprintf(stderr, "usage: tok_tool tokenizer.json < questions\n");
        return EXIT_USAGE;
    }
    tokenizer = tokenizer_open(argv[1], &error);
    if (tokenizer == NULL)
        return error_report(&error);
    while ((what = getchar()) != EOF) {
        uint32_t count;
        void *data;

        get(&count, sizeof count);
        data = memory_get_bytes((size_t)count * 4);
        if (what == 'E' || what == 'S') {
            get(data, count);
            encode(tokenizer, data, count, what == 'S');
        } else {
            get(data, (size_t)count * 4);
            decode(tokenizer, data, count, what == 'K');
        }
        memory_give_back(data);
    }
    tokenizer_close(tokenizer);
    return 0;
}
