/* grade.c - ./run grade: is this answer right, and if not, where
 *
 *      ./run grade 04.2          one exercise        ┐
 *      ./run grade               the next pending    ├─► judging_judge ──► Verdict
 *      ./run grade --all         each that was begun ┘                       │
 *      ./run grade --prove       the course itself: prove.c                  ▼
 *
 *                      passed: why it works, and what comes next
 *                      not yet: the case, the first wrong element, expected and got,
 *                               how far apart, a guess, the debugger's command
 *
 * A grader that says "wrong" has done half of its work. What a pupil needs is the
 * smallest thing that is wrong, as numbers, and a way to stop in front of it. So the
 * report shows one case and one element, and its last line is a command that works:
 * the same case again, in a build that a debugger can follow, held at the pupil's
 * function.
 *
 * The first time the file is made from the skeleton and graded at once: it fails, and
 * shows what a report looks like. A pass is remembered (chapters/commands/course.c).
 *
 * Hidden cases follow from a seed that is printed: --seed S gives a class others. So
 * a report can be repeated by anybody, and learning the cases by heart is no use.
 *
 * Exit status: 0 passed, 1 not yet, 2 usage, 3 a file that cannot be read, 4 the
 * grader's own tools fail.
 *
 * Read next: chapters/commands/judging.c, chapters/exercises/MAKING.md.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/terminal.h"
#include "chapters/commands/common.h"
#include "chapters/commands/grading.h"
#include "chapters/words.h"

static const char *const kind_names[] = { "passed", "wrong", "compiler", "crashed",
                                          "ended", "timeout" };

/* "passed" in green, "not yet" in bold, where that can be seen. */
static void print_word(const char *word, const char *escape, const Options *o)
{
    if (terminal_color(stdout, o->color))
        printf("\033[%sm%s\033[0m: ", escape, word);
    else
        printf("%s: ", word);
}

/* Each line of text behind two blanks. */
static void set_in(const Text *text)
{
    for (size_t at = 0; at < text->length;) {
        size_t length = strcspn(text->bytes + at, "\n");

        printf("  %.*s\n", (int)length, text->bytes + at);
        at += length + 1;
    }
}

static void headline(const Task *task, Course *course)
{
    printf("%s %s (%s, about %d minutes)\n%s\n", task->number, task->title, task->kind,
           task->minutes, course_shown(course, task->answer));
}

static void show_case(const Verdict *v)
{
    if (v->number < 0)
        return;
    printf("case %d", v->number);
    if (v->hidden)
        printf(" (hidden, seed %" PRIu64 ")", v->seed);
    printf(":\n");
    for (size_t at = 0, length; at < v->says.length; at += length + 1) {
        Text line = {0};

        length = strcspn(v->says.bytes + at, "\n");
        text_add(&line, v->says.bytes + at, length);
        course_say(line.bytes);
        text_free(&line);
    }
}

static void show_difference(const Verdict *v)
{
    show_case(v);
    if (v->index < 0)
        printf("  %s is wrong\n", v->what);
    else if (v->count == 1)
        printf("  %s[0] is wrong\n", v->what);
    else
        printf("  %s[%" PRId64 "] is the first of %" PRId64 " that %s wrong, of %" PRId64
               "\n", v->what, v->index, v->wrong, v->wrong == 1 ? "is" : "are", v->count);
    printf("    expected  %s\n    got       %s\n", v->expected, v->got);
    if (v->ulps > 0 && v->ulps < INT64_C(100000000))
        printf("    %" PRId64 " ulp%s apart (an ulp is the step from one float to the "
               "next)\n", v->ulps, v->ulps == 1 ? "" : "s");
    if (v->guess[0] != '\0') {
        printf("perhaps:\n");
        course_say(v->guess);
    }
}

static void show_trouble(const Verdict *v)
{
    if (v->kind == VERDICT_COMPILER)
        printf("it does not compile:\n");
    else
        show_case(v);
    set_in(&v->trouble);
}

static void show_printed(const Verdict *v)
{
    if (v->printed.length == 0)
        return;
    printf("it printed:\n");
    set_in(&v->printed);
    if (v->flood > 0)
        printf("  … and %zu bytes more\n", v->flood);
}

