/* test_normalize.c - what must be true of text/normalize.c, from outside it */
#include "test.h"
#include "text/normalize.h"

#include <stdlib.h>             /* strtoul                                  */
#include <time.h>               /* clock                                    */

#include "base/memory.h"

/* "0044 0307;…" as UTF-8, up to the semicolon; returns what stands behind it. */
static const char *read_points(Text *out, const char *hex)
{
    char *end;

    text_clear(out);
    for (; *hex != '\0' && *hex != ';'; hex = end + (*end == ' '))
        text_add_point(out, (uint32_t)strtoul(hex, &end, 16));
    return *hex == ';' ? hex + 1 : hex;
}

/* A line of NormalizationTest.txt, "source;nfc;nfd;nfkc;nfkd" or its first
 * fields: NFC of the first three is nfc, NFC of the others nfkc. Returns how many
 * equations were looked at. */
static int check_line(const char *line)
{
    Text field[5] = {{0}}, got = {0};
    const char *rest = line;
    int fields = 0;

    for (; fields < 5 && *rest != '\0'; fields++)
        rest = read_points(&field[fields], rest);
    for (int i = 0; i < fields; i++) {
        const Text *want = &field[i < 3 ? 1 : 3];

        text_clear(&got);
        normalize_nfc(&got, field[i].bytes, field[i].length);
        if (got.length != want->length
            || memcmp(got.bytes, want->bytes, got.length) != 0)
            test_fail(__FILE__, __LINE__, "field %d of %s", i + 1, line);
    }
    for (int i = 0; i < 5; i++)
        text_free(&field[i]);
    text_free(&got);
    return fields;
}

/* From the Unicode Character Database, NormalizationTest.txt: composing, order,
 * blocking, Hangul, what never comes back, what is new in 16.0. */
static const char *const LINES[] = {
    "1E0A;1E0A;0044 0307",
    "0044 0307 0323;1E0C 0307;0044 0323 0307",
    "1E0A 031B 0323;1E0C 031B 0307;0044 031B 0323 0307",
    "0045 0304 0300;1E14;0045 0304 0300",
    "1100 AC00 11A8;1100 AC01;1100 1100 1161 11A8",
    "1100 AC00 11A8 11A8;1100 AC01 11A8;1100 1100 1161 11A8 11A8",
    "AC00;AC00;1100 1161",
    "D7A3;D7A3;1112 1175 11C2",
    "0340;0300;0300",
    "0344;0308 0301;0308 0301",
    "0958;0915 093C;0915 093C",
    "0CCB;0CCB;0CC6 0CC2 0CD5",
    "1FAF;1FAF;03A9 0314 0342 0345",
    "212B;00C5;0041 030A",
    "2126;03A9;03A9",
    "2ADC;2ADD 0338;2ADD 0338",
    "FB1D;05D9 05B4;05D9 05B4",
    "F900;8C48;8C48",
    "FDFA;FDFA;FDFA",
    "1D160;1D158 1D165 1D16E;1D158 1D165 1D16E",
    "2F800;4E3D;4E3D",
    "16D68;16D68;16D67 16D67",
    "16D6A;16D6A;16D63 16D67 16D67",
    "113C5;113C5;113C2 113C2",
    "16D63 16D67 16D68;16D6A 16D67;16D63 16D67 16D67 16D67",
    "16D69 16D68 16D67;16D6A 16D68;16D63 16D67 16D67 16D67 16D67",
    "0061 0315 0300 05AE 0301 0062;00E0 05AE 0301 0315 0062"
    ";0061 05AE 0300 0301 0315 0062",
    "0061 0315 035C 0315 0300 0062;00E0 0315 0315 035C 0062"
    ";0061 0300 0315 0315 035C 0062",
    "0061 16FF0 0334 0334 0062;0061 0334 0334 16FF0 0062"
    ";0061 0334 0334 16FF0 0062",
    "09C7 0334 09BE;09C7 0334 09BE;09C7 0334 09BE",
    "1100 0334 1161;1100 0334 1161;1100 0334 1161",
    "16D67 0334 16D67;16D67 0334 16D67;16D67 0334 16D67",
    "0592 05B7 05BC 05A5 05B0 05C0 05C4 05AD;05B0 05B7 05BC 05A5 0592 05C0 05AD 05C4"
    ";05B0 05B7 05BC 05A5 0592 05C0 05AD 05C4",
};

TEST(lines_of_the_standard_test)
{
    int count = (int)(sizeof LINES / sizeof LINES[0]), equations = 0;

    for (int i = 0; i < count; i++)
        equations += check_line(LINES[i]);
    expect_int(equations, 3 * count);
}

static void expect_nfc(const char *text, const char *want)
{
    Text got = {0};

    text_add(&got, "<", 1);                         /* output is appended   */
    normalize_nfc(&got, text, strlen(text));
    expect(got.bytes[0] == '<');
    expect_text(got.bytes + 1, want);
    text_free(&got);
}

