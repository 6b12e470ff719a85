/* running_example.h - the one sentence that walks through the essays, computed
 *
 * "Once upon a time" goes through models/storyteller once, with every Probe point
 * kept. An expression of a checked comment becomes a list of numbers (or a text).
 *
 *      id[1]                      the id at position 1; position 0 is <|endoftext|>
 *      token[1]                   its spelling: a text
 *      embedding[5]               row of position 5, all of it
 *      embedding[5][0..3]         its first four numbers
 *      norm1[2][5][7]             layer 2, position 5, number 7; so with every point
 *                                 of model/probe.h, in small letters
 *      final_norm[0] logits[544]  of the last position
 *      weight[5][0][5]            layer 5, head 0, position 5: over positions 0 … 5
 *      frequency[0]               of kernels/rope.c
 *      p[444]  dart[6]            decode/sampling.c with the model's own wishes;
 *                                 the dart of the token at position 6, seed 0
 *      rms(x) sum(x) max(x)       of a list
 *      softmax(2, 1, 0) silu(-1.28) gelu(1) exp(-1)     the engine's own
 */
#ifndef RUNNING_EXAMPLE_H
#define RUNNING_EXAMPLE_H

#include "decode/storyteller.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "decode/session.h"
#include "kernels/activation.h"
#include "kernels/softmax.h"
#include "numbers/elementary.h"

#define SENTENCE "Once upon a time"
#define LIST 4096

typedef struct {
    double x[LIST];
    int n;
    const char *text;               /* not NULL: a text instead              */
} List;

static struct { const char *name; float *x; int rows, width, layers; }
    seen[PROBE_COUNT];
static Ids sentence;
static Session session;
static SamplingWork work;

static void keep(void *context, ProbePoint point, int layer, const float *x,
                 int rows, int width)
{
    int at = layer < 0 || layer == model.config.L ? 0 : layer;
    size_t n = (size_t)rows * (size_t)width;

    (void)context;
    if (seen[point].x == NULL)
        seen[point].x = memory_get_bytes((size_t)model.config.L * n * sizeof *x);
    seen[point].rows = rows;
    seen[point].width = width;
    seen[point].layers = max_int(seen[point].layers, layer < 0 ? 1 : at + 1);
    memcpy(seen[point].x + (size_t)at * n, x, n * sizeof *x);
}

static void compute_running_example(void)
{
    static const Probe probe = { keep, NULL, ~0u };
    Error error = {0};

#define NAME(point, words) seen[PROBE_##point].name = #point;
    PROBE_POINTS(NAME)
#undef NAME
    open_storyteller();
    tokenizer_encode(&sentence, dir.tokenizer, SENTENCE, strlen(SENTENCE), true);
    expect_ok(session_init(&session, &model, sentence.count + 1, 128, FORMAT_F16,
                           &error), &error);
    session.probe = &probe;
    expect_ok(session_feed(&session, sentence.id, sentence.count, &error), &error);
    sampling_work_init(&work, model.config.V);
    sampling_distribution(work.p, session.logits, model.config.V, sentence.id,
                          sentence.count, &dir.sampling, &work);
}

/* ---- reading an expression; *at moves behind what was read */

static void blanks(const char **at)
{
    while (**at == ' ')
        ++*at;
}

static bool takes(const char **at, const char *word)
{
    size_t n = strlen(word);

    blanks(at);
    if (strncmp(*at, word, n) != 0)
        return false;
    *at += n;
    return true;
}

static double number(const char **at)
{
    char *end;
    double value = strtod(*at, &end);

    if (end == *at)
        test_fail(__FILE__, __LINE__, "a number should stand at \"%s\"", *at);
    *at = end;
    return value;
}

static int whole(const char **at)
{
    char *end;
    long value = strtol(*at, &end, 10);

    if (end == *at)
        test_fail(__FILE__, __LINE__, "an index should stand at \"%s\"", *at);
    *at = end;
    return (int)value;
}

/* [3] or [0..3] or nothing: the whole range [0, n). */
static void range(const char **at, int n, int *from, int *to)
{
    *from = 0;
    *to = n - 1;
    if (!takes(at, "["))
        return;
    *from = *to = whole(at);
    if (takes(at, ".."))
        *to = whole(at);
    if (!takes(at, "]") || *from < 0 || *to >= n || *from > *to)
        test_fail(__FILE__, __LINE__, "[%d..%d] of %d, or no ] at \"%s\"", *from,
                  *to, n, *at);
}

static int one(const char **at, int n)
{
    int from, to;

    range(at, n, &from, &to);
    if (from != to)
        test_fail(__FILE__, __LINE__, "one number in [ ] before \"%s\"", *at);
    return from;
}

