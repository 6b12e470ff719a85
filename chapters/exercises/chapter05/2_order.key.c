/* 2_order.key.c - exercise 05.2: the steps, written down as they are defined
 *
 *      my_next_word ──► calls the eight steps below, in the reader's order
 *      the engine   ──► sampling_distribution, sampling_pick: one order, and faster
 *                            │
 *                            ▼
 *                   the same bits in p, and the same id
 *
 * Here every step is its equation and no more: to keep the best k, count for
 * each word how many rank before it. That takes V² comparisons, which is
 * nothing for forty words and an hour for 128,000; the engine's heaps give the
 * very same bits in 2 ms.
 *
 * The guesses are orders that people try; each is run, and if the reader's p is
 * the same, that is what the reader did.
 */
#include <string.h>

#include "chapters/exercises/chapter05/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/elementary.h"

static bool ranks_before(const float *s, int a, int b)
{
    return s[a] > s[b] || (s[a] == s[b] && a < b);
}

void punish(float *s, const int *history, int n, double repeat_penalty)
{
    float r = (float)repeat_penalty;

    for (int i = 0; i < n; i++) {
        int id = history[i];
        bool before = false;            /* once for each word, not each time */

        for (int j = 0; j < i; j++)
            before = before || history[j] == id;
        if (!before)
            s[id] = s[id] < 0 ? s[id] * r : s[id] / r;
    }
}

double largest(const float *s, int V)
{
    float m = s[0];

    for (int i = 0; i < V; i++)
        m = s[i] > m ? s[i] : m;
    return (double)m;
}

void soften(double *p, const float *s, int V, double max, double temperature)
{
    for (int i = 0; i < V; i++)
        p[i] = exponential_of(((double)s[i] - max) / temperature);
}

void keep_best(double *p, const float *s, int V, int top_k)
{
    for (int i = 0; i < V && top_k > 0; i++) {
        int better = 0;

        for (int j = 0; j < V; j++)
            better += ranks_before(s, j, i);
        p[i] = better < top_k ? p[i] : 0;
    }
}

static double sum_of(const double *p, int V)
{
    double sum = 0;

    for (int i = 0; i < V; i++)
        sum += p[i];
    return sum;
}

void keep_mass(double *p, const float *s, int V, double top_p)
{
    double quota = top_p * sum_of(p, V), mass = 0;
    int best = -1;

    for (int rank = 0; rank < V; rank++) {
        int next = -1;                  /* the best of those behind the last */

        for (int i = 0; i < V; i++)
            if ((best < 0 || ranks_before(s, best, i))
                && (next < 0 || ranks_before(s, i, next)))
                next = i;
        best = next;
        if (rank > 0 && top_p < 1 && !(mass < quota))
            p[best] = 0;
        else
            mass += p[best];
    }
}

void keep_near(double *p, int V, double min_p)
{
    for (int i = 0; i < V; i++)
        p[i] = p[i] < min_p ? 0 : p[i];
}

void divide_by_sum(double *p, int V)
{
    double sum = sum_of(p, V);

    for (int i = 0; i < V; i++)
        p[i] /= sum;
}

/* -1 when nothing is hit: p may be anything at that moment. */
int throw_dart(const double *p, int V, float u)
{
    double dart = (double)u * sum_of(p, V), sum = 0;

    for (int id = 0; id < V; id++) {
        sum += p[id];
        if (sum > dart)
            return id;
    }
    return -1;
}

typedef struct {                    /* one case                              */
    float *logits;                  /* [V]                                   */
    int *history;                   /* [n]                                   */
    int V, n;
    SamplingConfig config;
    float u;
} Draw;

/* The steps in the order of letters: P punish, L largest, S soften, B keep_best, M
 * keep_mass, N keep_near, D divide_by_sum. */
static const double *in_order(Case *c, const Draw *d, const char *letters)
{
    double *p = case_array(c, d->V, sizeof *p);
    float *s = case_array(c, d->V, sizeof *s);
    double m = 0;

    memcpy(s, d->logits, (size_t)d->V * sizeof *s);
    for (const char *l = letters; *l != 0; l++)
        switch (*l) {
        case 'P': punish(s, d->history, d->n, d->config.repeat_penalty); break;
        case 'L': m = largest(s, d->V); break;
        case 'S': soften(p, s, d->V, m, d->config.temperature); break;
        case 'B': keep_best(p, s, d->V, d->config.top_k); break;
        case 'M': keep_mass(p, s, d->V, d->config.top_p); break;
        case 'N': keep_near(p, d->V, d->config.min_p); break;
        default: divide_by_sum(p, d->V); break;
        }
    return p;
}

