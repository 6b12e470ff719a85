/* test_surroundings.c - the grader where things are not as at home
 *
 * Two windows on one folder, Ctrl-C at a bad moment, compilers of several words or
 * without sanitizers, folders with odd names, a full disk. A compiler is a script here
 * that does what is needed and then calls the one that built all this.
 */
#include "pupil.h"

#include "base/place.h"

#ifndef COMPILER                /* the Makefile says it: its CC              */
#define COMPILER "cc"
#endif

/* A window watches, another one takes hints: both are kept. A save while the answer is
 * judged is not what has passed. */
TEST(two_windows)
{
    const char *args[] = { "watch", "01.2", "--answers", answers(), NULL };
    pid_t child, many[4];
    char *text, out[400];

    snprintf(out, sizeof out, "%s", answer("watched"));
    child = child_start(args, "/dev/null", out, "/dev/null");
    wait_for(out, "a hint:");
    says(word("hint", "01.1"), "hint 1 of 3");
    says(word("hint", "01.2"), "hint 1 of 3");
    test_write(answer("01.2.c"), HEAD, strlen(HEAD));
    wait_for(out, "there is no function my_merge_all");
    kill(child, SIGINT);
    expect_int(child_wait(child), 130);
    text = test_read(answer("progress.txt"), NULL);
    expect_text(text, "01.1 hints 1\n01.2 hints 1\n");

    grade("", RIGHT);
    for (int i = 0; i < 4; i++) {
        const char *same[] = { "grade", "01.1", "--answers", answers(), NULL };

        snprintf(out, sizeof out, "%s-%d", answer("same"), i);
        many[i] = child_start(same, "/dev/null", out, out);
    }
    for (int i = 0; i < 4; i++) {
        snprintf(out, sizeof out, "%s-%d", answer("same"), i);
        if (child_wait(many[i]) != 0)
            test_fail(__FILE__, __LINE__, "grader %d of 4: %s", i, test_read(out, NULL));
    }
}

static int files_in(const char *folder, const char *part)
{
    Arena arena = {0};
    int count, found = 0;
    const char **names = place_names(folder, &arena, &count);

    for (int i = 0; i < count; i++)
        found += strstr(names[i], part) != NULL;
    arena_free(&arena);
    return found;
}

/* Ctrl-C while the compiler works is no verdict, and what had passed has passed. The
 * compiler here is one that presses Ctrl-C itself. */
TEST(interrupted_while_it_compiles)
{
    static const char script[] = "#!/bin/sh\ncase $* in *01.1.c*)\n"
        "    kill -INT $(cut -d' ' -f4 /proc/$$/stat); sleep 1000 ;;\n"
        "esac\nexec " COMPILER " \"$@\"\n";
    Result r = grade("", RIGHT);

    expect_int(r.code, 0);
    test_write(answer("compiler"), script, sizeof script - 1);
    chmod(answer("compiler"), 0700);
    setenv("CC", answer("compiler"), 1);
    if (access("/proc/self/stat", R_OK) != 0)
        skip("who called whom is not to be seen here");
    r = word("grade", "01.1");
    unsetenv("CC");
    expect_int(r.code, 130);
    expect(strstr(r.out, "not yet") == NULL);
    expect_text(state("01.1"), "passed");
    expect_int(files_in(answer("build"), "01.1-checked"), 0);
}

/* Words for the compiler; one that lacks sanitizers; a machine on which they do not run:
 * each still tells right from wrong. */
TEST(other_compilers)
{
    static const char script[] = "#!/bin/sh\nfor a; do case $a in -fsanitize=*) exit 1 ;; esac; "
        "done\nexec " COMPILER " \"$@\"\n";
    char limited[1000];
    FILE *shell;

    setenv("CC", "  env " COMPILER "  -O1 ", 1);
    expect_int(grade("", RIGHT).code, 0);
    if (SANITIZED)
        return;
    test_write(answer("nosan"), script, sizeof script - 1);
    chmod(answer("nosan"), 0700);
    setenv("CC", answer("nosan"), 1);
    says(grade("", RIGHT), "sanitizers are not there");
    fails(grade("", "    return first;\n"), "case 0:");
    fails(grade("#include <signal.h>", "    raise(SIGSEGV);\n    return first;\n"), "signal 11");
    unsetenv("CC");
    grade("", RIGHT);
    snprintf(limited, sizeof limited, "ulimit -v 4000000; '%s' grade 01.1 --answers '%s'",
             child_program(), answers());
    shell = popen(limited, "r");
    while (shell != NULL && fgets(limited, sizeof limited, shell) != NULL)
        ;
    expect_int(pclose(shell), 0);
}

/* A folder of any name; one that is not there yet is not made by looking. */
TEST(folders)
{
    char folder[400], path[500];
    Result r;

    snprintf(folder, sizeof folder, "%s/-it's a \"$HOME\" ü", answers());
    r = run("list", "--answers", folder);
    expect_int(r.code, 0);
    expect(access(folder, F_OK) != 0);
    r = run("grade", "01.1", "--answers", folder);
    fails(r, "not yet: case 0:");
    says(r, "-it'\\''s a \"$HOME\" ü/build/01.1' --seed 0");
    snprintf(path, sizeof path, "cd '%s' && '%s/%s' grade 01.1 --answers=-it* | grep "
             "'not yet: case 0' > /dev/null", answers(), getcwd(folder, sizeof folder),
             child_program());
    if (child_program()[0] != '/')
        expect_int(system(path), 0);
    r = run("list", "--answers", "README.md");
    expect_int(r.code, 2);
    says(r, "no folder");
    r = run("grade", "01.1", "--answers", "/no/such/folder");
    expect_int(r.code, 3);
    says(r, "/no/such/folder");
}

/* A full disk is nobody's mistake. */
TEST(no_room)
{
    static const char script[] = "#!/bin/sh\ncase $* in *-fsanitize*01.1.c*)\n"
        "    echo 'ld: No space left on device' >&2; exit 1 ;;\n"
        "esac\nexec " COMPILER " \"$@\"\n";
    Result r;

    test_write(answer("full"), script, sizeof script - 1);
    chmod(answer("full"), 0700);
    setenv("CC", answer("full"), 1);
    r = grade("", RIGHT);
    unsetenv("CC");
    expect_int(r.code, 5);
    says(r, "the disk is full");
    r = grade("#include <unistd.h>", "    for (int i = 3; i < 30; i++)\n        close(i);\n"
              RIGHT);
    expect_int(r.code, 5);              /* its report is lost                */
    says(r, "the judge's report could not be written");
}

const Test surroundings_tests[] = {
    { "two windows lose nothing", two_windows },
    { "Ctrl-C while it compiles is no verdict", interrupted_while_it_compiles },
    { "other compilers, and none of their sanitizers", other_compilers },
    { "folders of any name", folders },
    { "a full disk is nobody's mistake", no_room },
    { NULL, NULL },
};