static void show_passed(const Verdict *v, const Course *course, const Task *task)
{
    const Task *next = course_next(course);

    printf("%d case%s, %d of them hidden (seed %" PRIu64 ")\n", v->cases,
           v->cases == 1 ? "" : "s", max_int(0, v->cases - v->visible), v->seed);
    if (v->racers > 0)
        printf("the race, in seconds (they decide nothing):\n");
    for (int i = 0; i < v->racers; i++)
        printf("  %-24s %.3g\n", v->racer[i].name, v->racer[i].seconds);
    putchar('\n');
    course_say(task->why);
    if (next == NULL)
        printf("\nThat was the last one: all %d exercises have passed.\n", course->count);
    else
        printf("\nnext: %s %s: ./run grade %s\n", next->number, next->title, next->number);
}

/* Once for all: what went wrong, in the order in which it is needed. */
static void show_failed(const Verdict *v, Course *course, const Task *task)
{
    Error ignored = {0};
    const char *command;

    if (v->kind == VERDICT_WRONG)
        show_difference(v);
    else
        show_trouble(v);
    show_printed(v);
    if (v->kind == VERDICT_COMPILER)
        return;
    command = judging_debugger(v, course, task, task->answer, task->number, &ignored);
    if (command != NULL)
        printf("to stop there:\n  %s\n", command);
    printf("a hint: ./run hint %s\n", task->number);
}

void grading_show(const Verdict *v, Course *course, const Task *task, const Options *o)
{
    bool passed = v->kind == VERDICT_PASSED;

    if (!v->sanitized)
        printf("note: the compiler's sanitizers are not there, or do not run here: a step "
               "outside\nan array may stay unseen\n");
    if (v->warnings.length > 0) {
        printf("the compiler warns:\n");
        set_in(&v->warnings);
    }
    print_word(passed ? "passed" : "not yet", passed ? "1;32" : "1", o);
    if (passed)
        show_passed(v, course, task);
    else
        show_failed(v, course, task);
}

/* ---- as data */

static void write_task(JsonWriter *w, const Task *task, const char *state)
{
    json_write_word(w, "number", task->number);
    json_write_word(w, "title", task->title);
    json_write_word(w, "kind", task->kind);
    json_write_integer(w, "minutes", task->minutes);
    json_write_integer(w, "level", task->level);
    json_write_integer(w, "hints", task->hints);
    json_write_word(w, "state", state);
}

static void write_verdict(JsonWriter *w, const Task *task, const Verdict *v,
                          const char *debugger)
{
    json_write_object(w, NULL);
    write_task(w, task, kind_names[v->kind]);
    json_write_bool(w, "passed", v->kind == VERDICT_PASSED);
    json_write_integer(w, "seed", (int64_t)v->seed);
    json_write_integer(w, "cases", v->cases);
    if (v->kind != VERDICT_PASSED && v->number >= 0) {
        json_write_integer(w, "case", v->number);
        json_write_bool(w, "hidden", v->hidden);
        json_write_text(w, "says", v->says.length > 0 ? v->says.bytes : "", v->says.length);
    }
    if (v->kind == VERDICT_WRONG) {
        json_write_word(w, "wrong", v->what);
        json_write_integer(w, "index", v->index);
        json_write_integer(w, "count", v->count);
        json_write_integer(w, "wrong_count", v->wrong);
        json_write_word(w, "expected", v->expected);
        json_write_word(w, "got", v->got);
        json_write_integer(w, "ulps", v->ulps);
        json_write_word(w, "guess", v->guess);
    }
    if (v->trouble.length > 0)
        json_write_text(w, "trouble", v->trouble.bytes, v->trouble.length);
    for (int i = 0; i < v->racers; i++) {
        if (i == 0)
            json_write_array(w, "race");
        json_write_object(w, NULL);
        json_write_word(w, "name", v->racer[i].name);
        json_write_number(w, "seconds", v->racer[i].seconds, 6);
        json_write_object_end(w);
        if (i == v->racers - 1)
            json_write_array_end(w);
    }
    if (debugger != NULL)
        json_write_word(w, "debugger", debugger);
    json_write_object_end(w);
}

/* ---- one */

static Judging wishes(const Options *o)
{
    return (Judging){ .seed = (uint64_t)o->seed, .seconds = o->seconds, .race = true };
}

/* Judge, and keep a pass. The file is there; it is hashed before it is read for the
 * compiler: what is saved in between has not passed. */
bool grading_judge(Verdict *v, Course *course, Task *task, const Options *o, Error *error)
{
    Judging how = wishes(o);
    uint64_t hash = course_hash(task);

    return judging_judge(v, course, task, task->answer, task->number, &how, error)
        && course_passed(course, task, v->kind == VERDICT_PASSED ? hash : 0, error);
}

