/* test_verdict.c - faster, slower, or noise; and a record that grows by lines */
#include "test.h"
#include "measure/record.h"
#include "measure/verdict.h"

#include <math.h>
#include <stdlib.h>

static Error error;
static const SpeedPlan plan = { .name = "m", .format = "F16" };
static const SpeedTest generate = { "generate", 64, 32e9, 64e9 };
static const Walls walls = { 99e9, 999e9, 20e9, 100e9, 10e9, "AVX2 FMA" };

/* A report of one test, on this processor, when memory gave usually so many GB/s. */
static Report made(const char *processor, const double *seconds, int n, double read)
{
    Walls w = walls;
    Report r;

    w.usual_read = read * 1e9;
    speed_begin(&r);
    report_fact(&r, "processor", processor);
    speed_row(&r, &plan, &generate, seconds, n, &w);
    return r;
}

#define FIVE(a, b, c, d, e) (const double[]){ a, b, c, d, e }, 5

static Verdict verdict(const double *before, const double *now, double wall)
{
    return verdict_of(before, 5, now, 5, wall);
}

/* ---- verdicts */

TEST(medians_beyond_the_noise_count)
{
    const double a[] = { 1.00, 0.98, 1.02, 1.01, 0.99 };        /* h = 2 %   */
    const double faster[] = { 0.90, 0.89, 0.91, 0.90, 0.90 };   /* h = 1.1 % */
    const double slower[] = { 1.10, 1.11, 1.09, 1.10, 1.10 };
    const double near[] = { 0.98, 0.97, 0.99, 0.98, 0.98 };
    const double wide[] = { 0.90, 0.70, 1.30, 0.80, 1.20 };     /* h = 33 %  */
    Verdict v = verdict(a, faster, 1);
    char text[80];

    expect_int(v.kind, VERDICT_FASTER);
    expect_close(v.ratio, 1 / 0.9, 1e-12);
    expect_close(v.noise, 0.02 + 0.01 / 0.9, 1e-12);
    expect_text(verdict_text(&v, text), "faster 1.11×");
    v = verdict(a, slower, 1);
    expect_text(verdict_text(&v, text), "slower 0.91×");
    v = verdict(a, near, 1);
    expect_text(verdict_text(&v, text), "no difference beyond the noise (±3 %)");
    v = verdict(a, wide, 1);
    expect_int(v.kind, VERDICT_SAME);
    expect_close(v.noise, 0.02 + 0.6 / 2 / 0.9, 1e-12);
    expect_int(verdict(a, a, 1).kind, VERDICT_SAME);
}

/* There is always some noise, however alike the runs of one process are. */
TEST(some_noise_is_always_there)
{
    const double a[] = { 1, 1, 1, 1, 1 }, b[] = { 0.98, 0.98, 0.98, 0.98, 0.98 };
    const double c[] = { 0.96, 0.96, 0.96, 0.96, 0.96 };

    expect(verdict(a, b, 1).noise == 0.03);
    expect_int(verdict(a, b, 1).kind, VERDICT_SAME);
    expect_int(verdict(a, c, 1).kind, VERDICT_FASTER);
}

/* What the wall did is the machine's doing. */
TEST(a_wall_that_moved_is_noise)
{
    const double a[] = { 1, 1, 1, 1, 1 }, b[] = { 1.1, 1.1, 1.1, 1.1, 1.1 };

    expect_int(verdict(a, b, 1).kind, VERDICT_SLOWER);
    expect_int(verdict(a, b, 0.88).kind, VERDICT_SAME);
    expect_close(verdict(a, b, 0.88).noise, 1 / 0.88 - 1, 1e-12);
    expect_int(verdict(a, b, 1.12).kind, VERDICT_SAME);
}

TEST(few_runs_say_nothing)
{
    const double a[] = { 1, 1, 1 }, b[] = { 9, 9, 9 }, zero[] = { 0, 0, 0 };
    char text[80];
    Verdict v = verdict_of(a, 2, b, 3, 1);

    expect_text(verdict_text(&v, text), "too few runs to tell");
    expect_int(verdict_of(a, 3, b, 1, 1).kind, VERDICT_FEW);
    expect_int(verdict_of(a, 3, b, 3, 1).kind, VERDICT_SLOWER);
    expect_int(verdict_of(zero, 3, b, 3, 1).kind, VERDICT_FEW);
    expect_int(verdict_of(a, 3, zero, 3, 1).kind, VERDICT_FEW);
}

