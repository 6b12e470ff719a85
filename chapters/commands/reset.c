/* reset.c - ./run reset: the skeleton again; what was there is kept beside it
 *
 *      answers/04.2.c  ──────────►  answers/04.2.c.old     the last one only
 *      chapter04/2_pairs.c  ─────►  answers/04.2.c
 *
 * A person who is lost in their own attempts wants to begin again, and a week later
 * wants the attempt back. The file is renamed, not deleted; ./run grade never writes
 * over it, only this does. An older .old is lost, but never to a file that is the
 * skeleton still: ./run reset twice by mistake keeps the attempt.
 *
 * Unlike the other words, this one wants a number: without one it would take away
 * what a person works on just now.
 *
 * Read next: chapters/commands/course.c.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mapfile.h"
#include "chapters/commands/common.h"
#include "chapters/commands/course.h"
#include "chapters/words.h"

static bool give_anew(Course *course, Task *task, Error *error)
{
    const char *old = arena_print(&course->arena, "%s.old", task->answer);

    if (course_state(task) == UNCHANGED) {
        printf("%s is the skeleton already: ./run grade %s\n",
               course_shown(course, task->answer), task->number);
        return true;
    }
    if (path_is_there(task->answer)) {
        if (rename(task->answer, old) != 0)
            return error_set(error, "%s cannot be renamed: %s", task->answer,
                             strerror(errno));
        printf("%s is now %s\n", course_shown(course, task->answer),
               course_shown(course, old));
    }
    if (!course_give(course, task, error))
        return false;
    printf("%s is new: ./run grade %s\n", course_shown(course, task->answer), task->number);
    return course_passed(course, task, 0, error);
}

int command_reset(const Options *options)
{
    Course course;
    Error error = {0};
    Task *task;
    bool fine;

    if (options->words == NULL) {
        error_code(&error, EXIT_USAGE, "name the exercise that begins anew: ./run reset "
                   "01.1");
        return finish(false, &error);
    }
    fine = course_open(&course, options, &error);
    task = fine ? course_task(&course, options, &error) : NULL;
    fine = task != NULL && give_anew(&course, task, &error);
    course_close(&course);
    return finish(fine, &error);
}
