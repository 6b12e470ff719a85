/* test_atomicfile.c - whole or not at all, however it ends */
#include "test.h"
#include "base/atomicfile.h"
#include "base/mapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[256], path[300];

/* A folder of its own, so that its names can be counted; path: "old" is in it. */
static void prepare(const char *name)
{
    snprintf(folder, sizeof folder, "%s", test_scratch(name));
    expect(mkdir(folder, 0700) == 0);
    snprintf(path, sizeof path, "%s/out", folder);
    test_write(path, "old", 3);
}

/* The folder holds path and `beside` other names, and path holds text. */
static void expect_folder(const char *text, int beside)
{
    DIR *names = opendir(folder);
    int count = 0;

    expect(names != NULL);
    for (struct dirent *entry; (entry = readdir(names)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(names);
    expect_int(count, beside + 1);
    expect_text(test_read(path, NULL), text);
}

TEST(committed)
{
    AtomicFile file;
    Error error = {0};

    prepare("committed");
    expect_ok(atomicfile_open(&file, path, &error), &error);
    expect_ok(atomicfile_write(&file, "new ", 4, &error), &error);
    expect_ok(atomicfile_write(&file, "text", 4, &error), &error);
    expect_ok(atomicfile_write(&file, "", 0, &error), &error);
    expect_folder("old", 1);
    expect_ok(atomicfile_commit(&file, &error), &error);
    expect_folder("new text", 0);
    atomicfile_abandon(&file);              /* afterwards: does nothing      */
    expect_folder("new text", 0);
}

TEST(a_name_without_a_folder)
{
    AtomicFile file;
    Error error = {0};

    prepare("here");
    expect(chdir(folder) == 0);
    expect_ok(atomicfile_open(&file, "out", &error), &error);
    expect_ok(atomicfile_write(&file, "x", 1, &error), &error);
    expect_ok(atomicfile_commit(&file, &error), &error);
    expect_folder("x", 0);
}

TEST(saved_at_once)
{
    Error error = {0};
    char none[400];

    prepare("saved");
    expect_ok(atomicfile_save(path, "all of it", 9, &error), &error);
    expect_folder("all of it", 0);
    expect_ok(atomicfile_save(path, NULL, 0, &error), &error);
    expect_folder("", 0);
    snprintf(none, sizeof none, "%s/no/such", folder);
    expect(!atomicfile_save(none, "x", 1, &error));
    expect_int(error.code, EXIT_INPUT);
    expect(!atomicfile_save(folder, "x", 1, &error));
    expect_folder("", 0);
}

TEST(abandoned)
{
    AtomicFile file;
    Error error = {0};

    prepare("abandoned");
    expect_ok(atomicfile_open(&file, path, &error), &error);
    expect_ok(atomicfile_write(&file, "new", 3, &error), &error);
    atomicfile_abandon(&file);
    atomicfile_abandon(&file);
    expect_folder("old", 0);
}

/* kill -9 in the middle: the old file stands; a .part may be left. */
TEST(killed)
{
    pid_t child;
    int status;

    prepare("killed");
    child = fork();
    if (child == 0) {
        AtomicFile file;
        Error error = {0};

        if (!atomicfile_open(&file, path, &error)
            || !atomicfile_write(&file, "half", 4, &error))
            _exit(1);
        raise(SIGKILL);
    }
    expect(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    expect_folder("old", 1);
}

/* A .part of a killed run that had our number: begun anew. */
TEST(a_left_part_is_begun_anew)
{
    char part[400];
    AtomicFile file;
    Error error = {0};

    prepare("left");
    snprintf(part, sizeof part, "%s.%ld.part", path, (long)getpid());
    test_write(part, "a much longer rest", 18);
    expect_ok(atomicfile_open(&file, path, &error), &error);
    expect_ok(atomicfile_write(&file, "new", 3, &error), &error);
    expect_ok(atomicfile_commit(&file, &error), &error);
    expect_folder("new", 0);
}

/* /dev/full in the place of the file beside: a disk without a free byte. */
TEST(a_full_disk)
{
    AtomicFile file;
    Error error = {0};
    int full = open("/dev/full", O_WRONLY);

    if (full < 0)
        skip("no /dev/full on this system");
    prepare("full");
    expect_ok(atomicfile_open(&file, path, &error), &error);
    expect(dup2(full, file.descriptor) == file.descriptor);
    expect(!atomicfile_write(&file, "new", 3, &error));
    expect_int(error.code, EXIT_ROOM);
    expect(error_mentions(&error, "out: writing failed: No space left"));
    atomicfile_abandon(&file);
    expect_folder("old", 0);
}

/* A limit of 4 bytes per file: the first write is cut short, the second fails. */
TEST(a_size_limit)
{
    struct rlimit limit = { 4, RLIM_INFINITY };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    AtomicFile file;
    Error error = {0};

    prepare("limit");
    expect_ok(atomicfile_open(&file, path, &error), &error);
    fflush(stdout);
    sigaction(SIGXFSZ, &ignore, NULL);
    expect(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    expect(!atomicfile_write(&file, "123456", 6, &error));
    atomicfile_abandon(&file);
    limit.rlim_cur = RLIM_INFINITY;
    expect(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    expect_int(error.code, EXIT_ROOM);
    expect_folder("old", 0);
}

static void on_alarm(int number)
{
    (void)number;
}

/* A signal every few milliseconds cuts writes into a slow pipe short, or interrupts
 * them: the other end still gets every byte in order. */
TEST(short_writes_go_on)
{
    static unsigned char bytes[1 << 20], got[1 << 20];
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
    AtomicFile file;
    Error error = {0};
    int ends[2], status;
    pid_t child;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i % 251);
    prepare("short");
    expect_ok(atomicfile_open(&file, path, &error), &error);
    expect(pipe(ends) == 0);
    child = fork();
    if (child == 0) {
        size_t used = 0;

        close(ends[1]);
        usleep(30000);                          /* the pipe is full: EINTR   */
        for (ssize_t n; (n = read(ends[0], got + used, 20000)) > 0; usleep(500))
            used += (size_t)n;
        _exit(used == sizeof bytes && memcmp(got, bytes, used) == 0 ? 0 : 1);
    }
    close(ends[0]);
    expect(dup2(ends[1], file.descriptor) == file.descriptor);
    close(ends[1]);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    expect_ok(atomicfile_write(&file, bytes, sizeof bytes, &error), &error);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
    atomicfile_abandon(&file);
    expect(waitpid(child, &status, 0) == child);
    expect_int(status, 0);
}

/* A descriptor that cannot be synced fails the commit: path stays. */
TEST(a_commit_that_fails)
{
    AtomicFile file;
    Error error = {0};

    prepare("uncommitted");
    expect_ok(atomicfile_open(&file, path, &error), &error);
    close(file.descriptor);
    expect(!atomicfile_commit(&file, &error));
    expect_int(error.code, EXIT_INPUT);
    expect_folder("old", 0);
}

/* file begins as garbage: abandoning what was never opened does nothing. */
static void refused(const char *where, const char *words)
{
    AtomicFile file;
    Error error = {0};

    memset(&file, 0x5A, sizeof file);
    if (atomicfile_open(&file, where, &error))
        test_fail(__FILE__, __LINE__, "%s was taken", where);
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, words) || !error_mentions(&error, where))
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\" of \"%s\"",
                  error.text, words, where);
    atomicfile_abandon(&file);
}

TEST(refused_before_work_starts)
{
    prepare("refused");
    refused(folder, "is a folder");
    refused("/dev/null", "a device");
    refused("/no/such/folder/out", "No such file or directory");
    expect_folder("old", 0);
}

TEST(rights_follow_the_umask)
{
    struct stat status;
    AtomicFile file;
    Error error = {0};

    prepare("rights");
    umask(027);
    expect_ok(atomicfile_open(&file, path, &error), &error);
    expect_ok(atomicfile_commit(&file, &error), &error);
    expect(stat(path, &status) == 0);
    expect_int(status.st_mode & 0777, 0640);
    expect_folder("", 0);
}

const Test atomicfile_tests[] = {
    { "committed: the new text, nothing beside", committed },
    { "a name without a folder", a_name_without_a_folder },
    { "saved at once", saved_at_once },
    { "abandoned: the old text, nothing beside", abandoned },
    { "killed in the middle: the old text", killed },
    { "a .part left behind is begun anew", a_left_part_is_begun_anew },
    { "a full disk is exit 5", a_full_disk },
    { "a size limit is exit 5", a_size_limit },
    { "short writes go on", short_writes_go_on },
    { "a commit that fails changes nothing", a_commit_that_fails },
    { "refused before work starts", refused_before_work_starts },
    { "rights follow the umask", rights_follow_the_umask },
    { NULL, NULL },
};
