/* list.c - ./run list: the exercises, and how far one is
 *
 *      04.2  ✓  Hunt      20 min  ●●○  The pairs that turn
 *       │    │   │         │       │
 *       │    │   │         │       └─ easy, middling, hard
 *       │    │   │         └───────── for somebody who has read the chapter
 *       │    │   └─────────────────── one of six: chapters/exercises/README.md
 *       │    └─────────────────────── passed; … begun; ~ passed once, changed since
 *       └──────────────────────────── chapter and place: ./run grade 04.2
 *
 * Nothing is compiled here: a pass is remembered with a hash of the file and of its
 * key, so that a file that was changed afterwards shows as such.
 *
 * Read next: chapters/commands/grade.c.
 */
#include <stdio.h>

#include "base/terminal.h"
#include "chapters/commands/common.h"
#include "chapters/commands/course.h"
#include "chapters/words.h"

static const char *const state_names[] = { "not begun", "begun", "begun", "passed",
                                           "changed" };
static const char *const marks[] = { " ", "…", "…", "✓", "~" };
static const char *const levels[] = { "○○○", "●○○", "●●○", "●●●" };

static void print_task(const Task *task, bool color)
{
    TaskState state = course_state(task);

    printf("%s  %s%s%s  %-8s %3d min  %s  %s", task->number,
           color && state == PASSED ? "\033[32m" : "", marks[state],
           color && state == PASSED ? "\033[0m" : "", task->kind, task->minutes,
           levels[min_int(task->level, 3)], task->title);
    if (task->hints > 0)
        printf(" (%d hint%s)", task->hints, task->hints > 1 ? "s" : "");
    putchar('\n');
}

static void print_list(const Course *course, bool color)
{
    const Task *next = course_next(course);
    int passed = 0, minutes = 0;

    for (int i = 0; i < course->count; i++) {
        const Task *task = &course->tasks[i];

        if (i > 0 && task->chapter != course->tasks[i - 1].chapter)
            putchar('\n');
        print_task(task, color);
        passed += course_state(task) == PASSED;
        minutes += course_state(task) == PASSED ? 0 : task->minutes;
    }
    printf("\n%d of %d passed", passed, course->count);
    if (next != NULL)
        printf(", about %d minutes to go; next: ./run grade %s", minutes, next->number);
    putchar('\n');
}

static void print_json(const Course *course)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_array(&w, "exercises");
    for (int i = 0; i < course->count; i++) {
        const Task *task = &course->tasks[i];
        const char *state = state_names[course_state(task)];

        json_write_object(&w, NULL);
        json_write_word(&w, "number", task->number);
        json_write_word(&w, "title", task->title);
        json_write_word(&w, "kind", task->kind);
        json_write_integer(&w, "minutes", task->minutes);
        json_write_integer(&w, "level", task->level);
        json_write_integer(&w, "hints", task->hints);
        json_write_word(&w, "state", state);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_object_end(&w);
    json_write_line(&w);
}

int command_list(const Options *options)
{
    Course course;
    Error error = {0};
    bool fine = course_open(&course, options, &error);

    if (fine && options->json)
        print_json(&course);
    else if (fine)
        print_list(&course, terminal_color(stdout, options->color));
    course_close(&course);
    return finish(fine, &error);
}
