/* script.c - a Tour as a script for gdb or for lldb
 *
 *      stop turned if layer == 0        gdb                      lldb
 *                                   ┌───────────────────────┬───────────────────────
 *                                   │ break block.c:175     │ breakpoint set -f … -l
 *                                   │       if layer == 0   │   175 -c 'layer == 0'
 *      say   Queries and keys …     │ echo Queries and …    │ # Queries and …
 *      show  8 of a->q              │ print *a->q@8         │ parray 8 &a->q[0]
 *      show  pass->T                │ print pass->T         │ p pass->T
 *      call  show_row(a->q, 192)    │ call show_row(…)      │ expression -- show_…
 *      step  2                      │ next 2                │ thread step-over, twice
 *                                   └───────────────────────┴───────────────────────
 *
 * Two kinds of readers. A person gets the commands shown beside what they give, so
 * that the tour teaches the debugger too. In a batch there is nobody: between the
 * answers stand marks, @tour item 7, by which check.c finds them again.
 *
 * gdb and a person: each stop is a command of its own, tour_3, that its breakpoint
 * calls, so that Enter (gdb repeats `continue`) leads from stop to stop and in between
 * everything can be done, other breakpoints included. That must be a command: in a
 * breakpoint's own list gdb forgets what stands behind a `next`; of a command that is
 * called there it runs every line. A breakpoint is enabled by the one before it, so
 * the stops come in their order.
 *
 * lldb and a person: lldb gives up a breakpoint's list at the first step, has no echo
 * and no pause. There the tour is read in pieces: `go` is an alias that reads the next
 * one (chapters/commands/tour.c cuts them where a form feed stands), and a question
 * ends a piece. Text is a comment, which lldb shows when it reads one.
 *
 * Read next: chapters/tours/debugger.c.
 */
#include "chapters/tours/tour.h"

#include <ctype.h>
#include <string.h>

#include "base/command.h"
#include "chapters/wording.h"

typedef struct {                /* who writes, and to where                  */
    const Tour *tour;
    const TourScript *s;
    Text *out;
} Script;

/* ---- saying something at the debugger's terminal */

static void say_line(Script *w, const char *line, size_t length, const char *color)
{
    bool colored = w->s->color && color[0] != '\0' && w->s->debugger == GDB;

    if (w->s->debugger == LLDB) {
        text_add(w->out, "# ", 2);
        text_add(w->out, line, length);
        text_add(w->out, "\n", 1);
        return;
    }
    text_print(w->out, "echo %s", colored ? color : "");
    if (length > 0 && line[0] == ' ' && !colored)
        text_add(w->out, "\\", 1);          /* gdb drops blanks in front     */
    tour_escape(w->out, line, length, "\\");
    text_print(w->out, "%s\\n\n", colored ? "\\033[0m" : "");
}

/* Lines of text, a person's only. */
static void say_lines(Script *w, const char *text, const char *color)
{
    while (!w->s->batch && *text != '\0') {
        size_t length = strcspn(text, "\n");

        say_line(w, text, length, color);
        text += length + (text[length] == '\n');
    }
}

static void say(Script *w, const char *text, const char *lead, const char *color)
{
    Text wrapped = {0};

    wording_wrap(&wrapped, text, lead, w->s->width);
    say_lines(w, wrapped.bytes, color);
    text_free(&wrapped);
}

/* What the reader could have typed, and in lldb is seen anyway. */
static void say_typed(Script *w, const char *command)
{
    Text line = {0};

    if (w->s->debugger == LLDB)
        return;
    text_print(&line, "(gdb) %s", command);
    say_lines(w, line.bytes, "\\033[2m");
    text_free(&line);
}

static void command(Script *w, const char *text)
{
    if (!w->s->batch)
        say_typed(w, text);
    text_print(w->out, "%s\n", text);
}

static void mark(Script *w, const char *what, int number)
{
    if (w->s->batch)
        text_print(w->out, w->s->debugger == GDB ? "echo \\n@tour %s %d\\n\n"
                 : "# @tour %s %d\n", what, number);
}

/* lldb and a person: what follows waits until the person says go. */
static void wait_for_go(Script *w)
{
    if (w->s->debugger == LLDB && !w->s->batch)
        text_add(w->out, "\f\n", 2);
}

/* ---- items */

/* Eight numbers behind a pointer, or of an array: *a->q@8, parray 8 &a->q[0]. */
static void add_numbers(Text *out, const char *text, int count, Debugger debugger)
{
    bool simple = true;

    for (const char *at = text; *at != '\0'; at++)
        simple = simple && (isalnum((unsigned char)*at)
                            || strchr("_.->[]", *at) != NULL);
    if (debugger == GDB)
        text_print(out, simple ? "*%s@%d" : "*(%s)@%d", text, count);
    else
        text_print(out, simple ? "parray %d &%s[0]" : "parray %d &(%s)[0]", count, text);
}

