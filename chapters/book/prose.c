/* prose.c - a comment becomes paragraphs, lists and pictures
 *
 *      ┌─ the star and its blanks: an ornament, hidden
 *      │  ┌─ two blanks or more: a picture, an equation, a table of arguments
 *      ▼  ▼
 *      _* A model knows no letters, only      paragraph    <p>
 *      _*
 *      _*      y = W x + b          (1)       picture      <pre>, as it stands
 *      _*
 *      _* - Beside means in the same          item         <ul><li>
 *      _*   folder.                           its second line
 *      _* Read next: text/bpe.c.              paragraph, with a link
 *
 * Nothing is taken away and nothing is added: words keep their order, pictures
 * every blank, and even the stars are there, in elements that are not shown. So
 * the text of the page with its tags taken away is the file, byte for byte, and a
 * test can compare the two. What a browser does with it, to put words in
 * lines of another width, is its own affair.
 *
 * In a paragraph these have a meaning: a file's name becomes a link, as does a
 * function's (one with "_" in it, or with "()" behind it); `so` is code, *so* is
 * stressed; "Read next:" and its kind are bold. In a picture only names are
 * links, since each sign must stay in its column. A line that begins with "$ " is a
 * command, and one with two slashes and "=" a number that a test has checked.
 *
 * Read next: chapters/book/weave.c.
 */
#include "chapters/book/book.h"

#include <string.h>

typedef enum { NOTHING, PARAGRAPH, PICTURE } Block;

typedef struct {
    Text *page;
    const Book *book;
    const Source *source;
    int from, to;               /* lines of the comment                      */
    Block block;                /* what is open                              */
    bool lead;                  /* the paragraph is the file's first         */
    const char *list;           /* "ul", "ol" or NULL: the list that is open */
    int hang;                   /* blanks in front of an item's later lines  */
} Prose;

typedef struct {
    Span before, text, after;   /* "_* ", the words, " *_/"                  */
    int indent;                 /* blanks at the beginning of text           */
} Parts;

static const char *const labels[] = {
    "Read next:", "Lesson:", "Source:", "Rules of use:", "Traps:", "Trap:",
    "Format notes:", "Format note:", "What to notice:", "Errors:", "Owner:", "Cost:",
    "In a debugger", NULL
};

static Span part(Span line, int from, int to)
{
    return (Span){ line.text + from, to - from };
}

/* Line i of the comment, taken apart: before + text + after is the line. */
static Parts parts(const Prose *p, int i)
{
    Span line = p->source->line[i];
    int from = 0, to = line.length;
    Parts parts;

    if (i == p->to - 1)
        for (to -= 2; to > 0 && line.text[to - 1] == ' '; to--)
            ;
    if (i == p->from)
        from = 2;
    else if (span_begins(line, " *"))
        from = min_int(2, to);
    if (from < to && line.text[from] == ' ')
        from++;
    to = max_int(from, to);
    parts.before = part(line, 0, from);
    parts.text = part(line, from, to);
    parts.after = part(line, to, line.length);
    for (parts.indent = 0; parts.indent < to - from
                           && parts.text.text[parts.indent] == ' '; )
        parts.indent++;
    return parts;
}

static void ornament(Text *page, Span text)
{
    if (text.length == 0)
        return;
    put(page, "<i>");
    put_escaped(page, text);
    put(page, "</i>");
}

/* The length of a name that could be linked, at the beginning of text. */
static int name_length(Span text, bool path)
{
    int n = 0;

    while (n < text.length && (is_word(text.text[n])
                               || (path && strchr("./-", text.text[n]))))
        n++;
    while (path && n > 0 && !is_word(text.text[n - 1]))
        n--;
    return n;
}

/* A file's or a function's name at the beginning of text, as a link; returns its
 * bytes. Any other word is written as it is. */
