/* process.h - start another program, limit it, wait for it, take what it said
 *
 * Rules of use:
 * 1. There is no shell in between: argv are the words that the program gets, blanks,
 *    quotes and all. argv[0] without a slash is looked for in PATH.
 * 2. It has a process group of its own and on its stdin what the plan says: nothing, or
 *    a short text (which, unlike argv, no list of processes shows). When it runs out of
 *    time, or a person presses Ctrl-C here, the group is asked to end (SIGTERM) and
 *    killed half a second later. When it ends, what is left of the group is killed.
 * 3. process_run fails only when nothing could be started, or on Ctrl-C. How the
 *    program ended is an answer, not an error.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "base/utf8.h"

#define PROCESS_INPUT 4096          /* bytes of input at most: a pipe's room */

typedef struct {
    const char *const *argv;        /* ends with NULL                        */
    const char *folder;             /* where it starts; NULL: where we are   */
    const char *const *environment; /* "NAME=value", …, NULL: over ours      */
    const char *input;              /* stands on its stdin; NULL: nothing    */
    bool (*take)(void *context, const char *bytes, size_t count);
                                    /* gets its stdout piece by piece as it
                                       comes; false: enough, it is ended.
                                       NULL: stdout is kept                  */
    void *context;                  /* take's own                            */
    double seconds;                 /* on the clock; 0: no limit, here and
                                       in the next three                     */
    int cpu_seconds;                /* of computing                          */
    size_t memory;                  /* bytes of data, RLIMIT_DATA; not for a
                                       program built with AddressSanitizer   */
    size_t file;                    /* bytes of any file that it writes      */
    size_t keep;                    /* bytes kept of stdout and of stderr
                                       each; 0: 1 MiB                        */
} ProcessPlan;

typedef enum {
    PROCESS_EXITED,                 /* by itself: code is its exit status    */
    PROCESS_SIGNALLED,              /* code is the signal's number           */
    PROCESS_TIMED_OUT,              /* seconds or cpu_seconds were over      */
    PROCESS_REFUSED,                /* take had enough                       */
} ProcessEnd;

typedef struct {
    ProcessEnd end;
    int code;
    double seconds;                 /* that it took, on the clock            */
    Text out, err;                  /* the first `keep` bytes of each        */
    size_t lost;                    /* bytes beyond those, of both           */
} Process;

/* Errors: exit 4 when it cannot be started, with the reason; 130 on Ctrl-C.
 * Owner: the caller, process_free, whatever came back. */
bool process_run(Process *process, const ProcessPlan *plan, Error *error);
void process_free(Process *process);

/* Become another program, at this terminal; comes back only when it cannot be
 * started. Errors: exit 4, with the reason. */
bool process_replace(const char *const *argv, Error *error);

#endif
