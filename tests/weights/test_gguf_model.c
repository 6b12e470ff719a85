/* test_gguf_model.c - what a GGUF file says becomes config.json and rows in their order: by
 * hand, by the definitions of those who shuffled them, and by the long double formulas of
 * rope scaling */
#include "gguf_bytes.h"

#include <math.h>
#include <stdlib.h>

#include "files/json.h"
#include "weights-tools/gguf/gguf_config.h"
#include "weights-tools/gguf/gguf_layout.h"

typedef struct { GgufBytes bytes; Gguf gguf; Config config; } Model;

static bool reread(Model *m, Error *error)
{
    return gguf_parse(&m->gguf, (const unsigned char *)m->bytes.bytes.bytes,
                      m->bytes.bytes.length, error)
        && gguf_config_read(&m->config, &m->gguf, error);
}

static void tiny(Model *m, const char *family)
{
    Error error = {0};

    gguf_tiny(&m->bytes, family, "gpt-2");
    expect_ok(reread(m, &error), &error);
}

static char *written(const Model *m, size_t *length)
{
    char *text = NULL, *copy;
    JsonWriter w = { .out = open_memstream(&text, length) };

    gguf_config_write(&w, &m->config, DTYPE_BF16);
    fclose(w.out);
    copy = memory_text(text, *length);
    free(text);
    return copy;
}

/* --- config.json --- */

TEST(config_of_llama)
{
    Model m;
    size_t length;

    tiny(&m, "llama");
    m.config.eos[m.config.eos_count++] = 2;
    expect_text(written(&m, &length),
                "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\","
                "\"hidden_act\":\"silu\",\"hidden_size\":64,\"num_hidden_layers\":1,"
                "\"num_attention_heads\":2,\"num_key_value_heads\":2,"
                "\"intermediate_size\":32,\"vocab_size\":12,"
                "\"max_position_embeddings\":40,\"rms_norm_eps\":0.00001,"
                "\"rope_theta\":10000,\"rope_scaling\":null,\"attention_bias\":false,"
                "\"mlp_bias\":false,\"tie_word_embeddings\":true,\"eos_token_id\":2,"
                "\"torch_dtype\":\"bfloat16\"}\n");
}

/* What the engine reads from the text is what the keys said, field by field. */
TEST(config_comes_back)
{
    static const char *const families[] = { "llama", "stablelm", "gptneox" };

    for (int i = 0; i < 3; i++) {
        Model m;
        Config c;
        JsonDocument document;
        Error error = {0};
        size_t length;
        char *text;

        tiny(&m, families[i]);
        m.config.bos = 3;
        m.config.eos_count = 2, m.config.eos[0] = 4, m.config.eos[1] = 0;
        text = written(&m, &length);
        expect_ok(json_parse(&document, text, length, JSON_UNIQUE, 4, &error), &error);
        expect_ok(config_read(&c, document.root, &error), &error);
        expect(c.architecture == m.config.architecture && c.E == 64 && c.L == 1);
        expect(c.H == 2 && c.K == 2 && c.D == 32 && c.F == 32 && c.V == 12);
        expect(c.context == 40 && c.epsilon == 1e-5f && c.tied == (i == 0));
        expect(c.parallel_residual == (i == 2) && c.rope.theta == 10000);
        expect_int(c.rope.width, i == 0 ? 32 : 8);
        expect(c.qkv_bias == (i == 2) && c.rope.factor == 1 && c.bos == 3);
        expect(c.eos_count == 2 && c.eos[0] == 4 && c.eos[1] == 0);
    }
}

/* R of D numbers turn, and readers compute floor(share · D): every even R of every D. */
TEST(every_share)
{
    Model m;

    tiny(&m, "stablelm");
    for (int D = 2; D <= 160; D++)
        for (int R = 2; R <= D; R += 2) {
            size_t length;
            char *text, *at;

            m.config.D = D, m.config.rope.width = R;
            text = written(&m, &length);
            at = strstr(text, "\"partial_rotary_factor\":");
            expect(at != NULL);
            expect_int((int)(strtod(at + 24, NULL) * D), R);
            memory_give_back(text);
        }
}

/* The divisors of llama3 scaling by their definition: wavelengths in long double. */
static void add_divisors(GgufBytes *g, double factor, double trained, double wrong)
{
    tensor(g, "rope_freqs.weight", 0, 16, 0, 64);
    for (int i = 0; i < 16; i++) {
        long double f = powl(500000.0L, -2.0L * i / 32), wave = 2 * acosl(-1) / f;
        long double low = trained / 1, high = trained / 4, s = (trained / wave - 1) / (4 - 1);
        float d = (float)(wave < high ? 1 : wave > low ? factor : 1 / ((1 - s) / factor + s));

        if (i == 9)
            d *= (float)wrong;
        memcpy(g->data.bytes + g->data.length - 64 + 4 * i, &d, 4);
    }
}

