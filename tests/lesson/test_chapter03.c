/* test_chapter03.c - a row's way up, against a textbook in double without attention */
#include "seen.h"

enum { THE = 329, CAT = 1103, E = 192, F = 512, V = 2048, L = 6 };  /* " cat": 1103 */

typedef struct {                    /* one layer of the textbook             */
    double before[E], normed[E], gate[F], up[F], hidden[F], added[E], after[E];
} Step;

/* What storyteller makes of " cat" without attention; logits [V]. */
static void climb(Step *step, double *logits, const Weights *w)
{
    const Config *c = &model.config;
    double x[E], n[E];

    expect(c->E == E && c->F == F && c->L == L && c->V == V);
    wide_row(x, w, CAT, E);
    for (int l = 0; l < L; l++) {
        Step *s = &step[l];

        memcpy(s->before, x, sizeof x);
        textbook_norm(s->normed, x, w->layers[l].norm2, NULL, c);
        textbook_linear(s->gate, &w->layers[l].gate, s->normed);
        textbook_linear(s->up, &w->layers[l].up, s->normed);
        for (int f = 0; f < F; f++)
            s->hidden[f] = s->gate[f] / (1 + exp(-s->gate[f])) * s->up[f];
        textbook_linear(s->added, &w->layers[l].down, s->hidden);
        for (int e = 0; e < E; e++)
            s->after[e] = x[e] += s->added[e];
    }
    textbook_norm(n, x, w->norm, NULL, c);
    textbook_linear(logits, &w->output, n);
}

static double size_of(const double *x, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sqrt(sum / n);
}

static double cosine_of(const double *x, const double *y, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum / n / size_of(x, n) / size_of(y, n);
}

static void expect_layer(const Json *layer, const Step *s)
{
    expect_row(at(layer, "before/values"), s->before, E);
    expect_row(at(layer, "normed/values"), s->normed, E);
    expect_row(at(layer, "gate/values"), s->gate, F);
    expect_row(at(layer, "up/values"), s->up, F);
    expect_row(at(layer, "hidden/values"), s->hidden, F);
    expect_row(at(layer, "added/values"), s->added, E);
    expect_row(at(layer, "after/values"), s->after, E);
}

TEST(rows)
{
    static Step step[L];
    static double logits[V];
    Weights w = wide();
    const Json *root = seen("chapter03_layers"), *third;
    const Json *sizes = at(root, "climb/sizes");

    climb(step, logits, &w);
    expect_row(at(root, "row/embedding/values"), step[0].before, E);
    expect_close(number(at(root, "row/size")), size_of(step[0].before, E), 1e-7);
    expect_layer(at(root, "layer"), &step[0]);
    expect_int(sizes->count, L);
    for (int l = 0; l < L; l++) {
        const Step *s = &step[l];
        const Json *line = nth(sizes, l);
        char key[40];

        snprintf(key, sizeof key, "climb/x%d/values", l + 1);
        expect_row(at(root, key), s->after, E);
        expect_close(number(at(line, "layer")), l, 0);
        expect_close(number(at(line, "row")), size_of(s->before, E), 6e-5);
        expect_close(number(at(line, "normed")), size_of(s->normed, E), 6e-5);
        expect_close(number(at(line, "hidden")), size_of(s->hidden, F), 6e-5);
        expect_close(number(at(line, "added")), size_of(s->added, E), 6e-5);
        expect_close(number(at(line, "after")), size_of(s->after, E), 6e-5);
        expect_close(number(at(line, "alike")), cosine_of(s->before, s->after, E), 6e-4);
    }
    third = seen("chapter03_layers", "--layer", "3");
    expect_layer(at(third, "layer"), &step[3]);
    expect_guesses(at(root, "guesses/without"), logits, 1e-5);
    close_storyteller();
}

/* silu(x) = x / (1 + e^-x), and how many gates of the row are below zero. */
TEST(bend)
{
    static Step step[L];
    static double logits[V];
    Weights w = wide();
    const Json *bend = at(seen("chapter03_layers"), "bend");
    double straight[25], bent[25];
    int below = 0;

    climb(step, logits, &w);
    for (int i = 0; i < 25; i++) {
        straight[i] = -6 + 0.5 * i;
        bent[i] = straight[i] / (1 + exp(-straight[i]));
    }
    expect_numbers(at(bend, "straight/values"), straight, 25, 0);
    expect_numbers(at(bend, "bent/values"), bent, 25, 4e-7);
    for (int f = 0; f < F; f++)
        below += step[0].gate[f] < 0;
    expect_int(number(at(bend, "numbers")), F);
    expect_int(number(at(bend, "below_zero")), below);
    close_storyteller();
}

