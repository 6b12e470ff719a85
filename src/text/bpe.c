/* bpe.c - byte-pair encoding: from a piece of text to ids by merging neighbours
 *
 *   merges, best first      t h  │  th e  │  h e  │  n e  │ …        (the ranks)
 *
 *   "then"     t   h   e   n            each character is a symbol
 *              └─┬─┘                    rank 0 is the best that is there
 *              th      e   n            now "th e" can be seen
 *              └──┬────┘
 *              the         n            no merge holds "the n": done
 *
 *   ids        [ id of "the", id of "n" ]
 *
 * A vocabulary of words would never be complete and one of letters makes texts
 * long. Byte-pair encoding grows its vocabulary from letters: in training, the
 * most frequent pair of neighbours became a new token, again and again. The list
 * of these merges is all that is needed to cut new text in the same way:
 *
 *      among the pairs of neighbours that are in the list, merge the one
 *      that came first in the list; of equals the leftmost                (1)
 *
 * until no pair is in the list. The order matters: "the" made from "t he"
 * is the same token, but a merge that takes "h e" away first leaves "t" alone.
 *
 * Done by looking through all pairs for each merge this costs n² steps, and
 * some tokenizers give a whole book as one piece. So the pairs wait in a heap,
 * the best on top. A merge changes only its two outer neighbours:
 *
 *      … ◄──► a ◄──► b ◄──► c ◄──► d ◄──► …      symbols: a doubly linked list
 *                    └──┬───┘
 *      … ◄──► a ◄────►  bc  ◄────► d ◄──► …      new pairs (a,bc) and (bc,d)
 *
 * The pairs (a,b) and (c,d) that were waiting are not looked for in the heap:
 * when such an entry comes to the top, the pair at its place has another rank
 * or none, and it is thrown away. Each merge adds at most two entries, so the
 * whole costs O(n log n).
 *
 * Tokenizers of SentencePiece's kind have no pieces: a blank is written ▁, and a
 * whole book is one piece. Yet words stay apart by themselves, if
 *
 *      no merge has a right half that begins with ▁ and a left half that
 *      does not end with ▁                                              (2)
 *
 *      ▁ t h e ┊ ▁ c a t     at ┊ something that is not ▁ meets a ▁
 *
 * At ┊ nothing is ever merged: whatever grows on its left ends with the same
 * character as before, on its right with ▁ in front. So no merge changes a pair on
 * the other side, each side makes its own merges in its own order, and (1) only says
 * whose turn it is. The ids are those of "▁the" and of "▁cat". Whether (2) holds is
 * seen when the list is read; Llama 2's does, and a heap of some letters is in the
 * cache where one of a book is not.
 *
 * Source: Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words
 * with Subword Units", 2016, section 3.2; details as `tokenizers` has them.
 * Read next: text/merges.c, and text/tokenizer.c, which decides what a piece is.
 * Lesson: chapters/chapter01_tokenizer.c.
 */
#include "text/bpe.h"

#include <limits.h>         /* INT_MAX                                      */
#include <stdio.h>          /* snprintf: "<0x0A>"                           */

#include "base/utf8.h"      /* utf8_read: where a character ends            */
#include "text/component.h" /* fields of "model", checked                   */
#include "text/merges.h"    /* pair → rank, and what it becomes             */
#include "text/piececache.h"    /* pieces that were met before              */

struct Bpe {
    Vocabulary vocabulary;
    Merges merges;
    bool words;             /* may be cut before each ▁ that follows others */
    int unknown;            /* id for a character without a token, or -1    */
    bool fuse_unknown;      /* a run of them is one                         */
    bool whole_first;       /* ignore_merges: a piece that is a token is it */
    bool bytes;             /* byte_fallback: unknown → <0xE3> <0x81> …     */
    int byte[256];          /* ids of <0x00> … <0xFF>, or -1                */
};

#define SHORT 64            /* ids, of a text that is not worth a cache     */

typedef struct {
    int id;                 /* -1: merged into its left neighbour           */
    int before, after;      /* places in the piece, -1: none                */
    int rank;               /* of the pair that begins here, -1: none       */
} Symbol;

struct BpeWork {
    Symbol *symbol;         /* [symbols]                                    */
    int symbols, symbol_room;
    uint64_t *heap;         /* [waiting] rank · 2^32 + place: rule (1) as
                               the order of whole numbers                   */
    size_t waiting, heap_room;
    const BpeObserver *observer;    /* or NULL                              */
    KnownPiece *known;      /* [KNOWN_PIECES], or NULL: not yet             */
};

