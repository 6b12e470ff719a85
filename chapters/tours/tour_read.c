/* tour_read.c - the text of a .tour file becomes a Tour
 *
 *      title    Each word looks back          what `./run tour` lists
 *      minutes  10
 *      run      chapter04_attention --threads 1 --kernels plain
 *
 *      say
 *        A paragraph belongs to the word       said before the program starts
 *        above it.
 *
 *      stop turned if layer == 0             ◄── //@stop turned  in a source
 *      say   Queries and keys are turned …
 *      ask   By which angle is the first row turned?
 *      show  pass->positions[0]              one value
 *      show  8 of a->q                       eight numbers behind a pointer
 *      call  show_row(a->q, 192)             chapters/tours/show.h
 *      step  2                               two lines on, over calls
 *      expect  pass->positions[4] == 4       else the tour fails
 *      match  ids[0] = pass->T               equals what the release build says
 *                                            with --json at this place
 *
 * A tour is a text that stops. What a reader meets there is not printed in the book:
 * it is taken out of the running program, and where the text claims something,
 * `expect` asks whether it is so. The format is made for writing by hand: one word a
 * line, indented lines go on, # begins a remark.
 *
 *      stop NAME [if CONDITION] [hit N]
 *
 * halts where the comment stands, the first time or the N-th (of those where the
 * condition is true). Names, not line numbers: sources move, tours stay. `step` takes
 * a number of lines, `into` or `out`.
 *
 * Expressions are C as both gdb and lldb read it: no macros (row), no gdb-only @.
 *
 * Read next: chapters/tours/stops.c.
 */
#include "chapters/tours/tour.h"

#include <ctype.h>
#include <stdlib.h>             /* strtol                                    */
#include <string.h>


typedef struct {                /* one word with the lines that belong to it */
    const char *word;           /* "say"                                     */
    const char *rest;           /* "A paragraph … above it."                 */
    int line;
} Entry;

typedef struct {
    Tour *tour;
    const char *at, *end;       /* what is not read yet                      */
    int line;                   /* number of the line that begins there      */
} Reader;

/* Errors: exit 3, "path:line: …". */
#define wrong(r, at_line, ...)                                                \
    (error_set(error, __VA_ARGS__)                                            \
     || error_where(error, "%s:%d", (r)->tour->path, at_line))

/* The next line without the blanks around it; *indent: how many stood in front.
 * NULL: the text is over. */
static const char *next_line(Reader *r, int *indent)
{
    const char *begin = r->at, *end;

    if (begin >= r->end)
        return NULL;
    end = memchr(begin, '\n', (size_t)(r->end - begin));
    r->at = end == NULL ? r->end : end + 1;
    end = end == NULL ? r->end : end;
    r->line++;
    for (*indent = 0; begin < end && (*begin == ' ' || *begin == '\t'); begin++)
        ++*indent;
    while (end > begin && isspace((unsigned char)end[-1]))
        end--;
    return arena_text(&r->tour->arena, begin, (size_t)(end - begin));
}

/* The first word of a line, and what follows it. */
static void split(Entry *e, Arena *arena, const char *line)
{
    size_t length = strcspn(line, " \t");

    e->word = arena_text(arena, line, length);
    e->rest = line + length + strspn(line + length, " \t");
}

/* The next word with its continuation; false: none is left. */
static bool next_entry(Reader *r, Entry *e)
{
    Text all = {0};
    const char *line;
    int indent;

    do
        line = next_line(r, &indent);
    while (line != NULL && (*line == '\0' || *line == '#'));
    if (line == NULL)
        return false;
    e->line = r->line;
    split(e, &r->tour->arena, line);
    text_add(&all, e->rest, strlen(e->rest));
    for (;;) {
        Reader before = *r;

        line = next_line(r, &indent);
        if (line == NULL || *line == '\0' || indent == 0) {
            *r = before;
            break;
        }
        if (all.length > 0)
            text_add(&all, " ", 1);
        text_add(&all, line, strlen(line));
    }
    e->rest = arena_text(&r->tour->arena, all.bytes, all.length);
    text_free(&all);
    return true;
}

