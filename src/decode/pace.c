/* pace.c - how far to guess: a number of tokens from counts and bytes, never a clock
 *
 *      counts so far                       bytes
 *      held 7.2 of judged 9.6              draft 0.64 GB, target 2.20 GB
 *         │                                   │
 *         ▼                                   ▼
 *      α = 0.77                            draft 0.29, row 0.10 of a pass
 *         └────────────────┬──────────────────┘
 *                          ▼
 *      K          0     1     2     3     4  …
 *      gain      1.00  1.27  1.33  1.30  1.24            the best: K = 2
 *
 * Few guesses waste the bonus, many waste the draft: the best K depends on how often
 * the guesses are right, and that changes with the text. So it is chosen anew for every
 * round. The obvious way would be to time the passes. But then the text would
 * depend on how busy the machine is: at a temperature above 0 another K takes another way
 * through the random numbers. So costs are estimated from what does not change: bytes.
 *
 *      α = (held + PRIOR · BELIEF) / (judged + BELIEF)                    (1)
 *      gain(K) = (1 + α + … + α^K) / (K · draft + 1 + K · row)            (2)
 *
 * A pass costs the weights that it reads; a guess costs those of the draft. One more row
 * in the pass costs arithmetic, which takes as long as reading ROW_BYTES a weight:
 * measured once (make bench), and so a constant here. Weights that fit into the
 * processor's cache are read much faster, so that there arithmetic weighs more; CACHED
 * says below how many bytes that is taken to be so. And every pass has steps that are not
 * products, and threads that wait for each other: as if STEPS bytes more were read. Of
 * large models that is nothing; a small draft of a small model hardly pays for it.
 *
 * The first choice is by PRIOR alone. BELIEF says how many guesses it outweighs: with too
 * few, two wrong ones at the beginning end it for a draft that is right seven times in
 * ten; with too many, a useless draft is believed for long. With 5 a draft that
 * is never right costs some 2 % of 128 tokens.
 *
 * Old counts fade, so that a text which turns from a quotation into an essay is noticed
 * within some ten guesses. Where no K is worth MARGIN, guessing ends for good: a draft
 * model that stood still would have to read all that was missed before its next
 * guess, which costs more than it could bring. A draft without weights (ngram) has
 * nothing to catch up with: where it does not pay it is asked for one guess in every
 * PATIENCE rounds, and comes back when the text begins to repeat itself.
 *
 * Source: Leviathan et al., arXiv 2211.17192, section 3.5, with bytes for times.
 * Read next: decode/speculative.c. Lesson: chapters/chapter07_speculative.c.
 */
#include "decode/pace.h"

#include "decode/draft.h"           /* DRAFT_MOST                            */

#define PRIOR 0.8                   /* α before anything was seen …          */
#define BELIEF 5.0                  /* … as firmly as so many guesses        */
#define FADE 0.97                   /* what a guess leaves of those before   */
#define MARGIN 1.05                 /* gain that is worth the trouble        */
#define PATIENCE 8                  /* rounds                                */
#define CACHED (16 << 20)           /* bytes of weights                      */
#define STEPS (2 << 20)
#define ROW_BYTES 0.2               /* a weight, for one more row            */
#define ROW_BYTES_CACHED 0.8

void pace_begin(Pace *pace, size_t target, size_t draft, double width)
{
    *pace = (Pace){ .draft = draft == 0 ? 0
                             : ((double)draft + STEPS) / ((double)target + STEPS),
                    .row = (target < CACHED ? ROW_BYTES_CACHED : ROW_BYTES) / width };
}

/* (1 - α^{K+1}) / (1 - α), as the sum: α = 1 needs no case of its own. */
double pace_expected(double alpha, int K)
{
    double tokens = 0, all = 1;

    for (int i = 0; i <= K; i++, all *= alpha)
        tokens += all;
    return tokens;
}

/* Equation (2), for any costs. */
double pace_gain(double alpha, int K, double draft, double pass)
{
    return pace_expected(alpha, K) / (K * draft + pass);
}

/* The K of the largest gain; the smallest such. */
int pace_choose(Pace *pace)
{
    double alpha = (pace->held + PRIOR * BELIEF) / (pace->judged + BELIEF);
    double best = MARGIN;
    int K = 0;

    if (pace->off)
        return 0;
    for (int k = 1; k <= DRAFT_MOST; k++) {
        double gain = pace_gain(alpha, k, pace->draft, 1 + k * pace->row);

        if (gain > best) {
            best = gain;
            K = k;
        }
    }
    if (K > 0 || pace->draft > 0) {
        pace->off = K == 0;
        return K;
    }
    pace->waited = (pace->waited + 1) % PATIENCE;
    return pace->waited == 0;
}

/* accepted of the guesses that were compared with the target. */
void pace_learn(Pace *pace, int accepted, int judged)
{
    for (int i = 0; i < judged; i++) {
        pace->held = pace->held * FADE + (i < accepted);
        pace->judged = pace->judged * FADE + 1;
    }
}
