/* tour.c - ./run tour: walk through a chapter inside a debugger
 *
 *      chapters/tours/chapter04_attention.tour        src/… //@stop NAME
 *                     │ tour_read                        │ stops_scan
 *                     └───────────────┬──────────────────┘ tour_place
 *                                     ▼
 *                                tour_script ──────► --script: prints it
 *                                     │
 *             ┌───────────────────────┴───────────────────────┐
 *             ▼ with a person                                 ▼ --batch
 *      this program becomes gdb (or lldb),             the debugger runs as a child
 *      which reads the script and then                 tour_check holds what it
 *      listens to the keyboard                         printed against the tour and
 *                                                      the release build's --json
 *
 * What is debugged is build/debug/run, built without optimization, so that every
 * line is there to be halted at and every variable has its value. `make debug` is
 * called first; make knows what is old. Its numbers are the very bits of the fast
 * build, and --batch proves it for those that a tour names.
 *
 * With lldb the script comes in pieces, one for each `go`; they are written beside
 * the program that is debugged.
 *
 * Exit status of --batch: 1 when something did not hold, 4 when there is no debugger
 * or it hangs. DEBUG_RUN in the environment names another debug build; make is not
 * called then.
 *
 * Read next: chapters/tours/tour_read.c, and then stops.c, script.c, debugger.c and
 * check.c beside it.
 */
#include <stdio.h>
#include <stdlib.h>             /* getenv                                    */
#include <string.h>

#include "base/atomicfile.h"
#include "base/mapfile.h"
#include "base/place.h"
#include "base/process.h"
#include "base/terminal.h"
#include "chapters/commands/common.h"
#include "chapters/tours/debugger.h"
#include "chapters/words.h"

#define FOLDER "chapters/tours"
#define ENDING ".tour"
#define ROOM 4096               /* bytes of a path                           */
#define WIDEST 78               /* columns of prose                          */

typedef struct {
    const Options *options;
    Arena arena;
    const char *root;           /* the clone                                 */
    const char *self;           /* this program: what the tour must equal    */
    const char *program;        /* the debug build                           */
    const char **names;         /* chapter00_map.tour, …                     */
    int count;
    Stops stops;
    Debugger debugger;
    TourCounts counts;
} Tours;

static bool tours_open(Tours *t, const Options *options, Error *error)
{
    const char *debug = getenv("DEBUG_RUN");
    char place[ROOM];
    const char **names;
    int count;

    *t = (Tours){ .options = options };
    if (!place_program(place, sizeof place))
        strcpy(place, "./run");
    t->self = arena_text(&t->arena, place, strlen(place));
    t->root = place_with(FOLDER "/tour.h", &t->arena);
    if (t->root == NULL)
        return error_set(error, "the tours are not here: they live in the clone of "
                         "billion-llm, beside the sources that they walk through, and "
                         "this program is %s; start it from the clone", place);
    t->program = debug != NULL ? debug : arena_print(&t->arena, "%s/build/debug/run", t->root);
    names = place_names(arena_print(&t->arena, "%s/" FOLDER, t->root), &t->arena, &count);
    t->names = names;
    for (int i = 0; i < count; i++)
        if (text_ends_with(names[i], ENDING))
            t->names[t->count++] = names[i];
    return stops_scan(&t->stops, t->root, error);
}

static void tours_close(Tours *t)
{
    stops_free(&t->stops);
    arena_free(&t->arena);
}

/* Errors: those of tour_read and tour_place. Owner: the caller, tour_free. */
static bool tour_open(Tour *tour, Tours *t, const char *name, Error *error)
{
    const char *shown = arena_print(&t->arena, FOLDER "/%s", name);
    MapFile file;
    bool fine;

    *tour = (Tour){0};
    if (!mapfile_open(&file, arena_print(&t->arena, "%s/%s", t->root, shown), error))
        return false;
    fine = tour_read(tour, shown, (const char *)file.bytes, file.size, error)
        && tour_place(tour, &t->stops, error);
    mapfile_close(&file);
    return fine;
}

