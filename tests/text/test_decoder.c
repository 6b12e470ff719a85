/* test_decoder.c - what must be true of text/decoder.c, from outside it
 *
 * Expected texts: `tokenizers` 0.23.3 with the same decoder, tokens and ids. */
#include "test.h"
#include "base/memory.h"        /* memory_count                             */
#include "text/tokenizer.h"

#include <stdlib.h>

#define REPLACE(from, to)                                                     \
    "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" from "\"},"            \
    "\"content\":\"" to "\"}"
#define STRIP(content, start, stop)                                           \
    "{\"type\":\"Strip\",\"content\":\"" content "\",\"start\":" #start       \
    ",\"stop\":" #stop "}"
#define SEQUENCE(list) "{\"type\":\"Sequence\",\"decoders\":[" list "]}"
#define RUNS "{\"type\":\"ByteFallback\"}"
#define FUSE "{\"type\":\"Fuse\"}"
#define LEVEL "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,"            \
              "\"trim_offsets\":true,\"use_regex\":true}"
#define LLAMA2 SEQUENCE(REPLACE("▁", " ") "," RUNS "," FUSE "," STRIP(" ", 1, 0))
#define BAD "\xEF\xBF\xBD"              /* U+FFFD                           */
#define SMILE "\xF0\x9F\x98\x80"        /* 😀                               */

static const char FILE_BEGIN[] =
    "{\"model\":{\"type\":\"BPE\",\"merges\":[],\"vocab\":{\"Ġa\":0,\"b\":1,"
    "\"ð\":2,\"Ł\":3,\"ĺ\":4,\"Ģ\":5,\"é\":6,\"▁a\":7,\"▁\":8,\"<0xF0>\":9,"
    "\"<0x9F>\":10,\"<0x98>\":11,\"<0x80>\":12,\"<0x41>\":13,\"  x \":14,"
    "\"xx\":15}},\"added_tokens\":[{\"id\":16,\"content\":\"<s>\",\"special\":"
    "true,\"normalized\":false,\"lstrip\":false,\"rstrip\":false,"
    "\"single_word\":false},{\"id\":17,\"content\":\"  \",\"special\":false,"
    "\"normalized\":false,\"lstrip\":false,\"rstrip\":false,"
    "\"single_word\":false}],\"decoder\":";

static Tokenizer *with_decoder(const char *decoder, Error *error)
{
    char file[4000];

    snprintf(file, sizeof file, "%s%s}", FILE_BEGIN, decoder);
    return tokenizer_parse(file, strlen(file), error);
}

static const struct {
    const char *decoder, *ids;
    bool skip_special;
    const char *text;
} CASES[] = {
    { "null", "0 1 7", false, "Ġa b ▁a" },
    { LEVEL, "0 1", false, " ab" },
    { LEVEL, "2 3 4 5", false, SMILE },
    { LEVEL, "2 3 4", false, BAD },
    { LEVEL, "2 3 1 5", false, BAD "b" BAD },
    { LEVEL, "2 2 3 4 1", false, BAD BAD "b" },
    { LEVEL, "6 8 0", false, BAD "▁ a" },
    { LEVEL, "0 16 17 1", false, " a<s>  b" },
    { LEVEL, "0 16 17 1", true, " a  b" },
    { LEVEL, "2 3 16 4 5", false, BAD "<s>" BAD BAD },
    { LEVEL, "2 3 16 4 5", true, SMILE },
    { LEVEL, "0 99 1 -1", false, " ab" },
    { SEQUENCE(LEVEL "," STRIP(" ", 1, 0)), "0 0", false, "a a" },
    { LLAMA2, "", false, "" },
    { LLAMA2, "7 7", false, "a a" },
    { LLAMA2, "8 7", false, " a" },
    { LLAMA2, "8 8", false, " " },
    { LLAMA2, "9 10 11 12", false, SMILE },
    { LLAMA2, "7 9 10 11 12 7", false, "a" SMILE " a" },
    { LLAMA2, "9 10 11 7", false, BAD BAD BAD " a" },
    { LLAMA2, "9 10 11 12 13 9", false, BAD BAD BAD BAD BAD BAD },
    { LLAMA2, "9 10 16 11 12", false, BAD BAD "<s>" BAD BAD },
    { LLAMA2, "9 10 16 11 12", true, SMILE },
    { LLAMA2, "16 7", false, "<s> a" },
    { LLAMA2, "16 7", true, "a" },
    { SEQUENCE(REPLACE("▁", " ") "," FUSE "," STRIP(" ", 2, 0)), "8 7", false, "a" },
    { SEQUENCE(REPLACE("▁", " ") "," FUSE "," STRIP(" ", 2, 0)), "8 8 8 1", false,
      " b" },
    { SEQUENCE(FUSE "," STRIP("x", 9, 0)), "15 15 14", false, "  x " },
    { SEQUENCE(REPLACE("▁", " ") "," RUNS), "7 13", false, " aA" },
    { REPLACE("▁", " "), "7 7", false, " a a" },
    { RUNS, "9 13", false, BAD BAD },
    { FUSE, "7 1", false, "▁ab" },
    { REPLACE("xx", "<0x41>"), "15", false, "<0x41>" },
    { SEQUENCE(REPLACE("xx", "<0x41>") "," RUNS "," FUSE), "15 15", false, "AA" },
    { SEQUENCE(REPLACE("xx", "▁") "," REPLACE("▁", " ") "," FUSE), "15 1", false,
      " b" },
};

