/* test_process.c - a program that loops, floods, crashes or leaves others behind */
#include "test.h"
#include "base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/output.h"

/* The shell is the other program here; it is in POSIX and does what it is told. */
static Process shell(ProcessPlan plan, const char *script)
{
    const char *argv[] = { "sh", "-c", script, NULL };
    Process p;
    Error error = {0};

    plan.argv = argv;
    expect_ok(process_run(&p, &plan, &error), &error);
    return p;
}

TEST(says_what_it_printed_and_how_it_ended)
{
    Process p = shell((ProcessPlan){0}, "echo one; echo two >&2; exit 7");

    expect_int(p.end, PROCESS_EXITED);
    expect_int(p.code, 7);
    expect_text(p.out.bytes, "one\n");
    expect_text(p.err.bytes, "two\n");
    expect_int(p.lost, 0);
    process_free(&p);
    p = shell((ProcessPlan){0}, "kill -SEGV $$");
    expect_int(p.end, PROCESS_SIGNALLED);
    expect_int(p.code, SIGSEGV);
    expect_text(p.out.bytes, "");
    process_free(&p);
}

/* No shell reads the words: quotes, dollars and blanks arrive as they are. */
TEST(words_folder_and_environment_arrive)
{
    const char *words[] = { "printf", "%s|", "a b", "$HOME", "'", "", NULL };
    const char *more[] = { "BILLION_A=new", "BILLION_B=x=y", NULL };
    Process p;
    Error error = {0};

    expect_ok(process_run(&p, &(ProcessPlan){ .argv = words }, &error), &error);
    expect_text(p.out.bytes, "a b|$HOME|'||");
    process_free(&p);
    setenv("BILLION_A", "old", 1);
    setenv("BILLION_AB", "kept", 1);
    p = shell((ProcessPlan){ .folder = "/", .environment = more },
              "pwd; echo $BILLION_A $BILLION_AB $BILLION_B; env | grep -c '^BILLION_A='; cat");
    expect_text(p.out.bytes, "/\nnew kept x=y\n1\n");
    expect_text(getenv("BILLION_A"), "old");
    process_free(&p);
}

/* Two are ignored in ./run (base/output.c) and must not be in the other one. Where
 * SIGCHLD is ignored, nobody hears how a child ended. */
TEST(an_ignored_signal_is_not_inherited)
{
    Process p;

    output_watch();
    signal(SIGCHLD, SIG_IGN);
    p = shell((ProcessPlan){0}, "kill -PIPE $$; echo still here");
    expect_int(p.end, PROCESS_SIGNALLED);
    expect_int(p.code, SIGPIPE);
    process_free(&p);
    p = shell((ProcessPlan){0}, "kill -XFSZ $$; echo still here");
    expect_int(p.code, SIGXFSZ);
    process_free(&p);
}

TEST(an_endless_loop_ends)
{
    Process p = shell((ProcessPlan){ .seconds = 0.2 }, "while :; do :; done");

    expect_int(p.end, PROCESS_TIMED_OUT);
    expect(p.seconds >= 0.2);
    process_free(&p);
    p = shell((ProcessPlan){ .cpu_seconds = 1 }, "while :; do :; done");
    expect_int(p.end, PROCESS_TIMED_OUT);
    process_free(&p);
    p = shell((ProcessPlan){ .seconds = 0.2 },
              "trap '' TERM INT; exec >&- 2>&-; sleep 1000");
    expect_int(p.end, PROCESS_TIMED_OUT);
    process_free(&p);
}

/* Time to take scratch files away, and to say so; but not as much as one likes. */
TEST(it_is_asked_before_it_is_killed)
{
    Process p = shell((ProcessPlan){ .seconds = 0.2 },
                      "trap 'echo tidy; exit 3' TERM; while :; do sleep 0.05; done");

    expect_int(p.end, PROCESS_TIMED_OUT);
    expect_text(p.out.bytes, "tidy\n");
    process_free(&p);
    p = shell((ProcessPlan){ .seconds = 0.2 },
              "trap 'echo no' TERM; while :; do sleep 0.05; done");
    expect_int(p.end, PROCESS_TIMED_OUT);
    expect_int(p.code, SIGKILL);
    expect_text(p.out.bytes, "no\n");
    process_free(&p);
}

