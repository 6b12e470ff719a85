/* lesson.h - what all lessons share: parts, prose, and a theorem that decides
 *
 * Rules of use:
 * 1. A lesson is lesson_begin, some lesson_part with what they show (pictures.h),
 *    lesson_theorem with its lesson_check, and lesson_end, whose result it returns.
 * 2. Everything that is shown goes through these functions and pictures.h: on a
 *    terminal it is drawn, in a pipe it is plain, with --json it becomes data under
 *    its key. So --json cannot forget what the screen shows. A lesson never prints
 *    by itself.
 * 3. Prose is for people only; with --json it is left out.
 * 4. Exit status: 0 when every check held, 1 when one did not, else the Error's.
 *    With --json nothing stands on stdout unless the object is whole.
 */
#ifndef LESSON_H
#define LESSON_H

#include "base/options.h"
#include "files/json_write.h"

#define LESSON_NARROW 60            /* columns that every lesson fits into   */
#define LESSON_WIDE 100             /* and those that it uses at most        */
#define LESSON_CHECKS 16

typedef struct {
    bool holds;
    char what[200];
} LessonCheck;

typedef struct {
    const char *name;               /* "chapter04_attention"                 */
    FILE *out;                      /* stdout                                */
    bool data;                      /* --json: json is written, not out      */
    JsonWriter json;                /* into memory, until lesson_end         */
    char *bytes;                    /* that memory                           */
    size_t length;
    int width;                      /* columns of out, NARROW … WIDE         */
    bool color;                     /* out takes escapes                     */
    int part;                       /* 1, 2, …; 0 before the first           */
    enum { SHOWN_PROSE, SHOWN_LINE } shown; /* what stands above: a picture of
                                       one line joins the lines before it    */
    const char *statement;          /* the theorem, or NULL                  */
    LessonCheck check[LESSON_CHECKS];
    int checks;
} Lesson;

/* title: "04 attention: each word looks back". Both texts live on. */
void lesson_begin(Lesson *l, const char *name, const char *title,
                  const Options *options);

/* A new part; what follows stands under key (an object) in the data. */
void lesson_part(Lesson *l, const char *key, const char *title);

/* A paragraph, wrapped to the width. Blank line before it. */
void lesson_say(Lesson *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The equality that the machine proves in front of the reader, and what was
 * tried: "9 rows before the changed word have the same bits". Checks are counted
 * and shown, and decide the exit status; a lesson without one is our bug. */
void lesson_theorem(Lesson *l, const char *statement);
void lesson_check(Lesson *l, bool holds, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* fine, error: whether the lesson came to its end, as finish() in common.h has
 * them. Prints the verdict or the error; returns the exit status. */
int lesson_end(Lesson *l, bool fine, const Error *error);

#endif
