/* process.c - start another program, limit it, wait for it, take what it said
 *
 *      this program                         the other one
 *
 *      fork ──────────────────────────────► a copy of this process
 *        │                                    own process group, limits, folder,
 *        │         why it failed              streams tied to the pipes
 *        │ ◄───────────────────────────────── exec ──► the program
 *        ▼         closed: it runs                        │
 *      ┌────────────────────────┐   stdout, stderr        │
 *      │ poll: is there a text? │ ◄───────────────────────┤ may print without end,
 *      │ is it over?            │                         │ loop, crash, start
 *      │ is the time up?        │ ── kill the group ────► │ others and leave them
 *      │ did a person press ^C? │
 *      └────────────────────────┘
 *
 * A grader runs what a stranger wrote five minutes ago. It must come back from an
 * endless loop, from a gigabyte of output, from a program that starts ten more and
 * ends; and it must be able to say which of these it was.
 *
 * Corners that are met below:
 *
 * - The program's children share its process group. They are killed while the dead
 *   program itself has not been waited for: until then nobody else can have got its
 *   number. (One that made a group of its own has left; for strangers who mean harm,
 *   a machine of its own is the answer.)
 * - A pipe stays open as long as anybody holds its other end, so its end says nothing
 *   about the program's. Only waitid does.
 * - fork succeeds before exec can fail. The reason comes through one more pipe, which
 *   exec closes by itself when it succeeds.
 * - Between fork and exec only calls are made that are safe in a copy of a process
 *   whose other threads are gone: nothing there asks for memory.
 * - Ctrl-C at a terminal goes to the group in front, which is ours and not the
 *   program's: it sets our flag (base/interrupt.h), and we pass the news on.
 * - A compiler that is killed leaves its scratch files in /tmp; asked to end (SIGTERM)
 *   it takes them away. So a group is asked first, and killed half a second later.
 * - Whoever started us may ignore SIGCHLD. Then the system itself waits for our
 *   children and forgets how they ended, and a crash would look like success.
 * - What stands on its stdin may be a secret that no list of processes must show. It is
 *   written into a pipe before anybody reads there, so it must fit into one.
 * - AddressSanitizer reserves terabytes of addresses that it never fills, so a limit
 *   on memory ends it at once. Its own option hard_rss_limit_mb does the job.
 *
 * Read next: base/interrupt.c.
 */
#include "base/process.h"

#include <errno.h>          /* why a call failed                             */
#include <fcntl.h>          /* FD_CLOEXEC, O_NONBLOCK                        */
#include <poll.h>           /* wait for a text, but not for ever             */
#include <signal.h>         /* kill, SIGKILL, SIGXCPU                        */
#include <stdio.h>          /* fflush                                        */
#include <string.h>         /* strerror, strncmp                             */
#include <sys/resource.h>   /* setrlimit                                     */
#include <sys/wait.h>       /* waitid, waitpid                               */
#include <unistd.h>         /* fork, execvp, pipe, dup2                      */

#if defined(__linux__)
#include <sys/prctl.h>      /* PR_SET_PDEATHSIG                              */
#endif

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/memory.h"
#include "base/output.h"

#define KEEP ((size_t)1 << 20)
#define GLANCE 20           /* milliseconds between two looks at the clock   */
#define GRACE 0.5           /* seconds to tidy up between SIGTERM and SIGKILL */
#define PIECES 64           /* of 64 KiB read between two looks              */

extern char **environ;

/* Three pipes: [0] is the end that reads, [1] the one that writes; -1: closed. */
enum { OUT, ERR, WHY, PIPES };

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static bool open_pipes(int pipes[PIPES][2])
{
    for (int i = 0; i < PIPES; i++)
        pipes[i][0] = pipes[i][1] = -1;
    for (int i = 0; i < PIPES; i++) {
        if (pipe(pipes[i]) != 0)
            return false;
        for (int end = 0; end < 2; end++)
            fcntl(pipes[i][end], F_SETFD, FD_CLOEXEC);
        if (i != WHY)
            fcntl(pipes[i][0], F_SETFL, O_NONBLOCK);
    }
    return true;
}

/* What will be its stdin: the bytes of input, already in a pipe, or nothing. -1: no
 * descriptor is left. */
