/* paragraph.c - a text in lines of a given width
 *
 *      "Each row has become a question, and a key that says what it can …"
 *                                │ tour_wrap, lead "? "
 *                                ▼
 *      ? Each row has become a question, and a key
 *        that says what it can …
 *      └─┘
 *      lead, and then as many blanks
 *
 * A tour's text is written without thought of line ends; where it is read, a window
 * has some width. A word is never cut: one that is longer than a line stands on a line
 * of its own. Columns are counted as characters, not bytes; characters that take two
 * columns do not occur in tours.
 *
 * Read next: chapters/tours/script.c.
 */
#include "chapters/tours/tour.h"

#include <string.h>

/* Bytes of a UTF-8 word are not its columns; those that go on do not count. */
static int columns(const char *text, size_t length)
{
    int count = 0;

    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

void tour_wrap(Text *out, const char *text, const char *lead, int width)
{
    bool first = true;
    int column = 0;

    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");
        int wide = columns(text, length);

        if (column > 0 && column + 1 + wide > width) {
            text_add(out, "\n", 1);
            column = 0;
        }
        if (column == 0) {
            for (size_t i = 0; i < strlen(lead); i++)
                text_add(out, first ? lead + i : " ", 1);
            column = columns(lead, strlen(lead));
            first = false;
        } else {
            text_add(out, " ", 1);
            column++;
        }
        text_add(out, text, length);
        column += wide;
        text += length;
    }
    text_add(out, "\n", 1);
}
