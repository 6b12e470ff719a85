/* tokenizer.c - strings to ids and back, as the model's tokenizer.json says
 *
 *   "<s>the cat"
 *        │  added tokens that are searched in the text as it is
 *        ▼                                              added_tokens.c
 *   <s> ║ "the cat"
 *        │  rewrite every stretch between them            normalizer.c
 *        ▼
 *   <s> ║ "▁the▁cat"
 *        │  added tokens that are searched in the result  added_tokens.c
 *        ▼
 *   <s> ║ "▁the▁cat"
 *        │  cut into pieces                                 splitter.c
 *        ▼
 *   <s> ║ "▁the▁cat"                    (Llama 2 does not cut at all)
 *        │  merge each piece's characters                        bpe.c
 *        ▼
 *     1 ║ 278 6635
 *        │  what every text gets: <s> in front      post_processor, here
 *        ▼
 *   1 1 278 6635
 *
 * A model knows no letters, only numbers: the rows of its embedding table. This
 * row of steps is the only road from text to those numbers, and it must be
 * the very road of the training: a text that is cut in another way is a text in
 * another language. Every model brings its road along, in tokenizer.json.
 *
 * The tiny model that ships with the clone cuts before blanks, writes a blank as Ġ,
 * and begins every text with <|endoftext|>. "Once upon a time" becomes
 *
 *      //= token[1] -> On
 *      //= token[2] -> ce
 *      //= token[3] -> Ġupon
 *      //= id[0..5] -> 0 1688 375 693 259 544
 *
 * The picture shows a trap, too. A "<s>" that a user types becomes the token;
 * and the <s> that the post-processor puts in front comes in addition.
 *
 *      $ ./run tokenize --text "<|endoftext|>Once"
 *      0 0 1688 375
 *
 * What the file says about truncation and padding is not read: how long a text
 * may be is the caller's business.
 *
 * Source: the files on the hub; behaviour of `tokenizers` 0.23.3.
 * Read next: text/added_tokens.c, then down the picture.
 * Lesson: chapters/chapter01_tokenizer.c.
 */
#include "text/tokenizer.h"

#include <string.h>                 /* strlen                               */

#include "text/added_tokens.h"      /* tokens found before anything is cut  */
#include "text/component.h"         /* the file's parts, checked            */
#include "text/normalizer.h"        /* NFC, Prepend, Replace                */
#include "text/splitter.h"          /* ByteLevel, Split, Digits             */

struct Tokenizer {
    Bpe *bpe;
    Normalizer normalizer;
    AddedTokens added;
    Splitter splitter;
    Ids before, after;      /* what the post-processor puts around a text   */
    Decoder decoder;
};

/* The ids of a template's special token "<s>": it may be several.
 *
 *      "special_tokens": { "<s>": { "id": "<s>", "ids": [1], "tokens": … } }
 */
static bool add_template_ids(Ids *ids, const Json *template, const Json *item,
                             Error *error)
{
    const Json *name, *table, *list;
    int64_t id;

    if (!component_field(&name, item, "id", JSON_STRING, error)
        || !component_field(&table, template, "special_tokens", JSON_OBJECT,
                            error))
        return false;
    table = json_get(table, name->text);
    list = json_get(table, "ids");
    if (!json_is(list, JSON_ARRAY))
        return error_set(error, "post_processor at byte %zu: the token \"%s\" "
                         "of the template has no \"ids\" in special_tokens",
                         item->offset, name->text);
    for (list = list->child; list != NULL; list = list->next) {
        if (!json_integer(&id, list) || id < 0 || id > LARGEST_ID)
            return error_set(error, "post_processor: the id at byte %zu is not "
                             "a whole number from 0 to %d", list->offset,
                             LARGEST_ID);
        ids_add(ids, (int)id);
    }
    return true;
}

/* "single" is the template for one text: special tokens, and the text, which
 * is called A, in their midst. ("pair" is for two texts, which nothing here has.)
 *
 *      [ {"SpecialToken": {"id": "<s>", …}}, {"Sequence": {"id": "A", …}} ]
 */
static bool read_template(Tokenizer *t, const Json *template, Error *error)
{
    const Json *item;
    bool seen = false;              /* A has come: from here on it is after */

    if (!component_field(&item, template, "single", JSON_ARRAY, error))
        return false;
    for (item = item->child; item != NULL; item = item->next) {
        const Json *token = json_get(item, "SpecialToken");
        const Json *text = json_get(item, "Sequence");

        if (json_equals(json_get(text, "id"), "A") && !seen)
            seen = true;
        else if (token == NULL)
            return error_set(error, "post_processor at byte %zu: a template "
                             "for one text holds special tokens and \"A\" "
                             "once", item->offset);
        else if (!add_template_ids(seen ? &t->after : &t->before, template,
                                   token, error))
            return false;
    }
    return seen || error_set(error, "post_processor at byte %zu: the template "
                             "\"single\" lacks the text \"A\"",
                             template->offset);
}

