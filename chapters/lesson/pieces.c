/* pieces.c - lines with one number or one text, and a text cut into tokens
 *
 *      picture_number      merges            7
 *      picture_text        the prompt        Once upon a time
 *
 *      picture_tokens      ⟨On⟩  ⟨ce⟩  ⟨ upon⟩  ⟨ a⟩  ⟨ time⟩         in a pipe
 *                          1688  375   693      259   544
 *
 *                          █On█ █ce█ █ upon█ …                       in colours,
 *                          1688 375  693                             two in turns
 *
 * What a tokenizer does is to draw lines between the letters of a text, and that is
 * what is drawn: where one piece ends and the next begins, with blanks that belong
 * to a piece inside of it. Two colours are enough for that, in turns; without
 * colours brackets say it. Below each piece stands the number that the model
 * sees instead.
 *
 * Read next: chapters/lesson/bars.c.
 */

#include "base/decimal.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define LABEL 26                    /* columns of the label, and two behind  */
#define LINES 6                     /* of a text, or a few more              */

static void print_label(const Lesson *l, const char *label)
{
    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    paint_cell(l, label, max_int(LABEL, min_int(columns_of(label), l->width / 2)), 'l');
    fprintf(l->out, "  ");
}

void picture_number(Lesson *l, const char *key, const char *label, double value,
                    int digits, const char *unit)
{
    char spelt[DECIMAL_LENGTH];

    if (l->data) {
        json_write_number(&l->json, key, value, digits);
        return;
    }
    paint_line(l);
    print_label(l, label);
    decimal_write(spelt, value, digits);
    paint(l, "1");
    fputs(spelt, l->out);
    paint_end(l);
    if (unit != NULL && unit[0] != '\0')
        fprintf(l->out, " %s", unit);
    fputc('\n', l->out);
}

/* The text keeps its blanks: lines end where the room ends, or at the last blank
 * before that. A long text is cut. */
void picture_text(Lesson *l, const char *key, const char *label, const char *text)
{
    int room = l->width - PAINT_MARGIN - LABEL - 2;
    Text shown = {0};
    const char *rest;

    if (l->data) {
        data_text(l, key, text);
        return;
    }
    paint_line(l);
    print_label(l, label);
    room = min_int(room, l->width - PAINT_MARGIN - 2 - max_int(LABEL,
                   min_int(columns_of(label), l->width / 2)));
    text_add(&shown, "", 0);
    columns_show(&shown, text, LINES * room);
    for (rest = shown.bytes; ;) {
        size_t n = columns_fit(rest, room), blank = n;

        while (rest[n] != '\0' && blank > n / 2 && rest[blank - 1] != ' ')
            blank--;
        n = blank > n / 2 ? blank : n;
        fprintf(l->out, "%.*s\n", (int)(n - (n > 1 && rest[n - 1] == ' ')), rest);
        rest += n;
        if (*rest == '\0')
            break;
        fprintf(l->out, "%*s", l->width - room, "");
    }
    text_free(&shown);
}

/* A piece, painted or in brackets, behind `gap` blanks. Returns its columns. */
static int print_piece(const Lesson *l, const char *text, int i, int width, int gap)
{
    int columns = min_int(columns_of(text), width - (l->color ? 0 : 2));

    fprintf(l->out, "%*s", gap, "");
    if (!l->color)
        fputs("⟨", l->out);
    paint_ground(l, i % 2 == 0 ? 153 : 223);    /* light blue, light orange  */
    paint_ink(l, 16);
    paint_cell(l, text, columns, 'l');
    paint_end(l);
    if (!l->color)
        fputs("⟩", l->out);
    return columns + (l->color ? 0 : 2);
}

/* Columns of a piece with its brackets, or of its id where that is wider. */
static int piece_width(const Lesson *l, const char *text, const int *id)
{
    int digits = id != NULL ? snprintf(NULL, 0, "%d", *id) : 0;

    return min_int(max_int(columns_of(text) + (l->color ? 0 : 2), digits),
                   l->width - PAINT_MARGIN);
}

void picture_tokens(Lesson *l, const char *key, const char *label,
                    const char *const *text, const int *id, int n)
{
    if (l->data) {
        json_write_array(&l->json, key);
        for (int i = 0; i < n; i++) {
            json_write_object(&l->json, NULL);
            if (id != NULL)
                json_write_integer(&l->json, "id", id[i]);
            data_text(l, "token", text[i]);
            json_write_object_end(&l->json);
        }
        json_write_array_end(&l->json);
        return;
    }
    paint_block(l);
    paint_head(l, label);
    for (int begin = 0, end; begin < n; begin = end) {
        int used = PAINT_MARGIN, gap = PAINT_MARGIN;

        for (end = begin; end < n; end++) {
            int width = piece_width(l, text[end], id != NULL ? &id[end] : NULL);

            if (end > begin && used + width > l->width)
                break;
            gap = width + 1 - print_piece(l, text[end], end, width, gap);
            used += width + 1;
        }
        fputc('\n', l->out);
        if (id == NULL)
            continue;
        for (int i = begin, blank = PAINT_MARGIN; i < end; i++)
            blank = piece_width(l, text[i], &id[i]) + 1
                  - fprintf(l->out, "%*s%d", blank, "", id[i]) + blank;
        fputc('\n', l->out);
    }
}
