/* curl.c - ask a server, through the program curl
 *
 *      this program                     curl                       a server
 *
 *      its stdin: url, token  ───────►  TLS, proxies, HTTP/2 ────► GET …
 *      (no list of processes
 *       shows them)
 *                             ◄───────  head, empty line, body ◄── 206 Partial Content
 *      head ──► Answer                                             Content-Range: …
 *      body ──► whoever asked for it
 *
 * Talking TLS is a program of its own, larger than this engine, and curl is on nearly
 * every machine. What we do not leave to it is every decision: which redirect is
 * followed and with whose token, whether bytes fit behind those that are here, when to
 * try again. So curl is told to print the head in front of the body, to follow nothing,
 * to resume nothing and to retry nothing; it carries bytes.
 *
 *      exit of curl      what it was                         asked again
 *      0                 an answer, of any status            by its status
 *      5, 6, 7           no such host, nobody listens        while a file comes: yes
 *      18, 28, 52, 56 …  broken off, or silent for too long  yes
 *      60, 35, …         no trust (TLS), and all else        no
 *
 * A server that sends a byte a second is never silent. A file may come as slowly as it
 * likes, a person sees that; a list or a head may not.
 *
 * Corners: -q keeps a person's own ~/.curlrc out of it, which may say to follow redirects
 * with all headers. A head may be followed by another one (a proxy's, "100 Continue").
 * The text of curl's own complaint names hosts, never headers.
 *
 * Source: curl(1). Read next: transfer.c.
 */
#include "weights-tools/hub/curl.h"

#include <stdio.h>          /* fprintf: notes about pauses                   */
#include <string.h>         /* memchr, memcpy                                */
#include <unistd.h>         /* usleep                                        */

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/process.h"

#define HOPS 8                      /* redirects after one question          */
#define HEAD_LENGTH 65536           /* bytes of a head, more is refused      */
#define PATIENCE 120                /* seconds: nobody waits longer          */
#define LONG 6                      /* × what may pass in silence: a list is here */

typedef struct {                    /* what comes out of curl                */
    Answer *answer;
    const Question *question;
    Text head;                      /* of the line at hand                   */
    size_t seen;                    /* bytes of heads                        */
    bool body;                      /* the empty line has come               */
    bool enough, endless;           /* take said so; the head has no end     */
} Stream;

/* Lines up to the empty one. A head of a status below 200, and one that a proxy put in
 * front (another status line follows), is followed by the one that counts. Returns the
 * bytes that were used. */
static size_t take_head(Stream *s, const char *bytes, size_t count)
{
    size_t used = 0;

    while (used < count && !s->body) {
        const char *end = memchr(bytes + used, '\n', count - used);
        size_t n = end != NULL ? (size_t)(end - bytes) - used : count - used;

        text_add(&s->head, bytes + used, n);
        used += n + (end != NULL);
        if (end == NULL)
            break;
        if (s->head.length > 0 && s->head.bytes[s->head.length - 1] == '\r')
            s->head.bytes[--s->head.length] = '\0';
        s->body = s->head.length == 0 && s->answer->status >= 200;
        answer_line(s->answer, s->head.bytes, s->head.length);
        text_clear(&s->head);
    }
    s->seen += used;
    return used;
}

static bool take(void *context, const char *bytes, size_t count)
{
    Stream *s = context;
    int status;

    if (!s->body) {
        size_t used = take_head(s, bytes, count);

        bytes += used;
        count -= used;
        s->endless = s->seen > HEAD_LENGTH;
        if (s->endless)
            return false;
    }
    status = s->answer->status;
    if (count == 0 || s->question->take == NULL || (status != 200 && status != 206))
        return true;
    s->enough = !s->question->take(s->question->context, s->answer, bytes, count);
    return !s->enough;
}

/* What curl reads on its stdin. url has been checked: nothing in it ends the quotes. */
static void write_orders(Text *out, const Question *q, const char *url)
{
    const Settings *s = q->settings;

    text_print(out, "silent\nshow-error\ngloboff\nsuppress-connect-headers\n%s\n"
               "proto = \"=http,https\"\nuser-agent = \"billion-llm\"\n"
               "header = \"Accept-Encoding: identity\"\n"
               "connect-timeout = %d\nspeed-limit = 1\nspeed-time = %d\nurl = \"%s\"\n",
               q->head ? "head" : "include", s->silence, s->silence, url);
    if (q->seconds > 0)
        text_print(out, "max-time = %d\n", q->seconds);
    if (q->from > 0)
        text_print(out, "range = \"%lld-\"\n", (long long)q->from);
    if (s->token[0] != '\0' && url_same_origin(url, s->endpoint))
        text_print(out, "header = \"Authorization: Bearer %s\"\n", s->token);
}

/* The table in the essay. */
static CurlEnd judge(const Process *p, const char *url, Error *error)
{
    const char *said = p->err.length > 0 ? p->err.bytes : "it says nothing";
    int length = (int)strcspn(said, "\r\n");
    char host[256];
    CurlEnd end = CURL_FAILED;

    if (p->end == PROCESS_EXITED && p->code == 0)
        return CURL_FINE;
    url_host(host, url);
    switch (p->end == PROCESS_EXITED ? p->code : 0) {
    case 5: case 6: case 7:
        error_code(error, EXIT_CRASH, "%s cannot be reached (%.*s): is this machine "
                   "connected? A proxy's address belongs in the variable https_proxy",
                   host, min_int(length, 300), said);
        return CURL_UNREACHED;
    case 16: case 18: case 28: case 52: case 55: case 56: case 92:
        end = CURL_LOST;
        break;
    }
    error_code(error, EXIT_CRASH, "the connection to %s broke off (%.*s)", host,
               min_int(length, 300), said);
    return end;
}

