/* child.h - ./run as a child process: what it printed, and how it ended
 *
 * Rules of use: RUN names the program (else ./run); tool("inspect", …) starts a tool
 * over weight files instead, which lies beside it in weights-tools/. Every child has a
 * time limit, one thread unless asked, and an empty Hugging Face cache.
 */
#ifndef CHILD_H
#define CHILD_H

#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS 500           /* far more than any of them needs       */

typedef struct {
    int code;                       /* exit status; 1000 + n: ended by signal n */
    char *out, *err;                /* NUL-terminated; never freed           */
    size_t length;                  /* of out                                */
} Result;

static const char *child_tool;      /* NULL: ./run itself                    */

static inline const char *child_program(void)
{
    const char *program = getenv("RUN"), *slash;
    static char path[4096];

    if (program == NULL)
        program = child_tool == NULL ? "./run" : "./build/run";
    slash = strrchr(program, '/');
    if (child_tool != NULL) {
        snprintf(path, sizeof path, "%.*sweights-tools/%s",
                 slash == NULL ? 0 : (int)(slash - program) + 1, program, child_tool);
        program = path;
    }
    if (access(program, X_OK) != 0)
        skip("the program ./run is not built (or RUN does not name it)");
    return program;
}

static inline void child_redirect(const char *path, int flags, int descriptor)
{
    int opened = open(path, flags, 0600);

    if (opened < 0 || dup2(opened, descriptor) != descriptor)
        _exit(126);
    close(opened);
}

/* Start it; input, out and err are paths; NULL: the descriptor stays. */
static inline pid_t child_start(const char *const *args, const char *input,
                         const char *out, const char *err)
{
    const char *program = child_program();
    const char *argv[64] = { "run" };
    pid_t child;

    for (int i = 0; args[i] != NULL && i < 62; i++)
        argv[i + 1] = args[i];
    fflush(stdout);
    child = fork();
    if (child != 0)
        return child;
    setenv("HF_HUB_CACHE", "/no/such/cache", 1);
    setenv("OMP_WAIT_POLICY", "passive", 1);    /* kind to a busy machine    */
    alarm(CHILD_SECONDS);
    if (input != NULL)
        child_redirect(input, O_RDONLY, 0);
    if (out != NULL)
        child_redirect(out, O_WRONLY | O_CREAT | O_TRUNC, 1);
    if (err != NULL)
        child_redirect(err, O_WRONLY | O_CREAT | O_TRUNC, 2);
    execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline int child_wait(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            test_fail(__FILE__, __LINE__, "waitpid: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* input [length] is its stdin; NULL: nothing to read there. */
static inline Result child_run(const char *input, size_t length,
                        const char *const *args)
{
    char from[256] = "/dev/null", out[256], err[256], name[64];
    static int number;
    Result result = {0};

    snprintf(name, sizeof name, "child-%ld-%d", (long)getpid(), number++);
    snprintf(out, sizeof out, "%s.out", test_scratch(name));
    snprintf(err, sizeof err, "%s.err", test_scratch(name));
    if (input != NULL) {
        snprintf(from, sizeof from, "%s.in", test_scratch(name));
        test_write(from, input, length);
    }
    result.code = child_wait(child_start(args, from, out, err));
    result.out = test_read(out, &result.length);
    result.err = test_read(err, NULL);
    return result;
}

/* The same for a tool. */
static inline Result child_run_tool(const char *name, const char *const *args)
{
    Result result;

    child_tool = name;
    result = child_run(NULL, 0, args);
    child_tool = NULL;
    return result;
}

#define tool(name, ...)                                                       \
    child_run_tool(name, (const char *const[]){ __VA_ARGS__, NULL })
#define run(...) child_run(NULL, 0, (const char *const[]){ __VA_ARGS__, NULL })
#define run_with(input, ...)                                                  \
    child_run(input, strlen(input), (const char *const[]){ __VA_ARGS__, NULL })

/* It must have gone well: then what it printed. */
static inline char *fine(Result result)
{
    if (result.code != 0)
        test_fail(__FILE__, __LINE__, "exit %d: %s", result.code, result.err);
    return result.out;
}

#endif
