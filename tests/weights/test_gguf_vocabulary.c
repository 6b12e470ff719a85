/* test_gguf_vocabulary.c - the tokens of a GGUF file become a tokenizer.json that cuts and
 * merges as they were meant: ids and merges by hand, and what is refused */
#include "gguf_bytes.h"

#include <stdlib.h>

#include "text/tokenizer.h"
#include "weights-tools/gguf/gguf_config.h"
#include "weights-tools/gguf/gguf_tokenizer.h"

typedef struct { GgufBytes bytes; Gguf gguf; Config config; } Model;

static bool reread(Model *m, Error *error)
{
    return gguf_parse(&m->gguf, (const unsigned char *)m->bytes.bytes.bytes,
                      m->bytes.bytes.length, error)
        && gguf_config_read(&m->config, &m->gguf, error);
}

static Tokenizer *tokenizer_of(Model *m, GgufVocabulary *v, Error *error)
{
    char *text = NULL;
    size_t length = 0;
    JsonWriter w = { .out = open_memstream(&text, &length) };
    Tokenizer *t = NULL;

    if (gguf_vocabulary(v, &m->gguf, &m->config, error)
        && gguf_tokenizer_write(&w, v, error)) {
        fclose(w.out);
        t = tokenizer_parse(text, length, error);
    }
    return t;
}

/* Ids by hand. "a b" is merged first, then "Ġ a", then "ab c". */
TEST(ids_of_bytes)
{
    static const struct { const char *text; int n, id[6]; } table[] = {
        { "abc ab", 3, { 7, 4, 5 } }, { "a  b", 3, { 1, 8, 2 } },
        { " ac", 2, { 6, 3 } }, { "c<|end|>c", 3, { 3, 0, 3 } }, { "", 0, { 0 } },
    };
    Model m;
    GgufVocabulary v;
    Error error = {0};
    Tokenizer *t;

    gguf_tiny(&m.bytes, "llama", "gpt-2");
    expect_ok(reread(&m, &error), &error);
    t = tokenizer_of(&m, &v, &error);
    expect_ok(t != NULL, &error);
    expect(v.count == 12 && v.used == 9 && !v.add_bos);
    expect(m.config.bos == 0 && m.config.eos_count == 1 && m.config.eos[0] == 0);
    for (int i = 0; i < 5; i++) {
        Ids ids = {0};

        tokenizer_encode(&ids, t, table[i].text, strlen(table[i].text), true);
        expect_int(ids.count, table[i].n);
        for (int k = 0; k < ids.count; k++)
            expect_int(ids.id[k], table[i].id[k]);
    }
    expect(tokenizer_is_special(t, 0) && !tokenizer_is_special(t, 8));
    expect(tokenizer_token(t, 9) == NULL);                  /* [PAD9]        */
}

TEST(cuts_by_name)
{
    static const struct { const char *pre; bool digits, nfc, ignore, bos; } table[] = {
        { "gpt-2", false, false, false, false }, { "smollm", true, false, false, false },
        { "llama-bpe", false, false, true, true }, { "olmo", false, true, false, false },
        { "stablelm2", false, true, false, false },
    };

    for (int i = 0; i < 5; i++) {
        Model m;
        GgufVocabulary v;
        Error error = {0};
        Tokenizer *t;
        int id;

        gguf_tiny(&m.bytes, "llama", table[i].pre);
        expect_ok(reread(&m, &error), &error);
        t = tokenizer_of(&m, &v, &error);
        expect_ok(t != NULL, &error);
        expect(v.cuts->digits == table[i].digits && v.cuts->nfc == table[i].nfc);
        expect(v.cuts->ignore_merges == table[i].ignore);
        expect(tokenizer_adds_first(t, &id) == table[i].bos);
    }
}

static void no_kinds(GgufBytes *g)   { poke(g, "tokenizer.ggml.token_type", 6, 4); }
static void bad_eos(GgufBytes *g)    { poke(g, "tokenizer.ggml.eos_token_id", 12, 4); }
static void unused_eos(GgufBytes *g) { poke(g, "tokenizer.ggml.eos_token_id", 10, 4); }

static void odd_kind(GgufBytes *g)
{
    g->bytes.bytes[find_bytes(g, "token_type") + 10 + 16] = 7;
}

