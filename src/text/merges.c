/* merges.c - the list of merges: what a pair of tokens becomes, and how early
 *
 *   "merges": [ "t h",      rank 0        "t" 83 , "h" 71  ──► "th"  256
 *               "th e",     rank 1        "th" 256, "e" 68 ──► "the" 257
 *               "h e", … ]  rank 2        "h" 71 , "e" 68  ──► "he"  258
 *
 *   (256, 68) ──► × odd ──► …1101 0110
 *                             └─┬─┘
 *   slot   ┌───────┬────────────▼─────────────┬───────┬─────
 *          │ empty │ left 256  right 68 rank 1│ empty │ …
 *          └───────┴──────────────────────────┴───────┴─────
 *                    20 bits   20 bits  24 bits
 *
 *   merged [rank]  256, 257, 258, …
 *
 * The race of text/bpe.c asks one question over and over: may these two
 * neighbours be merged, and when? So the list is kept as a table with open
 * addressing, by the pair of ids, as the vocabulary is one by the spelling. What the
 * two become is asked for the winner only and stands in an array of its own, so that
 * no text is put together while racing.
 *
 * Each question looks at a place that no question before it has warmed up. What
 * it costs is decided by how much of the table fits into the processor's cache; hence
 * a slot of eight bytes: Llama 3's 280,147 merges take 8 MB.
 *
 * Format notes:
 * - A pair that stands twice keeps its last place.
 * - Lines "#version: 0.2" come from merges.txt and do not count.
 *
 * Source: behaviour of `tokenizers` 0.23.3; for the table text/vocabulary.c's.
 * Read next: text/bpe.c.
 */
#include "text/merges.h"

#include <string.h>         /* memchr, memset, strncmp                      */

#include "base/utf8.h"      /* Text: both halves together                   */

#define RANK_BITS 24
#define RANKS ((1 << RANK_BITS) - 1)    /* that are accepted                */
#define EMPTY UINT64_MAX                /* rank RANKS, which no merge has   */

/* The slot of a pair, or the empty one where it would stand. Multiplying by an odd
 * number mixes the bits upwards, and the upper ones are taken. */
static uint64_t *find_slot(const Merges *merges, uint64_t pair)
{
    size_t at = (size_t)(pair * UINT64_C(0x9E3779B97F4A7C15) >> 32);

    for (;; at++) {
        uint64_t *slot = &merges->slot[at & (merges->slots - 1)];

        if (*slot >> RANK_BITS == pair || *slot == EMPTY)
            return slot;
    }
}

static uint64_t pair_of(int left, int right)
{
    return (uint64_t)left << 20 | (uint64_t)right;
}

int merges_rank(const Merges *merges, int left, int right)
{
    uint64_t slot = *find_slot(merges, pair_of(left, right));

    return slot == EMPTY ? -1 : (int)(slot & RANKS);
}

/* One merge, in either spelling:
 *
 *      "t he"           files until 2024: one blank between the halves
 *      ["t", "he"]      newer ones, since a half may contain a blank
 *
 *   half    out: both; they point into the document
 */
static bool read_halves(Spelling half[2], const Json *m, Error *error)
{
    const char *blank = json_is(m, JSON_STRING)
                      ? memchr(m->text, ' ', m->length) : NULL;
    const Json *first = m->child;

    if (blank != NULL) {
        half[0] = (Spelling){ m->text, (size_t)(blank - m->text) };
        half[1] = (Spelling){ blank + 1, m->length - half[0].length - 1 };
        if (memchr(half[1].text, ' ', half[1].length) == NULL)
            return true;
    } else if (json_is(m, JSON_ARRAY) && m->count == 2
               && json_is(first, JSON_STRING)
               && json_is(first->next, JSON_STRING)) {
        half[0] = (Spelling){ first->text, first->length };
        half[1] = (Spelling){ first->next->text, first->next->length };
        return true;
    }
    return error_set(error, "model.merges at byte %zu is neither \"left right\" "
                     "nor [\"left\", \"right\"]", m->offset);
}

/* The id of a half, or of both together, which must be in the vocabulary. */
static bool find_token(int *id, const Vocabulary *vocabulary, Spelling s,
                       const Json *m, Error *error)
{
    char shown[JSON_SHOWN];

    *id = vocabulary_find(vocabulary, s.text, s.length);
    return *id >= 0
        || error_set(error, "model.merges at byte %zu: \"%s\" is not in "
                     "model.vocab", m->offset,
                     json_show(shown, s.text, s.length));
}

/* Put one merge into the table. both: room for its halves, written one after the
 * other. */
static bool add_merge(Merges *merges, Text *both, const Vocabulary *vocabulary,
                      int rank, const Json *m, Error *error)
{
    Spelling half[2] = {{0}};
    int left, right;
    uint64_t pair;

    if (!read_halves(half, m, error)
        || !find_token(&left, vocabulary, half[0], m, error)
        || !find_token(&right, vocabulary, half[1], m, error))
        return false;
    text_clear(both);
    text_add(both, half[0].text, half[0].length);
    text_add(both, half[1].text, half[1].length);
    pair = pair_of(left, right);
    *find_slot(merges, pair) = pair << RANK_BITS | (uint64_t)rank;
    merges->join_words |= mark_at(half[1].text, half[1].length, 0)
                          && !mark_ends(half[0]);
    return find_token(&merges->merged[rank], vocabulary,
                      (Spelling){ both->bytes, both->length }, m, error);
}

/*   Errors: exit 3: a merge that is none of the two spellings, a half or a result
 *           that the vocabulary lacks, sixteen million merges
 *   Owner:  caller, merges_free, after an Error too
 *   Cost:   O(bytes of the list)
 */
bool merges_init(Merges *merges, const Json *list, const Vocabulary *vocabulary,
                 Error *error)
{
    Text both = {0};
    bool fine = true;
    int rank = 0;

    if (list->count >= RANKS)
        return error_set(error, "model.merges at byte %zu has %d lines; at most "
                         "%d are supported", list->offset, list->count, RANKS);
    merges->slots = table_size(list->count);
    merges->slot = memory_get_bytes(merges->slots * sizeof *merges->slot);
    memset(merges->slot, -1, merges->slots * sizeof *merges->slot);
    merges->merged = memory_get(list->count, sizeof *merges->merged);
    for (const Json *m = list->child; m != NULL && fine; m = m->next)
        if (!json_is(m, JSON_STRING) || strncmp(m->text, "#version", 8) != 0)
            fine = add_merge(merges, &both, vocabulary, rank++, m, error);
    text_free(&both);
    return fine;
}

void merges_free(Merges *merges)
{
    memory_give_back(merges->slot);
    memory_give_back(merges->merged);
    *merges = (Merges){0};
}
