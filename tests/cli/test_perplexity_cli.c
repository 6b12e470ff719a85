/* test_perplexity_cli.c - ./run perplexity: what it prints, refuses and survives
 *
 * The numbers themselves are judged by tests/measure/test_perplexity.c and by
 * tests/oracle/perplexity.py. Here: `logits --all` says what each token of a small text
 * costs, and the word must say the same sums. */
#include "child.h"

#include <math.h>
#include <time.h>

#include "files/json.h"
#include "tests/base/pseudo_terminal.h"

#define STORY "models/heldout/just-so-stories.txt"
#define LONG_STORY "models/heldout/through-the-looking-glass.txt"

static const char FABLE[] = "A fox saw a crow with a piece of cheese.\n";

/* A field of the one JSON object that is printed, as it is spelled. */
static const char *field(const char *printed, const char *name)
{
    static JsonDocument document;
    const Json *value;
    Error error = {0};

    expect_ok(json_parse(&document, printed, strlen(printed), JSON_UNIQUE, 10, &error),
              &error);
    value = json_get(document.root, name);
    expect(value != NULL && json_is(value, JSON_NUMBER));
    return value->text;
}

static double number(const char *printed, const char *name)
{
    return strtod(field(printed, name), NULL);
}

static const char *fable(void)
{
    const char *path = test_scratch("fable.txt");

    test_write(path, FABLE, strlen(FABLE));
    return path;
}

/* -ln p of the text's tokens as logits tells them, behind BOS: one run for each token,
 * the softmax in double with libm. */
static double nats_of(const char *text, int *tokens)
{
    char *ids = strdup(fine(run("tokenize", "--text", text))), *end;
    const char *raw = strdup(test_scratch("raw.f32"));
    float logits[2048];
    int id[100], n = 0;
    double nats = 0;
    char *bytes;
    size_t length;

    for (char *at = ids; *at != '\n' && n < 100; at = end)
        id[n++] = (int)strtol(at, &end, 10);
    fine(run("logits", "--text", text, "--all", "--top", "1", "--out", raw));
    bytes = test_read(raw, &length);
    expect_int(length, (size_t)n * sizeof logits);
    for (int i = 1; i < n; i++) {
        double sum = 0;

        memcpy(logits, bytes + (size_t)(i - 1) * sizeof logits, sizeof logits);
        for (int v = 0; v < 2048; v++)
            sum += exp((double)logits[v]);
        nats += log(sum) - (double)logits[id[i]];
    }
    *tokens = n - 1;
    return nats;
}

TEST(says_what_logits_say)
{
    int tokens;
    double nats = nats_of(FABLE, &tokens);
    char *json = strdup(fine(run("perplexity", "--file", fable(), "--json")));
    char *table = fine(run_with(FABLE, "perplexity")), line[100];

    expect_int((int)number(json, "tokens"), tokens);
    expect_relative(number(json, "nll"), nats, 1e-12);
    expect_relative(number(json, "perplexity"), exp(nats / tokens), 1e-12);
    expect_relative(number(json, "bits_per_byte"),
                    nats / log(2) / (double)strlen(FABLE), 1e-12);
    snprintf(line, sizeof line, "perplexity    %12.5g\n", exp(nats / tokens));
    expect(strstr(table, line) != NULL);
    snprintf(line, sizeof line, "tokens        %12d  scored, of %d\n", tokens, tokens);
    expect(strstr(table, line) == table);
}

/* The spelling of nll, 17 digits, is its bits. A page only: the plain kernels are slow
 * where a sanitizer watches them. */
TEST(the_same_bits_however_it_is_read)
{
    static const char *const ways[][4] = { { "--threads=3", "--chunk=9" },
        { "--threads=1", "--kernels=plain" }, { "--chunk=1" }, { "--kv=f32" },
        { "--stride=40" } };
    const char *page = strdup(test_scratch("page.txt")), *first;

    test_write(page, test_read(STORY, NULL), 500);
    first = strdup(fine(run("perplexity", "--file", page, "--window", "40", "--stride",
                            "30", "--json")));
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char *again = fine(run("perplexity", "--file", page, "--window", "40", "--stride",
                               "30", "--json", ways[i][0], ways[i][1]));
        bool same = strcmp(strdup(field(first, "nll")), field(again, "nll")) == 0;

        expect(same == (i < 3));            /* the last two are other sums   */
    }
}

