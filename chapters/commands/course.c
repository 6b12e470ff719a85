/* course.c - the exercises: where they lie, what their cards say, who passed what
 *
 *      chapters/exercises/
 *      ├── chapter04/
 *      │   ├── 2_pairs.c          the skeleton ── course_give ──┐
 *      │   ├── 2_pairs.card       title, hints, why             │
 *      │   ├── 2_pairs.key.c      cases and comparing           │
 *      │   └── 2_pairs.answer     what make proof tries         │
 *      └── answers/               the pupil's own folder        │
 *          ├── 04.2.c          ◄────────────────────────────────┘
 *          └── progress.txt       "04.2 passed 8f3a…", "04.2 hints 1"
 *
 * The folder is the table of contents: an exercise exists because its card does, and
 * the order of the course is the order of the names. So nothing else has to be told
 * when one is added.
 *
 * Progress is a text file that a person can read. A pass is kept as a hash of the
 * answer and of the key: whoever changes the file afterwards, or gets a newer clone
 * with a stricter key, is asked again. Nothing is compiled to say how far one is.
 * One window watches while another one asks for a hint: who writes the file takes a
 * lock and reads it again before, so that nothing is lost.
 *
 * The course lives in the clone, with the sources and the library to link with. A
 * program that was installed elsewhere finds them when it is started from the clone;
 * else the error says so.
 *
 * Read next: chapters/commands/judging.c.
 */
#include "chapters/commands/course.h"

#include <errno.h>
#include <fcntl.h>              /* open                                      */
#include <inttypes.h>
#include <stdlib.h>             /* realpath                                  */
#include <string.h>
#include <sys/file.h>           /* flock                                     */
#include <sys/stat.h>           /* mkdir                                     */
#include <unistd.h>             /* getcwd, close, access                     */

#include "base/atomicfile.h"
#include "base/hash.h"
#include "base/mapfile.h"
#include "base/place.h"
#include "base/terminal.h"
#include "chapters/wording.h"

#define PATH_ROOM 4096
#define FOLDER "chapters/exercises"
#define WIDEST 78               /* columns of prose                          */

/* Without what they have in common, unless a compiler would take the rest for an
 * option or a list of them. */
const char *course_shown(Course *course, const char *path)
{
    char here[PATH_ROOM];
    size_t length;

    if (getcwd(here, sizeof here) == NULL)
        return path;
    length = strlen(here);
    return strncmp(path, here, length) == 0 && path[length] == '/'
        && strchr("-@", path[length + 1]) == NULL
        ? arena_text(&course->arena, path + length + 1, strlen(path) - length - 1) : path;
}

/* ---- where things are */

/* Beside the program, which is build/run or its copy ./run. */
static bool find_library(Course *course, const char *program, Error *error)
{
    const char *places[] = { program, arena_print(&course->arena, "%s/build", program),
                             arena_print(&course->arena, "%s/build", course->root) };

    for (int i = 0; i < 3; i++) {
        course->library = arena_print(&course->arena, "%s/libbillion.a", places[i]);
        course->objects = arena_print(&course->arena, "%s/exercises", places[i]);
        if (path_is_file(course->library))
            return true;
    }
    return error_set(error, "libbillion.a, the engine that answers are compared with, is "
                     "not built: run make in %s", course->root);
}

bool course_folder(const char *path, Error *error)
{
    int why = mkdir(path, 0777) == 0 || (path_is_folder(path) && access(path, W_OK) == 0)
            ? 0 : errno;

    return why == 0 || error_set(error, "%s: this folder cannot be made, or not be written: "
                                 "%s; --answers names a folder of your own", path,
                                 why == EEXIST ? "a file has this name" : strerror(why));
}

/* ---- tasks */

/* chapter04/2_pairs.card → one task. */
static bool add_task(Course *course, const char *chapter, const char *card, Error *error)
{
    Task *task = &course->tasks[course->count++];
    size_t length = strlen(card) - strlen(".card");

    task->chapter = atoi(chapter + strlen("chapter"));
    task->index = atoi(card);
    snprintf(task->number, sizeof task->number, "%02d.%d", task->chapter % 100,
             task->index % 100);
    task->base = arena_print(&course->arena, "%s/" FOLDER "/%s/%.*s", course->root, chapter,
                             (int)length, card);
    task->answer = arena_print(&course->arena, "%s/%s.c", course->answers, task->number);
    return card_read(course, task, error);
}