static int read_ids(int ids[32], const char *text)
{
    char *end;
    int n = 0;

    for (; *text != '\0'; text = end)
        ids[n++] = (int)strtol(text, &end, 10);
    return n;
}

TEST(every_decoder)
{
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        Error error = {0};
        Tokenizer *tokenizer = with_decoder(CASES[i].decoder, &error);
        Text text = {0};
        int ids[32];

        expect_ok(tokenizer != NULL, &error);
        text_add(&text, "", 0);
        tokenizer_decode(&text, tokenizer, ids, read_ids(ids, CASES[i].ids),
                         CASES[i].skip_special);
        if (strcmp(text.bytes, CASES[i].text) != 0)
            printf("\n    %s of %s", CASES[i].ids, CASES[i].decoder);
        expect_text(text.bytes, CASES[i].text);
        text_free(&text);
        tokenizer_close(tokenizer);
    }
}

/* Lengths add up to the text that tokenizers gives, wherever that has no U+FFFD. */
TEST(lengths_add_up_to_the_text)
{
    int checked = 0;

    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        Error error = {0};
        Tokenizer *tokenizer = with_decoder(CASES[i].decoder, &error);
        int ids[32], lengths[32], n = read_ids(ids, CASES[i].ids), sum = 0;

        expect_ok(tokenizer != NULL, &error);
        tokenizer_lengths(lengths, tokenizer, ids, n);
        for (int k = 0; k < n; k++)
            sum += lengths[k];
        if (strstr(CASES[i].text, BAD) == NULL && !CASES[i].skip_special) {
            if (sum != (int)strlen(CASES[i].text))
                printf("\n    %s of %s", CASES[i].ids, CASES[i].decoder);
            expect_int(sum, strlen(CASES[i].text));
            checked++;
        }
        tokenizer_close(tokenizer);
    }
    expect(checked > 20);
}

/* Half a character is as many bytes as its tokens have; the blank in front of a text
 * is none, the same token later one. */
TEST(lengths_of_single_ids)
{
    static const struct { const char *decoder, *ids; int lengths[5]; } cases[] = {
        { LEVEL, "2 3 4 0 99", { 1, 1, 1, 2, 0 } },
        { LLAMA2, "9 10 7 7 1", { 1, 1, 2, 2, 1 } },
        { LLAMA2, "7 7 13 12 16", { 1, 2, 1, 1, 3 } },
        { LLAMA2, "8 8 7 1 99", { 0, 1, 2, 1, 0 } },
        { "null", "99 1 1 0 1", { 0, 1, 2, 4, 2 } },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Error error = {0};
        Tokenizer *tokenizer = with_decoder(cases[i].decoder, &error);
        int ids[32], lengths[32];

        expect_ok(tokenizer != NULL, &error);
        expect_int(read_ids(ids, cases[i].ids), 5);
        tokenizer_lengths(lengths, tokenizer, ids, 5);
        for (int k = 0; k < 5; k++)
            expect_int(lengths[k], cases[i].lengths[k]);
        tokenizer_close(tokenizer);
    }
}

/* What a stream says after each id; "" is held back. */
static void expect_stream(const char *decoder, const char *ids_text,
                          const char *const *pieces)
{
    Error error = {0};
    Tokenizer *tokenizer = with_decoder(decoder, &error);
    TokenStream stream;
    Text out = {0};
    int ids[32], n = read_ids(ids, ids_text);

    expect_ok(tokenizer != NULL, &error);
    stream_init(&stream, tokenizer, false);
    for (int i = 0; i <= n; i++) {
        text_clear(&out);
        text_add(&out, "", 0);
        if (i < n)
            stream_add(&stream, &out, ids[i]);
        else
            stream_end(&stream, &out);
        expect_text(out.bytes, pieces[i]);
    }
    stream_free(&stream);
    text_free(&out);
    tokenizer_close(tokenizer);
}

TEST(a_stream_holds_back_half_a_character)
{
    expect_stream(LEVEL, "0 2 3 4 5 1 2 3",
                  (const char *[]){ " a", "", "", "", SMILE, "b", "", "", BAD });
    expect_stream(LEVEL, "2 3 1",
                  (const char *[]){ "", "", BAD "b", "" });
}

