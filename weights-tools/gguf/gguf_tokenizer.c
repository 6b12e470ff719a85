/* gguf_tokenizer.c - tokenizer.json from the vocabulary of a GGUF file
 *
 *      cuts.nfc     ──►  "normalizer"       NFC                 │ Prepend ▁, Replace
 *      cuts.digits  ──►  "pre_tokenizer"    Digits, Split,      │ null
 *      cuts.regex                           ByteLevel           │
 *      add_bos      ──►  "post_processor"   TemplateProcessing  │ the same
 *                        "decoder"          ByteLevel           │ Replace, ByteFallback …
 *      tokens       ──►  "added_tokens"     control, users'     │ the same
 *                        "model"            vocab, merges       │ vocab, merges by score
 *                                           └── gpt2 ──────────┘└── llama ─────────────┘
 *
 * What the model's authors published is rebuilt so that every text gets the same ids.
 * The file is not the same byte for byte: a field that makes no difference for ids
 * (offsets, for example) is set as it is in most files.
 *
 * Format notes:
 *
 * - A control token is special: left out of what is printed, found in a text before
 *   anything else, as it is written. What users defined is found too, and printed. In
 *   byte-level vocabularies it is looked for in the normalized text (GPT-NeoX's runs of
 *   blanks), with SentencePiece in the text as typed: there normalizing means ▁.
 * - SentencePiece puts a blank in front of every piece of text between special tokens
 *   (Prepend), unless add_space_prefix says no; its decoder takes it away again.
 * - A character that is no token becomes its bytes, <0xF0> and so on.
 * - unk of byte-level vocabularies is null: every byte that UTF-8 can have is a token, or
 *   is left out.
 *
 * Source: the tokenizer.json of TinyLlama, Llama 3.2, GPT-NeoX, GPT-2 and StableLM 2.
 * Read next: src/text/tokenizer.c, which reads it.
 */
#include "weights-tools/gguf/gguf_tokenizer.h"

#include "base/utf8.h"      /* Text: keys need a NUL                        */

static void begin(JsonWriter *w, const char *key, const char *type)
{
    json_write_object(w, key);
    json_write_word(w, "type", type);
}

/* {"type": "Sequence", members: [ */
static void begin_sequence(JsonWriter *w, const char *key, const char *members)
{
    begin(w, key, "Sequence");
    json_write_array(w, members);
}

static void end_sequence(JsonWriter *w)
{
    json_write_array_end(w);
    json_write_object_end(w);
}

static void write_pattern(JsonWriter *w, const char *kind, const char *pattern)
{
    json_write_object(w, "pattern");
    json_write_word(w, kind, pattern);
    json_write_object_end(w);
}

static void write_replace(JsonWriter *w, const char *from, const char *to)
{
    begin(w, NULL, "Replace");
    write_pattern(w, "String", from);
    json_write_word(w, "content", to);
    json_write_object_end(w);
}

static void write_byte_level(JsonWriter *w, const char *key, bool prefix, bool regex)
{
    begin(w, key, "ByteLevel");
    json_write_bool(w, "add_prefix_space", prefix);
    json_write_bool(w, "trim_offsets", true);
    json_write_bool(w, "use_regex", regex);
    json_write_object_end(w);
}