void ids_add(Ids *ids, int id)
{
    if (ids->count == ids->room) {
        must(ids->room <= INT_MAX / 2, "%d ids are too many", ids->room);
        ids->room = ids->room > 0 ? 2 * ids->room : 64;
        ids->id = memory_grow(ids->id, (size_t)ids->room * sizeof *ids->id);
    }
    ids->id[ids->count++] = id;
}

void ids_free(Ids *ids)
{
    memory_give_back(ids->id);
    *ids = (Ids){0};
}

int bpe_find(const Bpe *bpe, const char *token, size_t length)
{
    return vocabulary_find(&bpe->vocabulary, token, length);
}

int bpe_vocabulary(const Bpe *bpe)
{
    return bpe->vocabulary.size;
}

/* Owner: the Bpe; NUL-terminated. length may be NULL. */
const char *bpe_token(const Bpe *bpe, int id, size_t *length)
{
    const Vocabulary *v = &bpe->vocabulary;
    const Spelling *s = id < 0 || id >= v->size ? NULL : &v->token[id];

    if (length != NULL)
        *length = s != NULL ? s->length : 0;
    return s != NULL ? s->text : NULL;
}

int bpe_rank(const Bpe *bpe, int left, int right)
{
    bool ids = left >= 0 && left <= LARGEST_ID && right >= 0 && right <= LARGEST_ID;

    return ids ? merges_rank(&bpe->merges, left, right) : -1;
}

/* Settings that would change the ids and that no causal model here uses. */
static bool refuse_rest(const Json *model, Error *error)
{
    static const char *const empty[] = { "continuing_subword_prefix",
                                         "end_of_word_suffix" };
    const Json *dropout = json_given(model, "dropout");
    const Json *type = json_get(model, "type");     /* old files have none  */
    double share = 0;

    if (type != NULL && !json_equals(type, "BPE"))
        return component_unknown(model, "model", "BPE", error);
    if (dropout != NULL && (!json_number(&share, dropout) || share != 0))
        return error_set(error, "model.dropout at byte %zu must be null or 0: "
                         "it makes tokenizing random", dropout->offset);
    for (int i = 0; i < 2; i++) {
        const Json *affix = json_get(model, empty[i]);

        if (json_is(affix, JSON_STRING) && affix->length > 0)
            return error_set(error, "model.%s at byte %zu is not supported: it "
                             "must be null or empty", empty[i], affix->offset);
    }
    return true;
}

/* Rule (2), which speaks of symbols that are spelt as the text is: ▁ must be one;
 * there must be an unknown token, or else a character that vanishes makes neighbours
 * of what stands on its two sides; and that token must not look like ▁. */
static bool keeps_words_apart(const Bpe *bpe)
{
    return !bpe->merges.join_words && !bpe->whole_first
        && bpe_find(bpe, WORD_MARK, WORD_MARK_LENGTH) >= 0
        && bpe->unknown >= 0
        && !mark_ends(bpe->vocabulary.token[bpe->unknown]);
}

static bool read_settings(Bpe *bpe, const Json *model, Error *error)
{
    const Json *unknown = json_get(model, "unk_token");
    char name[8];

    bpe->unknown = -1;
    if (json_is(unknown, JSON_STRING) && unknown->length > 0) {
        bpe->unknown = bpe_find(bpe, unknown->text, unknown->length);
        if (bpe->unknown < 0)
            return error_set(error, "model.unk_token at byte %zu is not in "
                             "model.vocab", unknown->offset);
    }
    for (int b = 0; b < 256; b++) {
        snprintf(name, sizeof name, "<0x%02X>", (unsigned)b);
        bpe->byte[b] = bpe_find(bpe, name, 6);
    }
    return component_flag(&bpe->fuse_unknown, model, "fuse_unk", 0, error)
        && component_flag(&bpe->bytes, model, "byte_fallback", 0, error)
        && component_flag(&bpe->whole_first, model, "ignore_merges", 0, error);
}

/* Nothing of the document is kept.
 *
 *   Errors: exit 3: another kind of model, a setting that would change the ids
 *           and is not supported, a missing field, a vocabulary that
 *           contradicts itself; with the byte offset
 *   Cost:   O(vocabulary + merges); for 128,000 and 280,000 about 20 MB
 */
