/* test.c - run the tests, each in a process of its own, and say honestly
 *
 *      build/test              all but the proofs
 *      build/test rope         one suite (test_rope.c), with its proofs
 *      build/test --proof      only the proofs: what needs data or time
 *
 * As many tests run at a time as there are cores for us (JOBS=1: one after another), and
 * are told of in the order of the list, whoever ends first:
 *
 *      tests   0 1 2 3 4 5 6 …
 *              │ │ │ └─┴─ running, each writes into a file of its own
 *              └─┴─┴─ told: the name, that file, ok and (from 5 on) the seconds
 *
 * A child that crashes, hangs for ten minutes or fails an expectation is one failed
 * test; the others run on. The parent never enters a parallel region: a child forked
 * from a live OpenMP team would wait for threads that do not exist in it.
 *
 *      N passed, N failed, N skipped       the last line; exit 1 if any failed
 */
#include "test.h"
#include "base/parallel.h"       /* parallel_cores                            */
#include "kernels/dot.h"         /* kernels_choose                            */

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LIMIT 600           /* seconds for one test                          */
#define SKIPPED 77          /* the child's exit status when it skipped       */
#define SLOW 5              /* seconds that are told of                      */
#define MOST_JOBS 8         /* tests at a time: some take a gigabyte         */

/* Written by the Makefile from the names of the files: rope_tests, … */
#define SUITE(name) extern const Test name##_tests[];
#include "suites.inc"
#undef SUITE

static const Suite suites[] = {
#define SUITE(name) { #name, name##_tests },
#include "suites.inc"
#undef SUITE
};

extern const Kernels *kernels_unchosen;     /* for test_dot.c                */
const Kernels *kernels_unchosen;

static char scratch[64];    /* the run's scratch folder; in a child, its own  */

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
    va_list values;

    printf("\n    %s:%d: ", file, line);
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    printf("\n");
    fflush(stdout);
    _exit(1);
}

_Noreturn void skip(const char *why)
{
    printf("skipped: %s\n", why);
    fflush(stdout);
    _exit(SKIPPED);
}

void test_int(const char *file, int line, const char *what, long long got,
              long long want)
{
    if (got != want)
        test_fail(file, line, "%s is %lld, expected %lld", what, got, want);
}

void test_text(const char *file, int line, const char *what, const char *got,
               const char *want)
{
    if (got == NULL || strcmp(got, want) != 0)
        test_fail(file, line, "%s is\n      \"%s\", expected\n      \"%s\"",
                  what, got != NULL ? got : "(null)", want);
}

void test_close(const char *file, int line, const char *what, double got,
                double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        test_fail(file, line, "%s is %.17g, expected %.17g within %.3g", what,
                  got, want, tolerance);
}

void test_same_bits(const char *file, int line, const char *what,
                    const float *x, const float *y, int n)
{
    for (int i = 0; i < n; i++)
        if (memcmp(&x[i], &y[i], sizeof x[i]) != 0)
            test_fail(file, line, "%s[%d] is %a, expected the bits of %a", what,
                      i, (double)x[i], (double)y[i]);
}

/* splitmix64 (Steele, Lea and Flood, 2014): not our generator, on purpose. */
uint32_t test_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ z >> 31) >> 32);
}

void test_fill(float *x, int n, uint32_t seed)
{
    uint64_t state = seed;

    for (int i = 0; i < n; i++)
        x[i] = (float)((int32_t)test_random(&state) >> 8) / 8388608.0f;
}

const char *test_data(const char *path)
{
    const char *root = getenv("BILLION_DATA");
    static char full[4096];

    if (root == NULL || root[0] == '\0')
        skip("BILLION_DATA does not name the folder of test data");
    snprintf(full, sizeof full, "%s/%s", root, path);
    if (access(full, R_OK) != 0)
        skip(full);
    return full;
}

const char *test_scratch(const char *name)
{
    static char full[4][256];
    static int next;
    char *path = full[next++ % 4];

    snprintf(path, sizeof full[0], "%s/%s", scratch, name);
    return path;
}

char *test_read(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *bytes = NULL;
    size_t used = 0, room = 0, got;

    if (file == NULL)
        test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
    do {
        if (used + 1 >= room)
            bytes = realloc(bytes, room = room * 2 + 65536);
        if (bytes == NULL)
            test_fail(__FILE__, __LINE__, "%s: no memory", path);
        got = fread(bytes + used, 1, room - used - 1, file);
        used += got;
    } while (got > 0);
    fclose(file);
    bytes[used] = '\0';
    if (length != NULL)
        *length = used;
    return bytes;
}

void test_write(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    if (file == NULL || fwrite(bytes, 1, length, file) != length
        || fclose(file) != 0)
        test_fail(__FILE__, __LINE__, "%s: cannot write", path);
}

/* Test number n has a scratch folder of its own, so that names need not differ. Not
 * the process's number: those come round again in a long run. */