static int open_input(const char *input)
{
    size_t length = input != NULL ? strlen(input) : 0;
    int ends[2];

    must(length <= PROCESS_INPUT, "%zu bytes", length);
    if (input == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (pipe(ends) != 0)
        return -1;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    must(write(ends[1], input, length) == (ssize_t)length, "an empty pipe");
    close(ends[1]);
    return ends[0];
}

static struct rlimit limit(size_t soft, size_t hard)
{
    return (struct rlimit){ .rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard };
}

/* The limits that are not 0. A program may catch the signal that tells it that its
 * seconds are over, and go on; two seconds later comes one that it cannot catch. A
 * crash leaves no file `core` where the person works. */
static void set_limits(const ProcessPlan *plan)
{
    struct rlimit core = limit(0, 0);
    struct rlimit cpu = limit((size_t)plan->cpu_seconds, (size_t)plan->cpu_seconds + 2);
    struct rlimit memory = limit(plan->memory, plan->memory);
    struct rlimit file = limit(plan->file, plan->file);

    setrlimit(RLIMIT_CORE, &core);
    if (plan->cpu_seconds > 0)
        setrlimit(RLIMIT_CPU, &cpu);
    if (plan->memory > 0)
        setrlimit(RLIMIT_DATA, &memory);
    if (plan->file > 0)
        setrlimit(RLIMIT_FSIZE, &file);
}

/* Ours with the additions in front of it: the first of two equal names counts, so
 * a name of ours that is given anew is left out. Owner: the caller. */
static char **joined_environment(const char *const *more)
{
    int ours = 0, added = 0, count = 0;
    char **all;

    while (environ[ours] != NULL)
        ours++;
    while (more != NULL && more[added] != NULL)
        added++;
    all = memory_get(ours + added + 1, sizeof *all);
    for (; count < added; count++)
        all[count] = (char *)(uintptr_t)more[count];
    for (int i = 0; i < ours; i++) {
        size_t name = strcspn(environ[i], "=") + 1;
        bool anew = false;

        for (int j = 0; j < added; j++)
            anew = anew || strncmp(environ[i], more[j], name) == 0;
        if (!anew)
            all[count++] = environ[i];
    }
    return all;
}

/* In the copy: become the program, or say why not through the pipe. A signal that
 * we ignore would stay ignored (base/output.c ignores SIGPIPE); one that we handle
 * does not. Where the system can, it kills the program when we are killed ourselves. */
static _Noreturn void become(const ProcessPlan *plan, int pipes[PIPES][2], int input,
                             char **environment)
{
    int why;

    setpgid(0, 0);
    output_unwatch();
#if defined(__linux__)
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    set_limits(plan);
    environ = environment;
    if (dup2(input, 0) == 0 && dup2(pipes[OUT][1], 1) == 1
        && dup2(pipes[ERR][1], 2) == 2
        && (plan->folder == NULL || chdir(plan->folder) == 0))
        execvp(plan->argv[0], (char *const *)(uintptr_t)plan->argv);
    why = errno;
    (void)!write(pipes[WHY][1], &why, sizeof why);
    _exit(127);
}

/* What is in the pipe now, without waiting, for whoever takes it, else into the text.
 * Closes it at its end. One that writes as fast as we read would keep us here past
 * every limit: so only some pieces. false: the taker has had enough. */
static bool drain(int *end, Text *text, Process *p, const ProcessPlan *plan)
{
    bool taken = text == &p->out && plan->take != NULL;
    size_t keep = plan->keep > 0 ? plan->keep : KEEP;
    char piece[65536];
    ssize_t got = 1;

    for (int i = 0; i < PIECES && *end >= 0; i++) {
        size_t room = keep - text->length, count;

        got = read(*end, piece, sizeof piece);
        if (got <= 0)
            break;
        count = (size_t)got;
        if (taken && !plan->take(plan->context, piece, count))
            return false;
        if (taken)
            continue;
        p->lost += count > room ? count - room : 0;
        text_add(text, piece, count < room ? count : room);
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
        close_end(end);
    return true;
}

/* Both pipes. A taker that has had enough gets no more. */
static bool drain_both(Process *p, const ProcessPlan *plan, int pipes[PIPES][2])
{
    bool go_on = drain(&pipes[OUT][0], &p->out, p, plan);

    drain(&pipes[ERR][0], &p->err, p, plan);
    if (!go_on)
        close_end(&pipes[OUT][0]);
    return go_on;
}

/* Sleep until there is something to read, or for a glance. When both pipes are
 * closed already, the end is near. */
static void doze(int pipes[PIPES][2])
{
    struct pollfd waiting[2] = { { .fd = pipes[OUT][0], .events = POLLIN },
                                 { .fd = pipes[ERR][0], .events = POLLIN } };

    poll(waiting, 2, pipes[OUT][0] < 0 && pipes[ERR][0] < 0 ? 1 : GLANCE);
}

static bool is_over(pid_t child)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) != 0
        || info.si_pid == child;
}