static int put_name(const Prose *p, Span text)
{
    Span path = part(text, 0, name_length(text, true));
    Span name = part(text, 0, name_length(text, false));
    const Source *source = NULL;
    const Symbol *symbol = NULL;

    if (path.length > 2 && path.text[path.length - 2] == '.')
        source = book_find(p->book, path);
    if (source != NULL) {
        text_print(p->page, "<a href=\"#%s\">", source->path);
        put_escaped(p->page, path);
        put(p->page, "</a>");
        return path.length;
    }
    if (memchr(name.text, '_', (size_t)name.length) != NULL
        || span_begins(part(text, name.length, text.length), "()"))
        symbol = book_symbol(p->book, name, p->source);
    if (symbol != NULL)
        text_print(p->page, "<a class=f href=\"#%s:%d\">", symbol->source->path,
                   symbol->opens + 1);
    put_escaped(p->page, name);
    if (symbol != NULL)
        put(p->page, "</a>");
    return name.length;
}

/* text begins with sign: is it the first of a pair around a few words? Returns the
 * place of the second, or 0. */
static int pair_end(Span text, char sign)
{
    for (int i = 1; i < text.length; i++)
        if (text.text[i] == sign)
            return i > 1 && text.text[i - 1] != ' ' ? i : 0;
        else if (sign == '*' && !is_word(text.text[i]) && text.text[i] != ' ')
            return 0;
    return 0;
}

/* `so` or *so*: the signs become ornaments. Returns the bytes, or 0. */
static int put_pair(const Prose *p, Span text)
{
    const char *tag = text.text[0] == '`' ? "code" : "em";
    int end = text.text[1] != ' ' ? pair_end(text, text.text[0]) : 0;

    if (end == 0)
        return 0;
    text_print(p->page, "<%s>", tag);
    ornament(p->page, part(text, 0, 1));
    put_escaped(p->page, part(text, 1, end));
    ornament(p->page, part(text, end, end + 1));
    text_print(p->page, "</%s>", tag);
    return end + 1;
}

/* Labels stand at the beginning of a line or of a sentence: behind ". ". */
static int put_label(const Prose *p, Span line, int at)
{
    Span text = part(line, at, line.length);
    int end = at;

    while (end > 0 && line.text[end - 1] == ' ')
        end--;
    if (at > 0 && (end == at || end == 0 || line.text[end - 1] != '.'))
        return 0;
    for (int i = 0; labels[i] != NULL; i++)
        if (span_begins(text, labels[i])) {
            text_print(p->page, "<b>%s</b>", labels[i]);
            return (int)strlen(labels[i]);
        }
    return 0;
}

/* Words with their links; in paragraphs also labels and pairs. */
static void put_words(const Prose *p, Span text, bool picture)
{
    for (int at = 0, done; at < text.length; at += done) {
        Span rest = part(text, at, text.length);
        char before = at > 0 ? text.text[at - 1] : ' ';
        bool begins = !is_word(before);

        done = 0;
        if (!picture)
            done = put_label(p, text, at);
        if (!picture && done == 0 && begins && strchr("`*", rest.text[0])
            && rest.length > 2)
            done = put_pair(p, rest);
        if (done == 0 && begins && is_letter(rest.text[0]))
            done = put_name(p, rest);
        if (done == 0) {
            put_escaped(p->page, part(rest, 0, 1));
            done = 1;
        }
    }
}

static void close_block(Prose *p)
{
    if (p->block == PICTURE)
        put(p->page, "</pre>");
    else if (p->block == PARAGRAPH && p->lead)
        put(p->page, "</h3>");
    else if (p->block == PARAGRAPH && p->list == NULL)
        put(p->page, "</p>");
    p->block = NOTHING;
    p->lead = false;
}

static void close_list(Prose *p)
{
    close_block(p);
    if (p->list != NULL)
        text_print(p->page, "</li></%s>", p->list);
    p->list = NULL;
    p->hang = 0;
}

/* "- " or "1. ": the bytes of an item's mark, or 0. */
static int mark_length(Span text)
{
    int n = 0;

    if (span_begins(text, "- "))
        return 2;
    while (n < text.length && text.text[n] >= '0' && text.text[n] <= '9')
        n++;
    return n > 0 && span_begins(part(text, n, text.length), ". ") ? n + 2 : 0;
}

/* Is this line the first of an item? In the middle of a paragraph "1. " may be the
 * end of a sentence; a list comes behind a colon, a blank line or another item. */
