/* canvas.h - for tests: a lesson that draws into memory, and what it must have drawn
 *
 * Rules of use: canvas begins one of 60 columns, expect_drawn ends it; one at a time.
 */
#ifndef CANVAS_H
#define CANVAS_H

#include "test.h"

#include <stdlib.h>

#include "chapters/lesson/pictures.h"

static char *drawn;
static size_t length;

/* A lesson of 60 columns that draws into memory. */
static Lesson canvas(bool color, bool data)
{
    Lesson l = { .name = "test", .width = 60, .color = color, .data = data };

    l.out = open_memstream(&drawn, &length);
    if (data) {
        l.json.out = l.out;
        json_write_object(&l.json, NULL);
    }
    return l;
}

/* What was drawn so far, which must be this. */
static void expect_drawn(Lesson *l, const char *want)
{
    if (l->data)
        json_write_object_end(&l->json);
    fclose(l->out);
    expect_text(drawn, want);
    free(drawn);
}

#endif