/* Show a value. In a batch gdb's `output` gives it without "$1 = ". */
static void show(Script *w, const char *text, int count)
{
    Text line = {0};

    if (w->s->debugger == GDB)
        text_print(&line, w->s->batch ? "output " : "print ");
    else if (count == 0)
        text_print(&line, "expression -- ");
    if (count == 0)
        text_print(&line, "%s", text);
    else
        add_numbers(&line, text, count, w->s->debugger);
    command(w, line.bytes);
    text_free(&line);
}

static void call(Script *w, const char *text)
{
    Text line = {0};

    text_print(&line, w->s->debugger == GDB ? "call %s" : "expression -- %s", text);
    command(w, line.bytes);
    text_free(&line);
}

static void step(Script *w, const TourItem *item)
{
    static const char *const lldb[] = { "thread step-over", "thread step-in",
                                        "thread step-out" };
    char line[40];
    int kind = item->text[0] == 'n' ? 0 : item->text[0] == 's' ? 1 : 2;

    snprintf(line, sizeof line, item->count > 1 ? "%s %d" : "%s", item->text,
             item->count);
    if (w->s->debugger == GDB)
        command(w, line);
    for (int i = 0; w->s->debugger == LLDB && i < item->count; i++)
        command(w, lldb[kind]);
}

static void ask(Script *w, const char *text)
{
    say(w, text, "? ", "\\033[1;33m");
    if (w->s->batch)
        return;
    if (w->s->debugger == GDB) {
        say_lines(w, "  (think, then press Enter)", "\\033[2m");
        text_print(w->out, "shell sh -c 'read answer'\n");
    } else {
        say_lines(w, "  (think, then say go)", "");
    }
    wait_for_go(w);
}

/* Where a comparison's right side begins, and its sign; NULL: it is none. Only
 * outside of brackets; -> is no sign. */
static const char *compared(const char *text, size_t *sign)
{
    int depth = 0;

    for (const char *at = text; *at != '\0'; at++) {
        depth += (*at == '(' || *at == '[') - (*at == ')' || *at == ']');
        if (depth > 0 || at == text || at[-1] != ' ')
            continue;
        *sign = strspn(at, "<>=!");
        if (*sign > 0 && *sign < 3 && at[*sign] == ' ')
            return at;
    }
    return NULL;
}

/* Is it true? In a batch both sides are noted too, for the message. */
static void expect(Script *w, const char *text, int i)
{
    size_t sign;
    const char *at = compared(text, &sign);
    char side[1000];

    show(w, text, 0);
    if (!w->s->batch || at == NULL)
        return;
    for (int right = 0; right < 2; right++) {
        snprintf(side, sizeof side, "%.*s", right ? (int)strlen(at + sign)
                 : (int)(at - text), right ? at + sign : text);
        mark(w, right ? "right" : "left", i);
        show(w, side, 0);
    }
}

static void put_item(Script *w, int i)
{
    const TourItem *item = &w->tour->item[i];
    Text note = {0};

    mark(w, "item", i);
    switch (item->kind) {
    case TOUR_SAY:
        say(w, item->text, "", "");
        say_lines(w, "\n", "");
        break;
    case TOUR_ASK:
        ask(w, item->text);
        break;
    case TOUR_SHOW:
        show(w, item->text, item->count);
        break;
    case TOUR_CALL:
        call(w, item->text);
        break;
    case TOUR_STEP:
        step(w, item);
        break;
    case TOUR_EXPECT:
        expect(w, item->text, i);
        break;
    case TOUR_MATCH:
        text_print(&note, "(the fast build's --json has the same, at %s)\n", item->path);
        say_lines(w, note.bytes, "\\033[2m");
        show(w, item->text, item->count);
        break;
    }
    text_free(&note);
}

/* ---- stops */

static void put_heading(Script *w, int k)
{
    const TourStop *stop = &w->tour->stop[k];
    Text line = {0};

    text_print(&line, "\n── %d of %d  %s  %s:%d ──\n", k + 1, w->tour->stops,
             stop->name, stop->file, stop->at);
    say_lines(w, line.bytes, "\\033[1;36m");
    text_free(&line);
}

static void put_body(Script *w, int k)
{
    const TourStop *stop = &w->tour->stop[k];

    for (int i = 0; i < stop->count; i++)
        put_item(w, stop->first + i);
    mark(w, "done", k);
    if (k == w->tour->stops - 1)
        say_lines(w, w->s->debugger == GDB
                  ? "That was the last stop. `continue` lets the program end, `quit` "
                    "leaves.\n"
                  : "That was the last stop: `continue` and `quit` end the tour.\n", "");
    else
        say_lines(w, w->s->debugger == GDB
                  ? "(c, or Enter behind it: to the next stop)\n"
                  : "(go: to the next stop)\n", "\\033[2m");
}

/* break or tbreak, with condition and hit count */
static void put_gdb_break(Script *w, const TourStop *stop, const char *word)
{
    text_print(w->out, "%s %s:%d", word, stop->file, stop->at);
    if (stop->condition != NULL)
        text_print(w->out, " if %s", stop->condition);
    text_print(w->out, "\n");
    if (stop->hit > 1)
        text_print(w->out, "ignore $bpnum %d\n", stop->hit - 1);
}

