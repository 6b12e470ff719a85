/* sampling.c - from logits to one token: a distribution, and a dart
 *
 *      logits [V]   1.5  -0.2   3.0   2.0   …    any size, any sign
 *         │
 *         │  repetition penalty      what was said scores less            (1)
 *         │  temperature, exp        e^{(s - max) / temperature}          (2)
 *         │  top-k                   the k best stay                      (3)
 *         │  top-p                   the fewest that hold p of the mass   (4)
 *         │  min-p                   those near enough to the best        (5)
 *         ▼  divide by the sum
 *      p [V]        0.10  0     0.53  0.37  …    adds up to 1
 *
 *      0          0.10                    0.63              1
 *      ├── id 0 ───┼──────── id 2 ─────────┼───── id 3 ─────┤
 *                               ▲
 *                               u · total: the dart falls on id 2         (6)
 *
 * Behind "Once upon a time" the tiny model scores " there" (id 442) highest and ","
 * (id 12) next; with temperature 0.8 and top-p 0.95, and seed 0's dart for
 * position 6, it is " there":
 *
 *      //= logits[442] -> 7.92
 *      //= logits[12] -> 7.35
 *      //= p[12] -> 0.253
 *      //= p[442] -> 0.511
 *      //= dart[6] -> 0.714
 *
 * A model does not say a word, it says how likely each word is. Always taking
 * the likeliest is one choice (greedy: temperature 0); it tends to repeat itself.
 * Drawing from the whole distribution is the other, and then the thousands of
 * unlikely words together are likely enough to spoil a sentence: so the tail is
 * cut off first, in one or more of three ways.
 *
 *      s_i = s_i · r if s_i < 0, else s_i / r,   for every id seen        (1)
 *      p_i = e^{(s_i - max s) / temperature}                              (2)
 *      keep i  iff  fewer than k ids rank before it                       (3)
 *      keep i  iff  mass of the ids that rank before it < top_p · total   (4)
 *      keep i  iff  p_i >= min_p · max p                                  (5)
 *      pick the first id with  p_0 + … + p_id > u · (p_0 + … + p_{V-1})   (6)
 *
 * Each filter sees what the one before left, so the order is part of the
 * meaning; it is that of the transformers library. i ranks before j when s_i > s_j,
 * or s_i = s_j and i < j: there a tie stays in or out as a whole in (3), which
 * depends on the order of nothing but is not "k"; here exactly k stay.
 *
 * Of 128,000 words some dozens are kept, so nothing is sorted as a whole. For (3)
 * a heap of k ids with the worst at its root is enough: most words are
 * worse than that, and one comparison sends them away. For (4) only ids with
 *
 *      p_i >= (1 - top_p) · total / V                                     (7)
 *
 * are candidates: all the others together hold less than 1 - top_p of the mass, so
 * the quota is full without them. (The best is always one: its p is 1.) But a high
 * temperature leaves tens of thousands. So they are first counted by steps down from
 * the best, 32 to a factor of e, each with the mass that it holds:
 *
 *      step        0      1      2      3      4      5   …
 *      mass      1.00   0      0.92   1.71   0.83   0.79  …
 *                └────── all in ─────┘   │     └─ all out ─┘
 *                                   the quota fills here
 *
 * Only the ids of that one step must be put in order. They become a heap with the best
 * at its root, and are taken off one at a time until enough mass is in:
 *
 *      order   ┌────── heap, count - ranked ──────┬── ranked, best last ──┐
 *              │ next best, …                     │  3rd     2nd     best │
 *              └──────────────────────────────────┴───────────────────────┘
 *
 * Source: Fan et al., arXiv 1805.04833 (top-k); Holtzman et al., 1904.09751
 * (top-p); Nguyen et al., 2407.01082 (min-p); Keskar et al., 1909.05858,
 * section 4.1 (penalty). Read next: decode/session.c.
 * Lesson: chapters/chapter05_sampling.c.
 */
#include "decode/sampling.h"

#include <math.h>                   /* isfinite, fmin                        */
#include <string.h>                 /* memcpy, memset                        */

#include "base/memory.h"
#include "numbers/elementary.h"     /* exponential_of: same bits everywhere  */

#define STEPS_PER_E 32              /* of step_of: narrow, so that few are sorted */
#define STEPS 512                   /* … down to e^-16 of the best           */

