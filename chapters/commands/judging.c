/* judging.c - run an answer in a child with limits, and read the verdict
 *
 *      04.2.c ──► building.c ──► build/exercises/04.2-checked.PID, taken away again
 *                                   │
 *                                   ▼  process_run: seconds, memory, output bounded
 *                               the report (JSON lines)  +  how it ended  +  stderr
 *                                   │
 *                                   ▼
 *                                Verdict ──► grade.c: for a person, or as JSON
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
 * Time is counted as what the program computes, not on the clock: a machine on which
 * twenty pupils compile at once does not make an answer wrong. The clock has a limit too,
 * much later, for one that only waits.
 *
 * Memory is limited by the sanitizer itself: a limit of the system would end a
 * program with AddressSanitizer at once (base/process.c). Leaks are not looked for:
 * the key's own would be reported, and a debugger and the leak checker exclude each
 * other.
 *
 * Read next: chapters/exercises/judge.c, chapters/commands/building.c, shorten.c.
 */
#include "chapters/commands/judging.h"

#include <inttypes.h>
#include <math.h>               /* ceil                                      */
#include <signal.h>             /* names of signals                          */
#include <string.h>
#include <sys/stat.h>           /* what kind of file an answer is            */
#include <unistd.h>             /* unlink, access, getpid                    */

#include "base/command.h"
#include "base/mapfile.h"
#include "base/process.h"
#include "chapters/commands/building.h"
#include "chapters/exercises/judge.h"      /* JUDGE_NO_REPORT                   */
#include "files/json.h"

#define PRINTED 600             /* bytes of the answer's own output shown    */
#define LARGEST (1 << 20)       /* bytes of an answer                        */
#define PATIENCE 6              /* seconds on the clock for one of computing */