TEST(a_crash_leaves_no_file)
{
    struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
    Process p;

    setrlimit(RLIMIT_CORE, &all);           /* where root may: else it stays */
    p = shell((ProcessPlan){0}, "ulimit -c");
    expect_text(p.out.bytes, "0\n");
    process_free(&p);
}

TEST(a_flood_is_cut)
{
    Process p = shell((ProcessPlan){ .keep = 1000 },
                      "head -c 50000000 /dev/zero | tr '\\0' x; echo end >&2");

    expect_int(p.end, PROCESS_EXITED);
    expect_int(p.out.length, 1000);
    expect_int(p.lost, 50000000 - 1000);
    expect(p.out.bytes[999] == 'x');
    expect_text(p.err.bytes, "end\n");
    process_free(&p);
    p = shell((ProcessPlan){ .seconds = 0.3, .keep = 10 }, "yes");
    expect_int(p.end, PROCESS_TIMED_OUT);
    expect_int(p.out.length, 10);
    process_free(&p);
}

typedef struct {
    size_t count, enough;           /* bytes so far; refused beyond          */
    bool right;                     /* all of them were x                    */
} Counter;

static bool count_bytes(void *context, const char *bytes, size_t count)
{
    Counter *counter = context;

    for (size_t i = 0; i < count; i++)
        counter->right = counter->right && bytes[i] == 'x';
    counter->count += count;
    return counter->count <= counter->enough;
}

/* Every byte comes to the taker, also those that were in the pipe at the end. */
TEST(stdout_can_be_taken_in_pieces)
{
    Counter all = { .enough = 60000000, .right = true };
    Process p = shell((ProcessPlan){ .take = count_bytes, .context = &all },
                      "head -c 50000000 /dev/zero | tr '\\0' x; echo end >&2");

    expect_int(p.end, PROCESS_EXITED);
    expect_int(all.count, 50000000);
    expect(all.right);
    expect_int(p.out.length, 0);
    expect_text(p.err.bytes, "end\n");
    process_free(&p);
}

TEST(a_taker_that_has_enough_ends_it)
{
    Counter few = { .enough = 1000, .right = true };
    Process p = shell((ProcessPlan){ .take = count_bytes, .context = &few },
                      "while :; do printf xxxxxxxxxxxxxxxx; done");

    expect_int(p.end, PROCESS_REFUSED);
    expect(few.count > 1000 && few.count <= 1000 + 65536);
    process_free(&p);
}

TEST(input_stands_on_its_stdin)
{
    Process p = shell((ProcessPlan){ .input = "a secret\nof two lines" }, "cat; echo; cat");

    expect_text(p.out.bytes, "a secret\nof two lines\n");
    process_free(&p);
    p = shell((ProcessPlan){ .input = "nobody reads this" }, "exit 3");
    expect_int(p.code, 3);
    process_free(&p);
}

static bool runs(pid_t one)
{
    return kill(one, 0) == 0 || errno != ESRCH;
}

/* Soon nobody has this number. (An init that waits for orphans may take its time: one
 * that is dead and only not waited for is gone, too.) A sleeper ends by itself after
 * 1000 seconds: on a machine that is only busy it is gone long before 500. */
static void is_soon_gone(pid_t one)
{
    double begin = clock_seconds();

    while (runs(one)) {
        char path[64], *status;

        snprintf(path, sizeof path, "/proc/%ld/stat", (long)one);
        if (access(path, R_OK) == 0 && (status = strrchr(test_read(path, NULL), ')')) != NULL
            && status[2] == 'Z')
            break;
        expect(clock_seconds() - begin < 500);
        usleep(10000);
    }
}

/* The numbers of two sleepers come back on stdout. */
TEST(what_it_leaves_behind_is_killed)
{
    Process p = shell((ProcessPlan){0}, "sleep 1000 & echo $!; sleep 1000 & echo $!");
    long first, second;

    expect_int(p.end, PROCESS_EXITED);
    expect(p.seconds < 500);
    expect(sscanf(p.out.bytes, "%ld %ld", &first, &second) == 2);
    process_free(&p);
    is_soon_gone((pid_t)first);
    is_soon_gone((pid_t)second);
}

