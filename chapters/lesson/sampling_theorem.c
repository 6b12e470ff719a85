/* sampling_theorem.c - what chapter05_sampling proves: laws of filters, fair darts
 *
 *      0            c_2 = 1/4                    c_5 = 3/4              c_7 = 1
 *      ├───────────────┼─────────────────────────────┼───────────────────┤
 *            id 2                   id 5                     id 7
 *      4,194,304 darts           8,388,608                4,194,304  of 16,777,216
 *
 * "Fair" is usually tested by drawing a million times and looking whether it is about
 * right. Here it can be counted: sampling_pick is a function of the dart, and darts.c
 * asks it about all of them.
 *
 *      id i owns the darts u in [c_{i-1}, c_i),  c_i = p_0 + … + p_i      (1)
 *
 * An interval of length p holds ⌊p · 2^24⌋ or ⌈p · 2^24⌉ multiples of 2^-24, wherever it
 * begins: so each id's count is within one dart of p · 2^24, and an empty
 * interval holds none. (The running sum is rounded, which moves a border by less
 * than a thousandth of a dart.)
 *
 * The filters are held against what their names promise, one at a time, not computed
 * again: top-k keeps k, top-p the fewest that hold the mass, min-p those near enough.
 *
 * Read next: src/decode/sampling.c.
 */
#include "chapters/lesson/sampling_theorem.h"

#include <inttypes.h>
#include <math.h>               /* expl: judged here, not by our own         */
#include <string.h>

#include "base/memory.h"
#include "chapters/lesson/darts.h"

#define NEAR 1e-12              /* relative; doubles have 1e-16              */
#define FAIR 256                /* ids whose darts are counted at most       */

/* p_i = e^{s_i / T} / Σ, with the scores after the penalty r for ids seen: within NEAR,
 * by the C library's exp in long double.  history [n]; T > 0                */
static bool softmax_law(const double *p, const float *logits, int V, const int *history,
                 int n, double r, double temperature)
{
    float *score = memory_get(V, sizeof *score), most;
    long double sum = 0;
    bool holds = true;

    memcpy(score, logits, (size_t)V * sizeof *score);
    for (int i = 0; i < n; i++)         /* from the logit: once, however often */
        score[history[i]] = logits[history[i]] < 0
                          ? logits[history[i]] * (float)r
                          : logits[history[i]] / (float)r;
    most = score[0];
    for (int i = 1; i < V; i++)
        most = score[i] > most ? score[i] : most;
    for (int i = 0; i < V; i++)
        sum += expl(((long double)score[i] - (long double)most) / temperature);
    for (int i = 0; i < V; i++) {
        long double want = expl(((long double)score[i] - (long double)most)
                                / temperature) / sum;

        holds = holds && fabsl((long double)p[i] - want) <= NEAR * want + 1e-300L;
    }
    memory_give_back(score);
    return holds;
}

typedef struct {                /* of the ids that stayed, and those that went */
    int stayed, went;           /* with p > 0 before                         */
    double mass;                /* of those that stayed, before              */
    double least, best_gone;    /* the smallest that stayed, the largest that went */
    bool proportions;
} Cut;

static Cut compare(const double *before, const double *after, int V)
{
    Cut cut = { .least = INFINITY, .proportions = true };

    for (int i = 0; i < V; i++)
        if (after[i] > 0) {
            cut.stayed++;
            cut.mass += before[i];
            cut.least = fmin(cut.least, before[i]);
        } else if (before[i] > 0) {
            cut.went++;
            cut.best_gone = fmax(cut.best_gone, before[i]);
        }
    for (int i = 0; i < V; i++)
        if (after[i] > 0)
            cut.proportions = cut.proportions
                && fabs(after[i] * cut.mass - before[i]) <= NEAR * before[i];
    return cut;
}

/* before, after [V]: without and with the filter. */
static bool top_k_law(const double *before, const double *after, int V, int k)
{
    Cut cut = compare(before, after, V);
    int all = cut.stayed + cut.went;

    return cut.proportions && cut.best_gone <= cut.least
        && cut.stayed == (k > 0 ? min_int(k, all) : all);
}

static bool top_p_law(const double *before, const double *after, int V, double top_p)
{
    Cut cut = compare(before, after, V);

    if (top_p == 1)
        return cut.proportions && cut.went == 0;
    return cut.proportions && cut.best_gone <= cut.least
        && cut.mass >= top_p - NEAR && cut.mass - cut.least < top_p + NEAR;
}

static bool min_p_law(const double *before, const double *after, int V, double min_p)
{
    Cut cut = compare(before, after, V);
    double best = 0;

    for (int i = 0; i < V; i++)
        best = fmax(best, before[i]);
    return cut.proportions && cut.least >= min_p * best * (1 - NEAR)
        && (cut.went == 0 || cut.best_gone < min_p * best * (1 + NEAR));
}