#define TASKS 256               /* more than a course has                    */

static bool read_cards(Course *course, Error *error)
{
    int chapters, files;
    const char *folder = arena_print(&course->arena, "%s/" FOLDER, course->root);
    const char **names = place_names(folder, &course->arena, &chapters);

    course->tasks = arena_get(&course->arena, TASKS * sizeof *course->tasks);
    for (int c = 0; c < chapters; c++) {
        const char **cards;

        if (strncmp(names[c], "chapter", strlen("chapter")) != 0)
            continue;
        cards = place_names(arena_print(&course->arena, "%s/%s", folder, names[c]),
                            &course->arena, &files);
        for (int i = 0; i < files && course->count < TASKS; i++)
            if (text_ends_with(cards[i], ".card")
                && !add_task(course, names[c], cards[i], error))
                return false;
    }
    return course->count > 0 || error_set(error, "%s: there are no exercises", folder);
}

/* ---- progress */

static void read_progress(Course *course)
{
    FILE *file = fopen(arena_print(&course->arena, "%s/progress.txt", course->answers), "r");
    char number[16], word[16], value[32], line[128];

    for (int i = 0; i < course->count; i++) {
        course->tasks[i].passed = 0;
        course->tasks[i].hints = 0;
    }
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        for (int i = 0; i < course->count; i++) {
            Task *task = &course->tasks[i];

            if (sscanf(line, "%15s %15s %31s", number, word, value) != 3
                || strcmp(number, task->number) != 0)
                continue;
            if (strcmp(word, "passed") == 0)
                task->passed = strtoull(value, NULL, 16);
            if (strcmp(word, "hints") == 0)
                task->hints = max_int(0, min_int(atoi(value), HINTS));
        }
    if (file != NULL)
        fclose(file);
}

static bool write_progress(Course *course, Error *error)
{
    Text lines = {0};
    bool fine;

    for (int i = 0; i < course->count; i++) {
        const Task *task = &course->tasks[i];

        if (task->passed != 0)
            text_print(&lines, "%s passed %016" PRIx64 "\n", task->number, task->passed);
        if (task->hints > 0)
            text_print(&lines, "%s hints %d\n", task->number, task->hints);
    }
    fine = atomicfile_save(arena_print(&course->arena, "%s/progress.txt", course->answers),
                           lines.bytes, lines.length, error);
    text_free(&lines);
    return fine;
}

/* What somebody else has kept since we looked is read first. The lock is the folder's:
 * the file is replaced. It goes with the descriptor; where there are no locks, as on
 * some network disks, two that write within a millisecond may lose a line. */
static bool keep(Course *course, Task *task, uint64_t passed, bool hint, Error *error)
{
    int lock;
    bool fine;

    if (!course_folder(course->answers, error))
        return false;
    lock = open(course->answers, O_RDONLY | O_CLOEXEC);
    if (lock >= 0)
        flock(lock, LOCK_EX);
    read_progress(course);
    if (hint)
        task->hints = min_int(task->hints + 1, HINTS);
    else
        task->passed = passed;
    fine = write_progress(course, error);
    if (lock >= 0)
        close(lock);
    return fine;
}

bool course_passed(Course *course, Task *task, uint64_t hash, Error *error)
{
    return keep(course, task, hash, false, error);
}

bool course_hinted(Course *course, Task *task, Error *error)
{
    return keep(course, task, 0, true, error);
}

/* ---- opening */

/* --answers, as it is called from everywhere. It need not be there yet. */
static bool find_answers(Course *course, const char *named, Error *error)
{
    char real[PATH_ROOM];

    course->builds = course->objects;
    course->answers = arena_print(&course->arena, "%s/" FOLDER "/answers", course->root);
    if (named == NULL)
        return true;
    if (path_is_there(named) && !path_is_folder(named))
        return error_code(error, EXIT_USAGE, "--answers %s: this is no folder", named);
    if (realpath(named, real) != NULL)
        named = real;
    else if (named[0] != '/' && getcwd(real, sizeof real) != NULL)
        named = arena_print(&course->arena, "%s/%s", real, named);
    course->answers = arena_text(&course->arena, named, strlen(named));
    course->builds = arena_print(&course->arena, "%s/build", course->answers);
    return true;
}

