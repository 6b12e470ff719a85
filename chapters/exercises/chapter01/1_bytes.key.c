/* 1_bytes.key.c - the key of exercise 01.1: the engine reads behind every first byte
 *
 *      first ──► my_character_bytes ──────────────────► 1 … 4, or 0 ─┐
 *        │                                                           ├─ compared
 *        └─► first + something, in the ranges of table 3-7 ─► utf8_read ─┘
 *
 * The engine has no function of one byte: it reads whole characters. So the first
 * byte gets every second byte and the mildest third and fourth; if one of these is a
 * character, its length is the answer, and if none is, the answer is 0.
 *
 * The visible cases are the bytes of the picture in the skeleton and the borders of its
 * table, a call each, so that a debugger stops where it is wrong; the hidden ones are
 * all 256 bytes, and walks through random texts.
 *
 * Read next: src/base/utf8.c.
 */
#include "base/utf8.h"
#include "chapters/exercises/chapter01/tasks.h"
#include "chapters/exercises/judge.h"

#define POINTS 12

static int engine(int first)
{
    for (int second = 0; second < 256; second++) {
        const char bytes[4] = { (char)first, (char)second, (char)0x80, (char)0x80 };
        uint32_t point;
        int n = utf8_read(&point, bytes, 4);

        if (n > 0)
            return n;
    }
    return 0;
}

static void one_byte(Case *c, int first, const char *what)
{
    int want = engine(first), got;

    case_says(c, "the byte 0x%02X%s", (unsigned)first, what);
    got = my_character_bytes((unsigned char)first);
    case_int(c, "the answer", got, want, want == 0 ? "no character begins with this byte"
             : got == 0 ? "this byte begins a character" : NULL);
}

/* Index and byte are the same here, so the report names the byte. */
static void all_bytes(Case *c)
{
    int *got = case_array(c, 256, sizeof *got), want[256];

    case_says(c, "all bytes; the index is the byte, 192 is 0xC0");
    for (int first = 0; first < 256; first++) {
        want[first] = engine(first);
        got[first] = my_character_bytes((unsigned char)first);
    }
    case_ints(c, "my_character_bytes", got, want, 256, NULL);
}

/* Step from first byte to first byte; one step too short or too far ends in the
 * middle of a character. */
static void walk(Case *c)
{
    Text text = {0};
    size_t at = 0;
    int found = 0;

    for (int i = 0; i < POINTS; i++) {
        static const int low[] = { 0x20, 0x80, 0x800, 0x10000 };
        static const int high[] = { 0x7E, 0x7FF, 0xD7FF, 0x10FFFF };
        int length = case_between(c, 0, 3);

        text_add_point(&text, (uint32_t)case_between(c, low[length], high[length]));
    }
    case_says(c, "a walk through a text of %d characters, whose bytes are", POINTS);
    for (size_t i = 0; i < text.length; i++)
        case_says(c, " %02X", (unsigned)(unsigned char)text.bytes[i]);
    while (at < text.length) {
        int step = my_character_bytes((unsigned char)text.bytes[at]);

        if (step < 1 || step > 4)
            break;
        at += (size_t)step;
        found++;
    }
    case_int(c, "the number of steps", found, POINTS, "the walk left the text or stood still");
    case_int(c, "the place where it ends", (long long)at, (long long)text.length, NULL);
    text_free(&text);
}

static void run(Case *c)
{
    static const struct { int first; const char *what; } visible[] = {
        { 0x61, ", the letter a" }, { 0xC3, ", which begins é" },
        { 0xE2, ", which begins €" }, { 0xF0, ", which begins an emoji" },
        { 0x82, ", the second byte of €" }, { 0x7F, ", the last that stands alone" },
        { 0xE0, ", the first of the row that has three" },
        { 0xDF, ", the last of the row that has two" },
        { 0xC1, ", one before the row that has two" },
        { 0xEF, ", the last of the row that has three" },
        { 0xF4, ", the last of the row that has four" },
        { 0xF5, ", one behind the row that has four" },
    };
    const int count = sizeof visible / sizeof visible[0];
    int number = case_number(c);

    if (number < count)
        one_byte(c, visible[number].first, visible[number].what);
    else if (number == count)
        all_bytes(c);
    else
        walk(c);
}

const Exercise exercise = { .stop = "my_character_bytes", .each = true, .visible = 12, .hidden = 21,
                            .run = run };
