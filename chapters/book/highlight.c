/* highlight.c - code as a page shows it: colours, line numbers, links
 *
 *      static int add(int a)      ┌────┬──────────────────────────────────────┐
 *      {                          │ 12 │ static int add(int a)     add: bold, │
 *          return row(x, a);      │ 13 │ {                      defined here  │
 *      }                          │ 14 │     return row(x, a);     row: a link│
 *                                 │ 15 │ }                      to base.h:37  │
 *                                 └────┴──────────────────────────────────────┘
 *
 * A line is cut into tokens from left to right; the longest piece that looks like
 * a comment, a text, a number or a word is one. That is what the compiler's first
 * step does, and all that colour needs. A comment may go on in the next
 * line: that is the only thing remembered from line to line.
 *
 * Colours are few: words of the language, values (numbers and texts), comments. Each
 * is also told apart without colour: bold, upright, slanted. The numbers of lines
 * are drawn by the style sheet, so that they are not part of the text.
 *
 * A name that the book defines becomes a link where it is called (a parenthesis
 * follows), and where it can be nothing else: a type, or a name of several words
 * that is not a field. Local variables have names of one word.
 *
 * Read next: chapters/book/prose.c.
 */
#include "chapters/book/book.h"

#include <string.h>

static const char *const keywords[] = {
    "__attribute__", "_Alignas", "_Bool", "_Noreturn", "bool", "break", "case",
    "char", "const", "continue", "default", "do", "double", "else", "enum", "extern", "false",
    "float", "for", "goto", "if", "inline", "int", "int16_t", "int32_t",
    "int64_t", "int8_t", "long", "NULL", "return", "short", "signed", "size_t",
    "sizeof", "static", "struct", "switch", "true", "typedef", "uint16_t",
    "uint32_t", "uint64_t", "uint8_t", "uintptr_t", "union", "unsigned", "void",
    "volatile", "while", NULL
};

typedef struct {
    Text *page;
    const Book *book;
    const Source *source;
    int number;                 /* of the line, from 0                       */
    Span line;
    bool comment;               /* inside one that began in an earlier line  */
} Painter;

/* The piece [from, to) of the line in a class of its own. */
static void paint(const Painter *p, const char *class, int from, int to)
{
    text_print(p->page, "<span class=%s>", class);
    put_escaped(p->page, (Span){ p->line.text + from, to - from });
    put(p->page, "</span>");
}

/* The end of a comment that is open at from. */
static int comment_end(Painter *p, int from)
{
    int length = span_find((Span){ p->line.text + from, p->line.length - from },
                           "*/");

    p->comment = length < 0;
    return length < 0 ? p->line.length : from + length + 2;
}

/* The end of a text or a character that begins at from with its quote. */
static int quoted_end(const Painter *p, int from)
{
    char quote = p->line.text[from++];

    while (from < p->line.length && p->line.text[from] != quote)
        from += p->line.text[from] == '\\' ? 2 : 1;
    return min_int(from + 1, p->line.length);
}

static bool is_keyword(Span word)
{
    for (int i = 0; keywords[i] != NULL; i++)
        if (span_is(word, keywords[i]))
            return true;
    return false;
}

/* May this word be a link? See the essay. */
static bool is_use(const Painter *p, int from, int to)
{
    char before = from > 0 ? p->line.text[from - 1] : ' ';
    char after = to < p->line.length ? p->line.text[to] : ' ';
    bool type = p->line.text[from] >= 'A' && p->line.text[from] <= 'Z';
    bool field = before == '.' || before == '>';

    return !field && (after == '(' || type
                      || memchr(p->line.text + from, '_', (size_t)(to - from)));
}

static void put_word(const Painter *p, int from, int to)
{
    Span word = { p->line.text + from, to - from };
    const Symbol *symbol;

    if (is_keyword(word)) {
        paint(p, "k", from, to);
        return;
    }
    symbol = is_use(p, from, to) ? book_symbol(p->book, word, p->source) : NULL;
    if (symbol == NULL) {
        put_escaped(p->page, word);
    } else if (symbol->source == p->source && symbol->line == p->number) {
        paint(p, "d", from, to);
    } else {
        text_print(p->page, "<a href=\"#%s:%d\">", symbol->source->path,
                   symbol->opens + 1);
        put_escaped(p->page, word);
        put(p->page, "</a>");
    }
}

/* #include "base/base.h": the name is a link when the file is in the book. */
static void put_include(const Painter *p, int from, int to)
{
    Span name = { p->line.text + from + 1, to - from - 2 };
    const Source *source = book_find(p->book, name);

    if (source == NULL) {
        paint(p, "v", from, to);
        return;
    }
    text_print(p->page, "<a href=\"#%s\">", source->path);
    put_escaped(p->page, (Span){ p->line.text + from, to - from });
    put(p->page, "</a>");
}

/* One token from place from on; returns where the next begins. */
static int put_token(Painter *p, int from)
{
    const char *text = p->line.text;
    char c = text[from], next = from + 1 < p->line.length ? text[from + 1] : ' ';
    int to = from + 1;

    if (c == '/' && next == '*') {
        to = comment_end(p, from + 2);
        paint(p, "c", from, to);
    } else if (c == '/' && next == '/') {
        to = p->line.length;
        paint(p, "c", from, to);
    } else if (c == '"' || c == '\'') {
        to = quoted_end(p, from);
        if (span_begins(p->line, "#include"))
            put_include(p, from, to);
        else
            paint(p, "v", from, to);
    } else if (c >= '0' && c <= '9') {
        while (to < p->line.length && (is_word(text[to]) || text[to] == '.'))
            to++;
        paint(p, "v", from, to);
    } else if (is_letter(c) || (c == '#' && from == 0)) {
        while (to < p->line.length && is_word(text[to]))
            to++;
        if (c == '#')
            paint(p, "k", from, to);
        else
            put_word(p, from, to);
    } else {
        put_escaped(p->page, (Span){ text + from, 1 });
    }
    return to;
}

/* Each line with an anchor "path:number", which is its own address. */
void put_code(Text *page, const Book *book, const Source *source, int from,
              int to)
{
    Painter p = { .page = page, .book = book, .source = source };

    for (int i = from; i < to; i++) {
        int at = 0;

        p.number = i;
        p.line = source->line[i];
        text_print(page, "<a class=n id=\"%s:%d\" href=\"#%s:%d\" tabindex=-1 "
                   "aria-hidden=true></a>", source->path, i + 1, source->path,
                   i + 1);
        if (p.comment) {
            at = comment_end(&p, 0);
            paint(&p, "c", 0, at);
        }
        while (at < p.line.length)
            at = put_token(&p, at);
        put(page, "\n");
    }
}
