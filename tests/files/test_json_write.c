/* test_json_write.c - what files/json_write.c prints, byte by byte */
#include "test.h"

#include <math.h>
#include <stdlib.h>

#include "files/json.h"
#include "files/json_write.h"

static char *written;           /* what the stream below has received       */
static size_t length;

static JsonWriter open_writer(void)
{
    JsonWriter w = { .out = open_memstream(&written, &length) };

    expect(w.out != NULL);
    return w;
}

static void expect_written(JsonWriter *w, const char *want)
{
    fclose(w->out);
    expect_text(written, want);
    free(written);
}

TEST(commas_and_levels)
{
    JsonWriter w = open_writer();
    int ids[] = { 5, -7, 0 };

    json_write_object(&w, NULL);
    json_write_ids(&w, "ids", ids, 3);
    json_write_ids(&w, "none", ids, 0);
    json_write_array(&w, "rows");
    json_write_object(&w, NULL);
    json_write_object_end(&w);
    json_write_object(&w, NULL);
    json_write_bool(&w, "yes", true);
    json_write_bool(&w, "no", false);
    json_write_null(&w, "nothing");
    json_write_object_end(&w);
    json_write_array_end(&w);
    json_write_integer(&w, "least", INT64_MIN);
    json_write_object_end(&w);
    json_write_line(&w);
    json_write_object(&w, NULL);
    json_write_object_end(&w);
    json_write_line(&w);
    expect_written(&w, "{\"ids\":[5,-7,0],\"none\":[],\"rows\":[{},{\"yes\":true,"
                   "\"no\":false,\"nothing\":null}],\"least\":-9223372036854775808}"
                   "\n{}\n");
}

TEST(numbers)
{
    JsonWriter w = open_writer();

    json_write_array(&w, NULL);
    json_write_number(&w, NULL, 0.5, 9);
    json_write_number(&w, NULL, (double)0.1f, 9);
    json_write_number(&w, NULL, -1.1e-300, 17);
    json_write_number(&w, NULL, (double)NAN, 9);
    json_write_number(&w, NULL, (double)INFINITY, 9);
    json_write_number(&w, NULL, (double)-INFINITY, 9);
    json_write_array_end(&w);
    expect_written(&w, "[0.5,0.100000001,-1.1e-300,null,null,null]");
}

TEST(escapes)
{
    JsonWriter w = open_writer();

    json_write_object(&w, NULL);
    json_write_text(&w, "a\"b", "\"\\/\b\f\n\r\t\x01\x1F\x7F\0z", 13);
    json_write_text(&w, "", "\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E", 9);
    json_write_object_end(&w);
    expect_written(&w, "{\"a\\\"b\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\\u0000z"
                   "\",\"\":\"\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\"}");
}

#define X "\xEF\xBF\xBD"

/* The Unicode Standard, section 3.9, tables 3-8 to 3-11: one U+FFFD for each
 * maximal part of a character that was begun. */
TEST(broken_utf8)
{
    JsonWriter w = open_writer();

    json_write_array(&w, NULL);
    json_write_text(&w, NULL, "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", 9);
    json_write_text(&w, NULL, "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", 9);
    json_write_text(&w, NULL, "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", 9);
    json_write_text(&w, NULL, "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 9);
    json_write_text(&w, NULL, "\xF0\x9D\x84\x9E", 3);       /* cut short     */
    json_write_array_end(&w);
    expect_written(&w, "[\"" X X X X X X X X "A\",\"" X X X X X X X X "A\",\""
                   X X X X X "A" X X "B\",\"" X X X X "A\",\"" X "\"]");
}

/* Whatever bytes go in, our own strict reader takes what comes out. */
TEST(random_bytes_come_out_as_json)
{
    uint64_t state = 6;

    for (int i = 0; i < 2000; i++) {
        JsonWriter w = open_writer();
        JsonDocument document;
        Error error = {0};
        char bytes[64];

        for (int j = 0; j < 64; j++)
            bytes[j] = (char)(test_random(&state) >> (i % 2 ? 0 : 1));
        json_write_text(&w, NULL, bytes, test_random(&state) % 65);
        fclose(w.out);
        expect_ok(json_parse(&document, written, length, 0, 0, &error), &error);
        json_free(&document);
        free(written);
    }
}

const Test json_write_tests[] = {
    { "commas and levels", commas_and_levels },
    { "numbers", numbers },
    { "escapes", escapes },
    { "broken UTF-8 becomes U+FFFD", broken_utf8 },
    { "random bytes come out as JSON", random_bytes_come_out_as_json },
    { NULL, NULL },
};