/* Follow it to its end; then kill what it left behind, and take the last words.
 * Errors: Ctrl-C. */
static bool follow(Process *p, const ProcessPlan *plan, pid_t child,
                   int pipes[PIPES][2], Error *error)
{
    double begin = clock_seconds();
    double asked = 0;                       /* when it was asked to end      */
    bool stopped = false, late = false, refused = false;
    int status = 0;

    while (!is_over(child)) {
        doze(pipes);
        refused = !drain_both(p, plan, pipes) || refused;
        stopped = stopped || interrupt_asked();
        late = late || (plan->seconds > 0
                        && clock_seconds() - begin > plan->seconds);
        if ((stopped || late || refused) && asked == 0) {
            asked = clock_seconds();
            kill(-child, SIGTERM);
        } else if (asked > 0 && clock_seconds() - asked > GRACE) {
            kill(-child, SIGKILL);
        }
    }
    p->seconds = clock_seconds() - begin;
    kill(-child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    refused = !drain_both(p, plan, pipes) || refused;
    p->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    p->end = WIFEXITED(status) ? PROCESS_EXITED : PROCESS_SIGNALLED;
    if (late || (p->end == PROCESS_SIGNALLED && p->code == SIGXCPU))
        p->end = PROCESS_TIMED_OUT;
    if (refused)
        p->end = PROCESS_REFUSED;
    return !stopped || error_code(error, EXIT_INTERRUPTED, "interrupted; %s was "
                                  "stopped", plan->argv[0]);
}

static bool not_started(const char *name, int why, Error *error)
{
    if (why == ENOENT)
        return error_code(error, EXIT_CRASH, "%s: there is no such program: "
                          "install it, or put its folder into PATH", name);
    return error_code(error, EXIT_CRASH, "%s cannot be started: %s", name,
                      strerror(why));
}

/* Cost: a fork, an exec, and a look every 20 ms while it is silent. */
bool process_run(Process *process, const ProcessPlan *plan, Error *error)
{
    char **environment = joined_environment(plan->environment);
    int pipes[PIPES][2];
    int input = open_input(plan->input);
    int why = 0;
    pid_t child = -1;
    bool fine;

    *process = (Process){0};
    text_add(&process->out, "", 0);         /* so that bytes is not NULL     */
    text_add(&process->err, "", 0);
    signal(SIGCHLD, SIG_DFL);
    fflush(NULL);
    if (open_pipes(pipes) && input >= 0)
        child = fork();
    if (child == 0)
        become(plan, pipes, input, environment);
    why = child < 0 ? errno : 0;
    close_end(&input);
    if (child > 0)
        setpgid(child, child);              /* whoever comes first           */
    for (int i = 0; i < PIPES; i++)
        close_end(&pipes[i][1]);
    if (child > 0 && read(pipes[WHY][0], &why, sizeof why) == sizeof why)
        waitpid(child, NULL, 0);
    fine = why == 0 ? follow(process, plan, child, pipes, error)
                    : not_started(plan->argv[0], why, error);
    for (int i = 0; i < PIPES; i++)
        close_end(&pipes[i][0]);
    memory_give_back(environment);
    return fine;
}

void process_free(Process *process)
{
    text_free(&process->out);
    text_free(&process->err);
}

bool process_replace(const char *const *argv, Error *error)
{
    fflush(NULL);
    output_unwatch();
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    return not_started(argv[0], errno, error);
}
