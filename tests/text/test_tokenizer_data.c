/* test_tokenizer_data.c - published vectors through the tokenizers of real models
 *
 * Needs $BILLION_DATA/models and $BILLION_DATA/tokvectors: vectors that llama.cpp,
 * transformers.js and llama-tokenizer-js test themselves with. */
#include "test.h"
#include "text/tokenizer.h"

#include <stdlib.h>

static Tokenizer *open_model(const char *name)
{
    char path[200];
    Error error = {0};
    Tokenizer *tokenizer;

    snprintf(path, sizeof path, "models/%s/tokenizer.json", name);
    tokenizer = tokenizer_open(test_data(path), &error);
    expect_ok(tokenizer != NULL, &error);
    return tokenizer;
}

static void expect_vector(const Tokenizer *tokenizer, const Json *vector,
                          int *cleaned)
{
    const Json *text = json_get(vector, "text"), *want = json_get(vector, "ids");
    const Json *decoded = json_get(vector, "decoded");
    bool special = json_is(json_get(vector, "add_special"), JSON_TRUE);
    Ids ids = {0};
    Text back = {0};
    int i = 0;

    expect(json_is(text, JSON_STRING) && json_is(want, JSON_ARRAY));
    tokenizer_encode(&ids, tokenizer, text->text, text->length, special);
    if (ids.count != want->count)
        printf("\n    \"%s\":", text->text);
    expect_int(ids.count, want->count);
    for (want = want->child; want != NULL; want = want->next, i++) {
        int64_t id = -1;

        expect(json_integer(&id, want));
        expect_int(ids.id[i], id);
    }
    if (decoded != NULL) {
        text_add(&back, "", 0);
        tokenizer_decode(&back, tokenizer, ids.id, ids.count, false);
        /* transformers.js tidied this text up afterwards (" !" → "!"), which is
         * no part of tokenizer.json. */
        if (strcmp(text->text, "A\n'll !!to?'d''d of, can't.") == 0
            && strcmp(back.bytes, decoded->text) != 0)
            (*cleaned)++;
        else
            expect_text(back.bytes, decoded->text);
    }
    text_free(&back);
    ids_free(&ids);
}

static void every_vector_of(const char *list, const char *model, int count,
                            int tidied)
{
    JsonDocument document;
    Error error = {0};
    Tokenizer *tokenizer = open_model(model);
    const Json *vectors;
    int cleaned = 0;

    expect_ok(json_read_file(&document, test_data("tokvectors/vectors.json"),
                             JSON_PLAIN, &error), &error);
    vectors = json_get(document.root, list);
    expect(json_is(vectors, JSON_ARRAY));
    expect_int(vectors->count, count);
    for (const Json *v = vectors->child; v != NULL; v = v->next)
        expect_vector(tokenizer, v, &cleaned);
    expect_int(cleaned, tidied);
    json_free(&document);
    tokenizer_close(tokenizer);
}

TEST(vectors_llama2) { every_vector_of("llama2", "TinyLlama-1.1B-Chat-v1.0", 48, 0); }
TEST(vectors_llama3) { every_vector_of("llama3", "Llama-3.2-1B-Instruct", 42, 1); }
TEST(vectors_gpt2) { every_vector_of("gpt2", "gpt2", 36, 1); }
TEST(vectors_neox) { every_vector_of("neox", "pythia-1b", 23, 0); }
/* StableLM 2 has cl100k's merges but splits numbers into digits: neither of the
 * two vectors holds a number of two digits. */
TEST(vectors_cl100k) { every_vector_of("cl100k", "stablelm-2-1_6b", 2, 0); }

typedef struct { const char *text; int count, ids[16]; } Golden;

static void expect_goldens(const char *model, bool special, const Golden *g, int n)
{
    Tokenizer *tokenizer = open_model(model);

    for (int i = 0; i < n; i++) {
        Ids ids = {0};

        tokenizer_encode(&ids, tokenizer, g[i].text, strlen(g[i].text), special);
        expect_int(ids.count, g[i].count);
        for (int k = 0; k < ids.count; k++)
            expect_int(ids.id[k], g[i].ids[k]);
        ids_free(&ids);
    }
    tokenizer_close(tokenizer);
}

/* From the test suite of transformers.js, with BOS. */
TEST(corners_of_llama2)
{
    static const Golden goldens[] = {
        { "How are you doing?", 6, { 1, 1128, 526, 366, 2599, 29973 } },
        { "   leading space", 4, { 1, 1678, 8236, 2913 } },
        { "Hi  Hello", 4, { 1, 6324, 29871, 15043 } },
        { "\n", 3, { 1, 29871, 13 } },
        { " \n", 3, { 1, 259, 13 } },
        { "\ttabs\t\t\t\tout here", 10,
          { 1, 29871, 12, 21175, 12, 12, 12, 12, 449, 1244 } },
        { "grabbed", 4, { 1, 2646, 1327, 287 } },
        { "生活的真谛是", 10,
          { 1, 29871, 30486, 31704, 30210, 30848, 235, 179, 158, 30392 } },
        { "\xF0\x9F\xA6\x99", 6, { 1, 29871, 243, 162, 169, 156 } },
        { "", 1, { 1 } },
        { "A", 2, { 1, 319 } },
    };

    expect_goldens("TinyLlama-1.1B-Chat-v1.0", true, goldens, 11);
}

