/* answer.c - what a server says before the bytes: its status and its headers
 *
 *      HTTP/1.1 302 Found                                 status
 *      X-Repo-Commit: fe8a4ea1ffed…                       which version this is
 *      X-Linked-ETag: "6e6001da2106…"                     the large file's checksum
 *      X-Linked-Size: 2200119864                          and its size
 *      ETag: "5a2c…"                                      (of this answer itself)
 *      Location: https://cdn…                             where the bytes are
 *      (an empty line)
 *
 * The hub answers a question for a large file with a redirect, whose own headers already
 * say what the file is: the linked ones count. A small file comes at once, and then ETag
 * and Content-Length are its own. Either checksum may stand in quotes, with W/ in front.
 *
 * A refusal has a code of its own that says more than the status:
 *
 *      status      X-Error-Code        what helps
 *      401, 403    GatedRepo           accept the terms on the model's page; a token
 *      401, 404    RepoNotFound        the spelling; a token, when it is private
 *      401         (none)              another token: this one is not valid
 *      404         RevisionNotFound    what stands behind the @
 *      404         EntryNotFound       nothing: the file is not there
 *      429                             waiting as long as Retry-After says
 *
 * Traps: names of headers have no case. A head may come twice (a proxy's, "100
 * Continue"): the last one counts, so a status line starts anew. Values come from a
 * stranger: they are cut to their fields, and numbers must be digits alone.
 *
 * Source: RFC 9110; huggingface_hub's file_download and errors. Read next: curl.c.
 */
#include "weights-tools/hub/answer.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* memcpy, strlen                                */
#include <strings.h>        /* strncasecmp                                   */

void answer_start(Answer *answer)
{
    *answer = (Answer){ .length = -1, .linked_size = -1, .from = -1, .whole = -1,
                        .retry_after = -1 };
}

/* Digits at *text, at most 15, so that sums of some cannot overflow; -1: none. Moves
 * *text behind them. */
static int64_t read_digits(const char **text, const char *end)
{
    int64_t value = 0;
    int count = 0;

    for (; *text < end && **text >= '0' && **text <= '9' && count < 16; (*text)++, count++)
        value = value * 10 + (**text - '0');
    return count == 0 || count == 16 ? -1 : value;
}

static int64_t whole_number(const char *text, const char *end)
{
    int64_t value = read_digits(&text, end);

    return text == end ? value : -1;
}

/* What is too long is not said at all: half an address is a wrong one. Control
 * characters become '?'. */
