/* hexdump.c - bytes as they lie in a file, with brackets that name them
 *
 *      00000000  58 1b 00 00 00 00 00 00  7b 22 5f 5f 6d 65 74 61  X·······{"__meta
 *                └─────────────────────┘  └────────────────────────
 *                length of the header     the header, as JSON
 *      00000010  64 61 74 61 …
 *                ──────────┘
 *
 * A file is a row of numbers from 0 to 255, and what each of them means is an
 * agreement. A hexdump shows the numbers, two hexadecimal digits each, with the
 * place of the line's first one on the left and, where a byte is a printable letter of
 * ASCII, that letter on the right. The brackets below show the agreement.
 *
 * A part that goes on in the next line is open at that side. Its name stands below
 * its beginning; where two names would run into each other, the left one waits for
 * the next line and a stroke leads down to it:
 *
 *                └───┘ └───┘
 *                │     the second name
 *                the first name
 *
 * Read next: chapters/chapter02_weights.c.
 */
#include <string.h>

#include "base/memory.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"
#include "chapters/lesson/pictures.h"

#define OFFSET 8                    /* columns of the place                  */
#define SIXTEEN 78                  /* columns that 16 bytes a line need     */
#define PARTS 16                    /* names in one line: one for each byte  */

typedef struct {                    /* one line of the dump                  */
    const unsigned char *bytes;
    size_t n, from;                 /* of all n, from which on; `each` a line */
    int each;
    const Bracket *bracket;         /* those of the whole dump               */
    int count;
} Line;

static void write_hexdump(Lesson *l, const char *key, const unsigned char *bytes,
                          size_t n, size_t offset, const Bracket *b, int count)
{
    char *hex = memory_get_bytes(2 * n + 1);

    for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)bytes[i]);
    json_write_object(&l->json, key);
    json_write_integer(&l->json, "offset", (int64_t)offset);
    json_write_text(&l->json, "hex", hex, 2 * n);
    json_write_array(&l->json, "parts");
    for (int i = 0; i < count; i++) {
        json_write_object(&l->json, NULL);
        json_write_integer(&l->json, "from", (int64_t)b[i].from);
        json_write_integer(&l->json, "to", (int64_t)b[i].to);
        data_text(l, "what", b[i].what);
        json_write_object_end(&l->json);
    }
    json_write_array_end(&l->json);
    json_write_object_end(&l->json);
    memory_give_back(hex);
}

/* The column of byte i of a line; one more blank in the middle of it. */
static int column_of(int i)
{
    return PAINT_MARGIN + OFFSET + 2 + 3 * i + (i >= 8);
}

/* Bracket b, as far as it lies in the line: bytes *first … *last of it. */
static bool crosses(const Line *line, const Bracket *b, int *first, int *last)
{
    size_t end = line->from + (size_t)line->each;

    end = end < line->n ? end : line->n;
    if (b->from >= end || b->to <= line->from || b->from >= b->to)
        return false;
    *first = b->from > line->from ? (int)(b->from - line->from) : 0;
    *last = (int)((b->to < end ? b->to : end) - line->from) - 1;
    return true;
}

static void print_bytes(const Lesson *l, const Line *line, size_t offset)
{
    int first, last;

    fprintf(l->out, "%*s%0*zx  ", PAINT_MARGIN, "", OFFSET, offset + line->from);
    for (int i = 0; i < line->each && (size_t)i < line->n; i++) {
        size_t at = line->from + (size_t)i;

        fputs(i == 8 ? " " : "", l->out);
        for (int b = 0; b < line->count; b++)
            if (crosses(line, &line->bracket[b], &first, &last) && i >= first
                && i <= last)
                paint_ink(l, b % 2 == 0 ? 32 : 166);
        if (at < line->n)
            fprintf(l->out, "%02x", (unsigned)line->bytes[at]);
        else
            fputs("  ", l->out);
        paint_end(l);
        fputc(' ', l->out);
    }
    fputc(' ', l->out);
    for (int i = 0; i < line->each && line->from + (size_t)i < line->n; i++) {
        unsigned char c = line->bytes[line->from + (size_t)i];

        if (c >= ' ' && c <= '~')
            fputc(c, l->out);
        else
            fputs("·", l->out);
    }
    fputc('\n', l->out);
}

/* └────┘, open where the part began before this line or goes on behind it. */
static void print_brackets(const Lesson *l, const Line *line)
{
    int at = 0, first, last;

    for (int b = 0; b < line->count; b++) {
        const Bracket *bracket = &line->bracket[b];
        bool begins, ends;

        if (!crosses(line, bracket, &first, &last))
            continue;
        begins = bracket->from >= line->from;
        ends = bracket->to <= line->from + (size_t)line->each;
        fprintf(l->out, "%*s", column_of(first) - at, "");
        paint_ink(l, b % 2 == 0 ? 32 : 166);
        at = column_of(last) + 2;
        fputs(begins ? "└" : "─", l->out);
        paint_repeat(l, "─", at - column_of(first) - 2);
        fputs(ends ? "┘" : "─", l->out);
        paint_end(l);
    }
    fputc('\n', l->out);
}

/* The names of the parts that begin in this line. From the right to the left each
 * takes the place below its part if it ends before the next one begins; the others
 * wait for a line of their own, and │ leads to them.
 *
 *   waiting   [count] numbers of brackets, ascending
 */
static void print_names(const Lesson *l, const Line *line, int *waiting,
                        int count)
{
    while (count > 0) {
        bool here[PARTS] = {0};
        int at = 0, limit = l->width, left = 0, later[PARTS];

        for (int i = count - 1; i >= 0; i--) {
            const Bracket *b = &line->bracket[waiting[i]];
            int column = column_of((int)(b->from - line->from));

            here[i] = i == count - 1
                   || column + columns_of(b->what) + 1 <= limit;
            limit = column;
        }
        for (int i = 0; i < count; i++) {
            const Bracket *b = &line->bracket[waiting[i]];
            int column = column_of((int)(b->from - line->from));

            fprintf(l->out, "%*s", column - at, "");
            paint_ink(l, waiting[i] % 2 == 0 ? 32 : 166);
            at = column + 1;
            if (here[i]) {
                int width = min_int(columns_of(b->what), l->width - column);

                paint_cell(l, b->what, width, 'l');
                at = column + width;
            } else {
                fputs("│", l->out);
                later[left++] = waiting[i];
            }
            paint_end(l);
        }
        fputc('\n', l->out);
        memcpy(waiting, later, (size_t)left * sizeof *later);
        count = left;
    }
}

void picture_hexdump(Lesson *l, const char *key, const unsigned char *bytes,
                     size_t n, size_t offset, const Bracket *brackets, int count)
{
    Line line = { .bytes = bytes, .n = n, .bracket = brackets, .count = count,
                  .each = l->width >= SIXTEEN ? 16 : 8 };

    if (l->data) {
        write_hexdump(l, key, bytes, n, offset, brackets, count);
        return;
    }
    paint_block(l);
    for (; line.from < n; line.from += (size_t)line.each) {
        int waiting[PARTS], names = 0, first, last;
        bool any = false;

        print_bytes(l, &line, offset);
        for (int b = 0; b < count; b++)
            if (crosses(&line, &brackets[b], &first, &last)) {
                any = true;
                if (brackets[b].from >= line.from)
                    waiting[names++] = b;
            }
        if (any)
            print_brackets(l, &line);
        print_names(l, &line, waiting, names);
    }
}
