/* 3_smile.key.c - the key of exercise 01.3: a text comes in pieces, what must wait?
 *
 *      a text of random characters ──► cut anywhere ──► piece ──► held + piece
 *                                                                   │
 *                       my_utf8_tail ──┐                            │
 *                                      ├── compared behind each ◄───┘
 *                          utf8_tail ──┘
 *
 * The bytes lie in an array of just their length: a function that looks in front of
 * them meets the fence. What the pupil says decides nothing about the next piece, so
 * that one fault is reported where it happens.
 *
 * The visible cases are the skeleton's table, and its two complaints.
 *
 * Read next: src/text/decoder.c.
 */
#include <string.h>

#include "base/utf8.h"
#include "chapters/exercises/chapter01/tasks.h"
#include "chapters/exercises/judge.h"

static void says_bytes(Case *c, const char *bytes, size_t length)
{
    case_says(c, "the bytes");
    for (size_t i = 0; i < length; i++)
        case_says(c, " %02X", (unsigned)(unsigned char)bytes[i]);
}

static void look(Case *c, const char *bytes, size_t length)
{
    char *copy = case_array(c, (int)length, 1);
    size_t want = utf8_tail(bytes, length), got;

    memcpy(copy, bytes, length);
    got = my_utf8_tail(copy, length);
    case_int(c, "how many bytes must wait", (long long)got, (long long)want,
             want == 0 ? "the last character is whole: nothing has to wait"
             : got == 0 ? "the last character is not whole yet, and would be shown in parts"
             : "all bytes of the last character that are here must wait, not those that are "
               "missing");
}

static void random_stream(Case *c)
{
    static const int low[] = { 0x20, 0x80, 0x800, 0x10000 };
    static const int high[] = { 0x7E, 0x7FF, 0xD7FF, 0x10FFFF };
    Text held = {0}, text = {0};

    for (int i = 0; i < 12; i++) {
        int length = case_between(c, 0, 3);

        text_add_point(&text, (uint32_t)case_between(c, low[length], high[length]));
    }
    for (size_t at = 0, n; at < text.length; at += n) {
        size_t tail;

        n = (size_t)case_between(c, 1, 4);
        n = n < text.length - at ? n : text.length - at;
        text_add(&held, text.bytes + at, n);
        if (at == 0)
            case_says(c, "a text comes in pieces; waiting and new ");
        says_bytes(c, held.bytes, held.length);
        case_says(c, "; ");
        look(c, held.bytes, held.length);
        tail = utf8_tail(held.bytes, held.length);
        memmove(held.bytes, held.bytes + held.length - tail, tail);
        held.length = tail;
    }
    text_free(&text);
    text_free(&held);
}

static void run(Case *c)
{
    static const char *const visible[] = {
        " caf", "caf\xC3", "caf\xC3\xA9", "\xE2\x82", "\xF0\x9F\x98", "\xF0\x9F\x98\x80",
        "\xF0", "",
    };
    int number = case_number(c);

    if (case_hidden(c)) {
        random_stream(c);
        return;
    }
    says_bytes(c, visible[number], strlen(visible[number]));
    look(c, visible[number], strlen(visible[number]));
}

const Exercise exercise = { .stop = "my_utf8_tail", .visible = 8, .hidden = 40, .run = run };
