/* test_terminal.c - a pseudo-terminal is a person; a file, a pipe are not */
#include "test.h"
#include "base/terminal.h"

#include "base/pseudo_terminal.h"

TEST(a_file_is_not_a_person)
{
    FILE *file = fopen(test_scratch("stream"), "w");

    expect(!terminal_is_person(file));
    expect_int(terminal_width(file), 80);
    expect(!terminal_color(file, "auto"));
    expect(terminal_color(file, "always"));
    expect(!terminal_color(file, "never"));
    fclose(file);
}

TEST(a_terminal_is_a_person)
{
    pseudo_terminal_open(123);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    expect(terminal_is_person(stderr));
    expect_int(terminal_width(stderr), 123);
    expect(terminal_color(stderr, "auto"));
    expect(!terminal_color(stderr, "never"));
}

TEST(no_color_is_heard)
{
    pseudo_terminal_open(80);
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    expect(!terminal_color(stderr, "auto"));
    expect(terminal_color(stderr, "always"));
    setenv("NO_COLOR", "", 1);              /* empty: as if not set          */
    expect(terminal_color(stderr, "auto"));
    setenv("TERM", "dumb", 1);
    expect(!terminal_is_person(stderr));
    expect(!terminal_color(stderr, "auto"));
}

TEST(a_terminal_without_a_size)
{
    pseudo_terminal_open(0);
    expect_int(terminal_width(stderr), 80);
}

TEST(columns_are_characters)
{
    expect_int(terminal_columns(""), 0);
    expect_int(terminal_columns("abc"), 3);
    expect_int(terminal_columns("läuft ━━ 𝄞"), 10);
}

const Test terminal_tests[] = {
    { "a file is not a person", a_file_is_not_a_person },
    { "a terminal is a person", a_terminal_is_a_person },
    { "NO_COLOR and --color", no_color_is_heard },
    { "a terminal without a size", a_terminal_without_a_size },
    { "columns are characters", columns_are_characters },
    { NULL, NULL },
};