/* "4", "04", "attention" or "chapter04_attention" is chapter04_attention.tour. */
static bool is_meant(const char *name, const char *typed)
{
    size_t length = strlen(name) - strlen(ENDING);
    int chapter = 0, number = -1, end = 0;

    if (sscanf(name, "chapter%d_", &chapter) == 1 && sscanf(typed, "%d%n", &number, &end) == 1
        && typed[end] == '\0')
        return number == chapter;
    return (strlen(typed) == length && strncmp(name, typed, length) == 0)
        || (strchr(name, '_') != NULL && strlen(strchr(name, '_') + 1) == strlen(typed)
            + strlen(ENDING) && strncmp(strchr(name, '_') + 1, typed, strlen(typed)) == 0);
}

static const char *find_tour(const Tours *t, Error *error)
{
    for (int i = 0; i < t->count; i++)
        if (is_meant(t->names[i], t->options->words))
            return t->names[i];
    error_code(error, EXIT_USAGE, "there is no tour %s: ./run tour lists them",
               t->options->words);
    return NULL;
}

/* {"tours": [ … ]} */
static void begin_data(JsonWriter *w)
{
    json_write_object(w, NULL);
    json_write_array(w, "tours");
}

static void end_data(JsonWriter *w)
{
    json_write_array_end(w);
    json_write_object_end(w);
    json_write_line(w);
}

/* ---- what is there */

static bool list(Tours *t, Error *error)
{
    JsonWriter w = { .out = stdout };
    bool fine = true, data = t->options->json;

    if (data)
        begin_data(&w);
    for (int i = 0; i < t->count && fine; i++) {
        Tour tour;

        fine = tour_open(&tour, t, t->names[i], error);
        if (fine && data) {
            json_write_object(&w, NULL);
            json_write_text(&w, "tour", t->names[i], strlen(t->names[i]) - strlen(ENDING));
            json_write_word(&w, "title", tour.title);
            json_write_integer(&w, "stops", tour.stops);
            json_write_integer(&w, "minutes", tour.minutes);
            json_write_object_end(&w);
        } else if (fine) {
            printf("  %.2s  %-42s %d stops, %2d minutes\n", t->names[i] + strlen("chapter"),
                   tour.title, tour.stops, tour.minutes);
        }
        tour_free(&tour);
    }
    if (data) {
        end_data(&w);
    } else if (fine) {
        printf("\n./run tour 04 starts gdb (or lldb) on that chapter: each stop has a "
               "name,\na story and numbers out of the running program.\n");
    }
    return fine;
}

/* A debugger, and a program for it. DEBUG_RUN names one that is there already. */
static bool prepare(Tours *t, Error *error)
{
    return debugger_find(&t->debugger, t->options->debugger, error)
        && (getenv("DEBUG_RUN") != NULL || debugger_make(t->root, error));
}

/* ---- with a person */

/* The script into files beside the debug build; the first one's path. gdb's is one.
 * lldb's is cut at each form feed, and each piece ends by making `go` read the next.
 * Errors: NULL when a file cannot be written. */
static const char *save_script(Tours *t, const Tour *tour, const char *script,
                               Error *error)
{
    const char *base = arena_print(&t->arena, "%s.%s", t->program, tour->word[0]);
    const char *first = arena_print(&t->arena, "%s.%s", base, debugger_names[t->debugger]);
    const char *here = first;

    for (int i = 1; script != NULL; i++) {
        const char *cut = strstr(script, "\f\n");
        const char *next = arena_print(&t->arena, "%s.%d.lldb", base, i);
        Text piece = {0};
        bool fine;

        text_add(&piece, script, cut == NULL ? strlen(script) : (size_t)(cut - script));
        if (i > 1)
            text_print(&piece, "command unalias go\n");
        if (cut != NULL)
            tour_go(&piece, next, i);
        fine = atomicfile_save(here, piece.bytes, piece.length, error);
        text_free(&piece);
        if (!fine)
            return NULL;
        here = next;
        script = cut == NULL ? NULL : cut + 2;
    }
    return first;
}

static TourScript script_for(const Tours *t, bool batch)
{
    return (TourScript){ .debugger = t->debugger, .root = t->root, .program = t->program,
                         .batch = batch, .width = min_int(WIDEST, terminal_width(stdout)),
                         .color = terminal_color(stdout, t->options->color) };
}