static bool grade_one(int *code, Course *course, Task *task, const Options *o, Error *error)
{
    JsonWriter w = { .out = stdout };
    Verdict v = {0};
    bool begun = course_state(task) != NOT_BEGUN;

    if (!begun && !course_give(course, task, error))
        return false;
    if (!o->json) {
        headline(task, course);
        if (!begun)
            printf("This file is new: open it in an editor, read its first lines, write your "
                   "code\nbetween the two marks and run ./run grade %s again. As it is, the "
                   "grader says:\n", task->number);
        putchar('\n');
        fflush(stdout);
    }
    if (!grading_judge(&v, course, task, o, error)) {
        verdict_free(&v);
        return false;
    }
    if (o->json) {
        Error ignored = {0};

        write_verdict(&w, task, &v, v.kind == VERDICT_PASSED ? NULL
                      : judging_debugger(&v, course, task, task->answer, task->number,
                                         &ignored));
        json_write_line(&w);
    } else {
        grading_show(&v, course, task, o);
    }
    *code = v.kind == VERDICT_PASSED ? EXIT_FINE : EXIT_CHECK;
    verdict_free(&v);
    return true;
}

/* ---- all */

static void table_line(const Task *task, const char *state, const Verdict *v)
{
    printf("%s  %-8s %-12s %s", task->number, task->kind, state, task->title);
    if (v != NULL && v->kind == VERDICT_WRONG)
        printf(" (case %d%s)", v->number, v->hidden ? ", hidden" : "");
    putchar('\n');
    fflush(stdout);
}

/* A task that was not judged, as a line or an object. */
static void show_state(JsonWriter *w, const Task *task, const char *state, const char *why)
{
    if (w->out == NULL) {
        table_line(task, state, NULL);
        if (why != NULL)
            printf("      %s\n", why);
        return;
    }
    json_write_object(w, NULL);
    write_task(w, task, state);
    json_write_bool(w, "passed", false);
    if (why != NULL)
        json_write_word(w, "trouble", why);
    json_write_object_end(w);
}

/* One of many. Those that are not begun are listed, not compiled. A file that cannot be
 * read is a line of the table, so that the others of a class are still graded. */
static bool grade_next(bool *passed, Course *course, Task *task, JsonWriter *w,
                       const Options *o, Error *error)
{
    TaskState state = course_state(task);
    Error why = {0};
    Verdict v = {0};
    bool judged = false, fine = true;

    if (state == NOT_BEGUN || state == UNCHANGED)
        show_state(w, task, "not begun", NULL);
    else if (!judging_readable(task->answer, &why))
        show_state(w, task, "unreadable", why.text);
    else
        judged = fine = grading_judge(&v, course, task, o, error);
    *passed = judged && v.kind == VERDICT_PASSED;
    if (judged && w->out != NULL)
        write_verdict(w, task, &v, NULL);
    else if (judged)
        table_line(task, kind_names[v.kind], &v);
    verdict_free(&v);
    return fine;
}

static bool grade_all(int *code, Course *course, const Options *o, Error *error)
{
    JsonWriter w = { .out = o->json ? stdout : NULL };
    int count = 0;

    if (o->json) {
        json_write_object(&w, NULL);
        json_write_word(&w, "answers", course->answers);
        json_write_integer(&w, "seed", (int64_t)o->seed);
        json_write_array(&w, "exercises");
    }
    for (int i = 0; i < course->count; i++) {
        bool passed;

        if (!grade_next(&passed, course, &course->tasks[i], &w, o, error))
            return false;
        count += passed;
    }
    if (o->json) {
        json_write_array_end(&w);
        json_write_integer(&w, "passed", count);
        json_write_integer(&w, "count", course->count);
        json_write_object_end(&w);
        json_write_line(&w);
    } else {
        printf("%d of %d passed (hidden cases from seed %.0f)\n", count, course->count,
               o->seed);
    }
    *code = count == course->count ? EXIT_FINE : EXIT_CHECK;
    return true;
}

int command_grade(const Options *options)
{
    Course course;
    Error error = {0};
    Task *task;
    int code = EXIT_FINE;
    bool fine = course_open(&course, options, &error);

    if (fine && options->prove)
        fine = prove_course(&code, &course, options, &error);
    else if (fine && options->all)
        fine = grade_all(&code, &course, options, &error);
    else if (fine) {
        task = course_task(&course, options, &error);
        fine = task != NULL && grade_one(&code, &course, task, options, &error);
    }
    course_close(&course);
    return fine ? code : finish(false, &error);
}
