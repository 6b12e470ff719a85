/* transcripts.c - commands that the prose shows, and what they should print
 *
 *      in a comment                     in a page of markdown
 *
 *      │ *      $ ./run models          │ ```
 *      │ *      storyteller  …          │ $ ./run models
 *      │ *                              │ storyteller  …
 *      │ * goes on                      │ ```
 *
 *                     │                           │
 *                     └─────────────┬─────────────┘
 *                                   ▼
 *                     │ @ README.md:55
 *                     │ $ ./run models
 *                     │ |storyteller  …
 *
 * A transcript in prose goes wrong sooner or later, unless a machine types it
 * again. Its form: a line "$ ./run …", which a backslash at its end
 * continues, then its output, indented alike, up to a blank line (in markdown: up
 * to the next "$ " or the end of the block, blank lines included). "…" stands
 * for anything within a line, and alone in a line for any lines.
 *
 * tests/transcripts.sh runs what this file finds, and compares what comes on stdout;
 * except where "# not run by tests" stands behind the command, or in markdown
 * "<!-- not run by tests: why -->" above the block: a model that is not in the clone.
 *
 * Read next: tests/transcripts.sh.
 */
#include "chapters/book/book.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    Span line;                  /* what is left of it to look at             */
    int number;                 /* from 1                                    */
    const char *next, *end;     /* of the file                               */
} Reader;

static bool next_line(Reader *r)
{
    const char *stop;

    if (r->next >= r->end)
        return false;
    stop = memchr(r->next, '\n', (size_t)(r->end - r->next));
    if (stop == NULL)
        stop = r->end;
    r->line = (Span){ r->next, (int)(stop - r->next) };
    r->next = stop < r->end ? stop + 1 : r->end;
    r->number++;
    return true;
}

/* Blanks at the beginning. */
static int indent_of(Span line)
{
    int n = 0;

    while (n < line.length && line.text[n] == ' ')
        n++;
    return n;
}

static Span from_column(Span line, int column)
{
    column = min_int(column, line.length);
    return (Span){ line.text + column, line.length - column };
}

/* The next line without its star. false: the file or the comment ends. */
static bool next_words(Reader *r, bool comment)
{
    if (!next_line(r))
        return false;
    if (!comment)
        return true;
    if (!span_begins(r->line, " *") || span_begins(r->line, " */"))
        return false;
    r->line = from_column(r->line, 2);
    return true;
}

/* The reader stands at a command. Leaves it at the line that ends the output. */
static bool print_one(Reader *r, const char *path, bool comment, bool spared)
{
    int column = indent_of(r->line);
    bool more;

    printf("@ %s:%d\n", path, r->number);
    for (more = true; more; ) {
        Span s = from_column(r->line, indent_of(r->line));

        more = s.text[s.length - 1] == '\\';
        printf("%.*s", s.length - more, s.text);
        more = more && next_words(r, comment) && indent_of(r->line) < r->line.length;
    }
    printf("%s\n", spared ? "  # not run by tests" : "");
    while ((more = next_words(r, comment))) {
        Span s = from_column(r->line, min_int(column, indent_of(r->line)));

        if (span_begins(s, "$ ") || span_begins(s, "```")
            || (comment && s.length == 0))
            break;
        if (comment && s.length > 2 && span_find(s, "*/") == s.length - 2)
            s.length -= 2;
        printf("|%.*s\n", s.length, s.text);
    }
    return more;
}

/* On stdout, as the essay draws them. Errors: exit 3 when it cannot be read. */
bool transcripts_print(const char *path, Error *error)
{
    MapFile file;
    bool comment = !text_ends_with(path, ".md");
    Reader r = { .number = 0 };
    bool fenced = false, spared = false;

    if (!mapfile_open(&file, path, error))
        return false;
    r.next = (const char *)file.bytes;
    r.end = r.next + file.size;
    for (bool more = next_line(&r); more; ) {
        Span words = r.line;

        if (comment && span_begins(words, " *"))
            words = from_column(words, 2);
        r.line = words;
        fenced = fenced != span_begins(words, "```");
        if (!fenced && words.length > 0 && !span_begins(words, "```"))
            spared = span_begins(words, "<!-- not run by tests");
        if (span_begins(from_column(words, indent_of(words)), "$ ./run")
            && (comment || fenced))
            more = print_one(&r, path, comment, spared);
        else
            more = next_line(&r);
    }
    mapfile_close(&file);
    return true;
}