/* The whole model against the whole textbook. Its cache is f16: keys and values are
 * off by 2^-11 of themselves, and probabilities by some thousandths. */
TEST(guesses)
{
    static const int prompt[] = { 0, THE, CAT }, other[] = { 0, CAT };
    static double logits[3 * V];
    Weights w = wide();
    const Json *root = at(seen("chapter03_layers"), "guesses"), *word;

    textbook_logits(logits, &model.config, &w, prompt, 3);
    expect_guesses(at(root, "whole"), logits + 2 * V, 2e-3);
    textbook_logits(logits, &model.config, &w, other, 2);
    expect_guesses(at(root, "whole_other"), logits + V, 2e-3);
    expect_text(at(root, "same_without")->text, "yes");
    expect_text(at(root, "same_whole")->text, "no");
    expect_text(at(root, "other_prompt")->text, " cat");

    word = at(seen("chapter03_layers", "--prompt", "a"), "guesses");
    expect_text(at(word, "same_without")->text, "yes");
    expect_text(at(word, "same_whole")->text, "no");
    close_storyteller();
}

/* A prompt in a pipe: no escapes, no line of more than 100 columns, every check. */
TEST(plain)
{
    const char *text = fine(run("chapter03_layers", "A", "cat"));

    expect(strstr(text, "\033") == NULL && strstr(text, "✗") == NULL);
    expect(strstr(text, "✓ two texts with the same last word") != NULL);
    expect(strstr(text, "✓ 19 of 19 matrices") != NULL);
    expect(strstr(text, "✓ plain kernels, 3 threads, all rows at once") != NULL);
}

/* Every table that `./run logits` takes, and no other; one hash. */
TEST(kinds_of_kernels)
{
    static const char *const names[] = { "plain", "avx2", "avx512", "neon" };
    const Json *race = at(seen("chapter03_layers"), "kernels/race");
    int n = 0;

    for (int i = 0; i < 4; i++) {
        int code = run("logits", "--text", "a", "--kernels", names[i]).code;

        if (code == 2)
            continue;
        expect_int(code, 0);
        expect_text(at(nth(race, n), "kernels")->text, names[i]);
        expect_text(at(nth(race, n), "logits")->text, at(race->child, "logits")->text);
        expect(number(json_get(nth(race, n), "tokens/s")) > 0);
        n++;
    }
    expect(n > 0);
    expect_int(race->count, n);
    expect(strlen(at(race->child, "logits")->text) == 18);
    expect(strcmp(at(race->child, "logits")->text, at(at(seen("chapter03_layers", "--prompt",
           "a dog"), "kernels/race")->child, "logits")->text) != 0);
}

TEST(errors)
{
    char words[400] = "";
    Result r = run("chapter03_layers", "--layer", "6");

    expect_int(r.code, 2);
    expect_text(r.err, "error: --layer 6: this model has 0 to 5\n");
    expect_int(run("chapter03_layers", "--layer", "1", "--model", "storyteller-draft").code,
               0);
    expect_int(run("chapter03_layers", "--layer", "2", "--model", "storyteller-draft").code,
               2);
    r = run("chapter03_layers", "--prompt", "");
    expect_int(r.code, 2);
    expect(strstr(r.err, "the prompt has 1 token, ") != NULL);
    for (int i = 0; i < 48; i++)
        strcat(words, "a b ");
    r = run("chapter03_layers", "--json", "--prompt", words);
    expect_int(r.code, 2);
    expect(strstr(r.err, "give 2 to 48") != NULL && r.length == 0);
}

const Test chapter03_tests[] = {
    { "every row is the textbook's in double", rows },
    { "silu, and which gates are shut", bend },
    { "without attention only the last word counts", guesses },
    { "the page in a pipe", plain },
    { "each kind of kernels that is here, and one hash", kinds_of_kernels },
    { "what cannot be shown is refused", errors },
    { NULL, NULL },
};
