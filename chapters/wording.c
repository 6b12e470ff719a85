/* wording.c - texts as a person reads them
 *
 *      "Each row has become a question, and a key that says what it can …"
 *                                │ wording_wrap, lead "? "
 *                                ▼
 *      ? Each row has become a question, and a key
 *        that says what it can …
 *      └─┘
 *      lead, and then as many blanks
 *
 * The texts of lessons, tours and exercises are written without thought of line
 * ends; where they are read, a window has some width. A word is never cut: one that
 * is longer than a line stands on a line of its own.
 *
 * A command that is shown is a promise: copied into a shell it does what was said. Its
 * words go through command_word (src/base/command.c), and it is never wrapped.
 *
 * Read next: chapters/lesson/columns.c.
 */
#include "chapters/wording.h"

#include <string.h>

#include "chapters/lesson/columns.h"

#define BLANKS " \n"

void wording_wrap(Text *out, const char *text, const char *lead, int width)
{
    const int indent = columns_of(lead);
    int column = 0;                 /* 0: nothing stands in this line yet    */
    Text word = {0};

    text_add(out, lead, strlen(lead));
    for (text += strspn(text, BLANKS); *text != '\0'; text += strspn(text, BLANKS)) {
        size_t length = strcspn(text, BLANKS);
        int wide;

        text_clear(&word);
        text_add(&word, text, length);
        wide = columns_of(word.bytes);
        if (column > 0 && indent + column + 1 + wide > width) {
            text_print(out, "\n%*s", indent, "");
            column = 0;
        }
        text_print(out, "%s%s", column > 0 ? " " : "", word.bytes);
        column += (column > 0) + wide;
        text += length;
    }
    text_add(out, "\n", 1);
    text_free(&word);
}

void wording_paragraphs(Text *out, const char *text, int width)
{
    Text paragraph = {0};

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const char *next = text + length + (text[length] == '\n');
        bool apart = length == 0 || text[0] == ' ';

        if (!apart)
            text_print(&paragraph, "%.*s\n", (int)length, text);
        if (paragraph.length > 0 && (apart || *next == '\0')) {
            wording_wrap(out, paragraph.bytes, "  ", width);
            text_clear(&paragraph);
        }
        if (apart)
            text_print(out, "%s%.*s\n", length > 0 ? "  " : "", (int)length, text);
        text = next;
    }
    text_free(&paragraph);
}
