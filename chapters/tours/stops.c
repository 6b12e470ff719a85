/* stops.c - where the sources say //@stop NAME
 *
 *      src/model/block.c                        chapters/tours/….tour
 *
 *      174      //@stop turned                  stop turned if layer == 0
 *      175  ►   see(pass, PROBE_ROTATED_Q …          │
 *                    │                               │
 *                    └──────── block.c:175 ◄─────────┘
 *
 * A tour halts at places in the code. A line number would be wrong after the next
 * edit above it, and nobody would notice: the debugger halts somewhere else and the
 * text speaks of something that is not there. So a place has a name, which stands in
 * the code itself, is moved with it, and can be looked for.
 *
 * Rules: the comment stands alone above the line to halt at, or at that line's end,
 * and there is nothing behind the name. A name exists once. Only lines in which
 * something is done can be halted at: not a declaration without a value, not a brace.
 *
 * Scanned are src/ and the lessons and commands, not the exercises: pupils' files may
 * hold copies of the engine's functions.
 *
 * Read next: chapters/tours/script.c.
 */
#include "chapters/tours/tour.h"

#include <ctype.h>
#include <string.h>

#include "base/mapfile.h"
#include "base/place.h"

#define MARK "//@stop "

/* One line of a source, without its end. */
typedef struct {
    const char *text;
    size_t length;
} Line;

static bool take_line(Line *line, const char **at, const char *end)
{
    const char *stop;

    if (*at >= end)
        return false;
    stop = memchr(*at, '\n', (size_t)(end - *at));
    stop = stop == NULL ? end : stop;
    *line = (Line){ *at, (size_t)(stop - *at) };
    *at = stop + 1;
    return true;
}

/* Where the mark begins in a line that ends with a mark and a name, and how long the
 * name is; NULL: this line has none. */
static const char *find_mark(const Line *line, size_t *length)
{
    size_t size = strlen(MARK), i = line->length;
    const char *name;

    while (i > 0 && (islower((unsigned char)line->text[i - 1])
                     || isdigit((unsigned char)line->text[i - 1])
                     || line->text[i - 1] == '_'))
        i--;
    name = line->text + i;
    *length = line->length - i;
    return *length > 0 && i >= size && memcmp(name - size, MARK, size) == 0
         ? name - size : NULL;
}

/* Is there code in front of the mark, or on this line? */
static bool has_code(const char *text, const char *end)
{
    while (text < end && isspace((unsigned char)*text))
        text++;
    return text < end && *text != '}' && *text != '{'
        && !(end - text > 1 && text[0] == '/' && (text[1] == '*' || text[1] == '/'));
}

static void keep(Stops *stops, const Stop *stop)
{
    if (stops->count == stops->room) {
        stops->room = stops->room == 0 ? 64 : 2 * stops->room;
        stops->stop = memory_grow(stops->stop,
                                  (size_t)stops->room * sizeof *stops->stop);
    }
    stops->stop[stops->count++] = *stop;
}

static const Stop *find(const Stops *stops, const char *name)
{
    for (int i = 0; i < stops->count; i++)
        if (strcmp(stops->stop[i].name, name) == 0)
            return &stops->stop[i];
    return NULL;
}

bool stops_add(Stops *stops, const char *file, const char *text, size_t length,
               Error *error)
{
    const char *at = text, *end = text + length, *mark;
    Line line;

    for (int number = 1; take_line(&line, &at, end); number++) {
        size_t name_length;
        Stop stop = { .line = number };
        const Stop *twin;

        mark = find_mark(&line, &name_length);
        if (mark == NULL)
            continue;
        stop.name = arena_text(&stops->arena, mark + strlen(MARK), name_length);
        stop.file = arena_text(&stops->arena, file, strlen(file));
        twin = find(stops, stop.name);
        if (twin != NULL)
            return error_set(error, "%s:%d: the stop %s stands twice, in %s:%d too",
                             file, number, stop.name, twin->file, twin->line);
        if (!has_code(line.text, mark)) {
            const char *next = at;

            if (!take_line(&line, &next, end)
                || !has_code(line.text, line.text + line.length))
                return error_set(error, "%s:%d: there is no line of code below the "
                                 "stop %s to halt at", file, number, stop.name);
            stop.line++;
        }
        keep(stops, &stop);
    }
    return true;
}

/* All .c and .h files of one folder. */
static bool scan_folder(Stops *stops, const char *root, const char *folder,
                        Error *error)
{
    Arena arena = {0};
    char path[4200], file[4200];
    int count;
    const char **names;
    bool fine = true;

    snprintf(path, sizeof path, "%s/%s", root, folder);
    names = place_names(path, &arena, &count);
    for (int i = 0; i < count && fine; i++) {
        MapFile map;

        snprintf(path, sizeof path, "%s/%s/%s", root, folder, names[i]);
        if ((!text_ends_with(names[i], ".c") && !text_ends_with(names[i], ".h"))
            || !path_is_file(path))
            continue;
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        fine = mapfile_open(&map, path, error);
        if (fine) {
            fine = stops_add(stops, file, (const char *)map.bytes, map.size, error);
            mapfile_close(&map);
        }
    }
    arena_free(&arena);
    return fine;
}

bool stops_scan(Stops *stops, const char *root, Error *error)
{
    static const char *const lessons[] = { "chapters", "chapters/commands",
                                           "chapters/lesson", NULL };
    Arena arena = {0};
    char path[4200];
    int count;
    const char **layers;
    bool fine = true;

    *stops = (Stops){0};
    snprintf(path, sizeof path, "%s/src", root);
    layers = place_names(path, &arena, &count);
    for (int i = 0; i < count && fine; i++) {
        snprintf(path, sizeof path, "src/%s", layers[i]);
        fine = scan_folder(stops, root, path, error);
    }
    for (int i = 0; lessons[i] != NULL && fine; i++)
        fine = scan_folder(stops, root, lessons[i], error);
    arena_free(&arena);
    return fine;
}

void stops_free(Stops *stops)
{
    memory_give_back(stops->stop);
    arena_free(&stops->arena);
    *stops = (Stops){0};
}

bool tour_place(Tour *tour, const Stops *stops, Error *error)
{
    for (int s = 0; s < tour->stops; s++) {
        TourStop *stop = &tour->stop[s];
        const Stop *found = find(stops, stop->name);

        if (found == NULL)
            return error_set(error, "%s:%d: no source has a comment " MARK "%s",
                             tour->path, stop->line, stop->name);
        stop->file = arena_text(&tour->arena, found->file, strlen(found->file));
        stop->at = found->line;
    }
    return true;
}