static void put_lldb_break(Script *w, const TourStop *stop)
{
    Text path = {0};

    text_print(&path, "%s/%s", w->s->root, stop->file);
    text_print(w->out, "breakpoint set -o true -f");
    tour_quote(w->out, path.bytes);
    text_print(w->out, " -l %d", stop->at);
    if (stop->condition != NULL) {
        text_print(w->out, " -c");
        tour_quote(w->out, stop->condition);
    }
    if (stop->hit > 1)
        text_print(w->out, " -i %d", stop->hit - 1);
    text_print(w->out, "\n");
    text_free(&path);
}

/* One after another: for a batch, and for lldb. */
static void put_in_line(Script *w)
{
    const char *launch = w->s->debugger == GDB ? "run" : !w->s->batch
                       ? "process launch" : "process launch -o /dev/null";

    for (int k = 0; k < w->tour->stops; k++) {
        wait_for_go(w);
        put_heading(w, k);
        if (w->s->debugger == GDB)
            put_gdb_break(w, &w->tour->stop[k], "tbreak");
        else
            put_lldb_break(w, &w->tour->stop[k]);
        text_print(w->out, "%s\n", k == 0 ? launch : "continue");
        mark(w, "stop", k);
        if (w->s->batch)
            text_print(w->out, w->s->debugger == GDB ? "backtrace\n"
                     : "thread backtrace\n");
        put_body(w, k);
    }
    mark(w, "end", 0);
}

/* As breakpoints, for a person at gdb. */
static void put_breakpoints(Script *w)
{
    for (int k = 0; k < w->tour->stops; k++) {
        text_print(w->out, "\ndefine tour_%d\n", k + 1);
        put_heading(w, k);
        text_print(w->out, "frame\n");
        put_body(w, k);
        text_print(w->out, "end\n");
    }
    for (int k = 0; k < w->tour->stops; k++) {
        text_print(w->out, "\n");
        put_gdb_break(w, &w->tour->stop[k], "break");
        text_print(w->out, "set $stop_%d = $bpnum\n%scommands $stop_%d\nsilent\n"
                 "disable $stop_%d\n", k + 1, k == 0 ? "" : "disable $bpnum\n", k + 1,
                 k + 1);
        if (k + 1 < w->tour->stops)
            text_print(w->out, "enable $stop_%d\n", k + 2);
        text_print(w->out, "tour_%d\nend\n", k + 1);
    }
}

/* Settings, the program, its words. In a batch what it prints goes nowhere; its
 * stderr, on which show_row speaks, joins the debugger's words. */
static void put_settings(Script *w)
{
    static const char gdb[] =
        "set pagination off\nset confirm off\nset disable-randomization off\n"
        "set print thread-events off\nset print elements 0\nset print repeats 0\n"
        "set unwindonsignal on\n";
    static const char lldb[] =
        "settings set auto-confirm true\nsettings set target.disable-aslr false\n"
        "settings set stop-disassembly-display never\n";

    text_add(w->out, w->s->debugger == GDB ? gdb : lldb,
             strlen(w->s->debugger == GDB ? gdb : lldb));
    if (w->s->batch && w->s->debugger == GDB)
        text_print(w->out, "set width 0\nset print frame-arguments none\n");
    text_print(w->out, w->s->debugger == GDB ? "file" : "target create");
    tour_quote(w->out, w->s->program);
    text_print(w->out, w->s->debugger == GDB ? "\nset args"
             : "\nsettings set -- target.run-args");
    for (int i = 0; i < w->tour->words; i++)
        if (w->s->debugger == GDB) {
            text_add(w->out, " ", 1);
            command_word(w->out, w->tour->word[i]);
        } else {
            tour_quote(w->out, w->tour->word[i]);
        }
    text_print(w->out, w->s->batch && w->s->debugger == GDB ? " 2>&1 > /dev/null\n"
             : "\n");
}

/* What is said before the program starts. */
static void put_beginning(Script *w)
{
    Text title = {0};

    text_print(&title, "\n%s: %s\n\n", w->tour->word[0], w->tour->title);
    say_lines(w, title.bytes, "\\033[1m");
    text_free(&title);
    for (int i = 0; i < w->tour->stop[0].first; i++)
        put_item(w, i);
    say_lines(w, w->s->debugger == GDB
              ? "`c` (continue) goes on to the next stop, and then Enter alone; in "
                "between\nthe debugger is yours: `bt`, `print`, `list`, `next`, `step`, "
                "`quit`.\n"
              : "`go` goes on to the next stop; in between the debugger is yours: `bt`,"
                "\n`p`, `list`, `next`, `step`, `quit`.\n", "");
}

void tour_script(Text *out, const Tour *tour, const TourScript *s)
{
    Script w = { .tour = tour, .s = s, .out = out };
    bool breakpoints = s->debugger == GDB && !s->batch;

    text_print(out, "# %s as a script for %s; ./run tour makes it\n", tour->path,
             s->debugger == GDB ? "gdb" : "lldb");
    put_settings(&w);
    if (breakpoints)
        put_breakpoints(&w);
    put_beginning(&w);
    if (breakpoints)
        text_print(out, "run\n");
    else
        put_in_line(&w);
}
