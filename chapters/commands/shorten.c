/* shorten.c - a compiler's or a sanitizer's report as a person wants it
 *
 *      ==4711==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602…
 *      WRITE of size 4 at 0x602… thread T0
 *          #0 0x5581… in my_turn chapters/exercises/answers/04.2.c:41
 *          #1 0x5582… in run …                       (forty lines more)
 *      0x602… is located 0 bytes to the right of 24-byte region …
 *
 *                                  │
 *                                  ▼
 *      it writes 4 bytes outside an array of 24 bytes, just behind its end
 *        line 41, in my_turn:  x[i + half] = im * c + re * s;
 *
 * The report of a sanitizer is written for those who read them daily. A pupil needs
 * three things of it: what happened, in which line of their own file, and what that
 * line says. The rest (addresses, shadow bytes, frames of the judge) is in the way.
 *
 * What is looked for are the few words that gcc's and clang's runtimes share. When
 * none is found the report is shown as it came, cut: a strange message is better than
 * none. A compiler's messages are good already; only the first three errors are
 * kept, for the others mostly follow from them.
 *
 * Read next: chapters/commands/grade.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mapfile.h"
#include "chapters/commands/judging.h"

#define COMPLAINTS 3            /* errors of a compiler that are shown       */
#define LINES 24                /* and lines of them                         */

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* "    x[i] = 1;", without its blanks, into text [room]. */
static void line_of(char *text, size_t room, const char *path, int number)
{
    MapFile file;
    Error ignored = {0};
    size_t at = 0, length;

    text[0] = '\0';
    if (!mapfile_open(&file, path, &ignored))
        return;
    for (int i = 1; i < number && at < file.size; at++)
        i += file.bytes[at] == '\n';
    while (at < file.size && (file.bytes[at] == ' ' || file.bytes[at] == '\t'))
        at++;
    for (length = 0; at + length < file.size && file.bytes[at + length] != '\n'; length++)
        ;
    snprintf(text, room, "%.*s", (int)(length < 200 ? length : 200),
             (const char *)file.bytes + at);
    mapfile_close(&file);
}

/* "  line 41, in my_turn:  x[i] = 1;" */
static void add_place(Text *out, const char *answer, int line, const char *function)
{
    char text[256];

    line_of(text, sizeof text, answer, line);
    text_print(out, "  line %d%s%s:  %s\n", line, function[0] != '\0' ? ", in " : "",
               function, text);
}

/* "undefined reference to `my_x'" (GNU), "\"_my_x\", referenced from" (macOS). */
static bool missing_function(Text *out, const char *said)
{
    const char *at = strstr(said, "undefined reference to ");
    char name[64];

    if (at == NULL || sscanf(at, "undefined reference to %*[^A-Za-z_]%63[A-Za-z0-9_]", name)
        != 1)
        return false;
    text_print(out, "there is no function %s in it%s\n", name,
               strncmp(name, "my_", 3) == 0 ? ": is the name spelt as in the skeleton?"
               : " or in what it is linked with");
    return true;
}

/* The first errors, with the lines that the compiler draws below them. */
void shorten_compiler(Text *out, const char *said, const char *answer)
{
    int complaints = 0, lines = 0;

    (void)answer;
    if (missing_function(out, said))    /* the linker's: all was compiled    */
        return;
    while (*said != '\0' && lines < LINES) {
        size_t length = strcspn(said, "\n");
        bool error = length > 0 && strstr(said, "error: ") != NULL
                  && strstr(said, "error: ") < said + length;

        complaints += error;
        if (complaints > COMPLAINTS)
            break;
        text_add(out, said, length);
        text_add(out, "\n", 1);
        lines++;
        said += length + (said[length] == '\n');
    }
    if (*said != '\0')
        text_print(out, "(and more)\n");
}

/* ".../04.2.c:12:7: runtime error: signed integer overflow: …" */
static bool undefined_behaviour(Text *out, const char *said, const char *answer)
{
    const char *at = strstr(said, ": runtime error: "), *begin = at;
    const char *name = file_name(answer), *place;
    size_t length;
    int line = 0;

    if (at == NULL)
        return false;
    while (begin > said && begin[-1] != '\n')
        begin--;
    at += strlen(": runtime error: ");
    length = strcspn(at, "\n");
    if (memmem(at, length, "null pointer", strlen("null pointer")) != NULL)
        text_print(out, "it follows a pointer that is NULL\n");
    else
        text_print(out, "undefined behaviour: %.*s\n", (int)length, at);
    place = strstr(begin, name);
    if (place != NULL && place < at
        && sscanf(place + strlen(name), ":%d", &line) == 1)
        add_place(out, answer, line, "");
    return true;
}

