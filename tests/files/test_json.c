/* test_json.c - what files/json.c accepts, refuses, and says */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>

#include "files/json.h"

static bool parse(const char *text, size_t length, int flags, Error *error)
{
    JsonDocument document;
    char *exact = malloc(length > 0 ? length : 1);  /* ASan sees byte length */
    bool ok;

    memcpy(exact, text, length);
    ok = json_parse(&document, exact, length, flags, JSON_DEPTH, error);
    expect(ok == (document.root != NULL));
    json_free(&document);
    free(exact);
    return ok;
}

static void expect_refused(const char *text, const char *words)
{
    Error error = {0};

    if (parse(text, strlen(text), JSON_UNIQUE, &error))
        test_fail(__FILE__, __LINE__, "accepted: %s", text);
    if (!error_mentions(&error, words))
        test_fail(__FILE__, __LINE__, "%s: \"%s\" lacks \"%s\"", text,
                  error.text, words);
    expect_int(error.code, EXIT_INPUT);
}

TEST(a_tree_as_the_text_says)
{
    static const char text[] =
        " {\"a\": [1, -2.5e3, \"x\\ty\", true, false, null], \"\": {}, \"b\":[]} ";
    JsonDocument document;
    Error error = {0};
    const Json *a, *node;
    double value;

    expect_ok(json_parse(&document, text, sizeof text - 1, JSON_UNIQUE, 2, &error),
              &error);
    expect(json_is(document.root, JSON_OBJECT));
    expect_int(document.root->count, 3);
    expect_int(document.root->offset, 1);
    a = json_get(document.root, "a");
    expect(json_is(a, JSON_ARRAY) && a->count == 6);
    expect_int(a->offset, 7);
    node = a->child;
    expect(json_is(node, JSON_NUMBER));
    expect_text(node->text, "1");
    node = node->next;
    expect_text(node->text, "-2.5e3");
    expect_int(node->offset, 11);
    expect(json_number(&value, node) && value == -2500);
    node = node->next;
    expect(json_equals(node, "x\ty") && !json_equals(node, "x"));
    node = node->next;
    expect(json_is(node, JSON_TRUE));
    expect(json_is(node->next, JSON_FALSE));
    expect(json_is(node->next->next, JSON_NULL));
    expect(node->next->next->next == NULL);
    expect(json_is(json_get(document.root, ""), JSON_OBJECT));
    expect(json_get(document.root, "b")->child == NULL);
    expect(json_get(document.root, "c") == NULL && json_get(a, "a") == NULL);
    expect(json_get(NULL, "a") == NULL && !json_is(NULL, JSON_NULL));
    json_free(&document);
    expect_ok(json_parse(&document, "{\"n\":null,\"f\":false}", 20, 0, 2, &error), &error);
    expect(json_is(json_get(document.root, "n"), JSON_NULL));
    expect(json_given(document.root, "n") == NULL && json_given(NULL, "n") == NULL);
    expect(json_is(json_given(document.root, "f"), JSON_FALSE));
    json_free(&document);
}

/* Against the bytes that RFC 3629 and RFC 8259 give. */
TEST(strings_are_decoded)
{
    static const char text[] =
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\", \"\\u00e9\\u20AC\\uD834\\uDD1E\", "
        "\"a\\u0000b\", \"\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\x7F\"]";
    JsonDocument document;
    Error error = {0};
    const Json *node;

    expect_ok(json_parse(&document, text, sizeof text - 1, 0, 1, &error), &error);
    node = document.root->child;
    expect_text(node->text, "\"\\/\b\f\n\r\t");
    node = node->next;
    expect_text(node->text, "\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E");
    node = node->next;
    expect_int(node->length, 3);
    expect(memcmp(node->text, "a\0b", 4) == 0);
    expect(!json_equals(node, "a"));
    expect_text(node->next->text, "\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\x7F");
    json_free(&document);
}

