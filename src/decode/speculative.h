/* speculative.h - guess some tokens, check them in one pass, keep what the target
 * would have said
 *
 * Rules of use:
 * 1. speculative_accept and speculative_residual are the whole algorithm: plain
 *    arrays, and the random number u as a parameter, so that a test integrates over
 *    it. q NULL: the draft was certain of x.
 * 2. A Speculation is one text being written. speculation_begin behind a prompt that
 *    the target's session stands behind, then rounds; each appends at least one id.
 * 3. draft NULL or K = 0 is plain decoding.
 * 4. At temperature 0 the text does not depend on draft or K. Above it does, and so
 *    do its darts, but not its distribution: that is the target's.
 */
#ifndef SPECULATIVE_H
#define SPECULATIVE_H

#include "decode/draft.h"
#include "decode/pace.h"
#include "decode/sampling.h"
#include "decode/session.h"

#define SPECULATIVE_AUTO (-1)   /* K: pace.h decides, round by round         */

/* Is x, drawn from q [V], a token that p [V] would have given? u in [0, 1). */
bool speculative_accept(const double *p, const double *q, int x, float u);

/* r [V]: what p has more than q, not divided by its sum; p itself where nothing is
 * more. Returns the sum: how likely a rejection is. */
double speculative_residual(double *r, const double *p, const double *q, int x,
                            int V);

/* p [V]: the target's distribution behind the first i guesses. */
typedef void TargetLaw(void *context, double *p, int i);

typedef struct {
    int accepted;               /* the first so many guesses                 */
    int next;                   /* the corrected or bonus id; -1: not asked for */
    double p[DRAFT_MOST];       /* p(x) of each guess that was compared      */
    int judged;                 /* how many were                             */
} Judgement;

/* u [count]: accept; dart [count + 1]: the id behind i accepted ones. bonus: is one
 * more id wanted when all are accepted? p, r: scratch [V]. */
void speculative_judge(Judgement *out, const Proposal *guess, TargetLaw *law,
                       void *context, const float *u, const float *dart, bool bonus,
                       double *p, double *r);

typedef struct {
    Session *target;            /* initialized for K + 1 rows together       */
    Draft *draft;
    SamplingConfig sampling;
    uint64_t seed;
    int K;                      /* 0 … DRAFT_MOST, or SPECULATIVE_AUTO       */
    int *text;                  /* [room] the prompt and what was written    */
    int count, room;
    int fresh;                  /* ids at the text's end that the target has not
                                   read: 0 behind the prompt, then 1         */
    float *first;               /* [V] the prompt's logits                   */
    double *residual;           /* [V]                                       */
    SamplingWork work;
    Pace pace;
    bool curious;               /* p of guesses behind a rejected one, too   */
    /* The last round: */
    Proposal guess;
    Judgement judged;
    float u[DRAFT_MOST];
    int emitted;                /* ids that it appended                      */
    int rows;                   /* of the pass; 0: none was needed           */
    bool behind_prompt;         /* its first id was chosen by s->first       */
} Speculation;

/* Rows that a session of the target must take together; guessed: is there a draft? */
int speculative_rows(bool guessed, int K);

/* most: ids that will be asked for in all. */
void speculation_begin(Speculation *s, Session *target, Draft *draft, int K,
                       const SamplingConfig *sampling, uint64_t seed,
                       const int *prompt, int count, int most);
void speculation_free(Speculation *s);

/* Append 1 … most ids to text. Errors: those of the draft and of session_feed; then
 * the text is as it was. */
bool speculation_round(Speculation *s, int most, Error *error);

/* The logits that the i-th id of the last round was chosen by. */
const float *speculation_logits(const Speculation *s, int i);

#endif
