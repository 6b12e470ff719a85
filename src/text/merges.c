/* merges.c - the list of merges: what a pair of tokens becomes, and how early
 *
 *   "merges": [ "t h",      rank 0        "t" 83 , "h" 71  ──► "th"  256
 *               "th e",     rank 1        "th" 256, "e" 68 ──► "the" 257
 *               "h e", … ]  rank 2        "h" 71 , "e" 68  ──► "he"  258
 *
 *   (256, 68) ──► × odd ──► …1101 0110
 *                             └─┬─┘
 *   slot  ┌───────┬─────────────▼──┬───────┬────────────────────────────┐
 *         │ empty │ 256 68  1  257 │ empty │ 71 68  2  258              │ …
 *         └───────┴────────────────┴───────┴────────────────────────────┘
 *                   left right rank merged
 *
 * The race of text/bpe.c asks one question over and over: may these two
 * neighbours be merged, and when? So the list is kept as a table with open
 * addressing, by the pair of ids, as the vocabulary is one by the spelling; and
 * what the two become stands beside it, so that no text is put together while
 * racing. Llama 3 has 280,147 merges, which take 16 MB so.
 *
 * Format notes:
 * - Files until 2024 write a merge as one string with a blank, newer ones as two
 *   strings, since a half may contain a blank.
 * - A pair that stands twice keeps its last place.
 * - Lines "#version: 0.2" come from merges.txt and do not count.
 *
 * Source: behaviour of `tokenizers` 0.23.3; for the table text/vocabulary.c's.
 * Read next: text/bpe.c.
 */
#include "text/merges.h"

#include <string.h>         /* memchr, memcmp, memset, strncmp              */

#include "base/utf8.h"      /* Text: both halves together                   */

/* The slot of a pair, or the empty one where it would stand. Multiplying by an odd
 * number mixes the bits upwards, and the upper ones are taken. */
static Merge *find_slot(const Merges *merges, int left, int right)
{
    uint64_t key = (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
    size_t at = (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> 32);

    for (;; at++) {
        Merge *merge = &merges->slot[at & (merges->slots - 1)];

        if ((merge->left == left && merge->right == right) || merge->left < 0)
            return merge;
    }
}

const Merge *merges_find(const Merges *merges, int left, int right)
{
    return find_slot(merges, left, right);
}

bool mark_begins(Spelling s)
{
    return s.length >= WORD_MARK_LENGTH
        && memcmp(s.text, WORD_MARK, WORD_MARK_LENGTH) == 0;
}

bool mark_ends(Spelling s)
{
    return s.length >= WORD_MARK_LENGTH
        && memcmp(s.text + s.length - WORD_MARK_LENGTH, WORD_MARK,
                  WORD_MARK_LENGTH) == 0;
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
        size_t left = (size_t)(blank - m->text);

        half[0] = (Spelling){ m->text, left };
        half[1] = (Spelling){ blank + 1, m->length - left - 1 };
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
    Merge new = { .rank = rank };
    Spelling half[2] = {{0}};

    if (!read_halves(half, m, error)
        || !find_token(&new.left, vocabulary, half[0], m, error)
        || !find_token(&new.right, vocabulary, half[1], m, error))
        return false;
    text_clear(both);
    text_add(both, half[0].text, half[0].length);
    text_add(both, half[1].text, half[1].length);
    if (!find_token(&new.merged, vocabulary,
                    (Spelling){ both->bytes, both->length }, m, error))
        return false;
    *find_slot(merges, new.left, new.right) = new;
    merges->join_words |= mark_begins(half[1]) && !mark_ends(half[0]);
    return true;
}

/*   Errors: exit 3: a merge that is none of the two spellings, a half or a result
 *           that the vocabulary lacks
 *   Owner:  caller, merges_free, after an Error too
 *   Cost:   O(bytes of the list)
 */
bool merges_init(Merges *merges, const Json *list, const Vocabulary *vocabulary,
                 Error *error)
{
    Text both = {0};
    bool fine = true;
    int rank = 0;

    merges->slots = table_size(list->count);
    merges->slot = memory_get_bytes(merges->slots * sizeof *merges->slot);
    memset(merges->slot, -1, merges->slots * sizeof *merges->slot);
    for (const Json *m = list->child; m != NULL && fine; m = m->next)
        if (!json_is(m, JSON_STRING) || strncmp(m->text, "#version", 8) != 0)
            fine = add_merge(merges, &both, vocabulary, rank++, m, error);
    text_free(&both);
    return fine;
}

void merges_free(Merges *merges)
{
    memory_give_back(merges->slot);
    *merges = (Merges){0};
}
