/* gguf_vocabulary.c - read the tokens of a GGUF file, and how a text is cut
 *
 *      tokenizer.ggml.tokens      "<|endoftext|>"  "<|im_start|>"  "!"   "Ġt" …
 *      tokenizer.ggml.token_type   3                3               1     1
 *                                  │                                │
 *                                  ▼                                ▼
 *                          found before the text            made by merging
 *                          is cut: added_tokens             (or by score)
 *
 *      tokenizer.ggml.model   "gpt2"   bytes, cut first, merged by a list
 *                             "llama"  SentencePiece: characters, merged by score
 *      tokenizer.ggml.pre     how "gpt2" is cut: a name, see the table below
 *
 * A tokenizer.json says how texts are cut as a program of its own: which normal form,
 * which expression, digits by themselves or not. A GGUF file has one word for all that,
 * and whoever reads it must know what the word stands for. So only words whose meaning
 * is known here are taken, each held against the model's own tokenizer.json in the
 * tests; any other is refused by its name. (Many old files say "default", or nothing:
 * then programs guess, and a wrong guess makes a model worse without a word.)
 *
 * Format notes:
 *
 * - "olmo" and "mpt" are what the cuts of GPT-NeoX-20B are called, which Pythia has:
 *   GPT-2's, after NFC. The normal form is not written anywhere: the word implies it.
 * - "smollm" is GPT-2's, and each digit by itself before that.
 * - Rows of the matrix without a token are filled with "[PAD50277]" and so on, of type
 *   UNUSED. They are left out.
 * - A token that users defined may hold plain blanks, where SentencePiece's own have ▁.
 * - Which ids end a text: eos, and the ends of a turn (eot) and of a message (eom). Older
 *   files of chat models name only one of them. When there is a chat template, the
 *   control tokens that are known to end turns count too.
 *
 * Source: docs/gguf.md of the ggml project; the words, by the models they are named for.
 * Read next: weights-tools/gguf/gguf_tokenizer.c.
 */
#include "weights-tools/gguf/gguf_vocabulary.h"

#include <stdlib.h>                     /* qsort                            */
#include <string.h>                     /* memchr, strlen                   */

#include "base/utf8.h"                  /* utf8_check                       */
#include "files/json.h"                 /* json_show                        */
#include "text/vocabulary.h"            /* LARGEST_ID                       */

#define NUMBERS_OF_UP_TO(digits)                                              \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}" digits  \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"

static const GgufCuts known_cuts[] = {
    /* name        regex                       digits nfc    ignore bos     */
    { "gpt-2",     NULL,                       false, false, false, false },
    { "olmo",      NULL,                       false, true,  false, false },
    { "mpt",       NULL,                       false, true,  false, false },
    { "smollm",    NULL,                       true,  false, false, false },
    { "llama-bpe", NUMBERS_OF_UP_TO("{1,3}"),  false, false, true,  true },
    { "stablelm2", NUMBERS_OF_UP_TO(""),       false, true,  false, false },
};

typedef struct { GgufText text; int id; } Entry;    /* for sorting          */

static int compare_entries(const void *left, const void *right)
{
    return gguf_compare(((const Entry *)left)->text, ((const Entry *)right)->text);
}

/* One token. Errors: not UTF-8, a NUL in it, no bytes; a type that is none. */
static bool check_token(const GgufVocabulary *v, int id, uint32_t kind, Error *error)
{
    const GgufText *t = &v->token[id];
    char shown[JSON_SHOWN];

    if (kind < TOKEN_NORMAL || kind > TOKEN_BYTE)
        return error_set(error, "token %d (\"%s\") has the unknown type %u", id,
                         json_show(shown, t->text, t->length), kind);
    if (kind != TOKEN_UNUSED && (t->length == 0 || memchr(t->text, 0, t->length) != NULL
                                 || utf8_check(t->text, t->length) != t->length))
        return error_set(error, "token %d (\"%s\") must be a text in UTF-8, not empty and "
                         "without a NUL", id, json_show(shown, t->text, t->length));
    return true;
}

