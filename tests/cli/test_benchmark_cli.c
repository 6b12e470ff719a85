/* test_benchmark_cli.c - ./run benchmark: keys, bytes, files, refusals; never a time */
#include "child.h"
#include "files/json.h"

#include <math.h>

#define QUICK "benchmark", "--repeat", "1", "-n", "4", "--prompt-tokens", "16", "--threads", "1"
#define DRAFT QUICK, "--model", "storyteller-draft"

static JsonDocument parsed(const char *text)
{
    JsonDocument document;
    Error error = {0};

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, JSON_DEPTH, &error),
              &error);
    return document;
}

static double number(const Json *object, const char *key)
{
    double value = NAN;

    if (json_get(object, key) == NULL)
        test_fail(__FILE__, __LINE__, "there is no \"%s\"", key);
    json_number(&value, json_get(object, key));
    return value;
}

/* The row of a test; format: NULL: the first of this name. */
static const Json *find(const Json *root, const char *format, const char *test)
{
    for (const Json *row = json_get(root, "tests")->child; row != NULL; row = row->next)
        if (json_equals(json_get(row, "test"), test)
            && (format == NULL || json_equals(json_get(row, "format"), format)))
            return row;
    test_fail(__FILE__, __LINE__, "there is no row %s", test);
}

/* Bytes that a written token reads: the matrices, each number or block of 32 numbers of
 * eight rows as it lies in memory, counted from the file's own header. The output is the
 * embedding. block, end: bytes of 32 numbers in layers, and in the output; 0: the file's. */
static double expected_bytes(double block, double end)
{
    size_t length;
    char *bytes = test_read("models/storyteller-draft/model.safetensors", &length);
    uint64_t header;
    JsonDocument document;
    double all = 0;

    memcpy(&header, bytes, 8);
    bytes[8 + header] = '\0';
    document = parsed(bytes + 8);
    for (const Json *t = document.root->child; t != NULL; t = t->next) {
        const Json *shape = json_get(t, "shape");
        bool layer = strstr(t->key, "layers") != NULL;
        double from, to, rows, columns;

        if (shape == NULL || shape->count != 2)
            continue;
        json_number(&from, json_get(t, "data_offsets")->child);
        json_number(&to, json_get(t, "data_offsets")->child->next);
        json_number(&rows, shape->child);
        json_number(&columns, shape->child->next);
        if (block == 0 || fmod(columns, 32) != 0)
            all += to - from;
        else
            all += ceil(rows / 8) * 8 * columns / 32 * (layer ? block : end);
    }
    json_free(&document);
    free(bytes);
    return all;
}

TEST(bytes_are_those_of_the_tensors)
{
    JsonDocument d = parsed(fine(run(DRAFT, "--json")));
    const Json *generate = find(d.root, NULL, "generate");
    const Json *prompt = find(d.root, NULL, "prompt"), *load = find(d.root, NULL, "load");

    expect(number(generate, "bytes_per_token") == expected_bytes(0, 0));
    expect(number(generate, "bytes") == 4 * expected_bytes(0, 0));
    expect(number(prompt, "bytes") == expected_bytes(0, 0));    /* one pass  */
    expect(number(generate, "tokens") == 4 && number(prompt, "tokens") == 16);
    expect(number(find(d.root, NULL, "first token"), "tokens") == 9);
    expect(number(load, "weights_bytes") >= expected_bytes(0, 0));
    expect(number(load, "peak_memory_bytes") > number(load, "weights_bytes"));
    json_free(&d);
}

TEST(blocks_are_counted_as_they_lie)
{
    JsonDocument d = parsed(fine(run(DRAFT, "--quantize", "int8", "--quantize", "int4",
                                     "--json")));

    expect(number(find(d.root, "int8", "generate"), "bytes_per_token")
           == expected_bytes(34, 34));
    expect(number(find(d.root, "int4", "generate"), "bytes_per_token")
           == expected_bytes(18, 34));
    json_free(&d);
}

TEST(json_has_its_keys)
{
    static const char *const facts[] = { "processor", "threads", "kernels", "threading",
                                         "compiler", "date", "label" };
    static const char *const walls[] = { "wall: read", "wall: read, 1 thread",
                                         "wall: multiply" };
    static const char *const keys[] = {
        "seconds", "seconds_low", "seconds_high", "tokens_per_second", "bytes_per_second",
        "operations_per_second", "wall_seconds", "wall_share" };
    Result r = run(DRAFT, "--json", "--kernels", "plain", "--label", "abc");
    JsonDocument d = parsed(fine(r));
    const Json *f = json_get(d.root, "facts");

    expect_text(r.err, "");
    expect(json_equals(json_get(d.root, "suite"), "speed"));
    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++)
        expect(json_given(f, facts[i]) != NULL);
    expect(number(f, "threads") == 1 && json_equals(json_get(f, "label"), "abc"));
    expect(strncmp(json_get(f, "kernels")->text, "plain", 5) == 0);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        expect(number(find(d.root, NULL, "prompt"), keys[i]) > 0);
    expect(json_get(find(d.root, NULL, "prompt"), "samples")->count == 1);
    for (int i = 0; i < 2; i++)
        expect(number(find(d.root, NULL, walls[i]), "bytes_per_second") > 0);
    expect(number(find(d.root, NULL, walls[2]), "operations_per_second") > 0);
    json_free(&d);
}

/* Each job is a process: the second's peak is its own. storyteller needs more than its
 * draft, and comes first. */
