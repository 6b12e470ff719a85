/* speculative.c - guess some tokens, check them in one pass, keep what the target
 * would have said
 *
 *      text            … lived  a
 *      draft guesses                king   who   had   a        q of each    K = 4
 *      one pass of          ▼      ▼      ▼     ▼     ▼
 *      the target          p_1    p_2    p_3   p_4   p_5        all at once
 *                           │      │      │
 *      u · q < p ?         yes    yes    no ──► a word from the residual, and stop
 *
 *      text            … lived  a  king   who   was
 *
 * To write one token a machine reads all weights of a model, and does little with
 * them. Five rows in one pass read them once, too, and cost little more than one
 * (chapter 06). But a text is written one token after the other: the fifth row has
 * to know the four tokens before it. So somebody guesses them. A draft is anything that
 * guesses cheaply: a small model, the same model in 4 bits, the text itself. The target
 * reads the guesses as if they were the text, and its pass says at each of them what it
 * would have said there. What it would not have said is thrown away with all that
 * follows, and the caches go back.
 *
 * Nothing is lost by it. Let p be the target's distribution of the next token and q the
 * one that the guess x was drawn from:
 *
 *      accept x  iff  u · q(x) < p(x),   u in [0, 1)                      (1)
 *      else draw from  r = max(0, p - q) / Σ max(0, p - q)                (2)
 *
 *          p   ▂▂▂▂▂▂▂▂▂▂███████████         what both have is accepted as it
 *          q   █████████████▂▂▂▂▂▂▂▂         comes: min(p, q). What p has more
 *              └─ too much ─┘└─ r ──┘        is exactly what rejections give back
 *
 *      P(x) = min(p, q) + (1 - Σ min(p, q)) · r(x) = p(x)                 (3)
 *
 * because the mass that is rejected, 1 - Σ min(p, q), is the sum in (2). When all K
 * guesses stand, the last row of the pass gives one more token for nothing: the bonus.
 * So a pass gives between 1 and K + 1 tokens; if each guess stands with probability α,
 *
 *      E = 1 + α + α² + … + α^K = (1 - α^{K+1}) / (1 - α)                 (4)
 *
 * (decode/pace.c goes on from there to the K that pays).
 *
 * Greedy decoding is the case where p and q are 1 at one id: (1) accepts the target's
 * own choice and nothing else, so the text does not depend on the draft at all. It
 * needs the logits of K + 1 rows to have the bits of K + 1 passes of one; they do.
 *
 * Things that are easily got wrong:
 *
 * - q must be the distribution that x was really drawn from, after temperature and all
 *   filters; and p has the same filters, with penalties for the text up to this guess.
 * - u must not have been used to draw x. Every position has three numbers: one to
 *   guess, one to accept, one to pick what is not a guess. A guess that fell gives the
 *   position's numbers back: nobody has seen what they decided behind it, so they are
 *   as good as new for the next round.
 * - p = q in exact arithmetic makes (2) empty; then p itself is drawn from. u < 1, so
 *   (1) never gets there by itself.
 * - The id that replaces a guess has not been read by the target: it is the first row
 *   of the next pass. The same holds for the bonus.
 * - The last guess is not read when no token may follow it. So a text of n tokens is
 *   the beginning of a longer one, whatever K is.
 *
 * Source: Leviathan, Kalman and Matias, arXiv 2211.17192, sections 2 and 3; Chen et al.,
 * arXiv 2302.01318. Read next: decode/draft_model.c. Lesson:
 * chapters/chapter07_speculative.c.
 */
#include "decode/speculative.h"

#include <string.h>             /* memcpy                                    */

#include "base/memory.h"
#include "base/random.h"

/* Equation (1). For a draft that was certain q(x) is 1. */
bool speculative_accept(const double *p, const double *q, int x, float u)
{
    double drawn = q != NULL ? q[x] : 1;

    must(drawn > 0, "the draft cannot have drawn id %d", x);
    return (double)u * drawn < p[x];
}

