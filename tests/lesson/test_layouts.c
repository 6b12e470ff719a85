/* test_layouts.c - a file to scale, a float in its bits, texts side by side
 *
 * Expected drawings were made by hand from the contracts in
 * chapters/lesson/pictures.h: lines of 60 columns, margin 2. */
#include "canvas.h"

#include <math.h>

#define A29 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B58 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LINE28 "────────────────────────────"

/* 696 bytes in 6 · 58 cells: 2 each. The header has one byte, and its cell all the
 * same; "a" ends with cell 115. */
TEST(map)
{
    static const char *const kind[] = { "header", "aft", "bow", "speck" };
    static const MapPart part[] = { { "header", 1, 0 }, { "x", 200, 1 }, { "y", 31, 1 },
                                    { "z", 464, 2 } };
    static const MapPart hidden[] = { { "header", 1, 0 }, { "x", 500, 1 }, { "s", 1, 3 },
                                      { "y", 498, 1 } };
    Lesson l = canvas(false, false);

    picture_map(&l, "m", "to scale", part, 4, kind, 4);
    expect_drawn(&l, "\n  to scale\n"
                     "  h" A29 "aaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
                     "  " A29 A29 "\n  " B58 "\n  " B58 "\n  " B58 "\n  " B58 "\n"
                     "  h header  a aft  b bow\n"
                     "  each cell: 2 bytes of 696\n");
    /* One byte of a thousand, in the middle of a cell that is nearly all "aft". */
    l = canvas(false, false);
    picture_map(&l, "m", NULL, hidden, 4, kind, 4);
    fclose(l.out);
    expect(strstr(drawn, "\n  h header  a aft\n  each cell: 3 bytes of 1000\n"
                         "  too small for a cell: speck\n") != NULL);
    free(drawn);
    l = canvas(false, true);
    picture_map(&l, "m", "to scale", part, 2, kind, 4);
    expect_drawn(&l, "{\"m\":{\"label\":\"to scale\",\"parts\":[{\"what\":\"header\","
                     "\"kind\":\"header\",\"from\":0,\"to\":1},{\"what\":\"x\",\"kind\":"
                     "\"aft\",\"from\":1,\"to\":201}]}}");
}

/* 60 - 2 - 5 - 6 - 4 = 43 columns for 100 numbers: 4 each. Number 34 … 37: two "b" and
 * two "c", so the first of them; a row that is not a whole number of cells. */
TEST(cells)
{
    static const char *const kind[] = { "ape", "bee", "cat" };
    static const CellRow rows[] = {
        { "short", "8 of 9", { { 0, 4 }, { 1, 4 }, { 2, 1 } } },
        { "long", "all", { { 0, 20 }, { 1, 18 }, { 2, 62 } } },
    };
    Lesson l = canvas(false, false);

    picture_cells(&l, "c", rows, 2, kind, 3);
    expect_drawn(&l, "\n"
                     "  short  8 of 9  abc\n"
                     "  long   all     aaaaabbbbbccccccccccccccc\n"
                     "  a ape  b bee  c cat\n"
                     "  each cell: 4 numbers\n");
    l = canvas(false, false);
    picture_cells(&l, "c", rows, 1, kind, 3);
    expect_drawn(&l, "\n  short  8 of 9  aaaabbbbc\n  a ape  b bee  c cat\n");
    l = canvas(false, true);
    picture_cells(&l, "c", rows, 1, kind, 3);
    expect_drawn(&l, "{\"c\":[{\"label\":\"short\",\"note\":\"8 of 9\",\"runs\":["
                     "{\"kind\":\"ape\",\"from\":0,\"to\":4},{\"kind\":\"bee\",\"from\":4,"
                     "\"to\":8},{\"kind\":\"cat\",\"from\":8,\"to\":9}]}]}");
}

/* -0.09765625 = -2^-4 · 1.5625; the least f16, 2^-24; infinity; a wide float. */
TEST(bits)
{
    static const BitFields bf16 = { "bf16", 8, 7 }, f16 = { "f16", 5, 10 },
                           f32 = { "f32", 8, 23 };
    Lesson l = canvas(false, false);

    picture_bits(&l, "b", &bf16, 0xbdc8, -0.09765625);
    picture_bits(&l, "b", &f16, 0x0001, ldexp(1, -24));
    picture_bits(&l, "b", &f16, 0x7c00, (double)INFINITY);
    picture_bits(&l, "b", &f32, 0x87654321, -1.72477726e-34);
    expect_drawn(&l,
        "\n"
        "  bf16   1  01111011  1001000\n"
        "         ┬  ───┬────  ───┬────\n"
        "         -    2^-4    1+72/128  =  -0.09765625\n"
        "\n"
        "  f16    0  00000  0000000001\n"
        "         ┬  ──┬──  ────┬─────\n"
        "         +  2^-14    1/1024  =  5.96046448e-8\n"
        "\n"
        "  f16    0   11111    0000000000\n"
        "         ┬  ───┬────  ────┬─────\n"
        "         +  all ones   1+0/1024  =  infinity\n"
        "\n"
        "  f32    1  00001110  11001010100001100100001\n"
        "         ┬  ───┬────  ───────────┬───────────\n"
        "         -   2^-113      1+6636321/8388608\n"
        "         =  -1.72477726e-34\n");
    l = canvas(false, true);
    picture_bits(&l, "b", &bf16, 0xbdc8, -0.09765625);
    expect_drawn(&l, "{\"b\":{\"format\":\"bf16\",\"sign\":1,\"exponent\":123,"
                     "\"mantissa\":72,\"exponent_bits\":8,\"mantissa_bits\":7,"
                     "\"value\":-0.09765625}}");
}

/* Two columns of 28; a word that is longer is cut; a wide character counts twice. */
TEST(texts)
{
    static const int id[] = { 4, 2 };
    static const SideText text[] = {
        { "greedy", " there was a man\nwho had a son who was a man", id, 2 },
        { "seed 1", "漢字漢字漢字漢字漢字漢字漢字漢字 \033[31m", id, 1 },
        { "seed 2", "", id, 0 },
    };
    Lesson l = canvas(false, false);

    picture_texts(&l, "t", text, 3);
    expect_drawn(&l,
        "\n"
        "  greedy                        seed 1\n"
        "  " LINE28 "  " LINE28 "\n"
        "  there was a man who had a     漢字漢字漢字漢字漢字漢字漢字\n"
        "  son who was a man             漢字 ␛[31m\n"
        "\n"
        "  seed 2\n"
        "  " LINE28 "\n");
    l = canvas(false, true);
    picture_texts(&l, "t", text + 1, 2);
    expect_drawn(&l, "{\"t\":[{\"head\":\"seed 1\",\"text\":\"漢字漢字漢字漢字漢字漢字漢字漢字 "
                     "\\u001b[31m\",\"ids\":[4]},{\"head\":\"seed 2\",\"text\":\"\","
                     "\"ids\":[]}]}");
}

const Test layouts_tests[] = {
    { "a file to scale", map },
    { "rows of cells to one scale", cells },
    { "a float in its bits", bits },
    { "texts side by side", texts },
    { NULL, NULL },
};
