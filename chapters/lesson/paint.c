/* paint.c - colours, cells of a fixed width, and where a picture begins
 *
 *      size     0 ▏ 17  18  25  31  37  73 109 150 186 222 229 ▕ 1
 *               dark blue ─── green ─── light yellow
 *
 *      sign    -1 ▏ 25  32  74 117 195 │ 255 │ 230 222 215 208 166 ▕ +1
 *               blue ─────────────── white ─────────────── orange
 *
 * Colours of the 256 that nearly every terminal has. About one man in twelve cannot
 * tell red from green, so no scale needs that: sizes go from dark to light, which
 * reads as well in grey; signs go from blue to orange, which all common kinds of
 * colour blindness keep apart. (In blue and orange the strong ends are the dark ones
 * and white is nothing.)
 *
 * A person's terminal may be black or white. Where a picture paints a cell it sets
 * both the ground and the ink, so it looks the same on both; text that is no
 * cell keeps the person's own colours.
 *
 * Without colours all of this prints nothing, and the shapes remain.
 *
 * Read next: chapters/lesson/bars.c.
 */
#include "chapters/lesson/paint.h"

#include "base/base.h"
#include "chapters/lesson/columns.h"

#define STEPS 11

static const int size_steps[STEPS] = { 17, 18, 25, 31, 37, 73, 109, 150, 186, 222,
                                       229 };
static const int sign_steps[STEPS] = { 25, 32, 74, 117, 195, 255, 230, 222, 215,
                                       208, 166 };

void paint_line(Lesson *l)
{
    if (l->shown == SHOWN_PROSE)
        fputc('\n', l->out);
    l->shown = SHOWN_LINE;
}

void paint_block(Lesson *l)
{
    fputc('\n', l->out);
    l->shown = SHOWN_PROSE;
}

void paint_head(Lesson *l, const char *label)
{
    if (label == NULL || label[0] == '\0')
        return;
    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    paint(l, "1");
    paint_cell(l, label, min_int(columns_of(label), l->width - PAINT_MARGIN), 'l');
    paint_end(l);
    fputc('\n', l->out);
}

void paint(const Lesson *l, const char *sgr)
{
    if (l->color)
        fprintf(l->out, "\033[%sm", sgr);
}

void paint_ink(const Lesson *l, int color)
{
    if (l->color)
        fprintf(l->out, "\033[38;5;%dm", color);
}

void paint_ground(const Lesson *l, int color)
{
    if (l->color)
        fprintf(l->out, "\033[48;5;%dm", color);
}

void paint_end(const Lesson *l)
{
    paint(l, "0");
}

void paint_repeat(const Lesson *l, const char *text, int times)
{
    for (int i = 0; i < times; i++)
        fputs(text, l->out);
}

/*   align   'l' or 'r'
 */
void paint_cell(const Lesson *l, const char *text, int width, char align)
{
    Text shown = {0};
    int columns = width > 0 ? columns_show(&shown, text, width) : 0;

    fprintf(l->out, "%*s", align == 'r' ? width - columns : 0, "");
    if (shown.length > 0)
        fputs(shown.bytes, l->out);
    fprintf(l->out, "%*s", align == 'r' ? 0 : width - columns, "");
    text_free(&shown);
}

/* The step nearest to share, which is clamped; NaN is 0. */
static int step_of(double share)
{
    return share > 0 ? (int)((share < 1 ? share : 1) * (STEPS - 1) + 0.5) : 0;
}

int scale_size(double share)
{
    return size_steps[step_of(share)];
}

int scale_sign(double share)
{
    return sign_steps[step_of((share + 1) / 2)];
}

/* Colours of kinds that differ in lightness too: grey, blue, orange, green, yellow … */
static const int kind_grounds[PAINT_KINDS] = { 245, 32, 214, 36, 229, 175, 252, 240 };

void paint_kind(const Lesson *l, const char *const *kind, int k)
{
    paint_ground(l, kind_grounds[k]);
    paint_ink(l, 16);
    fputc(kind[k][0], l->out);
    paint_end(l);
}

void paint_legend(const Lesson *l, const char *const *kind,
                  const bool seen[PAINT_KINDS])
{
    int column = PAINT_MARGIN;

    fprintf(l->out, "%*s", PAINT_MARGIN, "");
    for (int k = 0; k < PAINT_KINDS; k++) {
        int wants = seen[k] ? 2 + columns_of(kind[k]) : 0;

        if (!seen[k])
            continue;
        if (column + 2 + wants > l->width) {
            fprintf(l->out, "\n%*s", PAINT_MARGIN, "");
            column = PAINT_MARGIN;
        } else if (column > PAINT_MARGIN) {
            fprintf(l->out, "  ");
            column += 2;
        }
        paint_kind(l, kind, k);
        fprintf(l->out, " %s", kind[k]);
        column += wants;
    }
    fputc('\n', l->out);
}

/* Black on what is light, white on what is dark. The strong ends are dark. */
int scale_ink(int ground)
{
    static const int dark[] = { 17, 18, 25, 31, 32, 37, 166 };

    for (size_t i = 0; i < sizeof dark / sizeof dark[0]; i++)
        if (ground == dark[i])
            return 231;
    return 16;
}

const char *tenth(float x)
{
    static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8",
                                          "9" };

    return x != x ? " " : x < 0.01f ? "·"
         : digits[min_int(9, (int)((double)x * 10 + 1e-7))];
}

/* The upper half of the character is ink, the lower one ground. */
void paint_halves(const Lesson *l, float above, float below)
{
    bool upper = above == above, lower = below == below;

    if (upper || lower)
        paint_ink(l, scale_size((double)(upper ? above : below)));
    if (upper && lower)
        paint_ground(l, scale_size((double)below));
    fputs(upper ? "▀" : lower ? "▄" : " ", l->out);
    paint_end(l);
}
