/* benchmark.c - ./run benchmark: how fast models read and write, beside the limits
 *
 *      --model storyteller --model smollm2-135m   --quantize none --quantize int4
 *                        └──────────────┬──────────────┘
 *                                       │ each with each: a job
 *                     one job           │           several jobs
 *                        ┌──────────────┴───────────────┐
 *                        ▼                              ▼
 *                  model_open, speed_run      ./run benchmark … --json, one after
 *                        │                    another, each a process of its own
 *                        └───────────► Report ◄─────────┘
 *                                        │
 *         table or --json ◄──────────────┼──────► --out F.json, F.csv, F.md
 *                                        │
 *         --baseline F.json ──► verdict ◄┴──────► --record F: a line more
 *
 * The peak of memory belongs to a process, and only ever grows. The second model that a
 * process measures would be told the first one's. So several jobs are several
 * processes, which also begin with the same empty heap.
 *
 * Without --model every model that is found is measured; one that cannot be run is left
 * out with a note, because nobody asked for it by name.
 *
 * What is compared: each test with the same test of the same model, format and number of
 * tokens. No exit status depends on time. A program that fails because the machine
 * was busy is not looked at any more when it fails for a reason.
 *
 * Read next: src/measure/speed.c, src/measure/verdict.c. Lesson: chapters/chapter09_speed.c.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/parallel.h"
#include "base/place.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/terminal.h"
#include "chapters/commands/common.h"
#include "chapters/commands/found.h"
#include "chapters/lesson/pictures.h"
#include "chapters/words.h"
#include "measure/record.h"
#include "measure/verdict.h"

typedef struct {                    /* what is measured: all of it borrowed  */
    const char *const *model;       /* [models] names                        */
    const char *const *format;      /* [formats] "none", "int8"              */
    int models, formats;
    bool all;                       /* that are found: some may be left out  */
} Jobs;

/* ---- one job, here */

static bool run_here(Report *report, const char *model, const char *format,
                     const Options *options, Error *error)
{
    Options one = *options;
    OpenModel m;
    Session session = {0};
    SpeedPlan plan = { .name = model, .prompt_tokens = options->prompt_tokens,
                       .n = options->answer_tokens, .repeats = options->repeat };
    double start = clock_seconds();
    int positions;
    bool fine;

    one.model = model;
    one.quantize = format;
    fine = model_open(&m, &one, error);
    plan.load_seconds = clock_seconds() - start;
    if (fine) {
        plan.format = format_name(m.model.weights.layers[0].down.weight.format);
        positions = speed_positions(&plan, &m.model.config);
        fine = model_session(&session, &m, &one, positions, 0, error)
            && speed_run(report, &session, &plan, error);
    }
    session_free(&session);
    model_close(&m);
    return fine;
}

/* ---- several, each in a process */

/* What the child printed, added to the report. */
static bool take_child(Report *report, const Process *child, Error *error)
{
    JsonDocument document;
    Report part;
    bool fine;

    report_init(&part, report->suite, report->column);
    fine = json_parse(&document, child->out.bytes, child->out.length, JSON_PLAIN,
                      JSON_DEPTH, error);
    if (fine) {
        fine = report_read(&part, document.root, "tests", error);
        json_free(&document);
    }
    if (fine)
        report_append(report, &part);
    report_free(&part);
    return fine;
}

/* How the child ended, when not well: its own words, its exit status. */
static bool child_failed(const Process *child, const char *model, Error *error)
{
    const char *said = child->err.bytes != NULL ? child->err.bytes : "";
    const char *text = strstr(said, "error: ");

    if (child->end != PROCESS_EXITED || text == NULL)
        return error_code(error, EXIT_CRASH, "%s: measuring it ended with %s %d", model,
                          child->end == PROCESS_EXITED ? "exit status" : "signal",
                          child->code);
    text += strlen("error: ");
    return error_code(error, child->code, "%.*s", (int)strcspn(text, "\n"), text);
}

#define NUMBER 16                   /* bytes of an int as text               */

static bool run_child(Report *report, const char *model, const char *format,
                      const Options *o, Error *error)
{
    char program[HUBCACHE_PATH], prompt[NUMBER], n[NUMBER], repeat[NUMBER];
    char chunk[NUMBER], threads[NUMBER];
    const char *argv[] = { program, "benchmark", "--model", model, "--quantize", format,
        "--json", "--prompt-tokens", prompt, "-n", n, "--repeat", repeat, "--chunk", chunk,
        "--threads", threads, "--kernels", o->kernels, o->kv != NULL ? "--kv" : NULL, o->kv,
        NULL };
    Process child = {0};
    bool fine;

    if (!place_program(program, sizeof program))
        return error_code(error, EXIT_CRASH, "this system does not say where this program "
                          "lies: measure one --model and --quantize at a time");
    snprintf(prompt, NUMBER, "%d", o->prompt_tokens);
    snprintf(n, NUMBER, "%d", o->answer_tokens);
    snprintf(repeat, NUMBER, "%d", o->repeat);
    snprintf(chunk, NUMBER, "%d", o->chunk);
    snprintf(threads, NUMBER, "%d", parallel_threads());
    fine = process_run(&child, &(ProcessPlan){ .argv = argv }, error);
    if (fine && (child.end != PROCESS_EXITED || child.code != EXIT_FINE))
        fine = child_failed(&child, model, error);
    else if (fine)
        fine = take_child(report, &child, error);
    process_free(&child);
    return fine;
}

