/* book.c - the files of the book: their lines, what is prose, who defines what
 *
 *      norm.c   1 ┌ norm.c - keep a row …
 *                 │ …                           prose: a comment that stands
 *              40 └ Lesson: …                   alone, from the first column on
 *              41   #include "kernels/norm.h"     code
 *              …
 *              55 ┌ RMSNorm, equation (1).
 *              62 └   Cost: …                   prose again: a contract
 *              63   void rmsnorm(float *y, …      code; "rmsnorm" is defined at
 *                                                 line 63 and opens at 55
 *
 * The weaver knows no C. It relies on how this house writes it, and the style
 * check sees to that: a function's name stands in the first column's line, its
 * brace alone in a line below; a type ends with "} Name;"; a comment that
 * explains what follows begins in the first column, and all others are part of the
 * code they stand in. A file that is written in another way would still be in the
 * book, every line of it, only with fewer links.
 *
 * A name is looked up by going through all of them: there are some hundreds, and
 * the whole book is woven in a second.
 *
 * Read next: chapters/book/prose.c.
 */
#include "chapters/book/book.h"

#include <string.h>

bool span_begins(Span span, const char *text)
{
    size_t n = strlen(text);

    return (size_t)span.length >= n && memcmp(span.text, text, n) == 0;
}

bool span_is(Span span, const char *text)
{
    return (size_t)span.length == strlen(text) && span_begins(span, text);
}

int span_find(Span span, const char *text)
{
    for (int i = 0; i < span.length; i++)
        if (span_begins((Span){ span.text + i, span.length - i }, text))
            return i;
    return -1;
}

static bool same(Span a, Span b)
{
    return a.length == b.length
        && memcmp(a.text, b.text, (size_t)a.length) == 0;
}

void put(Text *page, const char *html)
{
    text_add(page, html, strlen(html));
}

void put_escaped(Text *page, Span text)
{
    for (int i = 0; i < text.length; i++) {
        char c = text.text[i];

        if (c == '<')
            put(page, "&lt;");
        else if (c == '>')
            put(page, "&gt;");
        else if (c == '&')
            put(page, "&amp;");
        else if (c == '"')
            put(page, "&quot;");
        else
            text_add(page, &c, 1);
    }
}

/* Errors: exit 3 for what a page cannot hold: bytes that are not UTF-8 text, a
 * last line without an end. */
static bool check_text(const Source *s, Error *error)
{
    const char *bytes = (const char *)s->file.bytes;
    size_t bad = utf8_check(bytes, s->file.size);

    for (size_t i = 0, line = 1; i < s->file.size; i++) {
        line += bytes[i] == '\n';
        if (i == bad || ((unsigned char)bytes[i] < ' ' && bytes[i] != '\n'
                         && bytes[i] != '\t'))
            return error_set(error, "%s:%zu: the byte 0x%02X is not text: the book "
                             "holds UTF-8 without control characters", s->path,
                             line, (unsigned)(unsigned char)bytes[i]);
    }
    if (s->file.size == 0 || bytes[s->file.size - 1] != '\n')
        return error_set(error, "%s: its last line has no end; add one", s->path);
    return true;
}

/* Errors: exit 3 when it cannot be read, is not text, or is in the book already. */
bool book_add(Book *book, const char *path, Error *error)
{
    size_t sources = (size_t)book->sources + 1;
    Source *s;
    const char *at, *end;

    for (int i = 0; i < book->sources; i++)
        if (strcmp(book->source[i].path, path) == 0)
            return error_set(error, "%s is in the book twice", path);
    book->source = memory_grow(book->source, sources * sizeof *book->source);
    s = &book->source[book->sources];
    *s = (Source){ .path = arena_text(&book->arena, path, strlen(path)) };
    if (!mapfile_open(&s->file, path, error))
        return false;
    book->sources++;                /* from here on book_free closes it      */
    if (!check_text(s, error))
        return false;

    at = (const char *)s->file.bytes;
    end = at + s->file.size;
    for (const char *p = at; p < end; p++)
        s->lines += *p == '\n';
    s->line = arena_get(&book->arena, (size_t)s->lines * sizeof *s->line);
    for (int i = 0; i < s->lines; i++) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));

        s->line[i] = (Span){ at, (int)(stop - at) };
        at = stop + 1;
    }
    return true;
}

int prose_end(const Source *source, int from)
{
    if (from >= source->lines || !span_begins(source->line[from], "/*"))
        return from;
    for (int i = from; i < source->lines; i++) {
        Span rest = source->line[i];
        int skip = i == from ? 2 : 0, close;

        rest = (Span){ rest.text + skip, rest.length - skip };
        close = span_find(rest, "*/");
        if (close >= 0)
            return close + 2 == rest.length ? i + 1 : from;
    }
    return from;
}