TEST(rope_scaling)
{
    static const struct { double factor, trained, wrong; bool fine; } table[] = {
        { 32, 8192, 1, true }, { 8, 8192, 1, true }, { 8, 1024, 1, true },
        { 1, 8192, 1, true }, { 32, 8192, 1.01, false }, { 8, 3000, 1, false },
    };

    for (int i = 0; i < 6; i++) {
        Model m;
        Error error = {0};

        gguf_begin(&m.bytes);
        tiny_keys(&m.bytes, "llama", "gpt-2");
        key_f32(&m.bytes, "llama.rope.freq_base", 500000);
        tiny_tensors(&m.bytes, "llama");
        add_divisors(&m.bytes, table[i].factor, table[i].trained, table[i].wrong);
        gguf_end(&m.bytes);
        if (!table[i].fine) {
            expect(!reread(&m, &error) && error_mentions(&error, "rope_freqs"));
            continue;
        }
        expect_ok(reread(&m, &error), &error);
        expect(m.config.rope.factor == (float)table[i].factor);
        expect(table[i].factor == 1 || m.config.rope.trained == (int)table[i].trained);
        expect(m.config.rope.low == 1 && m.config.rope.high == 4);
    }
}

/* A key more, and what is said about it. */
TEST(refused_keys)
{
    static const struct { const char *name; uint32_t value; const char *words; } table[] = {
        { "llama.expert_count", 8, "expert_count" },
        { "llama.attention.sliding_window", 64, "sliding_window" },
        { "llama.attention.value_length", 16, "values of 16" },
        { "llama.attention.head_count_kv", 0, "head_count_kv" },
        { "split.count", 2, "split.count" },
        { "llama.expert_count", 0, NULL }, { "split.count", 1, NULL },
        { "llama.attention.key_length", 32, NULL },
    };

    for (int i = 0; i < 8; i++) {
        Model m;
        Error error = {0};
        bool fine;

        gguf_begin(&m.bytes);
        tiny_keys(&m.bytes, "llama", "gpt-2");
        key_u32(&m.bytes, table[i].name, table[i].value);
        tiny_tensors(&m.bytes, "llama");
        gguf_end(&m.bytes);
        fine = reread(&m, &error);
        expect_int(fine, table[i].words == NULL);
        expect(fine || error_mentions(&error, table[i].words));
    }
}

/* --- rows --- */

/* What llama.cpp's converter did: q as [H, 2, D/2] became [H, D/2, 2]; q·k·v as
 * [H, 3, D] became [3, H, D]. gguf_source_row must lead back. */
TEST(row_order)
{
    static const struct { int H, D; } table[] = { { 1, 2 }, { 2, 6 }, { 9, 64 }, { 3, 20 } };

    for (int t = 0; t < 4; t++) {
        int H = table[t].H, D = table[t].D;
        GgufPart rotary = { NULL, ROWS_ROTARY, D }, qkv = { NULL, ROWS_QKV, D };
        GgufPart stay = { NULL, ROWS_STAY, D };

        for (int h = 0; h < H; h++)
            for (int s = 0; s < 2; s++)
                for (int j = 0; j < D / 2; j++)
                    expect_int(gguf_source_row(&rotary, (uint64_t)((h * 2 + s) * D / 2 + j),
                                               (uint64_t)(H * D)), (h * D / 2 + j) * 2 + s);
        for (int h = 0; h < H; h++)
            for (int p = 0; p < 3; p++)
                for (int d = 0; d < D; d++)
                    expect_int(gguf_source_row(&qkv, (uint64_t)((h * 3 + p) * D + d),
                                               (uint64_t)(3 * H * D)), (p * H + h) * D + d);
        expect_int(gguf_source_row(&stay, 5, 100), 5);
    }
}

static const Tensor *find(const GgufLayout *l, const char *name)
{
    for (int i = 0; i < l->count; i++)
        if (strcmp(l->tensors[i].name, name) == 0)
            return &l->tensors[i];
    test_fail(__FILE__, __LINE__, "no %s", name);
}

/* Every tensor in one piece, and in pieces of 7: the same bytes. */
TEST(any_stretch)
{
    static const char *const families[] = { "llama", "stablelm", "gptneox" };

    for (int f = 0; f < 3; f++) {
        Model m;
        GgufLayout l, again;
        Error error = {0};

        tiny(&m, families[f]);
        expect_ok(gguf_layout(&l, &m.gguf, &m.config, DTYPE_BF16, &error), &error);
        expect_ok(gguf_layout(&again, &m.gguf, &m.config, DTYPE_BF16, &error), &error);
        for (int i = 0; i < l.count; i++) {
            const Tensor *t = &l.tensors[i];
            size_t count = (size_t)tensor_count(t), size = t->bytes / count;
            unsigned char *whole = memory_get_bytes(t->bytes);
            unsigned char *pieces = memory_get_bytes(t->bytes);

            expect_ok(gguf_fill(&l, t, 0, count, whole, &error), &error);
            for (size_t at = 0; at < count; at += 7)
                expect_ok(gguf_fill(&again, t, at, count - at < 7 ? count - at : 7,
                                    pieces + at * size, &error), &error);
            expect(memcmp(whole, pieces, t->bytes) == 0);
            if (t->rank == 1 && l.parts[i].order == ROWS_STAY)
                expect(memcmp(whole, l.parts[i].source->data, t->bytes) == 0);
            expect_int(t->dtype, t->rank == 1 ? DTYPE_F32 : DTYPE_BF16);
        }
        expect_int(l.done, l.total);
        gguf_layout_free(&l);
        gguf_layout_free(&again);
    }
}

