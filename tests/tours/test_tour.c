/* test_tour.c - a tour's text in, a debugger's script out; what came back, judged */
#include "test.h"
#include "base/process.h"

#include "chapters/tours/show.h"
#include "chapters/tours/tour.h"
#include "chapters/words.h"
#include "files/json.h"

#include <stdlib.h>
#include <sys/stat.h>

#define HEAD "title T\nrun logits --text \"Once upon a\" --json\n"

static const char source[] =
    "int f(int n)\n"                            /* 1 */
    "{\n"
    "    int x = n; //@stop begun\n"            /* 3: at the line's end      */
    "    //@stop grown\n"
    "    x += 1;\n"                             /* 5: below its own line     */
    "    puts(\"//@stop not one\");\n"
    "    return x;\n"
    "}\n";

static Tour read_tour(const char *text)
{
    Tour tour;
    Error error = {0};

    expect_ok(tour_read(&tour, "a.tour", text, strlen(text), &error), &error);
    return tour;
}

static void place(Tour *tour)
{
    Stops stops = {0};
    Error error = {0};

    expect_ok(stops_add(&stops, "src/x/f.c", source, strlen(source), &error), &error);
    expect_ok(tour_place(tour, &stops, &error), &error);
}

static char *script_of(const char *text, Debugger debugger, bool batch)
{
    const TourScript s = { .debugger = debugger, .root = "/clone", .program = "/clone/run",
                           .batch = batch, .width = 60 };
    Tour tour = read_tour(text);
    Text out = {0};

    place(&tour);
    tour_script(&out, &tour, &s);
    return out.bytes;
}

static void has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" is not in:\n%s", part, text);
}

/* ---- reading */

TEST(a_tour_is_read)
{
    Tour t = read_tour("# remark\n" HEAD "minutes 7\n\nsay\n  One.\n  Two.\n\n"
                       "stop begun if n == 3 && x > 1 hit 2\nask  What?\nshow 8 of a->q\n"
                       "show x\nstep 2\nstep into\n"
                       "stop grown hit 3\nexpect x == 4\nmatch a.b[2] = 3 of x\n");

    expect_text(t.title, "T");
    expect_int(t.minutes, 7);
    expect_int(t.words, 4);
    expect_text(t.word[2], "Once upon a");
    expect_int(t.stops, 2);
    expect_text(t.stop[0].condition, "n == 3 && x > 1");
    expect_int(t.stop[0].hit, 2);
    expect_int(t.stop[0].first, 1);
    expect_int(t.stop[0].count, 5);
    expect(t.stop[1].condition == NULL);
    expect_int(t.stop[1].hit, 3);
    expect_text(t.item[0].text, "One. Two.");
    expect_text(t.item[2].text, "a->q");
    expect_int(t.item[2].count, 8);
    expect_int(t.item[3].count, 0);
    expect_text(t.item[5].text, "step");
    expect_text(t.item[7].path, "a.b[2]");
    expect_int(t.item[7].count, 3);
}

static void refused(const char *text, size_t length, const char *part)
{
    Tour tour;
    Error error = {0};

    expect(!tour_read(&tour, "a.tour", text, length, &error));
    expect_int(error.code, EXIT_INPUT);
    has(error.text, part);
    tour_free(&tour);
}

