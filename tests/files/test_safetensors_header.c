/* test_safetensors_header.c - true headers are read, each kind of lie is refused
 *
 * A hostile file is made by hand: header text, then so many bytes of data. The
 * parser gets it in a block of exactly its size, so that a sanitizer sees a step
 * beyond its end.
 */
#include "test.h"

#include <stdlib.h>

#include "files/safetensors_header.h"

/* The file's bytes into out, at least strlen(header) + 8 + data long. */
static size_t build(unsigned char *out, const char *header, size_t data)
{
    size_t n = strlen(header);

    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(out + 8, header, n);
    for (size_t i = 0; i < data; i++)
        out[8 + n + i] = (unsigned char)(i + 1);
    return 8 + n + data;
}

static bool parse(const unsigned char *bytes, size_t size, Error *error)
{
    unsigned char *exact = calloc(size > 0 ? size : 1, 1);
    SafetensorsHeader header;
    Arena arena = {0};
    bool ok;

    memcpy(exact, bytes, size);
    ok = safetensors_parse(&header, &arena, exact, size, error);
    arena_free(&arena);
    free(exact);
    return ok;
}

static void expect_refused(const char *header, size_t data, const char *words)
{
    unsigned char *file = malloc(strlen(header) + 8 + data);
    size_t size = build(file, header, data);
    Error error = {0};

    if (parse(file, size, &error))
        test_fail(__FILE__, __LINE__, "accepted: %s", header);
    if (!error_mentions(&error, words))
        test_fail(__FILE__, __LINE__, "%s:\n      \"%s\" lacks \"%s\"", header,
                  error.text, words);
    expect_int(error.code, EXIT_INPUT);
    free(file);
}

static void expect_accepted(const char *header, size_t data)
{
    unsigned char *file = malloc(strlen(header) + 8 + data);
    size_t size = build(file, header, data);
    Error error = {0};

    expect_ok(parse(file, size, &error), &error);
    free(file);
}

#define F32(name, shape, begin, end)                                          \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":["    \
    begin "," end "]}"

TEST(what_is_legal)
{
    expect_accepted("{}", 0);
    expect_accepted("{}      ", 0);
    expect_accepted("{\"__metadata__\":{}}", 0);
    expect_accepted("{\"__metadata__\":{\"format\":\"pt\",\"\":\"\"}}", 0);
    expect_accepted("{" F32("a", "2,3", "0", "24") "}", 24);
    expect_accepted("{" F32("a", "", "0", "4") "}", 4);            /* rank 0 */
    expect_accepted("{" F32("a", "0", "0", "0") "}", 0);
    expect_accepted("{" F32("z", "0,7", "4", "4") "," F32("a", "1", "0", "4") ","
                    F32("m", "3,0", "0", "0") "}", 4);
    expect_accepted("{" F32("a", "1,1,1,1,1,1,1,1", "0", "4") "}", 4);
    expect_accepted("{ " F32("", "1", "0", "4") "\n}", 4);
    expect_accepted("{" F32("\xC3\xA9\\u20ac", "1", "0", "4") "}", 4);
    expect_accepted("{\"a\":{\"data_offsets\":[0,1],\"shape\":[2],\"dtype\":\"F4\"}}",
                    1);
    expect_accepted("{\"a\":{\"dtype\":\"F6_E2M3\",\"shape\":[4],"
                    "\"data_offsets\":[0,3]}}", 3);
    expect_accepted("{\"a\":{\"dtype\":\"C64\",\"shape\":[1],"
                    "\"data_offsets\":[0,8]}}", 8);
}

TEST(headers_that_lie_about_themselves)
{
    unsigned char file[64] = {0};
    Error error = {0};

    expect(!parse(file, 0, &error) && error_mentions(&error, "0 bytes long"));
    expect(!parse(file, 7, &error) && error_mentions(&error, "7 bytes long"));
    expect(!parse(file, 8, &error) && error_mentions(&error, "byte 8"));
    memset(file, 0xFF, 8);
    expect(!parse(file, 64, &error)
           && error_mentions(&error, "18446744073709551615 bytes is longer"));
    build(file, "{}", 0);
    file[4] = 1;                                    /* N = 2^32 + 2          */
    expect(!parse(file, 10, &error) && error_mentions(&error, "4294967298"));
    build(file, "{}", 0);
    file[0] = 3;
    expect(!parse(file, 10, &error)
           && error_mentions(&error, "3 bytes long, but only 2 follow"));
    expect_refused(" {}", 0, "byte 8: the header does not begin with {");
    expect_refused("[]", 0, "does not begin with {");
    expect_refused("\xEF\xBB\xBF{}", 0, "does not begin with {");
    expect_refused("{}\n", 0, "byte 10: the header does not end with }");
    expect_refused("{}\t ", 0, "does not end");
    expect_refused("{", 0, "does not end");
    expect_refused("{} {}", 0, "byte 3: this is not JSON");
    expect_refused("{\"a\":}", 0, "header, which begins at byte 8: byte 5");
    expect_refused("{\"a\":[[[1]]]}", 0, "nested deeper");
}