static void own_scratch(int n)
{
    size_t used = strlen(scratch);

    snprintf(scratch + used, sizeof scratch - used, "/%d", n);
    if (mkdir(scratch, 0700) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s", scratch, strerror(errno));
}

/* A test that was asked for; child is 0 before it begins and after it ended. */
typedef struct {
    const Suite *suite;
    const Test  *test;
    pid_t        child;
    time_t       since;      /* it began, in seconds                         */
    int          seconds;    /* it took, once ended                          */
    int          status;     /* as waitpid gives it                          */
    bool         ended;
} Job;

/* Where job n's words are kept until it is told of. */
static const char *words_of(int n)
{
    static char path[96];

    snprintf(path, sizeof path, "%s/%d.out", scratch, n);
    return path;
}

static void begin(Job *job, int n)
{
    Error error = {0};

    fflush(stdout);
    job->since = time(NULL);
    job->child = fork();
    if (job->child == 0) {
        if (freopen(words_of(n), "w", stdout) == NULL || dup2(1, 2) != 2)
            _exit(1);
        setvbuf(stdout, NULL, _IOLBF, 0);
        alarm(LIMIT);
        own_scratch(n);
        kernels_unchosen = kernels;
        expect_ok(kernels_choose("auto", &error), &error);  /* the same bits, quickly */
        job->test->run();
        fflush(stdout);
        _exit(0);
    }
    if (job->child < 0)
        test_fail(__FILE__, __LINE__, "cannot start a process: %s", strerror(errno));
}

/* Until one of the n jobs ends. */
static void wait_for_one(Job *jobs, int n)
{
    int status;
    pid_t child = wait(&status);

    if (child < 0)
        test_fail(__FILE__, __LINE__, "no process to wait for: %s", strerror(errno));
    for (int i = 0; i < n; i++)
        if (jobs[i].child == child) {
            jobs[i].child = 0;
            jobs[i].status = status;
            jobs[i].seconds = (int)(time(NULL) - jobs[i].since);
            jobs[i].ended = true;
        }
}

/* 0 passed, 1 failed, 2 skipped. */
static int tell(const Job *job, int n)
{
    int status = job->status;
    char *words = test_read(words_of(n), NULL);

    printf("%-14s %-58s %s", job->suite->name, job->test->name, words);
    free(words);
    remove(words_of(n));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        if (job->seconds >= SLOW)
            printf("ok %d s\n", job->seconds);
        else
            printf("ok\n");
        return 0;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        return 2;
    if (WIFSIGNALED(status))
        printf("\n    ended by signal %d (%s)\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    else
        printf("    FAILED (exit status %d)\n", WEXITSTATUS(status));
    return 1;
}

static bool wanted(const Suite *suite, const Test *test, int argc, char **argv)
{
    bool proof = strncmp(test->name, "proof: ", 7) == 0;

    if (argc < 2)
        return !proof;
    if (strcmp(argv[1], "--proof") == 0)
        return proof;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], suite->name) == 0)
            return true;
    return false;
}

/* Those that were asked for, at most room; returns their number. */
static int list_wanted(Job *jobs, int room, int argc, char **argv)
{
    int n = 0;

    for (size_t s = 0; s < sizeof suites / sizeof suites[0]; s++)
        for (const Test *test = suites[s].tests; test->name != NULL; test++)
            if (wanted(&suites[s], test, argc, argv)) {
                if (n == room)
                    test_fail(__FILE__, __LINE__, "more than %d tests", room);
                jobs[n++] = (Job){ .suite = &suites[s], .test = test };
            }
    return n;
}

static int jobs_at_a_time(void)
{
    const char *asked = getenv("JOBS");
    int n = asked != NULL ? atoi(asked) : parallel_cores();

    return n < 1 ? 1 : n < MOST_JOBS ? n : MOST_JOBS;
}

int main(int argc, char **argv)
{
    static Job jobs[4096];
    int n = list_wanted(jobs, 4096, argc, argv), most = jobs_at_a_time();
    int begun = 0, running = 0, told = 0, count[3] = {0};
    char command[128];

    strcpy(scratch, "/tmp/billion-test-XXXXXX");
    if (mkdtemp(scratch) == NULL) {
        printf("cannot make %s: %s\n", scratch, strerror(errno));
        return 1;
    }
    while (told < n) {
        for (; begun < n && running < most; begun++, running++)
            begin(&jobs[begun], begun);
        wait_for_one(jobs, begun);
        running--;
        for (; told < begun && jobs[told].ended; told++) {
            count[tell(&jobs[told], told)]++;
            fflush(stdout);
        }
    }
    snprintf(command, sizeof command, "rm -rf '%s'", scratch);
    if (system(command) != 0)
        printf("could not remove %s\n", scratch);
    printf("%d passed, %d failed, %d skipped\n", count[0], count[1], count[2]);
    return count[1] > 0 || count[0] + count[2] == 0 ? 1 : 0;
}
