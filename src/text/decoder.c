/* decoder.c - from ids back to text, id by id, never half a character
 *
 *   byte-level (GPT-2, Llama 3)          with byte fallback (Llama 2)
 *
 *   id    token       bytes              id    token      text
 *    │    "Ġsmile"     20 73 6D …         │    "▁smile"   " smile"
 *    │    "ĠðŁĺ"       20 F0 9F 98        │    "<0xF0>"   ┐
 *    │    "Ģ"          80                 │    "<0x9F>"   │ a run: one string,
 *    ▼                    │               ▼    "<0x98>"   │ or one U+FFFD each
 *        " smile 😀" ◄────┘                     "<0x80>"   ┘ ──► "😀"
 *
 * A token is not a word and not even a character: a rare character is spread over
 * up to four tokens. Whoever prints a model's answer while it is being made
 * must not print a third of a smile. So a stream holds bytes back until the next
 * id decides what they are:
 *
 *   byte-level       all tokens are bytes of one long text. What is held back is
 *                    the beginning of a character, at most 3 bytes. What can be
 *                    no character becomes U+FFFD, see base/utf8.c.
 *   byte fallback    a run of byte tokens is one string when it is valid as a
 *                    whole; otherwise each of its bytes is one U+FFFD. So
 *                    the whole run waits until a token of another kind comes.
 *
 * The file lists the decoder's steps. Those that look at one token only are
 * done for all tokens when the file is loaded, and what remains to be done per
 * id is to append a few bytes. In order:
 *
 *      Replace …             in each token
 *      ByteFallback          marks the byte tokens
 *      Fuse | ByteLevel      from here on the text is one
 *      Strip                 of the whole text: only its beginning
 *
 * Decoding all at once is a stream fed in a loop: there is no second way that
 * could differ.
 *
 * Source: behaviour of `tokenizers` 0.23.3, decoders ByteLevel, Replace,
 * ByteFallback, Fuse, Strip. Read next: decode/generate.c.
 * Lesson: chapters/chapter01_tokenizer.c.
 */
#include "text/decoder.h"

#include <string.h>                 /* memcmp, memcpy, memmove              */

#include "text/pretokenize.h"       /* pretokenize_point_to_byte            */

enum {                      /* flags of an id                               */
    KNOWN = 1,              /* there is such a token                        */
    SPECIAL = 2,            /* left out by skip_special                     */
    BYTE = 4,               /* one byte of a run                            */
};

#define HELD 4096           /* bytes reserved for a run of byte tokens      */

typedef struct {            /* the decoder's steps, sorted out              */
    Replacement replace[COMPONENTS];
    int count;
    enum { EACH, RUNS, ONE } phase; /* tokens, ByteFallback seen, fused     */
    Arena arena;
} Plan;

/* Strip behind Fuse sees the text as a whole. A stream can do that at its beginning,
 * but would have to hold back its end: so "stop" must be 0. */
static bool read_strip(Decoder *decoder, const Json *component, Error *error)
{
    const Json *content, *start, *stop;
    int64_t times, none;
    uint32_t point;
    int n;

    if (!component_field(&content, component, "content", JSON_STRING, error)
        || !component_field(&start, component, "start", JSON_NUMBER, error)
        || !component_field(&stop, component, "stop", JSON_NUMBER, error))
        return false;
    n = utf8_read(&point, content->text, content->length);
    if (n == 0 || (uint32_t)n != content->length || decoder->strip_count != 0
        || !json_integer(&times, start) || times < 0 || times > INT32_MAX
        || !json_integer(&none, stop) || none != 0)
        return error_set(error, "decoder at byte %zu: supported is one Strip, "
                         "with one character as \"content\" and \"stop\" 0",
                         component->offset);
    memcpy(decoder->strip, content->text, (size_t)n);
    decoder->strip_length = (size_t)n;
    decoder->strip_count = (int)times;
    return true;
}

