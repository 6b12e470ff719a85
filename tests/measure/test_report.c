/* test_report.c - medians and intervals, and four ways to show the same rows */
#include "test.h"
#include "measure/report.h"

#include <math.h>
#include <stdlib.h>

static const ReportColumn columns[] = {
    { "name", "name", true, 1, 0 },
    { "bytes_per_second", "GB/s", false, 1e9, 2 },
    { "hidden", NULL, false, 1, 0 },
    { "empty", "empty", false, 1, 0 },
    { NULL, NULL, false, 0, 0 },
};

static Error error;

/* Two rows, one of them with everything that needs care in some format. */
static Report made(void)
{
    Report r;

    report_init(&r, "things", columns);
    report_fact(&r, "processor", "A \"fast\" one, with comma");
    report_fact_number(&r, "threads", 2);
    report_row(&r);
    report_text(&r, 0, "a|b,\"c\"");
    report_number(&r, 1, 12345678901.0);
    report_number(&r, 2, 0.1);
    report_samples(&r, (const double[]){ 0.5, 0.25, 1e-9 }, 3);
    report_row(&r);
    report_text(&r, 0, "plain");
    return r;
}

static char *saved(const Report *r, const char *name)
{
    const char *path = test_scratch(name);

    expect_ok(report_save(r, path, &error), &error);
    return test_read(path, NULL);
}

/* ---- spreads */

TEST(median_and_interval_of_known_samples)
{
    const double five[] = { 9, 1, 5, 3, 7 }, four[] = { 4, 1, 3, 2 }, one[] = { 2 };
    Spread s = spread_of(five, 5);

    expect(s.median == 5 && s.low == 1 && s.high == 9);
    expect(five[0] == 9);                       /* x is left as it was       */
    s = spread_of(four, 4);
    expect(s.median == 2.5 && s.low == 1 && s.high == 4);
    s = spread_of(one, 1);
    expect(s.median == 2 && s.low == 2 && s.high == 2);
}

/* Ranks of the two-sided 95 % sign interval, as printed in tables of the sign test;
 * they follow from binomial coefficients alone (exact integers gave these). */
TEST(interval_is_the_one_of_the_sign_test)
{
    static const int table[][2] = {
        { 2, 1 }, { 5, 1 }, { 6, 1 }, { 8, 1 }, { 9, 2 }, { 11, 2 }, { 12, 3 }, { 14, 3 },
        { 15, 4 }, { 17, 5 }, { 20, 6 }, { 23, 7 }, { 25, 8 }, { 30, 10 }, { 50, 18 },
        { 100, 40 }, { 1000, 469 } };
    double x[1000];

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int n = table[i][0], k = table[i][1];
        Spread s;

        for (int j = 0; j < n; j++)
            x[j] = n - j;                       /* 1 … n, the wrong way      */
        s = spread_of(x, n);
        expect_int(s.low, k);
        expect_int(s.high, n + 1 - k);
        expect(s.median == (n + 1) / 2.0);
    }
}

/* ---- rows and facts */

TEST(cells_facts_and_appending)
{
    Report r = made(), other = made();

    report_fact(&other, "processor", "another");
    report_fact(&other, "extra", "new");
    for (int i = 0; i < 50; i++)
        report_append(&r, &other);
    expect_int(r.rows, 102);
    expect_text(report_cell(&r, 101, 0).text, "plain");
    expect(report_cell(&r, 100, 1).number == 12345678901.0);
    expect(isnan(report_cell(&r, 101, 1).number));
    expect(r.samples[100].n == 3 && r.samples[100].x[2] == 1e-9);
    expect_int(r.samples[101].n, 0);
    expect_text(report_get_fact(&r, "processor").text, "A \"fast\" one, with comma");
    expect_text(report_get_fact(&r, "extra").text, "new");
    expect(report_same_fact(&r, &other, "threads"));
    expect(!report_same_fact(&r, &other, "processor"));
    expect(report_same_fact(&r, &other, "nobody has it"));
    report_fact_number(&r, "threads", 3);
    expect_int(r.facts, 3);
    expect(report_get_fact(&r, "threads").number == 3);
    expect_int(report_find(&r, &other, 1, (const int[]){ 0, 1, -1 }), 1);
    report_text(&other, 0, "else");
    expect_int(report_find(&r, &other, 1, (const int[]){ 0, 1, -1 }), -1);
    report_free(&other);
    report_free(&r);
}

TEST(table_shows_what_a_person_reads)
{
    Report r = made();
    Arena arena = {0};
    ReportTable t;

    report_table(&t, &r, 0, 0, 2, &arena);
    expect_int(t.columns, 2);
    expect_int(t.rows, 2);
    expect_text(t.align, "lr");
    expect_text(t.head[1], "GB/s");
    expect_text(t.cell[0], "a|b,\"c\"");
    expect_text(t.cell[1], "12.35");
    expect_text(t.cell[3], "");
    report_table(&t, &r, 1, 0, 1, &arena);
    expect_int(t.columns, 1);
    expect_text(t.cell[0], "12.35");
    report_table(&t, &r, 1, 1, 1, &arena);      /* nothing there: no columns */
    expect_int(t.columns, 0);
    arena_free(&arena);
    report_free(&r);
}

/* ---- files */