TEST(what_is_not_json_is_refused_with_its_place)
{
    expect_refused("", "byte 0: this is not JSON: expected a value, found the end");
    expect_refused("  ", "byte 2");
    expect_refused("[1,]", "byte 3: this is not JSON: expected a value, found ']'");
    expect_refused("[1 2]", "byte 3: this is not JSON: expected a comma or ]");
    expect_refused("[,1]", "byte 1");
    expect_refused("[1", "a comma or ], found the end of the text");
    expect_refused("{\"a\" 1}", "byte 5: this is not JSON: expected a colon");
    expect_refused("{\"a\":1,}", "byte 7: this is not JSON: expected a key");
    expect_refused("{a:1}", "a key in double quotes, found 'a'");
    expect_refused("{\"a\":1]", "a comma or }");
    expect_refused("nul", "bare words");
    expect_refused("NaN", "expected a value");
    expect_refused("truefalse", "nothing after the value");
    expect_refused("1 1", "byte 2: this is not JSON: expected nothing after");
    expect_refused("01", "byte 1");
    expect_refused("-", "byte 1: this is not JSON: expected a digit");
    expect_refused("+1", "byte 0");
    expect_refused(".5", "byte 0");
    expect_refused("1.", "byte 2: this is not JSON: expected a digit");
    expect_refused("1e+", "byte 3");
    expect_refused("0x1", "byte 1");
    expect_refused("\"abc", "byte 4: this is not JSON: expected a quote");
    expect_refused("\"a\nb\"", "found byte 0x0A");
    expect_refused("\"\\x\"", "byte 2");
    expect_refused("\"\\u12g4\"", "byte 5: this is not JSON: expected four hexa");
    expect_refused("\"\\ud834\"", "byte 1: \\ud834 is half of a surrogate");
    expect_refused("\"\\ud834\\n\"", "half of a surrogate");
    expect_refused("\"\\ud834\\u0041\"", "half of a surrogate");
    expect_refused("\"\\ud834\\ue000\"", "half of a surrogate");
    expect_refused("\"\\ud834\\ud834\\udd1e\"", "half of a surrogate");
    expect_refused("\"\\udd1e\"", "half of a surrogate");
    expect_refused("\"\xFF\"", "byte 1: this is not JSON: expected UTF-8");
    expect_refused("\"\xC0\x80\"", "UTF-8");            /* overlong NUL      */
    expect_refused("\"\xE0\x9F\xBF\"", "UTF-8");        /* overlong          */
    expect_refused("\"\xED\xA0\x80\"", "UTF-8");        /* a surrogate       */
    expect_refused("\"\xF4\x90\x80\x80\"", "UTF-8");    /* above U+10FFFF    */
    expect_refused("\"\xF5\x80\x80\x80\"", "UTF-8");    /* far above         */
    expect_refused("\"\xE2\x82\"", "UTF-8");            /* cut short         */
    expect_refused("\xEF\xBB\xBF{}", "byte order mark");
    expect_refused("[1]\f", "found byte 0x0C");
    expect_refused("/* no */ 1", "found '/'");
}

TEST(twins)
{
    static const char text[] = "{\"a\":1,\"b\":2,\"a\":3,\"b\":4,\"\\u0061\":5}";
    JsonDocument document;
    Error error = {0};

    expect_refused(text, "byte 17: the key \"a\" stands twice");
    expect_refused("[{\"\":1,\"\":1}]", "stands twice");
    expect(parse("{\"a\":1,\"aa\":1,\"a\\u0000\":1}", 26, JSON_UNIQUE, &error));
    expect(parse("[{\"a\":1},{\"a\":1}]", 17, JSON_UNIQUE, &error));
    expect(json_parse(&document, text, sizeof text - 1, JSON_PLAIN, 1, &error));
    expect_int(document.duplicate->offset, 17);
    expect_text(json_get(document.root, "a")->text, "5");
    expect_text(json_get(document.root, "b")->text, "4");
    json_free(&document);
}