/* Become the debugger. Comes back only with an Error. */
static bool walk(Tours *t, const Tour *tour, Error *error)
{
    const TourScript s = script_for(t, false);
    Text script = {0}, source = {0};
    const char *file;

    tour_script(&script, tour, &s);
    file = save_script(t, tour, script.bytes, error);
    text_free(&script);
    if (file == NULL)
        return false;
    if (t->debugger == GDB)
        return process_replace((const char *const[]){ "gdb", "-q", "-iex",
                               "set debuginfod enabled off", "-iex", s.color
                               ? "set style enabled on" : "set style enabled off",
                               "-x", file, NULL }, error);
    tour_source(&source, file);
    process_replace((const char *const[]){ "lldb", "-o", source.bytes, NULL }, error);
    text_free(&source);
    return false;
}

/* ---- without */

static bool check(Tours *t, const Tour *tour, JsonWriter *w, Error *error)
{
    const TourScript s = script_for(t, true);
    JsonDocument release = {0};
    Text heard = {0};
    TourCounts counts = {0};
    bool fine = debugger_ask_release(&release, t->self, tour, error)
             && debugger_listen(&heard, tour, &s, arena_print(&t->arena, "%s.%s.batch", t->program,
                                tour->word[0]), error);

    if (fine && w != NULL) {
        json_write_object(w, NULL);
        json_write_word(w, "tour", tour->word[0]);
        json_write_array(w, "checks");
    } else if (fine) {
        printf("%s, in %s: %s\n", tour->word[0], debugger_names[t->debugger], tour->title);
    }
    if (fine)
        counts = tour_check(tour, heard.bytes, release.root, w, WIDEST);
    if (fine && w != NULL) {
        json_write_array_end(w);
        json_write_object_end(w);
    } else if (fine) {
        putchar('\n');
    }
    t->counts.passed += counts.passed;
    t->counts.failed += counts.failed;
    text_free(&heard);
    json_free(&release);
    return fine;
}

/* One tour, or all. */
static bool batch(Tours *t, Error *error)
{
    JsonWriter w = { .out = stdout };
    const char *one = t->options->words != NULL ? find_tour(t, error) : NULL;
    bool fine = t->options->words == NULL || one != NULL, data = t->options->json;

    if (fine && data)
        begin_data(&w);
    for (int i = 0; i < t->count && fine; i++) {
        Tour tour;

        if (one != NULL && one != t->names[i])
            continue;
        fine = tour_open(&tour, t, t->names[i], error)
            && check(t, &tour, data ? &w : NULL, error);
        tour_free(&tour);
    }
    if (fine && data) {
        end_data(&w);
    } else if (fine) {
        printf("%d passed, %d failed\n", t->counts.passed, t->counts.failed);
    }
    return fine;
}

static bool somebody_is_there(Error *error)
{
    return terminal_is_person(stdin)
        || error_code(error, EXIT_USAGE, "a tour wants a person at a terminal: --batch "
                      "runs it without one, --script prints what the debugger is told");
}

static bool run_one(Tours *t, Error *error)
{
    const char *name = find_tour(t, error);
    Tour tour = {0};
    bool fine = name != NULL && tour_open(&tour, t, name, error);

    if (fine && t->options->script) {
        TourScript s = script_for(t, false);
        Text script = {0};

        s.debugger = t->options->debugger != NULL && t->options->debugger[0] == 'l'
                   ? LLDB : GDB;
        tour_script(&script, &tour, &s);
        for (size_t i = 0; i < script.length; i++)
            if (script.bytes[i] != '\f')
                putchar(script.bytes[i]);
        text_free(&script);
    } else if (fine) {
        fine = somebody_is_there(error) && prepare(t, error) && walk(t, &tour, error);
    }
    tour_free(&tour);
    return fine;
}

int command_tour(const Options *options)
{
    Tours t;
    Error error = {0};
    bool fine = tours_open(&t, options, &error);

    if (fine && options->batch)
        fine = prepare(&t, &error) && batch(&t, &error);
    else if (fine && options->words == NULL)
        fine = list(&t, &error);
    else if (fine)
        fine = run_one(&t, &error);
    tours_close(&t);
    if (fine && t.counts.failed > 0)
        return EXIT_CHECK;
    return finish(fine, &error);
}
