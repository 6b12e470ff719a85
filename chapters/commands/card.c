/* card.c - the card of an exercise: title, kind, minutes, hints, why
 *
 *      title    The pairs that turn        a word at the left edge, and its value
 *      minutes  20
 *
 *      hint                                a word, and a paragraph below it,
 *        Where to look.                    set in by two blanks
 *      hint
 *        What is wrong there.              the second of three
 *      why
 *        What you have understood now.
 *
 * A card is what people read about an exercise without opening it. It is text that
 * anybody can write and correct without knowing C, and without a format to learn: a
 * line that begins with a letter starts something new, and all others belong to what
 * stands above them.
 *
 * A paragraph keeps its lines; how wide it is shown is decided when it is shown
 * (course_say): lines that are set in by more than two blanks stay as they are, for a
 * line of code or a drawing.
 *
 * Read next: chapters/commands/course.c.
 */
#include <stdlib.h>             /* atoi                                      */
#include <string.h>

#include "base/mapfile.h"
#include "base/utf8.h"
#include "chapters/commands/course.h"

/* A paragraph of a card goes on: the line less its two blanks, and a newline. */
static const char *lengthen(Course *course, const char *old, const char *line, size_t length)
{
    size_t before = old == NULL ? 0 : strlen(old);
    size_t set_in = length >= 2 && line[0] == ' ' && line[1] == ' ' ? 2 : 0;
    Text text = {0};

    if (before > 0)
        text_add(&text, old, before);
    text_add(&text, line + set_in, length - set_in);
    text_add(&text, "\n", 1);
    old = arena_text(&course->arena, text.bytes, text.length);
    text_free(&text);
    return old;
}

/* One line that begins a word: "minutes  20". Returns where the paragraph below it
 * goes; NULL when the word is unknown. */
static const char **card_word(Course *course, Task *task, const char *line, size_t length)
{
    static const char *nowhere;
    size_t word = strcspn(line, " \n"), gap;
    const char *value;

    word = word > length ? length : word;
    gap = strspn(line + word, " ");
    value = word + gap >= length ? ""
          : arena_text(&course->arena, line + word + gap, length - word - gap);
    if (word == 4 && strncmp(line, "hint", 4) == 0) {
        for (int i = 0; i < HINTS; i++)
            if (task->hint[i] == NULL)
                return task->hint[i] = "", &task->hint[i];
        return NULL;
    }
    if (word == 3 && strncmp(line, "why", 3) == 0)
        return &task->why;
    if (word == 5 && strncmp(line, "title", 5) == 0)
        return task->title = value, &nowhere;
    if (word == 4 && strncmp(line, "kind", 4) == 0)
        return task->kind = value, &nowhere;
    if (word == 5 && strncmp(line, "reads", 5) == 0)
        return task->reads = value, &nowhere;
    if (word == 7 && strncmp(line, "minutes", 7) == 0)
        return task->minutes = atoi(value), &nowhere;
    if (word == 5 && strncmp(line, "level", 5) == 0)
        return task->level = atoi(value), &nowhere;
    return NULL;
}

bool card_read(Course *course, Task *task, Error *error)
{
    const char *path = arena_print(&course->arena, "%s.card", task->base);
    const char **paragraph = NULL;
    MapFile file;
    int number = 0;
    bool fine = mapfile_open(&file, path, error);

    if (!fine)
        return false;
    for (size_t at = 0, length; fine && at < file.size; at += length + 1) {
        const char *line = arena_text(&course->arena, (const char *)file.bytes + at,
                                      file.size - at < 1000 ? file.size - at : 1000);

        length = strcspn(line, "\n");
        number++;
        if (length > 0 && line[0] != ' ')
            paragraph = card_word(course, task, line, length);
        else if (paragraph != NULL && (length > 0 || *paragraph != NULL))
            *paragraph = lengthen(course, *paragraph, line, length);
        fine = paragraph != NULL || length == 0
            || error_set(error, "%s, line %d: not a word that a card has (title, kind, "
                         "minutes, level, reads, three hints, why)", path, number);
    }
    mapfile_close(&file);
    if (fine && (task->title == NULL || task->kind == NULL || task->why == NULL
                 || task->hint[HINTS - 1] == NULL || task->minutes < 1 || task->level < 1))
        return error_set(error, "%s: a card needs title, kind, minutes, level, three hints "
                         "and why", path);
    return fine;
}
