/* hint.c - ./run hint: one more hint for an exercise, three in all
 *
 *      ./run hint 04.2             the first
 *      ./run hint 04.2             the first and the second
 *      ./run hint 04.2             all three: the last is nearly the answer
 *      ./run hint 04.2 --level 2   that one alone, and nothing is counted
 *
 * Where to look, what is wrong there, how to mend it: a person who is stuck wants the
 * smallest push that gets them going again, and would regret to have read more. So
 * each call shows one more and remembers it in the answers folder (progress.txt);
 * a class's table shows how many were taken.
 *
 * Without a number it is about the next exercise that has not passed.
 *
 * Read next: chapters/commands/course.c.
 */
#include <stdio.h>

#include "chapters/commands/common.h"
#include "chapters/commands/course.h"
#include "chapters/words.h"

static void print_hint(const Task *task, int level)
{
    printf("%s, hint %d of %d:\n", task->number, level, HINTS);
    course_say(task->hint[level - 1]);
}

int command_hint(const Options *options)
{
    Course course;
    Error error = {0};
    Task *task = NULL;
    bool fine = course_open(&course, options, &error);

    if (fine)
        task = course_task(&course, options, &error);
    if (task != NULL && options->level > 0) {
        print_hint(task, options->level);
    } else if (task != NULL) {
        fine = course_hinted(&course, task, &error);
        for (int level = 1; fine && level <= task->hints; level++)
            print_hint(task, level);
        if (fine && task->hints < HINTS)
            printf("one more: ./run hint %s\n", task->number);
    }
    course_close(&course);
    return finish(fine && task != NULL, &error);
}