static bool run_children(Report *report, const Jobs *jobs, const Options *options,
                         Error *error)
{
    int count = jobs->models * jobs->formats;
    bool fine = true;
    Progress bar;

    progress_start(&bar, "measuring");
    for (int i = 0; i < count && fine; i++) {
        const char *model = jobs->model[i / jobs->formats];

        progress_update(&bar, (size_t)i, (size_t)count);
        fine = run_child(report, model, jobs->format[i % jobs->formats], options, error);
        if (fine || !jobs->all || error->code == EXIT_INTERRUPTED)
            continue;
        progress_end(&bar);
        fprintf(stderr, "note: %s is left out: %s\n", model, error->text);
        *error = (Error){0};
        fine = true;
    }
    progress_end(&bar);
    return fine;
}

/* ---- for a person */

static Lesson screen_of(const Options *options)
{
    return (Lesson){ .out = stdout, .color = terminal_color(stdout, options->color),
                     .width = max_int(LESSON_NARROW, min_int(LESSON_WIDE,
                                                             terminal_width(stdout))) };
}

static void print_rows(const Report *report, int column, int first, int rows,
                       const Options *options)
{
    Lesson screen = screen_of(options);
    Arena arena = {0};
    ReportTable t;

    report_table(&t, report, column, first, rows, &arena);
    picture_table(&screen, report->suite, t.head, t.align, t.cell, t.rows);
    arena_free(&arena);
}

static double number_at(const Report *report, int r, int column)
{
    return report_cell(report, r, column).number;
}

/* The rows of one job: load, some tests, three walls, as speed_run makes them. Returns
 * the row behind them. */
static int print_job(const Report *report, int first, const Options *options)
{
    int r = first + 1;

    while (r < report->rows && !isnan(number_at(report, r, SPEED_tokens)))
        r++;
    printf("\n%s, %s: weights %.1f MB, loaded in %.1f ms, peak memory %.1f MB\n",
           report_cell(report, first, SPEED_model).text,
           report_cell(report, first, SPEED_format).text,
           number_at(report, first, SPEED_weights_bytes) / 1e6,
           number_at(report, first, SPEED_seconds) * 1e3,
           number_at(report, first, SPEED_peak_memory_bytes) / 1e6);
    print_rows(report, SPEED_test, first + 1, r - first - 1, options);
    if (r + 3 > report->rows)
        return report->rows;
    printf("\n  walls: memory %.1f GB/s (1 thread: %.1f), %s %.1f GFLOP/s\n",
           number_at(report, r + 1, SPEED_bytes_per_second) / 1e9,
           number_at(report, r, SPEED_bytes_per_second) / 1e9,
           report_cell(report, r + 2, SPEED_wall).text,
           number_at(report, r + 2, SPEED_operations_per_second) / 1e9);
    return r + 3;
}

static void print_report(const Report *report, const Options *options)
{
    printf("%s, %.0f threads (%s), kernels %s, %s\n",
           report_get_fact(report, "processor").text,
           report_get_fact(report, "threads").number,
           report_get_fact(report, "threading").text,
           report_get_fact(report, "kernels").text,
           report_get_fact(report, "compiler").text);
    for (int r = 0; r < report->rows;)
        r = print_job(report, r, options);
    printf("\nms: the median of %d runs; ± %%: half of its 95 %% interval; of it: share of "
           "the\nwall, in %%: how near to the fastest that this machine can read or "
           "multiply.\n", options->repeat);
}

/* ---- what it is compared with */

typedef struct {
    Report before, said;            /* the earlier run; what is said of it   */
    int lines;                      /* of the record, or 1; 0: nothing there */
    int slower;
} Comparison;

static bool read_baseline(Comparison *c, const char *path, Error *error)
{
    JsonDocument document;
    bool fine;

    report_init(&c->before, "speed", speed_columns);
    if (!json_read_file(&document, path, JSON_PLAIN, error))
        return false;
    fine = report_read(&c->before, document.root, "tests", error)
        || error_where(error, "%s", path);
    json_free(&document);
    c->lines = 1;
    return fine;
}

