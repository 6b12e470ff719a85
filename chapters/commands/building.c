/* building.c - an answer, its key, the judge and the engine become a program
 *
 *      04.2.c ───────┐ the pupil's, compiled anew each time
 *      2_….key.o ────┤                       04.2-checked  sanitizers: what is graded
 *      judge.o ──────┼──► cc ──────────────► 04.2          -O0: for the debugger
 *      judge_…o ─────┤                       04.2-fast     optimized: Race only
 *      libbillion.a ─┘
 *
 * The grader's own files are compiled once: their objects lie in build/exercises/, and
 * are made again when they are older than anything that goes into them. An object has
 * the kind of build and the compiler in its name, since what gcc has built for its
 * sanitizers clang cannot link.
 *
 * The sanitizers watch every step outside an array and every overflow of an int, and
 * name the pupil's line. A program that they watch is slow and hard to follow in a
 * debugger; so the debugger gets a build of its own, without them and without
 * optimization. Its numbers are the same bits: that is what the engine promises.
 *
 * A compiler without sanitizers still grades: the difference is then seen by the
 * comparison or by the judge's fences, or not at all, and the report says so.
 *
 * Read next: chapters/commands/judging.c.
 */
#include "chapters/commands/building.h"

#include <stdio.h>
#include <stdlib.h>             /* getenv                                    */
#include <string.h>
#include <sys/stat.h>           /* which file is older                       */
#include <unistd.h>             /* unlink, getpid                            */

#include "base/mapfile.h"
#include "base/process.h"

#define COMPILE_SECONDS 120     /* far more than any file here needs         */

#if defined(THREADS_OPENMP)     /* as the library was built                  */
#define THREADS_FLAG "-fopenmp"
#elif defined(THREADS_POSIX)
#define THREADS_FLAG "-pthread"
#else
#define THREADS_FLAG "-O1"
#endif

#if defined(__SANITIZE_ADDRESS__)
#define LIBRARY_SANITIZED true  /* then every program needs its runtime      */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIBRARY_SANITIZED true
#endif
#endif
#ifndef LIBRARY_SANITIZED
#define LIBRARY_SANITIZED false
#endif

#define SANITIZE "-fsanitize=address,undefined"

typedef struct {                /* words of one call of the compiler         */
    const char *word[48];
    int count;
} Words;

static void add(Words *w, const char *word)
{
    must(w->count < 47, "a call of %d words", w->count);
    w->word[w->count++] = word;
    w->word[w->count] = NULL;
}

static const char *compiler(void)
{
    const char *cc = getenv("CC");

    return cc != NULL && cc[0] != '\0' ? cc : "cc";
}

/* Its last part: what one compiler has built another may not be able to link. */
static const char *compiler_name(void)
{
    const char *slash = strrchr(compiler(), '/');

    return slash != NULL ? slash + 1 : compiler();
}

static bool compile(Process *p, const Words *words, Error *error)
{
    const char *plain[] = { "LC_ALL=C", NULL };     /* messages that we can read */
    ProcessPlan plan = { .argv = words->word, .environment = plain,
                         .seconds = COMPILE_SECONDS };

    if (process_run(p, &plan, error) && p->end == PROCESS_EXITED && p->code != 127)
        return true;
    if (error->code == 0)
        return error_code(error, EXIT_CRASH, "the compiler %s was stopped after %.0f "
                          "seconds, or crashed", words->word[0], p->seconds);
    return error->code == EXIT_INTERRUPTED
        || error_where(error, "answers are compiled with a C compiler (cc, or what CC "
                       "names)");
}

/* Asked once; the answer lies beside the objects, under the compiler's name. */
bool building_sanitizers(bool *has, Course *course, Error *error)
{
    const char *yes = arena_print(&course->arena, "%s/sanitizers-%s", course->objects,
                                  compiler_name());
    const char *source = arena_print(&course->arena, "%s.c", yes);
    Words w = { .word = { compiler(), SANITIZE, "-o", yes, source }, .count = 5 };
    Process p = {0};
    FILE *file;
    bool fine;

    *has = path_is_file(yes);
    if (*has || path_is_file(source))
        return true;
    file = fopen(source, "w");
    if (file == NULL)
        return error_set(error, "%s cannot be written", source);
    fprintf(file, "int main(void) { return 0; }\n");
    fclose(file);
    fine = compile(&p, &w, error);
    *has = fine && p.code == 0;
    process_free(&p);
    if (!fine)
        unlink(source);
    return fine;
}

