/* draft.h - who guesses: one interface for every kind of draft
 *
 * Rules of use:
 * 1. A Draft proposes up to K ids behind a text of n ids, and says from which
 *    distribution it drew each. It may propose fewer, or none. What it proposes for
 *    a smaller K is the beginning of what it proposes for a larger one.
 * 2. After each round settle says what the text is now; what was guessed beyond it
 *    is to be forgotten. read, before the first round, is only there to be timed.
 * 3. The kinds: a second model or a quantized copy of the target (draft_model.h);
 *    what followed the same words earlier in the text (draft_ngram); and one that
 *    knows the answer, to measure with (draft_planted).
 * 4. A Draft is used by one text at a time, and borrows everything it is made from.
 */
#ifndef DRAFT_H
#define DRAFT_H

#include "base/base.h"

#define DRAFT_MOST 16           /* K at most: ids that are guessed at once   */

/* Random numbers of a position in a text: draw of random_uniform. PICK is what plain
 * decoding uses, too. */
enum { DRAW_PICK, DRAW_ACCEPT, DRAW_GUESS };

typedef struct {                /* what was guessed in one round             */
    int V;                      /* words of the target                       */
    int count;                  /* ids, 0 … K                                */
    int ids[DRAFT_MOST];
    bool certain;               /* q is 1 at each id, and 0 elsewhere: then …  */
    double *q;                  /* … not filled; else [K, V]: id i was drawn from
                                   row i, which adds up to 1                 */
} Proposal;

typedef struct Draft Draft;
struct Draft {
    const char *name;           /* "int4", "ngram", "storyteller-draft"      */
    size_t bytes;               /* weights that a guess reads; 0: none       */
    bool certain;               /* its proposals are; then q may be NULL     */
    /* text [n] with room for nothing more. Errors: as session_goto. */
    bool (*propose)(Draft *draft, Proposal *out, const int *text, int n, int K,
                    Error *error);
    void (*settle)(Draft *draft, const int *text, int n);       /* NULL: no need */
    bool (*read)(Draft *draft, const int *text, int n, Error *error);   /* or NULL */
};

void proposal_init(Proposal *proposal, int K, int V, bool certain);
void proposal_free(Proposal *proposal);

/* The distribution that id i was drawn from; NULL: certain. */
const double *proposal_q(const Proposal *proposal, int i);

/* Prompt lookup: no model, q is certain. */
Draft draft_ngram(void);

/* Knows the text: truth [count], by position in the text (the prompt's are never
 * asked for). Proposes truth with this probability, else another id; a number for
 * each position decides (random_uniform, sequence 1). Greedy texts only. */
typedef struct {
    Draft draft;                /* first: a PlantedDraft is a Draft          */
    const int *truth;
    int count, V;
    double probability;
    uint64_t seed;
} PlantedDraft;
PlantedDraft draft_planted(const int *truth, int count, int V, double probability,
                           uint64_t seed);
/* What it proposes at position; -1 beyond the truth. */
int planted_id(const PlantedDraft *planted, int position);

#endif
