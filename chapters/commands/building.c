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
 * sanitizers clang cannot link. (In a clone that cannot be written they lie with the
 * pupil's programs.)
 *
 * The compiler is the one that built this program, since it must link with the engine;
 * or what CC names, which may be several words: "ccache gcc".
 *
 * The sanitizers watch every step outside an array and every overflow of an int, and
 * name the pupil's line. A program that they watch is slow and hard to follow in a
 * debugger; so the debugger gets a build of its own, without them and without
 * optimization. Its numbers are the same bits: that is what the engine promises.
 *
 * A compiler without sanitizers still grades: the difference is then seen by the
 * comparison or by the judge's fences, or not at all, and the report says so. So does
 * a machine on which they do not run: AddressSanitizer wants terabytes of addresses,
 * and where `ulimit -v` gives less it ends at once. So a program of nothing is built
 * and run first.
 *
 * Everything is made beside its place and renamed: two graders may be at it.
 *
 * Read next: chapters/commands/judging.c.
 */
#include "chapters/commands/building.h"

#include <stdio.h>
#include <stdlib.h>             /* getenv                                    */
#include <string.h>
#include <sys/stat.h>           /* which file is older                       */
#include <unistd.h>             /* unlink, getpid                            */

#include "base/atomicfile.h"
#include "base/hash.h"
#include "base/mapfile.h"
#include "base/process.h"

#define COMPILE_SECONDS 600     /* far more than any file here needs         */
#define WORDS 64

#if defined(THREADS_OPENMP)     /* as the library was built                  */
#define THREADS_FLAG "-fopenmp"
#elif defined(THREADS_POSIX)
#define THREADS_FLAG "-pthread"
#else
#define THREADS_FLAG "-DTHREADS_NONE"
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

#ifndef COMPILER                /* the Makefile says it: its CC              */
#define COMPILER "cc"
#endif

#define SANITIZE "-fsanitize=address,undefined"

typedef struct {                /* words of one call of the compiler         */
    const char *word[WORDS + 1];
    int count;
} Words;

static void add(Words *w, const char *word)
{
    must(w->count < WORDS, "a call of %d words", w->count);
    w->word[w->count++] = word;
    w->word[w->count] = NULL;
}

static const char *compiler(void)
{
    const char *cc = getenv("CC");

    return cc != NULL && cc[strspn(cc, " ")] != '\0' ? cc : COMPILER;
}

/* A call begins with the compiler's words: "ccache gcc" are two. */
static Words call_compiler(Course *course)
{
    Words w = { .count = 0 };

    for (const char *at = compiler(); *(at += strspn(at, " ")) != '\0' && w.count < 16;
         at += strcspn(at, " "))
        add(&w, arena_text(&course->arena, at, strcspn(at, " ")));
    return w;
}

/* For names of files: what one compiler has built another may not be able to link. Its
 * name, for people, and a hash of all its words: "gcc-1f0c49a2". */
static const char *compiler_mark(Course *course)
{
    const char *all = compiler() + strspn(compiler(), " "), *name = all;
    size_t length = strcspn(all, " ");

    for (const char *at = all; at < all + length; at++)
        if (*at == '/')
            name = at + 1;
    return arena_print(&course->arena, "%.*s-%08x", (int)(all + length - name), name,
                       (unsigned)hash_bytes(HASH_START, all, strlen(all)));
}

static bool compile(Process *p, const Words *words, Error *error)
{
    const char *plain[] = { "LC_ALL=C", NULL };     /* messages that we can read */
    ProcessPlan plan = { .argv = words->word, .environment = plain,
                         .seconds = COMPILE_SECONDS };

    if (!process_run(p, &plan, error)) {
        if (error->code != EXIT_INTERRUPTED)
            error_where(error, "answers are compiled with a C compiler (the one that built "
                        "this program, or what CC names)");
        return false;
    }
    if (p->end != PROCESS_EXITED || p->code == 127)
        return error_code(error, EXIT_CRASH, "the compiler %s was stopped after %.0f "
                          "seconds, or crashed", words->word[0], p->seconds);
    if (p->code != 0 && strstr(p->err.bytes, "No space left on device") != NULL)
        return error_code(error, EXIT_ROOM, "the disk is full: %s needs room for what it "
                          "compiles, in /tmp too", words->word[0]);
    return true;
}

/* The folders for what is built; objects that cannot lie in the clone lie with the
 * programs. */
static bool prepare_folders(Course *course, Error *error)
{
    Error ignored = {0};

    if (course_folder(course->objects, &ignored))
        return course->builds == course->objects || course_folder(course->builds, error);
    if (!course_folder(course->builds, error))
        return false;
    course->objects = course->builds;
    return true;
}

/* A program of nothing is compiled once for each compiler, and run each time. */
static bool try_sanitizers(Course *course, Error *error)
{
    const char *yes = arena_print(&course->arena, "%s/sanitizers-%s", course->objects,
                                  compiler_mark(course));
    const char *beside = arena_print(&course->arena, "%s.%ld", yes, (long)getpid());
    const char *source = arena_print(&course->arena, "%s.c", beside);
    const char *argv[] = { yes, NULL };
    Words w = call_compiler(course);
    Process p = {0};
    bool fine = true;

    if (!path_is_file(yes)) {
        add(&w, SANITIZE), add(&w, "-o"), add(&w, beside), add(&w, source);
        fine = atomicfile_save(source, "int main(void) { return 0; }\n", 29, error)
            && compile(&p, &w, error);
        if (fine && p.code == 0)
            rename(beside, yes);
        unlink(beside);
        unlink(source);
        process_free(&p);
    }
    if (fine && path_is_file(yes)) {
        fine = process_run(&p, &(ProcessPlan){ .argv = argv, .seconds = COMPILE_SECONDS },
                           error) || error->code != EXIT_INTERRUPTED;
        course->sanitizers = fine && p.end == PROCESS_EXITED && p.code == 0;
        process_free(&p);
    }
    return fine;
}

bool building_prepare(Course *course, Error *error)
{
    course->prepared = course->prepared
                    || (prepare_folders(course, error) && try_sanitizers(course, error));
    return course->prepared;
}

/* What all files of a build have in common. -ffp-contract=off: the engine's own
 * rule, else a * b + c would be fused on some machines. */
static Words call_for(Course *course, Build build)
{
    static const char *const level[] = { "-O1", "-O0", "-O3" };
    Words words = call_compiler(course), *w = &words;

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
    if ((build == BUILD_CHECKED && course->sanitizers) || LIBRARY_SANITIZED) {
        add(w, SANITIZE);
        add(w, "-fno-sanitize-recover=undefined");
    }
    add(w, arena_print(&course->arena, "-I%s", course->root));
    add(w, arena_print(&course->arena, "-I%s/src", course->root));
    return words;
}

static bool newer(const char *path, const struct stat *than)
{
    struct stat status;

    return stat(path, &status) != 0 || status.st_mtime >= than->st_mtime;
}

static const char *build_name(const Course *course, Build build)
{
    return build == BUILD_DEBUG ? "debug" : build == BUILD_FAST ? "fast"
         : course->sanitizers ? "checked" : "plain";
}

/* Compile and link, as words say, what will be at path. *made is false when the source is
 * not as it should be; p: what the compiler said. */
static bool make(bool *made, Process *p, Words *words, Course *course, const char *path,
                 Error *error)
{
    const char *beside = arena_print(&course->arena, "%s.%ld", path, (long)getpid());
    bool fine;

    add(words, "-o"), add(words, beside);
    fine = compile(p, words, error);
    *made = fine && p->code == 0;
    if (*made && rename(beside, path) != 0)
        fine = error_code(error, EXIT_CRASH, "%s cannot be written", path);
    if (!fine || !*made)
        unlink(beside);
    return fine;
}

/* One of the grader's own files as an object, compiled when it is not there or older
 * than anything that goes into it. NULL: Error. */
static const char *object(Course *course, const Task *task, Build build,
                          const char *source, const char *name, Error *error)
{
    const char *path = arena_print(&course->arena, "%s/%s-%s-%s.o", course->objects, name,
                                   build_name(course, build), compiler_mark(course));
    const char *exercises = arena_print(&course->arena, "%s/chapters/exercises", course->root);
    const char *parts[] = { source, course->library,
        arena_print(&course->arena, "%s/judge.h", exercises),
        arena_print(&course->arena, "%s/judge_case.h", exercises),
        arena_print(&course->arena, "%s/chapter%02d/tasks.h", exercises, task->chapter) };
    struct stat built;
    Words w = call_for(course, build);
    Process p = {0};
    bool fresh = stat(path, &built) == 0, made;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        fresh = fresh && !newer(parts[i], &built);
    if (fresh)
        return path;
    add(&w, "-c"), add(&w, source);
    if (!make(&made, &p, &w, course, path, error))
        path = NULL;
    else if (!made)
        path = NULL, error_code(error, EXIT_CRASH, "%s, which is the grader's own, does not "
                                "compile: %.*s", source, (int)strcspn(p.err.bytes, "\n"),
                                p.err.bytes);
    process_free(&p);
    return path;
}

/* Cost: one compilation and a link, half a second; the first time three more. */
bool building_program(bool *built, Text *said, Course *course, const Task *task,
                          const char *answer, Build build, const char *program,
                          Error *error)
{
    const char *sources[] = {
        arena_print(&course->arena, "%s.key.c", task->base),
        arena_print(&course->arena, "%s/chapters/exercises/judge.c", course->root),
        arena_print(&course->arena, "%s/chapters/exercises/judge_compare.c", course->root) };
    const char *names[] = { arena_print(&course->arena, "%s.key", task->number), "judge",
                            "judge_compare" };
    Words w;
    Process p = {0};
    bool fine;

    if (!building_prepare(course, error))
        return false;
    w = call_for(course, build);
    add(&w, course_shown(course, answer));
    for (int i = 0; i < 3; i++) {
        const char *one = object(course, task, build, sources[i], names[i], error);

        if (one == NULL)
            return false;
        add(&w, one);
    }
    add(&w, course->library), add(&w, "-lm");
    fine = make(built, &p, &w, course, program, error);
    if (fine)
        text_add(said, p.err.bytes, p.err.length);
    process_free(&p);
    return fine;
}
