/* test_chapter05.c - what the lesson on sampling shows, computed again from logits
 *
 * Expected: the scores that `./run logits --json` prints, with nine digits, put
 * through the formulas in the head of decode/sampling.c by sorting, in long double;
 * darts from Philox4x32-10 written in Python (its published vector for zeros agrees);
 * the texts from `./run generate`.
 */
#include "cli/child.h"

#include <math.h>
#include <sys/stat.h>

#include "files/json.h"

#define V 2048                          /* storyteller's words               */
#define STAGES 6

static const char *const stages[STAGES] = { "model", "penalty", "temperature",
                                            "top_k", "top_p", "min_p" };
static const int history[] = { 0, 1688, 375, 693, 259, 544 };   /* the prompt */

typedef struct { double penalty, temperature, top_k, top_p, min_p; } Filters;

/* Owner: nobody, tests are short. */
static const Json *parsed(const char *text)
{
    JsonDocument *document = malloc(sizeof *document);
    Error error = {0};

    expect_ok(json_parse(document, text, strlen(text), JSON_UNIQUE, 20, &error), &error);
    return document->root;
}

static const Json *at(const Json *node, const char *part, const char *key)
{
    const Json *found = json_get(json_get(node, part), key);

    expect(found != NULL);
    return found;
}

static double real(const Json *object, const char *key)
{
    double value;

    expect(json_number(&value, json_get(object, key)));
    return value;
}

/* All logits behind "Once upon a time". */
static void read_logits(float *logits)
{
    const Json *root = parsed(fine(run("logits", "--json", "--top", "2048", "--text",
                                       "Once upon a time")));
    const Json *one = json_get(json_get(root, "positions")->child, "top")->child;
    int n = 0;

    for (; one != NULL; one = one->next, n++)
        logits[(int)real(one, "id")] = (float)real(one, "logit");
    expect_int(n, V);
}

static long double p_of[V];                     /* for the sort               */

static int better(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;

    return p_of[a] > p_of[b] ? -1 : p_of[a] < p_of[b] ? 1 : a - b;
}

static void normalize(void)
{
    long double sum = 0;

    for (int i = 0; i < V; i++)
        sum += p_of[i];
    for (int i = 0; i < V; i++)
        p_of[i] /= sum;
}

/* p_of behind the filters up to and with stage. */
static void expected(const float *logits, const Filters *f, int stage)
{
    long double T = stage >= 2 ? f->temperature : 1, mass = 0, best;
    int order[V], n = V, keep = 0;

    for (int i = 0; i < V; i++) {
        p_of[i] = logits[i];
        order[i] = i;
    }
    for (size_t h = 0; stage >= 1 && h < sizeof history / sizeof *history; h++)
        p_of[history[h]] = logits[history[h]] < 0
                         ? logits[history[h]] * (float)f->penalty
                         : logits[history[h]] / (float)f->penalty;
    for (int i = 0; i < V; i++)
        p_of[i] = T > 0 ? expl(p_of[i] / T) : p_of[i];
    qsort(order, V, sizeof *order, better);
    if (T == 0)
        n = 1;
    if (stage >= 3 && f->top_k > 0 && (int)f->top_k < n)
        n = (int)f->top_k;
    for (int i = 0; i < V; i++)
        if (i >= n)
            p_of[order[i]] = 0;
        else if (T == 0)
            p_of[order[i]] = 1;
    normalize();
    for (; stage >= 4 && keep < n && (keep == 0 || mass < f->top_p); keep++)
        mass += p_of[order[keep]];
    for (int i = keep; stage >= 4 && i < n; i++)
        p_of[order[i]] = 0;
    best = p_of[order[0]];
    for (int i = 0; stage >= 5 && i < n; i++)
        if (p_of[order[i]] < f->min_p * best)
            p_of[order[i]] = 0;
    normalize();
}

