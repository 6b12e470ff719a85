/* screen.c - what a program shows on a terminal, as a page shows it
 *
 *      ESC [ 1 ; 36 m 1  A text ESC [ 0 m        what a lesson writes to a terminal
 *            │    │
 *            │    └── 30–37, 90–97: a colour's number; 38;5;n, 38;2;r;g;b too
 *            └── 1: bold, 2: faint, 7: exchanged, 0: all off
 *                     │
 *                     ▼
 *      <span style="…">1  A text</span>
 *
 * The lessons draw with colours where a person looks. A page is looked at, so the
 * weaver runs them with --color always and keeps the colours. Only the escapes that
 * set colours and weights are known (ECMA-48 calls them SGR); any other is
 * left out.
 *
 * The sixteen named colours are the reader's own on a terminal; here they are
 * classes, so that the style sheet has a light and a dark set of them.
 *
 * Source: ECMA-48, section 8.3.117 (SGR). Read next: chapters/book/weave.c.
 */
#include "chapters/book/book.h"

#include <stdio.h>              /* sscanf, snprintf                          */
#include <stdlib.h>             /* strtol                                    */
#include <string.h>

#define SETTINGS 16             /* numbers in one escape                     */

typedef struct {
    char color[2][24];          /* letters, paper: "a6", "#1b9e77", ""       */
    bool bold, faint, exchanged;
} Look;

/* Colour n of 256: 16 named ones, a cube of 6 · 6 · 6, 24 greys. */
static void palette(char color[24], int n)
{
    int level[3];

    if (n < 16) {
        snprintf(color, 24, "var(--a%d)", n);
        return;
    }
    for (int i = 0; i < 3; i++) {
        int step = (n - 16) / (i == 0 ? 36 : i == 1 ? 6 : 1) % 6;

        level[i] = n >= 232 ? 8 + 10 * (n - 232) : step > 0 ? 55 + 40 * step : 0;
    }
    snprintf(color, 24, "#%02x%02x%02x", (unsigned)level[0] & 255,
             (unsigned)level[1] & 255, (unsigned)level[2] & 255);
}

/* 38 or 48 and what follows it; returns how many numbers that was. */
static int long_color(char color[24], const int *set, int count)
{
    if (count >= 3 && set[1] == 5) {
        palette(color, set[2]);
        return 3;
    }
    if (count >= 5 && set[1] == 2) {
        snprintf(color, 24, "#%02x%02x%02x", (unsigned)set[2] & 255,
                 (unsigned)set[3] & 255, (unsigned)set[4] & 255);
        return 5;
    }
    return count;
}

static void change(Look *look, const int *set, int count)
{
    for (int i = 0, used; i < count; i += used) {
        int n = set[i], paper = (n >= 40 && n <= 49) || n >= 100;

        used = 1;
        if (n == 0)
            *look = (Look){ .bold = false };
        else if (n == 1 || n == 2)
            *(n == 1 ? &look->bold : &look->faint) = true;
        else if (n == 22)
            look->bold = look->faint = false;
        else if (n == 7 || n == 27)
            look->exchanged = n == 7;
        else if (n == 38 || n == 48)
            used = long_color(look->color[paper], set + i, count - i);
        else if (n == 39 || n == 49)
            look->color[paper][0] = '\0';
        else if ((n >= 30 && n <= 37) || (n >= 40 && n <= 47))
            palette(look->color[paper], n % 10);
        else if (n >= 90 && n <= 107)
            palette(look->color[paper], n % 10 + 8);
    }
}

/* Returns whether there is something to close. */
static bool open_look(Text *page, const Look *look)
{
    const char *ink = look->color[look->exchanged];
    const char *paper = look->color[!look->exchanged];

    if (look->exchanged && ink[0] == '\0')
        ink = "var(--paper)";
    if (look->exchanged && paper[0] == '\0')
        paper = "var(--ink)";
    if (ink[0] == '\0' && paper[0] == '\0' && !look->bold && !look->faint)
        return false;
    put(page, "<span style=\"");
    if (ink[0] != '\0')
        text_print(page, "color:%s;", ink);
    if (paper[0] != '\0')
        text_print(page, "background:%s;", paper);
    text_print(page, "%s%s\">", look->bold ? "font-weight:700;" : "",
               look->faint ? "opacity:.65;" : "");
    return true;
}

/* The escape at text: ESC [ numbers letter. Returns its bytes. */
static int read_escape(Look *look, Span text)
{
    int set[SETTINGS] = {0}, count = 0, i = 1;

    if (i < text.length && text.text[i] == '[')
        for (i++; i < text.length; i++) {
            char c = text.text[i];

            if (c >= '0' && c <= '9' && set[count] < 1000)
                set[count] = 10 * set[count] + (c - '0');
            else if ((c == ';' || c == ':') && count < SETTINGS - 1)
                count++;
            else if (c >= '@' && c <= '~')
                break;
        }
    if (i < text.length && text.text[i] == 'm')
        change(look, set, count + 1);
    return min_int(i + 1, text.length);
}

void put_screen(Text *page, const char *bytes, size_t length)
{
    Look look = { .bold = false };
    Span rest = { bytes, (int)length };

    while (rest.length > 0) {
        Span plain = { rest.text, 0 };
        bool opened;

        while (plain.length < rest.length && rest.text[plain.length] != '\033')
            plain.length++;
        opened = plain.length > 0 && open_look(page, &look);
        put_escaped(page, plain);
        if (opened)
            put(page, "</span>");
        rest = (Span){ rest.text + plain.length, rest.length - plain.length };
        if (rest.length > 0) {
            int escape = read_escape(&look, rest);

            rest = (Span){ rest.text + escape, rest.length - escape };
        }
    }
}