/* Two keys of one length whose FNV-1a-64 is the same: a published pair. */
TEST(keys_that_collide_are_no_twins)
{
    static const char two[] = "{\"8yn0iYCKYHlIj4-BwPqk\":1,"
                              "\"GReLUrM4wMqfg9yzV3KQ\":2}";
    Error error = {0};

    expect_ok(parse(two, sizeof two - 1, JSON_UNIQUE, &error), &error);
    expect_refused("{\"8yn0iYCKYHlIj4-BwPqk\":1,\"GReLUrM4wMqfg9yzV3KQ\":2,"
                   "\"8yn0iYCKYHlIj4-BwPqk\":3}", "8yn0iYCKYHlIj4-BwPqk");
    expect_refused("{\"GReLUrM4wMqfg9yzV3KQ\":1,\"8yn0iYCKYHlIj4-BwPqk\":2,"
                   "\"GReLUrM4wMqfg9yzV3KQ\":3}", "GReLUrM4wMqfg9yzV3KQ");
}

/* Nothing of the text is lost when all of it is kept. */
TEST(a_bare_number_of_any_length)
{
    static const char digits[] = "123456789012345678901234567890123456789";

    for (size_t n = 1; n < sizeof digits; n++) {
        JsonDocument document;
        Error error = {0};

        expect_ok(json_parse(&document, digits, n, 0, 0, &error), &error);
        expect_int(strlen(document.root->text), n);
        json_free(&document);
    }
}

static char *nested(int levels)
{
    char *text = calloc(2 * (size_t)levels + 1, 1);

    memset(text, '[', (size_t)levels);
    memset(text + levels, ']', (size_t)levels);
    return text;
}

TEST(depth_is_bounded)
{
    char *fine = nested(JSON_DEPTH), *deep = nested(JSON_DEPTH + 1);
    char *abyss = nested(5000000);
    JsonDocument document;
    Error error = {0};

    expect(parse(fine, strlen(fine), 0, &error));
    expect_refused(deep, "byte 128: arrays and objects are nested deeper");
    expect_refused(abyss, "nested deeper");
    expect(json_parse(&document, "1", 1, 0, 0, &error));
    json_free(&document);
    expect(!json_parse(&document, "[]", 2, 0, 0, &error));
    free(fine), free(deep), free(abyss);
}

/* A short text cut at every length is refused, and no byte behind is read. */
TEST(a_cut_text_is_refused_at_every_length)
{
    static const char text[] =
        "{\"k\\n\": [1.5e-3, \"\\uD834\\uDD1E\xE2\x82\xAC\", true, {}, null]}";
    Error error = {0};

    for (size_t n = 0; n < sizeof text - 1; n++)
        expect(!parse(text, n, JSON_UNIQUE, &error));
    expect(parse(text, sizeof text - 1, JSON_UNIQUE, &error));
}

static bool integer_of(const char *text, int64_t *value)
{
    JsonDocument document;
    Error error = {0};
    bool ok;

    expect_ok(json_parse(&document, text, strlen(text), 0, 0, &error), &error);
    ok = json_integer(value, document.root);
    json_free(&document);
    return ok;
}

TEST(integers_are_strict)
{
    int64_t value;

    expect(integer_of("0", &value) && value == 0);
    expect(integer_of("-0", &value) && value == 0);
    expect(integer_of("9007199254740993", &value)
           && value == INT64_C(9007199254740993));
    expect(integer_of("9223372036854775807", &value) && value == INT64_MAX);
    expect(integer_of("-9223372036854775808", &value) && value == INT64_MIN);
    expect(!integer_of("9223372036854775808", &value));
    expect(!integer_of("-9223372036854775809", &value));
    expect(!integer_of("18446744073709551617", &value));
    expect(!integer_of("99999999999999999999999", &value));
    expect(!integer_of("1.0", &value));
    expect(!integer_of("1e3", &value));
    expect(!integer_of("\"1\"", &value));
    expect(!integer_of("null", &value));
}

