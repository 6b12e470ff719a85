/* tour.h - a guided walk through the running program, as data
 *
 * Rules of use:
 * 1. tour_read makes a Tour of a .tour file's text (tour_read.c has the format);
 *    tour_place finds its stops in the sources. tour_script writes it down for a
 *    debugger; tour_check reads what the debugger printed.
 * 2. Everything in a Tour lives in its arena; tour_free gives it back.
 * 3. A tour's items stand in one list; a stop owns a piece of it. What stands before
 *    the first stop is said at the beginning.
 */
#ifndef TOUR_H
#define TOUR_H

#include <stdio.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "files/json.h"
#include "files/json_write.h"

#define TOUR_FRAMES 8               /* between main and a stop, at most      */
#define TOUR_WORDS 32               /* on the command line                   */

typedef enum {
    TOUR_SAY,                       /* text                                  */
    TOUR_ASK,                       /* text: a question; a pause             */
    TOUR_SHOW,                      /* text: an expression, or count of one  */
    TOUR_CALL,                      /* text: show_row(x, 192)                */
    TOUR_STEP,                      /* count lines; text: next, step, finish */
    TOUR_EXPECT,                    /* text: must be true                    */
    TOUR_MATCH,                     /* text, count: equals path of --json    */
} TourKind;

typedef struct {
    TourKind kind;
    int line;                       /* in the .tour file                     */
    const char *text;
    const char *path;               /* MATCH only                            */
    int count;                      /* numbers behind a pointer; 0: a value  */
} TourItem;

typedef struct {
    const char *name;
    const char *condition;          /* NULL: none                            */
    int hit;                        /* 1: the first time                     */
    int line;                       /* in the .tour file                     */
    int first, count;               /* its items                             */
    const char *file;               /* tour_place: src/model/block.c         */
    int at;                         /* and the line there                    */
} TourStop;

typedef struct {
    Arena arena;
    const char *path;               /* of the .tour file, for messages       */
    const char *title;
    int minutes;
    const char *word[TOUR_WORDS + 1];   /* behind ./run; ends with NULL      */
    int words;
    TourItem *item;
    int items;
    TourStop *stop;
    int stops;
} Tour;

/* text [length] of the file path. Errors: exit 3 with path:line. Owner: the caller,
 * tour_free, in any case. */
bool tour_read(Tour *tour, const char *path, const char *text, size_t length,
               Error *error);
void tour_free(Tour *tour);

/* ---- where the stops are (stops.c) */

typedef struct {
    const char *name, *file;        /* file: from the clone's top folder     */
    int line;                       /* the line to stop at                   */
} Stop;

typedef struct {
    Arena arena;
    Stop *stop;
    int count, room;
} Stops;

/* The //@stop comments of one source. Errors: one that stands twice, or above no
 * line of code; exit 3, with file:line. */
bool stops_add(Stops *stops, const char *file, const char *text, size_t length,
               Error *error);
/* … of all sources below root. */
bool stops_scan(Stops *stops, const char *root, Error *error);
void stops_free(Stops *stops);

/* Errors: a stop that no source has; exit 3, with the tour's path:line. */
bool tour_place(Tour *tour, const Stops *stops, Error *error);

/* ---- for a debugger (script.c) */

typedef enum { GDB, LLDB } Debugger;

typedef struct {
    Debugger debugger;
    const char *root;               /* the clone                             */
    const char *program;            /* the debug build                       */
    bool batch;                     /* marks for tour_check; nobody is there */
    int width;                      /* columns of a paragraph                */
    bool color;
} TourScript;

/* The script. For lldb with a person, a line with a form feed stands where it waits
 * for `go`. */
void tour_script(Text *out, const Tour *tour, const TourScript *s);

/* ---- words for a debugger (quoting.c) */

/* text [length] with a \ in front of each of the marked characters. */
void tour_escape(Text *out, const char *text, size_t length, const char *marked);
/* A blank, and one word in quotes, as either debugger reads it. */
void tour_quote(Text *out, const char *word);
/* lldb's command that reads the script in file. (Its option -s makes the same command
 * of a path, but a quote in it ends the path.) */
void tour_source(Text *out, const char *file);
/* lldb's commands that make `go` read the script in file, the number-th. */
void tour_go(Text *out, const char *file, int number);

/* ---- what came back (check.c) */

typedef struct {
    int passed, failed;
} TourCounts;

/* heard: all that the debugger printed. release: what the release build says with
 * --json, or NULL. Prints the tour as it went, or writes it to w. */
TourCounts tour_check(const Tour *tour, const char *heard, const Json *release,
                      JsonWriter *w, int width);

#endif