/* Bars and table of part 1, stage by stage. */
static void expect_filters(const Json *root, const float *logits, const Filters *f)
{
    const Json *line = at(root, "filters", "table")->child;

    for (int s = 0; s < STAGES; s++, line = line->next) {
        const Json *word = at(root, "filters", "candidates")->child;
        const Json *bar = at(root, "filters", stages[s])->child;
        long double bits = 0;
        int stay = 0;

        expected(logits, f, s);
        for (; word != NULL; word = word->next, bar = bar->next) {
            double want = (double)p_of[(int)real(word, "id")];

            expect_text(json_get(bar, "label")->text, json_get(word, "token")->text);
            expect_close(real(bar, "value"), want, 1e-6 * want);
        }
        for (int i = 0; i < V; i++)
            if (p_of[i] > 0) {
                stay++;
                bits -= p_of[i] * log2l(p_of[i]);
            }
        expect_int((int)real(line, "ids left"), stay);
        expect_close(real(line, "bits"), (double)bits, 0.00501);
    }
}

/* The borders of the line, and where the darts of four seeds fall: last stage. */
static void expect_darts(const Json *root, const double u[4])
{
    const Json *end = json_get(at(root, "dart", "line"), "ends")->child;
    const Json *seed = at(root, "dart", "seeds")->child;
    long double sum = 0;

    for (int i = 0; i < V; i++)
        if (p_of[i] > 0) {
            double value;

            sum += p_of[i];
            expect(end != NULL && json_number(&value, end));
            expect_close(value, (double)sum, 1e-6);
            end = end->next;
        }
    expect(end == NULL);
    for (int k = 0; k < 4; k++, seed = seed->next) {
        int id = 0;

        expect_close(real(seed, "u"), u[k], 5.1e-9);
        for (sum = p_of[0]; sum <= u[k]; sum += p_of[++id])
            ;
        expect_int((int)real(seed, "id"), id);
    }
    expect(json_is(json_get(json_get(root, "theorem"), "holds"), JSON_TRUE));
}

static const double darts[4] = { 11972427.0 / (1 << 24), 7472389.0 / (1 << 24),
                                 144448.0 / (1 << 24), 14243538.0 / (1 << 24) };

TEST(by_itself)
{
    const Filters f = { 1.3, 0.8, 6, 0.95, 0.08 };
    const Json *root = parsed(fine(run("chapter05_sampling", "--json")));
    float logits[V];

    read_logits(logits);
    expect_filters(root, logits, &f);
    expect_darts(root, darts);
}

TEST(with_options)
{
    static const struct { const char *T, *k, *p, *m, *r; Filters f; } cases[] = {
        { "1.5", "0", "0.5", "0", "1", { 1, 1.5, 0, 0.5, 0 } },
        { "0.7", "3", "1", "0", "5", { 5, 0.7, 3, 1, 0 } },
        { "1", "9", "0.9", "0.02", "0.5", { 0.5, 1, 9, 0.9, 0.02 } },
        { "0", "4", "0.9", "0.1", "2", { 2, 0, 4, 0.9, 0.1 } },
    };
    float logits[V];

    read_logits(logits);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const Json *root = parsed(fine(run("chapter05_sampling", "--json", "-n", "2",
            "--temperature", cases[i].T, "--top-k", cases[i].k, "--top-p", cases[i].p,
            "--min-p", cases[i].m, "--repeat-penalty", cases[i].r)));

        expect_filters(root, logits, &cases[i].f);
        if (cases[i].f.top_k > 0 && cases[i].f.top_k < 8)
            expect_darts(root, darts);  /* else words share a piece, as "…"  */
    }
}

/* The high half of a seed counts too. */
TEST(large_seed)
{
    const Json *root = parsed(fine(run("chapter05_sampling", "--json", "-n", "2", "--seed",
                                       "1099511627783")));

    expect_close(real(at(root, "dart", "seeds")->child, "u"), 13412519.0 / (1 << 24),
                 5.1e-9);
}

