/* test_wording.c - lines that fit */
#include "test.h"
#include "chapters/wording.h"

static void wraps(const char *text, const char *lead, int width, const char *want)
{
    Text out = {0};

    wording_wrap(&out, text, lead, width);
    expect_text(out.bytes, want);
    text_free(&out);
}

TEST(lines_fit)
{
    wraps("one two three", "", 7, "one two\nthree\n");
    wraps("one two three", "", 6, "one\ntwo\nthree\n");
    wraps("one two three", "? ", 9, "? one two\n  three\n");
    wraps("  one\n two  ", "", 80, "one two\n");
    wraps("a very-long-word b", "- ", 8, "- a\n  very-long-word\n  b\n");
    wraps("ä ö ü", "", 5, "ä ö ü\n");
    wraps("漢漢 漢", "", 6, "漢漢\n漢\n");
    wraps("", "", 9, "\n");
}

TEST(paragraphs_and_drawings)
{
    Text out = {0};

    wording_paragraphs(&out, "one two\nthree\n\nfour\n  x = 1;  kept   so\nfive six\n", 12);
    expect_text(out.bytes, "  one two\n  three\n\n  four\n    x = 1;  kept   so\n"
                "  five six\n");
    text_free(&out);
    wording_paragraphs(&out, "no end", 12);
    expect_text(out.bytes, "  no end\n");
    text_free(&out);
}

const Test wording_tests[] = {
    { "lines fit", lines_fit },
    { "paragraphs, and what stays as it is", paragraphs_and_drawings },
    { NULL, NULL },
};
