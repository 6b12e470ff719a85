/* test_gguf.c - files written byte by byte, each way in which one can be wrong, and a
 * thousand damaged ones. (tests/oracle/convert.py asks the gguf package.) */
#include "gguf_bytes.h"

#include <math.h>
#include <stdlib.h>

#include "numbers/bits.h"
#include "weights-tools/gguf/gguf_config.h"
#include "weights-tools/gguf/gguf_layout.h"
#include "weights-tools/gguf/gguf_tokenizer.h"

static bool parse(Gguf *gguf, const GgufBytes *g, Error *error)
{
    return gguf_parse(gguf, (const unsigned char *)g->bytes.bytes, g->bytes.length, error);
}

/* A value of every kind that a getter reads, and a matrix with its shape turned. */
TEST(by_hand)
{
    static const char *const words[] = { "one", "", "three", NULL };
    static const struct { int kind, width; uint64_t bits; int value; } table[] = {
        { 0, 1, 200, 200 }, { 1, 1, 0xFE, -2 }, { 2, 2, 60000, 60000 },
        { 3, 2, 0xFFFD, -3 }, { 4, 4, 70000, 70000 }, { 5, 4, 0xFFFFFFFC, -4 },
        { 10, 8, 5, 5 }, { 11, 8, (uint64_t)-6, -6 },
    };
    Error error = {0};
    GgufBytes g;
    Gguf gguf;
    char name[16];
    float x = 0;
    bool flag = false;
    GgufText text = {0};
    const GgufKey *list;
    const GgufTensor *t;
    const unsigned char *at;

    gguf_begin(&g);
    for (int i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "k%d", i);
        key(&g, name, table[i].kind, table[i].bits, table[i].width);
    }
    key_f32(&g, "real", 0.25f);
    key(&g, "double", 12, 0x3FE0000000000000, 8);               /* 0.5       */
    key(&g, "flag", 7, 1, 1);
    key_text(&g, "text", "hello");
    key_texts(&g, "words", words);
    tensor(&g, "m", 3, 4, 0, 48);
    gguf_end(&g);
    expect_ok(parse(&gguf, &g, &error), &error);
    for (int i = 0; i < 8; i++) {
        int value = 0;

        snprintf(name, sizeof name, "k%d", i);
        expect_ok(gguf_integer(&value, &gguf, name, -100, 100000, GGUF_MUST, &error), &error);
        expect_int(value, table[i].value);
    }
    expect_ok(gguf_real(&x, &gguf, "real", GGUF_MUST, &error), &error);
    expect(x == 0.25f);
    expect_ok(gguf_real(&x, &gguf, "double", GGUF_MUST, &error), &error);
    expect(x == 0.5f);
    expect_ok(gguf_flag(&flag, &gguf, "flag", &error) && flag, &error);
    expect_ok(gguf_text(&text, &gguf, "text", GGUF_MUST, &error), &error);
    expect(gguf_is(text, "hello") && !gguf_is(text, "hell"));
    expect_ok(gguf_list(&list, &gguf, "words", GGUF_STRING, 3, &error), &error);
    at = list->data;
    expect(gguf_is(gguf_next(&at), "one") && gguf_is(gguf_next(&at), "")
           && gguf_is(gguf_next(&at), "three"));
    t = gguf_tensor(&gguf, "m");
    expect(t != NULL && t->rank == 2 && t->shape[0] == 3 && t->shape[1] == 4);
    expect_int(t->bytes, 48);
    expect_int(t->offset % 32, 0);
    expect(gguf_tensor(&gguf, "n") == NULL && gguf_key(&gguf, "k8") == NULL);
    gguf_free(&gguf);
    gguf_bytes_free(&g);
}

