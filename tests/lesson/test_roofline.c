/* test_roofline.c - a point's place between the two walls, worked out by hand
 *
 * Walls of 2^30 bytes/s and 2^34 operations/s meet at 16 operations for each byte. The
 * axes of the 49 · 14 cells go from 2^-1 to 2^7 and from 2^29 to 2^34.5. */
#include "canvas.h"

#include "chapters/lesson/roofline.h"

#define PLOT 10                     /* columns left of the first cell        */

static const RoofPoint point[] = {
    { "one row", 1, 0x1p30 },               /* on the slope: column 6, line 2   */
    { "many rows", 64, 0x1p34 },            /* on the level: column 42, line 12 */
    { "some rows", 16, 0x1p33 },            /* below: column 30, line 9         */
};

/* The cell of the picture, line 0 at the bottom; NUL behind a line's end. Cells are ASCII
 * or three bytes long. */
static char cell(const char *text, int line, int column)
{
    const char *at = text + 1;              /* an empty line stands before   */

    for (int i = 13; i > line; i--)
        at = strchr(at, '\n') + 1;
    for (int i = 0; i < PLOT + column; i++) {
        if (*at == '\n')
            return '\0';
        at += (*at & 0x80) != 0 ? 3 : 1;
    }
    return *at == '\n' ? '\0' : *at;
}

TEST(points_and_walls)
{
    static const int place[][2] = { { 6, 2 }, { 42, 12 }, { 30, 9 } };
    Lesson l = canvas(false, false);
    int letters = 0;

    picture_roofline(&l, "roof", 0x1p30, 0x1p34, point, 3);
    fclose(l.out);
    for (int i = 0; i < 3; i++)
        expect_int(cell(drawn, place[i][1], place[i][0]), 'a' + i);
    for (int line = 0; line < 14; line++)
        for (int c = 0; c < 49; c++)
            letters += cell(drawn, line, c) >= 'a' && cell(drawn, line, c) <= 'z';
    expect_int(letters, 3);
    /* The slope: 2^32 at 4 operations, column 18, line 7. The level: line 12. */
    expect_int(cell(drawn, 7, 18), '\xE2');
    expect_int(cell(drawn, 12, 48), '\xE2');
    expect_int(cell(drawn, 12, 40), '\xE2');
    expect_int(cell(drawn, 12, 20), ' ');
    expect_int(cell(drawn, 13, 0), '\0');
    expect(strstr(drawn, "\n  c  some rows\n") != NULL);
    free(drawn);
}

TEST(as_data)
{
    Lesson l = canvas(false, true);

    picture_roofline(&l, "roof", 3e10, 2e11, point, 1);
    expect_drawn(&l, "{\"roof\":{\"bandwidth\":30000000000,\"peak\":200000000000,"
                     "\"points\":[{\"label\":\"one row\",\"work\":1,"
                     "\"speed\":1074000000}]}}");
}

const Test roofline_tests[] = {
    { "points stand where logarithms put them", points_and_walls },
    { "the same as data", as_data },
    { NULL, NULL },
};