static void keep(char *out, size_t room, const char *text, const char *end)
{
    size_t n = (size_t)(end - text);

    n = n < room ? n : 0;
    memcpy(out, text, n);
    out[n] = '\0';
    for (char *p = out; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            *p = '?';
}

/* W/"9f2c" → 9f2c */
static void keep_etag(char *out, size_t room, const char *text, const char *end)
{
    if (end - text >= 2 && text[0] == 'W' && text[1] == '/')
        text += 2;
    if (end - text >= 2 && text[0] == '"' && end[-1] == '"')
        text++, end--;
    keep(out, room, text, end);
}

/* "bytes 100-199/200" */
static void keep_range(Answer *a, const char *text, const char *end)
{
    if (end - text < 6 || strncasecmp(text, "bytes ", 6) != 0)
        return;
    text += 6;
    a->from = read_digits(&text, end);
    while (text < end && *text != '/')
        text++;
    if (text < end)
        a->whole = whole_number(text + 1, end);
}

static void keep_header(Answer *a, const char *name, size_t length, const char *text,
                        const char *end)
{
#define IS(header) (length == sizeof header - 1 && strncasecmp(name, header, length) == 0)
    if (IS("location"))
        keep(a->location, sizeof a->location, text, end);
    else if (IS("etag"))
        keep_etag(a->etag, sizeof a->etag, text, end);
    else if (IS("x-linked-etag"))
        keep_etag(a->linked_etag, sizeof a->linked_etag, text, end);
    else if (IS("x-repo-commit"))
        keep(a->commit, sizeof a->commit, text, end);
    else if (IS("x-error-code"))
        keep(a->code, sizeof a->code, text, end);
    else if (IS("x-error-message"))
        keep(a->message, sizeof a->message, text, end);
    else if (IS("content-length"))
        a->length = whole_number(text, end);
    else if (IS("x-linked-size"))
        a->linked_size = whole_number(text, end);
    else if (IS("content-range"))
        keep_range(a, text, end);
    else if (IS("retry-after") && end - text < 9)
        a->retry_after = (int)whole_number(text, end);
#undef IS
}

/* One line of the head, without its line end. */
void answer_line(Answer *answer, const char *line, size_t length)
{
    const char *end = line + length, *colon = memchr(line, ':', length);
    const char *text;

    if (length > 5 && memcmp(line, "HTTP/", 5) == 0) {
        const char *blank = memchr(line, ' ', length);

        answer_start(answer);
        if (blank != NULL && end - blank > 3) {
            text = blank + 1;
            answer->status = (int)whole_number(text, text + 3);
        }
        return;
    }
    if (colon == NULL)
        return;
    for (text = colon + 1; text < end && (*text == ' ' || *text == '\t'); text++)
        ;
    while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    keep_header(answer, line, (size_t)(colon - line), text, end);
}

const char *answer_checksum(const Answer *answer)
{
    return answer->linked_etag[0] != '\0' ? answer->linked_etag : answer->etag;
}

int64_t answer_size(const Answer *answer)
{
    if (answer->linked_size >= 0 || answer_is_redirect(answer))
        return answer->linked_size;
    return answer->length;
}

bool answer_is_redirect(const Answer *answer)
{
    int s = answer->status;

    return s == 301 || s == 302 || s == 303 || s == 307 || s == 308;
}

bool answer_may_change(const Answer *answer)
{
    return answer->status == 429 || answer->status == 408 || answer->status >= 500;
}

static bool refuse_gated(const Asked *who, Error *error)
{
    if (!who->token)
        return error_code(error, EXIT_CRASH, "%s is gated: its authors give it to whom "
                          "accepts their terms. 1. Open %s/%s, log in, and click to agree. "
                          "2. Make a token (kind: Read) at %s/settings/tokens. 3. Run this "
                          "again with it in the variable HF_TOKEN, or after `hf auth "
                          "login`", who->repository, who->endpoint, who->repository,
                          who->endpoint);
    return error_code(error, EXIT_CRASH, "%s is gated, and the account of your token may "
                      "not read it (yet): open %s/%s with that account, agree to the terms, "
                      "and wait until access is granted; a fine-grained token must also "
                      "allow reading public gated repositories (%s/settings/tokens)",
                      who->repository, who->endpoint, who->repository, who->endpoint);
}

static bool refuse_token(const Answer *a, const Asked *who, Error *error)
{
    return error_code(error, EXIT_CRASH, "the hub does not accept your token (status %d%s%s):"
                      " look at it at %s/settings/tokens, put a valid one into HF_TOKEN, or "
                      "take HF_TOKEN and the token's file away: open models need none",
                      a->status, a->message[0] != '\0' ? ": " : "", a->message,
                      who->endpoint);
}

bool answer_refuse(const Answer *answer, const Asked *asked, Error *error)
{
    const char *file = asked->file != NULL ? asked->file : "the list of its files";
    bool no_code = answer->code[0] == '\0';

    if (answer->elsewhere && answer->status != 429)
        return error_code(error, EXIT_CRASH, "%s: %s: the place that the hub sends us to "
                          "answers with status %d; try again later", asked->repository,
                          file, answer->status);
    if (strcmp(answer->code, "GatedRepo") == 0)
        return refuse_gated(asked, error);
    if ((answer->status == 401 || answer->status == 403) && no_code && asked->token)
        return refuse_token(answer, asked, error);
    if (strcmp(answer->code, "RevisionNotFound") == 0)
        return error_code(error, EXIT_CRASH, "%s has no revision \"%s\"", asked->repository,
                          asked->revision);
    if (strcmp(answer->code, "EntryNotFound") == 0)
        return error_code(error, EXIT_CRASH, "%s has no file %s at revision %s",
                          asked->repository, file, asked->revision);
    if (strcmp(answer->code, "RepoNotFound") == 0 || answer->status == 401
        || (answer->status == 404 && no_code))
        return error_code(error, EXIT_CRASH, "there is no %s at %s, or it is private: look "
                          "at the spelling%s", asked->repository, asked->endpoint,
                          asked->token ? ", and whether your token may read it"
                          : "; a private one needs a token in HF_TOKEN");
    if (answer->status == 429)
        return error_code(error, EXIT_CRASH, "%s: too many questions (status 429) even after "
                          "waiting; try again later%s", asked->endpoint,
                          asked->token ? "" : ", or with a token in HF_TOKEN: known people "
                          "may ask more often");
    return error_code(error, EXIT_CRASH, "%s: %s: the server answers with status %d%s%s; "
                      "try again later", asked->repository, file, answer->status,
                      answer->message[0] != '\0' ? ": " : "", answer->message);
}
