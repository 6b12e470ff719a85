/* test_families.c - five models side by side, in chapters 02 and 04
 *
 * Expected: the models' published configurations and parameter counts; rounds from
 * 2π / f_i with libm, f_i by the formulas of Hugging Face's transformers (default and
 * llama3), counted with Python.
 */
#include "cli/child.h"

#include <math.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "files/json.h"

enum { MODELS = 5 };

static const char *const heads[MODELS] = { "TinyLlama", "Llama-3.2", "StableLM",
                                           "Pythia", "SmolLM2" };

static const struct { const char *field, *want[MODELS]; } settings[] = {
    { "family", { "Llama", "Llama", "StableLM", "NeoX", "Llama" } },
    { "E", { "2048", "2048", "2048", "2048", "576" } },
    { "L", { "22", "16", "24", "16", "30" } },
    { "H", { "32", "32", "32", "8", "9" } },
    { "K", { "4", "8", "32", "8", "3" } },
    { "D", { "64", "64", "64", "256", "64" } },
    { "R", { "64", "64", "16", "64", "64" } },
    { "F", { "5632", "8192", "5632", "8192", "1536" } },
    { "V", { "32000", "128256", "100352", "50304", "49152" } },
    { "context", { "2048", "131072", "4096", "2048", "8192" } },
    { "norm", { "RMS", "RMS", "layer", "layer", "RMS" } },
    { "bend", { "silu", "silu", "silu", "gelu", "silu" } },
    { "gate", { "yes", "yes", "yes", "no", "yes" } },
    { "fused", { "no", "no", "no", "yes", "no" } },
    { "biases", { "none", "none", "q k v", "all", "none" } },
    { "parallel", { "no", "no", "no", "yes", "no" } },
    { "theta", { "10000", "500000", "10000", "10000", "100000" } },
    { "scaling", { "none", "÷ 32", "none", "none", "none" } },
    { "tied", { "no", "yes", "no", "no", "yes" } },
    { "millions", { "1100", "1236", "1645", "1012", "135" } },
};

/* Part `key` of a lesson's data, whose theorem held. */
static const Json *part(const char *lesson, const char *key)
{
    static JsonDocument document;
    const char *text = fine(run(lesson, "--json"));
    Error error = {0};

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, 20, &error), &error);
    return json_get(document.root, key);
}

static double number(const Json *object, const char *key)
{
    double value;

    expect(json_number(&value, json_get(object, key)));
    return value;
}

TEST(table)
{
    const Json *families = part("chapter02_weights", "families");
    const Json *line = json_get(families, "settings")->child;

    expect(json_get(families, "missing") == NULL);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++, line = line->next) {
        expect(line != NULL);
        expect_text(json_get(line, "field")->text, settings[i].field);
        for (int k = 0; k < MODELS; k++)
            expect_text(json_get(line, heads[k])->text, settings[i].want[k]);
    }
    expect(line == NULL);
}

TEST(parameters)
{
    static const double want[MODELS] = { 1100048384, 1235814400, 1644515328, 1011781632,
                                         134515008 };
    const Json *bar = json_get(part("chapter02_weights", "families"), "parameters")->child;

    for (int k = 0; k < MODELS; k++, bar = bar->next) {
        expect_close(number(bar, "value"), want[k], 0);
        expect_close(strtod(json_get(bar, "note")->text, NULL), want[k], 0);
    }
    expect(bar == NULL);
}

/* A run of a row of cells: kind, from, to. */
static void expect_run(const Json *run, const char *kind, int from, int to)
{
    expect(run != NULL);
    expect_text(json_get(run, "kind")->text, kind);
    expect_close(number(run, "from"), from, 0);
    expect_close(number(run, "to"), to, 0);
}