/* We are killed before we can tidy up: a terminal's window is closed. */
TEST(it_does_not_outlive_us)
{
    const char *argv[] = { "sleep", "1000", NULL };
    char path[300], list[64];
    pid_t us = fork(), sleeper = 0;

    if (us == 0) {
        Process p;
        Error error = {0};

        process_run(&p, &(ProcessPlan){ .argv = argv }, &error);
        _exit(0);
    }
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)us, (long)us);
    if (access(path, R_OK) != 0) {
        kill(us, SIGKILL);
        skip("only Linux says who whose child is, and kills it");
    }
    for (char *name = list; sleeper == 0 || strcmp(name, "sleep\n") != 0;) {
        sleeper = (pid_t)atol(test_read(path, NULL));
        snprintf(list, sizeof list, "/proc/%ld/comm", (long)sleeper);
        name = sleeper > 0 ? test_read(list, NULL) : list;
        usleep(10000);
    }
    kill(us, SIGKILL);
    is_soon_gone(sleeper);
}

TEST(limits_on_memory_and_files_hold)
{
    char script[256];
    Process p;

    snprintf(script, sizeof script, "head -c 100000 /dev/zero > '%s'", test_scratch("big"));
    p = shell((ProcessPlan){ .file = 4096 }, script);
    expect(p.end == PROCESS_SIGNALLED || p.code != 0);
    process_free(&p);
    p = shell((ProcessPlan){ .memory = (size_t)64 << 20 },
              "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ${#x}");
#if defined(__linux__)
    expect(p.end == PROCESS_SIGNALLED || p.code != 0);
#endif
    process_free(&p);
}

TEST(what_cannot_be_started_is_an_error)
{
    const char *none[] = { "no-such-program-here", NULL };
    const char *folder[] = { "/", NULL };
    const char *fine[] = { "true", NULL };
    Error error = {0};
    Process p;

    expect(!process_run(&p, &(ProcessPlan){ .argv = none }, &error));
    expect_int(error.code, EXIT_CRASH);
    expect(error_mentions(&error, "no-such-program-here")
           && error_mentions(&error, "PATH"));
    process_free(&p);
    expect(!process_run(&p, &(ProcessPlan){ .argv = folder }, &error));
    expect(error_mentions(&error, "cannot be started"));
    process_free(&p);
    expect(!process_run(&p, &(ProcessPlan){ .argv = fine, .folder = "/no/such" },
                        &error));
    process_free(&p);
    expect(!process_replace(none, &error));
    expect(error_mentions(&error, "no-such-program-here"));
}

/* A child presses Ctrl-C for us while the other program sleeps. */
TEST(ctrl_c_stops_it)
{
    const char *argv[] = { "sleep", "1000", NULL };
    Error error = {0};
    Process p;

    interrupt_watch();
    if (fork() == 0) {
        usleep(200000);
        kill(getppid(), SIGINT);
        _exit(0);
    }
    expect(!process_run(&p, &(ProcessPlan){ .argv = argv }, &error));
    expect_int(error.code, EXIT_INTERRUPTED);
    expect(p.seconds < 500);
    process_free(&p);
}

TEST(replacing_keeps_the_words)
{
    const char *inner[] = { "sh", "-c", "exit 41", NULL };
    Error error = {0};
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        process_replace(inner, &error);
        _exit(1);
    }
    expect(waitpid(child, &status, 0) == child);
    expect(WIFEXITED(status));
    expect_int(WEXITSTATUS(status), 41);
}

const Test process_tests[] = {
    { "what it printed and how it ended", says_what_it_printed_and_how_it_ended },
    { "words, folder and environment arrive", words_folder_and_environment_arrive },
    { "an ignored signal is not inherited", an_ignored_signal_is_not_inherited },
    { "an endless loop ends", an_endless_loop_ends },
    { "it is asked before it is killed", it_is_asked_before_it_is_killed },
    { "a crash leaves no file core", a_crash_leaves_no_file },
    { "a flood is cut", a_flood_is_cut },
    { "stdout can be taken in pieces", stdout_can_be_taken_in_pieces },
    { "a taker that has enough ends it", a_taker_that_has_enough_ends_it },
    { "input stands on its stdin", input_stands_on_its_stdin },
    { "what it leaves behind is killed", what_it_leaves_behind_is_killed },
    { "it does not outlive us", it_does_not_outlive_us },
    { "limits on memory and files hold", limits_on_memory_and_files_hold },
    { "what cannot be started is an error", what_cannot_be_started_is_an_error },
    { "Ctrl-C stops it", ctrl_c_stops_it },
    { "replacing keeps the words", replacing_keeps_the_words },
    { NULL, NULL },
};
