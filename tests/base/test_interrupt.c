/* test_interrupt.c - the first Ctrl-C is a wish, the second an order */
#include "test.h"
#include "base/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(the_first_sets_the_flag)
{
    int signals[] = { SIGINT, SIGTERM };

    interrupt_watch();
    for (int i = 0; i < 2; i++) {
        expect(!interrupt_asked());
        raise(signals[i]);
        expect(interrupt_asked());
        interrupt_clear();
    }
}

/* A child raises twice: its parent sees a death by that signal. */
TEST(the_second_ends_the_process)
{
    int signals[] = { SIGINT, SIGTERM };

    for (int i = 0; i < 2; i++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            interrupt_watch();
            raise(signals[i]);
            if (!interrupt_asked())
                _exit(1);
            raise(signals[i]);
            _exit(2);
        }
        expect(waitpid(child, &status, 0) == child);
        expect(WIFSIGNALED(status));
        expect_int(WTERMSIG(status), signals[i]);
    }
}

/* A read that waits for a person comes back, so that a prompt can be left. */
TEST(a_waiting_read_comes_back)
{
    int ends[2];
    char byte;

    expect(pipe(ends) == 0);
    interrupt_watch();
    if (fork() == 0) {
        usleep(100000);
        kill(getppid(), SIGINT);
        _exit(0);
    }
    expect(read(ends[0], &byte, 1) == -1 && errno == EINTR);
    expect(interrupt_asked());
}

/* A window that is closed is a Ctrl-C; under nohup it is nothing. */
TEST(a_closed_window)
{
    signal(SIGHUP, SIG_IGN);
    interrupt_watch();
    raise(SIGHUP);
    expect(!interrupt_asked());
    signal(SIGHUP, SIG_DFL);
    interrupt_watch();
    raise(SIGHUP);
    expect(interrupt_asked());
}

const Test interrupt_tests[] = {
    { "the first one sets the flag", the_first_sets_the_flag },
    { "the second one ends the process", the_second_ends_the_process },
    { "a waiting read comes back", a_waiting_read_comes_back },
    { "a closed window", a_closed_window },
    { NULL, NULL },
};