static bool is_item(const Prose *p, int i, Parts line)
{
    Parts before;

    if (line.indent > 0 || mark_length(line.text) == 0)
        return false;
    if (p->block != PARAGRAPH || p->list != NULL || i == p->from)
        return true;
    before = parts(p, i - 1);
    return before.text.length > 0
        && before.text.text[before.text.length - 1] == ':';
}

static void open_item(Prose *p, Span text)
{
    const char *list = text.text[0] == '-' ? "ul" : "ol";

    close_block(p);
    if (p->list != NULL && strcmp(p->list, list) != 0)
        close_list(p);
    text_print(p->page, p->list == NULL ? "<%s><li>" : "</li><li>", list);
    p->list = list;
    p->hang = mark_length(text);
    p->block = PARAGRAPH;
}

static bool is_picture(const Prose *p, Parts line)
{
    return line.text.length > 0 && line.indent >= p->hang + 2;
}

/* Columns of a line: bytes that begin a character. */
static int columns(Span text)
{
    int n = 0;

    for (int i = 0; i < text.length; i++)
        n += ((unsigned char)text.text[i] & 0xC0) != 0x80;
    return n;
}

/* Lines of a picture: from i to the last one that is indented. The blanks that all
 * of them share are ornament. Returns the line behind it. */
static int put_picture(Prose *p, int i)
{
    int end = i, share = parts(p, i).indent, width = 1;
    bool boxes = false;

    for (int k = i; k < p->to; k++) {
        Parts line = parts(p, k);

        if (line.text.length == 0)
            continue;
        if (!is_picture(p, line))
            break;
        end = k + 1;
        share = min_int(share, line.indent);
        width = max_int(width, columns(line.text));
        boxes = boxes || span_find(line.text, "\xE2\x94") >= 0;
    }
    text_print(p->page, "<pre class=%s style=\"--w:%d\">", boxes ? "box" : "eq",
               width - share);
    for (; i < end; i++) {
        Parts line = parts(p, i);
        int skip = min_int(share, line.text.length);
        Span text = part(line.text, skip, line.text.length);
        const char *class = span_begins(text, "$ ") ? "sh"
                          : span_begins(text, "//=") ? "ok" : NULL;

        ornament(p->page, line.before);
        ornament(p->page, part(line.text, 0, skip));
        if (class != NULL)
            text_print(p->page, "<span class=%s>", class);
        put_words(p, text, true);
        if (class != NULL)
            put(p->page, "</span>");
        ornament(p->page, line.after);
        put(p->page, "\n");
    }
    put(p->page, "</pre>");
    return end;
}

/* The file's first line: its name is an ornament, what it does the heading. */
static void open_lead(Prose *p, Parts *line)
{
    int dash = span_find(line->text, " - ");

    put(p->page, "<h3>");
    p->lead = true;
    p->block = PARAGRAPH;
    line->before.length += dash + 3;
    line->text = part(line->text, dash + 3, line->text.length);
}

static void put_line(Prose *p, int i)
{
    Parts line = parts(p, i);

    if (line.text.length == 0) {
        close_block(p);
        put(p->page, "<i>");
        put_escaped(p->page, line.before);
        put_escaped(p->page, line.after);
        put(p->page, "\n</i>");
        return;
    }
    if (is_item(p, i, line)) {
        open_item(p, line.text);
        line.before.length += p->hang;
        line.text = part(line.text, p->hang, line.text.length);
    } else {
        if (p->list != NULL && line.indent < p->hang)
            close_list(p);
        if (i == 0 && span_find(line.text, " - ") > 0)
            open_lead(p, &line);
        else if (p->block == NOTHING && p->list == NULL)
            put(p->page, "<p>");
        p->block = PARAGRAPH;
    }
    ornament(p->page, line.before);
    put_words(p, line.text, false);
    ornament(p->page, line.after);
    put(p->page, "\n");
}

void put_prose(Text *page, const Book *book, const Source *source, int from,
               int to)
{
    Prose p = { .page = page, .book = book, .source = source, .from = from,
                .to = to };

    for (int i = from; i < to; ) {
        Parts line = parts(&p, i);

        if (is_picture(&p, line)) {
            close_block(&p);
            i = put_picture(&p, i);
        } else {
            put_line(&p, i++);
        }
    }
    close_list(&p);
}
