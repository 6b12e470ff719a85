/* utf8.c - code points in and out of bytes; a growing string of bytes
 *
 *   code point            bytes, x = a bit of the code point
 *                         ┌─────────┐
 *   U+0000  … U+007F      │0xxxxxxx │
 *                         ├─────────┼─────────┐
 *   U+0080  … U+07FF      │110xxxxx │10xxxxxx │
 *                         ├─────────┼─────────┼─────────┐
 *   U+0800  … U+FFFF      │1110xxxx │10xxxxxx │10xxxxxx │
 *                         ├─────────┼─────────┼─────────┼─────────┐
 *   U+10000 … U+10FFFF    │11110xxx │10xxxxxx │10xxxxxx │10xxxxxx │
 *                         └─────────┴─────────┴─────────┴─────────┘
 *                           lead      the rest: continuation bytes
 *
 * A tokenizer sees characters when it cuts a text into words, and bytes when it
 * looks up their pieces; a model may end a token in the middle of a character.
 * So both views are needed, and a way to say "this is not a character (yet)".
 *
 * The drawing alone allows too much. Four kinds of bytes are not UTF-8, and all
 * four are seen by looking at the lead and the byte after it:
 *
 *   overlong     C0 AF is "/" in two bytes: C0, C1; E0 80…9F; F0 80…8F
 *   surrogates   U+D800 … U+DFFF belong to UTF-16: ED A0…BF
 *   too large    beyond U+10FFFF: F4 90…BF; F5 … FF
 *   astray       80 … BF where a lead should stand
 *
 * An overlong form matters because a filter that looks for "/" does not see it.
 *
 * What replaces bad bytes: one U+FFFD for each longest run that could have
 * begun a character, and one for each byte that could not. This is what Unicode
 * recommends and what Python and Rust do, so our text is the same as theirs:
 *
 *      61  F1 80 80  E1 80  C2  62  80  63
 *      a   └──┬───┘  └─┬─┘  │   b   │   c
 *      a   U+FFFD  U+FFFD U+FFFD b U+FFFD c
 *
 * Source: The Unicode Standard 16.0, section 3.9, tables 3-7 to 3-11; RFC 3629.
 * Read next: text/unicode_class.c.
 */
#include "base/utf8.h"

#include <stdarg.h>         /* text_print's values                          */
#include <stdio.h>          /* vsnprintf                                    */
#include <string.h>         /* memcpy, strlen, strcmp                       */

#include "base/memory.h"    /* memory_grow, memory_give_back                */

/* How far the bytes follow one row of table 3-7. Only the byte after the lead
 * has a range that depends on the lead; that is where overlong forms,
 * surrogates and too large numbers end.
 *
 *   whole    out: bytes that the lead asks for, 1 … 4; 0: no lead at all
 *   bytes    [length], length >= 1
 *   returns  bytes that fit, 1 … 4; a whole character when this equals *whole
 */
static size_t sequence(size_t *whole, const char *bytes, size_t length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    unsigned char low = 0x80, high = 0xBF;
    size_t n = 1;

    *whole = b[0] < 0x80 ? 1 : b[0] < 0xC2 ? 0 : b[0] < 0xE0 ? 2
           : b[0] < 0xF0 ? 3 : b[0] < 0xF5 ? 4 : 0;
    if (b[0] == 0xE0) low = 0xA0;           /* below: overlong              */
    if (b[0] == 0xED) high = 0x9F;          /* above: surrogates            */
    if (b[0] == 0xF0) low = 0x90;           /* below: overlong              */
    if (b[0] == 0xF4) high = 0x8F;          /* above: beyond U+10FFFF       */
    while (n < *whole && n < length && b[n] >= low && b[n] <= high) {
        n++;
        low = 0x80, high = 0xBF;
    }
    return n;
}

/* One code point, or what to skip; *point is left alone in that case.
 *
 *   bytes    [length], length >= 1
 *   returns  1 … 4: bytes used. -1 … -3: so many bytes are not UTF-8, and become
 *            one U+FFFD where they are repaired, see the essay
 */
int utf8_scan(uint32_t *point, const char *bytes, size_t length)
{
    static const unsigned char lead_bits[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
    size_t whole, n = sequence(&whole, bytes, length);

    if (n != whole)
        return -(int)n;
    *point = (unsigned char)bytes[0] & lead_bits[whole];
    for (size_t i = 1; i < whole; i++)
        *point = *point << 6 | ((unsigned char)bytes[i] & 0x3F);
    return (int)whole;
}

/* The same with one answer for everything that is not UTF-8: 0. */
int utf8_read(uint32_t *point, const char *bytes, size_t length)
{
    return length == 0 ? 0 : max_int(utf8_scan(point, bytes, length), 0);
}

/* The bytes of one code point, which must be one that UTF-8 can write. */
int utf8_write(char bytes[4], uint32_t point)
{
    int n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = { 0, 0, 0xC0, 0xE0, 0xF0 };

    must(point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF),
         "U+%04X has no UTF-8 form", (unsigned)point);
    for (int i = n - 1; i > 0; i--, point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3F));
    bytes[0] = (char)(lead[n] | point);
    return n;
}

size_t utf8_check(const char *bytes, size_t length)
{
    size_t at = 0, whole;

    while (at < length && sequence(&whole, bytes + at, length - at) == whole)
        at += whole;
    return at;
}

/* At most 3 bytes can be the beginning of something longer, and only a lead
 * begins: so the first k that fits is the only one. */
size_t utf8_tail(const char *bytes, size_t length)
{
    size_t whole;

    for (size_t k = 1; k <= 3 && k <= length; k++)
        if (sequence(&whole, bytes + length - k, k) == k && whole > k)
            return k;
    return 0;
}

/* Room for so many bytes more, and the final NUL. It doubles, so that n single
 * bytes cost O(n). */
static void make_room(Text *text, size_t more)
{
    size_t need = text->length + more + 1;

    if (text->room < need) {
        text->room = need > 2 * text->room ? need : 2 * text->room;
        text->bytes = memory_grow(text->bytes, text->room);
    }
}

/* Append bytes, which must not lie in text itself (growing would move them). */
void text_add(Text *text, const char *bytes, size_t length)
{
    make_room(text, length);
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_print(Text *text, const char *format, ...)
{
    va_list values, again;
    int length;

    va_start(values, format);
    va_copy(again, values);
    length = vsnprintf(NULL, 0, format, values);
    must(length >= 0, "printf cannot print \"%s\"", format);
    make_room(text, (size_t)length);
    vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
    va_end(values);
    va_end(again);
}

void text_add_point(Text *text, uint32_t point)
{
    char bytes[4];

    text_add(text, bytes, (size_t)utf8_write(bytes, point));
}

/* Valid stretches go over as they are; each maximal ill-formed part between
 * them becomes one U+FFFD: sequence() returns exactly its length. */
void text_add_lossy(Text *text, const char *bytes, size_t length)
{
    size_t at = 0, whole;

    for (;;) {
        size_t good = utf8_check(bytes + at, length - at);

        text_add(text, bytes + at, good);
        at += good;
        if (at == length)
            return;
        text_add_point(text, UTF8_REPLACEMENT);
        at += sequence(&whole, bytes + at, length - at);
    }
}

void text_clear(Text *text)
{
    text->length = 0;
    if (text->bytes != NULL)
        text->bytes[0] = '\0';
}

void text_free(Text *text)
{
    memory_give_back(text->bytes);
    *text = (Text){0};
}

bool text_ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}