/* What a getter says about a key that is not as it should be. */
TEST(getters_complain)
{
    Error error = {0};
    GgufBytes g;
    Gguf gguf;
    int value = 7;
    float x = 7;
    bool flag = true;
    GgufText text = {0};
    const GgufKey *list;

    gguf_begin(&g);
    key_u32(&g, "n", 5);
    key_f32(&g, "zero", 0);
    key_f32(&g, "nan", NAN);
    key(&g, "flag", 7, 2, 1);
    key_text(&g, "text", "\xFF");
    gguf_end(&g);
    expect_ok(parse(&gguf, &g, &error), &error);
    expect(gguf_integer(&value, &gguf, "absent", 0, 9, GGUF_MAY, &error) && value == 7);
    expect(!gguf_integer(&value, &gguf, "absent", 0, 9, GGUF_MUST, &error));
    expect(error_mentions(&error, "absent") && error_mentions(&error, "missing"));
    expect(!gguf_integer(&value, &gguf, "n", 6, 9, GGUF_MUST, &error));
    expect(error_mentions(&error, "from 6 to 9") && value == 7);
    expect(!gguf_integer(&value, &gguf, "text", 0, 9, GGUF_MUST, &error));
    expect(!gguf_real(&x, &gguf, "zero", GGUF_MUST, &error) && x == 7);
    expect(!gguf_real(&x, &gguf, "nan", GGUF_MUST, &error) && x == 7);
    expect(!gguf_real(&x, &gguf, "n", GGUF_MUST, &error));
    expect(!gguf_flag(&flag, &gguf, "flag", &error));
    expect(!gguf_text(&text, &gguf, "text", GGUF_MUST, &error));
    expect(error_mentions(&error, "UTF-8"));
    expect(!gguf_text(&text, &gguf, "n", GGUF_MUST, &error));
    expect(!gguf_list(&list, &gguf, "text", GGUF_STRING, 0, &error));
    gguf_free(&gguf);
    gguf_bytes_free(&g);
}

/* --- each way to be wrong: what is done to a good file, and words of the complaint --- */

static void cut_head(GgufBytes *g)    { g->bytes.length = 20; }
static void cut_keys(GgufBytes *g)    { g->bytes.length = 700; }
static void cut_data(GgufBytes *g)    { g->bytes.length -= 1; }
static void cut_all(GgufBytes *g)     { g->bytes.length = 0; }
static void other_magic(GgufBytes *g) { g->bytes.bytes[0] = 'g'; }
static void version_2(GgufBytes *g)   { g->bytes.bytes[4] = 2; }
static void version_9(GgufBytes *g)   { g->bytes.bytes[4] = 9; }

static void big_endian(GgufBytes *g)
{
    g->bytes.bytes[4] = 0, g->bytes.bytes[7] = 3;
}

static void many_tensors(GgufBytes *g) { g->bytes.bytes[14] = 1; }
static void many_keys(GgufBytes *g)    { g->bytes.bytes[23] = 127; }

/* The length of a key's name, of a string, of a list: far beyond the file. */
static void long_key(GgufBytes *g)    { g->bytes.bytes[24 + 6] = 1; }

static void long_text(GgufBytes *g)
{
    poke(g, "tokenizer.ggml.model", UINT64_MAX - 2, 8);
}

static void long_list(GgufBytes *g)
{
    size_t at = find_bytes(g, "token_type") + 10 + 8;

    memset(g->bytes.bytes + at, 0xFF, 8);
}

static void list_of_lists(GgufBytes *g)
{
    g->bytes.bytes[find_bytes(g, "token_type") + 10 + 4] = 9;
}

static void unknown_kind(GgufBytes *g)
{
    g->bytes.bytes[find_bytes(g, "block_count") + 11] = 13;
}

static void twin_keys(GgufBytes *g)
{
    memcpy(g->bytes.bytes + find_bytes(g, "bos_token_id"), "eos", 3);
}

/* The fields behind a tensor's name: rank, shape, type, offset. */
static char *behind(GgufBytes *g, const char *name, size_t skip)
{
    return g->bytes.bytes + find_bytes(g, name) + strlen(name) + skip;
}

static void q6_k(GgufBytes *g)   { *behind(g, "attn_q.weight", 20) = 14; }
static void no_type(GgufBytes *g) { *behind(g, "attn_q.weight", 20) = 77; }
static void rank_5(GgufBytes *g) { *behind(g, "attn_q.weight", 0) = 5; }
static void odd_row(GgufBytes *g) { *behind(g, "attn_q.weight", 4) = 63; }