/* One question to one address. */
static CurlEnd ask_once(Answer *answer, const Question *q, const char *url, Error *error)
{
    static const char *const argv[] = { "curl", "-q", "--config", "-", NULL };
    Stream stream = { .answer = answer, .question = q };
    Process process;
    Text orders = {0};
    CurlEnd end;

    answer_start(answer);
    write_orders(&orders, q, url);
    if (orders.length > PROCESS_INPUT) {
        error_code(error, EXIT_CRASH, "an address of %zu bytes is too long", strlen(url));
        end = CURL_FAILED;
    } else if (!process_run(&process, &(ProcessPlan){ .argv = argv, .input = orders.bytes,
                            .take = take, .context = &stream }, error)) {
        if (error_mentions(error, "no such program"))
            error_code(error, EXIT_CRASH, "the program curl is not here, which carries the "
                       "bytes: install it (Debian, Ubuntu: apt install curl; Fedora: dnf "
                       "install curl)");
        end = CURL_FAILED;
        process_free(&process);
    } else {
        end = stream.enough ? CURL_ENOUGH : judge(&process, url, error);
        process_free(&process);
    }
    if (stream.endless) {
        error_code(error, EXIT_CRASH, "the server's answer has a head of more than %d bytes",
                   HEAD_LENGTH);
        end = CURL_FAILED;
    }
    memset(orders.bytes, 0, orders.length);
    text_free(&orders);
    text_free(&stream.head);
    return end;
}

CurlEnd curl_ask(Answer *answer, const Question *question, Error *error)
{
    char url[URL_LENGTH], next[URL_LENGTH];

    if (!url_check(question->url, error))
        return CURL_FAILED;
    snprintf(url, sizeof url, "%s", question->url);
    for (int hop = 0; hop <= HOPS; hop++) {
        CurlEnd end = ask_once(answer, question, url, error);

        answer->elsewhere = !url_same_origin(url, question->settings->endpoint);
        if (end != CURL_FINE || !answer_is_redirect(answer))
            return end;
        if (answer->location[0] == '\0' || !url_join(next, url, answer->location, error)) {
            if (answer->location[0] == '\0')
                error_code(error, EXIT_CRASH, "the server sends us elsewhere (status %d) and "
                           "does not say where", answer->status);
            return CURL_FAILED;
        }
        if (question->head && !url_same_origin(next, url))
            return CURL_FINE;
        memcpy(url, next, sizeof url);
    }
    error_code(error, EXIT_CRASH, "the server sends us from one address to the next, %d "
               "times: it goes in a circle", HOPS);
    return CURL_FAILED;
}

bool curl_pause(const Answer *answer, int again, const char *why, Error *error)
{
    double seconds = 1 << (again - 1), begin = clock_seconds();

    if (answer->retry_after >= 0)
        seconds = answer->retry_after;
    if (again >= CURL_TRIES)
        return false;
    if (seconds > PATIENCE)
        return error_code(error, EXIT_CRASH, "%s; the server asks us to wait %.0f s: try "
                          "again then", why, seconds);
    fprintf(stderr, "note: %s; trying again in %.0f s (try %d of %d)\n", why, seconds,
            again + 1, CURL_TRIES);
    while (clock_seconds() - begin < seconds) {
        if (interrupt_asked())
            return error_code(error, EXIT_INTERRUPTED, "interrupted");
        usleep(50000);
    }
    return true;
}

typedef struct {
    Text *text;
    size_t most;
} Body;

static bool keep_body(void *context, const Answer *answer, const char *bytes, size_t count)
{
    Body *body = context;

    (void)answer;
    if (body->text == NULL)
        return true;
    if (count > body->most - body->text->length)
        return false;
    text_add(body->text, bytes, count);
    return true;
}

bool curl_ask_patiently(Answer *answer, const Question *question, Text *body, size_t most,
                        Error *error)
{
    Body kept = { body, most };
    Question q = *question;

    q.take = keep_body;
    q.context = &kept;
    q.seconds = LONG * q.settings->silence;
    for (int try = 1;; try++) {
        char why[80];
        CurlEnd end;

        *error = (Error){0};
        if (body != NULL)
            text_clear(body);
        end = curl_ask(answer, &q, error);
        if (end == CURL_ENOUGH)
            return error_code(error, EXIT_CRASH, "the server's answer has more than %zu "
                              "bytes: that is no list of a model's files", most);
        if (end == CURL_FAILED || end == CURL_UNREACHED)
            return false;
        if (end == CURL_FINE && !answer_may_change(answer))
            return true;
        snprintf(why, sizeof why, end == CURL_FINE ? "the server says %d"
                 : "the connection broke off", answer->status);
        if (!curl_pause(answer, try, why, error))
            return end == CURL_FINE && error->code == 0;
    }
}
