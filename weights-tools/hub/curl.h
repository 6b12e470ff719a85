/* curl.h - ask a server, through the program curl
 *
 * Rules of use: curl_ask follows redirects by hand, and the token goes to the hub's own
 * origin only. The body of an answer that is neither 200 nor 206 is thrown away.
 */
#ifndef CURL_H
#define CURL_H

#include "base/utf8.h"
#include "weights-tools/hub/answer.h"
#include "weights-tools/hub/settings.h"

typedef struct {
    const Settings *settings;
    const char *url;
    bool head;                      /* the head alone; stops where the bytes
                                       are elsewhere: the head is the hub's  */
    int64_t from;                   /* > 0: the bytes from here on           */
    int seconds;                    /* for all of it, at most; 0: as it takes */
    bool (*take)(void *context, const Answer *answer, const char *bytes, size_t count);
                                    /* the body, piece by piece; false: enough */
    void *context;
} Question;

typedef enum {
    CURL_FINE,                      /* the whole answer is here, whatever it is */
    CURL_LOST,                      /* the connection broke, or was silent   */
    CURL_UNREACHED,                 /* there never was one: error says why   */
    CURL_ENOUGH,                    /* take said so                          */
    CURL_FAILED,                    /* error says why; asking again is useless */
} CurlEnd;

/* One question and the redirects after it. error: filled unless CURL_FINE and
 * CURL_ENOUGH. Errors: exit 4; 130 on Ctrl-C (CURL_FAILED). */
CurlEnd curl_ask(Answer *answer, const Question *question, Error *error);

/* The same for a short answer: asked again, with pauses, while it may change. body: the
 * text, at most `most` bytes; NULL: not wanted. note: tell the person about pauses.
 * Errors: exit 4, 130. An answer of any status is an answer. */
bool curl_ask_patiently(Answer *answer, const Question *question, Text *body, size_t most,
                        Error *error);

/* Wait before try number `again` (1, 2, …): 1, 2, 4, 8 s, or what the server asked
 * for. false: no more tries, or longer than a person waits. Errors: 130 on Ctrl-C. */
#define CURL_TRIES 5
bool curl_pause(const Answer *answer, int again, const char *why, Error *error);

#endif