static void huge_shape(GgufBytes *g)
{
    memset(behind(g, "attn_q.weight", 4 + 4), 0x7F, 12);
}

static void crooked(GgufBytes *g)  { *behind(g, "attn_q.weight", 24) |= 1; }
static void beyond(GgufBytes *g)   { *behind(g, "attn_q.weight", 28) = 1; }
static void far_beyond(GgufBytes *g) { memset(behind(g, "attn_q.weight", 24), 0xE0, 8); }
static void overlap(GgufBytes *g)  { memset(behind(g, "attn_q.weight", 24), 0, 8); }

static const struct {
    void (*damage)(GgufBytes *g);
    const char *words[3];
} damages[] = {
    { cut_all, { "no GGUF" } }, { cut_head, { "ends too early", "byte 16" } },
    { cut_keys, { "ends too early" } },
    { cut_data, { "ends too early", "the tensor" } }, { other_magic, { "no GGUF" } },
    { version_2, { "2023" } }, { version_9, { "version" } },
    { big_endian, { "big-endian" } }, { many_tensors, { "no room" } },
    { many_keys, { "no room" } }, { long_key, { "ends too early", "key 1 of" } },
    { long_text, { "ends too early" } }, { long_list, { "ends too early" } },
    { list_of_lists, { "list of lists", "token_type" } },
    { unknown_kind, { "kind 13", "block_count" } },
    { twin_keys, { "twice", "eos_token_id" } },
    { q6_k, { "Q6_K", "attn_q.weight", "Q8_0" } },
    { no_type, { "type 77", "attn_q.weight" } }, { rank_5, { "rank 5" } },
    { odd_row, { "63", "32 in a block" } }, { huge_shape, { "attn_q.weight" } },
    { crooked, { "no multiple of 32" } }, { beyond, { "ends too early" } },
    { far_beyond, { "attn_q" } }, { overlap, { "overlap" } },
};

TEST(damaged)
{
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        Error error = {0};
        GgufBytes g;
        Gguf gguf;

        gguf_tiny(&g, "llama", "gpt-2");
        damages[i].damage(&g);
        if (parse(&gguf, &g, &error))
            test_fail(__FILE__, __LINE__, "damage %zu was taken", i);
        expect_int(error.code, EXIT_INPUT);
        for (int w = 0; w < 3 && damages[i].words[w] != NULL; w++)
            if (!error_mentions(&error, damages[i].words[w]))
                test_fail(__FILE__, __LINE__, "damage %zu: %s", i, error.text);
        gguf_free(&gguf);
        gguf_bytes_free(&g);
    }
}

TEST(alignment)
{
    static const struct { uint32_t value; bool fine; } table[] = {
        { 0, false }, { 1, true }, { 8, true }, { 32, true }, { 33, false }, { 48, false },
        { 1u << 31, false },
    };

    for (int i = 0; i < 7; i++) {
        Error error = {0};
        GgufBytes g;
        Gguf gguf;

        gguf_begin(&g);
        key_u32(&g, "general.alignment", table[i].value);
        gguf_end(&g);
        expect_int(parse(&gguf, &g, &error), table[i].fine);
        expect(table[i].fine || error_mentions(&error, "general.alignment"));
        gguf_free(&gguf);
        gguf_bytes_free(&g);
    }
}

TEST(two_of_a_name)
{
    Error error = {0};
    GgufBytes g;
    Gguf gguf;

    gguf_begin(&g);
    tensor(&g, "same", 1, 8, 0, 32);
    tensor(&g, "same", 1, 8, 0, 32);
    gguf_end(&g);
    expect(!parse(&gguf, &g, &error) && error_mentions(&error, "twice"));
    gguf_free(&gguf);
    gguf_bytes_free(&g);
}