/* Equation (2) before it is divided; sampling_pick needs no division.
 *   r     [V] out; may be q, but not p
 *   Cost: one pass over V numbers                                           */
double speculative_residual(double *r, const double *p, const double *q, int x,
                            int V)
{
    double sum = 0;

    for (int i = 0; i < V; i++) {
        double more = p[i] - (q != NULL ? q[i] : i == x);

        r[i] = more > 0 ? more : 0;
        sum += r[i];
    }
    if (sum == 0)
        memcpy(r, p, (size_t)V * sizeof *r);
    return sum;
}

/* Compare guesses one by one until one falls.
 *
 *   law    is asked for i = 0, 1, … as far as it is needed
 *   p, r   [V] scratch: the last p that was asked for; the residual
 *   Cost:  one distribution for each guess that is compared, one for the bonus
 */
void speculative_judge(Judgement *out, const Proposal *guess, TargetLaw *law,
                       void *context, const float *u, const float *dart, bool bonus,
                       double *p, double *r)
{
    int V = guess->V;

    *out = (Judgement){ .next = -1 };
    for (int i = 0; i < guess->count; i++) {
        const double *q = proposal_q(guess, i);
        int x = guess->ids[i];

        law(context, p, i);
        out->p[i] = p[x];
        out->judged++;
        //@stop guess_compared
        if (!speculative_accept(p, q, x, u[i])) {
            speculative_residual(r, p, q, x, V);
            //@stop guess_replaced
            out->next = sampling_pick(r, V, dart[i]);
            return;
        }
        out->accepted++;
    }
    if (bonus) {
        law(context, p, guess->count);
        //@stop bonus_drawn
        out->next = sampling_pick(p, V, dart[guess->count]);
    }
}

int speculative_rows(bool guessed, int K)
{
    return !guessed ? 1 : K == SPECULATIVE_AUTO ? DRAFT_MOST + 1 : K + 1;
}

/* Behind a prompt that the target has read. Reserves all that the rounds write to.
 *   target  its logits are those of the prompt's last id
 *   most    ids that will be asked for; with the prompt, within target's capacity */
void speculation_begin(Speculation *s, Session *target, Draft *draft, int K,
                       const SamplingConfig *sampling, uint64_t seed,
                       const int *prompt, int count, int most)
{
    const Model *model = target->model;
    int V = model->config.V;
    int guesses = K == SPECULATIVE_AUTO ? DRAFT_MOST : K;

    must(K >= SPECULATIVE_AUTO && K <= DRAFT_MOST, "K %d", K);
    must(target->logits != NULL && target->length == count, "%d of %d ids are read",
         target->length, count);
    *s = (Speculation){ .target = target, .draft = K != 0 ? draft : NULL,
                        .sampling = *sampling, .seed = seed, .K = K };
    s->room = count + max_int(most, 1);
    s->text = memory_get(s->room, sizeof *s->text);
    memcpy(s->text, prompt, (size_t)count * sizeof *prompt);
    s->count = count;
    s->first = memory_get(V, sizeof *s->first);
    memcpy(s->first, target->logits, (size_t)V * sizeof *s->first);
    s->residual = memory_get(V, sizeof *s->residual);
    sampling_work_init(&s->work, V);
    proposal_init(&s->guess, s->draft != NULL ? guesses : 0, V,
                  s->draft == NULL || s->draft->certain);
    if (s->draft != NULL && K == SPECULATIVE_AUTO)
        pace_begin(&s->pace, model->weights.bytes, s->draft->bytes,
                   (double)model->weights.bytes / (double)model->weights.parameters);
}

void speculation_free(Speculation *s)
{
    memory_give_back(s->text);
    memory_give_back(s->first);
    memory_give_back(s->residual);
    sampling_work_free(&s->work);
    proposal_free(&s->guess);
    *s = (Speculation){0};
}