TEST(files_and_their_names)
{
    const char *path = test_scratch("twin.json");
    JsonDocument document;
    Error error = {0};

    test_write(path, "{\"a\": 1, \"a\": 2}", 16);
    expect_ok(json_read_file(&document, path, JSON_PLAIN, &error), &error);
    expect(document.duplicate != NULL);
    json_free(&document);
    expect(!json_read_file(&document, path, JSON_UNIQUE, &error));
    expect(error_mentions(&error, "twin.json: byte 14"));
    expect(!json_read_file(&document, test_scratch("none.json"), 0, &error));
    expect(error_mentions(&error, "none.json"));
    json_free(&document);               /* of a failure: harmless            */
    test_write(path, "version https://git-lfs.github.com/spec/v1\noid …", 50);
    expect(!json_read_file(&document, path, 0, &error));
    expect(error_mentions(&error, "twin.json: this is a git-lfs pointer"));
}

TEST(strangers_are_shown_safely)
{
    char out[JSON_SHOWN], lots[400];

    expect_text(json_show(out, "a\033[2J\n\xC2\x9B\xFFz\0!", 12), "a?[2J???z?!");
    expect_text(json_show(out, "\xE2\x82\xAC", 3), "\xE2\x82\xAC");
    for (int i = 0; i < 133; i++)
        memcpy(lots + 3 * i, "\xE2\x82\xAC", 3);
    json_show(out, lots, 399);
    expect(strlen(out) < JSON_SHOWN && strstr(out, "…") != NULL);
}

/* The published suite: y_ must be accepted, n_ refused, i_ may be either. */
TEST(proof_json_test_suite)
{
    char folder[3000], path[4000];
    DIR *list;
    struct dirent *entry;
    int yes = 0, no = 0, either = 0;

    snprintf(folder, sizeof folder, "%s", test_data("json/test_parsing"));
    list = opendir(folder);
    expect(list != NULL);
    while ((entry = readdir(list)) != NULL) {
        Error error = {0};
        size_t length;
        char *text, kind = entry->d_name[0];
        bool ok;

        if (kind == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        text = test_read(path, &length);
        ok = parse(text, length, JSON_PLAIN, &error);
        if ((kind == 'y' && !ok) || (kind == 'n' && ok))
            test_fail(__FILE__, __LINE__, "%s: %s", entry->d_name, error.text);
        ++*(kind == 'y' ? &yes : kind == 'n' ? &no : &either);
        free(text);
    }
    closedir(list);
    expect(yes >= 90 && no >= 180 && either >= 30);     /* the suite is whole */
}

/* Nine megabytes, 410,000 values. */
TEST(proof_the_largest_tokenizer)
{
    const char *path = test_data("models/Llama-3.2-1B-Instruct/tokenizer.json");
    JsonDocument document;
    Error error = {0};
    const Json *model;

    expect_ok(json_read_file(&document, path, JSON_UNIQUE, &error), &error);
    model = json_get(document.root, "model");
    expect_int(json_get(model, "vocab")->count, 128000);
    expect_int(json_get(model, "merges")->count, 280147);
    json_free(&document);
}

const Test json_tests[] = {
    { "a tree as the text says", a_tree_as_the_text_says },
    { "strings are decoded", strings_are_decoded },
    { "what is not JSON is refused with its place",
      what_is_not_json_is_refused_with_its_place },
    { "twins are seen", twins },
    { "keys that collide are no twins", keys_that_collide_are_no_twins },
    { "a bare number of any length", a_bare_number_of_any_length },
    { "depth is bounded", depth_is_bounded },
    { "a cut text is refused at every length",
      a_cut_text_is_refused_at_every_length },
    { "integers are strict", integers_are_strict },
    { "files and their names", files_and_their_names },
    { "strangers are shown safely", strangers_are_shown_safely },
    { "proof: JSONTestSuite", proof_json_test_suite },
    { "proof: the largest tokenizer.json", proof_the_largest_tokenizer },
    { NULL, NULL },
};
