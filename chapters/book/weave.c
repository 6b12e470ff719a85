/* weave.c - the book: chapters, and the files that they open, on one page
 *
 *      contents                              index.html
 *      ┌────────────────────────────┐       ┌───────────────────────────────────┐
 *      │ title How it works         │       │ title, contents                   │
 *      │ chapter 01 The tokenizer   │ ────► │ 01 The tokenizer                  │
 *      │ chapters/chapter01_….c     │       │ ┌───────────────┬───────────────┐ │
 *      │ screen chapter01_tokenizer │       │ │ prose: its    │ code: all the │ │
 *      │ src/text/bpe.c             │       │ │ comments      │ other lines   │ │
 *      └────────────────────────────┘       │ └───────────────┴───────────────┘ │
 *             │                             └───────────────────────────────────┘
 *             └─ each file, cut where a comment begins in the first column
 *
 * A program that is written to be read should also be readable in an armchair. The
 * weaver invents nothing: it takes the essay of each file and the contracts of its
 * functions out of the code and sets them beside it, with the names linked. All
 * lines are there, in order; what a file shows in an editor is what the page
 * shows.
 *
 * The name is from Knuth's WEB, whose weave made a book and whose tangle made a
 * program out of one source. Here the source is the program, so there is nothing to
 * tangle: what is compiled is what you read.
 *
 * The page needs nothing else: no script, no font, no network. Its style sheet
 * (style.css) is copied into it. The colours of lessons are those of a terminal.
 *
 * Usage: weave CONTENTS STYLE RUN OUT       (make book)
 *        weave --transcripts FILE…          (transcripts.c)
 *
 * Source: Knuth, "Literate Programming", 1984. Read next: chapters/book/book.c.
 */
#include "chapters/book/book.h"

#include <stdio.h>              /* fopen, fgets: the contents                */
#include <string.h>

#include "base/atomicfile.h"
#include "base/interrupt.h"
#include "base/output.h"
#include "base/process.h"       /* a lesson is run: what does it show?       */
#include "chapters/words.h"     /* BILLION_VERSION                           */

#define SHORT 30                /* lines that surely fit on a screen         */
#define WORDS 16                /* of a lesson's command                     */

typedef enum { TITLE, SAY, CHAPTER, SCREEN, TIMED, SOURCE } Kind;

typedef struct {                /* one line of the contents                  */
    Kind kind;
    char *words;                /* what stands behind the first word         */
    const Source *source;
    int line;                   /* its number, for complaints                */
} Entry;

typedef struct {
    Book book;
    Entry entry[500];
    int entries;
    const char *run;            /* the program that shows the screens        */
} Weaver;

/* A line of the contents, which is not blank. */
static bool read_entry(Weaver *w, const char *line, int number, Error *error)
{
    static const struct { const char *word; Kind kind; } kinds[] = {
        { "title ", TITLE }, { "say ", SAY }, { "chapter ", CHAPTER },
        { "screen ", SCREEN }, { "timed ", TIMED }
    };
    Entry *entry = &w->entry[w->entries];

    if (w->entries++ == (int)(sizeof w->entry / sizeof w->entry[0]))
        return error_set(error, "more lines than the weaver has room for");
    *entry = (Entry){ .kind = SOURCE, .line = number };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(line, kinds[i].word, strlen(kinds[i].word)) == 0) {
            entry->kind = kinds[i].kind;
            line += strlen(kinds[i].word);
        }
    entry->words = arena_text(&w->book.arena, line, strlen(line));
    return entry->kind != SOURCE || book_add(&w->book, line, error);
}

/* Errors: exit 3, with the line, for a file that is not there or comes twice. */
static bool read_contents(Weaver *w, const char *path, Error *error)
{
    FILE *file = fopen(path, "r");
    char line[1000];
    bool fine = true;

    if (file == NULL)
        return error_set(error, "%s cannot be read", path);
    for (int number = 1; fine && fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '\0')
            continue;
        fine = read_entry(w, line, number, error)
            || error_where(error, "%s:%d", path, number);
    }
    fclose(file);
    for (int i = 0, k = 0; fine && i < w->entries; i++)
        if (w->entry[i].kind == SOURCE)
            w->entry[i].source = &w->book.source[k++];
    book_index(&w->book);
    return fine;
}

static void put_text(Text *page, const char *text)
{
    put_escaped(page, (Span){ text, (int)strlen(text) });
}

