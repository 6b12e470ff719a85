/* draft.c - who guesses: one interface, and the two drafts that need no model
 *
 *      text    the  king  said  to  the  king's  son  …  the  king  said  to
 *              └──────── the same four words ──────┐     └────────┬────────┘
 *                                 ▼                               │
 *      followed then by          the king's son                   │ longest match,
 *      so the guess is           the king's son   ◄───────────────┘ the latest of them
 *
 * ngram: texts repeat themselves. Names, code, a passage that is summarized or
 * corrected, a list: what followed the same words before is a good guess, and costs
 * nothing. The longest sequence that ends the text and stands in it earlier
 * (at most MATCH_MOST ids, at least MATCH_LEAST) is looked for; among equally long ones
 * the latest is the best guess. Where its continuation runs into the end of the
 * text it goes on into the guess itself: "la la la" goes on for ever.
 *
 * Looking is a walk over the whole text for each round: 4,096 ids take 2 µs, a
 * ten-thousandth of what the round costs.
 *
 * planted: a draft for measuring and for teaching. It was given the text that will be
 * written, and proposes the right id with a chosen probability, by a number of the
 * position: so acceptance can be set, and what it is worth be seen.
 *
 * Source: Saxena, "Prompt Lookup Decoding", 2023. Read next: decode/draft_model.c.
 * Lesson: chapters/chapter07_speculative.c.
 */
#include "decode/draft.h"

#include "base/memory.h"
#include "base/random.h"

#define MATCH_LEAST 2           /* one word alone is followed by anything    */
#define MATCH_MOST 8
#define SEQUENCE_PLANTED 1      /* of random_uniform; a text's own is 0      */

void proposal_init(Proposal *proposal, int K, int V, bool certain)
{
    *proposal = (Proposal){ .V = V, .certain = certain };
    if (!certain)
        proposal->q = memory_get_bytes((size_t)K * (size_t)V * sizeof(double));
}

void proposal_free(Proposal *proposal)
{
    memory_give_back(proposal->q);
    *proposal = (Proposal){0};
}

const double *proposal_q(const Proposal *proposal, int i)
{
    return proposal->certain ? NULL : proposal->q + (size_t)i * (size_t)proposal->V;
}

/* How many ids before (and with) text[end] are those that end the text. */
static int match_length(const int *text, int n, int end)
{
    int length = 0;

    while (length < MATCH_MOST && length <= end
           && text[end - length] == text[n - 1 - length])
        length++;
    return length;
}

/* The place behind the best match; n: there is none. Cost: n comparisons, and
 * MATCH_MOST more at each place that ends alike. */
static int find_match(const int *text, int n)
{
    int best = MATCH_LEAST - 1, at = n;

    for (int end = n - 2; end >= 0 && best < MATCH_MOST; end--) {
        int length = match_length(text, n, end);

        if (length > best) {
            best = length;
            at = end + 1;
        }
    }
    return at;
}

static bool ngram_propose(Draft *draft, Proposal *out, const int *text, int n, int K,
                          Error *error)
{
    int at = n > 0 ? find_match(text, n) : n;

    (void)draft, (void)error;
    out->certain = true;
    out->count = at < n ? K : 0;
    for (int i = 0; i < out->count; i++)
        out->ids[i] = at + i < n ? text[at + i] : out->ids[at + i - n];
    return true;
}

Draft draft_ngram(void)
{
    return (Draft){ .name = "ngram", .certain = true, .propose = ngram_propose };
}

int planted_id(const PlantedDraft *planted, int position)
{
    bool right;

    if (position >= planted->count)
        return -1;
    right = (double)random_uniform(planted->seed, SEQUENCE_PLANTED, (uint32_t)position, 0)
          < planted->probability;
    return right ? planted->truth[position]
                 : (planted->truth[position] + 1) % planted->V;
}

static bool planted_propose(Draft *draft, Proposal *out, const int *text, int n, int K,
                            Error *error)
{
    const PlantedDraft *planted = (const PlantedDraft *)draft;

    (void)text, (void)error;
    out->certain = true;
    for (out->count = 0; out->count < K; out->count++) {
        int id = planted_id(planted, n + out->count);

        if (id < 0)
            break;
        out->ids[out->count] = id;
    }
    return true;
}

PlantedDraft draft_planted(const int *truth, int count, int V, double probability,
                           uint64_t seed)
{
    return (PlantedDraft){ .draft = { .name = "planted", .certain = true,
                                      .propose = planted_propose },
                           .truth = truth, .count = count, .V = V,
                           .probability = probability, .seed = seed };
}
