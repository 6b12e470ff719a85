/* test_speculative_cli.c - ./run speculative: the same text, and a report that adds up
 *
 * The rounds of --json are counted again: who was accepted by u · q < p, what each round
 * wrote, and the share that stderr prints. What the text must be is judged by
 * tests/decode/test_speculative*.c. */
#include "child.h"

#include <sys/stat.h>

#include "files/json.h"

enum { IDS = 400, GUESSES = 16 };

static const char *const PROMPT = "Once upon a time there was a king and a queen, a king "
                                  "and a queen, a king and";

typedef struct {                /* what a run printed                        */
    JsonDocument document;
    char *err, *text;
    int ids[IDS], count;
    int proposed, accepted, rounds, with_guesses;
} Printed;

static int integers(int *out, int most, const Json *array)
{
    int n = 0;

    expect(json_is(array, JSON_ARRAY));
    for (const Json *one = array->child; one != NULL; one = one->next) {
        expect(n < most);
        out[n++] = atoi(one->text);
    }
    return n;
}

static int numbers(double *out, int most, const Json *array)
{
    int n = 0;

    expect(json_is(array, JSON_ARRAY));
    for (const Json *one = array->child; one != NULL; one = one->next) {
        expect(n < most);
        expect(json_number(&out[n++], one));
    }
    return n;
}

static int whole(const Json *root, const char *name)
{
    const Json *value = json_get(root, name);

    expect(json_is(value, JSON_NUMBER));
    return atoi(value->text);
}

/* One round at answer index at; returns how many ids it wrote. */
static int recount_round(Printed *out, const Json *round, int at)
{
    int draft[GUESSES], emitted[GUESSES + 1];
    int n = integers(draft, GUESSES, json_get(round, "draft"));
    int wrote = integers(emitted, GUESSES + 1, json_get(round, "emitted"));
    double q[GUESSES], p[GUESSES], u[GUESSES];
    const Json *verdict = json_get(round, "verdicts")->child;
    bool stands = true;
    int accepted = 0;

    expect_int(numbers(q, GUESSES, json_get(round, "q")), n);
    expect_int(numbers(p, GUESSES, json_get(round, "p")), n);
    expect_int(numbers(u, GUESSES, json_get(round, "u")), n);
    for (int i = 0; i < n; i++, verdict = verdict->next) {
        bool held = u[i] * q[i] < p[i];

        expect(q[i] > 0 && q[i] <= 1 + 1e-12 && u[i] >= 0 && u[i] < 1);
        expect(json_equals(verdict, "unread") == !stands);
        if (!stands)
            continue;
        expect(json_equals(verdict, "rejected") == !held);
        if (held && i < wrote)
            expect_int(emitted[i], draft[i]);
        accepted += json_equals(verdict, "accepted");
        stands = held;
    }
    expect(verdict == NULL && wrote >= 1 && wrote <= n + 1);
    expect_int(whole(round, "accepted"), accepted);
    for (int i = 0; i < wrote && at + i < out->count; i++)
        expect_int(emitted[i], out->ids[at + i]);
    out->proposed += n;
    out->accepted += accepted;
    out->with_guesses += n > 0;
    return wrote;
}

static Printed recount(Result r)
{
    Printed out = { .err = r.err };
    Error error = {0};
    const Json *root;
    int at = 0, passes;
    char line[100];

    fine(r);
    expect_ok(json_parse(&out.document, r.out, r.length, JSON_UNIQUE, 10, &error), &error);
    root = out.document.root;
    out.text = strdup(json_get(root, "text")->text);
    out.count = integers(out.ids, IDS, json_get(root, "ids"));
    for (const Json *round = json_get(root, "rounds")->child; round != NULL;
         round = round->next, out.rounds++)
        at += recount_round(&out, round, at);
    if (!json_equals(json_get(root, "stop"), "stop"))
        expect_int(at, out.count);
    expect_int(whole(root, "proposed"), out.proposed);
    expect_int(whole(root, "accepted"), out.accepted);
    passes = whole(root, "passes");
    expect(passes == out.rounds || passes + 1 == out.rounds);
    snprintf(line, sizeof line, ": %d of %d accepted (%.1f %%)\n", out.accepted,
             out.proposed, out.proposed > 0 ? 100.0 * out.accepted / out.proposed : 0);
    expect(strstr(r.err, line) != NULL);
    return out;
}