/* "norm.c - what it does": the words behind the dash, up to the first blank line. */
static void put_subject(Text *page, const Source *s)
{
    int dash = span_find(s->line[0], " - "), skip = dash + 3;

    for (int i = 0; dash > 0 && i < s->lines && s->line[i].length > skip; i++) {
        put_escaped(page, (Span){ s->line[i].text + skip, s->line[i].length - skip });
        skip = 2;                       /* the star; its blank stays         */
    }
}

/* Is the other file the header's own .c? Then the two are one line of a list. */
static bool is_pair(const Source *header, const Source *other)
{
    size_t n = strlen(header->path);

    return other != NULL && header->path[n - 1] == 'h' && strlen(other->path) == n
        && strncmp(header->path, other->path, n - 1) == 0;
}

/* The files of the chapter that begins at entry i, as a list of links. */
static void put_list(Text *page, const Weaver *w, int i)
{
    put(page, "<ul class=files>\n");
    for (i++; i < w->entries && w->entry[i].kind != CHAPTER; i++) {
        const Source *s = w->entry[i].source;

        if (s == NULL)
            continue;
        text_print(page, "<li><a href=\"#%s\"><code>%s</code></a> ", s->path, s->path);
        if (i + 1 < w->entries && is_pair(s, w->entry[i + 1].source))
            text_print(page, "<a href=\"#%s\"><code>.c</code></a> ",
                       w->entry[++i].source->path);
        put(page, "<span>");
        put_subject(page, s);
        put(page, "</span></li>\n");
    }
    put(page, "</ul>\n");
}

/* "01 The tokenizer": its number is its address. */
static void put_chapter(Text *page, const Weaver *w, int i)
{
    const char *name = w->entry[i].words;

    text_print(page, "<section class=chapter id=chapter-%.2s>\n<header><p class=no>"
               "%.2s</p>\n<h2>", name, name);
    put_text(page, name + 3);
    put(page, "</h2>\n");
    while (i + 1 < w->entries && w->entry[i + 1].kind == SAY) {
        put(page, "<p>");
        put_text(page, w->entry[++i].words);
        put(page, "</p>\n");
    }
    put_list(page, w, i);
    put(page, "</header>\n");
}

/* Title, imprint and contents. */
static void put_front(Text *page, const Weaver *w)
{
    int lines = 0;
    bool opening = true;

    for (int i = 0; i < w->book.sources; i++)
        lines += w->book.source[i].lines;
    put(page, "<header class=front id=top>\n");
    for (int i = 0; i < w->entries && w->entry[i].kind != CHAPTER; i++) {
        const char *tag = w->entry[i].kind == TITLE ? "h1" : "p";

        text_print(page, "<%s>", tag);
        put_text(page, w->entry[i].words);
        text_print(page, "</%s>\n", tag);
    }
    text_print(page, "<p class=imprint>billion-llm %s · MIT licence · %d files, %d "
               "lines, each of them here</p>\n</header>\n", BILLION_VERSION,
               w->book.sources, lines);
    put(page, "<nav id=contents aria-label=Contents>\n<h2>Contents</h2>\n<ol>\n");
    for (int i = 0; i < w->entries; i++) {
        const char *name = w->entry[i].words;

        if (w->entry[i].kind != CHAPTER)
            continue;
        text_print(page, "%s<li><a class=chapter href=\"#chapter-%.2s\"><b>%.2s</b> ",
                   opening ? "" : "</li>\n", name, name);
        opening = false;
        put_text(page, name + 3);
        put(page, "</a>\n");
        put_list(page, w, i);
    }
    put(page, "</li>\n</ol>\n</nav>\n");
}

/* One comment and the code that follows it, side by side. Returns the line behind
 * them. No character stands between the tags: the text is the file's. */
static int put_section(Text *page, const Book *book, const Source *s, int from)
{
    int code = prose_end(s, from), end = code;

    while (end < s->lines && prose_end(s, end) == end)
        end++;
    put(page, "<div class=s>");
    if (code > from) {
        text_print(page, "<div class=\"p%s\" id=\"%s:%d\">",
                   code - from <= SHORT ? " short" : "", s->path, from + 1);
        put_prose(page, book, s, from, code);
        put(page, "</div>");
    }
    if (end > code) {
        text_print(page, "<pre class=\"c%s\" style=\"counter-reset:n %d\">",
                   end - code <= SHORT ? " short" : "", code);
        put_code(page, book, s, code, end);
        put(page, "</pre>");
    }
    put(page, "</div>");
    return end;
}

static void put_source(Text *page, const Book *book, const Source *s,
                       const char *chapter)
{
    text_print(page, "<article id=\"%s\">\n<p class=file><a href=\"#%s\">%s</a> "
               "<a class=up href=\"#chapter-%.2s\">%s</a></p>\n<div class=body>",
               s->path, s->path, s->path, chapter, chapter);
    for (int i = 0; i < s->lines; )
        i = put_section(page, book, s, i);
    put(page, "</div>\n</article>\n");
}

