/* test_output.c - a lost answer is an error with the right exit code */
#include "test.h"

#include <unistd.h>

#include "base/output.h"

/* stdout becomes path; the complaint of a failed expectation is lost then, but
 * not its exit status. */
static void print_to(const char *path)
{
    fflush(stdout);
    if (freopen(path, "w", stdout) == NULL)
        _exit(1);
    printf("an answer\n");
}

TEST(what_arrives_is_fine)
{
    Error error = {0};

    print_to("/dev/null");
    expect(output_end(&error) && !output_lost());
}

TEST(a_full_disk_is_exit_5)
{
    Error error = {0};

    if (access("/dev/full", W_OK) != 0)
        skip("no /dev/full here");
    print_to("/dev/full");
    expect(!output_end(&error));
    expect(error.code == EXIT_ROOM && error_mentions(&error, "full"));
}

/* Lost long before the end, in a flush that nobody looked at. */
TEST(an_early_loss_is_remembered)
{
    Error error = {0};

    if (access("/dev/full", W_OK) != 0)
        skip("no /dev/full here");
    print_to("/dev/full");
    fflush(stdout);
    expect(output_lost());
    expect(!output_end(&error) && error.code != EXIT_FINE);
}

TEST(a_reader_that_went_away_is_exit_4)
{
    Error error = {0};
    int ends[2];

    output_watch();
    expect(pipe(ends) == 0);
    fflush(stdout);
    expect(dup2(ends[1], 1) == 1);
    close(ends[0]);
    close(ends[1]);
    printf("an answer\n");
    expect(!output_end(&error));
    expect(error.code == EXIT_CRASH && error_mentions(&error, "stdout"));
}

const Test output_tests[] = {
    { "what arrives is fine", what_arrives_is_fine },
    { "a full disk is exit 5", a_full_disk_is_exit_5 },
    { "an early loss is remembered", an_early_loss_is_remembered },
    { "a reader that went away is exit 4", a_reader_that_went_away_is_exit_4 },
    { NULL, NULL },
};