/* A run of byte tokens is settled by what follows it, not before. */
TEST(a_stream_holds_back_a_run_of_bytes)
{
    expect_stream(LLAMA2, "7 9 10 11 12 1 13 9 1",
                  (const char *[]){ "a", "", "", "", "", SMILE "b", "", "",
                                    BAD BAD "b", "" });
    expect_stream(LLAMA2, "13", (const char *[]){ "", "A" });
}

/* After stream_end a stream begins a new text: the strip comes again. */
TEST(a_stream_can_be_used_again)
{
    Error error = {0};
    Tokenizer *tokenizer = with_decoder(LLAMA2, &error);
    TokenStream stream;
    Text out = {0};

    expect_ok(tokenizer != NULL, &error);
    stream_init(&stream, tokenizer, false);
    for (int i = 0; i < 2; i++) {
        stream_add(&stream, &out, 7);
        stream_add(&stream, &out, 7);
        stream_end(&stream, &out);
    }
    expect_text(out.bytes, "a aa a");
    stream_free(&stream);
    text_free(&out);
    tokenizer_close(tokenizer);
}

/* With room in `out`, no id makes a stream ask for memory, not even a run of a
 * thousand byte tokens. */
TEST(a_stream_allocates_nothing)
{
    static const char *const decoders[] = { LEVEL, LLAMA2 };

    for (int d = 0; d < 2; d++) {
        Error error = {0};
        Tokenizer *tokenizer = with_decoder(decoders[d], &error);
        TokenStream stream;
        Text out = {0};
        size_t before;

        expect_ok(tokenizer != NULL, &error);
        for (int i = 0; i < 20000; i++)
            text_add(&out, " ", 1);
        text_clear(&out);
        stream_init(&stream, tokenizer, true);
        before = memory_count();
        for (int i = 0; i < 5000; i++)
            stream_add(&stream, &out, i < 4000 ? 9 + i / 1000 % 2 : i % 18);
        stream_end(&stream, &out);
        expect_int(memory_count(), before);
        stream_free(&stream);
        text_free(&out);
        tokenizer_close(tokenizer);
    }
}

TEST(what_is_not_supported_is_named)
{
    static const char *const bad[][2] = {
        { "{\"type\":\"WordPiece\"}", "\"WordPiece\" is not supported" },
        { "{\"type\":\"Metaspace\"}", "ByteFallback, ByteLevel, Fuse" },
        { SEQUENCE(FUSE "," REPLACE("a", "b")), "the order is" },
        { SEQUENCE(FUSE "," RUNS), "the order is" },
        { SEQUENCE(RUNS "," LEVEL), "the order is" },
        { SEQUENCE(RUNS "," STRIP(" ", 1, 0)), "the order is" },
        { STRIP(" ", 1, 0), "the order is" },
        { SEQUENCE(FUSE "," STRIP(" ", 1, 1)), "\"stop\" 0" },
        { SEQUENCE(FUSE "," STRIP(" ", 1, 0) "," STRIP(" ", 1, 0)), "one Strip" },
        { SEQUENCE(FUSE "," STRIP("ab", 1, 0)), "one character" },
        { SEQUENCE(FUSE "," STRIP("", 1, 0)), "one character" },
        { SEQUENCE(FUSE "," STRIP(" ", -1, 0)), "one Strip" },
        { SEQUENCE(FUSE ",{\"type\":\"Strip\",\"content\":\" \",\"start\":1}"),
          "\"stop\"" },
        { "{\"type\":\"Replace\",\"content\":\" \"}", "\"pattern\"" },
        { "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a\"},\"content\":"
          "\"\"}", "\"pattern\" at byte" },
        { REPLACE("", "b"), "\"pattern\" at byte" },
        { "{\"type\":\"Sequence\"}", "\"decoders\"" },
        { "[]", "not an object" },
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Error error = {0};
        Tokenizer *tokenizer = with_decoder(bad[i][0], &error);

        expect(tokenizer == NULL);
        expect_int(error.code, EXIT_INPUT);
        if (!error_mentions(&error, bad[i][1]))
            test_fail(__FILE__, __LINE__, "%s does not mention %s", error.text,
                      bad[i][1]);
    }
}

const Test decoder_tests[] = {
    { "every decoder", every_decoder },
    { "lengths add up to the text", lengths_add_up_to_the_text },
    { "lengths of single ids", lengths_of_single_ids },
    { "a stream holds back half a character", a_stream_holds_back_half_a_character },
    { "a stream holds back a run of bytes", a_stream_holds_back_a_run_of_bytes },
    { "a stream can be used again", a_stream_can_be_used_again },
    { "a stream allocates nothing", a_stream_allocates_nothing },
    { "what is not supported is named", what_is_not_supported_is_named },
    { NULL, NULL },
};