/* Row i of the pass; behind the prompt its own logits come before row 0. */
const float *speculation_logits(const Speculation *s, int i)
{
    int V = s->target->model->config.V;

    if (!s->behind_prompt)
        return row(s->target->work.logits, i, V);
    return i == 0 ? s->first : row(s->target->work.logits, i - 1, V);
}

/* TargetLaw: with the penalties for a text that goes on with the first i guesses. */
static void target_law(void *context, double *p, int i)
{
    Speculation *s = context;

    sampling_distribution(p, speculation_logits(s, i), s->work.V, s->text,
                          s->count + i, &s->sampling, &s->work);
}

static float dart(const Speculation *s, int i, uint32_t draw)
{
    return random_uniform(s->seed, 0, (uint32_t)(s->count + i), draw);
}

/* Ask the draft for at most this many ids. Errors: the draft's. */
static bool guess(Speculation *s, int most, Error *error)
{
    int K = s->K == SPECULATIVE_AUTO ? pace_choose(&s->pace) : s->K;

    s->guess.count = 0;
    if (s->draft == NULL || K == 0)
        return true;
    if (!s->draft->propose(s->draft, &s->guess, s->text, s->count, min_int(K, most),
                           error))
        return error_where(error, "the draft %s", s->draft->name);
    must(s->guess.count <= min_int(K, most), "%d guesses, asked for %d",
         s->guess.count, min_int(K, most));
    for (int i = 0; i < s->guess.count; i++)
        s->text[s->count + i] = s->guess.ids[i];
    return true;
}

/* The target reads what it has not read, and the guesses; the last one only when an id
 * may come behind it. */
static bool check(Speculation *s, bool bonus, Error *error)
{
    s->rows = s->fresh + s->guess.count - (s->guess.count > 0 && !bonus);
    s->behind_prompt = s->fresh == 0;
    return s->rows == 0
        || session_feed_together(s->target, s->text + s->count - s->fresh, s->rows,
                                 error);
}

/* Take what was judged into the text; both caches forget the rest. */
static void take(Speculation *s)
{
    s->emitted = s->judged.accepted + (s->judged.next >= 0);
    if (s->judged.next >= 0)
        s->text[s->count + s->judged.accepted] = s->judged.next;
    s->count += s->emitted;
    s->fresh = 1;
    session_cut(s->target, s->count - s->fresh);
    if (s->draft != NULL && s->draft->settle != NULL)
        s->draft->settle(s->draft, s->text, s->count);
}

/* The picture above, once.
 *
 *   most     ids that may still come, >= 1: no more are guessed
 *   Errors:  those of the draft's passes and of the target's; stopped (130)
 *   Cost:    K passes of the draft, one of the target over K + 1 rows
 */
bool speculation_round(Speculation *s, int most, Error *error)
{
    float pick[DRAFT_MOST + 1];
    bool bonus;

    must(most >= 1 && s->count + most <= s->room, "%d ids behind %d, room for %d",
         most, s->count, s->room);

    /* Guess, and let the target read the guesses. */
    if (!guess(s, most, error))
        return false;
    bonus = s->guess.count < most;
    if (!check(s, bonus, error))
        return false;

    /* Compare them one by one, each by its position's own numbers. */
    for (int i = 0; i <= s->guess.count; i++) {
        pick[i] = dart(s, i, DRAW_PICK);
        if (i < s->guess.count)
            s->u[i] = dart(s, i, DRAW_ACCEPT);
    }
    //@stop round_read
    speculative_judge(&s->judged, &s->guess, target_law, s, s->u, pick, bonus,
                      s->work.p, s->residual);
    for (int i = s->judged.judged; s->curious && i < s->guess.count; i++) {
        target_law(s, s->work.p, i);
        s->judged.p[i] = s->work.p[s->guess.ids[i]];
    }

    /* Keep what stands, and learn how far to guess next time. */
    take(s);
    if (s->K == SPECULATIVE_AUTO)
        pace_learn(&s->pace, s->judged.accepted, s->judged.judged);
    //@stop round_done
    return true;
}
