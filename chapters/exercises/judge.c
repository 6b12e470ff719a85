/* judge.c - the main() of a judged program: cases one after another, and a report
 *
 *      chapters/exercises/answers/04.2.c   the pupil's function      ─┐
 *      chapters/exercises/chapter04/2_….key.c   makes cases, compares │  cc
 *      judge.c, judge_compare.c   this                                ├─────► program
 *      build/libbillion.a         the engine: the answer key         ─┘
 *
 *      program ──► case 0, 1, … visible ──► case …, hidden, from --seed ──► "end"
 *                     │                                                      │
 *                     │ first difference                                     ▼
 *                     └────────────────► what it was, expected, got ──► the report
 *
 * The program is what ./run grade runs in a child with limits, and also what a pupil
 * runs in a debugger: then one case is picked with --case, the report is plain text,
 * and nothing is in the way between `break my_function` and the answer.
 *
 * The report goes to a file, one JSON object a line, each written before the next
 * thing happens: {"begin":3} stands there when the pupil's function crashes in case
 * 3. And {"end":…} stands there only if main() came to its end: a pupil's function
 * that calls exit(0) has passed nothing.
 *
 * Arrays lie between fences. Under AddressSanitizer these are its own, and it names
 * the pupil's line; in a build without it (the debugger's) there are 64 bytes on
 * either side, and they are looked at when the case ends.
 *
 *      --seed S     hidden cases from this seed (0)
 *      --case N     only this one
 *      --race       time exercise.race instead
 *      --report F   JSON lines into F
 *
 * Read next: chapters/exercises/judge_compare.c, then a key.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/random.h"
#include "chapters/exercises/judge_case.h"
#include "files/json_write.h"

#if defined(__SANITIZE_ADDRESS__)
#define FENCE 0                     /* gcc: the sanitizer's own are better   */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FENCE 0                     /* clang                                 */
#endif
#endif
#ifndef FENCE
#define FENCE 64                    /* bytes on either side                  */
#endif

#define SHOWN 8                     /* numbers of an array in what it says   */
#define RACE_SECONDS 0.3            /* at least so long for each racer       */

struct CaseArray {
    CaseArray *before;
    unsigned char *block;           /* fence, data, fence                    */
    size_t bytes;                   /* of data                               */
};

static FILE *report;                /* NULL: plain text on stdout            */

/* ---- the report: one object a line, on the disk before anything else happens */

static void report_integer(const char *key, int64_t value)
{
    JsonWriter w = { .out = report };

    if (report == NULL)
        return;
    json_write_object(&w, NULL);
    json_write_integer(&w, key, value);
    json_write_object_end(&w);
    json_write_line(&w);
    fflush(report);
}

static void report_text(const char *key, const char *text)
{
    JsonWriter w = { .out = report };

    if (report == NULL)
        return;
    json_write_object(&w, NULL);
    json_write_word(&w, key, text);
    json_write_object_end(&w);
    json_write_line(&w);
    fflush(report);
}

static void report_difference(const Difference *d)
{
    JsonWriter w = { .out = report };

    json_write_object(&w, NULL);
    json_write_word(&w, "wrong", d->what);
    json_write_integer(&w, "index", d->index);
    json_write_integer(&w, "count", d->n);
    json_write_integer(&w, "wrong_count", d->wrong);
    json_write_integer(&w, "calls", exercise.each && d->index > 0 ? d->index : 0);
    json_write_word(&w, "expected", d->want);
    json_write_word(&w, "got", d->got);
    json_write_integer(&w, "ulps", d->ulps > INT64_MAX ? INT64_MAX : (int64_t)d->ulps);
    if (d->guess != NULL)
        json_write_word(&w, "guess", d->guess);
    json_write_object_end(&w);
    json_write_line(&w);
    fflush(report);
}

static void print_difference(const Case *c, const Difference *d)
{
    printf("case %d: %s\n%s\n", c->number, c->hidden ? "hidden" : "visible",
           c->says.length > 0 ? c->says.bytes : "");
    if (d->index >= 0)
        printf("%s[%d] is wrong", d->what, d->index);
    else
        printf("%s is wrong", d->what);
    printf("\n  expected %s\n  got      %s\n", d->want, d->got);
    if (d->guess != NULL)
        printf("perhaps: %s\n", d->guess);
}

_Noreturn void judge_fail(Case *c, const Difference *difference)
{
    if (report != NULL)
        report_difference(difference);
    else
        print_difference(c, difference);
    longjmp(c->over, 1);
}

/* ---- making a case */

int case_number(const Case *c)
{
    return c->number;
}

bool case_hidden(const Case *c)
{
    return c->hidden;
}

uint32_t case_random(Case *c)
{
    const uint32_t key[2] = { (uint32_t)c->seed, (uint32_t)(c->seed >> 32) };
    const uint32_t counter[4] = { c->draws++, (uint32_t)c->number, 0, c->hidden };
    uint32_t out[4];

    random_philox(out, counter, key);
    return out[0];
}

int case_between(Case *c, int low, int high)
{
    must(low <= high, "case_between(%d, %d)", low, high);
    return (int)(low + (int64_t)(case_random(c) % ((uint64_t)high - (uint64_t)low + 1)));
}

void case_fill(Case *c, float *x, int n)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)(int32_t)(case_random(c) >> 8) / 8388608.0f - 1;
}

void *case_array(Case *c, int count, size_t size)
{
    CaseArray *array = memory_get(1, sizeof *array);

    must(count >= 0, "an array of %d", count);
    array->bytes = (size_t)count * size;
    array->block = malloc(array->bytes + 2 * FENCE > 0 ? array->bytes + 2 * FENCE : 1);
    must(array->block != NULL, "no memory for an array of %zu bytes", array->bytes);
    memset(array->block, JUDGE_RUBBISH, array->bytes + 2 * FENCE);
    array->before = c->arrays;
    c->arrays = array;
    return array->block + FENCE;
}