/* One byte over the limit is refused before anything is allocated. */
TEST(the_largest_header)
{
    size_t n = SAFETENSORS_HEADER_MAX;
    unsigned char *file = malloc(n + 16);
    SafetensorsHeader header;
    Arena arena = {0};
    Error error = {0};
    size_t before;

    memset(file, ' ', n + 16);
    for (int i = 0; i < 8; i++)
        file[i] = (unsigned char)((uint64_t)n >> 8 * i);
    file[8] = '{', file[9] = '}';
    expect_ok(safetensors_parse(&header, &arena, file, n + 8, &error), &error);
    file[0]++;
    before = memory_count();
    expect(!safetensors_parse(&header, &arena, file, n + 16, &error));
    expect(error_mentions(&error, "100000001 bytes is longer"));
    expect_int(memory_count(), before);
    arena_free(&arena);
    free(file);
}

TEST(entries_that_are_none)
{
    expect_refused("{\"a\":1}", 0, "tensor \"a\": is described by something");
    expect_refused("{\"a\":{}}", 0, "byte 13: tensor \"a\": has no dtype");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4,
                   "tensor \"a\": has no shape");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4,
                   "tensor \"a\": its data_offsets are not two");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],"
                   "\"x\":1}}", 4, "byte 65: tensor \"a\": has a field besides");
    expect_refused("{\"a\":{\"dtype\":\"F99\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                   4, "byte 22: tensor \"a\": its dtype is none");
    expect_refused("{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                   4, "dtype");
    expect_refused("{\"a\":{\"dtype\":\"F32\\u0000\",\"shape\":[1],"
                   "\"data_offsets\":[0,4]}}", 4, "its dtype is none");
    expect_refused("{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4,
                   "no string");
    expect_refused("{" F32("a\\u0000b", "1", "0", "4") "}", 4, "NUL");
    expect_refused("{" F32("a\xFF", "1", "0", "4") "}", 4, "UTF-8");
    expect_refused("{" F32("a\\ud800", "1", "0", "4") "}", 4, "surrogate");
    expect_refused("{" F32("a", "1", "0", "4") "," F32("a", "1", "4", "8") "}", 8,
                   "the key \"a\" stands twice");
    expect_refused("{" F32("a", "1", "0", "4") "," F32("\\u0061", "1", "4", "8")
                   "}", 8, "the key \"a\" stands twice");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"shape\":[1],"
                   "\"data_offsets\":[0,4]}}", 4, "the key \"shape\" stands twice");
    expect_refused("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "twice");
    expect_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "twice");
    expect_refused("{\"__metadata__\":[]}", 0, "__metadata__ is no object");
    expect_refused("{\"__metadata__\":{\"a\":1}}", 0, "byte 29: a value in");
    expect_refused("{\"__metadata__\":{\"a\":{}}}", 0, "no string");
    expect_refused("{" F32("__metadata__", "1", "0", "4") "}", 4, "no string");
}

TEST(numbers_that_are_none)
{
    static const char *const bad[] = {
        "-1", "-0", "1.0", "1e0", "\"1\"", "null", "true", "[1]", "{}",
        "9223372036854775808", "18446744073709551617",
        "340282366920938463463374607431768211457",
    };
    char header[300];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(header, sizeof header, "{" F32("a", "%s", "0", "4") "}", bad[i]);
        expect_refused(header, 4, i == 8 ? "" : i == 7 ? "nested deeper"
                       : "byte 37: tensor \"a\": a size in its shape");
        snprintf(header, sizeof header, "{" F32("a", "1", "%s", "4") "}", bad[i]);
        expect_refused(header, 4, i > 6 && i < 9 ? "nested deeper"
                       : "its data_offsets are not two whole");
        snprintf(header, sizeof header, "{" F32("a", "1", "0", "%s") "}", bad[i]);
        expect_refused(header, 4, i > 6 && i < 9 ? "nested deeper"
                       : "its data_offsets are not two whole");
    }
    expect_refused("{" F32("a", "01", "0", "4") "}", 4, "not JSON");
    expect_refused("{" F32("a", "1,1,1,1,1,1,1,1,1", "0", "4") "}", 4,
                   "more than 8 dimensions");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4,
                   "has no shape, or one that is no array");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
                   "not two");
    expect_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}",
                   4, "not two");
}

