/* merges.h - the list of merges: what a pair of tokens becomes, and how early
 *
 * Rules of use: const after merges_init. The place in the list is the rank, 0 is
 * the best.
 */
#ifndef MERGES_H
#define MERGES_H

#include "text/vocabulary.h"

typedef struct {            /* one line of the list                         */
    int left, right;        /* ids; left -1: the slot is empty              */
    int rank;               /* its place in the list; -1: the slot is empty */
    int merged;             /* id of both together                          */
} Merge;

#define WORD_MARK "\xE2\x96\x81"    /* ▁, U+2581: SentencePiece's blank     */
#define WORD_MARK_LENGTH 3

typedef struct {
    Merge *slot;            /* [slots] see the .c                           */
    size_t slots;           /* a power of two                               */
    bool join_words;        /* is there a merge whose right half begins with
                               ▁ and whose left half does not end with it?  */
} Merges;

bool mark_begins(Spelling spelling);    /* does it begin with ▁? …           */
bool mark_ends(Spelling spelling);      /* … end with it?                    */

/* list: "merges" of tokenizer.json; nothing of it is kept. */
bool merges_init(Merges *merges, const Json *list, const Vocabulary *vocabulary,
                 Error *error);
void merges_free(Merges *merges);

/* The merge of a pair; one with rank -1: it is not in the list. */
const Merge *merges_find(const Merges *merges, int left, int right);

#endif