TEST(widths)
{
    static const int R[MODELS] = { 64, 64, 16, 64, 64 }, D[MODELS] = { 64, 64, 64, 256, 64 };
    const Json *row = json_get(part("chapter04_attention", "families"), "heads")->child;

    for (int k = 0; k < MODELS; k++, row = row->next) {
        const Json *run = json_get(row, "runs")->child;
        char note[40];

        snprintf(note, sizeof note, "%d of %d", R[k], D[k]);
        expect_text(json_get(row, "label")->text, heads[k]);
        expect_text(json_get(row, "note")->text, note);
        expect_run(run, "first of a pair", 0, R[k] / 2);
        expect_run(run->next, "second of its pair", R[k] / 2, R[k]);
        if (R[k] < D[k])
            expect_run(run->next->next, "not turned", R[k], D[k]);
        else
            expect(run->next->next == NULL);
    }
    expect(row == NULL);
}

TEST(rounds)
{
    static const struct { double theta; int R, factor, around; } want[MODELS] = {
        { 1e4, 64, 1, 21 }, { 5e5, 64, 32, 18 }, { 1e4, 16, 1, 6 }, { 1e4, 64, 1, 21 },
        { 1e5, 64, 1, 20 },
    };
    const Json *families = part("chapter04_attention", "families");
    const Json *line = json_get(families, "rounds")->child;

    for (int k = 0; k < MODELS; k++, line = line->next) {
        double slowest = 2 * acos(-1) * pow(want[k].theta, 1 - 2.0 / want[k].R)
                       * want[k].factor;

        expect_text(json_get(line, "model")->text, heads[k]);
        expect_close(number(line, "pairs"), want[k].R / 2, 0);
        expect_close(number(line, "fastest"), 6.28, 0);
        expect_close(number(line, "slowest"), slowest, 0.5 + 1e-6 * slowest);
        expect_close(number(line, "come_round"), want[k].around, 0);
    }
    expect(line == NULL);
    line = json_get(json_get(families, "scaling")->child, "runs")->child;
    expect_run(line, "as it was", 0, 15);
    expect_run(line->next, "between", 15, 18);
    expect_run(line->next->next, "divided by 32", 18, 32);
}

/* A program that stands alone with one shape of five: the other four are left out, in
 * one line, and the lesson goes on. */
TEST(left_out)
{
    static const char *const folders[] = { "lost", "lost/bin", "lost/bin/models",
                                           "lost/bin/models/shapes" };
    size_t bytes;
    char *program = test_read(child_program(), &bytes), *shape, *text;
    char model[4096], copy[300];

    expect(realpath("models/storyteller", model) != NULL);
    for (int i = 0; i < 4; i++)
        expect(mkdir(test_scratch(folders[i]), 0700) == 0);
    snprintf(copy, sizeof copy, "%s", test_scratch("lost/bin/run"));
    test_write(copy, program, bytes);
    expect(chmod(copy, 0700) == 0);
    shape = test_read("models/shapes/pythia-1b.json", &bytes);
    test_write(test_scratch("lost/bin/models/shapes/pythia-1b.json"), shape, bytes);
    test_write(test_scratch("lost/bin/models/shapes/tinyllama.json"), "[]", 2);
    expect(chdir(test_scratch("lost")) == 0 && setenv("RUN", copy, 1) == 0);
    text = fine(run("chapter02_weights", "--model", model));
    expect(strstr(text, "left out") != NULL && strstr(text, "no smollm2-135m.json") != NULL);
    expect(strstr(text, "tinyllama.json: config.json:") != NULL);
    expect(strstr(text, "Pythia-1B") != NULL && strstr(text, "TinyLlama") == NULL);
    text = fine(run("chapter04_attention", "--model", model));
    expect(strstr(text, "left out") != NULL && strstr(text, "64 of 256") != NULL);
    expect(remove("bin/models/shapes/pythia-1b.json") == 0);
    text = fine(run("chapter04_attention", "--model", model));
    expect(strstr(text, "left out") != NULL && strstr(text, "64 of 256") == NULL);
    fine(run("chapter02_weights", "--model", model, "--json"));
}

const Test families_tests[] = {
    { "settings are the published ones", table },
    { "parameters, to the last one", parameters },
    { "how much of a head turns", widths },
    { "how long a round takes, and what was stretched", rounds },
    { "shapes that are not there are left out", left_out },
    { NULL, NULL },
};