TEST(sizes_that_do_not_fit)
{
    expect_refused("{" F32("a", "1", "0", "5") "}", 5,
                   "take 4 bytes, its data_offsets [0, 5] hold 5");
    expect_refused("{" F32("a", "2", "0", "4") "}", 4, "take 8 bytes");
    expect_refused("{" F32("a", "0", "0", "4") "}", 4, "take 0 bytes");
    expect_refused("{" F32("a", "", "0", "0") "}", 0, "take 4 bytes");
    expect_refused("{" F32("a", "1", "4", "0") "}", 4, "do not lie in");
    expect_refused("{" F32("a", "1", "0", "4") "}", 3,
                   "[0, 4] do not lie in the file's 3 bytes");
    expect_refused("{" F32("a", "1", "4", "8") "}", 4, "do not lie in");
    expect_refused("{" F32("a", "1", "9223372036854775804", "9223372036854775807")
                   "}", 4, "do not lie in");
    /* Products that wrap round 2^64 to 0, to 4, and times 4 only. */
    expect_refused("{" F32("a", "4294967296,4294967296", "0", "0") "}", 0,
                   "below 2^61");
    expect_refused("{" F32("a", "1073741825,17179869184", "0", "4") "}", 4,
                   "below 2^61");
    expect_refused("{" F32("a", "4611686018427387905", "0", "4") "}", 4,
                   "below 2^61");
    expect_refused("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2,
                   "whole number of bytes");
}

TEST(data_that_does_not_tile)
{
    expect_refused("{" F32("a", "1", "4", "8") "}", 8,
                   "tensor \"a\" begins here, 4 bytes behind the end");
    expect_refused("{" F32("a", "1", "0", "4") "," F32("b", "1", "8", "12") "}", 12,
                   "tensor \"b\" begins here, 4 bytes behind");
    expect_refused("{" F32("a", "2", "0", "8") "," F32("b", "1", "4", "8") "}", 8,
                   "tensor \"b\" begins here, 4 bytes inside");
    expect_refused("{" F32("a", "1", "0", "4") "," F32("b", "1", "0", "4") "}", 4,
                   "overlaps");
    expect_refused("{" F32("a", "2", "0", "8") "," F32("b", "0", "4", "4") "}", 8,
                   "tensor \"b\" begins here, 4 bytes inside");
    expect_refused("{" F32("a", "1", "0", "4") "}", 5,
                   "ends here, but 1 bytes follow");
    expect_refused("{}", 1, "1 bytes follow");
    expect_refused("{" F32("a", "0", "1", "1") "}", 1, "begins here, 1 bytes behind");
}

/* A small true file, cut at every length, is always refused. */
TEST(a_cut_file_is_refused_at_every_length)
{
    unsigned char file[400];
    size_t size = build(file, "{\"__metadata__\":{\"k\":\"v\"}," F32("a", "2", "0", "8")
                        "," F32("b", "", "8", "12") "}  ", 12);
    Error error = {0};

    expect_ok(parse(file, size, &error), &error);
    for (size_t n = 0; n < size; n++)
        expect(!parse(file, n, &error));
}

/* Every byte of a small true file, set to others: refused or read, never worse. */
TEST(a_changed_byte_does_no_harm)
{
    unsigned char file[400];
    size_t size = build(file, "{" F32("a", "2", "0", "8") "," F32("b", "", "8", "12")
                        "}", 12);
    Error error = {0};
    int refused = 0;

    for (size_t i = 0; i < size - 12; i++)
        for (int value = 0; value < 256; value += 3) {
            unsigned char before = file[i];

            file[i] = (unsigned char)value;
            refused += !parse(file, size, &error);
            file[i] = before;
        }
    expect(refused > 5000);
}

TEST(other_kinds_of_files)
{
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\n"
                              "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1"
                              "258daaa5e2ca24d17e2393\nsize 12345\n";
    Error error = {0};

    expect(!parse((const unsigned char *)lfs, sizeof lfs - 1, &error)
           && error_mentions(&error, "git lfs pull"));
    expect(!parse((const unsigned char *)"GGUF\3\0\0\0\0\0\0\0\0\0\0\0", 16, &error)
           && error_mentions(&error, "GGUF file"));
    expect(!parse((const unsigned char *)"GGUF", 4, &error)
           && error_mentions(&error, "GGUF file"));
    expect(!parse((const unsigned char *)"PK\3\4\0\0\0\0\0\0", 10, &error)
           && error_mentions(&error, "pickle"));
    expect(!parse((const unsigned char *)"<!doctype html>", 15, &error)
           && error_mentions(&error, "web page"));
    /* A header of 60 bytes begins with the byte '<' and is no web page. */
    expect_accepted("{                                                         }",
                    0);
}

const Test safetensors_header_tests[] = {
    { "what is legal is read", what_is_legal },
    { "headers that lie about themselves", headers_that_lie_about_themselves },
    { "the largest header", the_largest_header },
    { "entries that are none", entries_that_are_none },
    { "numbers that are none", numbers_that_are_none },
    { "sizes that do not fit", sizes_that_do_not_fit },
    { "data that does not tile", data_that_does_not_tile },
    { "a cut file is refused at every length",
      a_cut_file_is_refused_at_every_length },
    { "a changed byte does no harm", a_changed_byte_does_no_harm },
    { "other kinds of files are named", other_kinds_of_files },
    { NULL, NULL },
};
