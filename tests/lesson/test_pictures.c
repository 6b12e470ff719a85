/* test_pictures.c - what must be true of the pictures, from outside them
 *
 * Expected drawings were made by hand from the contracts in
 * chapters/lesson/pictures.h: lines of 60 columns, margin 2. */
#include "canvas.h"

#include <math.h>

#include "chapters/lesson/columns.h"

#define B10 "██████████"
#define B50 B10 B10 B10 B10 B10
#define D10 "──────────"

TEST(numbers_and_texts_stand_in_lines)
{
    Lesson l = canvas(false, false);

    picture_number(&l, "n", "tensors", 56, 3, "");
    picture_number(&l, "s", "mean square", 0.0719238, 3, "a row");
    picture_text(&l, "t", "text", "Once upon a time there was a man who had two");
    picture_text(&l, "c", "orders", "\033[31m\a\r\177");
    expect_drawn(&l,
        "\n"
        "  tensors                     56\n"
        "  mean square                 0.0719 a row\n"
        "  text                        Once upon a time there was a\n"
        "                              man who had two\n"
        "  orders                      ␛[31m␇␍␡\n");

    l = canvas(false, true);
    picture_number(&l, "s", "mean square", 0.0719238, 3, "a row");
    picture_text(&l, "c", "orders", "\033[31m");
    expect_drawn(&l, "{\"s\":0.0719,\"c\":\"\\u001b[31m\"}");
}

TEST(tokens_show_where_a_piece_ends)
{
    static const char *const text[] = { "On", "ce", " upon", "\n" };
    static const int id[] = { 1688, 375, 693, 7 };
    Lesson l = canvas(false, false);

    picture_tokens(&l, "t", "the pieces", text, id, 4);
    expect_drawn(&l, "\n"
                     "  the pieces\n"
                     "  ⟨On⟩ ⟨ce⟩ ⟨ upon⟩ ⟨␊⟩\n"
                     "  1688 375  693     7\n");

    l = canvas(true, false);
    picture_tokens(&l, "t", NULL, text, NULL, 2);
    expect_drawn(&l, "\n  \033[48;5;153m\033[38;5;16mOn\033[0m"
                     " \033[48;5;223m\033[38;5;16mce\033[0m\n");

    l = canvas(false, true);
    picture_tokens(&l, "t", "the pieces", text, id, 2);
    expect_drawn(&l, "{\"t\":[{\"id\":1688,\"token\":\"On\"},"
                     "{\"id\":375,\"token\":\"ce\"}]}");
}

/* 53 columns of bar: 60 - margin 2 - label 1 - 2 - note 1 and its blank. */
TEST(bars_are_as_long_as_their_values)
{
    static const Bar bars[] = { { "a", 1, "x" }, { "b", 0.5, "" }, { "c", 0, NULL },
                                { "d", 1e-9, NULL } };
    Lesson l = canvas(false, false);

    picture_bars(&l, "b", bars, 4);
    expect_drawn(&l, "\n"
                     "  a  " B50 "███ x\n"
                     "  b  " B10 B10 "██████▌\n"
                     "  c\n"
                     "  d  ▏\n");

    l = canvas(false, true);
    picture_bars(&l, "b", bars, 2);
    expect_drawn(&l, "{\"b\":[{\"label\":\"a\",\"value\":1,\"note\":\"x\"},"
                     "{\"label\":\"b\",\"value\":0.5,\"note\":\"\"}]}");
}

/* The line's columns are 0 … 57; 0.5 is column 29 (28.5 rounded up), 0.25 is 14. */
TEST(a_dart_falls_on_the_line)
{
    static const double half[] = { 0.5, 0.5 };
    static const char *const label[] = { "a", "b" };
    Lesson l = canvas(false, false);

    picture_line(&l, "u", half, label, 2, 0.25);
    expect_drawn(&l, "\n"
        "   a                            b\n"
        "  ├" D10 D10 "────────" "┼" D10 D10 "───────" "┤\n"
        "                ▲ 0.25\n");

    l = canvas(false, true);
    picture_line(&l, "u", half, label, 2, 0.25);
    expect_drawn(&l, "{\"u\":{\"ends\":[0.5,1],\"dart\":0.25,"
                     "\"labels\":[\"a\",\"b\"]}}");
}

