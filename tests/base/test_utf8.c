/* test_utf8.c - what must be true of base/utf8.c, from outside it */
#include "test.h"
#include "base/utf8.h"

#include "base/memory.h"        /* memory_count                             */

/* RFC 3629, section 7: its three worked examples, and a character of 4 bytes. */
TEST(the_examples_of_rfc3629)
{
    static const struct { const char *bytes; int n; uint32_t point[5]; } LINES[] = {
        { "A\xE2\x89\xA2\xCE\x91.", 4, { 0x41, 0x2262, 0x391, 0x2E } },
        { "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4", 3, { 0xD55C, 0xAD6D, 0xC5B4 } },
        { "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", 3, { 0x65E5, 0x672C, 0x8A9E } },
        { "\xEF\xBB\xBF\xF0\xA3\x8E\xB4", 2, { 0xFEFF, 0x233B4 } },
    };

    for (int i = 0; i < 4; i++) {
        size_t length = strlen(LINES[i].bytes), at = 0;
        Text back = {0};

        expect_int(utf8_check(LINES[i].bytes, length), length);
        for (int k = 0; k < LINES[i].n; k++) {
            uint32_t point = 0;

            at += (size_t)utf8_read(&point, LINES[i].bytes + at, length - at);
            expect_int(point, LINES[i].point[k]);
            text_add_point(&back, point);
        }
        expect_int(at, length);
        expect_text(back.bytes, LINES[i].bytes);
        text_free(&back);
    }
}

/* 1,112,064 scalar values, all different, each read back as itself. */
TEST(every_code_point_comes_back)
{
    int count = 0;

    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        uint32_t back = 0;
        char bytes[4];
        int n;

        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        n = utf8_write(bytes, point);
        expect_int(utf8_read(&back, bytes, 4), n);
        expect_int(back, point);
        expect_int(utf8_read(&back, bytes, (size_t)n - 1), 0);
        expect_int(utf8_tail(bytes, (size_t)n - 1), n - 1);
        expect_int(utf8_tail(bytes, (size_t)n), 0);
        count++;
    }
    expect_int(count, 1112064);
}

/* Strictness by counting: there are exactly as many sequences as code points, so
 * one overlong form or surrogate more would show. */
TEST(nothing_else_is_utf8)
{
    static const int SOME[4] = { 0x7F, 0x80, 0xBF, 0xC0 };
    int count[5] = {0};
    uint32_t point;

    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second++) {
            char b[4] = { (char)first, (char)second, 0, 0 };

            count[1] += second == 0 && utf8_read(&point, b, 1) == 1;
            count[2] += utf8_read(&point, b, 2) == 2;
            for (int third = 0; third < 256; third++) {
                b[2] = (char)third;
                count[3] += utf8_read(&point, b, 3) == 3;
            }
            for (int k = 0; k < 16; k++) {
                b[2] = (char)SOME[k / 4], b[3] = (char)SOME[k % 4];
                count[4] += utf8_read(&point, b, 4) == 4;
            }
        }
    expect_int(count[1], 0x80);
    expect_int(count[2], 0x800 - 0x80);
    expect_int(count[3], 0x10000 - 0x800 - 0x800);          /* surrogates    */
    expect_int(count[4], 0x100000 / (64 * 64) * (2 * 2));   /* 2 of 64 twice */
}

#define R "\xEF\xBF\xBD"            /* U+FFFD                               */

/* The Unicode Standard, section 3.9: its tables of replacement by maximal
 * subparts: overlong forms, surrogates, other bad bytes, cut sequences, a mix. */