static void write_added(JsonWriter *w, const GgufVocabulary *v)
{
    json_write_array(w, "added_tokens");
    for (int id = 0; id < v->count; id++) {
        bool users = v->kind[id] == TOKEN_USER;

        if (!users && v->kind[id] != TOKEN_CONTROL && v->kind[id] != TOKEN_UNKNOWN)
            continue;
        json_write_object(w, NULL);
        json_write_integer(w, "id", id);
        json_write_text(w, "content", v->token[id].text, v->token[id].length);
        json_write_bool(w, "single_word", false);
        json_write_bool(w, "lstrip", false);
        json_write_bool(w, "rstrip", false);
        json_write_bool(w, "normalized", users && v->cuts != NULL);
        json_write_bool(w, "special", !users);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void write_normalizer(JsonWriter *w, const GgufVocabulary *v)
{
    if (v->cuts != NULL && !v->cuts->nfc) {
        json_write_null(w, "normalizer");
    } else if (v->cuts != NULL) {
        begin(w, "normalizer", "NFC");
        json_write_object_end(w);
    } else {
        begin_sequence(w, "normalizer", "normalizers");
        if (v->prefix) {
            begin(w, NULL, "Prepend");
            json_write_word(w, "prepend", "▁");
            json_write_object_end(w);
        }
        write_replace(w, " ", "▁");
        end_sequence(w);
    }
}

static void write_pre_tokenizer(JsonWriter *w, const GgufCuts *cuts)
{
    if (cuts == NULL) {
        json_write_null(w, "pre_tokenizer");
        return;
    }
    begin_sequence(w, "pre_tokenizer", "pretokenizers");
    if (cuts->digits) {
        begin(w, NULL, "Digits");
        json_write_bool(w, "individual_digits", true);
        json_write_object_end(w);
    }
    if (cuts->regex != NULL) {
        begin(w, NULL, "Split");
        write_pattern(w, "Regex", cuts->regex);
        json_write_word(w, "behavior", "Isolated");
        json_write_bool(w, "invert", false);
        json_write_object_end(w);
    }
    write_byte_level(w, NULL, false, cuts->regex == NULL);
    end_sequence(w);
}

/* {"SpecialToken": {"id": "<s>", "type_id": 0}} */
static void write_place(JsonWriter *w, const char *kind, const char *id, size_t length,
                        int type)
{
    json_write_object(w, NULL);
    json_write_object(w, kind);
    json_write_text(w, "id", id, length);
    json_write_integer(w, "type_id", type);
    json_write_object_end(w);
    json_write_object_end(w);
}

/* bos, one text, eos. */
static void write_framed(JsonWriter *w, const GgufVocabulary *v, const char *text, int type)
{
    const GgufText *bos = &v->token[v->add_bos ? v->bos : 0];
    const GgufText *eos = &v->token[v->add_eos ? v->eos : 0];

    if (v->add_bos)
        write_place(w, "SpecialToken", bos->text, bos->length, type);
    write_place(w, "Sequence", text, 1, type);
    if (v->add_eos)
        write_place(w, "SpecialToken", eos->text, eos->length, type);
}

/* "<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]} */
static void write_special(JsonWriter *w, const GgufVocabulary *v, int id)
{
    const GgufText *t = &v->token[id];
    char *key = memory_text(t->text, t->length);

    json_write_object(w, key);
    json_write_text(w, "id", t->text, t->length);
    json_write_ids(w, "ids", &id, 1);
    json_write_array(w, "tokens");
    json_write_text(w, NULL, t->text, t->length);
    json_write_array_end(w);
    json_write_object_end(w);
    memory_give_back(key);
}

static void write_post_processor(JsonWriter *w, const GgufVocabulary *v)
{
    if (!v->add_bos && !v->add_eos) {
        json_write_null(w, "post_processor");
        return;
    }
    begin(w, "post_processor", "TemplateProcessing");
    json_write_array(w, "single");
    write_framed(w, v, "A", 0);
    json_write_array_end(w);
    json_write_array(w, "pair");
    write_framed(w, v, "A", 0);
    write_framed(w, v, "B", 1);
    json_write_array_end(w);
    json_write_object(w, "special_tokens");
    if (v->add_bos)
        write_special(w, v, v->bos);
    if (v->add_eos && !(v->add_bos && v->eos == v->bos))
        write_special(w, v, v->eos);
    json_write_object_end(w);
    json_write_object_end(w);
}

static void write_decoder(JsonWriter *w, const GgufVocabulary *v)
{
    if (v->cuts != NULL) {
        write_byte_level(w, "decoder", true, true);
        return;
    }
    begin_sequence(w, "decoder", "decoders");
    write_replace(w, "▁", " ");
    begin(w, NULL, "ByteFallback");
    json_write_object_end(w);
    begin(w, NULL, "Fuse");
    json_write_object_end(w);
    if (v->prefix) {
        begin(w, NULL, "Strip");
        json_write_word(w, "content", " ");
        json_write_integer(w, "start", 1);
        json_write_integer(w, "stop", 0);
        json_write_object_end(w);
    }
    end_sequence(w);
}

/* A token's text under key; null when there is none. */
static void write_named(JsonWriter *w, const char *key, const GgufVocabulary *v, int id)
{
    if (id < 0)
        json_write_null(w, key);
    else
        json_write_text(w, key, v->token[id].text, v->token[id].length);
}

static void write_listed_merges(JsonWriter *w, const GgufKey *merges)
{
    const unsigned char *at = merges->data;

    for (uint64_t i = 0; i < merges->count; i++) {
        GgufText merge = gguf_next(&at);

        json_write_text(w, NULL, merge.text, merge.length);
    }
}

static bool write_scored_merges(JsonWriter *w, const GgufVocabulary *v, Error *error)
{
    GgufMerge *merges;
    size_t count;
    Text text = {0};

    if (!gguf_merges(&merges, &count, v, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        const GgufText *l = &v->token[merges[i].left], *r = &v->token[merges[i].right];

        text_clear(&text);
        text_add(&text, l->text, l->length);
        text_add(&text, " ", 1);
        text_add(&text, r->text, r->length);
        json_write_text(w, NULL, text.bytes, text.length);
    }
    text_free(&text);
    memory_give_back(merges);
    return true;
}

static void write_vocab(JsonWriter *w, const GgufVocabulary *v)
{
    Text key = {0};

    json_write_object(w, "vocab");
    for (int id = 0; id < v->count; id++) {
        if (v->kind[id] == TOKEN_UNUSED)
            continue;
        text_clear(&key);
        text_add(&key, v->token[id].text, v->token[id].length);
        json_write_integer(w, key.bytes, id);
    }
    json_write_object_end(w);
    text_free(&key);
}

static bool write_model(JsonWriter *w, const GgufVocabulary *v, Error *error)
{
    bool pieces = v->cuts == NULL, fine = true;

    begin(w, "model", "BPE");
    json_write_null(w, "dropout");
    write_named(w, "unk_token", v, pieces ? v->unk : -1);
    json_write_null(w, "continuing_subword_prefix");
    json_write_null(w, "end_of_word_suffix");
    json_write_bool(w, "fuse_unk", pieces);
    json_write_bool(w, "byte_fallback", pieces);
    json_write_bool(w, "ignore_merges", !pieces && v->cuts->ignore_merges);
    write_vocab(w, v);
    json_write_array(w, "merges");
    if (pieces)
        fine = write_scored_merges(w, v, error);
    else
        write_listed_merges(w, v->merges);
    json_write_array_end(w);
    json_write_object_end(w);
    return fine;
}

bool gguf_tokenizer_write(JsonWriter *w, const GgufVocabulary *v, Error *error)
{
    bool fine;

    json_write_object(w, NULL);
    json_write_word(w, "version", "1.0");
    json_write_null(w, "truncation");
    json_write_null(w, "padding");
    write_added(w, v);
    write_normalizer(w, v);
    write_pre_tokenizer(w, v->cuts);
    write_post_processor(w, v);
    write_decoder(w, v);
    fine = write_model(w, v, error);
    json_write_object_end(w);
    json_write_line(w);
    return fine;
}

void gguf_tokenizer_config_write(JsonWriter *w, const GgufVocabulary *v, int context)
{
    json_write_object(w, NULL);
    json_write_word(w, "tokenizer_class", "PreTrainedTokenizerFast");
    write_named(w, "bos_token", v, v->bos);
    write_named(w, "eos_token", v, v->eos);
    write_named(w, "unk_token", v, v->unk);
    write_named(w, "pad_token", v, v->pad);
    json_write_integer(w, "model_max_length", context);
    json_write_bool(w, "clean_up_tokenization_spaces", false);
    if (v->chat.length > 0)
        json_write_text(w, "chat_template", v->chat.text, v->chat.length);
    json_write_object_end(w);
    json_write_line(w);
}