void case_says(Case *c, const char *format, ...)
{
    char line[2000];
    va_list values;

    va_start(values, format);
    vsnprintf(line, sizeof line, format, values);
    va_end(values);
    text_add(&c->says, line, strlen(line));
    report_text("says", line);
}

void case_shows(Case *c, const char *name, const float *x, int n)
{
    char line[400];
    int used = snprintf(line, sizeof line, "%s [%d] =", name, n);

    for (int i = 0; i < n && i < SHOWN; i++)
        used += snprintf(line + used, sizeof line - (size_t)used, " %.9g", (double)x[i]);
    case_says(c, "%s%s%s\n", c->says.length == 0 || text_ends_with(c->says.bytes, "\n")
              ? "" : "\n", line, n > SHOWN ? " …" : "");
}

void case_stops(Case *c, const char *function)
{
    (void)c;
    report_text("stop", function);
}

/* ---- running */

/* Were the fences kept? The first byte that is not says where somebody wrote. */
static void look_at_fences(Case *c, const CaseArray *array)
{
    for (size_t i = 0; i < 2 * FENCE; i++) {
        size_t at = i < FENCE ? i : array->bytes + i;
        Difference d = { .what = "an array's fence", .index = -1 };

        if (array->block[at] == JUDGE_RUBBISH)
            continue;
        snprintf(d.want, sizeof d.want, "nothing written outside the array");
        snprintf(d.got, sizeof d.got, "a byte written %zu bytes %s an array of %zu bytes",
                 i < FENCE ? FENCE - i : i - FENCE, i < FENCE ? "before" : "behind the end of",
                 array->bytes);
        judge_fail(c, &d);
    }
}

static void free_arrays(Case *c)
{
    for (CaseArray *before; c->arrays != NULL; c->arrays = before) {
        before = c->arrays->before;
        free(c->arrays->block);
        memory_give_back(c->arrays);
    }
    text_free(&c->says);
}

/* Work, up to the first difference, which comes back here by longjmp: what the key had
 * opened stays open, which a program that is about to end can afford. */
static bool differs_nowhere(Case *c, void (*work)(Case *c))
{
    if (setjmp(c->over) != 0)
        return false;
    work(c);
    for (const CaseArray *a = c->arrays; a != NULL; a = a->before)
        look_at_fences(c, a);
    return true;
}

/* One case, or the race. */
static bool run_case(int number, uint64_t seed, void (*work)(Case *c))
{
    static Case c;                  /* not on the stack: longjmp may spoil it */
    bool passed;

    c = (Case){ .number = number, .hidden = number >= exercise.visible };
    c.seed = c.hidden ? seed : 0;
    if (work != exercise.race)          /* which is no case                  */
        report_integer("begin", number);
    if (exercise.stop != NULL)
        report_text("stop", exercise.stop);
    passed = differs_nowhere(&c, work);
    fflush(stdout);
    free_arrays(&c);
    return passed;
}

void judge_race(Case *c, const char *name, void (*work)(void *arg), void *arg)
{
    double begin = clock_seconds(), best = 1e9;
    JsonWriter w = { .out = report };

    (void)c;
    for (int i = 0; i < 3 || clock_seconds() - begin < RACE_SECONDS; i++) {
        double start = clock_seconds(), took;

        work(arg);
        took = clock_seconds() - start;
        best = took < best ? took : best;
    }
    if (report == NULL) {
        printf("%-24s %.3g s\n", name, best);
        return;
    }
    json_write_object(&w, NULL);
    json_write_word(&w, "racer", name);
    json_write_number(&w, "seconds", best, 6);
    json_write_object_end(&w);
    json_write_line(&w);
}

static int usage(void)
{
    fprintf(stderr, "usage: [--seed S] [--case N] [--race] [--report F]; cases 0 … %d\n",
            exercise.visible + exercise.hidden - 1);
    return EXIT_USAGE;
}

/* The exit status, when the report has arrived: a disk may be full. */
static int end(int code)
{
    bool lost = report != NULL && ferror(report) != 0;

    if (report != NULL)
        lost = fclose(report) != 0 || lost;
    if (lost)
        fprintf(stderr, JUDGE_NO_REPORT "\n");
    return lost ? EXIT_ROOM : code;
}

int main(int argc, char **argv)
{
    int first = 0, last = exercise.visible + exercise.hidden - 1;
    const char *path = NULL;
    uint64_t seed = 0;
    bool race = false;

    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;

        if (strcmp(argv[i], "--race") == 0)
            race = true;
        else if (value != NULL && strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[++i], NULL, 10);
        else if (value != NULL && strcmp(argv[i], "--case") == 0)
            first = last = atoi(argv[++i]);
        else if (value != NULL && strcmp(argv[i], "--report") == 0)
            path = argv[++i];
        else
            return usage();
    }
    if (first < 0 || last >= exercise.visible + exercise.hidden)
        return usage();
    if (path != NULL && (report = fopen(path, "w")) == NULL) {
        fprintf(stderr, JUDGE_NO_REPORT ": %s\n", path);
        return EXIT_ROOM;
    }
    parallel_set_threads(1);            /* a debugger follows one            */
    report_integer("visible", exercise.visible);
    if (race && exercise.race != NULL)
        run_case(0, 0, exercise.race);
    for (int i = first; i <= last && !race; i++)
        if (!run_case(i, seed, exercise.run))
            return end(EXIT_CHECK);
    report_integer("end", last + 1);
    if (report == NULL && !race)
        printf("%d case%s passed\n", last - first + 1, last > first ? "s" : "");
    return end(EXIT_FINE);
}
