/* settings.c - what the environment says about the hub
 *
 *      variable                   what it says                        unless set
 *      HF_ENDPOINT                whom to ask (a mirror)              https://huggingface.co
 *      HF_HUB_CACHE, HF_HOME …    where models lie (files/hubcache.c) ~/.cache/huggingface/hub
 *      HF_TOKEN                   who asks                            the next line
 *      HF_TOKEN_PATH              a file with the token               $HF_HOME/token
 *      HF_HUB_OFFLINE             1: ask nobody                       0
 *      HF_HUB_DISABLE_SYMLINKS    1: files instead of links           0
 *      HF_HUB_DOWNLOAD_TIMEOUT    seconds of silence that are too long 10
 *      BILLION_GITHUB             whom to ask for HumanEval (a mirror)
 *                                           https://raw.githubusercontent.com
 *
 * People set these once for all programs that talk to the hub, so they mean here what
 * they mean there; the last one is our own. `hf auth login` leaves the token in a file.
 *
 * Traps: a token from a file ends with a newline. A variable set to nothing counts as not
 * set. "1", "on", "yes" and "true" switch on, in any case; all else does not.
 *
 * Source: huggingface_hub's constants and utils/_auth. Read next: curl.c.
 */
#include "weights-tools/hub/settings.h"

#include <stdio.h>          /* snprintf                                      */
#include <stdlib.h>         /* getenv, atoi                                  */
#include <string.h>         /* strspn, strlen                                */
#include <strings.h>        /* strcasecmp                                    */

#include "base/mapfile.h"
#include "weights-tools/hub/benchplace.h"
#include "weights-tools/hub/url.h"

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool is_on(const char *name)
{
    const char *value = variable(name);

    return value != NULL && (strcmp(value, "1") == 0 || strcasecmp(value, "on") == 0
                             || strcasecmp(value, "yes") == 0
                             || strcasecmp(value, "true") == 0);
}

static bool read_address(char out[SETTINGS_ADDRESS], const char *name, const char *usual,
                         Error *error)
{
    const char *value = variable(name);
    size_t length;

    if (value == NULL)
        value = usual;
    if (strlen(value) >= SETTINGS_ADDRESS || !url_check(value, error)
        || strpbrk(value, "?#") != NULL)
        return error_code(error, EXIT_USAGE, "%s is \"%.200s\": it must be an address "
                          "such as %s", name, value, usual);
    snprintf(out, SETTINGS_ADDRESS, "%s", value);
    for (length = strlen(out); out[length - 1] == '/'; length--)
        out[length - 1] = '\0';
    return true;
}

/* The file's path: HF_TOKEN_PATH, else "token" beside the cache. */
static bool token_path(char path[HUBCACHE_PATH])
{
    const char *given = variable("HF_TOKEN_PATH"), *home = variable("HOME");
    const char *hub = variable("HF_HOME"), *cache = variable("XDG_CACHE_HOME");
    const char *rest = NULL;
    int n = -1;

    if (given != NULL)
        rest = "";
    else if (hub != NULL)
        given = hub, rest = "/token";
    else if (cache != NULL)
        given = cache, rest = "/huggingface/token";
    if (given != NULL && given[0] == '~' && (given[1] == '/' || given[1] == '\0')
        && home != NULL)
        n = snprintf(path, HUBCACHE_PATH, "%s%s%s", home, given + 1, rest);
    else if (given != NULL)
        n = snprintf(path, HUBCACHE_PATH, "%s%s", given, rest);
    else if (home != NULL)
        n = snprintf(path, HUBCACHE_PATH, "%s/.cache/huggingface/token", home);
    return n >= 0 && n < HUBCACHE_PATH;
}

/* A token is printable and has neither blanks nor quotes; its text is never shown. */
static bool keep_token(Settings *s, const char *text, size_t length, const char *from,
                       Error *error)
{
    while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
        length--;
    while (length > 0 && strchr(" \t\r\n", text[0]) != NULL)
        text++, length--;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] == 0x7F || strchr("\"\\", text[i]) != NULL)
            return error_code(error, EXIT_USAGE, "what %s holds is no token: it has a "
                              "blank, a quote or a byte that no token has", from);
    if (length >= sizeof s->token)
        return error_code(error, EXIT_USAGE, "what %s holds is no token: it has %zu bytes",
                          from, length);
    memcpy(s->token, text, length);
    s->token[length] = '\0';
    return true;
}

static bool read_token(Settings *s, Error *error)
{
    const char *given = variable("HF_TOKEN");
    char path[HUBCACHE_PATH];
    MapFile file;
    bool fine;

    if (is_on("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
        return true;
    if (given == NULL)
        given = variable("HUGGING_FACE_HUB_TOKEN");
    if (given != NULL)
        return keep_token(s, given, strlen(given), "HF_TOKEN", error);
    if (!token_path(path) || !path_is_file(path))
        return true;
    if (!mapfile_open(&file, path, error))
        return false;
    fine = keep_token(s, (const char *)file.bytes, file.size, path, error);
    mapfile_close(&file);
    return fine;
}

bool settings_read(Settings *settings, Error *error)
{
    const char *silence = variable("HF_HUB_DOWNLOAD_TIMEOUT");

    *settings = (Settings){ .offline = is_on("HF_HUB_OFFLINE") || is_on("TRANSFORMERS_OFFLINE"),
                            .links = !is_on("HF_HUB_DISABLE_SYMLINKS") };
    settings->silence = silence != NULL ? atoi(silence) : 10;
    if (settings->silence < 1 || settings->silence > 3600)
        return error_code(error, EXIT_USAGE, "HF_HUB_DOWNLOAD_TIMEOUT must be a number of "
                          "seconds from 1 to 3600");
    if (!hubcache_root(settings->cache)
        || !benchplace(settings->bench, sizeof settings->bench))
        return error_code(error, EXIT_USAGE, "no place for what is fetched: neither "
                          "HF_HUB_CACHE nor HF_HOME nor HOME is set");
    return read_address(settings->endpoint, "HF_ENDPOINT", "https://huggingface.co", error)
        && read_address(settings->github, "BILLION_GITHUB",
                        "https://raw.githubusercontent.com", error)
        && read_token(settings, error);
}
