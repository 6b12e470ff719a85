/* course.h - the exercises: where they lie, what their cards say, who passed what
 *
 * Rules of use:
 * 1. course_open finds the clone, the library beside the program and all cards;
 *    --answers names the folder with a pupil's files, and their progress.
 * 2. What was passed is remembered as a hash of the answer and of its key: a file
 *    that was changed since has not passed.
 * 3. Errors: exit 2 for an exercise that is not there, exit 3 for a course that is
 *    not there (an installed program has none) or a card that cannot be read.
 */
#ifndef COURSE_H
#define COURSE_H

#include "base/memory.h"
#include "base/options.h"

#define HINTS 3

typedef struct {                    /* one exercise                          */
    char number[8];                 /* "04.2"                                */
    int chapter, index;             /* 4, 2                                  */
    const char *base;               /* ".../chapter04/2_pairs": the path without
                                       .c, .card, .key.c, .answer            */
    const char *answer;             /* the pupil's file                      */
    const char *title, *kind, *reads;
    int minutes, level;             /* level: 1 easy … 3 hard                */
    const char *hint[HINTS], *why;
    uint64_t passed;                /* hash of what passed; 0: nothing       */
    int hints;                      /* how many were shown                   */
} Task;

typedef struct {
    Arena arena;
    const char *root;               /* the clone                             */
    const char *library;            /* libbillion.a                          */
    const char *objects;            /* folder of the keys' objects, shared   */
    const char *builds;             /* … of programs: the answers' own, so that
                                       two graders do not meet               */
    const char *answers;            /* folder of the pupil's files           */
    Task *tasks;                    /* [count], in the order of the course   */
    int count;
} Course;

bool course_open(Course *course, const Options *options, Error *error);
void course_close(Course *course);

/* "04.2", "4.2"; NULL, with the nearest, when there is none. */
Task *course_find(const Course *course, const char *number, Error *error);
/* The task that the words name; without words the first that has not passed. */
Task *course_task(const Course *course, const Options *options, Error *error);
Task *course_next(const Course *course);            /* NULL: all passed      */

bool course_save(const Course *course, Error *error);       /* the progress  */

/* What the pupil has done about a task. */
typedef enum { NOT_BEGUN, UNCHANGED, BEGUN, PASSED, CHANGED } TaskState;
TaskState course_state(const Course *course, const Task *task);
uint64_t course_hash(const Course *course, const Task *task);

/* The skeleton as the pupil's new file, over whatever is there. */
bool course_give(const Course *course, const Task *task, Error *error);

/* A path as it is typed from here; into the course's arena. */
const char *course_shown(Course *course, const char *path);

/* card.c: fill the fields of a task whose base is set. Errors: a card that lacks
 * something, or has a word that is none, with its line. */
bool card_read(Course *course, Task *task, Error *error);

/* A card's paragraphs on stdout, wrapped; lines that are set in stay as they are. */
void course_say(const char *text);

#endif