/* 28 cells: 60 - margin 2 - label 18 - note 12. */
TEST(strips_show_sign_and_size)
{
    static const float x[] = { 2, 1, 0.5f, 0.49f, 0.125f, 0.124f, 0, -0.124f, -0.125f,
                               -0.49f, -0.5f, -1 };
    static const float wide[2800] = {0};        /* 28 cells of 100           */
    float many[31] = {0};
    Lesson l = canvas(false, false);

    many[0] = 0.1f, many[1] = -0.9f;            /* the larger one speaks     */
    many[30] = 0.6f;
    picture_strip(&l, "x", "row", x, 12, 1);
    picture_strip(&l, "y", "many", many, 31, 1);
    picture_strip(&l, "z", "wide", wide, 2800, 1);
    expect_drawn(&l, "\n"
                     "  row               ▀▀▀▔▔···▁▁▄▄\n"
                     "  many              ▄··············▀  2 a cell\n"
                     "  wide              ····························  100 a cell\n");

    l = canvas(false, true);
    picture_strip(&l, "x", "row", x + 2, 2, 1);
    expect_drawn(&l, "{\"x\":{\"label\":\"row\",\"values\":[0.5,0.49000001]}}");
}

TEST(heatmaps_show_tenths)
{
    static const char *const name[] = { "a", "bb" };
    static const float x[] = { 0.95f, NAN, 0.004f, 0.5f }, y[] = { 1, 0, 0, NAN };
    Lesson l = canvas(false, false);

    picture_heatmap(&l, "h", "head 0", x, 2, 2, name, name);
    picture_heatmap(&l, "i", NULL, x, 2, 2, NULL, NULL);
    expect_drawn(&l, "\n"
                     "  head 0\n"
                     "      a  bb\n"
                     "  a   9\n"
                     "  bb  ·  5\n"
                     "\n"
                     "  9\n"
                     "  ·5\n");

    /* Two rows in one line: 1 above 0, and 0 above nothing. */
    l = canvas(true, false);
    picture_heatmap(&l, "h", NULL, y, 2, 2, NULL, NULL);
    expect_drawn(&l, "\n  \033[38;5;229m\033[48;5;17m▀\033[0m"
                     "\033[38;5;17m▀\033[0m\n");

    l = canvas(false, true);
    picture_heatmap(&l, "h", "head 0", y, 2, 2, name, NULL);
    expect_drawn(&l, "{\"h\":{\"rows\":[\"a\",\"bb\"],\"columns\":null,"
                     "\"values\":[[1,0],[0,null]]}}");
}

/* 70 × 70 in 58 columns: 2 × 2 numbers a cell. */
TEST(a_large_heatmap_is_taken_together)
{
    float *x = calloc(70 * 70, sizeof *x);
    Lesson l = canvas(false, false);

    x[1 * 70 + 1] = 0.71f;                      /* row 1, column 1           */
    picture_heatmap(&l, "h", NULL, x, 70, 70, NULL, NULL);
    fclose(l.out);
    expect(strncmp(drawn, "\n  7···", strlen("\n  7···")) == 0);
    expect(strstr(drawn, "2 × 2 numbers a cell") != NULL);
    free(drawn);
    free(x);
}