/* The word that ends before text[end], blanks and stars between left out. */
static Span word_before(Span line, int end)
{
    int begin;

    while (end > 0 && !is_word(line.text[end - 1]))
        end--;
    begin = end;
    while (begin > 0 && is_word(line.text[begin - 1]))
        begin--;
    return (Span){ line.text + begin, end - begin };
}

static void add_symbol(Book *book, const Source *s, Span name, int line,
                       int opens, bool own, bool promised)
{
    size_t symbols = (size_t)book->symbols + 1;

    if (name.length == 0)
        return;
    if ((symbols & (symbols - 1)) == 0)     /* 1, 2, 4, …: make room for more */
        book->symbol = memory_grow(book->symbol,
                                   2 * symbols * sizeof *book->symbol);
    book->symbol[book->symbols++] = (Symbol){ name, s, line, opens, own, promised };
}

/* #define name(…  */
static Span macro_name(Span line)
{
    Span name = { line.text + strlen("#define "), 0 };

    while (name.text + name.length < line.text + line.length
           && is_word(name.text[name.length]))
        name.length++;
    return name;
}

/* typedef struct {       typedef struct { … } Name;
 * } Name;                                          Line i is the first one. */
static Span type_name(const Source *s, int i)
{
    if (span_find(s->line[i], "{") < 0)
        return (Span){ NULL, 0 };           /* a name for a name             */
    if (span_find(s->line[i], "}") < 0)
        for (i++; i < s->lines && !span_begins(s->line[i], "}"); i++)
            ;
    return i < s->lines ? word_before(s->line[i], s->line[i].length)
                        : (Span){ NULL, 0 };
}

/* int name(…       and a brace on a line of its own before any semicolon, or
 * {                everything on one line; promised: the semicolon comes first. */
static Span function_name(const Source *s, int i, bool *promised)
{
    Span line = s->line[i], none = { NULL, 0 };
    int parenthesis = span_find(line, "("), comment = span_find(line, "/*");

    *promised = false;
    if (parenthesis <= 0 || !is_word(line.text[parenthesis - 1])
        || (comment >= 0 && comment < parenthesis))
        return none;
    if (span_find(line, ") {") < 0)
        for (; i < s->lines && !span_is(s->line[i], "{") && !*promised; i++) {
            if (s->line[i].length == 0)
                return none;
            *promised = span_find(s->line[i], ";") >= 0;
        }
    return word_before(line, parenthesis);
}

/* What is defined in line i, after a contract that begins in line opens. A header's
 * promises count too: the .c may not be in the book. */
static void index_line(Book *book, const Source *s, int i, int opens)
{
    Span line = s->line[i], name = { NULL, 0 };
    bool header = s->path[strlen(s->path) - 1] == 'h';
    bool own = false, promised = false;

    if (span_begins(line, "#define ")) {
        name = macro_name(line);
        own = !header;
    } else if (span_begins(line, "struct ") && span_find(line, " {") > 0) {
        name = word_before(line, span_find(line, " {"));
    } else if (span_begins(line, "typedef ")) {
        name = type_name(s, i);
    } else if (line.length > 0 && is_letter(line.text[0])) {
        name = function_name(s, i, &promised);
        own = !header && span_find(line, "static ") >= 0;
    }
    if (header || !promised)
        add_symbol(book, s, name, i, opens, own, promised);
}

void book_index(Book *book)
{
    for (int k = 0; k < book->sources; k++) {
        const Source *s = &book->source[k];
        int opens = 0, closed = -1;         /* the last comment: first line, end */

        for (int i = 0; i < s->lines; i++) {
            int end = prose_end(s, i);

            if (end > i) {
                opens = i;
                closed = end;
                i = end - 1;
            } else {
                index_line(book, s, i, closed == i ? opens : i);
            }
        }
    }
}

void book_free(Book *book)
{
    for (int i = 0; i < book->sources; i++)
        mapfile_close(&book->source[i].file);
    memory_give_back(book->source);
    memory_give_back(book->symbol);
    arena_free(&book->arena);
}

const Source *book_find(const Book *book, Span name)
{
    for (int i = 0; i < book->sources; i++) {
        const char *path = book->source[i].path;
        int before = (int)strlen(path) - name.length;

        if (before >= 0 && same(name, (Span){ path + before, name.length })
            && (before == 0 || path[before - 1] == '/'))
            return &book->source[i];
    }
    return NULL;
}

const Symbol *book_symbol(const Book *book, Span name, const Source *from)
{
    const Symbol *found = NULL;

    for (int i = 0; i < book->symbols; i++) {
        const Symbol *s = &book->symbol[i];

        if (s->name.text[0] != name.text[0] || !same(s->name, name))
            continue;
        if (s->source == from && !s->promised)
            return s;
        if (!s->own && (found == NULL || (found->promised && !s->promised)))
            found = s;
    }
    return found;
}