TEST(corners_of_llama3)
{
    static const Golden goldens[] = {
        { "Hi  Hello", 3, { 13347, 220, 22691 } },
        { "\n", 1, { 198 } },
        { " \n", 1, { 720 } },
        { "   leading space", 3, { 256, 6522, 3634 } },
        { "trailing space   ", 4, { 376, 14612, 3634, 262 } },
        { "0123456789", 4, { 11531, 12901, 17458, 24 } },
        { " A", 1, { 362 } },
        { "D", 1, { 35 } },
        { "", 0, { 0 } },
    };

    expect_goldens("Llama-3.2-1B-Instruct", false, goldens, 9);
}

/* A run of n spaces has the id 50278 - n; 30 of them are 24 + 6. */
TEST(runs_of_spaces_in_pythia)
{
    Tokenizer *tokenizer = open_model("pythia-1b");

    for (int n = 2; n <= 30; n++) {
        Ids ids = {0};

        tokenizer_encode(&ids, tokenizer, "                              ",
                         (size_t)n, false);
        expect_int(ids.count, n <= 24 ? 1 : 2);
        if (n != 25)                /* 24 + 1: the last one is a plain blank */
            expect_int(ids.id[ids.count - 1], 50278 - (n <= 24 ? n : n - 24));
        expect(n <= 24 || ids.id[0] == 50278 - 24);
        ids_free(&ids);
    }
    tokenizer_close(tokenizer);
}

static const char *const MODELS[] = {
    "TinyLlama-1.1B-Chat-v1.0", "Llama-3.2-1B-Instruct", "pythia-1b",
    "stablelm-2-1_6b", "gpt2",
};

/* WikiText-2's test file, 1.3 MB, without BOS: as many ids as other programs count, and
 * decoded, at once and id by id, to the file itself. (It is NFC, and its blanks are
 * blanks, so that the normal form of all five models reads as the file does.) */
TEST(wikitext_comes_back)
{
    static const int counts[5] = { 335687, 289076, 287159, 299189, 286221 };
    size_t length;
    char *text = test_read(test_data("bench/wikitext2/wiki.test.raw"), &length);

    for (int m = 0; m < 5; m++) {
        Tokenizer *tokenizer = open_model(MODELS[m]);
        Ids ids = {0};
        Text back = {0}, said = {0}, normal = {0};
        TokenStream stream;

        tokenizer_encode(&ids, tokenizer, text, length, false);
        expect_int(ids.count, counts[m]);
        tokenizer_decode(&back, tokenizer, ids.id, ids.count, false);
        expect(back.length == length && memcmp(back.bytes, text, length) == 0);
        stream_init(&stream, tokenizer, false);
        for (int i = 0; i < ids.count; i++)
            stream_add(&stream, &said, ids.id[i]);
        stream_end(&stream, &said);
        expect(said.length == length && memcmp(said.bytes, text, length) == 0);
        tokenizer_normalize(&normal, tokenizer, text, length);
        expect(normal.length == length && memcmp(normal.bytes, text, length) == 0);
        stream_free(&stream);
        text_free(&normal);
        text_free(&said);
        text_free(&back);
        ids_free(&ids);
        tokenizer_close(tokenizer);
    }
    memory_give_back(text);
}

/* Two megabytes of one thing, over and over: what was quadratic in the length of a
 * run would take hours here, and a test that takes ten minutes has failed. (Measured:
 * at most 1 s each.) And what went in comes out, since all five can spell every
 * character. */
TEST(long_runs_take_seconds)
{
    static const char *const units[] = { " ", "a", "\n", "é", "<|", "0", " \n",
                                         "!", "Once upon a time ", "ab\t" };
    enum { LENGTH = 2000000 };
    char *text = memory_get_bytes(LENGTH + 20);

    for (int m = 0; m < 5; m++) {
        Tokenizer *tokenizer = open_model(MODELS[m]);

        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            size_t n = 0, width = strlen(units[u]);
            Ids ids = {0};
            Text back = {0};

            for (; n < LENGTH; n += width)
                memcpy(text + n, units[u], width);
            tokenizer_encode(&ids, tokenizer, text, n, false);
            tokenizer_decode(&back, tokenizer, ids.id, ids.count, true);
            expect_int(back.length, n);
            expect(memcmp(back.bytes, text, n) == 0);
            ids_free(&ids);
            text_free(&back);
        }
        tokenizer_close(tokenizer);
    }
    memory_give_back(text);
}

const Test tokenizer_data_tests[] = {
    { "proof: 48 published vectors of Llama 2", vectors_llama2 },
    { "proof: 42 published vectors of Llama 3", vectors_llama3 },
    { "proof: 36 published vectors of GPT-2", vectors_gpt2 },
    { "proof: 23 published vectors of GPT-NeoX", vectors_neox },
    { "proof: 2 published vectors of cl100k", vectors_cl100k },
    { "proof: corners of Llama 2", corners_of_llama2 },
    { "proof: corners of Llama 3", corners_of_llama3 },
    { "proof: runs of spaces in Pythia", runs_of_spaces_in_pythia },
    { "proof: WikiText-2 is counted and comes back", wikitext_comes_back },
    { "proof: long runs take seconds", long_runs_take_seconds },
    { NULL, NULL },
};
