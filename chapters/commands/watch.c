/* watch.c - ./run watch: grade again whenever the file is saved
 *
 *      ┌──► the next exercise ──► its file ──► is it newer than last time? ◄──┐
 *      │                                        │ yes                         │ 0.2 s
 *      │ passed                                 ▼                             │
 *      └──────────────────────────────────── grade ── not yet ────────────────┘
 *
 * An editor in one window, this in the other: save, look, go on. It ends with Ctrl-C
 * (exit status 130, as everywhere) or when nothing is left to pass.
 *
 * The time of the last change is asked five times a second. Systems can tell a
 * program of changes without being asked, each in a way of its own, and editors save
 * by renaming as often as by writing; asking for one file costs nothing and catches
 * both. Size and inode are looked at too: two saves may fall into one tick. An editor
 * that renames leaves a moment in which there is no file to read: then it is looked for
 * again.
 *
 * Read next: chapters/commands/grade.c.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>               /* nanosleep                                 */

#include "base/interrupt.h"
#include "base/mapfile.h"
#include "chapters/commands/common.h"
#include "chapters/commands/grading.h"
#include "chapters/words.h"

static bool is_saved(const char *path, struct stat *last)
{
    struct stat now;
    bool saved;

    if (stat(path, &now) != 0)
        return false;               /* an editor renames: it will be there   */
    saved = now.st_mtime != last->st_mtime || now.st_size != last->st_size
         || now.st_ino != last->st_ino;
#if defined(__linux__)
    saved = saved || now.st_mtim.tv_nsec != last->st_mtim.tv_nsec;
#endif
    *last = now;
    return saved;
}

/* One exercise until it has passed. */
static bool follow(Course *course, Task *task, const Options *o, Error *error)
{
    const struct timespec glance = { .tv_nsec = 200 * 1000 * 1000 };
    struct stat last = {0};
    bool passed = false;

    if (course_state(task) == NOT_BEGUN && !course_give(course, task, error))
        return false;
    printf("\nwatching %s (%s, %s): save it and it is graded; Ctrl-C ends\n",
           course_shown(course, task->answer), task->number, task->title);
    while (!passed) {
        Verdict v = {0};
        bool fine;

        fflush(stdout);
        if (interrupt_asked())
            return error_code(error, EXIT_INTERRUPTED, "interrupted");
        if (!is_saved(task->answer, &last)) {
            nanosleep(&glance, NULL);
            continue;
        }
        putchar('\n');
        fine = grading_judge(&v, course, task, o, error);
        if (fine)
            grading_show(&v, course, task, o);
        passed = fine && v.kind == VERDICT_PASSED;
        verdict_free(&v);
        if (!fine && (error->code != EXIT_INPUT || path_is_there(task->answer)))
            return false;
        *error = (Error){0};
    }
    return true;
}

int command_watch(const Options *options)
{
    Course course;
    Error error = {0};
    Task *task = NULL;
    bool fine = course_open(&course, options, &error);

    if (fine)
        task = course_task(&course, options, &error);
    fine = task != NULL;
    while (fine && task != NULL) {
        fine = follow(&course, task, options, &error);
        task = options->words != NULL ? NULL : course_next(&course);
    }
    course_close(&course);
    return finish(fine, &error);
}