/* A normal number, from twelve uniform ones. */
static double normal(uint64_t *state)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += test_random(state) / 4294967296.0;
    return sum;
}

/* Five samples on either side, sigma 7 %: of the same distribution, about 1 % are called a
 * difference (numpy, 40,000 pairs: 1.3 %); when the second is 4 sigma slower, most are
 * (93 %). */
TEST(false_alarms_are_rare_and_drops_are_seen)
{
    uint64_t state = 1;
    int alarms = 0, seen = 0, pairs = 4000;
    double a[5], b[5];

    for (int i = 0; i < pairs; i++) {
        for (int j = 0; j < 5; j++) {
            a[j] = exp(0.07 * normal(&state));
            b[j] = exp(0.07 * normal(&state));
        }
        alarms += verdict(a, b, 1).kind != VERDICT_SAME;
        for (int j = 0; j < 5; j++)
            b[j] *= 1.28;
        seen += verdict(a, b, 1).kind == VERDICT_SLOWER;
    }
    expect(alarms > 0 && alarms < pairs * 2 / 100);
    expect(seen > pairs * 85 / 100);
}

/* ---- reports */

TEST(tests_are_compared_one_by_one)
{
    Report a = made("P", FIVE(2, 2, 2, 2, 2), 20), b = made("P", FIVE(3, 3, 3, 3, 3), 20);
    Report said;
    int slower;

    report_row(&b);                             /* a test that a lacks       */
    report_text(&b, SPEED_test, "another");
    report_samples(&b, FIVE(1, 1, 1, 1, 1));
    report_fact(&a, "kernels", "other");
    verdict_compare(&said, &a, &b, &slower);
    expect_int(said.rows, 1);
    expect_int(slower, 1);
    expect_text(report_cell(&said, 0, COMPARED_verdict).text, "slower 0.67×");
    expect_text(report_cell(&said, 0, COMPARED_test).text, "generate");
    expect(report_cell(&said, 0, COMPARED_seconds_before).number == 2);
    expect(report_cell(&said, 0, COMPARED_seconds).number == 3);
    expect(strncmp(report_get_fact(&said, "kernels").text, "other, now ", 11) == 0);
    expect(report_get_fact(&said, "processor").text == NULL);
    report_free(&said);
    report_free(&a);
    report_free(&b);
}

TEST(the_wall_of_each_run_is_used)
{
    Report a = made("P", FIVE(2, 2, 2, 2, 2), 20);
    Report b = made("P", FIVE(2.5, 2.5, 2.5, 2.5, 2.5), 16), said;
    int slower;

    verdict_compare(&said, &a, &b, &slower);    /* the wall fell by a fifth too */
    expect_int(slower, 0);
    expect_close(report_cell(&said, 0, COMPARED_wall_ratio).number, 0.8, 1e-12);
    expect_text(report_cell(&said, 0, COMPARED_verdict).text,
                "no difference beyond the noise (±25 %)");
    report_free(&said);
    report_free(&a);
    report_free(&b);
}

TEST(another_processor_gets_no_verdict)
{
    Report a = made("P", FIVE(2, 2, 2, 2, 2), 20), b = made("Q", FIVE(9, 9, 9, 9, 9), 20);
    Report said;
    int slower;

    verdict_compare(&said, &a, &b, &slower);
    expect_int(slower, 0);
    expect_text(report_cell(&said, 0, COMPARED_verdict).text,
                "another processor: no verdict");
    expect_text(report_get_fact(&said, "processor").text, "P, now Q");
    report_free(&said);
    report_free(&a);
    report_free(&b);
}

/* ---- a record */

static int lines_of(const char *path, Report *pooled, const Report *now)
{
    int lines;

    expect_ok(record_read(pooled, &lines, path, now, &error), &error);
    return lines;
}

static void add(const char *path, const char *processor, double seconds)
{
    Report r = made(processor, FIVE(seconds * 0.99, seconds, seconds, seconds,
                                    seconds * 1.02), 20);

    expect_ok(record_append(path, &r, &error), &error);
    report_free(&r);
}

