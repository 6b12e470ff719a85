/* stages.c - one distribution after each filter, with one filter more each time
 *
 *      stage          penalty   temperature   top-k   top-p   min-p
 *      the model        1           1          off      1       0
 *      penalty          r           1          off      1       0
 *      temperature      r           T          off      1       0
 *      top-k            r           T          k        1       0
 *      top-p            r           T          k        p       0
 *      min-p            r           T          k        p       m     = what is used
 *
 * A pipeline is seen by stopping it behind each of its steps. The engine makes its
 * distribution in one go, so it is asked six times, each time with one more filter
 * switched on; the order is the one in which it applies them.
 *
 * A filter that neither the options nor the model wants is set here all the same,
 * tighter than one would write with, so that eight words are enough to see it cut.
 *
 * Read next: src/decode/sampling.c.
 */
#include "chapters/lesson/stages.h"

#include <math.h>               /* log2: for a table only                    */
#include <stdio.h>

#include "base/memory.h"
#include "chapters/commands/common.h"

#define LESSON_PENALTY 1.3
#define LESSON_TOP_K 6
#define LESSON_MIN_P 0.08

const char *const stage_names[STAGES] = { "the model", "repetition penalty",
                                          "temperature", "top-k", "top-p", "min-p" };
const char *const stage_keys[STAGES] = { "model", "penalty", "temperature", "top_k",
                                         "top_p", "min_p" };
const char *const stage_says[STAGES] = {
    "", "words of the text so far lose", "below 1 the best gain, above 1 the others",
    "the k likeliest stay", "the fewest stay that hold the share p",
    "what has less than this share of the best goes" };

/* A line of the table above. */
static SamplingConfig config_of(const SamplingConfig *all, int stage)
{
    SamplingConfig c = { .temperature = 1, .top_p = 1, .repeat_penalty = 1 };

    if (stage >= PENALTY)
        c.repeat_penalty = all->repeat_penalty;
    if (stage >= TEMPERATURE)
        c.temperature = all->temperature;
    if (stage >= TOP_K)
        c.top_k = all->top_k;
    if (stage >= TOP_P)
        c.top_p = all->top_p;
    if (stage >= MIN_P)
        c.min_p = all->min_p;
    return c;
}

/* Cost: six times sampling_distribution; six times V doubles. */
void stages_make(Stages *s, const float *logits, int V, const int *history, int n,
                 const SamplingConfig *all)
{
    *s = (Stages){ .all = *all, .logits = logits, .history = history, .V = V, .n = n };
    sampling_work_init(&s->work, V);
    for (int i = 0; i < STAGES; i++) {
        SamplingConfig config = config_of(all, i);

        s->p[i] = memory_get(V, sizeof *s->p[i]);
        sampling_distribution(s->p[i], logits, V, history, n, &config, &s->work);
    }
}

/* All zeros is fine. */
void stages_free(Stages *s)
{
    for (int i = 0; i < STAGES; i++)
        memory_give_back(s->p[i]);
    sampling_work_free(&s->work);
    *s = (Stages){0};
}

SamplingConfig stages_wishes(const ModelDir *dir, const Options *o)
{
    SamplingConfig c = sampling_wishes(dir, o);

    if (o->repeat_penalty < 0 && c.repeat_penalty == 1)
        c.repeat_penalty = LESSON_PENALTY;
    if (o->top_k < 0 && c.top_k == 0)
        c.top_k = LESSON_TOP_K;
    if (o->min_p < 0 && c.min_p == 0)
        c.min_p = LESSON_MIN_P;
    return c;
}

void stage_setting(char text[24], const SamplingConfig *all, int stage)
{
    const double value[STAGES] = { 0, all->repeat_penalty, all->temperature,
                                   all->top_k, all->top_p, all->min_p };
    static const double off[STAGES] = { 0, 1, 1, 0, 1, 0 };

    if (value[stage] == off[stage])
        snprintf(text, 24, "%s", stage == MODEL ? "" : "off");
    else
        snprintf(text, 24, "%g", value[stage]);
}

double entropy_bits(const double *p, int V, int *stay)
{
    double h = 0;

    *stay = 0;
    for (int i = 0; i < V; i++)
        if (p[i] > 0) {
            h -= p[i] * log2(p[i]);
            ++*stay;
        }
    return h > 0 ? h : 0;               /* not -0                            */
}