/* A bias of q and the rows of q move together; a number of row r, bit for bit. */
TEST(one_number)
{
    Model m;
    GgufLayout l;
    Error error = {0};
    float row[64], ours[64];
    const GgufTensor *q;

    tiny(&m, "llama");
    expect_ok(gguf_layout(&l, &m.gguf, &m.config, DTYPE_F32, &error), &error);
    q = gguf_tensor(&m.gguf, "blk.0.attn_q.weight");
    /* Folder's row 33 is head 1, half 0, pair 1: the file's row 32 + 2. */
    quant_to_f32(row, q->data + 34 * 68, QUANT_Q8_0, 64);
    expect_ok(gguf_fill(&l, find(&l, "model.layers.0.self_attn.q_proj.weight"), 33 * 64, 64,
                        ours, &error), &error);
    expect_same_bits(ours, row, 64);
    gguf_layout_free(&l);
}

TEST(beyond_the_range)
{
    Model m;
    GgufLayout l;
    Error error = {0};
    uint16_t out[64];
    char *d;

    tiny(&m, "llama");
    /* The scale of the first block of v (Q4_0) to 65504 · (q - 8): beyond. */
    d = (char *)(uintptr_t)gguf_tensor(&m.gguf, "blk.0.attn_v.weight")->data;
    d[0] = (char)0xFF, d[1] = 0x7B;
    expect_ok(gguf_layout(&l, &m.gguf, &m.config, DTYPE_F16, &error), &error);
    expect(!gguf_fill(&l, find(&l, "model.layers.0.self_attn.v_proj.weight"), 0, 64, out,
                      &error));
    expect(error_mentions(&error, "v_proj.weight") && error_mentions(&error, "BF16"));
    expect_int(error.code, EXIT_INPUT);
    gguf_layout_free(&l);
    expect_ok(gguf_layout(&l, &m.gguf, &m.config, DTYPE_BF16, &error), &error);
    expect_ok(gguf_fill(&l, find(&l, "model.layers.0.self_attn.v_proj.weight"), 0, 64, out,
                        &error), &error);
    gguf_layout_free(&l);
}

static bool stop(void *context, size_t done, size_t total)
{
    (void)context;
    (void)total;
    return done < 100;
}

TEST(stopped)
{
    Model m;
    GgufLayout l;
    Error error = {0};
    Watch watch = { stop, NULL };
    float out[64 * 12];

    tiny(&m, "llama");
    expect_ok(gguf_layout(&l, &m.gguf, &m.config, DTYPE_F32, &error), &error);
    l.watch = &watch;
    expect(!gguf_fill(&l, find(&l, "model.embed_tokens.weight"), 0, 64 * 12, out, &error));
    expect_int(error.code, EXIT_INTERRUPTED);
    gguf_layout_free(&l);
}

TEST(tensors_that_do_not_fit)
{
    static const struct { const char *name; int byte; char value; const char *words; } table[] = {
        { "blk.0.ffn_up.weight", 4, 32, "ffn_up" },         /* [32, 32]      */
        { "blk.0.attn_norm.weight", -1, 'x', "attn_norm" },
        { "output_norm.weight", -1, 'x', "output_norm" },
    };

    for (int i = 0; i < 3; i++) {
        Model m;
        GgufLayout l;
        Error error = {0};

        gguf_tiny(&m.bytes, "llama", "gpt-2");
        m.bytes.bytes.bytes[find_bytes(&m.bytes, table[i].name) + strlen(table[i].name)
                            + (size_t)table[i].byte] = table[i].value;
        expect_ok(reread(&m, &error), &error);
        expect(!gguf_layout(&l, &m.gguf, &m.config, DTYPE_F16, &error));
        expect(error_mentions(&error, table[i].words));
        gguf_layout_free(&l);
    }
}

const Test gguf_model_tests[] = {
    { "config.json of a Llama, letter by letter", config_of_llama },
    { "config.json of each family comes back as it was", config_comes_back },
    { "every rotary share gives its width back", every_share },
    { "llama3 scaling is found in its divisors", rope_scaling },
    { "keys that change the sums are refused by name", refused_keys },
    { "rows go back to where they were", row_order },
    { "any stretch gives the same bytes", any_stretch },
    { "row 33 of q", one_number },
    { "a number beyond F16 is named", beyond_the_range },
    { "a watch stops it", stopped },
    { "tensors that are missing, strange or of another shape", tensors_that_do_not_fit },
    { NULL, NULL },
};