/* Cost: 25 bytes for every word of the vocabulary. */
void sampling_work_init(SamplingWork *work, int V)
{
    must(V > 0, "a vocabulary of %d words", V);
    work->p = memory_get(V, sizeof *work->p);
    work->scores = memory_get(V, sizeof *work->scores);
    work->order = memory_get(V, sizeof *work->order);
    work->seen = memory_get(V, sizeof *work->seen);
    work->ranked = 0;
    work->V = V;
}

void sampling_work_free(SamplingWork *work)
{
    memory_give_back(work->p);
    memory_give_back(work->scores);
    memory_give_back(work->order);
    memory_give_back(work->seen);
    *work = (SamplingWork){0};
}

/* Does a rank before b? Ties go to the smaller id: the same on every machine. */
static bool ranks_before(const float *scores, int a, int b)
{
    return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

/* Let the id at order[at] sink until none below it belongs above it.
 *   order  [n] a heap below at: the children of i are 2i + 1 and 2i + 2
 *   best   which belongs to the root: the best or the worst                 */
static void sink(int *order, int n, int at, const float *scores, bool best)
{
    int id = order[at];

    for (;;) {
        int child = 2 * at + 1;

        if (child >= n)
            break;
        if (child + 1 < n
            && ranks_before(scores, order[child + 1], order[child]) == best)
            child++;
        if (ranks_before(scores, order[child], id) != best)
            break;
        order[at] = order[child];
        at = child;
    }
    order[at] = id;
}

/* The n candidates in order become a heap, none ranked yet. Cost: 2 n
 * comparisons at most. */
static void rank_start(SamplingWork *work, int n, const float *scores)
{
    for (int at = n / 2 - 1; at >= 0; at--)
        sink(work->order, n, at, scores, true);
    work->count = n;
    work->ranked = 0;
}

/* The id of rank r (0: the best); takes from the heap what is not out yet.
 * Cost: 2 log2 count comparisons for each. */
static int rank_id(SamplingWork *work, int r, const float *scores)
{
    int *order = work->order;

    while (work->ranked <= r) {
        int last = work->count - 1 - work->ranked++;
        int best = order[0];

        order[0] = order[last];
        order[last] = best;
        sink(order, last, 0, scores, true);
    }
    return order[work->count - 1 - r];
}

/* The k best of all as candidates. Cost: V comparisons, and for each id that
 * enters (about k · log V/k of them) 2 log2 k more. */
static void keep_best(SamplingWork *work, int k, const float *scores)
{
    int *order = work->order;

    for (int i = 0; i < k; i++)
        order[i] = i;
    for (int at = k / 2 - 1; at >= 0; at--)
        sink(order, k, at, scores, false);
    for (int i = k; k > 0 && i < work->V; i++)
        if (scores[i] > scores[order[0]]) {         /* a tie: the smaller id  */
            order[0] = i;
            sink(order, k, 0, scores, false);
        }
    rank_start(work, k, scores);
}

/* Logits into work->scores, and equation (1) once per id that was seen, however
 * often it was. In float32, as transformers does it.
 *   history  [n] ids; seen is all 0 before and after                        */
static void penalize(SamplingWork *work, const float *logits,
                     const int *history, int n, double repeat_penalty)
{
    float r = (float)repeat_penalty;
    float *scores = work->scores;

    memcpy(scores, logits, (size_t)work->V * sizeof *scores);
    if (repeat_penalty == 1)
        return;
    for (int i = 0; i < n; i++) {
        int id = history[i];

        must(id >= 0 && id < work->V, "id %d of %d", id, work->V);
        if (!work->seen[id])
            scores[id] = scores[id] < 0 ? scores[id] * r : scores[id] / r;
        work->seen[id] = 1;
    }
    for (int i = 0; i < n; i++)
        work->seen[history[i]] = 0;
}

/* The best id, a tie going to the smaller one. A NaN has no rank at all: the
 * forward pass refuses to hand one out. */
static int best_id(const float *scores, int V)
{
    int best = 0;

    for (int i = 0; i < V; i++) {
        must(!isnan(scores[i]), "score %d of %d is a NaN", i, V);
        if (scores[i] > scores[best])
            best = i;
    }
    must(isfinite(scores[best]), "no score to choose by: the best is %g",
         (double)scores[best]);
    return best;
}

/* Equations (2) and (3): p is 0 outside the k best, not yet divided by its sum.
 * Cost: one exponential for each id that is in. */
static void soften(double *p, SamplingWork *work, double max,
                   const SamplingConfig *config)
{
    const float *scores = work->scores;
    int V = work->V;
    int k = config->top_k > 0 ? min_int(config->top_k, V) : V;

    memset(p, 0, (size_t)V * sizeof *p);
    if (k < V)
        keep_best(work, k, scores);
    for (int i = 0; i < k; i++) {
        int id = k < V ? work->order[i] : i;

        p[id] = exponential_of(((double)scores[id] - max) / config->temperature);
    }
}

static double sum_ascending(const double *p, int V)
{
    double sum = 0;

    for (int i = 0; i < V; i++)
        sum += p[i];
    return sum;
}

/* How many steps below the best a score is; further down the last one is for all. */
static int step_of(double score, double max, double temperature)
{
    return (int)fmin((max - score) / temperature * STEPS_PER_E, STEPS - 1);
}

/* Equation (4): best first, until what is in holds top_p of the mass; at least
 * one stays. What is no candidate by (7), and what comes behind, goes to 0. */
static void keep_mass(double *p, SamplingWork *work, double max,
                      const SamplingConfig *config)
{
    double total = sum_ascending(p, work->V), quota = config->top_p * total;
    double least = (1 - config->top_p) * total / work->V;
    double held[STEPS] = {0}, mass = 0;
    int n = 0, r = 0, fills = 0;

    for (int i = 0; i < work->V; i++)
        if (p[i] >= least)
            held[step_of(work->scores[i], max, config->temperature)] += p[i];
        else
            p[i] = 0;
    while (fills < STEPS - 1 && mass + held[fills] < quota)
        mass += held[fills++];
    for (int i = 0; i < work->V; i++)
        if (p[i] > 0) {
            int step = step_of(work->scores[i], max, config->temperature);

            if (step == fills)
                work->order[n++] = i;
            else if (step > fills)
                p[i] = 0;
        }
    rank_start(work, n, work->scores);
    while (r < n && (mass == 0 || mass < quota))
        mass += p[rank_id(work, r++, work->scores)];
    for (int i = 0; i < n - r; i++)
        p[work->order[i]] = 0;
}

/* Equations (1) to (5) and the division.
 *
 *   p        [V] out; adds up to 1 within rounding
 *   logits   [V] no NaN, at least one finite; -infinity is "never"
 *   history  [n] the ids of prompt and answer so far, for (1)
 *   config   temperature >= 0, top_p and min_p in [0, 1], repeat_penalty > 0
 *   work     from sampling_work_init with this V; p may be work->p
 *
 * Cost: V exponentials (k with top-k) and some passes over V numbers, about
 * 4 ms for 128,000 words; nothing is allocated. */
void sampling_distribution(double *p, const float *logits, int V,
                           const int *history, int n,
                           const SamplingConfig *config, SamplingWork *work)
{
    int best;
    double total;

    must(V == work->V, "scratch for %d words, %d logits", work->V, V);
    penalize(work, logits, history, n, config->repeat_penalty);
    best = best_id(work->scores, V);
    //@stop sampling_scored
    if (config->temperature == 0) {
        memset(p, 0, (size_t)V * sizeof *p);
        p[best] = 1;
        return;
    }
    soften(p, work, work->scores[best], config);
    //@stop sampling_softened
    if (config->top_p < 1)
        keep_mass(p, work, work->scores[best], config);
    for (int i = 0; i < V; i++)
        if (p[i] < config->min_p)           /* (5): the best has p = e^0 = 1 */
            p[i] = 0;
    //@stop sampling_cut
    total = sum_ascending(p, V);
    for (int i = 0; i < V; i++)
        p[i] /= total;
}

/* Equation (6).
 *   p   [V] not negative, not all 0; need not add up to 1
 *   u   in [0, 1): so the dart always falls on an id whose p is not 0
 *
 * The sum is the same additions in the same order both times, so that the last
 * running sum is the total itself. */
int sampling_pick(const double *p, int V, float u)
{
    double dart = (double)u * sum_ascending(p, V);
    double sum = 0;

    must(u >= 0 && u < 1, "the dart %g is outside [0, 1)", (double)u);
    for (int id = 0; id < V; id++) {
        sum += p[id];
        //@stop sampling_lands
        if (sum > dart)
            return id;
    }
    must_fail(__FILE__, __LINE__, "sum > dart", "sum %g, dart %g", sum, dart);
}

/* For tables of the likeliest words. Cost: that of keep_best, and 2 k log2 k
 * comparisons. */
void sampling_best(int *best, int k, const float *logits, SamplingWork *work)
{
    must(k <= work->V, "the %d best of %d", k, work->V);
    keep_best(work, k, logits);
    for (int r = 0; r < k; r++)
        best[r] = rank_id(work, r, logits);
}
