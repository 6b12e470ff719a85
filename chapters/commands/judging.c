/* judging.c - compile an answer, run it in a child with limits, read the verdict
 *
 *      04.2.c ──┐ the pupil's            build/exercises/
 *      2_….key.c├─► cc ──► 04.2-checked  sanitizers: this one is graded
 *      judge.c ─┤     ├──► 04.2          -O0, no sanitizer: for the debugger
 *      lib….a ──┘     └──► 04.2-fast     optimized: Race only
 *                               │
 *                               ▼  process_run: seconds, memory, output bounded
 *                          the report (JSON lines)  +  how it ended  +  stderr
 *                               │
 *                               ▼
 *                            Verdict
 *
 * The pupil's file is compiled anew each time, the key and the judge once: their
 * objects lie in build/exercises/ and are older than nothing that they depend on.
 *
 * How a run ended is read in this order, and the order matters: time, then a
 * sanitizer's report, then a wrong case, then the judge's own last word {"end":N}.
 * Without the last word nothing has passed, whatever the exit status says.
 *
 * What this does not stop: an answer that calls the engine's function, or one that
 * means harm. The limits are against accidents (an endless loop, a flood, a
 * gigabyte), not against an attacker: a class that grades strangers does it in a
 * container.
 *
 * Memory is limited by the sanitizer itself: a limit of the system would end a
 * program with AddressSanitizer at once (base/process.c). Leaks are not looked for:
 * the key's own would be reported, and a debugger and the leak checker exclude each
 * other.
 *
 * Read next: chapters/exercises/judge.c, chapters/commands/shorten.c.
 */
#include "chapters/commands/judging.h"

#include <inttypes.h>
#include <signal.h>             /* names of signals                          */
#include <stdarg.h>
#include <stdlib.h>             /* getenv                                    */
#include <string.h>
#include <sys/stat.h>           /* which file is older                       */
#include <unistd.h>             /* unlink, access                            */

#include "base/mapfile.h"
#include "base/process.h"
#include "files/json.h"

#define COMPILE_SECONDS 120     /* far more than any file here needs         */
#define PRINTED 600             /* bytes of the answer's own output shown    */
#define LARGEST (1 << 20)       /* bytes of an answer                        */

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

void text_print(Text *out, const char *format, ...)
{
    char text[4096];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    text_add(out, text, strlen(text));
}

void verdict_free(Verdict *v)
{
    text_free(&v->says);
    text_free(&v->trouble);
    text_free(&v->warnings);
    text_free(&v->printed);
    text_free(&v->race);
}

/* ---- compiling */

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

/* Can this compiler build with sanitizers, and run the result? Asked once; the
 * answer lies beside the builds, under the compiler's name. */
