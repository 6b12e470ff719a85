/* bitfields.c - a number in a few bits, taken apart
 *
 *      bf16   0  01111011   1011100
 *             ┬  ───┬────  ────┬───
 *             +    2^-4    1 + 92/128    =  0.107421875
 *
 * Three fields: the sign, the exponent with its bias taken off, the mantissa as a
 * fraction. What stands below the brackets, multiplied, is the value; the lesson
 * hands the value over, and its theorem says that the two agree.
 *
 * The odd ones are said as they are: with an exponent of only zeros the fraction has
 * no 1 before it (subnormal numbers, and zero); with one of only ones it is no
 * number but infinity or NaN.
 *
 * Read next: src/numbers/halffloat.c.
 */
#include "chapters/lesson/pictures.h"

#include <inttypes.h>
#include <math.h>                   /* isnan                                 */
#include <string.h>

#include "base/decimal.h"
#include "chapters/lesson/columns.h"
#include "chapters/lesson/data.h"
#include "chapters/lesson/paint.h"

#define INDENT (PAINT_MARGIN + 5)   /* columns of the name                   */

typedef struct {                    /* one field: its bits, and what they say */
    char bits[33], says[40];
    int width, color;
} Field;

/* The lowest n bits of x, highest first. */
static void spell(char *out, uint32_t x, int n)
{
    for (int i = 0; i < n; i++)
        out[i] = (char)('0' + (x >> (n - 1 - i) & 1));
    out[n] = '\0';
}

static void data(Lesson *l, const char *key, const BitFields *b, uint32_t sign,
                 uint32_t e, uint32_t m, double value)
{
    JsonWriter *w = &l->json;

    json_write_object(w, key);
    data_text(l, "format", b->name);
    json_write_integer(w, "sign", (int64_t)sign);
    json_write_integer(w, "exponent", (int64_t)e);
    json_write_integer(w, "mantissa", (int64_t)m);
    json_write_integer(w, "exponent_bits", b->exponent);
    json_write_integer(w, "mantissa_bits", b->mantissa);
    json_write_number(w, "value", value, 17);
    json_write_object_end(w);
}

static void draw_bits(const Lesson *l, const Field field[3])
{
    for (int f = 0; f < 3; f++) {
        int free = field[f].width - (int)strlen(field[f].bits);

        fprintf(l->out, "  %*s", free / 2, "");
        paint_ink(l, field[f].color);
        fputs(field[f].bits, l->out);
        paint_end(l);
        fprintf(l->out, "%*s", f < 2 ? free - free / 2 : 0, "");
    }
    fputc('\n', l->out);
}

static void draw_brackets(const Lesson *l, const Field field[3])
{
    for (int f = 0; f < 3; f++) {
        int middle = (field[f].width - 1) / 2;

        fputs("  ", l->out);
        paint_ink(l, field[f].color);
        paint_repeat(l, "─", middle);
        fputs("┬", l->out);
        paint_repeat(l, "─", field[f].width - middle - 1);
        paint_end(l);
    }
    fputc('\n', l->out);
}

/* What the fields say, and the value: in a line of its own where it does not fit. */
static void draw_meaning(const Lesson *l, const Field field[3], double value)
{
    char text[DECIMAL_LENGTH] = "not a number";
    int column = INDENT;

    for (int f = 0; f < 3; f++) {
        int wants = columns_of(field[f].says), free = field[f].width - wants;

        fprintf(l->out, "  %*s%s%*s", free / 2, "", field[f].says,
                f < 2 ? free - free / 2 : 0, "");
        column += 2 + field[f].width - (f < 2 ? 0 : free - free / 2);
    }
    if (isinf(value))
        snprintf(text, sizeof text, "%sinfinity", value < 0 ? "-" : "");
    else if (!isnan(value))
        decimal_write(text, value, 9);
    if (column + 5 + columns_of(text) > l->width)
        fprintf(l->out, "\n%*s", INDENT, "");
    fprintf(l->out, "  =  %s\n", text);
}

void picture_bits(Lesson *l, const char *key, const BitFields *b, uint32_t bits,
                  double value)
{
    uint32_t ones = (1u << b->exponent) - 1;
    uint32_t sign = bits >> (b->exponent + b->mantissa) & 1;
    uint32_t e = bits >> b->mantissa & ones, m = bits & ((1u << b->mantissa) - 1);
    int bias = (int)(ones >> 1);
    Field field[3] = { { .color = 175 }, { .color = 208 }, { .color = 75 } };

    if (l->data) {
        data(l, key, b, sign, e, m, value);
        return;
    }
    spell(field[0].bits, sign, 1);
    spell(field[1].bits, e, b->exponent);
    spell(field[2].bits, m, b->mantissa);
    snprintf(field[0].says, sizeof field[0].says, "%s", sign == 1 ? "-" : "+");
    snprintf(field[1].says, sizeof field[1].says, e == ones ? "all ones" : "2^%d",
             max_int((int)e, 1) - bias);
    snprintf(field[2].says, sizeof field[2].says, "%s%" PRIu32 "/%d",
             e == 0 ? "" : "1+", m, 1 << b->mantissa);
    for (int f = 0; f < 3; f++)
        field[f].width = max_int((int)strlen(field[f].bits),
                                 columns_of(field[f].says));
    paint_block(l);
    fprintf(l->out, "%*s%-5s", PAINT_MARGIN, "", b->name);
    draw_bits(l, field);
    fprintf(l->out, "%*s", INDENT, "");
    draw_brackets(l, field);
    fprintf(l->out, "%*s", INDENT, "");
    draw_meaning(l, field, value);
}
