/* judging.h - run an answer in a child with limits, and read the verdict
 *
 * Rules of use:
 * 1. judging_judge takes any file as the answer to a task, a pupil's or a mutant of
 *    make proof, and fills a Verdict. A wrong answer is a verdict, not an error.
 * 2. Errors: exit 3 for a file that cannot be read, exit 4 when the compiler cannot
 *    be started or the grader's own files do not compile, 5 when the disk is full, 130
 *    on Ctrl-C.
 */
#ifndef JUDGING_H
#define JUDGING_H

#include "chapters/commands/course.h"
#include "base/utf8.h"

typedef enum {
    VERDICT_PASSED,
    VERDICT_WRONG,                  /* a case differs                        */
    VERDICT_COMPILER,               /* it does not compile or link           */
    VERDICT_CRASHED,                /* a sanitizer's report, or a signal     */
    VERDICT_ENDED,                  /* it called exit()                      */
    VERDICT_TIMEOUT,
} VerdictKind;

#define RACERS 8

typedef struct {
    char name[64];                  /* "the textbook"                        */
    double seconds;                 /* of one run, the best of several       */
} Racer;

typedef struct {
    VerdictKind kind;
    int cases;                      /* that were begun                       */
    int number;                     /* of the last one begun; -1: none       */
    bool hidden;
    int visible;                    /* cases that everybody sees             */
    uint64_t seed;
    Text says;                      /* what that case was, a line each       */
    char what[100], expected[400], got[400], guess[400];
    int64_t index, count, wrong;    /* index -1: not an array                */
    int64_t ulps;                   /* floats that are a little apart; else 0 */
    Text trouble;                   /* compiler, sanitizer, signal: in words */
    Text warnings;                  /* the compiler's, when it went on       */
    Text printed;                   /* by the answer, on stdout and stderr   */
    size_t flood;                   /* bytes printed beyond what is kept     */
    Racer racer[RACERS];            /* Race: how fast who was                */
    int racers;
    char stop[64];                  /* the function where a debugger stops   */
    int64_t calls;                  /* … after so many calls that were right */
    bool sanitized;                 /* the sanitizers work here              */
} Verdict;

typedef struct {
    uint64_t seed;                  /* of the hidden cases                   */
    double seconds;                 /* of computing, limit of one run        */
    bool race;                      /* after a pass: time it                 */
    bool built;                     /* the program is there from last time   */
    bool keep;                      /* … leave it there for next time        */
} Judging;

/* answer: path of a C file; name: of the programs, in the course's builds. */
bool judging_judge(Verdict *verdict, Course *course, const Task *task, const char *answer,
                   const char *name, const Judging *how, Error *error);
void verdict_free(Verdict *verdict);

/* Is there a file that could be an answer? Errors: exit 3. */
bool judging_readable(const char *answer, Error *error);

/* The command that stops in the pupil's function in that case, built and ready;
 * NULL when there is nothing to stop in. Owner: the course's arena. */
const char *judging_debugger(const Verdict *verdict, Course *course, const Task *task,
                             const char *answer, const char *name, Error *error);

/* shorten.c: a compiler's or a sanitizer's report as a person wants it. */
void shorten_compiler(Text *out, const char *said, const char *answer);
bool shorten_sanitizer(Text *out, const char *said, const char *answer);

#endif