TEST(json_reads_back)
{
    Report r = made(), again;
    char *text = saved(&r, "things.json");
    JsonDocument document;
    const Json *first;

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, JSON_DEPTH, &error),
              &error);
    first = json_get(document.root, "tests")->child;
    expect(json_equals(json_get(document.root, "suite"), "things"));
    expect_text(json_get(first, "bytes_per_second")->text, "12345678901");
    expect(json_is(json_get(first, "empty"), JSON_NULL));
    report_init(&again, "things", columns);
    expect_ok(report_read(&again, document.root, "tests", &error), &error);
    json_free(&document);
    expect_int(again.rows, 2);
    expect_text(report_cell(&again, 0, 0).text, "a|b,\"c\"");
    expect(report_cell(&again, 0, 1).number == 12345678901.0);
    expect(report_cell(&again, 0, 2).number == 0.1);
    expect(isnan(report_cell(&again, 0, 3).number));
    expect(again.samples[0].n == 3 && again.samples[0].x[1] == 0.25
           && again.samples[0].x[2] == 1e-9);
    expect(report_same_fact(&r, &again, "processor")
           && report_same_fact(&r, &again, "threads"));
    expect_text(saved(&again, "again.json"), text);
    report_free(&again);
    report_free(&r);
}

/* RFC 4180: quotes doubled, lines end with CR LF, as many fields in each. */
TEST(csv_is_as_the_standard_says)
{
    Report r = made();

    expect_text(saved(&r, "things.csv"),
                "name,bytes_per_second,hidden,empty,processor,threads\r\n"
                "\"a|b,\"\"c\"\"\",12345678901,0.1,,\"A \"\"fast\"\" one, with comma\",2\r\n"
                "plain,,,,\"A \"\"fast\"\" one, with comma\",2\r\n");
    report_free(&r);
    report_init(&r, "things", columns);         /* a quote without a comma   */
    report_row(&r);
    report_text(&r, 0, "6\" disk");
    expect_text(saved(&r, "quote.csv"), "name,bytes_per_second,hidden,empty\r\n"
                "\"6\"\" disk\",,,\r\n");
    report_free(&r);
}

TEST(markdown_is_a_table)
{
    Report r = made();

    expect_text(saved(&r, "things.md"),
                "# things\n\n- processor: A \"fast\" one, with comma\n- threads: 2\n\n"
                "| name | GB/s |\n|---|---:|\n| a\\|b,\"c\" | 12.35 |\n| plain |  |\n");
    report_free(&r);
}

TEST(the_name_says_the_kind)
{
    Report r = made();

    expect(!report_save(&r, test_scratch("things.txt"), &error));
    expect_int(error.code, EXIT_USAGE);
    expect(error_mentions(&error, ".json, .csv or .md"));
    expect(!report_save(&r, test_scratch("no/such/folder/things.csv"), &error));
    expect_int(error.code, EXIT_INPUT);
    report_free(&r);
}

/* ---- what is no such file */

static void refused(const char *text, const char *because)
{
    Report r;
    JsonDocument document;
    Error wrong = {0};

    expect_ok(json_parse(&document, text, strlen(text), JSON_PLAIN, JSON_DEPTH, &wrong),
              &wrong);
    report_init(&r, "things", columns);
    if (report_read(&r, document.root, "tests", &wrong) || wrong.code != EXIT_INPUT
        || !error_mentions(&wrong, because))
        test_fail(__FILE__, __LINE__, "%s: %s, not %s", text, wrong.text, because);
    report_free(&r);
    json_free(&document);
}

TEST(other_files_are_refused)
{
#define BEGIN "{\"suite\":\"things\",\"facts\":{},\"tests\":"
    refused("[]", "not results of the suite \"things\"");
    refused("{}", "not results");
    refused("{\"suite\":\"speed\",\"facts\":{},\"tests\":[]}", "not results");
    refused("{\"suite\":\"things\",\"facts\":[],\"tests\":[]}", "not results");
    refused(BEGIN "{}}", "not results");
    refused(BEGIN "[{\"name\":7}]}", "\"name\" at byte");
    refused(BEGIN "[{\"hidden\":\"7\"}]}", "must be a number");
    refused(BEGIN "[{\"hidden\":[1]}]}", "neither a text nor a number");
    refused(BEGIN "[{\"samples\":7}]}", "must be a list of numbers");
    refused(BEGIN "[{\"samples\":[1,\"2\"]}]}", "a sample at byte");
    refused("{\"suite\":\"things\",\"facts\":{\"a\":{}},\"tests\":[]}", "\"a\" at byte");
}

/* A later program may know more columns and facts, an earlier one fewer. */
TEST(unknown_keys_are_ignored)
{
    const char *text = BEGIN "[{\"new\":[1,{}],\"name\":null,\"hidden\":3}, 5]}";
    JsonDocument document;
    Report r;

    expect_ok(json_parse(&document, text, strlen(text), JSON_PLAIN, JSON_DEPTH, &error),
              &error);
    report_init(&r, "things", columns);
    expect_ok(report_read(&r, document.root, "tests", &error), &error);
    expect_int(r.rows, 2);
    expect(report_cell(&r, 0, 0).text == NULL && report_cell(&r, 0, 2).number == 3);
    report_free(&r);
    json_free(&document);
}

const Test report_tests[] = {
    { "median_and_interval_of_known_samples", median_and_interval_of_known_samples },
    { "interval_is_the_one_of_the_sign_test", interval_is_the_one_of_the_sign_test },
    { "cells_facts_and_appending", cells_facts_and_appending },
    { "table_shows_what_a_person_reads", table_shows_what_a_person_reads },
    { "json_reads_back", json_reads_back },
    { "csv_is_as_the_standard_says", csv_is_as_the_standard_says },
    { "markdown_is_a_table", markdown_is_a_table },
    { "the_name_says_the_kind", the_name_says_the_kind },
    { "other_files_are_refused", other_files_are_refused },
    { "unknown_keys_are_ignored", unknown_keys_are_ignored },
    { NULL, NULL },
};
