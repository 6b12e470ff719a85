/* debugger.c - find a debugger, give it a script, hear what it says
 *
 *      ./run tour 04 --batch
 *          │
 *          ├──► gdb --version, lldb --version       which one is there?
 *          ├──► make -s -C clone debug              build/debug/run, as new as the
 *          │                                        sources: make knows what is old
 *          ├──► ./run chapter04_attention … --json ──► JSON     the fast build
 *          └──► gdb -batch -x script ────────────────► text     the slow one
 *                                                       │
 *                                                  check.c compares
 *
 * Four programs, none of which may stop the fifth: each has a limit in time, nothing on
 * its stdin, and what it says is kept up to a size (base/process.h).
 *
 * A debugger brings habits of its own along: files that it reads at the start
 * (.gdbinit, .lldbinit: left out here), questions (turned off by the script), and a
 * server that it asks for the sources of the C library (debuginfod: turned off, since
 * a tour needs no network). A gdb that is too old for the last option says so in one
 * line and goes on. It starts a program through the person's shell, whichever that is:
 * in a batch it is told another.
 *
 * Read next: chapters/tours/check.c.
 */
#include "chapters/tours/debugger.h"

#include <string.h>

#include "base/atomicfile.h"
#include "base/process.h"

#define SECONDS 300             /* for one tour in a batch; most take five   */
#define KEEP ((size_t)8 << 20)  /* bytes kept of what a debugger says        */

const char *const debugger_names[] = { "gdb", "lldb" };

bool debugger_make(const char *root, Error *error)
{
    /* BUILD: a make that called us may have another one, and hands it on. */
    const char *const argv[] = { "make", "-s", "-C", root, "BUILD=build", "debug", NULL };
    const ProcessPlan plan = { .argv = argv };
    Process make;
    bool fine;

    fprintf(stderr, "make debug: build/debug/run is made as new as the sources …\n");
    fine = process_run(&make, &plan, error);
    if (fine && (make.end != PROCESS_EXITED || make.code != 0))
        fine = error_code(error, EXIT_CRASH, "make debug failed in %s: %.*s", root,
                          (int)strcspn(make.err.bytes, "\n"), make.err.bytes);
    process_free(&make);
    return fine;
}

bool debugger_find(Debugger *found, const char *wanted, Error *error)
{
    for (int d = 0; d < 2; d++) {
        const char *const argv[] = { debugger_names[d], "--version", NULL };
        const ProcessPlan plan = { .argv = argv, .seconds = 60 };
        Process process;
        Error reason = {0};
        bool there;

        if (wanted != NULL && strcmp(wanted, debugger_names[d]) != 0)
            continue;
        there = process_run(&process, &plan, &reason) && process.end == PROCESS_EXITED
             && process.code == 0;
        process_free(&process);
        *found = (Debugger)d;
        if (there)
            return true;
        if (reason.code == EXIT_INTERRUPTED)
            return error_code(error, reason.code, "%s", reason.text);
    }
    return error_code(error, EXIT_CRASH, "there is no %s on this machine: install it, for "
                      "example with `apt-get install %s`",
                      wanted != NULL ? wanted : "gdb and no lldb",
                      wanted != NULL ? wanted : "gdb");
}

bool debugger_ask_release(JsonDocument *said, const char *program, const Tour *tour,
                          Error *error)
{
    const char *argv[TOUR_WORDS + 3] = { program };
    const ProcessPlan plan = { .argv = argv, .seconds = SECONDS, .keep = KEEP };
    Process process;
    bool fine;

    for (int i = 0; i < tour->words; i++)
        argv[i + 1] = tour->word[i];
    argv[tour->words + 1] = "--json";
    fine = process_run(&process, &plan, error);
    if (fine && (process.end != PROCESS_EXITED || process.code != 0))
        fine = error_code(error, EXIT_CRASH, "%s %s … --json failed: %.*s", program,
                          tour->word[0], (int)strcspn(process.err.bytes, "\n"),
                          process.err.bytes);
    fine = fine && json_parse(said, process.out.bytes, process.out.length, JSON_PLAIN,
                              JSON_DEPTH, error);
    process_free(&process);
    return fine;
}

bool debugger_listen(Text *heard, const Tour *tour, const TourScript *s, const char *file,
                     Error *error)
{
    const char *const gdb[] = { "gdb", "-nx", "-q", "-batch", "-iex",
                                "set debuginfod enabled off", "-x", file, NULL };
    Text source = {0};
    const char *lldb[] = { "lldb", "--no-lldbinit", "--no-use-colors", "--batch", "-o",
                           NULL, NULL };
    const char *const shell[] = { "SHELL=/bin/sh", NULL };
    const ProcessPlan plan = { .argv = s->debugger == GDB ? gdb : lldb, .seconds = SECONDS,
                               .environment = shell, .keep = KEEP };
    Process process = {0};
    Text script = {0};
    bool fine;

    tour_source(&source, file);
    lldb[5] = source.bytes;
    tour_script(&script, tour, s);
    fine = atomicfile_save(file, script.bytes, script.length, error)
        && process_run(&process, &plan, error);
    if (fine && process.end != PROCESS_EXITED)
        fine = error_code(error, EXIT_CRASH, "%s: %s %s", tour->path,
                          debugger_names[s->debugger], process.end == PROCESS_TIMED_OUT
                          ? "did not end in time" : "crashed");
    if (fine) {
        text_add(heard, process.out.bytes, process.out.length);
        text_add(heard, process.err.bytes, process.err.length);
    }
    text_free(&source);
    text_free(&script);
    process_free(&process);
    return fine;
}
