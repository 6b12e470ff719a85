/* book.h - what the book's weaver knows of the files that it weaves
 *
 * Rules of use:
 * 1. book_add every file in the book's order, then book_index, then write: a
 *    name is linked to where it is defined, which may be further back.
 * 2. Pieces of HTML are added to a Text; source bytes only through put_escaped,
 *    so that the text of the page, with its tags taken away, is the file.
 * 3. An ornament (the stars of a comment) is an <i>: the style sheet hides it.
 */
#ifndef BOOK_H
#define BOOK_H

#include "base/mapfile.h"
#include "base/memory.h"
#include "base/utf8.h"

typedef struct {
    const char *text;           /* into a mapped file; not NUL-terminated    */
    int length;                 /* bytes, without the end of the line        */
} Span;

typedef struct {
    const char *path;           /* "src/model/block.c"                       */
    MapFile file;
    Span *line;                 /* [lines]; line[0] is line 1                */
    int lines;
} Source;

typedef struct {
    Span name;                  /* of a function, a type or a macro          */
    const Source *source;
    int line;                   /* where it is defined, from 0               */
    int opens;                  /* there, or where its contract begins       */
    bool own;                   /* static: only this file sees it            */
    bool promised;              /* declared here, defined elsewhere          */
} Symbol;

typedef struct {
    Arena arena;
    Source *source;             /* [sources]                                 */
    int sources;
    Symbol *symbol;             /* [symbols]                                 */
    int symbols;
} Book;

bool book_add(Book *book, const char *path, Error *error);
void book_index(Book *book);
void book_free(Book *book);

/* The file that a text means: its path or the end of it; NULL: not in the book. */
const Source *book_find(const Book *book, Span name);
/* What a name means where it stands in from; NULL: nothing in the book. */
const Symbol *book_symbol(const Book *book, Span name, const Source *from);

/* The line behind the comment that begins at line from and stands alone, from
 * its first column on: that is prose. from itself when there is none. */
int prose_end(const Source *source, int from);

void put(Text *page, const char *html);
void put_escaped(Text *page, Span text);

/* Lines [from, to) as code, and as prose. code: highlight.c, prose: prose.c. */
void put_code(Text *page, const Book *book, const Source *source, int from,
              int to);
void put_prose(Text *page, const Book *book, const Source *source, int from,
               int to);

/* What a terminal shows: colours and weights become classes. screen.c */
void put_screen(Text *page, const char *bytes, size_t length);

/* Every "$ ./run …" in a file's prose, with what should follow. transcripts.c */
bool transcripts_print(const char *path, Error *error);

static inline bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static inline bool is_word(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* Does text stand at the beginning of span? */
bool span_begins(Span span, const char *text);
bool span_is(Span span, const char *text);
/* The place of text in span, or -1. */
int span_find(Span span, const char *text);

#endif