static void compare(Case *c, const Draw *d)
{
    double *want = case_array(c, d->V, sizeof *want);
    double *got = case_array(c, d->V, sizeof *got);
    float *s = case_array(c, d->V, sizeof *s);
    int id;
    SamplingWork work;
    Fault faults[] = {
        { in_order(c, d, "PLSMBND"), "top_k before top_p: a number first, then a mass" },
        { in_order(c, d, "PLSBNMD"), "nearness is the last filter, behind the mass" },
        { in_order(c, d, "PLSNBMD"), "nearness is the last filter, behind the mass" },
        { in_order(c, d, "PLSMNBD"), "number, mass, nearness: top_k is the first" },
        { in_order(c, d, "PLSNMBD"), "the filters run backwards: number, mass, nearness" },
        { in_order(c, d, "LPSBMND"), "the largest of the punished scores, not of the logits" },
        { in_order(c, d, "LSPBMND"), "punish changes s; soften has read s already" },
        { in_order(c, d, "PLSDBMN"), "dividing comes behind the filters: p does not add up to 1" },
        { in_order(c, d, "PLSBMDN"), "keep_near wants the best p to be 1: before the division" },
        { in_order(c, d, "PLSBDMN"), "dividing comes behind all filters" },
        { in_order(c, d, "PSLBMND"), "soften needs m: largest comes before it" },
        { NULL, NULL },
    };

    sampling_work_init(&work, d->V);
    sampling_distribution(want, d->logits, d->V, d->history, d->n, &d->config, &work);
    sampling_work_free(&work);
    memcpy(s, d->logits, (size_t)d->V * sizeof *s);
    id = my_next_word(got, s, d->V, d->history, d->n, &d->config, d->u);
    case_doubles(c, "p", got, want, d->V, faults);
    case_int(c, "the id", id, sampling_pick(want, d->V, d->u),
             "p is right: throw the dart last");
}

static Draw large(Case *c)
{
    Draw d = { .V = case_between(c, 3, 40), .n = case_between(c, 0, 30) };

    d.config = (SamplingConfig){
        .temperature = case_between(c, 3, 20) / 10.0,
        .top_k = case_between(c, 0, d.V + 2),
        .top_p = case_between(c, 0, 3) ? case_between(c, 30, 99) / 100.0 : 1,
        .min_p = case_between(c, 0, 1) ? case_between(c, 1, 60) / 100.0 : 0,
        .repeat_penalty = case_between(c, 8, 18) / 10.0,
    };
    d.u = (float)(case_random(c) >> 8) / 0x1p24f;
    d.logits = case_array(c, d.V, sizeof *d.logits);
    d.history = case_array(c, d.n, sizeof *d.history);
    case_fill(c, d.logits, d.V);
    for (int i = 0; i < d.V; i++)
        d.logits[i] *= 4;
    for (int i = 0; i < d.n; i++)
        d.history[i] = case_between(c, 0, d.V - 1);
    return d;
}

/* The essay's four words twice, then cases in which one wrong order shows each. */
static Draw small(Case *c, int number)
{
    static const float logits[][5] = {
        { -0.916291f, -1.203973f, -1.609438f, -2.302585f, -9 },
        { -0.916291f, -1.203973f, -1.609438f, -2.302585f, -9 },
        { 2, 1, 0, -1, -2 }, { 3, 2.5f, 0.5f, -1, 2 },
    };
    static const SamplingConfig configs[] = {
        { 1, 3, 0.75, 0, 1 }, { 1, 0, 0.75, 0.45, 1 }, { 0.5, 0, 1, 0, 2 },
        { 1, 0, 0.85, 0.4, 1.25 },
    };
    static const int said[] = { 0, 3, 0 };
    Draw d = { .V = 5, .n = 3, .config = configs[number], .u = 0.5f };

    d.logits = case_array(c, d.V, sizeof *d.logits);
    d.history = case_array(c, d.n, sizeof *d.history);
    memcpy(d.logits, logits[number], sizeof logits[number]);
    memcpy(d.history, said, sizeof said);
    return d;
}

static void run(Case *c)
{
    Draw d = case_hidden(c) ? large(c) : small(c, case_number(c));
    const SamplingConfig *config = &d.config;

    case_says(c, "temperature %g, top_k %d, top_p %g, min_p %g, penalty %g; said:",
              config->temperature, config->top_k, config->top_p, config->min_p,
              config->repeat_penalty);
    for (int i = 0; i < d.n && i < 8; i++)
        case_says(c, " %d", d.history[i]);
    case_says(c, d.n > 8 ? " …; " : "; ");
    case_shows(c, "logits", d.logits, d.V);
    compare(c, &d);
}

const Exercise exercise = { .stop = "my_next_word", .visible = 4, .hidden = 60,
                            .run = run };
