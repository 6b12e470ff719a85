/* sidebyside.c - several texts in columns next to each other
 *
 *      temperature 0         seed 0                seed 1
 *      ────────────────────  ────────────────────  ────────────────────
 *      there was a man who   there lived a king,   a poor woman went
 *      had a son, and he …   who had a daughter …  into the wood …
 *
 * What differs between texts is seen when they begin on one line. As many columns
 * are made as can be read (at least 26 characters wide); the texts that are left
 * follow below, again side by side. A newline in a text is a blank here: the lines
 * belong to the picture.
 *
 * Read next: chapters/lesson/columns.c.
 */
#include "chapters/lesson/pictures.h"

#include <string.h>

#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"

#define LEAST 26                    /* columns of a text that can be read    */
#define GAP 2

/* The next line of a text: whole words where they fit. *at moves behind it, and
 * behind the blank at its end. A line of at most width columns.
 *   Returns its bytes; 0: the text is at its end                            */
static size_t next_line(const char **at, int width)
{
    size_t most, bytes;

    *at += strspn(*at, " ");
    most = columns_fit(*at, width);
    bytes = most;
    if ((*at)[most] != '\0' && (*at)[most] != ' ') {
        while (bytes > 0 && (*at)[bytes - 1] != ' ')
            bytes--;
        bytes = bytes > 0 ? bytes : most;       /* one long word: cut it     */
    }
    return bytes;
}

/* One line of each of the texts; false: they are all at their end. */
static bool draw_line(const Lesson *l, const char **at, int n, int width)
{
    bool any = false;
    size_t bytes[8];

    for (int i = 0; i < n; i++) {
        bytes[i] = next_line(&at[i], width);
        any = any || bytes[i] > 0;
    }
    if (!any)
        return false;
    for (int i = 0; i < n; i++) {
        char line[512];

        snprintf(line, sizeof line, "%.*s", (int)(bytes[i] - (bytes[i] > 1
                 && at[i][bytes[i] - 1] == ' ')), at[i]);
        fprintf(l->out, "%*s", i == 0 ? PAINT_MARGIN : GAP, "");
        paint_cell(l, line, i == n - 1 ? min_int(width, columns_of(line)) : width,
                   'l');
        at[i] += bytes[i];
    }
    fputc('\n', l->out);
    return true;
}

/* n texts that fit next to each other, with their heads. */
static void draw_row(Lesson *l, const SideText *text, int n, int width)
{
    Text shown[8] = {{0}};
    const char *at[8];

    paint_block(l);
    for (int i = 0; i < n; i++) {
        fprintf(l->out, "%*s", i == 0 ? PAINT_MARGIN : GAP, "");
        paint(l, "1");
        paint_cell(l, text[i].head, i < n - 1 ? width : min_int(width,
                   columns_of(text[i].head)), 'l');
        paint_end(l);
    }
    fputc('\n', l->out);
    for (int i = 0; i < n; i++) {
        Text plain = {0};

        text_add(&plain, text[i].text, strlen(text[i].text));
        for (size_t b = 0; b < plain.length; b++)
            if (plain.bytes[b] == '\n')
                plain.bytes[b] = ' ';
        text_add(&shown[i], "", 0);
        columns_show(&shown[i], plain.bytes, columns_of(plain.bytes));
        at[i] = shown[i].bytes;
        text_free(&plain);
        fprintf(l->out, "%*s", i == 0 ? PAINT_MARGIN : GAP, "");
        paint_repeat(l, "─", width);
    }
    fputc('\n', l->out);
    while (draw_line(l, at, n, width))
        ;
    for (int i = 0; i < n; i++)
        text_free(&shown[i]);
}

void picture_texts(Lesson *l, const char *key, const SideText *text, int n)
{
    int across = max_int(1, (l->width - PAINT_MARGIN + GAP) / (LEAST + GAP));
    int rows, width;

    if (l->data) {
        json_write_array(&l->json, key);
        for (int i = 0; i < n; i++) {
            json_write_object(&l->json, NULL);
            data_text(l, "head", text[i].head);
            data_text(l, "text", text[i].text);
            json_write_ids(&l->json, "ids", text[i].id, text[i].ids);
            json_write_object_end(&l->json);
        }
        json_write_array_end(&l->json);
        return;
    }
    rows = (n + across - 1) / across;
    across = (n + rows - 1) / max_int(rows, 1);     /* rows of equal length  */
    width = (l->width - PAINT_MARGIN + GAP) / across - GAP;
    for (int i = 0; i < n; i += across)
        draw_row(l, text + i, min_int(across, n - i), width);
}
