/* gguf_bytes.h - make GGUF files byte by byte, as docs/gguf.md has them
 *
 * Rules of use: head (the counts come last: gguf_end sets them), keys, then tensors, then
 * gguf_end puts the numbers behind. gguf_tiny makes a whole small model of one family.
 */
#ifndef GGUF_BYTES_H
#define GGUF_BYTES_H

#include "test.h"

#include "base/utf8.h"

typedef struct {
    Text bytes;                         /* the header so far, then the file  */
    Text data;                          /* the numbers so far                */
    uint64_t keys, tensors;
} GgufBytes;

static inline void put(Text *out, uint64_t value, int width)
{
    char little[8];

    for (int i = 0; i < width; i++)
        little[i] = (char)(value >> 8 * i);
    text_add(out, little, (size_t)width);
}

static inline void put_text(Text *out, const char *text)
{
    put(out, strlen(text), 8);
    text_add(out, text, strlen(text));
}

static inline void gguf_begin(GgufBytes *g)
{
    *g = (GgufBytes){0};
    text_add(&g->bytes, "GGUF", 4);
    put(&g->bytes, 3, 4);
    put(&g->bytes, 0, 8);
    put(&g->bytes, 0, 8);
}

static inline void key(GgufBytes *g, const char *name, int kind, uint64_t value, int width)
{
    put_text(&g->bytes, name);
    put(&g->bytes, (uint64_t)kind, 4);
    put(&g->bytes, value, width);
    g->keys++;
}

static inline void key_u32(GgufBytes *g, const char *name, uint32_t value)
{
    key(g, name, 4, value, 4);
}

static inline void key_f32(GgufBytes *g, const char *name, float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    key(g, name, 6, bits, 4);
}

static inline void key_text(GgufBytes *g, const char *name, const char *value)
{
    key(g, name, 8, strlen(value), 8);
    text_add(&g->bytes, value, strlen(value));
}

/* words end with NULL */
static inline void key_texts(GgufBytes *g, const char *name, const char *const *words)
{
    uint64_t n = 0;

    while (words[n] != NULL)
        n++;
    key(g, name, 9, 8, 4);
    put(&g->bytes, n, 8);
    for (uint64_t i = 0; i < n; i++)
        put_text(&g->bytes, words[i]);
}

/* kind: 5 for int32, 6 for float32 given as bits */
static inline void key_numbers(GgufBytes *g, const char *name, int kind,
                               const uint32_t *value, int count)
{
    key(g, name, 9, (uint64_t)kind, 4);
    put(&g->bytes, (uint64_t)count, 8);
    for (int i = 0; i < count; i++)
        put(&g->bytes, value[i], 4);
}

/* A tensor [out, in] (out 0: a vector) of a type, with bytes of numbers that begin as
 * pattern says: small ones, whatever the type. */
static inline void tensor(GgufBytes *g, const char *name, uint64_t out, uint64_t in,
                          int type, size_t bytes)
{
    uint32_t state = (uint32_t)(7 + g->tensors);

    while (g->data.length % 32 != 0)
        put(&g->data, 0, 1);
    put_text(&g->bytes, name);
    put(&g->bytes, out > 0 ? 2 : 1, 4);
    put(&g->bytes, in, 8);
    if (out > 0)
        put(&g->bytes, out, 8);
    put(&g->bytes, (uint64_t)type, 4);
    put(&g->bytes, g->data.length, 8);
    g->tensors++;
    for (size_t i = 0; i < bytes; i++) {
        state = state * 1664525 + 1013904223;
        /* Bytes below 0x3C keep every float16 and float32 made of them small. */
        put(&g->data, (state >> 24) % 0x3C, 1);
    }
}

static inline void gguf_end(GgufBytes *g)
{
    for (int i = 0; i < 8; i++) {
        g->bytes.bytes[8 + i] = (char)(g->tensors >> 8 * i);
        g->bytes.bytes[16 + i] = (char)(g->keys >> 8 * i);
    }
    while (g->bytes.length % 32 != 0)
        put(&g->bytes, 0, 1);
    text_add(&g->bytes, g->data.bytes == NULL ? "" : g->data.bytes, g->data.length);
}

static inline void gguf_bytes_free(GgufBytes *g)
{
    text_free(&g->bytes);
    text_free(&g->data);
}

/* Where the bytes of a text begin in the file. */
static inline size_t find_bytes(const GgufBytes *g, const char *text)
{
    const char *at = memmem(g->bytes.bytes, g->bytes.length, text, strlen(text));

    if (at == NULL)
        test_fail(__FILE__, __LINE__, "no %s in it", text);
    return (size_t)(at - g->bytes.bytes);
}

