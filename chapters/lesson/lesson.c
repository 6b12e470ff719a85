/* lesson.c - what all lessons share: parts, prose, and a theorem that decides
 *
 *      lesson_begin ─► part ─► part ─► … ─► theorem ─► check ─► lesson_end
 *           │            │                                │          │
 *           ▼            ▼                                ▼          ▼
 *        heading      pictures                       ✓ or ✗ each   exit status
 *                        │
 *          ┌─────────────┼──────────────┐
 *          ▼             ▼              ▼
 *      a terminal      a pipe        --json
 *      colours, bars   plain text    {"chapter": …, "race": {…},
 *                                     "theorem": {"holds": true, …}}
 *
 * A lesson shows things, and at its end it proves one: an equality that must hold
 * to the last bit, tried on this machine, in front of the reader. If it does not
 * hold, the exit status says so, and a class or a script notices.
 *
 * What is shown goes to three kinds of readers, and none may be forgotten. So a
 * lesson never prints: it hands each thing once to a function that knows who is
 * reading. With --json the object is built in memory and printed when it is
 * whole: an error in the middle leaves nothing half-written on stdout.
 *
 * Read next: chapters/lesson/columns.c, then chapters/chapter01_tokenizer.c.
 */
#include "chapters/lesson/lesson.h"

#include <stdarg.h>
#include <stdio.h>          /* open_memstream                               */
#include <stdlib.h>         /* free: the memory that open_memstream made    */
#include <string.h>

#include "base/command.h"
#include "base/memory.h"
#include "base/terminal.h"
#include "chapters/lesson/data.h"
#include "chapters/wording.h"

#define PARAGRAPH 2000      /* bytes of the longest paragraph               */

void lesson_begin(Lesson *l, const char *name, const char *title,
                  const Options *options)
{
    *l = (Lesson){ .name = name, .out = stdout, .data = options->json,
                   .color = terminal_color(stdout, options->color) };
    l->width = max_int(LESSON_NARROW,
                       min_int(LESSON_WIDE, terminal_width(stdout)));
    if (!l->data) {
        fprintf(l->out, "%s%s%s\n", l->color ? "\033[1m" : "", title,
                l->color ? "\033[0m" : "");
        return;
    }
    l->json.out = open_memstream(&l->bytes, &l->length);
    must(l->json.out != NULL, "no memory for the data of %s", name);
    json_write_object(&l->json, NULL);
    data_text(l, "chapter", name);
}

/* The object of the part before ends; the theorem's stands beside them. */
static void end_part(Lesson *l)
{
    if (l->data && l->part > 0)
        json_write_object_end(&l->json);
}

void lesson_part(Lesson *l, const char *key, const char *title)
{
    end_part(l);
    l->part++;
    if (l->data)
        json_write_object(&l->json, key);
    else
        fprintf(l->out, "\n%s%d  %s%s\n", l->color ? "\033[1;36m" : "", l->part,
                title, l->color ? "\033[0m" : "");
    l->shown = SHOWN_PROSE;
}

/* Paragraphs as wide as the lesson; what stands in front of the first line is there
 * already.
 *   indent  its columns: as many blanks stand before the other lines         */
static void print_wrapped(const Lesson *l, const char *text, int indent)
{
    Text lines = {0}, lead = {0};

    text_print(&lead, "%*s", indent, "");
    wording_wrap(&lines, text, lead.bytes, l->width);
    fputs(lines.bytes + indent, l->out);
    text_free(&lines);
    text_free(&lead);
}

void lesson_say(Lesson *l, const char *format, ...)
{
    char text[PARAGRAPH];
    va_list values;

    if (l->data)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    l->shown = SHOWN_PROSE;
    fputc('\n', l->out);
    print_wrapped(l, text, 0);
}

void lesson_theorem(Lesson *l, const char *statement)
{
    end_part(l);
    l->part = 0;
    l->statement = statement;
    if (l->data)
        return;
    fprintf(l->out, "\n%sTheorem%s  ", l->color ? "\033[1;36m" : "",
            l->color ? "\033[0m" : "");
    print_wrapped(l, statement, 9);
}

void lesson_check(Lesson *l, bool holds, const char *what, ...)
{
    LessonCheck *check = &l->check[l->checks++];
    va_list values;

    must(l->checks <= LESSON_CHECKS, "%s has too many checks", l->name);
    check->holds = holds;
    va_start(values, what);
    vsnprintf(check->what, sizeof check->what, what, values);
    va_end(values);
    if (l->data)
        return;
    fprintf(l->out, "  %s%s%s ", !l->color ? "" : holds ? "\033[36m" : "\033[1;33m",
            holds ? "✓" : "✗", l->color ? "\033[0m" : "");
    print_wrapped(l, check->what, 4);
}

static int failed_checks(const Lesson *l)
{
    int failed = 0;

    for (int i = 0; i < l->checks; i++)
        failed += !l->check[i].holds;
    return failed;
}

/* "theorem": {"statement", "holds", "checks": [{"what", "holds"}]}, and out. */
static void print_data(Lesson *l)
{
    JsonWriter *w = &l->json;

    json_write_object(w, "theorem");
    data_text(l, "statement", l->statement);
    json_write_bool(w, "holds", failed_checks(l) == 0);
    json_write_array(w, "checks");
    for (int i = 0; i < l->checks; i++) {
        json_write_object(w, NULL);
        data_text(l, "what", l->check[i].what);
        json_write_bool(w, "holds", l->check[i].holds);
        json_write_object_end(w);
    }
    json_write_array_end(w);
    json_write_object_end(w);
    json_write_object_end(w);
    json_write_line(w);
    fflush(w->out);
    fwrite(l->bytes, 1, l->length, l->out);
}

int lesson_end(Lesson *l, bool fine, const Error *error)
{
    int failed = failed_checks(l);

    must(!fine || (l->statement != NULL && l->checks > 0),
         "%s proves nothing", l->name);
    if (fine && l->data)
        print_data(l);
    if (l->data) {
        fclose(l->json.out);
        free(l->bytes);
    }
    if (!fine)
        return command_report(error);
    if (failed == 0)
        return EXIT_FINE;
    fflush(l->out);
    fprintf(stderr, "%s: the theorem does not hold: %d of %d checks failed; either "
            "the engine is broken or this machine is (make test says more)\n",
            l->name, failed, l->checks);
    return EXIT_CHECK;
}