Bpe *bpe_new(const Json *model, Error *error)
{
    Bpe *bpe = memory_get(1, sizeof *bpe);
    const Json *vocabulary, *merges;

    if (refuse_rest(model, error)
        && component_field(&vocabulary, model, "vocab", JSON_OBJECT, error)
        && component_field(&merges, model, "merges", JSON_ARRAY, error)
        && vocabulary_init(&bpe->vocabulary, vocabulary, error)
        && merges_init(&bpe->merges, merges, &bpe->vocabulary, error)
        && read_settings(bpe, model, error)) {
        bpe->words = keeps_words_apart(bpe);
        return bpe;
    }
    bpe_free(bpe);
    return NULL;
}

void bpe_free(Bpe *bpe)
{
    if (bpe == NULL)
        return;
    vocabulary_free(&bpe->vocabulary);
    merges_free(&bpe->merges);
    memory_give_back(bpe);
}

BpeWork *bpe_work_new(void)
{
    return memory_get(1, sizeof(BpeWork));
}

void bpe_work_observe(BpeWork *work, const BpeObserver *observer)
{
    work->observer = observer;
}

void bpe_work_free(BpeWork *work)
{
    memory_give_back(work->symbol);
    memory_give_back(work->heap);
    memory_give_back(work->known);
    memory_give_back(work);
}

/* A min-heap in an array: the children of k are 2k+1 and 2k+2. */
static void heap_add(BpeWork *work, uint64_t entry)
{
    size_t k = work->waiting++;

    if (work->waiting > work->heap_room) {
        work->heap_room = 2 * work->waiting + 62;
        work->heap = memory_grow(work->heap,
                                 work->heap_room * sizeof *work->heap);
    }
    for (; k > 0 && entry < work->heap[(k - 1) / 2]; k = (k - 1) / 2)
        work->heap[k] = work->heap[(k - 1) / 2];
    work->heap[k] = entry;
}

static uint64_t heap_take(BpeWork *work)
{
    uint64_t top = work->heap[0], last = work->heap[--work->waiting];
    size_t k = 0, child;

    while ((child = 2 * k + 1) < work->waiting) {
        if (child + 1 < work->waiting
            && work->heap[child + 1] < work->heap[child])
            child++;
        if (last <= work->heap[child])
            break;
        work->heap[k] = work->heap[child];
        k = child;
    }
    work->heap[k] = last;
    return top;
}

static void add_symbol(BpeWork *work, int id)
{
    int at = work->symbols++;

    if (at == work->symbol_room) {
        work->symbol_room = at < 64 ? 64 : at + at / 2;
        work->symbol = memory_grow(work->symbol, (size_t)work->symbol_room
                                                 * sizeof *work->symbol);
    }
    work->symbol[at] = (Symbol){ id, at - 1, at + 1, -1 };
}

/* An unknown character as the tokens of its bytes, when all of them exist. */
static bool add_bytes(BpeWork *work, const Bpe *bpe, const char *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!bpe->bytes || bpe->byte[(unsigned char)c[i]] < 0)
            return false;
    for (size_t i = 0; i < n; i++)
        add_symbol(work, bpe->byte[(unsigned char)c[i]]);
    return true;
}

/* The piece as one symbol per character. Unknown ones:
 *
 *      as bytes, else as the unknown token, else not at all
 *
 * The unknown token waits in `unknown` until the next known character, so that a
 * run can be one (fuse_unk). Bytes do not end the waiting: they overtake it.
 * That looks like an oversight of the reference, but it is what it does.
 */
static void cut_symbols(BpeWork *work, const Bpe *bpe, const char *piece,
                        size_t length)
{
    bool unknown = false;
    uint32_t point;

    work->symbols = 0;
    for (size_t at = 0, n; at < length; at += n) {
        int id;

        n = (size_t)max_int(1, utf8_read(&point, piece + at, length - at));
        id = bpe_find(bpe, piece + at, n);
        if (id < 0
            && (add_bytes(work, bpe, piece + at, n) || bpe->unknown < 0))
            continue;
        if (unknown && (id >= 0 || !bpe->fuse_unknown))
            add_symbol(work, bpe->unknown);
        unknown = id < 0;
        if (id >= 0)
            add_symbol(work, id);
    }
    if (unknown)
        add_symbol(work, bpe->unknown);
    if (work->symbols > 0)
        work->symbol[work->symbols - 1].after = -1;
}

