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
    const char *answers;            /* folder of the pupil's files           */
    const char *builds;             /* … of programs                         */
    const char *objects;            /* … of the keys' objects, shared by all */
    bool prepared;                  /* building.c: the folders are there     */
    bool sanitizers;                /* … and this is what the compiler has   */
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

/* Keep in the progress file that a task has passed (hash; 0: it has not), or that one
 * more hint was shown. Others may write there at the same time. */
bool course_passed(Course *course, Task *task, uint64_t hash, Error *error);
bool course_hinted(Course *course, Task *task, Error *error);

/* What the pupil has done about a task. */
typedef enum { NOT_BEGUN, UNCHANGED, BEGUN, PASSED, CHANGED } TaskState;
TaskState course_state(const Task *task);
uint64_t course_hash(const Task *task);         /* of the answer and its key     */

/* The skeleton as the pupil's new file, over whatever is there. */
bool course_give(const Course *course, const Task *task, Error *error);

/* A path as it is typed from here; into the course's arena. */
const char *course_shown(Course *course, const char *path);

/* A folder that may be there already. */
bool course_folder(const char *path, Error *error);

/* card.c: fill the fields of a task whose base is set. Errors: a card that lacks
 * something, or has a word that is none, with its line. */
bool card_read(Course *course, Task *task, Error *error);

/* A card's paragraphs on stdout: wording_paragraphs, as wide as the terminal. */
void course_say(const char *text);

#endif