/* ByteLevel here only moves the places of words in the text, which nobody asks
 * us for. */
static bool read_post_processor(Tokenizer *t, const Json *file, Error *error)
{
    Components list;
    int templates = 0;

    if (!component_list(&list, file, "post_processor", "processors", error))
        return false;
    for (int i = 0; i < list.count; i++) {
        if (component_is(list.node[i], "ByteLevel"))
            continue;
        if (!component_is(list.node[i], "TemplateProcessing"))
            return component_unknown(list.node[i], "post_processor",
                                     "ByteLevel, Sequence, TemplateProcessing",
                                     error);
        if (templates++ > 0)
            return error_set(error, "post_processor at byte %zu: a second "
                             "TemplateProcessing is not supported",
                             list.node[i]->offset);
        if (!read_template(t, list.node[i], error))
            return false;
    }
    return true;
}

int tokenizer_vocabulary(const Tokenizer *tokenizer)
{
    int size = bpe_vocabulary(tokenizer->bpe);

    for (int i = 0; i < tokenizer->added.count; i++)
        size = max_int(size, tokenizer->added.token[i].id + 1);
    return size;
}

static bool read_parts(Tokenizer *t, const Json *file, Error *error)
{
    const Json *model = json_get(file, "model");

    if (!json_is(model, JSON_OBJECT))
        return error_set(error, "there is no object \"model\" in it: this is "
                         "not a tokenizer.json of the Hugging Face kind");
    t->bpe = bpe_new(model, error);
    return t->bpe != NULL
        && normalizer_init(&t->normalizer, file, error)
        && added_tokens_init(&t->added, file, t->bpe, &t->normalizer, error)
        && splitter_init(&t->splitter, file, error)
        && read_post_processor(t, file, error)
        && decoder_init(&t->decoder, file, t->bpe, &t->added,
                        tokenizer_vocabulary(t), error);
}

static Tokenizer *from_document(const JsonDocument *document, Error *error)
{
    Tokenizer *t = memory_get(1, sizeof *t);

    if (read_parts(t, document->root, error))
        return t;
    tokenizer_close(t);
    return NULL;
}

/*   text     [length] the bytes of a tokenizer.json; not kept
 *   Errors:  exit 3: no JSON; a component, pattern or setting that is not known; a
 *            field that is missing: with name and byte offset
 *   Owner:   caller, tokenizer_close
 */
Tokenizer *tokenizer_parse(const char *text, size_t length, Error *error)
{
    JsonDocument document;
    Tokenizer *tokenizer;

    if (!json_parse(&document, text, length, JSON_PLAIN, JSON_DEPTH, error))
        return NULL;
    tokenizer = from_document(&document, error);
    json_free(&document);
    return tokenizer;
}

/* The same from a file; the Error begins with its path. */
Tokenizer *tokenizer_open(const char *path, Error *error)
{
    JsonDocument document;
    Tokenizer *tokenizer;

    if (!json_read_file(&document, path, JSON_PLAIN, error))
        return NULL;
    tokenizer = from_document(&document, error);
    json_free(&document);
    if (tokenizer == NULL)
        error_where(error, "%s", path);
    return tokenizer;
}

void tokenizer_close(Tokenizer *tokenizer)
{
    if (tokenizer == NULL)
        return;
    bpe_free(tokenizer->bpe);
    normalizer_free(&tokenizer->normalizer);
    added_tokens_free(&tokenizer->added);
    splitter_free(&tokenizer->splitter);
    ids_free(&tokenizer->before);
    ids_free(&tokenizer->after);
    decoder_free(&tokenizer->decoder);
    memory_give_back(tokenizer);
}

typedef struct {            /* one call of tokenizer_encode                 */
    const Tokenizer *tokenizer;
    Ids *out;
    BpeWork *bpe;
    const BpeObserver *observer;    /* or NULL                              */
    SplitterWork splitter;
    Text normal[2];         /* a stretch, normalized                        */
    Text *spelled;          /* tokenizer_normalize: instead of ids          */
} Encoding;

static void encode_piece(void *arg, const char *piece, size_t length)
{
    Encoding *e = arg;

    bpe_encode(e->out, e->tokenizer->bpe, e->bpe, piece, length);
}

static void encode_normal(Encoding *e, const char *text, size_t length)
{
    splitter_run(&e->tokenizer->splitter, &e->splitter, text, length,
                 encode_piece, e);
}

static void emit_added(Encoding *e, const AddedToken *added)
{
    const BpeObserver *see = e->observer;

    if (e->spelled != NULL) {
        text_add(e->spelled, added->content, added->content_length);
        return;
    }
    if (see != NULL) {
        see->piece(see->context, added->content, added->content_length);
        see->symbol(see->context, added->id);
    }
    ids_add(e->out, added->id);
}