/* Let the pair that begins at place `at` wait, if it is in the list. */
static void propose(BpeWork *work, const Bpe *bpe, int at)
{
    Symbol *left = &work->symbol[at];

    left->rank = left->after < 0 ? -1
               : merges_rank(&bpe->merges, left->id, work->symbol[left->after].id);
    if (left->rank >= 0)
        heap_add(work, (uint64_t)left->rank << 32 | (uint32_t)at);
}

/* Rule (1) until nothing waits. An entry is stale when its symbol was merged
 * away (id -1) or when the pair now at its place has another rank. */
static void merge_symbols(BpeWork *work, const Bpe *bpe)
{
    work->waiting = 0;
    for (int i = 0; i < work->symbols; i++)
        propose(work, bpe, i);
    while (work->waiting > 0) {
        uint64_t entry = heap_take(work);
        int at = (int)(uint32_t)entry, rank = (int)(entry >> 32);
        Symbol *left = &work->symbol[at], *right;

        if (left->id < 0 || left->rank != rank)
            continue;
        right = &work->symbol[left->after];
        if (work->observer != NULL)
            work->observer->merge(work->observer->context, at, rank, left->id,
                                  right->id, bpe->merges.merged[rank]);
        left->id = bpe->merges.merged[rank];
        right->id = -1;
        left->after = right->after;
        if (left->after >= 0)
            work->symbol[left->after].before = at;
        if (left->before >= 0)
            propose(work, bpe, left->before);
        propose(work, bpe, at);
    }
}

static void show_piece(const BpeWork *work, const char *piece, size_t length)
{
    work->observer->piece(work->observer->context, piece, length);
    for (int i = 0; i < work->symbols; i++)
        work->observer->symbol(work->observer->context, work->symbol[i].id);
}

/* One piece, or one word of it. */
static void encode_one(Ids *out, const Bpe *bpe, BpeWork *work, const char *piece,
                       size_t length)
{
    int whole = bpe->whole_first ? bpe_find(bpe, piece, length) : -1;

    work->symbols = 0;
    if (whole >= 0)
        add_symbol(work, whole);
    else
        cut_symbols(work, bpe, piece, length);
    if (work->observer != NULL)
        show_piece(work, piece, length);
    if (whole < 0)
        merge_symbols(work, bpe);
    for (int i = 0; i < work->symbols; i++)
        if (work->symbol[i].id >= 0)
            ids_add(out, work->symbol[i].id);
}

/* The same, remembered; a short text does not pay for a cache. */
static void recall_one(Ids *out, const Bpe *bpe, BpeWork *work, const char *piece,
                       size_t length)
{
    int before = out->count;
    KnownPiece *known;

    if (work->known == NULL && before >= SHORT)
        work->known = memory_get(KNOWN_PIECES, sizeof *work->known);
    if (work->known == NULL) {
        encode_one(out, bpe, work, piece, length);
        return;
    }
    known = piececache_slot(work->known, piece, length);
    if (!piececache_holds(known, piece, length)) {
        encode_one(out, bpe, work, piece, length);
        piececache_fill(known, piece, length, out->id + before, out->count - before);
    } else {
        for (int i = 0; i < known->count; i++)
            ids_add(out, known->id[i]);
    }
}

/* The bytes of the word at the front: all its ▁, then up to the next one. */
static size_t word_length(const char *text, size_t length)
{
    size_t at = 0;

    while (mark_at(text, length, at))
        at += WORD_MARK_LENGTH;
    while (at < length && !mark_at(text, length, at))
        at++;
    return at;
}

/* Append the ids of one piece: see the essay. An observer sees it whole, words or no
 * words: the merges are the same, and so is their order.
 *
 *   piece   [length] valid UTF-8
 *   Cost:   O(n log n) for n characters; the work keeps 16 bytes for each, 16 for
 *           the pairs that wait at most, and room to grow: some 50 n bytes; and
 *           512 KB of pieces that came before
 */
void bpe_encode(Ids *out, const Bpe *bpe, BpeWork *work, const char *piece,
                size_t length)
{
    must(length < INT_MAX, "a piece of %zu bytes is too long", length);
    if (work->observer != NULL) {
        encode_one(out, bpe, work, piece, length);
        return;
    }
    for (size_t at = 0, n; at < length; at += n) {
        n = bpe->words ? word_length(piece + at, length - at) : length;
        recall_one(out, bpe, work, piece + at, n);
    }
}
