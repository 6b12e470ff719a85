/* test_error.c - the sentence, its place and its code; and must() */
#include "test.h"
#include "base/error.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

TEST(the_sentence_and_its_code)
{
    Error error = {0};

    expect(!error_set(&error, "%s: %d", "tensor", 7));
    expect_text(error.text, "tensor: 7");
    expect_int(error.code, EXIT_INPUT);
    expect(!error_code(&error, EXIT_ROOM, "no room"));
    expect_text(error.text, "no room");
    expect_int(error.code, EXIT_ROOM);
    expect(error_mentions(&error, "room") && !error_mentions(&error, "tensor"));
}

TEST(places_pile_up_in_front)
{
    Error error = {0};

    error_code(&error, EXIT_USAGE, "bad");
    expect(!error_where(&error, "line %d", 3));
    expect(!error_where(&error, "config.json"));
    expect_text(error.text, "config.json: line 3: bad");
    expect_int(error.code, EXIT_USAGE);
}

/* Longer than there is room for: cut, and terminated. */
TEST(long_sentences_are_cut)
{
    static char text[3000];
    Error error = {0};

    memset(text, 'x', sizeof text - 1);
    error_set(&error, "%s", text);
    expect_int(strlen(error.text), sizeof error.text - 1);
    error_where(&error, "here");
    expect_int(strlen(error.text), sizeof error.text - 1);
    expect(strncmp(error.text, "here: xx", 8) == 0);
    error_where(&error, "%s", text);
    expect_int(strlen(error.text), sizeof error.text - 1);
}

/* Run in a child with stderr in a file; its text, and the wait status. */
static char *said(void (*body)(void), int *status)
{
    const char *path = test_scratch("said");
    pid_t child = fork();

    if (child == 0) {
        if (dup2(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), 2) != 2)
            _exit(9);
        body();
        _exit(0);
    }
    expect(waitpid(child, status, 0) == child);
    return test_read(path, NULL);
}

static void report(void)
{
    Error error = {0};

    error_code(&error, EXIT_CRASH, "the sentence");
    _exit(error_report(&error));
}

static void report_nasty(void)
{
    Error error = {0};

    error_set(&error, "no file a\nb\x1B[31m\x7F, é 100 %%n");
    _exit(error_report(&error));
}

static void bug(void)
{
    int n = getpid() > 0 ? -3 : 0;

    must(n >= 0, "n is %d", n);
}

static void no_bug(void)
{
    must(1 + 1 == 2, "arithmetic");
}

TEST(reported_on_stderr)
{
    int status;

    expect_text(said(report, &status), "error: the sentence\n");
    expect(WIFEXITED(status));
    expect_int(WEXITSTATUS(status), EXIT_CRASH);
    expect_text(said(report_nasty, &status),
                "error: no file a\\x0ab\\x1b[31m\\x7f, é 100 %n\n");
}

TEST(must_says_where_and_aborts)
{
    int status;
    char *text = said(bug, &status);

    expect(WIFSIGNALED(status) && WTERMSIG(status) == 6);   /* SIGABRT       */
    expect(strstr(text, "test_error.c:") != NULL);
    expect(strstr(text, "n >= 0") != NULL && strstr(text, "n is -3") != NULL);
    expect_text(said(no_bug, &status), "");
    expect_int(status, 0);
}

const Test error_tests[] = {
    { "the sentence and its code", the_sentence_and_its_code },
    { "places pile up in front", places_pile_up_in_front },
    { "long sentences are cut", long_sentences_are_cut },
    { "reported on stderr with its code", reported_on_stderr },
    { "must says where, and aborts", must_says_where_and_aborts },
    { NULL, NULL },
};