/* said without its last line, which holds a time: the book has the same bits today
 * and tomorrow. */
static void cut_time(Text *said)
{
    size_t n = said->length > 0 ? said->length - 1 : 0;

    while (n > 0 && said->bytes[n - 1] != '\n')
        n--;
    said->length = n;
    put(said, "…\n");
}

/* What ./run shows with the words of entry. Errors: exit 4 when it does not end
 * well. */
static bool put_run(Text *page, Weaver *w, const Entry *entry, Error *error)
{
    const char *argv[WORDS + 4] = { w->run };
    char *line = arena_text(&w->book.arena, entry->words, strlen(entry->words));
    const ProcessPlan plan = { .argv = argv, .seconds = 600 };
    Process lesson;
    int count = 1;

    for (char *word = strtok(line, " "); word != NULL && count <= WORDS;
         word = strtok(NULL, " "))
        argv[count++] = word;
    argv[count++] = "--color";
    argv[count++] = "always";
    if (!process_run(&lesson, &plan, error)) {
        error_where(error, "line %d of the contents", entry->line);
    } else if (lesson.end != PROCESS_EXITED || lesson.code != EXIT_FINE) {
        error_code(error, EXIT_CRASH, "line %d of the contents: %s %s ended with %d, "
                   "saying: %s", entry->line, w->run, entry->words, lesson.code,
                   lesson.err.length > 0 ? lesson.err.bytes : "nothing");
    } else {
        if (entry->kind == TIMED)
            cut_time(&lesson.out);
        text_print(page, "<figure class=screen><figcaption>$ ./run %s</figcaption>"
                   "<pre>", entry->words);
        put_screen(page, lesson.out.bytes, lesson.out.length);
        put(page, "</pre></figure>\n");
    }
    process_free(&lesson);
    return error->code == 0;
}

static bool put_chapters(Text *page, Weaver *w, Error *error)
{
    const char *chapter = NULL;
    bool fine = true;

    for (int i = 0; i < w->entries && fine; i++) {
        const Entry *entry = &w->entry[i];

        if (entry->kind == CHAPTER) {
            put(page, chapter != NULL ? "</section>\n" : "");
            chapter = entry->words;
            put_chapter(page, w, i);
        } else if (entry->kind == SOURCE && chapter != NULL) {
            put_source(page, &w->book, entry->source, chapter);
        } else if (entry->kind == SCREEN || entry->kind == TIMED) {
            fine = put_run(page, w, entry, error);
        }
    }
    put(page, chapter != NULL ? "</section>\n" : "");
    return fine;
}

/* The page, whole. style: the path of the style sheet. */
static bool put_page(Text *page, Weaver *w, const char *style, Error *error)
{
    MapFile sheet;
    bool fine;

    if (!mapfile_open(&sheet, style, error))
        return false;
    put(page, "<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n"
        "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
        "<title>billion-llm</title>\n<style>\n");
    text_add(page, (const char *)sheet.bytes, sheet.size);
    mapfile_close(&sheet);
    put(page, "</style>\n</head>\n<body>\n");
    put_front(page, w);
    fine = put_chapters(page, w, error);
    put(page, "</body>\n</html>\n");
    return fine;
}

static bool weave(char **argument, Error *error)
{
    Weaver *w = memory_get(1, sizeof *w);
    Text page = {0};
    bool fine;

    w->run = argument[2];
    fine = read_contents(w, argument[0], error)
        && put_page(&page, w, argument[1], error)
        && atomicfile_save(argument[3], page.bytes, page.length, error);
    if (fine)
        printf("%s: %d files, %.1f MB\n", argument[3], w->book.sources,
               (double)page.length / 1e6);
    text_free(&page);
    book_free(&w->book);
    memory_give_back(w);
    return fine;
}

int main(int argc, char **argv)
{
    Error error = {0};
    bool fine = true;

    interrupt_watch();              /* Ctrl-C stops the lesson that runs, too */
    output_watch();
    if (argc > 2 && strcmp(argv[1], "--transcripts") == 0)
        for (int i = 2; i < argc && fine; i++)
            fine = transcripts_print(argv[i], &error);
    else if (argc == 5)
        fine = weave(argv + 1, &error);
    else
        fine = error_code(&error, EXIT_USAGE, "weave CONTENTS STYLE RUN OUT, or weave "
                          "--transcripts FILE…");
    fine = fine && output_end(&error);
    return fine ? EXIT_FINE : error_report(&error);
}