TEST(only_what_must_change_changes)
{
    expect_nfc("", "");
    expect_nfc("plain ASCII", "plain ASCII");
    expect_nfc("caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC", "caf\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC");
    expect_nfc("cafe\xCC\x81s so", "caf\xC3\xA9s so");
    expect_nfc("e\xCC\x81", "\xC3\xA9");
    expect_nfc("\xCC\x81" "e", "\xCC\x81" "e");     /* nothing to sit on     */
    expect_nfc("e\xCC\x81" "e\xCC\x81", "\xC3\xA9\xC3\xA9");
    expect_nfc("e\xCC\x81xe\xCC\x81x", "\xC3\xA9x\xC3\xA9x");
    expect_nfc("x\xCC\x81", "x\xCC\x81");           /* no such letter        */
}

/* Python's unicodedata.normalize leaves these alone: a mark of the same class
 * in between, and jamo just outside the ranges that compose. */
TEST(what_must_not_compose)
{
    static const char *const POINTS[] = { "0061 0305 0301", "1113 1161",
        "1100 1176", "AC00 11A7", "AC00 11C3", "AC01 11A8" };
    Text text = {0};

    for (int i = 0; i < 6; i++) {
        read_points(&text, POINTS[i]);
        expect_nfc(text.bytes, text.bytes);
    }
    text_free(&text);
}

/* s, then 100,000 times (dot above, dot below), all shuffled into order: first
 * the dots below, then those above; one of each joins the s (U+1E69). */
TEST(a_hundred_thousand_marks)
{
    enum { N = 100000 };
    Text text = {0}, want = {0}, got = {0};
    clock_t start = clock();
    size_t before;

    text_add(&text, "s", 1), text_add_point(&want, 0x1E69);
    for (int i = 0; i < N; i++)
        text_add_point(&text, 0x307), text_add_point(&text, 0x323);
    for (int i = 1; i < 2 * N - 1; i++)
        text_add_point(&want, i < N ? 0x323 : 0x307);
    before = memory_count();
    normalize_nfc(&got, text.bytes, text.length);
    expect(memory_count() - before < 60);           /* rooms double         */
    expect_int(got.length, want.length);
    expect(memcmp(got.bytes, want.bytes, want.length) == 0);
    expect((double)(clock() - start) / CLOCKS_PER_SEC < 5);
    text_free(&text), text_free(&want), text_free(&got);
}

/* A text that is NFC already costs no memory beyond the output's own. */
TEST(settled_text_allocates_nothing)
{
    static const char *const TEXT = "na\xC3\xAFve \xED\x95\x9C\xEA\xB8\x80";
    Text out = {0};
    size_t before;

    normalize_nfc(&out, TEXT, strlen(TEXT));
    text_clear(&out);
    before = memory_count();
    normalize_nfc(&out, TEXT, strlen(TEXT));
    expect_int(memory_count(), before);
    expect_text(out.bytes, TEXT);
    text_free(&out);
}

/* All 19,965 lines; and what no line has alone as its source (its part 1 lists
 * all that change) must stay as it is. */
TEST(the_whole_standard_test)
{
    char *listed = memory_get_bytes(0x110000), *text;
    int lines = 0, equations = 0, others = 0;
    Text one = {0}, got = {0};

    text = test_read(test_data("unicode/NormalizationTest.tsv"), &one.length);
    one.length = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        char *end;
        uint32_t first = (uint32_t)strtoul(line, &end, 16);

        if (line[0] == '#')
            continue;
        if (*end == ';')
            listed[first] = 1;
        equations += check_line(line);
        lines++;
    }
    for (uint32_t point = 0; point < 0x110000; point++) {
        if (listed[point] || (point >= 0xD800 && point <= 0xDFFF))
            continue;
        text_clear(&one), text_clear(&got);
        text_add_point(&one, point);
        normalize_nfc(&got, one.bytes, one.length);
        expect(got.length == one.length
               && memcmp(got.bytes, one.bytes, one.length) == 0);
        others++;
    }
    expect_int(lines, 19965);
    expect_int(equations, 5 * 19965);
    expect_int(others, 0x110000 - 0x800 - 17085);
    text_free(&one), text_free(&got);
    memory_give_back(text), memory_give_back(listed);
}

const Test normalize_tests[] = {
    { "lines of the standard test", lines_of_the_standard_test },
    { "only what must change changes", only_what_must_change_changes },
    { "what must not compose", what_must_not_compose },
    { "a hundred thousand marks", a_hundred_thousand_marks },
    { "settled text allocates nothing", settled_text_allocates_nothing },
    { "proof: the whole standard test", the_whole_standard_test },
    { NULL, NULL },
};
