/* test_clock.c - time goes forward, at the rate of everybody else's */
#include "test.h"
#include "base/clock.h"

#include <time.h>

TEST(forward)
{
    double last = clock_seconds();

    for (int i = 0; i < 100000; i++) {
        double now = clock_seconds();

        expect(now >= last);
        last = now;
    }
}

/* The wall clock is the outside witness; sleeping may take longer, never less. */
TEST(a_second_is_a_second)
{
    struct timespec pause = { .tv_nsec = 200000000 }, before, after;
    double begin = clock_seconds(), wall;

    clock_gettime(CLOCK_REALTIME, &before);
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_REALTIME, &after);
    wall = (double)(after.tv_sec - before.tv_sec)
         + (double)(after.tv_nsec - before.tv_nsec) * 1e-9;
    expect(clock_seconds() - begin >= 0.2);
    expect_close(clock_seconds() - begin, wall, 0.1);
}

const Test clock_tests[] = {
    { "never backwards", forward },
    { "a second is a second", a_second_is_a_second },
    { NULL, NULL },
};