TEST(what_is_no_tour_is_refused_with_its_line)
{
    static const struct { const char *text, *words; } cases[] = {
        { "", "a.tour lacks a title" },
        { "title T\n", "lacks run" },
        { HEAD, "lacks a stop" },
        { HEAD "dance\n", "a.tour:3: there is no \"dance\" in a tour" },
        { HEAD "stop begun\n", "a.tour:3: nothing happens at the stop begun" },
        { HEAD "stop Begun\nsay x\n", "a.tour:3: \"Begun\" is not the name" },
        { HEAD "stop begun when x\nsay x\n", "a.tour:3: behind a stop's name" },
        { HEAD "stop begun hit 0\nsay x\n", "a.tour:3: hit wants a number" },
        { HEAD "stop begun\nsay\n", "a.tour:4: say says nothing" },
        { HEAD "stop begun\nstep far\n", "a.tour:4: step wants a number of lines" },
        { HEAD "stop begun\nmatch a x\n", "a.tour:4: match wants PLACE = EXPRESSION" },
        { HEAD "show x\n", "a.tour:3: show stands before the first stop" },
        { "title T\nrun a \"b\n", "a.tour:2: a quote that does not end" },
        { "title T\nrun\n", "a.tour:2: run wants" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refused(cases[i].text, strlen(cases[i].text), cases[i].words);
    refused("title T\nrun \xff\n", 14, "a.tour:2: the byte 0xFF is not UTF-8");
}

/* ---- stops */

TEST(stops_are_found_by_name)
{
    Stops stops = {0};
    Error error = {0};

    expect_ok(stops_add(&stops, "src/x/f.c", source, strlen(source), &error), &error);
    expect_int(stops.count, 2);
    expect_text(stops.stop[0].name, "begun");
    expect_int(stops.stop[0].line, 3);
    expect_text(stops.stop[1].name, "grown");
    expect_int(stops.stop[1].line, 5);
    stops_free(&stops);
}

TEST(a_stop_that_is_missing_or_double_or_above_nothing)
{
    static const char twice[] = "int y = 1; //@stop grown\n";
    static const char nothing[] = "{\n    //@stop last\n}\n";
    Tour tour = read_tour(HEAD "stop begun\nsay x\nstop gone\nsay x\n");
    Stops stops = {0};
    Error error = {0};

    expect_ok(stops_add(&stops, "src/x/f.c", source, strlen(source), &error), &error);
    expect(!tour_place(&tour, &stops, &error));
    expect_text(error.text, "a.tour:5: no source has a comment //@stop gone");
    expect(!stops_add(&stops, "src/x/g.c", twice, strlen(twice), &error));
    expect_text(error.text, "src/x/g.c:1: the stop grown stands twice, in src/x/f.c:5 too");
    expect(!stops_add(&stops, "src/x/h.c", nothing, strlen(nothing), &error));
    has(error.text, "src/x/h.c:2: there is no line of code below the stop last");
}

/* The clone's own: every stop is visited, every tour finds its stops and keeps to
 * its size. */
TEST(the_tours_and_the_sources_agree)
{
    static const char *const names[] = { "00_map", "01_tokenizer", "02_weights",
                                         "03_layers", "04_attention", "05_sampling",
                                         "06_quantize", "07_speculative", "09_speed" };
    Stops stops;
    Error error = {0};
    int *visits;

    expect_ok(stops_scan(&stops, ".", &error), &error);
    visits = calloc((size_t)stops.count + 1, sizeof *visits);
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        char path[100];
        size_t length;
        char *text;
        Tour tour;

        snprintf(path, sizeof path, "chapters/tours/chapter%s.tour", names[i]);
        text = test_read(path, &length);
        expect_ok(tour_read(&tour, path, text, length, &error), &error);
        expect_ok(tour_place(&tour, &stops, &error), &error);
        if (tour.stops < 5 || tour.stops > 9)
            test_fail(__FILE__, __LINE__, "%s has %d stops", path, tour.stops);
        for (int s = 0; s < tour.stops; s++)
            for (int k = 0; k < stops.count; k++)
                visits[k] += strcmp(stops.stop[k].name, tour.stop[s].name) == 0;
    }
    for (int k = 0; k < stops.count; k++)
        if (visits[k] == 0)
            test_fail(__FILE__, __LINE__, "%s:%d: no tour visits the stop %s",
                      stops.stop[k].file, stops.stop[k].line, stops.stop[k].name);
}

/* ---- scripts */

#define WALK HEAD "say  It's a \\ \"quote\".\nstop begun if n == 3 hit 2\n"                 \
    "show 8 of a->q\nshow 2 of a + 1\nshow x\nask  Why?\ncall show_row(a, 3)\nstep 2\n"      \
    "stop grown\nexpect x == 4\n"

TEST(a_script_for_gdb)
{
    char *s = script_of(WALK, GDB, false);

    has(s, "\nset args logits --text 'Once upon a' --json\n");
    has(s, "\nbreak src/x/f.c:3 if n == 3\nignore $bpnum 1\n");
    has(s, "\nprint *a->q@8\n");
    has(s, "\nprint *(a + 1)@2\n");
    has(s, "\nprint x\n");
    has(s, "\ncall show_row(a, 3)\n");
    has(s, "\nnext 2\n");
    has(s, "\nbreak src/x/f.c:5\n");
    has(s, "echo It's a \\\\ \"quote\".\\n\n");
    has(s, "\nshell sh -c 'read answer'\n");
    expect(strstr(s, "@tour") == NULL);
}

TEST(a_script_for_gdb_without_a_person)
{
    char *s = script_of(WALK, GDB, true);

    has(s, " --json 2>&1 > /dev/null\n");
    has(s, "\ntbreak src/x/f.c:3 if n == 3\nignore $bpnum 1\nrun\n"
           "echo \\n@tour stop 0\\n\nbacktrace\n");
    has(s, "\noutput *a->q@8\n");
    has(s, "\ntbreak src/x/f.c:5\ncontinue\n");
    has(s, "\noutput x == 4\n");
    expect(strstr(s, "shell") == NULL && strstr(s, "Why") == NULL);
}

TEST(a_script_for_lldb)
{
    char *s = script_of(WALK, LLDB, true), *person;

    has(s, "breakpoint set -o true -f \"/clone/src/x/f.c\" -l 3 -c \"n == 3\" -i 1\n"
           "process launch -o /dev/null\n# @tour stop 0\nthread backtrace\n");
    has(s, "\nparray 8 &a->q[0]\n");
    has(s, "\nparray 2 &(a + 1)[0]\n");
    has(s, "\nexpression -- show_row(a, 3)\n");
    has(s, "\nthread step-over\nthread step-over\n");
    expect(strchr(s, '\f') == NULL);
    person = script_of(WALK, LLDB, false);
    has(person, "\n# It's a \\ \"quote\".\n");
    has(person, "\n# ? Why?\n");
    has(person, "\f\n");
}

/* A clone may lie anywhere. `…` is a command within a command for lldb. */
TEST(a_folder_with_an_odd_name)
{
    Text out = {0};

    tour_quote(&out, "/a b/\"c\"/\\d/`e`/$f");
    expect_text(out.bytes, " \"/a b/\\\"c\\\"/\\\\d/\\`e\\`/$f\"");
    text_free(&out);
}

/* lldb itself reads one script by way of the other. */
TEST(go_reads_the_next_piece_wherever_it_lies)
{
    char folder[300], path[400];
    Text go = {0}, command = {0};
    const char *argv[] = { "lldb", "--no-lldbinit", "--no-use-colors", "--batch", "-o", NULL,
                           NULL };
    Error error = {0};
    Process said;

    if (system("lldb --version > /dev/null 2>&1") != 0)
        skip("lldb is not there");
    snprintf(folder, sizeof folder, "%s it's a \"$HOME\" \\ `x` ü", test_scratch("go"));
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/two.lldb", folder);
    test_write(path, "expression -- 6 * 7\n", 20);
    tour_go(&go, path, 1);
    text_print(&go, "go\n");
    snprintf(path, sizeof path, "%s/one.lldb", folder);
    test_write(path, go.bytes, go.length);
    tour_source(&command, path);
    argv[5] = command.bytes;
    expect_ok(process_run(&said, &(ProcessPlan){ .argv = argv }, &error), &error);
    if (strstr(said.out.bytes, "= 42\n") == NULL)
        test_fail(__FILE__, __LINE__, "go did not go: %s%s", said.out.bytes, said.err.bytes);
}

/* ---- what came back */

#define CLAIMS HEAD "stop begun\nshow x\nexpect x == 4\nmatch x.y[1] = x\n"

static TourCounts judged(const char *claims, const char *heard, const char *json)
{
    Tour tour = read_tour(claims);
    JsonDocument said;
    JsonWriter w = { .out = fopen(test_scratch("judged"), "w") };
    TourCounts counts;
    Error error = {0};

    place(&tour);
    expect_ok(json_parse(&said, json, strlen(json), JSON_PLAIN, JSON_DEPTH, &error), &error);
    counts = tour_check(&tour, heard, said.root, &w, 70);
    fclose(w.out);
    return counts;
}

#define GDB_SAYS(line, main_frame, truth, value)                                          \
    "Breakpoint\n@tour stop 0\n#0  f (n=...) at src/x/f.c:" line "\n"                      \
    "#1  0x0 in g ()\n#" main_frame "  0x0 in main (argc=...) at run.c:50\n\n"            \
    "@tour item 0\n4\n@tour item 1\n" truth "\n@tour left 1\n5\n@tour right 1\n4\n"        \
    "@tour item 2\n" value "\n@tour done 0\n\n@tour end 0\n"

TEST(gdb_is_understood)
{
    static const char json[] = "{\"x\": {\"y\": [0, 0.608440578]}}";
    static const struct { const char *heard; int failed; } cases[] = {
        { GDB_SAYS("3", "2", "1", "0.608440578"), 0 },
        { GDB_SAYS("3", "9", "1", "0.608440578"), 0 },
        { GDB_SAYS("3", "10", "1", "0.608440578"), 1 },     /* too deep          */
        { GDB_SAYS("31", "2", "1", "0.608440578"), 1 },     /* another line      */
        { GDB_SAYS("3", "2", "0", "0.608440578"), 1 },      /* not true          */
        { GDB_SAYS("3", "2", "1", "0.608440638"), 1 },      /* the next float    */
        { GDB_SAYS("3", "2", "1", "-0.608440578"), 1 },
        { GDB_SAYS("3", "2", "1", "<optimized out>"), 1 },
        { "Breakpoint\n@tour stop 0\nNo frame.\n", 1 },
        { "The program is not being run.\n", 1 },
        { "", 1 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        TourCounts counts = judged(CLAIMS, cases[i].heard, json);

        if (counts.failed != cases[i].failed)
            test_fail(__FILE__, __LINE__, "case %zu: %d failed", i, counts.failed);
    }
}

TEST(lldb_is_understood)
{
    static const char heard[] =
        "(lldb) # @tour stop 0\n(lldb) thread backtrace\n"
        "* thread #1, name = 'run', stop reason = one-shot breakpoint 1\n"
        "  * frame #0: 0x1 run`f(n=3) at f.c:3:11\n"
        "    frame #1: 0x2 run`main(argc=9) at run.c:52:12\n"
        "    frame #2: 0x3 libc.so.6`__libc_start_call_main(main=(run`main at run.c:41:1))\n"
        "(lldb) # @tour item 0\n(lldb) expression -- x\n(int) $0 = 4\n"
        "(lldb) # @tour item 1\n(lldb) expression -- x == 4\n(bool) $1 = true\n"
        "(lldb) # @tour item 2\n(lldb) parray 2 &x[0]\n(float *) $2 = 0x00 {\n"
        "  (float) [0] = 1.5\n  (float) [1] = 0.608440577\n}\n"
        "(lldb) # @tour done 0\n(lldb) # @tour end 0\n";
    TourCounts counts = judged(HEAD "stop begun\nshow x\nexpect x == 4\n"
                               "match x = 2 of x\n", heard, "{\"x\": [1.5, 0.608440578]}");

    expect_int(counts.passed, 3);
    expect_int(counts.failed, 0);
    counts = judged(HEAD "stop begun\nshow x\nexpect x == 4\nmatch x = 2 of x\n", heard,
                    "{\"x\": [1.5]}");
    expect_int(counts.failed, 1);
}

TEST(kinds_of_numbers)
{
    static const struct { const char *value, *json; bool same; } cases[] = {
        { "5138969349856155543", "\"4751496571cbd797\"", true },    /* a hash    */
        { "5138969349856155544", "\"4751496571cbd797\"", false },
        { "true", "true", true }, { "1", "true", true }, { "0", "true", false },
        { "0.071564504023333794", "0.071564504", true },    /* a double, nine digits */
        { "0.071564514023333794", "0.071564504", false },
        { "0.36445691612683551", "0.3644569161268355", true },
        { "0.36445691612683551", "0.3644569161268351", false },
        { "16777217", "16777216", false },          /* one float, two integers   */
        { "4", "\"4\"", false }, { "4", "null", false },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char heard[600], json[100];
        TourCounts counts;

        snprintf(heard, sizeof heard, "@tour stop 0\n#0  main () at src/x/f.c:3\n"
                 "@tour item 0\n%s\n@tour done 0\n@tour end 0\n", cases[i].value);
        snprintf(json, sizeof json, "{\"x\": %s}", cases[i].json);
        counts = judged(HEAD "stop begun\nmatch x = x\n", heard, json);
        if (counts.failed != !cases[i].same)
            test_fail(__FILE__, __LINE__, "%s and %s: %d failed", cases[i].value,
                      cases[i].json, counts.failed);
    }
}

/* The line that show.c draws; its hash is FNV-1a of the 32 bytes, by Python. */
TEST(a_row_is_shown)
{
    const float x[] = { 1, -2.5f, 0.1f, 0, 3, 4, 5, 6 };
    const char *path = test_scratch("shown");
    char *essay = test_read("chapters/tours/show.c", NULL), *shown;

    fflush(stderr);
    expect(freopen(path, "w", stderr) != NULL);
    show_row(x, 8);
    fflush(stderr);
    shown = test_read(path, NULL);
    expect_text(shown, "[8] 1 -2.5 0.100000001 0 3 4 … size 3.41, hash b82aabbc4eca9156\n");
    has(essay, shown);
}

/* The files for VS Code are JSON, debug the debug build, and start a lesson. */
TEST(settings_for_editors)
{
    JsonDocument launch, tasks;
    Error error = {0};
    const Json *c;

    expect_ok(json_read_file(&tasks, "chapters/tours/editors/tasks.json", JSON_UNIQUE,
                             &error), &error);
    expect_ok(json_read_file(&launch, "chapters/tours/editors/launch.json", JSON_UNIQUE,
                             &error), &error);
    c = json_get(launch.root, "configurations");
    expect(c != NULL && c->count >= 3);
    for (c = c->child; c != NULL; c = c->next) {
        const Json *args = json_get(c, "args");
        const Word *word = words;

        expect(json_equals(json_get(c, "program"), "${workspaceFolder}/build/debug/run"));
        expect(json_equals(json_get(c, "preLaunchTask"),
                           json_get(json_get(tasks.root, "tasks")->child, "label")->text));
        while (word->name != NULL && !json_equals(args->child, word->name))
            word++;
        expect(word->name != NULL);
    }
}

const Test tour_tests[] = {
    { "a tour is read", a_tour_is_read },
    { "what is no tour is refused with its line", what_is_no_tour_is_refused_with_its_line },
    { "stops are found by name", stops_are_found_by_name },
    { "a stop that is missing, double or above nothing",
      a_stop_that_is_missing_or_double_or_above_nothing },
    { "the tours and the sources agree", the_tours_and_the_sources_agree },
    { "a script for gdb", a_script_for_gdb },
    { "a script for gdb without a person", a_script_for_gdb_without_a_person },
    { "a script for lldb", a_script_for_lldb },
    { "a folder with an odd name", a_folder_with_an_odd_name },
    { "go reads the next piece wherever it lies", go_reads_the_next_piece_wherever_it_lies },
    { "gdb is understood", gdb_is_understood },
    { "lldb is understood", lldb_is_understood },
    { "kinds of numbers", kinds_of_numbers },
    { "a row is shown", a_row_is_shown },
    { "settings for editors", settings_for_editors },
    { NULL, NULL },
};
