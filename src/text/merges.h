/* merges.h - the list of merges: what a pair of tokens becomes, and how early
 *
 * Rules of use: const after merges_init. The place in the list is the rank, 0 is
 * the best.
 */
#ifndef MERGES_H
#define MERGES_H

#include <string.h>                 /* memcmp                               */

#include "text/vocabulary.h"

#define WORD_MARK "\xE2\x96\x81"    /* ▁, U+2581: SentencePiece's blank     */
#define WORD_MARK_LENGTH 3

typedef struct {
    uint64_t *slot;         /* [slots] pair and rank in one: see the .c     */
    size_t slots;           /* a power of two                               */
    int *merged;            /* by rank: the id of both together             */
    bool join_words;        /* is there a merge whose right half begins with
                               ▁ and whose left half does not end with it?  */
} Merges;

/* Does ▁ stand at text[at]? at may be anything. */
static inline bool mark_at(const char *text, size_t length, size_t at)
{
    return at < length && length - at >= WORD_MARK_LENGTH
        && memcmp(text + at, WORD_MARK, WORD_MARK_LENGTH) == 0;
}

static inline bool mark_ends(Spelling s)
{
    return mark_at(s.text, s.length, s.length - WORD_MARK_LENGTH);
}

/* list: "merges" of tokenizer.json; nothing of it is kept. */
bool merges_init(Merges *merges, const Json *list, const Vocabulary *vocabulary,
                 Error *error);
void merges_free(Merges *merges);

/* The rank of a pair of ids, each 0 … LARGEST_ID; -1: it is not in the list. */
int merges_rank(const Merges *merges, int left, int right);

#endif
