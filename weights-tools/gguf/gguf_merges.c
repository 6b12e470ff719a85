/* gguf_merges.c - the list of merges that the scores of SentencePiece stand for
 *
 *      piece   score    its splits into two pieces
 *
 *      ▁t      -1       ▁ t
 *      er      -2       e r              best score first, and within a piece
 *      in      -3       i n              by the ids of the halves
 *      ▁the    -39      ▁t he · ▁th e           │
 *      …                                        ▼
 *                                  ▁ t │ e r │ i n │ … │ ▁t he │ ▁th e │ …
 *
 * SentencePiece has no list of merges. It has a score for each piece, the better the
 * earlier it was learnt, and joins, again and again, the two neighbours whose
 * union has the best score. A tokenizer.json has pairs in order, and joins the two
 * neighbours whose pair stands first. Both do the same when the pairs are written
 * in the order of their unions' scores, and every way to cut a piece into two is
 * among them:
 *
 *      merges = { (l, r) : l, r and l·r are pieces }                      (1)
 *      sorted by score(l·r), falling; then by the id of l·r, of l, of r   (2)
 *
 * For TinyLlama (1) and (2) give the 61,249 merges of its tokenizer.json, in its order
 * (tests/oracle/convert.py).
 *
 * A piece is cut between characters only, never inside one. Control tokens and bytes
 * (<0x0A>) are not made by merging, so they are not cut; a half may be any token.
 *
 * Source: the converter of Hugging Face's transformers for SentencePiece models.
 * Read next: weights-tools/gguf/gguf_tokenizer.c.
 */
#include "weights-tools/gguf/gguf_vocabulary.h"

#include <math.h>           /* isfinite                                     */
#include <stdlib.h>         /* qsort                                        */
#include <string.h>         /* memchr                                       */

#include "numbers/bits.h"   /* f32_of_bits                                  */

#define LONGEST 512         /* bytes of a piece; SentencePiece's own limit is 16
                               characters                                   */
typedef struct {
    float score;            /* of the whole                                 */
    int whole;
    GgufMerge merge;
} Split;

typedef struct {
    Split *split;
    size_t count, room;
} Splits;

/* Order (2). */
static int compare(const void *left, const void *right)
{
    const Split *a = left, *b = right;

    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    if (a->whole != b->whole)
        return a->whole < b->whole ? -1 : 1;
    if (a->merge.left != b->merge.left)
        return a->merge.left < b->merge.left ? -1 : 1;
    return (a->merge.right > b->merge.right) - (a->merge.right < b->merge.right);
}

static void add(Splits *s, Split split)
{
    if (s->count == s->room) {
        s->room = s->room == 0 ? 4096 : 2 * s->room;
        s->split = memory_grow(s->split, s->room * sizeof *s->split);
    }
    s->split[s->count++] = split;
}

/* Set (1) for one piece. Errors: a score that is no number; too long, a blank in it. */
static bool cut(Splits *s, const GgufVocabulary *v, int id, Error *error)
{
    GgufText t = v->token[id];
    float score = f32_of_bits(gguf_u32(v->scores + 4 * (size_t)id));

    if (!isfinite(score) || t.length > LONGEST || memchr(t.text, ' ', t.length) != NULL)
        return error_set(error, "token %d is no piece of SentencePiece: at most %d bytes, "
                         "▁ for blanks and a number as score", id, LONGEST);
    for (size_t at = 1; at < t.length; at++) {
        GgufMerge m;

        if (((unsigned char)t.text[at] & 0xC0) == 0x80)
            continue;                               /* inside a character   */
        m.left = gguf_find_token(v, t.text, at);
        m.right = m.left < 0 ? -1 : gguf_find_token(v, t.text + at, t.length - at);
        if (m.right >= 0)
            add(s, (Split){ score, id, m });
    }
    return true;
}

/*   Cost: two searches for each character of each piece, one sort */
bool gguf_merges(GgufMerge **merges, size_t *count, const GgufVocabulary *v, Error *error)
{
    Splits s = {0};
    bool fine = true;

    for (int id = 0; id < v->count && fine; id++)
        if (v->kind[id] == TOKEN_NORMAL)
            fine = cut(&s, v, id, error);
    if (s.count > 0)
        qsort(s.split, s.count, sizeof *s.split, compare);
    *merges = fine ? memory_get_bytes((s.count + 1) * sizeof **merges) : NULL;
    *count = s.count;
    for (size_t i = 0; i < s.count && fine; i++)
        (*merges)[i] = s.split[i].merge;
    memory_give_back(s.split);
    return fine;
}