static bool read_step(Decoder *decoder, Plan *plan, const Json *component,
                      Error *error)
{
    bool strip = component_is(component, "Strip");
    bool replace = component_is(component, "Replace");
    bool bytes = component_is(component, "ByteFallback");
    bool level = component_is(component, "ByteLevel");
    bool fuse = component_is(component, "Fuse");

    if (plan->phase == EACH && replace)
        return replacement_init(&plan->replace[plan->count++], &plan->arena,
                                component, error);
    if (plan->phase == ONE && strip)
        return read_strip(decoder, component, error);
    if (plan->phase == EACH && bytes)
        plan->phase = RUNS, decoder->byte_runs = true;
    else if (plan->phase == EACH && level)
        plan->phase = ONE, decoder->byte_level = true;
    else if (fuse)
        plan->phase = ONE;
    else if (strip || replace || bytes || level)
        return error_set(error, "decoder at byte %zu: this step is not "
                         "supported at this place; the order is Replace, "
                         "ByteFallback, Fuse (or ByteLevel), Strip",
                         component->offset);
    else
        return component_unknown(component, "decoder", "ByteFallback, "
                                 "ByteLevel, Fuse, Replace, Sequence, Strip",
                                 error);
    return true;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0'
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
         : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "<0xE3>" stands for, or -1. */
static int byte_of(const char *token, size_t length)
{
    int high, low;

    if (length != 6 || memcmp(token, "<0x", 3) != 0 || token[5] != '>')
        return -1;
    high = hex_digit(token[3]), low = hex_digit(token[4]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Append a token's bytes: those that its characters stand for, or its own UTF-8
 * when one of them is not of the byte alphabet (added tokens: "<|end|> "). */
static void add_byte_level(Text *out, const char *token, size_t length)
{
    size_t start = out->length;
    uint32_t point;

    for (size_t at = 0, n; at < length; at += n) {
        int byte = -1;
        char c;

        n = (size_t)utf8_read(&point, token + at, length - at);
        if (n > 0)
            byte = pretokenize_point_to_byte(point);
        if (byte < 0) {
            out->length = start;
            text_add(out, token, length);
            return;
        }
        c = (char)byte;
        text_add(out, &c, 1);
    }
}

/* Everything that can be known about one token, once and for all. */
static void add_token(Decoder *decoder, const Plan *plan, int id,
                      const char *token, size_t length, Text work[2])
{
    int byte;

    for (int i = 0; i < plan->count; i++) {
        Text *out = &work[i % 2];       /* token may lie in the other one   */

        text_clear(out);
        replacement_apply(out, &plan->replace[i], token, length);
        token = out->bytes, length = out->length;
    }
    byte = decoder->byte_runs ? byte_of(token, length) : -1;
    if (byte >= 0) {
        char c = (char)byte;

        decoder->kind[id] |= BYTE;
        text_add(&decoder->bytes, &c, 1);
    } else if (decoder->byte_level) {
        add_byte_level(&decoder->bytes, token, length);
    } else {
        text_add(&decoder->bytes, token, length);
    }
}

static void add_all_tokens(Decoder *decoder, const Plan *plan, const Bpe *bpe,
                           const AddedTokens *added)
{
    const AddedToken **by_id = memory_get(decoder->size, sizeof *by_id);
    Text work[2] = {{0}};

    for (int i = 0; i < added->count; i++)
        by_id[added->token[i].id] = &added->token[i];
    for (int id = 0; id < decoder->size; id++) {
        const AddedToken *a = by_id[id];
        size_t length;
        const char *token = bpe_token(bpe, id, &length);

        if (a != NULL)
            token = a->content, length = a->content_length;
        decoder->begin[id] = decoder->bytes.length;
        if (token == NULL)
            continue;
        decoder->kind[id] = a != NULL && a->special ? KNOWN | SPECIAL : KNOWN;
        add_token(decoder, plan, id, token, length, work);
        length = decoder->bytes.length - decoder->begin[id];
        if (length > decoder->longest)
            decoder->longest = length;
    }
    decoder->begin[decoder->size] = decoder->bytes.length;
    memory_give_back(by_id);
    text_free(&work[0]);
    text_free(&work[1]);
}

/*   bpe, added   of the same file; not kept
 *   Errors: exit 3: a step that is not known, or not at this place
 *   Owner:  caller, decoder_free, after an Error too
 *   Cost:   one pass over the vocabulary; about 20 bytes for a token
 */
bool decoder_init(Decoder *decoder, const Json *file, const Bpe *bpe,
                  const AddedTokens *added, int size, Error *error)
{
    Plan plan = {0};
    Components list;
    bool fine;

    *decoder = (Decoder){ .size = size };
    fine = component_list(&list, file, "decoder", "decoders", error);
    decoder->joined = fine && list.count == 0;
    for (int i = 0; fine && i < list.count; i++)
        fine = read_step(decoder, &plan, list.node[i], error);
    if (fine) {
        decoder->kind = memory_get(size, sizeof *decoder->kind);
        decoder->begin = memory_get(size + 1, sizeof *decoder->begin);
        add_all_tokens(decoder, &plan, bpe, added);
    }
    arena_free(&plan.arena);
    return fine;
}

void decoder_free(Decoder *decoder)
{
    memory_give_back(decoder->kind);
    memory_give_back(decoder->begin);
    text_free(&decoder->bytes);
    *decoder = (Decoder){0};
}

static void start(TokenStream *stream)
{
    stream->started = false;
    stream->strip = stream->decoder->strip_count;
    text_clear(&stream->held);
}

/* Reserves room for the longest token and for runs of 4096 byte tokens. A longer
 * run (a thousand rare characters on end, without a blank) lets the room double: it
 * can be settled only as a whole.
 *
 *   Owner: caller, stream_free
 */
void decoder_stream(TokenStream *stream, const Decoder *decoder,
                    bool skip_special)
{
    *stream = (TokenStream){ decoder, skip_special, .held = {0} };
    stream->held.room = decoder->longest + HELD;
    stream->held.bytes = memory_get_bytes(stream->held.room);
    start(stream);
}

void stream_free(TokenStream *stream)
{
    text_free(&stream->held);
}

/* How many of these bytes the beginning of the text loses.
 *
 *   left     how many characters may still be stripped; 0 once another one came */
static size_t stripped(int *left, const Decoder *d, const char *bytes,
                       size_t length)
{
    size_t at = 0;

    for (; *left > 0 && at < length; at += d->strip_length, --*left)
        if (length - at < d->strip_length
            || memcmp(bytes + at, d->strip, d->strip_length) != 0) {
            *left = 0;
            break;
        }
    return at;
}

/* Settled bytes go out, without what the beginning of the text loses. */
static void emit(TokenStream *stream, Text *out, const char *bytes,
                 size_t length)
{
    size_t lost = stripped(&stream->strip, stream->decoder, bytes, length);

    text_add_lossy(out, bytes + lost, length - lost);
}

/* A run of byte tokens has ended: all or nothing. */
static void settle_run(TokenStream *stream, Text *out)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    Text *held = &stream->held;

    if (utf8_check(held->bytes, held->length) == held->length)
        emit(stream, out, held->bytes, held->length);
    else
        for (size_t i = 0; i < held->length; i++)
            emit(stream, out, replacement, 3);
    text_clear(held);
}

/* Byte-level: everything but the beginning of a character is settled. */
static void settle_characters(TokenStream *stream, Text *out)
{
    Text *held = &stream->held;
    size_t tail = utf8_tail(held->bytes, held->length);

    emit(stream, out, held->bytes, held->length - tail);
    memmove(held->bytes, held->bytes + held->length - tail, tail);
    held->length = tail;
}

/* Append what this id settles: often its text, sometimes nothing yet, sometimes
 * what was held back before it. Ids that do not exist are passed over.
 *
 *   out    appended to; whole characters only
 *   Cost:  a copy of a few bytes
 */
void stream_add(TokenStream *stream, Text *out, int id)
{
    const Decoder *d = stream->decoder;
    unsigned char kind = id < 0 || id >= d->size ? 0 : d->kind[id];
    const char *bytes;
    size_t length;

    if (!(kind & KNOWN) || (stream->skip_special && (kind & SPECIAL)))
        return;
    bytes = d->bytes.bytes + d->begin[id];
    length = d->begin[id + 1] - d->begin[id];
    if (d->byte_level || (kind & BYTE)) {
        text_add(&stream->held, bytes, length);
        if (d->byte_level)
            settle_characters(stream, out);
        return;
    }
    settle_run(stream, out);
    if (d->joined && stream->started)
        text_add(out, " ", 1);
    stream->started = true;
    emit(stream, out, bytes, length);
}

/* The text is over: what was held back goes out, incomplete as it is. */
void stream_end(TokenStream *stream, Text *out)
{
    if (stream->decoder->byte_level)
        emit(stream, out, stream->held.bytes, stream->held.length);
    else
        settle_run(stream, out);
    start(stream);
}

/* How many bytes of the text each of the ids of a whole text stands for. They add up
 * to the decoded text where that needed no U+FFFD: a byte token is one byte, a blank
 * that the normalizer put in front and Strip takes away is none, and without a
 * decoder the blank between two tokens belongs to the second.
 *
 *   lengths  out: [n]
 */
void decoder_lengths(int *lengths, const Decoder *d, const int *ids, int n)
{
    int strip = d->strip_count;
    bool started = false;

    for (int i = 0; i < n; i++) {
        bool known = ids[i] >= 0 && ids[i] < d->size && d->kind[ids[i]] & KNOWN;
        size_t begin = known ? d->begin[ids[i]] : 0;
        size_t length = known ? d->begin[ids[i] + 1] - begin : 0;

        length -= stripped(&strip, d, d->bytes.bytes + begin, length);
        lengths[i] = (int)length + (known && started && d->joined);
        started = started || known;
    }
}