/* Everything that convert does but files: 0 when the file was taken. */
static bool use(const unsigned char *bytes, size_t size, Error *error)
{
    Gguf gguf;
    Config config;
    GgufVocabulary v = {0};
    GgufLayout layout = {0};
    char *text = NULL;
    size_t length = 0;
    JsonWriter w = { .out = open_memstream(&text, &length) };
    bool fine = gguf_parse(&gguf, bytes, size, error)
        && gguf_config_read(&config, &gguf, error)
        && gguf_vocabulary(&v, &gguf, &config, error)
        && gguf_layout(&layout, &gguf, &config, DTYPE_F16, error)
        && gguf_tokenizer_write(&w, &v, error);

    for (int i = 0; i < layout.count && fine; i++) {
        size_t count = (size_t)tensor_count(&layout.tensors[i]);
        float *out = memory_get_bytes(count * sizeof *out);

        fine = gguf_fill(&layout, &layout.tensors[i], 0, count, out, error);
        memory_give_back(out);
    }
    if (fine) {
        gguf_config_write(&w, &config, DTYPE_F16);
        gguf_tokenizer_config_write(&w, &v, config.context);
    }
    fclose(w.out);
    free(text);
    gguf_layout_free(&layout);
    gguf_vocabulary_free(&v);
    gguf_free(&gguf);
    return fine;
}

/* A thousand files with one to four wrong bytes, mostly in the header: each is taken or
 * refused with words. Every cut of the header, too. */
TEST(mutations)
{
    static const char *const families[] = { "llama", "stablelm", "gptneox" };
    uint64_t state = 5;
    int refused = 0;

    for (int i = 0; i < 1000; i++) {
        Error error = {0};
        GgufBytes g;

        gguf_tiny(&g, families[i % 3], "gpt-2");
        for (uint32_t n = 1 + test_random(&state) % 4; n > 0; n--) {
            size_t reach = g.bytes.length - (i % 8 == 0 ? 0 : g.data.length);

            g.bytes.bytes[test_random(&state) % reach] = (char)test_random(&state);
        }
        if (i % 5 == 0)
            g.bytes.length = test_random(&state) % g.bytes.length;
        if (!use((const unsigned char *)g.bytes.bytes, g.bytes.length, &error)) {
            expect(error.code != 0 && error.text[0] != '\0');
            refused++;
        }
        gguf_bytes_free(&g);
    }
    expect(refused > 700 && refused < 1000);
    if (!SANITIZED)                        /* which keeps what is given back    */
        expect(memory_peak() < 100000000);
}

TEST(good_ones)
{
    static const char *const families[] = { "llama", "stablelm", "gptneox" };

    for (int i = 0; i < 3; i++) {
        Error error = {0};
        GgufBytes g;

        gguf_tiny(&g, families[i], "gpt-2");
        expect_ok(use((const unsigned char *)g.bytes.bytes, g.bytes.length, &error), &error);
        gguf_bytes_free(&g);
    }
}

/* Files that other programs wrote: one is whole, three are not. */
TEST(published)
{
    static const struct { const char *path; bool fine; const char *words; } table[] = {
        { "gguf/ggml-vocab-llama-spm.gguf", true, "" },
        { "gguf/weight-inspect_empty.gguf", true, "" },
        { "gguf/weight-inspect_tiny.gguf", false, "ends too early" },
        { "gguf/microk_tiny.gguf", false, "" },
    };

    for (int i = 0; i < 4; i++) {
        size_t length;
        char *bytes = test_read(test_data(table[i].path), &length);
        Error error = {0};
        Gguf gguf;

        expect_int(gguf_parse(&gguf, (unsigned char *)bytes, length, &error), table[i].fine);
        expect(table[i].fine || error_mentions(&error, table[i].words));
        gguf_free(&gguf);
    }
}

const Test gguf_tests[] = {
    { "a file made by hand", by_hand },
    { "getters name the key and what it must be", getters_complain },
    { "each kind of damage is refused with words", damaged },
    { "alignment is a power of two", alignment },
    { "two tensors of one name", two_of_a_name },
    { "three good ones, through everything", good_ones },
    { "1000 damaged files end in an Error or are taken", mutations },
    { "proof: files of other programs", published },
    { NULL, NULL },
};
