/* answer.h - what a server says before the bytes: its status and its headers
 *
 * Rules of use: answer_start, then answer_line for each line of the head. What is
 * longer than its field or not what it should be counts as not said.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include "weights-tools/hub/hubname.h"
#include "weights-tools/hub/url.h"

typedef struct {
    int status;                     /* 200, 404, …; 0: nothing was said      */
    char location[URL_LENGTH];      /* of a redirect                         */
    char etag[100], linked_etag[100];   /* without W/ and quotes             */
    char commit[64];                /* X-Repo-Commit                         */
    char code[64];                  /* X-Error-Code: "GatedRepo"             */
    char message[300];              /* X-Error-Message, printable            */
    int64_t length, linked_size;    /* Content-Length, X-Linked-Size; -1: not said */
    int64_t from, whole;            /* Content-Range: bytes FROM-…/WHOLE; -1 */
    int retry_after;                /* seconds; -1                           */
    bool elsewhere;                 /* said by another origin than the hub   */
} Answer;

void answer_start(Answer *answer);
void answer_line(Answer *answer, const char *line, size_t length);

/* The checksum and the size that an answer gives to a file. */
const char *answer_checksum(const Answer *answer);
int64_t answer_size(const Answer *answer);

bool answer_is_redirect(const Answer *answer);

/* The same question may be answered better later: 429, 408, 5xx. */
bool answer_may_change(const Answer *answer);

typedef struct {                    /* who asked for what, for messages      */
    const char *endpoint;           /* "https://huggingface.co"              */
    const char *repository;         /* with "datasets/" in front of a data set's */
    const char *revision;
    const char *file;               /* NULL: the list of files               */
    bool token;                     /* one was sent                          */
} Asked;

/* Why the answer is none. Returns false. Errors: exit 4. */
bool answer_refuse(const Answer *answer, const Asked *asked, Error *error);

#endif
