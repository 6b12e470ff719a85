/* error.h - the world's errors: what, where, why, what to do next
 *
 * Rules of use:
 * 1. A function that meets a bad file, number or option returns false (or
 *    NULL) and fills its caller's Error. Nobody below chapters/ prints or exits.
 * 2. The text says what is wrong, where (file, byte offset, tensor, line), why,
 *    and what to do next, in one or two sentences.
 * 3. error_set means "input not usable" (exit 3); the rarer codes are named.
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

enum {                      /* the exit codes of every program here          */
    EXIT_FINE = 0,
    EXIT_CHECK = 1,         /* a check or a comparison did not hold          */
    EXIT_USAGE = 2,         /* an option, a word, a value out of its range   */
    EXIT_INPUT = 3,         /* a file, a model, a text that cannot be used   */
    EXIT_CRASH = 4,         /* crash, time-out, network or checksum          */
    EXIT_ROOM = 5,          /* not enough memory or disk                     */
    EXIT_INTERRUPTED = 130, /* Ctrl-C                                        */
};

typedef struct {
    int code;               /* one of the exit codes; 0 while nothing failed */
    char text[1000];        /* for a person; UTF-8, cut if longer            */
} Error;

/* Each fills *error and returns false, so that a caller can return it. */
bool error_set(Error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool error_code(Error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Is this errno a lack of room: a full disk, a quota, a limit of size (EFBIG)? */
bool error_no_room(int why);

/* A system call failed (errno) at a step of work on path. No room is exit 5 and ends
 * with `room`; all else is exit 3 and ends with `otherwise`: what to do next. */
bool error_system(Error *error, const char *path, const char *step, const char *room,
                  const char *otherwise);

/* Put "place: " in front of what is already there; keeps the code. */
bool error_where(Error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Print "error: text" on stderr; returns the exit code for main. */
int error_report(const Error *error);

/* Do these words stand in the text? */
bool error_mentions(const Error *error, const char *words);

/* What must() of base.h calls when our own code is wrong: print and abort. */
_Noreturn void must_fail(const char *file, int line, const char *condition,
                         const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
