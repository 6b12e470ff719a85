/* columns.c - how many columns a text takes, and texts made safe to show
 *
 *      bytes   e2 80 a6   41   cc 81   e6 bc a2   f0 9f 98 80   1b
 *                │         │     │        │           │          │
 *                …         A     ́        漢          😀         ESC
 *                │         │     │        │           │          │
 *      columns   1         1     0        2           2          1, as ␛
 *
 * A picture made of characters stands or falls with its columns, and a tokenizer
 * can produce every character there is. Three things go wrong when bytes are
 * sent to a terminal as they come:
 *
 * - Control characters are orders: ESC starts a colour, BEL rings, CR writes over
 *   the line. Unicode has pictures of them, ␀ … ␟, and these are shown instead.
 * - Width is not one per character. A combining mark sits on the letter before it;
 *   Chinese, Japanese, Korean characters and emoji take two columns.
 * - Some characters are not there at all: joiners, direction marks, selectors of
 *   a variant. Terminals disagree on them (is a family of three joined emoji two
 *   columns wide, or six?), so joiners and selectors are left out of a text, and
 *   where nothing else would be left to see, ◌ stands for them.
 *
 * Where two opinions about a width are possible the larger one is counted: a line
 * may then be too short, and never breaks.
 *
 * Source: Unicode Standard Annex 11, East Asian Width. Read next:
 * chapters/lesson/paint.c.
 */
#include "chapters/lesson/columns.h"

#include <string.h>

#include "base/base.h"
#include "text/unicode_class.h"     /* unicode_combining_class               */

#define INVISIBLE 0x25CC            /* ◌                                     */
#define ELLIPSIS "…"

typedef struct { uint32_t first, last; } Range;

/* Marks that sit on a letter and have the combining class 0 (vowels of India and
 * of its neighbours, enclosing marks), and the second half of Korean syllables that
 * are spelled out. Ascending. */
static const Range marks[] = {
    { 0x0488, 0x0489 }, { 0x0900, 0x0902 }, { 0x093A, 0x093A },
    { 0x0941, 0x0948 }, { 0x0955, 0x0957 }, { 0x0962, 0x0963 },
    { 0x0981, 0x0981 }, { 0x09C1, 0x09C4 }, { 0x0A01, 0x0A02 },
    { 0x0A41, 0x0A42 }, { 0x0A47, 0x0A48 }, { 0x0A4B, 0x0A4C },
    { 0x0A81, 0x0A82 }, { 0x0AC1, 0x0AC5 }, { 0x0AC7, 0x0AC8 },
    { 0x0B01, 0x0B01 }, { 0x0B41, 0x0B44 }, { 0x0B82, 0x0B82 },
    { 0x0BC0, 0x0BC0 }, { 0x0C3E, 0x0C40 }, { 0x0C46, 0x0C48 },
    { 0x0C4A, 0x0C4C }, { 0x0D41, 0x0D44 }, { 0x0E31, 0x0E31 },
    { 0x0E34, 0x0E3A }, { 0x0E47, 0x0E4E }, { 0x0EB1, 0x0EB1 },
    { 0x0EB4, 0x0EBC }, { 0x1039, 0x103A }, { 0x102D, 0x1030 },
    { 0x1032, 0x1037 }, { 0x1160, 0x11FF }, { 0x17B7, 0x17BD },
    { 0x20DD, 0x20E4 },
};

/* East Asian wide and fullwidth characters, emoji that are drawn as pictures. */
static const Range wide[] = {
    { 0x1100, 0x115F }, { 0x231A, 0x231B }, { 0x2329, 0x232A },
    { 0x23E9, 0x23EC }, { 0x23F0, 0x23F0 }, { 0x23F3, 0x23F3 },
    { 0x25FD, 0x25FE }, { 0x2614, 0x2615 }, { 0x2630, 0x2637 },
    { 0x2648, 0x2653 }, { 0x267F, 0x267F }, { 0x268A, 0x268F },
    { 0x2693, 0x2693 }, { 0x26A1, 0x26A1 }, { 0x26AA, 0x26AB },
    { 0x26BD, 0x26BE }, { 0x26C4, 0x26C5 }, { 0x26CE, 0x26CE },
    { 0x26D4, 0x26D4 }, { 0x26EA, 0x26EA }, { 0x26F2, 0x26F3 },
    { 0x26F5, 0x26F5 }, { 0x26FA, 0x26FA }, { 0x26FD, 0x26FD },
    { 0x2705, 0x2705 }, { 0x270A, 0x270B }, { 0x2728, 0x2728 },
    { 0x274C, 0x274C }, { 0x274E, 0x274E }, { 0x2753, 0x2755 },
    { 0x2757, 0x2757 }, { 0x2795, 0x2797 }, { 0x27B0, 0x27B0 },
    { 0x27BF, 0x27BF }, { 0x2B1B, 0x2B1C }, { 0x2B50, 0x2B50 },
    { 0x2B55, 0x2B55 }, { 0x2E80, 0x303E }, { 0x3041, 0x4DBF },
    { 0x4DC0, 0xA4CF }, { 0xA960, 0xA97F }, { 0xAC00, 0xD7A3 },
    { 0xF900, 0xFAFF }, { 0xFE10, 0xFE19 }, { 0xFE30, 0xFE6F },
    { 0xFF01, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x16FE0, 0x18DFF },
    { 0x1AFF0, 0x1B2FF }, { 0x1D300, 0x1D376 }, { 0x1F004, 0x1F004 },
    { 0x1F0CF, 0x1F0CF }, { 0x1F18E, 0x1F18E }, { 0x1F191, 0x1F19A },
    { 0x1F1E6, 0x1F1FF }, { 0x1F200, 0x1F64F }, { 0x1F680, 0x1F6FF },
    { 0x1F7D9, 0x1F7FF }, { 0x1F900, 0x1FAFF }, { 0x20000, 0x3FFFD },
};