/* Overwrite the value of a key of width bytes. */
static inline void poke(GgufBytes *g, const char *name, uint64_t value, int width)
{
    size_t at = find_bytes(g, name) + strlen(name) + 4;

    for (int i = 0; i < width; i++)
        g->bytes.bytes[at + (size_t)i] = (char)(value >> 8 * i);
}

/* --- a whole model: E 64, F 32, two heads of 32, one layer, 12 rows of embedding --- */

#define TINY_TOKENS 12

static const char *const tiny_tokens[] = {
    "<|end|>", "a", "b", "c", "Ġ", "ab", "Ġa", "abc", "  ", "[PAD9]", "[PAD10]", "[PAD11]",
    NULL };
static const uint32_t tiny_kinds[] = { 3, 1, 1, 1, 1, 1, 1, 1, 4, 5, 5, 5 };
static const char *const tiny_merges[] = { "a b", "Ġ a", "ab c", NULL };

static inline void tiny_keys(GgufBytes *g, const char *family, const char *pre)
{
    static const struct { const char *rest; uint32_t value; } counts[] = {
        { "block_count", 1 }, { "context_length", 40 }, { "embedding_length", 64 },
        { "feed_forward_length", 32 }, { "attention.head_count", 2 },
    };
    bool llama = strcmp(family, "llama") == 0;
    char name[100];

    key_text(g, "general.architecture", family);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "%s.%s", family, counts[i].rest);
        key_u32(g, name, counts[i].value);
    }
    snprintf(name, sizeof name, "%s.attention.layer_norm_%sepsilon", family,
             llama ? "rms_" : "");
    key_f32(g, name, 1e-5f);
    snprintf(name, sizeof name, "%s.rope.dimension_count", family);
    key_u32(g, name, llama ? 32 : 8);
    key_text(g, "tokenizer.ggml.model", "gpt2");
    key_text(g, "tokenizer.ggml.pre", pre);
    key_texts(g, "tokenizer.ggml.tokens", tiny_tokens);
    key_numbers(g, "tokenizer.ggml.token_type", 5, tiny_kinds, TINY_TOKENS);
    key_texts(g, "tokenizer.ggml.merges", tiny_merges);
    key_u32(g, "tokenizer.ggml.bos_token_id", 0);
    key_u32(g, "tokenizer.ggml.eos_token_id", 0);
}

/* A matrix in blocks of Q8_0, Q4_0 or Q4_1 (ggml's 8, 2, 3). */
static inline void blocks(GgufBytes *g, const char *name, uint64_t out, uint64_t in, int type)
{
    tensor(g, name, out, in, type,
           (size_t)(out * in / 32) * (type == 8 ? 34u : type == 2 ? 18u : 20u));
}

static inline void vector(GgufBytes *g, const char *name, uint64_t width)
{
    tensor(g, name, 0, width, 0, (size_t)width * 4);
}

static inline void tiny_tensors(GgufBytes *g, const char *family)
{
    bool llama = strcmp(family, "llama") == 0, neox = strcmp(family, "gptneox") == 0;

    blocks(g, "token_embd.weight", TINY_TOKENS, 64, 8);
    vector(g, "output_norm.weight", 64);
    vector(g, "blk.0.attn_norm.weight", 64);
    vector(g, "blk.0.ffn_norm.weight", 64);
    blocks(g, "blk.0.attn_output.weight", 64, 64, 2);
    blocks(g, "blk.0.ffn_up.weight", 32, 64, 3);
    blocks(g, "blk.0.ffn_down.weight", 64, 32, 3);
    if (!llama) {
        blocks(g, "output.weight", TINY_TOKENS, 64, 8);
        vector(g, "output_norm.bias", 64);
        vector(g, "blk.0.attn_norm.bias", 64);
        vector(g, "blk.0.ffn_norm.bias", 64);
    }
    if (neox) {
        blocks(g, "blk.0.attn_qkv.weight", 192, 64, 3);
        vector(g, "blk.0.attn_qkv.bias", 192);
        vector(g, "blk.0.attn_output.bias", 64);
        vector(g, "blk.0.ffn_up.bias", 32);
        vector(g, "blk.0.ffn_down.bias", 64);
        return;
    }
    blocks(g, "blk.0.ffn_gate.weight", 32, 64, 2);
    blocks(g, "blk.0.attn_q.weight", 64, 64, 8);
    blocks(g, "blk.0.attn_k.weight", 64, 64, 3);
    blocks(g, "blk.0.attn_v.weight", 64, 64, 2);
}

static inline void gguf_tiny(GgufBytes *g, const char *family, const char *pre)
{
    gguf_begin(g);
    tiny_keys(g, family, pre);
    tiny_tensors(g, family);
    gguf_end(g);
}

#endif
