/* seen.h - what a lesson showed with --json, and storyteller for a textbook
 *
 * Rules of use: seen(…) runs ./run with these arguments and --json, expects exit 0 and
 * a theorem that holds, and gives the root; at() walks a path of keys. wide() is
 * storyteller with float32 matrices, as tests/model/textbook.h wants them.
 */
#ifndef SEEN_H
#define SEEN_H

#include "cli/child.h"
#include "decode/storyteller.h"
#include "model/textbook.h"

#include "files/json.h"

#define MOST 4096                       /* numbers in one array at most      */

/* Owner: nobody, tests are short. */
static inline const Json *seen_of(Result result)
{
    JsonDocument *document = calloc(1, sizeof *document);
    Error error = {0};
    const char *text = fine(result);
    const Json *theorem;

    expect_ok(json_parse(document, text, strlen(text), JSON_UNIQUE, 20, &error), &error);
    theorem = json_get(document->root, "theorem");
    expect(json_is(json_get(theorem, "holds"), JSON_TRUE));
    expect(json_get(theorem, "checks")->count > 2);
    return document->root;
}

#define seen(...) seen_of(run(__VA_ARGS__, "--json"))

/* "climb/x0/values" */
static inline const Json *at(const Json *node, const char *path)
{
    char all[200], *key;

    snprintf(all, sizeof all, "%s", path);
    for (key = strtok(all, "/"); key != NULL; key = strtok(NULL, "/")) {
        node = json_get(node, key);
        if (node == NULL)
            test_fail(__FILE__, __LINE__, "no %s in %s", key, path);
    }
    return node;
}

static inline double number(const Json *node)
{
    double value;

    expect(json_number(&value, node));
    return value;
}

/* The i-th of an array. */
static inline const Json *nth(const Json *array, int i)
{
    const Json *one = array->child;

    expect(i < array->count);
    while (i-- > 0)
        one = one->next;
    return one;
}

/* An array of exactly n numbers; null is NaN. */
static inline void expect_numbers(const Json *array, const double *want, int n,
                                  double tolerance)
{
    const Json *one = array->child;

    expect_int(array->count, n);
    for (int i = 0; i < n; i++, one = one->next)
        if (want[i] != want[i])
            expect(json_is(one, JSON_NULL));
        else
            expect_close(number(one), want[i], tolerance);
}

/* The same, tolerance in terms of the largest |want|. */
static inline void expect_row(const Json *array, const double *want, int n)
{
    double largest = 0;

    for (int i = 0; i < n; i++)
        largest = fmax(largest, fabs(want[i]));
    expect_numbers(array, want, n, 2e-6 * largest);
}

/* A bf16 number is the upper half of a float32. */
static inline Matrix wide_matrix(const Matrix *m)
{
    size_t n = (size_t)m->rows * (size_t)m->columns;
    const unsigned char *halves = m->data;
    float *x = malloc(n * sizeof *x);

    expect(m->format == FORMAT_BF16);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)halves[2 * i] << 16 | (uint32_t)halves[2 * i + 1] << 24;

        memcpy(&x[i], &bits, sizeof bits);
    }
    return (Matrix){ x, FORMAT_F32, m->rows, m->columns };
}

static inline Weights wide(void)
{
    Weights w;
    LayerWeights *layers;

    open_storyteller();
    w = model.weights;
    layers = calloc((size_t)model.config.L, sizeof *layers);
    w.embedding = wide_matrix(&w.embedding);
    w.output.weight = wide_matrix(&w.output.weight);
    for (int l = 0; l < model.config.L; l++) {
        Linear *all[] = { &layers[l].q, &layers[l].k, &layers[l].v, &layers[l].o,
                          &layers[l].gate, &layers[l].up, &layers[l].down };

        layers[l] = w.layers[l];
        for (int i = 0; i < 7; i++)
            all[i]->weight = wide_matrix(&all[i]->weight);
    }
    w.layers = layers;
    return w;
}

/* The embedding's row. */
static inline void wide_row(double *x, const Weights *w, int id, int E)
{
    for (int e = 0; e < E; e++)
        x[e] = (double)((const float *)w->embedding.data)[id * E + e];
}

/* Bars of the likeliest next tokens: p from logits [V], label its spelling. */
static inline void expect_guesses(const Json *bars, const double *logits, double tolerance)
{
    int V = model.config.V, before = -1;
    double sum = 0, last = 2;

    for (int i = 0; i < V; i++)
        sum += exp(logits[i]);
    expect_int(bars->count, 5);
    for (const Json *bar = bars->child; bar != NULL; bar = bar->next) {
        int id = tokenizer_find(dir.tokenizer, at(bar, "label")->text), better = 0;

        expect(id >= 0 && id != before);
        expect_close(number(at(bar, "value")), exp(logits[id]) / sum, tolerance);
        for (int i = 0; i < V; i++)
            better += exp(logits[i]) / sum > exp(logits[id]) / sum + 2 * tolerance;
        expect(better < 5 && number(at(bar, "value")) <= last);
        last = number(at(bar, "value"));
        before = id;
    }
}

#endif
