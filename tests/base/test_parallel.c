/* test_parallel.c - every piece once, in its bounds, and a worker to itself */
#include "test.h"
#include "base/parallel.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 8              /* threads in these tests                        */

typedef struct {
    int n, grain;
    int *calls;                     /* [n] how often index i was covered     */
    atomic_int inside[MOST];        /* bodies running as this worker now     */
    atomic_int wrong, pieces;
} Count;

/* Plain writes to calls: a piece that was handed out twice at once would be a
 * race (thread sanitizer) and a count of 2. */
static void count_body(int begin, int end, int worker, void *arg)
{
    Count *count = arg;

    if (worker < 0 || worker >= parallel_threads()
        || atomic_fetch_add(&count->inside[worker], 1) != 0
        || begin % count->grain != 0 || end <= begin
        || end - begin > count->grain || end > count->n
        || (end != count->n && end - begin != count->grain))
        atomic_fetch_add(&count->wrong, 1);
    for (int i = begin; i < end; i++)
        count->calls[i]++;
    atomic_fetch_add(&count->pieces, 1);
    atomic_fetch_sub(&count->inside[worker], 1);
}

static void cover(int n, int grain, int threads)
{
    Count count = { .n = n, .grain = grain };

    count.calls = calloc((size_t)n + 1, sizeof *count.calls);
    parallel_set_threads(threads);
    parallel_for(n, grain, count_body, &count);
    for (int i = 0; i < n; i++)
        expect_int(count.calls[i], 1);
    expect_int(count.wrong, 0);
    expect_int(count.pieces, (n + grain - 1) / grain);
    free(count.calls);
}

TEST(every_index_once)
{
    static const int threads[] = { 1, 2, 3, 7, 1, 8, 2 };
    static const int n[] = { 0, 1, 2, 7, 8, 9, 1000 };
    static const int grain[] = { 1, 3, 8, 1000, 2000000000 };

    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++)
        for (size_t i = 0; i < sizeof n / sizeof n[0]; i++)
            for (size_t g = 0; g < sizeof grain / sizeof grain[0]; g++) {
                if (grain[g] <= 1000)
                    cover(n[i], grain[g], threads[t]);
                else if (n[i] > 0) {            /* one piece, on the caller  */
                    int *calls = calloc((size_t)n[i], sizeof *calls);
                    Count count = { .n = n[i], .grain = grain[g], .calls = calls };

                    parallel_for(n[i], grain[g], count_body, &count);
                    expect_int(count.pieces, 1);
                    expect_int(calls[n[i] - 1], 1);
                    free(calls);
                }
            }
}

/* The last piece of the largest n must not overflow. */
static void last_body(int begin, int end, int worker, void *arg)
{
    (void)worker;
    if (end == 2147483647)
        atomic_store((atomic_int *)arg, begin);
}

TEST(the_largest_n)
{
    atomic_int begin = 0;

    parallel_set_threads(3);
    parallel_for(2147483647, 1000000000, last_body, &begin);
    expect_int(begin, 2000000000);
}

/* What the caller wrote before is seen inside; what bodies wrote is seen after:
 * each round doubles every number by way of another array. */
typedef struct { const int *from; int *to; } Step;

static void double_body(int begin, int end, int worker, void *arg)
{
    const Step *step = arg;

    (void)worker;
    for (int i = begin; i < end; i++)
        step->to[i] = step->from[i] + step->from[(i + 1) % 257];
}

TEST(rounds_see_each_other)
{
    static int a[257], b[257];

    parallel_set_threads(4);
    for (int round = 0; round < 3000; round++) {
        Step there = { a, b }, back = { b, a };

        for (int i = 0; i < 257; i++)
            a[i] = round + 1;
        parallel_for(257, 10, double_body, &there);
        parallel_for(257, 10, double_body, &back);
        for (int i = 0; i < 257; i++)
            expect_int(a[i], 4 * (round + 1));
    }
}

/* Two bodies wait for each other: both leave in time only if two threads run. */
static void meet_body(int begin, int end, int worker, void *arg)
{
    atomic_int *arrived = arg;

    (void)begin, (void)end, (void)worker;
    atomic_fetch_add(arrived, 1);
    for (int tries = 0; atomic_load(arrived) < 2; tries++, usleep(1000))
        if (tries == 5000)
            atomic_fetch_add(arrived, 100);
}

TEST(two_threads_really_run)
{
    atomic_int arrived = 0;

    if (strcmp(parallel_kind(), "one thread") == 0)
        skip("this build has one thread");
    parallel_set_threads(2);
    for (int i = 0; i < 3; i++) {
        arrived = 0;
        usleep(20000);                          /* let the team fall asleep  */
        parallel_for(2, 1, meet_body, &arrived);
        expect_int(arrived, 2);
    }
}

/* Slow enough for everybody to come. */
static void slow_body(int begin, int end, int worker, void *arg)
{
    (void)begin, (void)end;
    usleep(3000);
    if (worker >= parallel_threads())
        atomic_fetch_add((atomic_int *)arg, 1);
}

TEST(threads_are_what_was_asked_for)
{
    atomic_int wrong = 0;
    bool one = strcmp(parallel_kind(), "one thread") == 0;

    expect_int(parallel_threads(), one ? 1 : parallel_cores());
    parallel_set_threads(5);
    expect_int(parallel_threads(), one ? 1 : 5);
    parallel_for(20, 1, slow_body, &wrong);
    parallel_set_threads(2);
    parallel_for(20, 1, slow_body, &wrong);
    expect_int(wrong, 0);
}

TEST(cores_follow_the_affinity_mask)
{
#if defined(__linux__)
    cpu_set_t mask, first;
    size_t core = 0;

    expect(sched_getaffinity(0, sizeof mask, &mask) == 0);
    expect_int(parallel_cores(), CPU_COUNT(&mask));
    while (!CPU_ISSET(core, &mask))
        core++;
    CPU_ZERO(&first);
    CPU_SET(core, &first);
    expect(sched_setaffinity(0, sizeof first, &first) == 0);
    expect_int(parallel_cores(), 1);
#else
    skip("no affinity mask on this system");
#endif
}

/* Run body in a child whose stderr is hidden; its wait status. */
static int status_of(void (*body)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(9);
        body();
        _exit(0);
    }
    waitpid(child, &status, 0);
    return status;
}

static void nest_body(int begin, int end, int worker, void *arg)
{
    (void)begin, (void)end, (void)worker;
    parallel_for(1, 1, last_body, arg);
}

static void nest(void) { parallel_for(1, 1, nest_body, NULL); }
static void no_grain(void) { parallel_for(1, 0, nest_body, NULL); }
static void no_threads(void) { parallel_set_threads(0); }

TEST(misuse_is_our_bug)
{
    void (*bugs[])(void) = { nest, no_grain, no_threads };

    for (int i = 0; i < 3; i++) {
        int status = status_of(bugs[i]);

        expect(WIFSIGNALED(status) && WTERMSIG(status) == 6);   /* SIGABRT   */
    }
}

const Test parallel_tests[] = {
    { "every index once, in pieces of grain", every_index_once },
    { "the largest n does not overflow", the_largest_n },
    { "rounds see each other's writes", rounds_see_each_other },
    { "two threads really run at once", two_threads_really_run },
    { "threads are what was asked for", threads_are_what_was_asked_for },
    { "cores follow the affinity mask", cores_follow_the_affinity_mask },
    { "misuse is our bug", misuse_is_our_bug },
    { NULL, NULL },
};
