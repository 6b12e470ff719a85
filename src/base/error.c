/* error.c - the world's errors: what, where, why, what to do next
 *
 *      the world                our code                      a person
 *   ┌─────────────┐   ┌───────────────────────────────┐   ┌──────────────┐
 *   │ a cut file  │──►│ safetensors: return error_set │   │ error: model │
 *   │ a wrong     │   │        ▲ false goes up        │──►│ .safetensors │
 *   │ option      │   │ modeldir: error_where(path)   │   │ : header …   │
 *   └─────────────┘   └───────────────────────────────┘   └──────────────┘
 *
 * There are two kinds of error and they are never mixed. When *we* were wrong, an
 * invariant is broken and nothing sensible can follow: must() (base.h) prints
 * where and aborts, so that a debugger stops at the very line. When the *world*
 * is wrong, that is everyday life: the function that notices says so in an
 * Error and returns false; each caller may put the place in front of it
 * (error_where) and returns false too, until the driver prints the sentence and
 * exits with its code. No function in between prints, exits or jumps.
 *
 * A good text answers four questions: what is wrong, where (file, byte
 * offset, tensor, line), why that is wrong, what to do next. "invalid header"
 * answers half of one.
 *
 * Read next: base/memory.c.
 */
#include "base/error.h"

#include <errno.h>      /* error_system                                     */
#include <stdarg.h>     /* va_list: the sentence's own values               */
#include <stdio.h>      /* vsnprintf                                        */
#include <stdlib.h>     /* abort                                            */
#include <string.h>     /* strstr, memcpy, strerror                         */

bool error_set(Error *error, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    error->code = EXIT_INPUT;
    vsnprintf(error->text, sizeof error->text, format, values);
    va_end(values);
    return false;
}

bool error_code(Error *error, int code, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    error->code = code;
    vsnprintf(error->text, sizeof error->text, format, values);
    va_end(values);
    return false;
}

bool error_no_room(int why)
{
    return why == ENOSPC || why == EDQUOT || why == EFBIG;
}

bool error_system(Error *error, const char *path, const char *step, const char *room,
                  const char *otherwise)
{
    int why = errno;
    bool full = error_no_room(why);

    return error_code(error, full ? EXIT_ROOM : EXIT_INPUT, "%s: %s failed: %s%s", path,
                      step, strerror(why), full ? room : otherwise);
}

/* "model.safetensors: " in front of what the reader of headers said. */
bool error_where(Error *error, const char *format, ...)
{
    char old[sizeof error->text];
    size_t used;
    va_list values;

    memcpy(old, error->text, sizeof old);
    va_start(values, format);
    vsnprintf(error->text, sizeof error->text, format, values);
    va_end(values);
    used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", old);
    return false;
}

/* One line, whatever was typed or stands in a file: a line break or an escape
 * sequence in a name comes out as "\x0a", "\x1b", not as an order to the terminal. */
int error_report(const Error *error)
{
    char line[4 * sizeof error->text];
    char *end = line;

    for (const char *at = error->text; *at != '\0'; at++)
        if ((*at > 0 && *at < 0x20) || *at == 0x7F)
            end += sprintf(end, "\\x%02x", (unsigned)*at);
        else
            *end++ = *at;
    fprintf(stderr, "error: %.*s\n", (int)(end - line), line);
    return error->code;
}

bool error_mentions(const Error *error, const char *words)
{
    return strstr(error->text, words) != NULL;
}

/* Our bug. The values that matter are in the format; a debugger that is attached
 * stops here, one frame below the line that was wrong. */
_Noreturn void must_fail(const char *file, int line, const char *condition,
                         const char *format, ...)
{
    va_list values;

    fflush(stdout);
    fprintf(stderr, "%s:%d: a bug in this program: must hold: %s\n    ", file,
            line, condition);
    va_start(values, format);
    vfprintf(stderr, format, values);
    va_end(values);
    fputc('\n', stderr);
    abort();
}