static bool has_sanitizers(bool *has, Course *course, Error *error)
{
    const char *yes = course_text(course, "%s/sanitizers-%s", course->objects,
                                  compiler_name());
    const char *source = course_text(course, "%s.c", yes);
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
    add(w, course_text(course, "-I%s", course->root));
    add(w, course_text(course, "-I%s/src", course->root));
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
    const char *path = course_text(course, "%s/%s-%s-%s.o", course->objects, name,
                                   build_name(build), compiler_name());
    const char *beside = course_text(course, "%s.%ld", path, (long)getpid());
    const char *exercises = course_text(course, "%s/chapters/exercises", course->root);
    const char *tasks = course_text(course, "%s/chapter%02d/tasks.h", exercises,
                                    task->chapter);
    struct stat built;
    Words w = { .count = 0 };
    Process p = {0};
    bool fine;

    if (stat(path, &built) == 0 && !newer(source, &built) && !newer(tasks, &built)
        && !newer(course_text(course, "%s/judge.h", exercises), &built)
        && !newer(course_text(course, "%s/judge_case.h", exercises), &built)
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

/* The answer, the key and the judge as a program. *built is false, and said filled,
 * when the answer does not compile. */
static bool build_program(bool *built, Text *said, Course *course, const Task *task,
                          const char *answer, Build build, const char *program,
                          Error *error)
{
    const char *exercises = course_text(course, "%s/chapters/exercises", course->root);
    bool sanitized;
    const char *key, *judge, *compare;
    Words w = { .count = 0 };
    Process p = {0};
    bool fine = has_sanitizers(&sanitized, course, error);

    if (!fine)
        return false;
    key = object(course, task, build, sanitized, course_text(course, "%s.key.c", task->base),
                 course_text(course, "%s.key", task->number), error);
    judge = key == NULL ? NULL : object(course, task, build, sanitized,
        course_text(course, "%s/judge.c", exercises), "judge", error);
    compare = judge == NULL ? NULL : object(course, task, build, sanitized,
        course_text(course, "%s/judge_compare.c", exercises), "judge_compare", error);
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

/* ---- the report */

static void take(char *out, size_t room, const Json *line, const char *key)
{
    const Json *node = json_get(line, key);

    if (json_is(node, JSON_STRING))
        snprintf(out, room, "%s", node->text);
}

static void take_integer(int64_t *out, const Json *line, const char *key)
{
    json_integer(out, json_get(line, key));
}

/* One line of the report; *ended when it is the judge's last word. */
static void take_line(Verdict *v, const Json *line, bool *ended)
{
    const Json *says = json_get(line, "says"), *stop = json_get(line, "stop");
    int64_t begin = -1, visible = -1;
    double seconds;
    char name[100];

    if (json_integer(&begin, json_get(line, "begin"))) {
        v->number = (int)begin;
        v->cases++;
        text_clear(&v->says);
    }
    if (json_is(says, JSON_STRING))
        text_add(&v->says, says->text, says->length);
    if (json_is(stop, JSON_STRING))
        take(v->stop, sizeof v->stop, line, "stop");
    if (json_integer(&visible, json_get(line, "visible")))
        v->visible = (int)visible;
    if (json_get(line, "wrong") != NULL) {
        v->kind = VERDICT_WRONG;
        take(v->what, sizeof v->what, line, "wrong");
        take(v->expected, sizeof v->expected, line, "expected");
        take(v->got, sizeof v->got, line, "got");
        take(v->guess, sizeof v->guess, line, "guess");
        v->index = -1;              /* json_integer reads digits only        */
        take_integer(&v->index, line, "index");
        take_integer(&v->count, line, "count");
        take_integer(&v->wrong, line, "wrong_count");
        take_integer(&v->ulps, line, "ulps");
    }
    if (json_number(&seconds, json_get(line, "seconds"))) {
        take(name, sizeof name, line, "racer");
        text_print(&v->race, "%-24s %.3g s\n", name, seconds);
    }
    *ended = *ended || json_get(line, "end") != NULL;
}

static bool read_report(Verdict *v, const char *path)
{
    MapFile file;
    Error ignored = {0};
    bool ended = false;

    if (!mapfile_open(&file, path, &ignored))
        return false;
    for (size_t at = 0; at < file.size;) {
        const unsigned char *end = memchr(file.bytes + at, '\n', file.size - at);
        size_t length = end == NULL ? file.size - at : (size_t)(end - file.bytes) - at;
        JsonDocument line;

        if (json_parse(&line, (const char *)file.bytes + at, length, JSON_PLAIN, 8,
                       &ignored)) {
            take_line(v, line.root, &ended);
            json_free(&line);
        }
        at += length + 1;
    }
    mapfile_close(&file);
    v->hidden = v->number >= v->visible;
    return ended;
}

/* ---- running */

static void name_signal(Text *out, int number)
{
    text_print(out, "the program was ended by signal %d (%s)%s\n", number,
               strsignal(number), number == SIGKILL ? ": out of memory?"
               : number == SIGFPE ? ": a whole number divided by zero?"
               : number == SIGSEGV ? ": a pointer that points nowhere?" : "");
}

/* Order matters: see the essay. */
static void conclude(Verdict *v, const Process *p, bool ended, const char *answer)
{
    size_t kept = p->out.length < PRINTED ? p->out.length : PRINTED;

    text_add_lossy(&v->printed, p->out.bytes, kept);
    v->flood = p->lost + p->out.length - kept;
    if (p->end == PROCESS_TIMED_OUT) {
        v->kind = VERDICT_TIMEOUT;
        text_print(&v->trouble, "it was still running after %.3g seconds and was stopped: a "
                   "loop without an end?\n", p->seconds);
    } else if (shorten_sanitizer(&v->trouble, p->err.bytes, answer)) {
        v->kind = VERDICT_CRASHED;
    } else if (p->end == PROCESS_SIGNALLED) {
        v->kind = VERDICT_CRASHED;
        name_signal(&v->trouble, p->code);
        text_print(&v->trouble, "%.300s", p->err.bytes);
    } else if (v->kind != VERDICT_WRONG && !ended) {
        v->kind = VERDICT_ENDED;
        text_print(&v->trouble, "your function ended the whole program (exit status %d): it "
                   "should return\n", p->code);
    } else if (v->kind != VERDICT_WRONG && p->code != 0) {
        v->kind = VERDICT_CRASHED;
        text_print(&v->trouble, "the program ended with exit status %d\n", p->code);
    }
}

static bool run_program(Verdict *v, Course *course, const char *program,
                        const char *answer, const Judging *how, bool race, Error *error)
{
    const char *report = course_text(course, "%s.report", program);
    const char *argv[] = { program, "--report", report, "--seed",
                           course_text(course, "%" PRIu64, how->seed),
                           race ? "--race" : NULL, NULL };
    const char *options[] = {
        "ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=86:handle_abort=0:"
        "hard_rss_limit_mb=1024:max_allocation_size_mb=1024:color=never:"
        "detect_stack_use_after_return=1:max_malloc_fill_size=1048576",
        "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=86:color=never", NULL };
    ProcessPlan plan = { .argv = argv, .environment = options, .seconds = how->seconds,
                         .cpu_seconds = (int)how->seconds + 1,
                         .file = (size_t)64 << 20,
                         .memory = v->sanitized || LIBRARY_SANITIZED
                                 ? 0 : (size_t)1 << 30 };
    Process p;
    bool fine;

    unlink(report);
    fine = process_run(&p, &plan, error);
    if (fine) {
        bool ended = read_report(v, report);

        if (!race)
            conclude(v, &p, ended, answer);
    }
    process_free(&p);
    unlink(report);
    return fine;
}

static bool check_answer(const char *answer, Error *error)
{
    struct stat status;

    if (stat(answer, &status) != 0 || !S_ISREG(status.st_mode) || access(answer, R_OK) != 0)
        return error_set(error, "%s is not a file that can be read: ./run reset gives a "
                         "new one", answer);
    if (status.st_size > LARGEST)
        return error_set(error, "%s has %lld bytes: an answer is a small C file", answer,
                         (long long)status.st_size);
    return true;
}

/* Cost: one compilation (half a second) and one run; the key's objects the first
 * time. */
bool judging_judge(Verdict *v, Course *course, const Task *task, const char *answer,
                   const char *name, const Judging *how, Error *error)
{
    const char *program = course_text(course, "%s/%s-checked", course->builds, name);
    Text said = {0};
    bool built = how->built;

    *v = (Verdict){ .number = -1, .seed = how->seed };
    if (!check_answer(answer, error) || !has_sanitizers(&v->sanitized, course, error)
        || (!built && !build_program(&built, &said, course, task, answer, BUILD_CHECKED,
                                     program, error))) {
        text_free(&said);
        return false;
    }
    if (said.length > 0)
        shorten_compiler(built ? &v->warnings : &v->trouble, said.bytes, answer);
    text_free(&said);
    if (!built) {
        v->kind = VERDICT_COMPILER;
        return true;
    }
    if (!run_program(v, course, program, answer, how, false, error))
        return false;
    if (v->kind != VERDICT_PASSED || !how->race || strcmp(task->kind, "Race") != 0)
        return true;
    program = course_text(course, "%s/%s-fast", course->builds, name);
    return build_program(&built, &said, course, task, answer, BUILD_FAST, program, error)
        && (!built || run_program(v, course, program, answer, how, true, error));
}

const char *judging_debugger(const Verdict *v, Course *course, const Task *task,
                             const char *answer, const char *name, Error *error)
{
    const char *program = course_text(course, "%s/%s", course->builds, name);
    const char *arguments = course_text(course, "--seed %" PRIu64 " --case %d", v->seed,
                                        v->number);
    Text said = {0};
    bool built = false;

    if (v->stop[0] != '\0' && v->number >= 0)
        build_program(&built, &said, course, task, answer, BUILD_DEBUG, program, error);
    text_free(&said);
    if (!built)
        return NULL;
    program = course_shown(course, program);
#if defined(__APPLE__)
    return course_text(course, "lldb -o 'breakpoint set --name %s' -o run -- %s %s",
                       v->stop, program, arguments);
#else
    return course_text(course, "gdb -ex 'break %s' -ex run --args %s %s", v->stop, program,
                       arguments);
#endif
}