void verdict_free(Verdict *v)
{
    text_free(&v->says);
    text_free(&v->trouble);
    text_free(&v->warnings);
    text_free(&v->printed);
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

/* One line of the report; *ended when it is the judge's last word: so many cases have
 * been, and so many were begun. */
static void take_line(Verdict *v, const Json *line, bool *ended)
{
    const Json *says = json_get(line, "says"), *stop = json_get(line, "stop");
    int64_t begin = -1, visible = -1, end = -1;
    double seconds;

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
        take_integer(&v->calls, line, "calls");
    }
    if (v->racers < RACERS && json_number(&seconds, json_get(line, "seconds"))) {
        take(v->racer[v->racers].name, sizeof v->racer[0].name, line, "racer");
        v->racer[v->racers++].seconds = seconds;
    }
    if (json_integer(&end, json_get(line, "end")))
        *ended = v->cases == end;
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

/* What the answer printed itself, its beginning. */
static void take_printed(Verdict *v, const Text *printed)
{
    size_t kept = printed->length < PRINTED ? printed->length : PRINTED;

    text_add_lossy(&v->printed, printed->bytes, kept);
    v->flood += printed->length - kept;
}

/* Order matters: see the essay. */
static void conclude(Verdict *v, const Process *p, bool ended, const char *answer,
                     double seconds)
{
    take_printed(v, &p->out);
    v->flood += p->lost;
    if (p->end == PROCESS_TIMED_OUT) {
        v->kind = VERDICT_TIMEOUT;
        text_print(&v->trouble, "it was still running after %.3g second%s and was stopped: a "
                   "loop without an end?\n", seconds, seconds == 1 ? "" : "s");
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
    if (v->kind != VERDICT_CRASHED)     /* there stderr is the sanitizer's   */
        take_printed(v, &p->err);
}

static bool run_program(Verdict *v, Course *course, const char *program,
                        const char *answer, const Judging *how, bool race, Error *error)
{
    const char *report = arena_print(&course->arena, "%s.report", program);
    const char *argv[] = { program, "--report", report, "--seed",
                           arena_print(&course->arena, "%" PRIu64, how->seed),
                           race ? "--race" : NULL, NULL };
    const char *options[] = {
        "ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=86:handle_abort=0:"
        "hard_rss_limit_mb=1024:max_allocation_size_mb=1024:color=never:"
        "detect_stack_use_after_return=1:max_malloc_fill_size=1048576",
        "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:exitcode=86:color=never", NULL };
    ProcessPlan plan = { .argv = argv, .environment = options,
                         .seconds = how->seconds * PATIENCE,
                         .cpu_seconds = (int)ceil(how->seconds),
                         .file = (size_t)64 << 20,
                         .memory = v->sanitized ? 0 : (size_t)1 << 30 };
    Process p;
    bool fine;

    unlink(report);
    fine = process_run(&p, &plan, error);
    if (fine) {
        bool ended = read_report(v, report);

        if (p.end == PROCESS_EXITED && p.code == EXIT_ROOM
            && strstr(p.err.bytes, JUDGE_NO_REPORT) != NULL)
            fine = error_code(error, EXIT_ROOM, "the judge's report could not be written: is "
                              "the disk full?");
        else if (!race)
            conclude(v, &p, ended, answer, how->seconds);
    }
    process_free(&p);
    unlink(report);
    return fine;
}

bool judging_readable(const char *answer, Error *error)
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

/* Build one kind and run it. *built: it is there from last time, or was built now. */
static bool build_and_run(Verdict *v, bool *built, Course *course, const Task *task,
                          const char *answer, Build build, const char *program,
                          const Judging *how, Error *error)
{
    Text said = {0};
    bool fine = *built || building_program(built, &said, course, task, answer, build, program,
                                           error);

    if (fine && build == BUILD_CHECKED && said.length > 0)
        shorten_compiler(*built ? &v->warnings : &v->trouble, said.bytes, answer);
    text_free(&said);
    fine = fine && (!*built || run_program(v, course, program, answer, how,
                                           build == BUILD_FAST, error));
    if (!fine || !how->keep)
        unlink(program);
    return fine;
}

/* Cost: one compilation (half a second) and one run; the key's objects the first
 * time. The programs have our process's number in their names: somebody may grade the
 * same file in another window. */
bool judging_judge(Verdict *v, Course *course, const Task *task, const char *answer,
                   const char *name, const Judging *how, Error *error)
{
    const char *program = arena_print(&course->arena, "%s/%s", course->builds, name);
    const char *checked = arena_print(&course->arena, "%s-checked.%ld", program, (long)getpid());
    const char *fast = arena_print(&course->arena, "%s-fast.%ld", program, (long)getpid());
    bool built = how->built, raced = false;

    *v = (Verdict){ .number = -1, .seed = how->seed };
    if (!judging_readable(answer, error) || !building_prepare(course, error))
        return false;
    v->sanitized = course->sanitizers;
    if (!build_and_run(v, &built, course, task, answer, BUILD_CHECKED, checked, how, error))
        return false;
    if (!built)
        v->kind = VERDICT_COMPILER;
    return v->kind != VERDICT_PASSED || !how->race || strcmp(task->kind, "Race") != 0
        || build_and_run(v, &raced, course, task, answer, BUILD_FAST, fast, how, error);
}

/* The program keeps its name: it is what the person types. */
const char *judging_debugger(const Verdict *v, Course *course, const Task *task,
                             const char *answer, const char *name, Error *error)
{
    const char *program = arena_print(&course->arena, "%s/%s", course->builds, name);
    Text said = {0}, command = {0};
    const char *kept = NULL;
    bool built = false;

    if (v->stop[0] != '\0' && v->number >= 0)
        building_program(&built, &said, course, task, answer, BUILD_DEBUG, program, error);
    text_free(&said);
    if (!built)
        return NULL;
#if defined(__APPLE__)
    text_print(&command, "lldb -o 'breakpoint set --name %s -i %" PRId64 "' -o run -- ",
               v->stop, v->calls);
#else
    text_print(&command, "gdb -ex 'break %s'", v->stop);
    if (v->calls > 0)
        text_print(&command, " -ex 'ignore 1 %" PRId64 "'", v->calls);
    text_print(&command, " -ex run --args ");
#endif
    command_word(&command, course_shown(course, program));
    text_print(&command, " --seed %" PRIu64 " --case %d", v->seed, v->number);
    kept = arena_text(&course->arena, command.bytes, command.length);
    text_free(&command);
    return kept;
}