static const char *const drafts[] = { "storyteller-draft", "int4", "int8", "ngram",
                                      "storyteller-neox" };
static const char *const Ks[] = { "1", "4", "16", "auto" };

static Result speculate(const char *draft, const char *K, const char *temperature,
                        const char *threads)
{
    return run("speculative", "--prompt", PROMPT, "-n", "40", "--draft", draft, "--k", K,
               "--temperature", temperature, "--threads", threads, "--json");
}

TEST(what_is_printed_adds_up)
{
    for (int d = 0; d < 5; d++)
        for (int k = 0; k < 4; k++) {
            Printed out = recount(speculate(drafts[d], Ks[k], "0.8", "1"));
            const Json *root = out.document.root;

            expect(json_equals(json_get(root, "draft"), drafts[d]));
            if (k == 3)
                expect(json_equals(json_get(root, "k"), "auto"));
            else
                expect_int(whole(root, "k"), atoi(Ks[k]));
            expect(k == 3 || out.with_guesses > 0);
        }
}

TEST(at_temperature_0_it_is_the_plain_text)
{
    char *plain = fine(run("generate", "--prompt", PROMPT, "-n", "40", "--temperature",
                           "0"));
    int accepted = 0;

    for (int d = 0; d < 5; d++)
        for (int k = 0; k < 4; k++) {
            Printed out = recount(speculate(drafts[d], Ks[k], "0", "1"));

            expect(strncmp(plain, out.text, strlen(out.text)) == 0);
            expect_text(plain + strlen(out.text), "\n");
            accepted += out.accepted;
        }
    expect(accepted > 200);
    expect_text(fine(run("speculative", "--prompt", PROMPT, "-n", "40", "--temperature",
                         "0")), plain);
    expect_text(fine(run("generate", "--draft", "ngram", "--prompt", PROMPT, "-n", "40",
                         "--temperature", "0")), plain);
}

/* The same seed and K: the same rounds to the last digit, however they are computed. */
TEST(the_seed_and_K_are_the_rounds)
{
    for (int d = 0; d < 4; d++)
        for (int k = 1; k < 4; k += 2) {
            char *one = strstr(fine(speculate(drafts[d], Ks[k], "0.8", "1")),
                               "\"rounds\":");
            char *two = strstr(fine(speculate(drafts[d], Ks[k], "0.8", "3")),
                               "\"rounds\":");

            expect(one != NULL && two != NULL);
            expect_text(two, one);
        }
}

TEST(no_guesses_are_plain_sampling)
{
    char *plain = fine(run("generate", "--prompt", PROMPT, "-n", "30", "--seed", "5"));

    expect_text(fine(run("speculative", "--prompt", PROMPT, "-n", "30", "--seed", "5",
                         "--draft", "int4", "--k", "0")), plain);
}

TEST(a_stop_string_is_no_acceptance)
{
    char *plain = strdup(fine(run("generate", "--prompt", PROMPT, "-n", "30",
                                  "--temperature", "0"))), stop[12];
    Printed out;

    expect(strlen(plain) > 60);
    snprintf(stop, sizeof stop, "%.11s", plain + 40);
    out = recount(run("speculative", "--prompt", PROMPT, "-n", "30", "--temperature", "0",
                      "--draft", "int8", "--k", "16", "--stop", stop, "--json"));
    *strstr(plain, stop) = '\0';
    expect_text(out.text, plain);
    expect(json_equals(json_get(out.document.root, "stop"), "stop"));
    expect(out.accepted < out.count);
    expect(strstr(fine(speculate("ngram", "4", "0", "1")), "\"cut\"") == NULL);
}