/* p of the best, 2^entropy, and the cells of the map. */
TEST(temperature)
{
    static const double heat[] = { 0, 0.5, 1, 2 };
    const Json *root = parsed(fine(run("chapter05_sampling", "--json", "-n", "2")));
    const Json *line = at(root, "temperature", "table")->child;
    const Json *cells = json_get(at(root, "temperature", "map"), "values")->child;
    float logits[V];

    read_logits(logits);
    for (int t = 0; t < 4; t++, line = line->next, cells = cells->next) {
        const Filters f = { 1, heat[t], 0, 1, 0 };
        const Json *word = at(root, "filters", "candidates")->child;
        const Json *cell = cells->child;
        long double bits = 0;

        expected(logits, &f, 2);
        for (; word != NULL; word = word->next, cell = cell->next) {
            double value;

            expect(json_number(&value, cell));
            expect_close(value, (double)p_of[(int)real(word, "id")], 1e-6);
        }
        for (int i = 0; i < V; i++)
            bits -= p_of[i] > 0 ? p_of[i] * log2l(p_of[i]) : 0;
        expect_close(real(line, "bits"), (double)bits, 0.000501);
        expect_close(real(line, "2^bits"), (double)exp2l(bits), 0.0501);
    }
}

/* generate writes the same: greedy, and with the lesson's settings. */
TEST(texts)
{
    static const char *const args[][16] = {
        { "generate", "--json", "-n", "32", "--prompt", "Once upon a time",
          "--temperature", "0", "--repeat-penalty", "1", NULL },
        { "generate", "--json", "-n", "32", "--prompt", "Once upon a time", "--seed",
          "0", "--repeat-penalty", "1.3", "--top-k", "6", "--min-p", "0.08", NULL },
        { "generate", "--json", "-n", "32", "--prompt", "Once upon a time", "--seed",
          "1", "--repeat-penalty", "1.3", "--top-k", "6", "--min-p", "0.08", NULL },
    };
    const Json *root = parsed(fine(run("chapter05_sampling", "--json")));
    const Json *text = at(root, "texts", "texts")->child;

    for (int i = 0; i < 3; i++, text = text->next) {
        const Json *want = parsed(fine(child_run(NULL, 0, args[i])));
        const Json *id = json_get(want, "ids")->child, *got = json_get(text, "ids")->child;

        expect_text(json_get(text, "text")->text, json_get(want, "text")->text);
        expect_int(json_get(text, "ids")->count, 32);
        for (; id != NULL; id = id->next, got = got->next)
            expect_text(got->text, id->text);
    }
}

/* An architecture that is not there: an error leaves no half of an object. */
TEST(refused)
{
    static const char config[] = "{\"architectures\": [\"GPT2LMHeadModel\"]}";
    static const char *const links[] = { "model.safetensors", "tokenizer.json" };
    Result result;

    expect(mkdir(test_scratch("other"), 0700) == 0);
    test_write(test_scratch("other/config.json"), config, sizeof config - 1);
    for (int i = 0; i < 2; i++) {
        char from[80], path[4096], to[80];

        snprintf(from, sizeof from, "models/storyteller/%s", links[i]);
        snprintf(to, sizeof to, "other/%s", links[i]);
        expect(realpath(from, path) != NULL && symlink(path, test_scratch(to)) == 0);
    }
    result = run("chapter05_sampling", "--json", "--model", test_scratch("other"));
    expect_int(result.code, 3);
    expect(strstr(result.err, "GPT2LMHeadModel") != NULL);
    expect_int(result.length, 0);
}

const Test chapter05_tests[] = {
    { "filters and darts, by itself", by_itself },
    { "filters and darts, with options", with_options },
    { "a seed beyond 32 bits", large_seed },
    { "what temperature does", temperature },
    { "the texts are those of generate", texts },
    { "a model that is refused", refused },
    { NULL, NULL },
};