/* What the sanitizer's words mean. Several may fit: the first one counts. */
static const struct { const char *word, *meaning; } meanings[] = {
    { "stack-overflow", "the stack is full: does the function call itself without an end?" },
    { "heap-use-after-free", "it uses memory that was given back already" },
    { "attempting double-free", "it gives the same memory back twice" },
    { "attempting free on address", "it frees what malloc never gave" },
    { "stack-use-after", "it uses a local variable of a function that has returned" },
    { "allocation-size-too-big", "it asks for far more memory than there is" },
    { "requested allocation size", "it asks for far more memory than there is" },
    { "out of memory", "it asks for far more memory than there is" },
    { "rss limit exhausted", "it takes more and more memory: one gigabyte is the limit" },
    { "FPE on", "a whole number is divided by zero" },
    { "SEGV on unknown address 0x0000000000", "it follows a pointer that is NULL" },
    { "SEGV on", "it follows a pointer that points nowhere" },
    { "param-overlap", "source and destination of a copy overlap" },
    { "buffer-overflow", "outside an array" },
    { "buffer-underflow", "outside an array" },
    { "global-buffer", "outside an array" },
    { NULL, NULL },
};

/* "it writes 4 bytes outside an array of 24 bytes, just behind its end" */
static void outside(Text *out, const char *said)
{
    const char *write = strstr(said, "WRITE of size "), *read = strstr(said, "READ of size ");
    const char *where = strstr(said, " is located ");
    long bytes = 0, step = 0, region = 0;
    char side[40] = "";

    if (write != NULL || read != NULL)
        bytes = atol(strstr(write != NULL ? write : read, "size ") + 5);
    text_print(out, "it %s %ld byte%s outside an array", write != NULL ? "writes" : "reads",
               bytes, bytes == 1 ? "" : "s");
    if (where != NULL
        && (sscanf(where, " is located %ld bytes to the %39s of %ld-byte", &step, side,
                   &region) == 3
            || sscanf(where, " is located %ld bytes %39s %ld-byte", &step, side, &region)
               == 3)) {
        bool behind = strcmp(side, "right") == 0 || strcmp(side, "after") == 0;
        bool within = strcmp(side, "inside") == 0;

        text_print(out, " of %ld bytes", region);
        if (within)
            text_print(out, ", across its end");
        else if (step == 0)
            text_print(out, ", just %s", behind ? "behind its end" : "in front of it");
        else
            text_print(out, ", %ld bytes %s", step, behind ? "behind its end" : "in front of it");
    }
    text_print(out, "\n");
}

/* The first frame that lies in the answer: "in my_turn …/04.2.c:41". */
static void own_frame(Text *out, const char *said, const char *answer)
{
    const char *name = file_name(answer);

    for (const char *at = said; (at = strstr(at, name)) != NULL; at += strlen(name)) {
        const char *begin = at, *in;
        char function[64] = "";
        int line;

        while (begin > said && begin[-1] != '\n')
            begin--;
        in = strstr(begin, " in ");
        if (in == NULL || in > at || sscanf(at + strlen(name), ":%d", &line) != 1)
            continue;
        sscanf(in, " in %63[A-Za-z0-9_]", function);
        add_place(out, answer, line, function);
        return;
    }
}

bool shorten_sanitizer(Text *out, const char *said, const char *answer)
{
    const char *error = strstr(said, "Sanitizer: ");
    size_t i = 0;

    if (undefined_behaviour(out, said, answer))
        return true;
    if (error == NULL)
        error = strstr(said, "Sanitizer ");
    if (error == NULL && (error = strstr(said, "rss limit exhausted")) == NULL)
        return false;
    while (meanings[i].word != NULL && strstr(said, meanings[i].word) == NULL)
        i++;
    if (meanings[i].word == NULL)
        text_print(out, "%.*s\n", (int)strcspn(error, "\n"), error);
    else if (strcmp(meanings[i].meaning, "outside an array") == 0)
        outside(out, said);
    else
        text_print(out, "%s\n", meanings[i].meaning);
    own_frame(out, said, answer);
    return true;
}