static void twins(GgufBytes *g)
{
    g->bytes.bytes[find_bytes(g, "abc")] = 'a';
    memcpy(g->bytes.bytes + find_bytes(g, "Ġa"), "abc", 3);
}

static void bad_utf8(GgufBytes *g)  { g->bytes.bytes[find_bytes(g, "abc")] = (char)0xFF; }
static void bad_merge(GgufBytes *g) { g->bytes.bytes[find_bytes(g, "ab c") + 2] = 'x'; }
static void spm(GgufBytes *g) { memcpy(g->bytes.bytes + find_bytes(g, "gpt2"), "bert", 4); }

TEST(vocabularies_refused)
{
    static const struct { void (*damage)(GgufBytes *); const char *pre, *words; } table[] = {
        { NULL, "default", "tokenizer.ggml.pre" }, { NULL, "tekken", "tekken" },
        { no_kinds, "gpt-2", "token_type" }, { odd_kind, "gpt-2", "unknown type" },
        { bad_eos, "gpt-2", "eos_token_id" }, { unused_eos, "gpt-2", "unused" },
        { twins, "gpt-2", "both" }, { bad_utf8, "gpt-2", "UTF-8" },
        { bad_merge, "gpt-2", "merge 2" }, { spm, "gpt-2", "bert" },
    };

    for (int i = 0; i < 10; i++) {
        Model m;
        GgufVocabulary v;
        Error error = {0};

        gguf_tiny(&m.bytes, "llama", table[i].pre);
        if (table[i].damage != NULL)
            table[i].damage(&m.bytes);
        expect_ok(reread(&m, &error), &error);
        if (gguf_vocabulary(&v, &m.gguf, &m.config, &error)
            || !error_mentions(&error, table[i].words))
            test_fail(__FILE__, __LINE__, "vocabulary %d: %s", i, error.text);
        gguf_vocabulary_free(&v);
    }
}

/* SentencePiece by hand: scores fall with the id, as they were learnt. */
TEST(merges_by_score)
{
    static const char *const tokens[] = { "<unk>", "<s>", "▁t", "he", "▁the", "▁th", "▁", "t",
                                          "h", "e", "ß", NULL };
    static const uint32_t kinds[] = { 2, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    static const char *const want[] = { "▁ t", "h e", "▁t he", "▁th e", "▁t h" };
    uint32_t scores[11];
    Model m = { .config = { .V = 11 } };
    GgufVocabulary v;
    GgufMerge *merges;
    Error error = {0};
    size_t count;

    for (int i = 0; i < 11; i++) {
        float score = (float)-i;

        memcpy(&scores[i], &score, 4);
    }
    gguf_begin(&m.bytes);
    key_text(&m.bytes, "tokenizer.ggml.model", "llama");
    key_texts(&m.bytes, "tokenizer.ggml.tokens", tokens);
    key_numbers(&m.bytes, "tokenizer.ggml.token_type", 5, kinds, 11);
    key_numbers(&m.bytes, "tokenizer.ggml.scores", 6, scores, 11);
    key_u32(&m.bytes, "tokenizer.ggml.bos_token_id", 1);
    gguf_end(&m.bytes);
    expect_ok(gguf_parse(&m.gguf, (const unsigned char *)m.bytes.bytes.bytes,
                         m.bytes.bytes.length, &error), &error);
    expect_ok(gguf_vocabulary(&v, &m.gguf, &m.config, &error), &error);
    expect(v.add_bos && !v.add_eos && v.prefix && v.cuts == NULL);
    expect_ok(gguf_merges(&merges, &count, &v, &error), &error);
    expect_int(count, 5);
    for (int i = 0; i < 5; i++) {
        char both[20];

        snprintf(both, sizeof both, "%s %s", tokens[merges[i].left], tokens[merges[i].right]);
        expect_text(both, want[i]);
    }
}

const Test gguf_vocabulary_tests[] = {
    { "ids of bytes and merges, by hand", ids_of_bytes },
    { "what each word for cutting means", cuts_by_name },
    { "vocabularies that are refused", vocabularies_refused },
    { "merges that scores stand for", merges_by_score },
    { NULL, NULL },
};