TEST(tables_keep_their_numbers)
{
    static const char *const head[] = { "tensor", "bytes" };
    static const char *const cell[] = {
        "model.layers.0.self_attn.q_proj.weight.and_more_of_it", "786432", "norm", "384" };
    static const char *const odd[] = { "007", "-1.50", "1e3", "0.1", "1,024", "" };
    static const char *const three[] = { "name", "bytes", "remark" };
    static const char *const remark[] = {
        "norm", "384", "one number for each column of the row that it keeps steady" };
    static const char *const odder[] = { "p", "q" };
    static const char *const keys[] = { "looks_at", "same_word" };
    Lesson l = canvas(false, false);

    /* 58 columns: 50 for the name, two blanks, 6 for the number. */
    picture_table(&l, "t", head, "lr", cell, 2);
    expect_drawn(&l, "\n"
        "  tensor                                               bytes\n"
        "  " D10 D10 D10 D10 D10 "  ──────\n"
        "  model.layers.0.self_attn.q_proj.weight.and_more_o…  786432\n"
        "  norm                                                   384\n");

    /* Of two names the last one gives way: 45 columns are left for it. */
    l = canvas(false, false);
    picture_table(&l, "t", three, "lrl", remark, 1);
    expect_drawn(&l, "\n"
        "  name  bytes  remark\n"
        "  ────  ─────  " D10 D10 D10 D10 "─────\n"
        "  norm    384  one number for each column of the row that i…\n");

    /* A key in the data, words on the screen; 60 - 2 - 8 - 2 = 48 for the last. */
    l = canvas(false, false);
    picture_table(&l, "t", keys, "rl", remark + 1, 1);
    expect_drawn(&l, "\n"
        "  looks at  same word\n"
        "  ────────  " D10 D10 D10 D10 "────────\n"
        "       384  one number for each column of the row that it k…\n");
    l = canvas(false, true);
    picture_table(&l, "t", keys, "rl", odd, 1);
    expect_drawn(&l, "{\"t\":[{\"looks_at\":\"007\",\"same_word\":-1.5}]}");

    l = canvas(false, true);
    picture_table(&l, "t", odder, "lr", odd, 3);
    expect_drawn(&l, "{\"t\":[{\"p\":\"007\",\"q\":-1.5},{\"p\":1000,\"q\":0.1},"
                     "{\"p\":\"1,024\",\"q\":\"\"}]}");
}

TEST(a_hexdump_names_its_bytes)
{
    static const unsigned char bytes[] = "ABCDEFGHI\n";
    static const Bracket parts[] = { { 0, 2, "two" }, { 2, 3, "one more" },
                                     { 7, 10, "over" } };
    static const Bracket close[] = { { 0, 1, "first" }, { 1, 2, "second" } };
    Lesson l = canvas(false, false);

    picture_hexdump(&l, "h", bytes, 10, 16, parts, 3);
    picture_hexdump(&l, "i", bytes, 2, 0, close, 2);
    expect_drawn(&l, "\n"
        "  00000010  41 42 43 44 45 46 47 48  ABCDEFGH\n"
        "            └───┘ └┘             └─\n"
        "            two   one more       over\n"
        "  00000018  49 0a                    I·\n"
        "            ────┘\n"
        "\n"
        "  00000000  41 42  AB\n"
        "            └┘ └┘\n"
        "            │  second\n"
        "            first\n");

    l = canvas(false, true);
    picture_hexdump(&l, "h", bytes, 3, 16, close, 1);
    expect_drawn(&l, "{\"h\":{\"offset\":16,\"hex\":\"414243\",\"parts\":"
                     "[{\"from\":0,\"to\":1,\"what\":\"first\"}]}}");
}

/* --- columns -------------------------------------------------------------------- */

TEST(columns_are_those_of_a_terminal)
{
    static const struct { const char *text; int columns; const char *shown; } cases[] = {
        { "", 0, "" }, { "abc", 3, "abc" }, { "\303\251", 1, "é" },
        { "e\314\201x", 2, "e\314\201x" },          /* a mark on the e       */
        { "\314\201", 1, "◌\314\201" },             /* on nothing            */
        { "\346\274\242\345\255\227", 4, "漢字" }, { "\360\237\230\200", 2, "😀" },
        { "\t\n\033", 3, "␉␊␛" }, { "\302\205", 1, "◌" },
        { "\342\235\244\357\270\217", 1, "❤" },     /* selectors are left out */
        { "\357\270\217", 1, "◌" },
        { "\342\200\256x", 2, "◌x" },               /* right to left         */
        { "\355\225\234", 2, "한" }, { "\357\274\241", 2, "Ａ" },
        { "\303", 1, "\357\277\275" },              /* half a character      */
    };
    Text out = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text_clear(&out);
        text_add(&out, "", 0);
        expect_int(columns_of(cases[i].text), cases[i].columns);
        expect_int(columns_show(&out, cases[i].text, 99), cases[i].columns);
        expect_text(out.bytes, cases[i].shown);
    }
    text_clear(&out);
    expect_int(columns_show(&out, "漢字漢字", 4), 3);   /* 漢 and …           */
    expect_text(out.bytes, "漢…");
    text_free(&out);
}

/* Columns of a line that holds only what the next test puts there, counted by hand:
 * marks 0, 漢 and 😀 two, everything else one; escapes none. */