/* tokens and token_type. */
static bool read_tokens(GgufVocabulary *v, const Gguf *gguf, int V, Error *error)
{
    const GgufKey *tokens, *kinds;
    const unsigned char *at;

    if (!gguf_list(&tokens, gguf, "tokenizer.ggml.tokens", GGUF_STRING, 1, error)
        || !gguf_list(&kinds, gguf, "tokenizer.ggml.token_type", GGUF_I32, tokens->count,
                      error))
        return false;
    if (tokens->count > (uint64_t)V || tokens->count > LARGEST_ID)
        return error_set(error, "there are %llu tokens, and token_embd.weight has %d rows",
                         (unsigned long long)tokens->count, V);
    v->count = (int)tokens->count;
    v->token = arena_get(&v->arena, (size_t)v->count * sizeof *v->token);
    v->kind = arena_get(&v->arena, (size_t)v->count);
    at = tokens->data;
    for (int id = 0; id < v->count; id++) {
        uint32_t kind = gguf_u32(kinds->data + 4 * (size_t)id);

        v->token[id] = gguf_next(&at);
        v->kind[id] = (unsigned char)kind;
        if (!check_token(v, id, kind, error))
            return false;
    }
    return true;
}

/* Errors: two tokens are the same bytes: no file of merges can tell them apart. */
static bool sort_tokens(GgufVocabulary *v, Error *error)
{
    Entry *entry = memory_get(v->count, sizeof *entry);
    char shown[JSON_SHOWN];
    bool fine = true;

    for (int id = 0; id < v->count; id++)
        if (v->kind[id] != TOKEN_UNUSED)
            entry[v->used++] = (Entry){ v->token[id], id };
    qsort(entry, (size_t)v->used, sizeof *entry, compare_entries);
    v->sorted = arena_get(&v->arena, (size_t)v->used * sizeof *v->sorted);
    for (int i = 0; i < v->used && fine; i++) {
        v->sorted[i] = entry[i].id;
        fine = i == 0 || compare_entries(&entry[i - 1], &entry[i]) != 0
            || error_set(error, "tokens %d and %d are both \"%s\"", entry[i - 1].id,
                         entry[i].id, json_show(shown, entry[i].text.text,
                         entry[i].text.length));
    }
    memory_give_back(entry);
    return fine;
}