TEST(several_models_in_processes_of_their_own)
{
    JsonDocument d = parsed(fine(run(QUICK, "--model", "storyteller", "--model",
                                     "storyteller-draft", "--json")));
    const Json *rows = json_get(d.root, "tests");
    const Json *first = rows->child, *second = first;

    expect_int(rows->count, 14);
    for (int i = 0; i < 7; i++)
        second = second->next;
    expect(json_equals(json_get(first, "model"), "storyteller"));
    expect(json_equals(json_get(second, "model"), "storyteller-draft"));
    expect(json_equals(json_get(second, "test"), "load"));
    expect(number(second, "peak_memory_bytes") < number(first, "peak_memory_bytes"));
    json_free(&d);
}

TEST(tables_are_for_people)
{
    char *out = fine(run(DRAFT, "--quantize", "none", "--quantize", "int8"));

    expect(strstr(out, "storyteller-draft, F16: weights ") != NULL);
    expect(strstr(out, "storyteller-draft, int8: weights ") != NULL);
    expect(strstr(out, "───") != NULL && strstr(out, "of it") != NULL);
    expect(strstr(out, "\n  walls: memory ") != NULL);
    expect(strchr(out, '\033') == NULL);
}

/* Prompts and answers are cut to the model's context (256). */
TEST(tokens_are_bounded_by_the_context)
{
    JsonDocument d = parsed(fine(run("benchmark", "--model", "storyteller-draft", "--json",
                                     "--repeat", "1", "-n", "100000", "--prompt-tokens",
                                     "100000", "--threads", "1")));

    expect(number(find(d.root, NULL, "prompt"), "tokens") == 256);
    expect(number(find(d.root, NULL, "generate"), "tokens") == 256);
    json_free(&d);
}

TEST(results_are_saved_and_compared)
{
    char json[256], csv[256], record[256], *out;
    JsonDocument d;

    snprintf(json, sizeof json, "%s", test_scratch("a.json"));
    snprintf(csv, sizeof csv, "%s", test_scratch("a.csv"));
    snprintf(record, sizeof record, "%s", test_scratch("r.jsonl"));
    fine(run(DRAFT, "--repeat", "3", "--out", json));
    expect(strncmp(test_read(json, NULL), "{\"suite\":\"speed\"", 16) == 0);
    out = fine(run(DRAFT, "--repeat", "3", "--out", csv, "--baseline", json));
    expect(strstr(out, "beside ") != NULL && strstr(out, "too few runs to tell") != NULL);
    expect(strncmp(test_read(csv, NULL), "model,format,test,", 18) == 0);
    d = parsed(fine(run(DRAFT, "--repeat", "3", "--baseline", json, "--record", record,
                        "--json")));
    expect_int(json_get(json_get(d.root, "baseline"), "tests")->count, 4);
    expect(json_get(d.root, "record") == NULL);         /* the first line    */
    json_free(&d);
    d = parsed(fine(run(DRAFT, "--repeat", "3", "--record", record, "--json")));
    expect_int(json_get(json_get(d.root, "record"), "tests")->count, 4);
    json_free(&d);
    out = test_read(record, NULL);
    expect(strchr(out, '\n') != NULL && strchr(strchr(out, '\n') + 1, '\n')[1] == '\0');
}

static void refused(Result r, int code, const char *because)
{
    if (r.code != code || strstr(r.err, because) == NULL)
        test_fail(__FILE__, __LINE__, "exit %d: %s, not %s", r.code, r.err, because);
    expect_text(r.out, "");
}

TEST(what_is_wrong_is_said_before_the_work)
{
    char path[256];

    snprintf(path, sizeof path, "%s", test_scratch("spoilt.json"));
    refused(run(DRAFT, "--out", "a.txt"), 2, ".json, .csv or .md");
    refused(run(DRAFT, "--suite", "sped"), 2, "no suite sped");
    refused(run(DRAFT, "--quantize", "int3"), 2, "none, int8 or int4");
    refused(run(DRAFT, "--repeat", "0"), 2, "from 1 to 1000");
    refused(run(DRAFT, "word"), 2, "takes no words");
    refused(run("benchmark", "--model", "storyteler"), 2, "storyteller");
    refused(run("benchmark", "--model", "storyteler", "--model", "storyteller"), 2,
            "storyteller");
    refused(run(DRAFT, "--baseline", "/no/such/file"), 3, "/no/such/file");
    test_write(path, "{\"suite\":", 9);
    refused(run(DRAFT, "--baseline", path), 3, "not JSON");
    refused(run(DRAFT, "--record", path), 3, "line 1");
    test_write(path, "{\"suite\":\"mmlu\"}", 16);
    refused(run(DRAFT, "--baseline", path), 3, "not results of the suite \"speed\"");
    test_write(path, "", 0);
    refused(run(DRAFT, "--baseline", path), 3, "spoilt.json");
}

const Test benchmark_cli_tests[] = {
    { "bytes_are_those_of_the_tensors", bytes_are_those_of_the_tensors },
    { "blocks_are_counted_as_they_lie", blocks_are_counted_as_they_lie },
    { "json_has_its_keys", json_has_its_keys },
    { "several_models_in_processes_of_their_own", several_models_in_processes_of_their_own },
    { "tables_are_for_people", tables_are_for_people },
    { "tokens_are_bounded_by_the_context", tokens_are_bounded_by_the_context },
    { "results_are_saved_and_compared", results_are_saved_and_compared },
    { "what_is_wrong_is_said_before_the_work", what_is_wrong_is_said_before_the_work },
    { NULL, NULL },
};