/* "run": words, "…" around one with blanks in it. */
static bool take_run(Reader *r, const Entry *e, Error *error)
{
    Tour *tour = r->tour;
    const char *at = e->rest;

    while (*(at += strspn(at, " \t")) != '\0') {
        bool quoted = *at == '"';
        size_t length = quoted ? strcspn(++at, "\"") : strcspn(at, " \t");

        if (quoted && at[length] == '\0')
            return wrong(r, e->line, "a quote that does not end: %s", at - 1);
        if (tour->words == TOUR_WORDS)
            return wrong(r, e->line, "more than %d words", TOUR_WORDS);
        tour->word[tour->words++] = arena_text(&tour->arena, at, length);
        at += length + quoted;
    }
    if (tour->words == 0)
        return wrong(r, e->line, "run wants what stands behind ./run: a word and "
                     "its options");
    return true;
}

static bool is_name(const char *text)
{
    return *text != '\0'
        && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

/* "rope_turn if t == 3 hit 2" */
static bool take_stop(Reader *r, const Entry *e, Error *error)
{
    Tour *tour = r->tour;
    TourStop *stop = &tour->stop[tour->stops];
    const char *rest = e->rest, *hit;
    size_t length = strcspn(rest, " ");
    char *end = NULL;

    *stop = (TourStop){ .line = e->line, .hit = 1, .first = tour->items };
    stop->name = arena_text(&tour->arena, rest, length);
    if (!is_name(stop->name))
        return wrong(r, e->line, "\"%s\" is not the name of a stop: small letters, "
                     "digits and _", stop->name);
    rest += length + strspn(rest + length, " ");
    hit = strncmp(rest, "hit ", 4) == 0 ? rest : strstr(rest, " hit ");
    if (hit != NULL) {
        stop->hit = (int)strtol(hit + (*hit == ' ') + 4, &end, 10);
        if (*end != '\0' || stop->hit < 1)
            return wrong(r, e->line, "hit wants a number from 1, and stands last");
    }
    length = hit != NULL ? (size_t)(hit - rest) : strlen(rest);
    if (length > 0 && strncmp(rest, "if ", 3) != 0)
        return wrong(r, e->line, "behind a stop's name stands if CONDITION or hit N, "
                     "not \"%s\"", rest);
    if (length > 3)
        stop->condition = arena_text(&tour->arena, rest + 3, length - 3);
    tour->stops++;
    return true;
}

/* "8 of a->q" into *count and the expression. */
static const char *take_count(const char *text, int *count)
{
    char *end = NULL;
    long n = strtol(text, &end, 10);

    *count = 0;
    if (end == text || strncmp(end, " of ", 4) != 0 || n < 1 || n > 100000)
        return text;
    *count = (int)n;
    return end + 4;
}

/* "2", "into", "out", or nothing. */
static bool take_step(Reader *r, const Entry *e, TourItem *item, Error *error)
{
    char *end = NULL;

    item->count = 1;
    item->text = strcmp(e->rest, "into") == 0 ? "step"
               : strcmp(e->rest, "out") == 0 ? "finish" : "next";
    if (item->text[0] != 'n' || e->rest[0] == '\0')
        return true;
    item->count = (int)strtol(e->rest, &end, 10);
    return (*end == '\0' && item->count > 0 && item->count <= 100)
        || wrong(r, e->line, "step wants a number of lines, into or out, not "
                 "\"%s\"", e->rest);
}

/* "ids[0] = 3 of ids->id" */
static bool take_match(Reader *r, const Entry *e, TourItem *item, Error *error)
{
    const char *equals = strstr(e->rest, " = ");

    if (equals == NULL)
        return wrong(r, e->line, "match wants PLACE = EXPRESSION: the place in "
                     "--json, as best[0].logit");
    item->path = arena_text(&r->tour->arena, e->rest, (size_t)(equals - e->rest));
    item->text = take_count(equals + 3, &item->count);
    return true;
}

static bool take_item(Reader *r, const Entry *e, TourKind kind, Error *error)
{
    Tour *tour = r->tour;
    TourItem *item = &tour->item[tour->items];

    *item = (TourItem){ .kind = kind, .line = e->line, .text = e->rest };
    if (e->rest[0] == '\0' && kind != TOUR_STEP)
        return wrong(r, e->line, "%s says nothing", e->word);
    if (kind == TOUR_SHOW)
        item->text = take_count(e->rest, &item->count);
    if ((kind == TOUR_STEP && !take_step(r, e, item, error))
        || (kind == TOUR_MATCH && !take_match(r, e, item, error)))
        return false;
    if (tour->stops == 0 && kind != TOUR_SAY)
        return wrong(r, e->line, "%s stands before the first stop: the program does "
                     "not run yet", e->word);
    tour->items++;
    if (tour->stops > 0)
        tour->stop[tour->stops - 1].count++;
    return true;
}

static bool take_entry(Reader *r, const Entry *e, Error *error)
{
    static const char *const kinds[] = { "say", "ask", "show", "call", "step",
                                         "expect", "match", NULL };

    for (int k = 0; kinds[k] != NULL; k++)
        if (strcmp(e->word, kinds[k]) == 0)
            return take_item(r, e, (TourKind)k, error);
    if (strcmp(e->word, "stop") == 0)
        return take_stop(r, e, error);
    if (strcmp(e->word, "run") == 0)
        return take_run(r, e, error);
    if (strcmp(e->word, "title") == 0)
        r->tour->title = e->rest;
    else if (strcmp(e->word, "minutes") == 0)
        r->tour->minutes = (int)strtol(e->rest, NULL, 10);
    else
        return wrong(r, e->line, "there is no \"%s\" in a tour: it is made of title, "
                     "minutes, run, stop, say, ask, show, call, step, expect and "
                     "match", e->word);
    return true;
}

/* Asked of the whole: is it a tour? */
static bool is_whole(const Tour *tour, Error *error)
{
    const char *lacks = tour->title == NULL ? "a title" : tour->words == 0
                      ? "run: what is debugged" : tour->stops == 0 ? "a stop" : NULL;

    for (int s = 0; lacks == NULL && s < tour->stops; s++)
        if (tour->stop[s].count == 0)
            return error_set(error, "%s:%d: nothing happens at the stop %s",
                             tour->path, tour->stop[s].line, tour->stop[s].name);
    return lacks == NULL || error_set(error, "%s lacks %s", tour->path, lacks);
}

bool tour_read(Tour *tour, const char *path, const char *text, size_t length,
               Error *error)
{
    Reader r = { .tour = tour, .at = text, .end = text + length };
    size_t bad = utf8_check(text, length);
    int lines = 1;
    Entry e;

    *tour = (Tour){0};
    tour->path = arena_text(&tour->arena, path, strlen(path));
    for (size_t i = 0; i < bad; i++)
        lines += text[i] == '\n';
    if (bad < length)
        return error_set(error, "%s:%d: the byte 0x%02X is not UTF-8", path, lines,
                         (unsigned)(unsigned char)text[bad]);
    tour->item = arena_get(&tour->arena, (size_t)lines * sizeof *tour->item);
    tour->stop = arena_get(&tour->arena, (size_t)lines * sizeof *tour->stop);
    while (next_entry(&r, &e))
        if (!take_entry(&r, &e, error))
            return false;
    return is_whole(tour, error);
}

void tour_free(Tour *tour)
{
    arena_free(&tour->arena);
    *tour = (Tour){0};
}
