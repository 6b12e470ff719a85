/* rewrite.h - the same text once more: on other threads, in other pieces, again
 *
 * Rules of use: a Writing is what a text depends on; write_text makes it with
 * decode/generate.h. Everything else (threads, chunks, what a session has read
 * before) must not show in the ids, and rewrite_checks says whether it does.
 */
#ifndef REWRITE_H
#define REWRITE_H

#include "chapters/commands/common.h"
#include "chapters/lesson/lesson.h"

typedef struct {
    const OpenModel *m;
    const Options *options;
    const Ids *prompt;
    SamplingConfig config;
    uint64_t seed;
    int n;                          /* tokens at most                        */
} Writing;

/* s may hold anything that another text left there, or NULL: one of its own is made.
 * Appends to ids and, unless NULL, to text. *read (or NULL): how many ids of the
 * prompt went through the model. Errors: those of generate and model_session. */
bool write_text(Ids *ids, Text *text, int *read, const Writing *writing, Session *s,
                Error *error);

/* want: what was shown. Four lesson_checks. */
bool rewrite_checks(Lesson *l, const Writing *writing, const Ids *want, Error *error);

#endif