/* What all files of a build have in common. -ffp-contract=off: the engine's own
 * rule, else a * b + c would be fused on some machines. */
static void add_flags(Words *w, Course *course, Build build, bool sanitized)
{
    static const char *const level[] = { "-O1", "-O0", "-O3" };

    add(w, compiler());
    add(w, "-std=c11");
    add(w, "-g");
    add(w, level[build]);
    add(w, "-Wall");
    add(w, "-Wextra");
    add(w, "-ffp-contract=off");
    add(w, "-fno-omit-frame-pointer");
    add(w, "-fdiagnostics-color=never");
    add(w, "-D_GNU_SOURCE");
    add(w, THREADS_FLAG);
    if ((build == BUILD_CHECKED && sanitized) || LIBRARY_SANITIZED) {
        add(w, SANITIZE);
        add(w, "-fno-sanitize-recover=undefined");
    }
    add(w, arena_print(&course->arena, "-I%s", course->root));
    add(w, arena_print(&course->arena, "-I%s/src", course->root));
}

static bool newer(const char *path, const struct stat *than)
{
    struct stat status;

    return stat(path, &status) != 0 || status.st_mtime >= than->st_mtime;
}

static const char *build_name(Build build)
{
    return build == BUILD_CHECKED ? "checked" : build == BUILD_DEBUG ? "debug" : "fast";
}

/* One of the grader's own files as an object, compiled when it is not there or older
 * than anything that goes into it. Beside and renamed: a second grader may be at it.
 * NULL: Error. */
static const char *object(Course *course, const Task *task, Build build, bool sanitized,
                          const char *source, const char *name, Error *error)
{
    const char *path = arena_print(&course->arena, "%s/%s-%s-%s.o", course->objects, name,
                                   build_name(build), compiler_name());
    const char *beside = arena_print(&course->arena, "%s.%ld", path, (long)getpid());
    const char *exercises = arena_print(&course->arena, "%s/chapters/exercises", course->root);
    const char *tasks = arena_print(&course->arena, "%s/chapter%02d/tasks.h", exercises,
                                    task->chapter);
    struct stat built;
    Words w = { .count = 0 };
    Process p = {0};
    bool fine;

    if (stat(path, &built) == 0 && !newer(source, &built) && !newer(tasks, &built)
        && !newer(arena_print(&course->arena, "%s/judge.h", exercises), &built)
        && !newer(arena_print(&course->arena, "%s/judge_case.h", exercises), &built)
        && !newer(course->library, &built))
        return path;
    add_flags(&w, course, build, sanitized);
    add(&w, "-c"), add(&w, "-o"), add(&w, beside), add(&w, source);
    fine = compile(&p, &w, error);
    if (fine && p.code != 0)
        fine = error_code(error, EXIT_CRASH, "%s, which is the grader's own, does not "
                          "compile:\n%.700s", source, p.err.bytes);
    fine = fine && (rename(beside, path) == 0
                    || error_code(error, EXIT_CRASH, "%s cannot be written", path));
    process_free(&p);
    return fine ? path : NULL;
}

/* Cost: one compilation and a link, half a second; the first time three more. */
bool building_program(bool *built, Text *said, Course *course, const Task *task,
                          const char *answer, Build build, const char *program,
                          Error *error)
{
    const char *exercises = arena_print(&course->arena, "%s/chapters/exercises", course->root);
    bool sanitized;
    const char *key, *judge, *compare;
    Words w = { .count = 0 };
    Process p = {0};
    bool fine = building_sanitizers(&sanitized, course, error);

    if (!fine)
        return false;
    key = object(course, task, build, sanitized,
                 arena_print(&course->arena, "%s.key.c", task->base),
                 arena_print(&course->arena, "%s.key", task->number), error);
    judge = key == NULL ? NULL : object(course, task, build, sanitized,
        arena_print(&course->arena, "%s/judge.c", exercises), "judge", error);
    compare = judge == NULL ? NULL : object(course, task, build, sanitized,
        arena_print(&course->arena, "%s/judge_compare.c", exercises), "judge_compare", error);
    if (compare == NULL)
        return false;
    add_flags(&w, course, build, sanitized);
    add(&w, "-o"), add(&w, program), add(&w, course_shown(course, answer));
    add(&w, key), add(&w, judge), add(&w, compare), add(&w, course->library);
    add(&w, "-lm");
    unlink(program);
    fine = compile(&p, &w, error);
    *built = fine && p.code == 0;
    if (fine)
        text_add(said, p.err.bytes, p.err.length);
    process_free(&p);
    return fine;
}