bool course_open(Course *course, const Options *options, Error *error)
{
    char program[PATH_ROOM];

    *course = (Course){0};
    if (!place_of_program(program, sizeof program))
        return error_set(error, "where this program lies is unknown here: the exercises "
                         "cannot be found");
    course->root = place_with(FOLDER "/judge.c", &course->arena);
    if (course->root == NULL)
        return error_set(error, "the exercises are not here: they live in the clone of "
                         "billion-llm, and this program lies in %s; start it from the "
                         "clone", program);
    if (!find_library(course, program, error)
        || !find_answers(course, options->answers, error) || !read_cards(course, error))
        return false;
    read_progress(course);
    return true;
}

void course_close(Course *course)
{
    arena_free(&course->arena);
}

Task *course_find(const Course *course, const char *number, Error *error)
{
    const char *names[TASKS + 1];
    char guess[OPTIONS_GUESS];
    int chapter, index;
    char end;

    for (int i = 0; i < course->count; i++) {
        names[i] = course->tasks[i].number;
        if (sscanf(number, "%d.%d%c", &chapter, &index, &end) == 2
            && course->tasks[i].chapter == chapter && course->tasks[i].index == index)
            return &course->tasks[i];
    }
    names[course->count] = NULL;
    error_code(error, EXIT_USAGE, "there is no exercise %s%s ./run list shows them",
               number, options_guess(guess, ':', options_nearest(number, names)));
    return NULL;
}

Task *course_next(const Course *course)
{
    for (int i = 0; i < course->count; i++)
        if (course_state(&course->tasks[i]) != PASSED)
            return &course->tasks[i];
    return NULL;
}

Task *course_task(const Course *course, const Options *options, Error *error)
{
    Task *task = options->words != NULL ? course_find(course, options->words, error)
                                        : course_next(course);

    if (task == NULL && options->words == NULL)
        error_code(error, EXIT_USAGE, "all %d exercises have passed: name one, like %s",
                   course->count, course->tasks[0].number);
    return task;
}

/* ---- a pupil's file */

static uint64_t hash_file(uint64_t hash, const char *path)
{
    MapFile file;
    Error error = {0};

    if (!mapfile_open(&file, path, &error))
        return hash;
    hash = hash_bytes(hash, file.bytes, file.size);
    mapfile_close(&file);
    return hash;
}

uint64_t course_hash(const Task *task)
{
    char key[PATH_ROOM];

    snprintf(key, sizeof key, "%s.key.c", task->base);
    return hash_file(hash_file(HASH_START, task->answer), key) | 1;
}

TaskState course_state(const Task *task)
{
    char skeleton[PATH_ROOM];

    if (!path_is_there(task->answer))
        return NOT_BEGUN;
    if (task->passed != 0)
        return task->passed == course_hash(task) ? PASSED : CHANGED;
    snprintf(skeleton, sizeof skeleton, "%s.c", task->base);
    return hash_file(HASH_START, task->answer) == hash_file(HASH_START, skeleton)
         ? UNCHANGED : BEGUN;
}

bool course_give(const Course *course, const Task *task, Error *error)
{
    char skeleton[PATH_ROOM];
    MapFile from;
    bool fine;

    snprintf(skeleton, sizeof skeleton, "%s.c", task->base);
    if (!course_folder(course->answers, error) || !mapfile_open(&from, skeleton, error))
        return false;
    fine = atomicfile_save(task->answer, from.bytes, from.size, error);
    mapfile_close(&from);
    return fine;
}

/* ---- showing */

void course_say(const char *text)
{
    Text lines = {0};

    wording_paragraphs(&lines, text, min_int(WIDEST, terminal_width(stdout)) - 1);
    fputs(lines.length > 0 ? lines.bytes : "", stdout);
    text_free(&lines);
}