static void floats(List *list, const char **at, const float *x, int n)
{
    int from, to;

    range(at, n, &from, &to);
    for (int i = from; i <= to; i++)
        list->x[list->n++] = (double)x[i];
}

static bool probe_point(List *list, const char *name, const char **at)
{
    for (int point = 0; point < PROBE_COUNT; point++) {
        char small[32];
        int i = 0;

        for (; seen[point].name[i] != '\0'; i++)
            small[i] = (char)tolower(seen[point].name[i]);
        small[i] = '\0';
        if (strcmp(name, small) == 0) {
            int layer = seen[point].layers > 1 ? one(at, seen[point].layers) : 0;
            int t = seen[point].rows > 1 ? one(at, seen[point].rows) : 0;

            floats(list, at, row(row(seen[point].x, layer, seen[point].rows
                                                           * seen[point].width),
                                 t, seen[point].width), seen[point].width);
            return true;
        }
    }
    return false;
}

/* weight[l][h][t]: over positions 0 … t. */
static void weights_of(List *list, const char **at)
{
    const Config *c = &model.config;
    int l = one(at, c->L), h = one(at, c->H), t = one(at, sentence.count);
    AttentionRow look = kvcache_row(&session.cache, l, t);
    const float *q = row(seen[PROBE_ROTATED_Q].x, l, sentence.count * c->H * c->D);
    float p[64];

    attention_weights(p, row(row(q, t, c->H * c->D), h, c->D), &look,
                      session.cache.format, h, c->H, c->K, c->D);
    floats(list, at, p, t + 1);
}

static void evaluate(List *list, const char **at);

/* f(list, list, …): the lists one after another. */
static bool call(List *list, const char *name, const char **at)
{
    static const char *const known[] = { "rms", "sum", "max", "softmax", "silu",
                                         "gelu", "exp" };
    List all = {0};
    float x[LIST], y[LIST], one_up[LIST];
    double sum = 0, squares = 0, max = -HUGE_VAL;
    size_t which = 0;

    while (which < 7 && strcmp(name, known[which]) != 0)
        which++;
    if (which == 7 || !takes(at, "("))
        return false;
    do
        evaluate(&all, at);
    while (takes(at, ","));
    if (!takes(at, ")"))
        test_fail(__FILE__, __LINE__, "a ) should stand at \"%s\"", *at);
    for (int i = 0; i < all.n; i++) {
        x[i] = (float)all.x[i];
        one_up[i] = 1;
        sum += all.x[i];
        squares += all.x[i] * all.x[i];
        max = all.x[i] > max ? all.x[i] : max;
    }
    list->n = 1;
    if (which < 3) {
        list->x[0] = which == 0 ? sqrt(squares / all.n) : which == 1 ? sum : max;
        return true;
    }
    list->n = all.n;
    if (which == 3)
        softmax(list->x, x, all.n);
    if (which == 4)
        silu_gated(y, x, one_up, 1, all.n);
    if (which == 5)
        gelu(y, x, 1, all.n);
    for (int i = 0; which > 3 && i < all.n; i++)
        list->x[i] = which == 6 ? exponential_of(all.x[i]) : (double)y[i];
    return true;
}

/* Append what the expression at *at means. */
static void evaluate(List *list, const char **at)
{
    char name[32] = "";
    int n = 0;

    blanks(at);
    if (!isalpha((unsigned char)**at)) {
        list->x[list->n++] = number(at);
        return;
    }
    while ((isalnum((unsigned char)**at) || **at == '_') && n < 31)
        name[n++] = *(*at)++;
    name[n] = '\0';
    if (strcmp(name, "id") == 0) {
        int from, to;

        range(at, sentence.count, &from, &to);
        for (int i = from; i <= to; i++)
            list->x[list->n++] = sentence.id[i];
    } else if (strcmp(name, "token") == 0) {
        list->text = tokenizer_token(dir.tokenizer,
                                     sentence.id[one(at, sentence.count)]);
    } else if (strcmp(name, "weight") == 0) {
        weights_of(list, at);
    } else if (strcmp(name, "frequency") == 0) {
        floats(list, at, model.rope.frequency, model.rope.width / 2);
    } else if (strcmp(name, "dart") == 0) {
        list->x[list->n++] = (double)random_uniform(0, 0, (uint32_t)one(at, 1000), 0);
    } else if (strcmp(name, "p") == 0) {
        list->x[list->n++] = work.p[one(at, model.config.V)];
    } else if (!probe_point(list, name, at) && !call(list, name, at)) {
        test_fail(__FILE__, __LINE__, "no such name: %s", name);
    }
}

#endif