static int columns_by_hand(const char *line, size_t n)
{
    int columns = 0;

    for (size_t i = 0; i < n; i++) {
        if (line[i] == '\033') {
            while (line[i] != 'm')
                i++;
        } else if (strncmp(line + i, "\314\201", 2) != 0) {
            columns += ((unsigned char)line[i] & 0xC0) != 0x80;
            columns += strncmp(line + i, "漢", 3) == 0 || strncmp(line + i, "😀", 4) == 0;
        }
    }
    return columns;
}

/* No line wider than it may be, and no colour that goes on behind a line's end. */
static void expect_lines(int width, bool color)
{
    const char *end;
    bool any = false;

    for (const char *line = drawn; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *last = NULL;

        if (columns_by_hand(line, (size_t)(end - line)) > width)
            test_fail(__FILE__, __LINE__, "wider than %d: %.*s", width,
                      (int)(end - line), line);
        for (const char *c = line; c < end; c++)
            last = *c == '\033' ? c : last;
        any = any || last != NULL;
        if (last != NULL && strncmp(last, "\033[0m", 4) != 0)
            test_fail(__FILE__, __LINE__, "a colour goes on: %.*s", (int)(end - line),
                      line);
    }
    expect(any == color);
}

/* Every picture with texts of all widths and lengths, in all widths. */
static void draw_all(Lesson *l, char text[12][100], uint64_t *seed)
{
    const char *name[12], *cell[12];
    float x[144];
    Bar bars[12];
    Bracket parts[3] = { { 0, 3, text[0] }, { 3, 4, text[1] }, { 9, 30, text[2] } };
    double share[12];
    int id[12];

    for (int i = 0; i < 12; i++) {
        name[i] = cell[i] = text[i];
        bars[i] = (Bar){ text[i], test_random(seed) % 100, text[11 - i] };
        share[i] = 1 / 12.0;
        id[i] = (int)(test_random(seed) % 100000);
    }
    test_fill(x, 144, (uint32_t)*seed);
    picture_number(l, "a", text[0], 1e300 / 7, 17, "unit");
    picture_text(l, "b", text[1], text[2]);
    picture_tokens(l, "c", text[3], name, id, 12);
    picture_tokens(l, "d", NULL, name, NULL, 12);
    picture_bars(l, "e", bars, 12);
    picture_strip(l, "f", text[4], x, 144, 1);
    picture_heatmap(l, "g", text[5], x, 12, 12, name, name);
    picture_heatmap(l, "h", text[6], x, 1, 144, NULL, NULL);
    picture_table(l, "i", name, "lrl", cell, 3);
    picture_hexdump(l, "j", (const unsigned char *)x, 40, 0, parts, 3);
    picture_line(l, "k", share, name, 12, 0.999);
}

TEST(nothing_is_wider_than_the_terminal)
{
    static const char *const letters[] = { "a", "b ", "é", "漢", "😀", "e\314\201",
                                           "\033", "\n", "…" };
    uint64_t seed = 1;

    for (int turn = 0; turn < 200; turn++) {
        char text[12][100] = {{0}};
        Lesson l = canvas(turn % 2 == 1, false);

        l.width = 60 + turn % 41;
        for (int i = 0; i < 12; i++)
            for (uint32_t k = test_random(&seed) % 20; k > 0; k--)
                strcat(text[i], letters[test_random(&seed) % 9]);
        draw_all(&l, text, &seed);
        fclose(l.out);
        expect_lines(l.width, l.color);
        free(drawn);
    }
}

const Test pictures_tests[] = {
    { "numbers and texts stand in lines", numbers_and_texts_stand_in_lines },
    { "tokens show where a piece ends", tokens_show_where_a_piece_ends },
    { "bars are as long as their values", bars_are_as_long_as_their_values },
    { "a dart falls on the line", a_dart_falls_on_the_line },
    { "strips show sign and size", strips_show_sign_and_size },
    { "heatmaps show tenths", heatmaps_show_tenths },
    { "a large heatmap is taken together", a_large_heatmap_is_taken_together },
    { "tables keep their numbers", tables_keep_their_numbers },
    { "a hexdump names its bytes", a_hexdump_names_its_bytes },
    { "columns are those of a terminal", columns_are_those_of_a_terminal },
    { "nothing is wider than the terminal", nothing_is_wider_than_the_terminal },
    { NULL, NULL },
};