typedef struct { const double *p; int V; } Die;

/* DartDecides: the id that it falls on. */
static int falls(void *context, uint32_t d)
{
    const Die *die = context;

    return sampling_pick(die->p, die->V, dart_value(d));
}

/* How many of all 2^24 darts sampling_pick gives to each id, into darts [V]. */
static void count_darts(uint32_t *darts, const double *p, int V)
{
    Die die = { p, V };

    darts_count(darts, V, falls, &die);
}

/* The largest |darts - p · 2^24|; INFINITY: an id whose p is 0 was hit. */
static double unfairness(const uint32_t *darts, const double *p, int V)
{
    double worst = 0;

    for (int i = 0; i < V; i++)
        if (p[i] == 0 && darts[i] > 0)
            return INFINITY;
        else
            worst = fmax(worst, fabs(darts[i] - p[i] * ALL_DARTS));
    return worst;
}

/* Where the answer needs no computing: shares 0, 1/4, 0, 1/2, 1/4, 0, and the same not
 * divided by their sum. */
static bool known_die(void)
{
    static const double whole[6] = { 0, 0.25, 0, 0.5, 0.25, 0 };
    static const double rough[6] = { 0, 3, 0, 6, 3, 0 };
    static const uint32_t want[6] = { 0, 1 << 22, 0, 1 << 23, 1 << 22, 0 };
    uint32_t got[6], same[6];

    count_darts(got, whole, 6);
    count_darts(same, rough, 6);
    return memcmp(got, want, sizeof want) == 0 && memcmp(same, want, sizeof want) == 0;
}

void filter_checks(Lesson *l, const Stages *stages)
{
    SamplingConfig c = stages->all;
    int V = stages->V;
    Stages s;

    c.temperature = c.temperature > 0 ? c.temperature : 1;
    stages_make(&s, stages->logits, V, stages->history, stages->n, &c);
    lesson_check(l, softmax_law(s.p[TEMPERATURE], s.logits, V, s.history, s.n,
                                c.repeat_penalty, c.temperature),
                 "penalty and temperature: all %d p are e^(s/T) / Σ, to twelve digits", V);
    lesson_check(l, top_k_law(s.p[TEMPERATURE], s.p[TOP_K], V, c.top_k),
                 "top-k: exactly so many stay, and no word that went was likelier");
    lesson_check(l, top_p_law(s.p[TOP_K], s.p[TOP_P], V, c.top_p),
                 "top-p: the fewest stay that hold the mass");
    lesson_check(l, min_p_law(s.p[TOP_P], s.p[MIN_P], V, c.min_p),
                 "min-p: those near enough to the best stay, and no other");
    stages_free(&s);
}

/* Temperature 0: the first and the last dart fall on the best logit, the smaller id
 * in a tie; so all do. */
static bool greedy_is_best(Stages *s)
{
    static const SamplingConfig greedy = { .top_p = 1, .repeat_penalty = 1 };
    double *p = s->work.p;
    Die die = { p, s->V };
    int best = 0;

    sampling_distribution(p, s->logits, s->V, NULL, 0, &greedy, &s->work);
    for (int i = 1; i < s->V; i++)
        if (s->logits[i] > s->logits[best])
            best = i;
    return falls(&die, 0) == best && falls(&die, ALL_DARTS - 1) == best;
}

/* The distribution that was shown; of its FAIR best ids, if it has more. */
void dart_checks(Lesson *l, Stages *s)
{
    uint32_t *darts = memory_get(s->V, sizeof *darts);
    SamplingConfig c = s->all;
    int stay, hit = 0;
    double worst;

    lesson_check(l, greedy_is_best(s), "temperature 0: every dart falls on the best");
    entropy_bits(s->p[MIN_P], s->V, &stay);
    if (stay > FAIR)
        c.top_k = FAIR;
    sampling_distribution(s->work.p, s->logits, s->V, s->history, s->n, &c, &s->work);
    count_darts(darts, s->work.p, s->V);
    for (int i = 0; i < s->V; i++)
        hit += darts[i] > 0;
    worst = unfairness(darts, s->work.p, s->V);
    lesson_check(l, worst < 1.001, "all %" PRIu32 " darts: each of %d words gets its share, "
                 "to %.2f darts; a word with p = 0 gets none", ALL_DARTS, hit, worst);
    lesson_check(l, known_die(), "a die of 1/4, 1/2, 1/4: exactly 4194304, 8388608 and "
                 "4194304 darts");
    memory_give_back(darts);
}