#define IN(table, point) in_ranges(table, sizeof table / sizeof table[0], point)

/* n is below a hundred and a picture has some hundred characters: a plain scan. */
static bool in_ranges(const Range *range, size_t n, uint32_t point)
{
    for (size_t i = 0; i < n; i++)
        if (point >= range[i].first && point <= range[i].last)
            return true;
    return false;
}

/* Joiners and selectors of a variant: they change how a neighbour looks, if at
 * all. */
static bool is_left_out(uint32_t point)
{
    return point == 0x200C || point == 0x200D
        || (point >= 0xFE00 && point <= 0xFE0F)
        || (point >= 0xE0100 && point <= 0xE01EF);
}

/* Nothing is drawn for them, or they turn the direction of what follows. */
static bool is_invisible(uint32_t point)
{
    return point == 0xAD || point == 0x61C || point == 0x180E
        || (point >= 0x200B && point <= 0x200F) || (point >= 0x2028 && point <= 0x202E)
        || (point >= 0x2060 && point <= 0x206F) || point == 0xFEFF
        || (point >= 0xFFF9 && point <= 0xFFFB)
        || (point >= 0xE0000 && point <= 0xE0FFF);
}

int columns_of_point(uint32_t point)
{
    if (is_left_out(point) || unicode_combining_class(point) != 0
        || IN(marks, point))
        return 0;
    return point >= 0x1100 && IN(wide, point) ? 2 : 1;
}

/* What is shown in the place of a character: itself, a picture of a control
 * character, or ◌. */
static uint32_t visible(uint32_t point)
{
    if (point < 0x20)
        return 0x2400 + point;                              /* ␀ … ␟         */
    if (point == 0x7F)
        return 0x2421;                                      /* ␡             */
    return (point > 0x7F && point < 0xA0) || is_invisible(point) ? INVISIBLE
         : point;
}

/* The next character of text as it is shown. Returns the bytes that it takes in
 * text; bytes that are not UTF-8 are one U+FFFD.
 *
 *   first   nothing stands before it that a mark could sit on
 *   out     its characters, one or two; none: it is left out
 */
static size_t next_shown(uint32_t out[2], int *count, const char *text, bool first)
{
    uint32_t point;
    int n = utf8_scan(&point, text, strlen(text));

    *count = 0;
    if (n < 0)
        point = UTF8_REPLACEMENT;
    if (is_left_out(point)) {
        if (first && text[n] == '\0')       /* the whole text is this        */
            out[(*count)++] = INVISIBLE;
    } else {
        if (first && columns_of_point(point) == 0)
            out[(*count)++] = INVISIBLE;    /* a mark needs something below  */
        out[(*count)++] = visible(point);
    }
    return (size_t)(n < 0 ? -n : n);
}

int columns_of(const char *text)
{
    uint32_t shown[2];
    int columns = 0, count;
    bool first = true;

    while (*text != '\0') {
        text += next_shown(shown, &count, text, first);
        for (int i = 0; i < count; i++)
            columns += columns_of_point(shown[i]);
        first = first && count == 0;
    }
    return columns;
}

int columns_show(Text *out, const char *text, int most)
{
    int room = columns_of(text) <= most ? most : most - 1, columns = 0, count;
    uint32_t shown[2];
    bool first = true;

    while (*text != '\0') {
        int wants = 0;

        text += next_shown(shown, &count, text, first);
        for (int i = 0; i < count; i++)
            wants += columns_of_point(shown[i]);
        if (columns + wants > room) {
            text_add(out, ELLIPSIS, strlen(ELLIPSIS));
            return columns + 1;
        }
        for (int i = 0; i < count; i++)
            text_add_point(out, shown[i]);
        columns += wants;
        first = first && count == 0;
    }
    return columns;
}

size_t columns_fit(const char *shown, int most)
{
    size_t bytes = 0;
    int columns = 0;
    uint32_t point;

    while (shown[bytes] != '\0') {
        int n = max_int(1, utf8_read(&point, shown + bytes, strlen(shown + bytes)));

        columns += columns_of_point(point);
        if (columns > most && bytes > 0)
            break;
        bytes += (size_t)n;
    }
    return bytes;
}
