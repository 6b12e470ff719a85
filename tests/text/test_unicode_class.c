/* test_unicode_class.c - what must be true of text/unicode_class.c, from outside */
#include "test.h"
#include "text/unicode_class.h"

#include <stdlib.h>             /* system, getenv, strtoul                  */

#include "base/memory.h"

/* Asked of the package tokenizers 0.23.3, one code point after the other, with
 * Split on \p{L}, \p{N}, \s and with Digits: how many, and their sum. */
TEST(the_classes_are_those_of_the_reference_tokenizer)
{
    long long count[4] = {0}, sum[4] = {0}, digits = 0, digit_sum = 0;

    for (uint32_t point = 0; point <= 0x10FFFF; point++) {
        UnicodeClass class = unicode_class(point);

        count[class]++, sum[class] += point;
        expect_int(unicode_is_space(point), class == UNICODE_SPACE);
        if (unicode_is_digit(point))
            digits++, digit_sum += point;
    }
    expect_int(count[UNICODE_LETTER], 141028);
    expect_int(sum[UNICODE_LETTER], 15240929258);
    expect_int(count[UNICODE_NUMBER], 1911);
    expect_int(sum[UNICODE_NUMBER], 110651895);
    expect_int(count[UNICODE_SPACE], 25);
    expect_int(digits, 1924);
    expect_int(digit_sum, 111666371);
}

/* The 25 that the property White_Space has (PropList.txt), and some that look so. */
TEST(white_space)
{
    static const uint32_t YES[] = {
        0x9, 0xA, 0xB, 0xC, 0xD, 0x20, 0x85, 0xA0, 0x1680, 0x2000, 0x2001,
        0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A,
        0x2028, 0x2029, 0x202F, 0x205F, 0x3000 };
    static const uint32_t NO[] = { 0x0, 0x8, 0xE, 0x1C, 0x1D, 0x1E, 0x1F, 0x84,
        0x180E, 0x200B, 0x200D, 0x2060, 0xFEFF, 0x110000, 0xFFFFFFFF };

    for (int i = 0; i < 25; i++)
        expect(unicode_is_space(YES[i]));
    for (int i = 0; i < 15; i++)
        expect(!unicode_is_space(NO[i]));
}

/* Facts from the code charts. */
TEST(marks_stand_in_their_order)
{
    expect_int(unicode_combining_class('a'), 0);
    expect_int(unicode_combining_class(0x0301), 230);       /* acute         */
    expect_int(unicode_combining_class(0x0323), 220);       /* dot below     */
    expect_int(unicode_combining_class(0x0345), 240);       /* iota subscript */
    expect_int(unicode_combining_class(0x05B0), 10);        /* sheva         */
    expect_int(unicode_combining_class(0x302A), 218);
    expect_int(unicode_combining_class(0x1E94A), 7);        /* Adlam nukta   */
    expect_int(unicode_combining_class(0x110000), 0);
}

TEST(apart_and_together)
{
    uint32_t parts[2] = { 7, 7 };

    expect_int(unicode_decompose(parts, 'e'), 0);
    expect(parts[0] == 7 && parts[1] == 7);
    expect_int(unicode_decompose(parts, 0xE9), 2);          /* é             */
    expect(parts[0] == 'e' && parts[1] == 0x301);
    expect_int(unicode_compose('e', 0x301), 0xE9);
    expect_int(unicode_compose(0x301, 'e'), 0);
    expect_int(unicode_decompose(parts, 0x212B), 1);        /* Ångström sign */
    expect_int(parts[0], 0xC5);
    expect_int(unicode_decompose(parts, 0x958), 2);         /* excluded:     */
    expect_int(unicode_compose(0x915, 0x93C), 0);           /* never back    */
    expect_int(unicode_compose(0x1D157, 0x1D165), 0);
    expect_int(unicode_decompose(parts, 0xAC00), 0);        /* Hangul: rule  */
    expect_int(unicode_compose(0x16D69, 0x16D67), 0x16D6A);
}

TEST(settled_or_not)
{
    static const uint32_t NOT[] = {             /* by UAX #15, NFC_QC or class */
        0x300, 0x340, 0x212B, 0x9BE, 0x1161, 0x11C2, 0x958, 0x16D67, 0x16D68,
        0x113C5, 0xF900, 0x1D15E, 0x2F800 };
    static const uint32_t YES[] = { 'a', 0xE9, 0x2FF, 0x1100, 0xAC01, 0x16D6A,
        0x4E00, 0x16D63, 0x1F600, 0x110000 };

    for (int i = 0; i < 13; i++)
        expect(!unicode_is_settled(NOT[i]));
    for (int i = 0; i < 10; i++)
        expect(unicode_is_settled(YES[i]));
}

/* Every line of the database, read here in another way, against the lookups. */
TEST(every_line_of_the_database_holds)
{
    size_t length;
    char *text = test_read(test_data("unicode/Unicode-16.0.0.tsv"), &length);
    int points = 0;

    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *end = line, *field[5] = { line };
        uint32_t first, last, want[2] = {0};

        if (line[0] == '#')
            continue;
        for (int i = 1; i < 5; i++)
            field[i] = strchr(field[i - 1], ';') + 1;
        first = last = (uint32_t)strtoul(line, &end, 16);
        if (*end == '.')
            last = (uint32_t)strtoul(end + 2, NULL, 16);
        want[0] = (uint32_t)strtoul(field[3], &end, 16);
        want[1] = (uint32_t)strtoul(end, NULL, 16);
        for (uint32_t p = first; p <= last; p++, points++) {
            uint32_t got[2] = {0};

            expect_int(unicode_class(p) == UNICODE_LETTER, *field[1] == 'L');
            expect_int(unicode_class(p) == UNICODE_NUMBER, *field[1] == 'N');
            expect_int(unicode_combining_class(p), atoi(field[2]));
            expect_int(unicode_decompose(got, p), (want[0] != 0) + (want[1] != 0));
            expect(got[0] == want[0] && got[1] == want[1]);
            if (want[0] != 0)
                expect_int(unicode_compose(want[0], want[1]),
                           *field[4] == '1' ? p : 0);
        }
    }
    expect_int(points, 292531);         /* assigned, with private use        */
    memory_give_back(text);
}

TEST(the_table_comes_out_of_its_generator_again)
{
    const char *compiler = getenv("CC"), *data;
    char tool[500], command[3000];
    const char *out = test_scratch("unicode_table.h");
    size_t length, again;
    char *want, *got;

    data = test_data("unicode/Unicode-16.0.0.tsv");
    snprintf(tool, sizeof tool, "%s.tool", out);
    snprintf(command, sizeof command,
             "%s -std=c11 -o '%s' weights-tools/unicode_tables.c"
             " && '%s' '%s' > '%s'", compiler ? compiler : "cc", tool, tool,
             data, out);
    expect_int(system(command), 0);
    want = test_read("src/text/unicode_table.h", &length);
    got = test_read(out, &again);
    expect_int(again, length);
    expect(memcmp(got, want, length) == 0);
    memory_give_back(want), memory_give_back(got);
}

const Test unicode_class_tests[] = {
    { "the classes are those of the reference tokenizer",
      the_classes_are_those_of_the_reference_tokenizer },
    { "white space", white_space },
    { "marks stand in their order", marks_stand_in_their_order },
    { "apart and together", apart_and_together },
    { "settled or not", settled_or_not },
    { "proof: every line of the database holds",
      every_line_of_the_database_holds },
    { "proof: the table comes out of its generator again",
      the_table_comes_out_of_its_generator_again },
    { NULL, NULL },
};