TEST(replacement_as_the_standard_prints_it)
{
    static const char *const PAIRS[][2] = {
        { "\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R R R R R R R R "A" },
        { "\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R R R R R R R R "A" },
        { "\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R R R R R "A" R R "B" },
        { "\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R R R R "A" },
        { "\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64",
          "a" R R R "b" R "c" R R "d" },
        { "\xC3\xA9", "\xC3\xA9" },
        { "\xE2\x82", R },
        { "", "" },
    };

    for (int i = 0; i < 8; i++) {
        Text text = {0};

        text_add_lossy(&text, PAIRS[i][0], strlen(PAIRS[i][0]));
        expect_text(text.bytes, PAIRS[i][1]);
        expect_int(text.length, strlen(PAIRS[i][1]));
        text_free(&text);
    }
}

TEST(the_first_bad_byte_is_found)
{
    expect_int(utf8_check("", 0), 0);
    expect_int(utf8_check("caf\xC3\xA9", 5), 5);
    expect_int(utf8_check("caf\xE9", 4), 3);
    expect_int(utf8_check("caf\xC3", 4), 3);
    expect_int(utf8_check("a\0b\xFF", 4), 3);       /* NUL is a character   */
}

/* What a stream holds back: half a character, never a hopeless one. */
TEST(tails)
{
    expect_int(utf8_tail("", 0), 0);
    expect_int(utf8_tail("abc", 3), 0);
    expect_int(utf8_tail("a\xF0\x9F\xA6", 4), 3);
    expect_int(utf8_tail("a\xF0\x9F\xA6\x99", 5), 0);
    expect_int(utf8_tail("a\xE0\xA0", 3), 2);
    expect_int(utf8_tail("a\xE0\x80", 3), 0);       /* overlong: hopeless   */
    expect_int(utf8_tail("a\xED\xA0", 3), 0);       /* a surrogate          */
    expect_int(utf8_tail("a\x80\x80", 3), 0);
    expect_int(utf8_tail("\xC3\xC3", 2), 1);
    expect_int(utf8_tail("a\xFF", 2), 0);
}

TEST(a_text_grows_and_stays_terminated)
{
    Text text = {0};
    size_t before = memory_count();

    for (int i = 0; i < 100000; i++) {
        text_add(&text, "xyz", (size_t)(i % 4));
        expect(text.bytes[text.length] == '\0' && text.room > text.length);
    }
    expect_int(text.length, 25000 * (0 + 1 + 2 + 3));
    expect(memory_count() - before < 30);           /* it doubles           */
    text_clear(&text);
    expect_int(text.length, 0);
    expect_text(text.bytes, "");
    text_add(&text, "a\0b", 3);
    expect(text.length == 3 && memcmp(text.bytes, "a\0b", 4) == 0);
    text_free(&text);
    expect(text.bytes == NULL && text.length == 0 && text.room == 0);
    text_clear(&text);                              /* of nothing: nothing  */
    expect(text.bytes == NULL);
}

TEST(the_end_of_a_text)
{
    expect(text_ends_with("model.safetensors", ".safetensors"));
    expect(text_ends_with("a", "a") && text_ends_with("a", ""));
    expect(!text_ends_with("a", "ba") && !text_ends_with("ab", "a"));
    expect(text_ends_with("", "") && !text_ends_with("", "a"));
}

TEST(a_text_takes_what_printf_makes)
{
    Text text = {0};

    text_print(&text, "%s", "");
    expect_text(text.bytes, "");
    text_print(&text, "%s %d", "row", 7);
    text_print(&text, "%*s!", 5000, "");                /* as long as it gets */
    expect_int(text.length, 5 + 5001);
    expect(strncmp(text.bytes, "row 7    ", 9) == 0 && text.bytes[5005] == '!');
    expect_int(strlen(text.bytes), text.length);
    text_free(&text);
}

const Test utf8_tests[] = {
    { "the examples of RFC 3629", the_examples_of_rfc3629 },
    { "every code point comes back", every_code_point_comes_back },
    { "nothing else is UTF-8", nothing_else_is_utf8 },
    { "replacement as the standard prints it",
      replacement_as_the_standard_prints_it },
    { "the first bad byte is found", the_first_bad_byte_is_found },
    { "tails", tails },
    { "a text grows and stays terminated", a_text_grows_and_stays_terminated },
    { "the end of a text", the_end_of_a_text },
    { "a text takes what printf makes", a_text_takes_what_printf_makes },
    { NULL, NULL },
};