TEST(record_grows_and_is_pooled)
{
    const char *path = test_scratch("record.jsonl");
    Report now = made("P", FIVE(2, 2, 2, 2, 2), 20), pooled;
    char *text;
    int newlines = 0;

    expect_int(lines_of(path, &pooled, &now), 0);       /* no file           */
    expect_int(pooled.rows, 0);
    report_free(&pooled);
    add(path, "P", 9);
    expect_int(lines_of(path, &pooled, &now), 1);       /* its own samples   */
    expect(pooled.samples[0].n == 5 && pooled.samples[0].x[4] == 9 * 1.02);
    report_free(&pooled);
    add(path, "Q", 50);                                 /* another machine   */
    for (int i = 1; i <= 5; i++)
        add(path, "P", i);
    expect_int(lines_of(path, &pooled, &now), 5);       /* 9 is too long ago */
    expect_int(pooled.rows, 1);
    expect_int(pooled.samples[0].n, 5);
    for (int i = 0; i < 5; i++)
        expect(pooled.samples[0].x[i] == i + 1);        /* their medians     */
    report_free(&pooled);
    text = test_read(path, NULL);
    for (char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        newlines++;
    expect_int(newlines, 7);
    free(text);
    report_free(&now);
}

TEST(other_kernels_and_threads_are_other_machines)
{
    const char *path = test_scratch("others.jsonl");
    Report now = made("P", FIVE(2, 2, 2, 2, 2), 20), pooled;

    add(path, "P", 2);
    report_fact_number(&now, "threads", 77);
    expect_int(lines_of(path, &pooled, &now), 0);
    report_free(&pooled);
    report_free(&now);
}

static void spoilt(const char *text, const char *because)
{
    const char *path = test_scratch("spoilt.jsonl");
    Report now = made("P", FIVE(2, 2, 2, 2, 2), 20), pooled;
    int lines;

    test_write(path, text, strlen(text));
    error = (Error){0};
    if (record_read(&pooled, &lines, path, &now, &error) || error.code != EXIT_INPUT
        || !error_mentions(&error, because))
        test_fail(__FILE__, __LINE__, "%s: %s, not %s", text, error.text, because);
    report_free(&pooled);
    report_free(&now);
}

TEST(a_spoilt_line_is_named)
{
    const char *path = test_scratch("empty.jsonl"), *open_end;
    Report now = made("P", FIVE(2, 2, 2, 2, 2), 20), pooled;

    spoilt("{\"suite\":\"speed\",\"facts\":{},\"tests\":[]}\n{\"sui", "line 2");
    spoilt("hello\n", "line 1");
    spoilt("{\"suite\":\"mmlu\",\"facts\":{},\"tests\":[]}\n", "not results of the suite");
    test_write(path, "", 0);
    expect_int(lines_of(path, &pooled, &now), 0);
    report_free(&pooled);
    /* A last line without its newline, and blank lines, are fine. */
    open_end = "\n{\"suite\":\"speed\",\"facts\":{},\"tests\":[]}";
    test_write(path, open_end, strlen(open_end));
    expect_int(lines_of(path, &pooled, &now), 0);
    report_free(&pooled);
    add(path, "P", 2);
    expect_int(lines_of(path, &pooled, &now), 1);
    report_free(&pooled);
    report_free(&now);
}

const Test verdict_tests[] = {
    { "medians_beyond_the_noise_count", medians_beyond_the_noise_count },
    { "some_noise_is_always_there", some_noise_is_always_there },
    { "a_wall_that_moved_is_noise", a_wall_that_moved_is_noise },
    { "few_runs_say_nothing", few_runs_say_nothing },
    { "false_alarms_are_rare_and_drops_are_seen", false_alarms_are_rare_and_drops_are_seen },
    { "tests_are_compared_one_by_one", tests_are_compared_one_by_one },
    { "the_wall_of_each_run_is_used", the_wall_of_each_run_is_used },
    { "another_processor_gets_no_verdict", another_processor_gets_no_verdict },
    { "record_grows_and_is_pooled", record_grows_and_is_pooled },
    { "other_kernels_and_threads_are_other_machines",
      other_kernels_and_threads_are_other_machines },
    { "a_spoilt_line_is_named", a_spoilt_line_is_named },
    { NULL, NULL },
};