int gguf_find_token(const GgufVocabulary *v, const char *text, size_t length)
{
    GgufText wanted = { text, length };
    int low = 0, high = v->used;

    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = gguf_compare(v->token[v->sorted[middle]], wanted);

        if (order == 0)
            return v->sorted[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

/* "left right", with one blank. Whether both are tokens, the tokenizer asks. */
static bool check_merges(const GgufKey *merges, Error *error)
{
    const unsigned char *at = merges->data;
    char shown[JSON_SHOWN];

    for (uint64_t i = 0; i < merges->count; i++) {
        GgufText t = gguf_next(&at);
        const char *blank = memchr(t.text, ' ', t.length);
        size_t left = blank == NULL ? 0 : (size_t)(blank - t.text);

        if (left == 0 || left + 1 == t.length
            || memchr(blank + 1, ' ', t.length - left - 1) != NULL
            || memchr(t.text, 0, t.length) != NULL
            || utf8_check(t.text, t.length) != t.length)
            return error_set(error, "merge %llu (\"%s\") must be two texts in UTF-8 with a "
                             "blank between them", (unsigned long long)i,
                             json_show(shown, t.text, t.length));
    }
    return true;
}

static bool read_cuts(GgufVocabulary *v, const Gguf *gguf, Architecture architecture,
                      Error *error)
{
    GgufText pre = {0};
    char shown[JSON_SHOWN];

    if (!gguf_text(&pre, gguf, "tokenizer.ggml.pre", GGUF_MAY, error))
        return false;
    for (size_t i = 0; i < sizeof known_cuts / sizeof known_cuts[0]; i++)
        if (gguf_is(pre, known_cuts[i].name))
            v->cuts = &known_cuts[i];
    if (v->cuts == NULL)
        return error_set(error, "tokenizer.ggml.pre is \"%s\", and how texts are cut then is "
                         "not known here; known are gpt-2, llama-bpe, mpt, olmo, smollm and "
                         "stablelm2: take the model's own folder",
                         json_show(shown, pre.text == NULL ? "" : pre.text, pre.length));
    /* GPT-NeoX-20B's vocabulary is the only one of its kind with GPT-2's cuts. */
    if (architecture == ARCHITECTURE_NEOX && v->cuts->regex == NULL && !v->cuts->digits)
        v->cuts = &known_cuts[1];
    return gguf_list(&v->merges, gguf, "tokenizer.ggml.merges", GGUF_STRING, 0, error)
        && check_merges(v->merges, error);
}

/* Which of the two kinds, and what each needs. */
static bool read_model(GgufVocabulary *v, const Gguf *gguf, Architecture architecture,
                       Error *error)
{
    GgufText model = {0};
    const GgufKey *scores;
    char shown[JSON_SHOWN];

    if (!gguf_text(&model, gguf, "tokenizer.ggml.model", GGUF_MUST, error))
        return false;
    if (gguf_is(model, "gpt2"))
        return read_cuts(v, gguf, architecture, error);
    if (!gguf_is(model, "llama"))
        return error_set(error, "tokenizer.ggml.model \"%s\" is not supported; supported are "
                         "gpt2 (bytes and merges) and llama (SentencePiece)",
                         json_show(shown, model.text, model.length));
    v->prefix = true;
    if (!gguf_flag(&v->prefix, gguf, "tokenizer.ggml.add_space_prefix", error)
        || !gguf_list(&scores, gguf, "tokenizer.ggml.scores", GGUF_F32,
                      (uint64_t)v->count, error))
        return false;
    v->scores = scores->data;
    return true;
}

/* An id under a key, or -1. Errors: a row without a token. */
static bool read_id(int *id, const GgufVocabulary *v, const Gguf *gguf, const char *name,
                    Error *error)
{
    *id = -1;
    if (!gguf_integer(id, gguf, name, 0, v->count - 1, GGUF_MAY, error))
        return false;
    return *id < 0 || v->kind[*id] != TOKEN_UNUSED
        || error_set(error, "the key \"%s\" names token %d, which is unused", name, *id);
}

static void add_end(Config *c, int id)
{
    for (int i = 0; i < c->eos_count; i++)
        if (c->eos[i] == id)
            return;
    if (id >= 0 && c->eos_count < CONFIG_EOS)
        c->eos[c->eos_count++] = id;
}

/* Where a text ends: see the format notes. */
static bool read_ends(GgufVocabulary *v, const Gguf *gguf, Config *c, Error *error)
{
    static const char *const turns[] = { "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>",
                                         "<|im_end|>" };
    int eot, eom;

    if (!read_id(&v->bos, v, gguf, "tokenizer.ggml.bos_token_id", error)
        || !read_id(&v->eos, v, gguf, "tokenizer.ggml.eos_token_id", error)
        || !read_id(&v->unk, v, gguf, "tokenizer.ggml.unknown_token_id", error)
        || !read_id(&v->pad, v, gguf, "tokenizer.ggml.padding_token_id", error)
        || !read_id(&eot, v, gguf, "tokenizer.ggml.eot_token_id", error)
        || !read_id(&eom, v, gguf, "tokenizer.ggml.eom_token_id", error)
        || !gguf_text(&v->chat, gguf, "tokenizer.chat_template", GGUF_MAY, error))
        return false;
    c->bos = v->bos;
    add_end(c, v->eos);
    add_end(c, eot);
    add_end(c, eom);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0] && v->chat.length > 0; i++) {
        int id = gguf_find_token(v, turns[i], strlen(turns[i]));

        if (id >= 0 && v->kind[id] == TOKEN_CONTROL)
            add_end(c, id);
    }
    return true;
}

/* Does a text begin with bos, end with eos? Errors: yes, and there is none. */
static bool read_frame(GgufVocabulary *v, const Gguf *gguf, Error *error)
{
    v->add_bos = v->bos >= 0 && (v->cuts == NULL || v->cuts->bos);
    if (!gguf_flag(&v->add_bos, gguf, "tokenizer.ggml.add_bos_token", error)
        || !gguf_flag(&v->add_eos, gguf, "tokenizer.ggml.add_eos_token", error))
        return false;
    return (!(v->add_bos && v->bos < 0) && !(v->add_eos && v->eos < 0))
        || error_set(error, "texts are to begin with bos or end with eos, and the key "
                     "tokenizer.ggml.%s is missing", v->add_bos && v->bos < 0
                     ? "bos_token_id" : "eos_token_id");
}

/*   Cost: a walk over the tokens and merges, one sort */
bool gguf_vocabulary(GgufVocabulary *v, const Gguf *gguf, Config *config, Error *error)
{
    *v = (GgufVocabulary){0};
    return read_tokens(v, gguf, config->V, error) && sort_tokens(v, error)
        && read_model(v, gguf, config->architecture, error)
        && read_ends(v, gguf, config, error) && read_frame(v, gguf, error);
}

void gguf_vocabulary_free(GgufVocabulary *v)
{
    arena_free(&v->arena);
    *v = (GgufVocabulary){0};
}