TEST(a_small_context_is_said)
{
    Result r = run("perplexity", "--file", STORY, "--json");

    expect_int((int)number(fine(r), "window"), 255);
    expect(strstr(r.err, "windows of 255 tokens instead of 512") != NULL);
    expect_text(strdup(r.out), fine(run("perplexity", "--file", STORY, "--json",
                                        "--window", "255")));
}

TEST(what_is_refused)
{
    static const struct { int code; const char *says; const char *args[8]; } cases[] = {
        { 2, "from 1 to", { "--file", STORY, "--window", "0" } },
        { 2, "from 1 to 255", { "--file", STORY, "--window", "256" } },
        { 2, "from 1 to 255", { "--file", STORY, "--window", "1000000000" } },
        { 2, "from 1 to", { "--file", STORY, "--stride", "0" } },
        { 2, "from 1 to 255", { "--file", STORY, "--stride", "256" } },
        { 2, "from 1 to 8", { "--file", STORY, "--window", "8", "--stride", "9" } },
        { 2, "--window", { "--file", STORY, "--windw", "8" } },
        { 2, "--top-k", { "--file", STORY, "--top-k", "8" } },
        { 3, "no-such-file", { "--file", "no-such-file" } },
        { 3, "nothing to score", { NULL } },            /* an empty pipe     */
    };
    Result r;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *args[10] = { "perplexity" };

        memcpy(args + 1, cases[i].args, sizeof cases[i].args);
        r = child_run("", 0, args);
        if (r.code != cases[i].code || strstr(r.err, cases[i].says) == NULL)
            test_fail(__FILE__, __LINE__, "case %zu: exit %d, %s", i, r.code, r.err);
        expect_int(r.length, 0);
    }
    expect_int(run_with("caf\xE9", "perplexity").code, 3);
    test_write(test_scratch("empty"), "", 0);
    r = run("perplexity", "--json", "--file", test_scratch("empty"));
    expect_int(r.code, 3);
    expect(r.length == 0 && strstr(r.err, "nothing to score") != NULL);
}

/* What was drawn on the terminal since the last look, behind what is there. */
static void look(int reader, char *seen, size_t room)
{
    size_t length = strlen(seen);
    ssize_t got = read(reader, seen + length, room - 1 - length);

    seen[length + (got > 0 ? (size_t)got : 0)] = '\0';
}

/* On a terminal a bar shows the number so far. Ctrl-C then: what there is on stderr,
 * nothing on stdout, 130. */
TEST(watched_and_interrupted)
{
    static const char *const args[] = { "perplexity", "--file", LONG_STORY, "--window",
        "128", "--stride", "2", "--kernels", "plain", "--threads", "1", "--chunk", "4",
        NULL };
    const struct timespec moment = { 0, 50000000 };
    const char *path, *out = strdup(test_scratch("interrupted.out"));
    static char seen[200000];
    int terminal, reader = pseudo_terminal_make(100, &terminal, &path), tries = 0;
    size_t length;
    pid_t child;

    setenv("TERM", "xterm", 1);
    child = child_start(args, "/dev/null", out, path);
    for (; strstr(seen, "perplexity so far ") == NULL && tries < 1200; tries++) {
        nanosleep(&moment, NULL);
        look(reader, seen, sizeof seen);
    }
    kill(child, SIGINT);
    expect_int(child_wait(child), 130);
    look(reader, seen, sizeof seen);
    expect(strstr(seen, "perplexity so far ") != NULL);
    expect(strstr(seen, "so far: ") != NULL && strstr(seen, " nats, perplexity ") != NULL);
    test_read(out, &length);
    expect_int(length, 0);
    close(terminal), close(reader);
}

const Test perplexity_cli_tests[] = {
    { "says what logits say", says_what_logits_say },
    { "the same bits however it is read", the_same_bits_however_it_is_read },
    { "a small context is said", a_small_context_is_said },
    { "what is refused", what_is_refused },
    { "watched and interrupted", watched_and_interrupted },
    { NULL, NULL },
};