static void compare(Comparison *c, const Report *report)
{
    if (c->lines > 0)
        verdict_compare(&c->said, &c->before, report, &c->slower);
}

static void comparison_free(Comparison *c)
{
    report_free(&c->before);
    report_free(&c->said);
}

static void print_comparison(const Comparison *c, const char *path, const Options *options)
{
    if (c->lines == 0)
        return;
    printf("\nbeside %s%s\n", path, c->said.rows == 0 ? ": no test is in both" : "");
    for (int f = 0; f < c->said.facts; f++)
        if (strcmp(c->said.fact[f].name, "date") != 0)
            printf("  %s: %s\n", c->said.fact[f].name, c->said.fact[f].value.text);
    print_rows(&c->said, 0, 0, c->said.rows, options);
}

static void write_comparison(const Comparison *c, const char *key, JsonWriter *w)
{
    if (c->lines == 0)
        return;
    json_write_object(w, key);
    report_json(&c->said, "tests", w);
    json_write_integer(w, "slower", c->slower);
    json_write_object_end(w);
}

static void show(const Report *report, const Comparison *baseline,
                 const Comparison *record, const Options *o)
{
    JsonWriter w = { .out = stdout };

    if (o->json) {
        json_write_object(&w, NULL);
        report_json(report, "tests", &w);
        write_comparison(baseline, "baseline", &w);
        write_comparison(record, "record", &w);
        json_write_object_end(&w);
        json_write_line(&w);
    } else {
        print_report(report, o);
        print_comparison(baseline, o->baseline, o);
        print_comparison(record, o->record, o);
    }
    if (record->slower > 0)
        fprintf(stderr, "note: %d %s slower than the last %d of %s, beyond the noise\n",
                record->slower, record->slower == 1 ? "test is" : "tests are",
                record->lines, o->record);
}

/* ---- the word */

/* What can be wrong with the options and the files is known before anything runs. */
static bool prepare(Report *report, Comparison *baseline, Comparison *record,
                    const Options *o, Error *error)
{
    if (o->words != NULL)
        return error_code(error, EXIT_USAGE, "benchmark: takes no words, and got: %s; "
                          "a model is --model M", o->words);
    if (strcmp(o->suite, "speed") != 0)
        return error_code(error, EXIT_USAGE, "benchmark: there is no suite %s: the one "
                          "that there is is speed", o->suite);
    if (o->threads > 0)
        parallel_set_threads(o->threads);
    if (!kernels_choose(o->kernels, error)
        || (o->out != NULL && !report_may_save(o->out, error)))
        return false;
    speed_begin(report);
    if (o->label != NULL)
        report_fact(report, "label", o->label);
    return (o->label == NULL || check_text("--label", o->label, strlen(o->label), error))
        && (o->baseline == NULL || read_baseline(baseline, o->baseline, error))
        && (o->record == NULL || record_read(&record->before, &record->lines, o->record,
                                             report, error));
}

/* --model and --quantize, or every model that is found, as its file has it. */
static Jobs jobs_of(const Options *o, Arena *arena)
{
    static const char *const as_it_is[] = { "none" };
    Jobs jobs = { o->models.item, o->formats.item, o->models.count, o->formats.count,
                  o->models.count == 0 };
    const FoundModel *found;
    const char **names;

    if (jobs.formats == 0)
        jobs.format = as_it_is, jobs.formats = 1;
    if (!jobs.all)
        return jobs;
    found = models_found(arena, &jobs.models);
    names = arena_get(arena, (size_t)jobs.models * sizeof *names + 1);
    for (int i = 0; i < jobs.models; i++)
        names[i] = found[i].name;
    jobs.model = names;
    return jobs;
}

int command_benchmark(const Options *options)
{
    Arena arena = {0};
    Report report = {0};
    Comparison baseline = {0}, record = {0};
    Error error = {0};
    Jobs jobs = jobs_of(options, &arena);
    bool fine = prepare(&report, &baseline, &record, options, &error)
             && (jobs.models * jobs.formats == 1
                 ? run_here(&report, jobs.model[0], jobs.format[0], options, &error)
                 : run_children(&report, &jobs, options, &error));

    if (fine && report.rows == 0)
        fine = error_set(&error, "benchmark: there is no model to measure: name one with "
                         "--model; ./run models lists those that are here");
    if (fine) {
        compare(&baseline, &report);
        compare(&record, &report);
        show(&report, &baseline, &record, options);
        fine = (options->out == NULL || report_save(&report, options->out, &error))
            && (options->record == NULL || record_append(options->record, &report, &error));
    }
    comparison_free(&baseline);
    comparison_free(&record);
    report_free(&report);
    arena_free(&arena);
    return finish(fine, &error);
}