/* The one beside the model, or the text itself; said on stderr, where the marks are. */
TEST(without_a_draft_one_is_found)
{
    Result r = run("speculative", "--prompt", "Once", "-n", "20");

    fine(r);
    expect(strstr(r.err, "note: no --draft is given: storyteller-draft") != NULL);
    expect(strstr(r.err, "guesses of storyteller-draft, 4 a round") != NULL);
    expect(strstr(r.err, "\xE2\x9C\x93") != NULL);
    r = run("speculative", "--model", "storyteller-neox", "--prompt", "Once", "-n", "5");
    fine(r);
    expect(strstr(r.err, "guesses come from the text itself") != NULL);
    r = run("generate", "--prompt", "Once", "-n", "5", "--json");
    expect(strstr(fine(r), "rounds") == NULL && strstr(r.err, "guesses") == NULL);
}

static void refused(Result r, int code, const char *why)
{
    if (r.code != code || strstr(r.err, why) == NULL)
        test_fail(__FILE__, __LINE__, "exit %d: %s", r.code, r.err);
    expect_text(r.out, "");
}

/* A copy of storyteller-draft in which two tokens have changed places. */
static const char *other_vocabulary(void)
{
    static const char *const files[] = { "config.json", "tokenizer.json",
                                         "model.safetensors" };
    const char *folder = strdup(test_scratch("other"));

    expect(mkdir(folder, 0700) == 0);
    for (int i = 0; i < 3; i++) {
        char from[200], to[300];
        size_t length;
        char *bytes;

        snprintf(from, sizeof from, "models/storyteller-draft/%s", files[i]);
        snprintf(to, sizeof to, "%s/%s", folder, files[i]);
        bytes = test_read(from, &length);
        if (i == 1) {
            char *at = strstr(bytes, "\"X\":56,\"Y\":57");

            expect(at != NULL);
            memcpy(at, "\"X\":57,\"Y\":56", 13);
        }
        test_write(to, bytes, length);
    }
    return folder;
}

TEST(what_is_refused)
{
    refused(run("speculative", "--prompt", "a", "--draft", "storytelle"), 2,
            "storytelle");
    refused(run("speculative", "--prompt", "a", "--draft", "/no/such/folder"), 2,
            "/no/such/folder");
    refused(run("speculative", "--prompt", "a", "--draft", "int5"), 2,
            "did you mean --draft int4?");
    refused(run("speculative", "--prompt", "a", "--k", "17"), 2, "from 0 to 16");
    refused(run("speculative", "--prompt", "a", "--k", "-1"), 2, "from 0 to 16");
    refused(run("speculative", "--prompt", "a", "--k", "x"), 2, "from 0 to 16");
    refused(run("speculative", "--prompt", "a", "--k", ""), 2, "from 0 to 16");
    refused(run("speculative", "--prompt", "a", "--k", "4.0"), 2, "from 0 to 16");
    refused(run("speculative", "--prompt", "a", "--k", "99999999999999999999"), 2,
            "from 0 to 16");
    refused(run("generate", "--prompt", "a", "--k", "4"), 2, "--draft");
    refused(run("speculative", "--prompt", "a", "--draft", "models/shapes"), 3,
            "config.json");
    refused(run("speculative", "--prompt", "a", "--draft", other_vocabulary()), 3,
            "the id 56 is \"Y\" to the one and \"X\" to the other");
}

const Test speculative_cli_tests[] = {
    { "what is printed adds up, for every draft and K", what_is_printed_adds_up },
    { "at temperature 0 it is the plain text", at_temperature_0_it_is_the_plain_text },
    { "the seed and K are the rounds", the_seed_and_K_are_the_rounds },
    { "no guesses are plain sampling", no_guesses_are_plain_sampling },
    { "what a stop string cuts is not accepted", a_stop_string_is_no_acceptance },
    { "without --draft one is found, and said", without_a_draft_one_is_found },
    { "what is refused", what_is_refused },
    { NULL, NULL },
};