/* Emit the added tokens of one search; what lies between them goes on. */
static void encode_between(Encoding *e, const AddedSet *set, const char *text,
                           size_t length,
                           void (*go_on)(Encoding *, const char *, size_t))
{
    AddedMatch match = {0};
    size_t done = 0;

    while (added_tokens_next(&match, set, text, length)) {
        if (done < match.begin)
            go_on(e, text + done, match.begin - done);
        emit_added(e, match.token);
        done = match.end;
    }
    if (done < length)
        go_on(e, text + done, length - done);
}

static void encode_raw(Encoding *e, const char *text, size_t length)
{
    normalizer_run(&text, &length, &e->tokenizer->normalizer, e->normal);
    encode_between(e, &e->tokenizer->added.normalized, text, length,
                   encode_normal);
}

static void spell_raw(Encoding *e, const char *text, size_t length)
{
    normalizer_spelling(&text, &length, &e->tokenizer->normalizer, e->normal);
    text_add(e->spelled, text, length);
}

static void encoding_free(Encoding *e)
{
    bpe_work_free(e->bpe);
    splitter_work_free(&e->splitter);
    text_free(&e->normal[0]);
    text_free(&e->normal[1]);
}

/* The picture above, from top to bottom.
 *
 *   out      appended to
 *   text     [length] valid UTF-8; of no bytes: only what `special` adds
 *   special  add what the post-processor adds; tokens that are typed in the text
 *            are found in any case
 *   Cost:    O(n log n), and scratch memory of about 50 bytes per byte of the
 *            longest piece, and half a megabyte for the pieces met before
 */
void tokenizer_encode_observed(Ids *out, const Tokenizer *tokenizer,
                               const char *text, size_t length, bool special,
                               const BpeObserver *observer)
{
    Encoding e = { .tokenizer = tokenizer, .out = out, .bpe = bpe_work_new(),
                   .observer = observer };

    bpe_work_observe(e.bpe, observer);
    for (int i = 0; special && i < tokenizer->before.count; i++)
        ids_add(out, tokenizer->before.id[i]);
    encode_between(&e, &tokenizer->added.raw, text, length, encode_raw);
    for (int i = 0; special && i < tokenizer->after.count; i++)
        ids_add(out, tokenizer->after.id[i]);
    encoding_free(&e);
}

void tokenizer_encode(Ids *out, const Tokenizer *tokenizer, const char *text,
                      size_t length, bool special)
{
    tokenizer_encode_observed(out, tokenizer, text, length, special, NULL);
}

/* Of each stretch between added tokens the spelling, of each token its own; a blank
 * that a token swallows (lstrip, rstrip) is gone. */
void tokenizer_normalize(Text *out, const Tokenizer *tokenizer, const char *text,
                         size_t length)
{
    Encoding e = { .tokenizer = tokenizer, .spelled = out, .bpe = bpe_work_new() };

    encode_between(&e, &tokenizer->added.raw, text, length, spell_raw);
    encoding_free(&e);
}

int tokenizer_rank(const Tokenizer *tokenizer, int left, int right)
{
    return bpe_rank(tokenizer->bpe, left, right);
}

int tokenizer_find(const Tokenizer *tokenizer, const char *token)
{
    size_t length = strlen(token);
    const AddedToken *a = added_tokens_find(&tokenizer->added, token, length);

    return a != NULL ? a->id : bpe_find(tokenizer->bpe, token, length);
}

const char *tokenizer_token(const Tokenizer *tokenizer, int id)
{
    const AddedToken *a = added_tokens_by_id(&tokenizer->added, id);

    return a != NULL ? a->content : bpe_token(tokenizer->bpe, id, NULL);
}

bool tokenizer_is_special(const Tokenizer *tokenizer, int id)
{
    const AddedToken *a = added_tokens_by_id(&tokenizer->added, id);

    return a != NULL && a->special;
}

bool tokenizer_adds_first(const Tokenizer *tokenizer, int *id)
{
    if (tokenizer->before.count == 0)
        return false;
    *id = tokenizer->before.id[0];
    return true;
}

void stream_init(TokenStream *stream, const Tokenizer *tokenizer,
                 bool skip_special)
{
    decoder_stream(stream, &tokenizer->decoder, skip_special);
}

/*   out      appended to, valid UTF-8
 *   ids      [n]; those that do not exist are passed over
 */
void tokenizer_decode(Text *out, const Tokenizer *tokenizer, const int *ids,
                      int n, bool skip_special)
{
    TokenStream stream;

    stream_init(&stream, tokenizer, skip_special);
    for (int i = 0; i < n; i++)
        stream_add(&stream, out, ids[i]);
    stream_end(&stream, out);
    stream_free(&stream);
}

void tokenizer_lengths(int *lengths, const Tokenizer *tokenizer, const int *ids,
                       int n)
{
    decoder_lengths(lengths, &tokenizer->decoder, ids, n);
}
