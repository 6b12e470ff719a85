/* url.c - addresses: what is safe to ask for, and who is asked
 *
 *      https :// huggingface.co : 443 / org/name/resolve/main/config.json ? …
 *      └───────── origin ──────────┘ └───────── path ──────────┘ └ query ┘
 *
 *      hub ── 302, Location: https://cdn…/9f2c…?signature ──► another origin: no token
 *      hub ── 307, Location: /api/resolve-cache/…         ──► the same one: token
 *
 * The hub keeps small files itself and sends us elsewhere for large ones. A person's
 * token belongs to the hub alone: whoever else gets it can read that person's private
 * models. So each step is made by hand, and the token goes along only while scheme,
 * host and port stay the same. (What curl does by itself depends on its version: before
 * 7.58 it handed every header on, before 7.83 also to another port.)
 *
 * Corners: a Location may be whole, may lack the scheme ("//cdn/x"), or be a path; a
 * scheme's and a host's case does not count, and a port that is the usual one may be
 * left out. "user@host" is refused: it is there to make a host look like another. A
 * byte below 0x21, a quote or a backslash could leave the quotes of curl's list of
 * orders, and no address needs them.
 *
 * Source: RFC 3986. Read next: curl.c.
 */
#include "weights-tools/hub/url.h"

#include <ctype.h>          /* isalnum                                       */
#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* strcspn, strstr                               */
#include <strings.h>        /* strncasecmp                                   */

/* Behind "http://" or "https://"; NULL: neither. */
static const char *behind_scheme(const char *url)
{
    if (strncasecmp(url, "https://", 8) == 0)
        return url + 8;
    return strncasecmp(url, "http://", 7) == 0 ? url + 7 : NULL;
}

/* Bytes up to the end of host and port. 0: no such address. */
static size_t origin_length(const char *url)
{
    const char *host = behind_scheme(url);

    return host == NULL ? 0 : (size_t)(host - url) + strcspn(host, "/?#");
}

bool url_check(const char *url, Error *error)
{
    const char *host = behind_scheme(url);
    size_t length = host != NULL ? strcspn(host, "/?#") : 0;

    for (const unsigned char *p = (const unsigned char *)url; *p != '\0'; p++)
        if (*p <= ' ' || *p >= 0x7F || strchr("\"\\<>^`{|}", *p) != NULL)
            return error_code(error, EXIT_CRASH, "the address %.200s holds a byte that no "
                              "address has", url);
    if (strlen(url) >= URL_LENGTH)
        return error_code(error, EXIT_CRASH, "the address %.100s… is longer than %d bytes",
                          url, URL_LENGTH);
    if (length == 0 || memchr(host, '@', length) != NULL)
        return error_code(error, EXIT_CRASH, "\"%.200s\" is not an address that begins "
                          "with https:// or http:// and a host", url);
    return true;
}

bool url_join(char url[URL_LENGTH], const char *base, const char *location, Error *error)
{
    size_t origin = origin_length(base);
    size_t path = strcspn(base, "?#");
    int length;

    if (location[strcspn(location, "/?#:")] == ':')     /* it has a scheme   */
        length = snprintf(url, URL_LENGTH, "%s", location);
    else if (strncmp(location, "//", 2) == 0)
        length = snprintf(url, URL_LENGTH, "%.*s%s", (int)strcspn(base, "/"), base, location);
    else if (location[0] == '/')
        length = snprintf(url, URL_LENGTH, "%.*s%s", (int)origin, base, location);
    else {
        while (path > origin && base[path - 1] != '/')
            path--;
        length = snprintf(url, URL_LENGTH, "%.*s%s%s", (int)path, base,
                          path == origin ? "/" : "", location);
    }
    if (length >= URL_LENGTH)
        return error_code(error, EXIT_CRASH, "the server sends us to an address of more "
                          "than %d bytes", URL_LENGTH);
    if (!url_check(url, error))
        return error_where(error, "the server sends us elsewhere");
    if (strncasecmp(base, "https:", 6) == 0 && strncasecmp(url, "https:", 6) != 0)
        return error_code(error, EXIT_CRASH, "the server sends us from https to http, "
                          "where anybody on the way could change the bytes: refused");
    return true;
}

/* Without a port that is the usual one of its scheme. */
static size_t plain_origin(const char *url)
{
    size_t n = origin_length(url);

    if (n > 12 && strncasecmp(url, "https:", 6) == 0 && strncmp(url + n - 4, ":443", 4) == 0)
        return n - 4;
    if (n > 10 && strncasecmp(url, "http:", 5) == 0 && strncmp(url + n - 3, ":80", 3) == 0)
        return n - 3;
    return n;
}

bool url_same_origin(const char *a, const char *b)
{
    size_t n = plain_origin(a);

    return n > 0 && n == plain_origin(b) && strncasecmp(a, b, n) == 0;
}

const char *url_host(char out[256], const char *url)
{
    const char *host = behind_scheme(url);

    snprintf(out, 256, "%.*s", host != NULL ? (int)strcspn(host, "/?#") : 0,
             host != NULL ? host : "");
    return out;
}

bool url_encode(char *out, size_t room, const char *text, const char *keep)
{
    size_t n = 0;

    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        bool plain = *p < 0x80 && (isalnum(*p) || strchr("-._~", *p) != NULL
                                   || strchr(keep, *p) != NULL);

        if (n + 4 > room)
            return false;
        n += (size_t)snprintf(out + n, room - n, plain ? "%c" : "%%%02X", *p);
    }
    out[n] = '\0';
    return n < room;
}
