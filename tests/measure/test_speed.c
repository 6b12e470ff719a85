/* test_speed.c - what a test has to do, and what follows from given seconds; no times */
#include "decode/storyteller.h"
#include "measure/speed.h"

#include <math.h>
#include <stdlib.h>

#include "kernels/dot.h"

static Error error;
static const SpeedPlan plan = { .name = "a model", .format = "int4", .prompt_tokens = 12,
                                .n = 4, .repeats = 3, .load_seconds = 0.5 };

static double at(const Report *r, int i, int column)
{
    return report_cell(r, i, column).number;
}

/* ---- what there is to do */

/* Bytes of the matrices of a file: its tensors of two dimensions, counted from its own
 * header; and how many numbers they hold. The storyteller's output is its embedding. */
static double file_bytes(const char *part, double *numbers)
{
    size_t length;
    char *bytes = test_read("models/storyteller/model.safetensors", &length);
    uint64_t header;
    JsonDocument document;
    double all = 0;

    memcpy(&header, bytes, 8);
    expect_ok(json_parse(&document, bytes + 8, (size_t)header, JSON_PLAIN, JSON_DEPTH,
                         &error), &error);
    *numbers = 0;
    for (const Json *t = document.root->child; t != NULL; t = t->next) {
        const Json *shape = json_get(t, "shape"), *offsets = json_get(t, "data_offsets");
        double begin, end, rows, columns;

        if (shape == NULL || shape->count != 2 || strstr(t->key, part) == NULL)
            continue;
        json_number(&begin, offsets->child), json_number(&end, offsets->child->next);
        json_number(&rows, shape->child), json_number(&columns, shape->child->next);
        all += end - begin, *numbers += rows * columns;
    }
    json_free(&document);
    free(bytes);
    return all;
}

TEST(costs_are_those_of_the_tensors)
{
    SpeedCosts c;
    double numbers;

    open_storyteller();
    c = speed_costs(&model.weights, model.config.L);
    expect(c.layers == file_bytes("layers", &numbers) && c.layers > 1e6);
    expect(c.layer_operations == 2 * numbers);
    expect(c.output == file_bytes("embed", &numbers) && c.output > 1e5);
    expect(c.output_operations == 2 * numbers);
    close_storyteller();
}

/* 300 tokens in passes of 128 read the layers three times and the output once. */
TEST(tests_count_passes)
{
    const SpeedCosts c = { 1000, 10, 600, 6 };
    SpeedTest t = speed_prompt(&c, "prompt", 300, 128);

    expect(t.tokens == 300 && t.bytes == 3 * 1000 + 10 && t.operations == 300 * 600 + 6);
    t = speed_prompt(&c, "prompt", 256, 128);
    expect(t.bytes == 2 * 1000 + 10);
    t = speed_generate(&c, 64);
    expect(t.tokens == 64 && t.bytes == 64 * 1010 && t.operations == 64 * 606);
}

/* Short tests are run until they take 50 ms, at most a hundred times. */
TEST(short_tests_are_repeated)
{
    expect_int(speed_times(1), 1);
    expect_int(speed_times(0.05), 1);
    expect_int(speed_times(0.049), 2);
    expect_int(speed_times(0.01), 5);
    expect_int(speed_times(1e-6), 100);
    expect_int(speed_times(0), 100);
}

/* ---- rows from given seconds */

TEST(row_has_the_units_that_it_says)
{
    const Walls walls = { .read = 20e9, .read_one = 10e9, .arithmetic = 100e9,
                          .usual_read = 16e9, .usual_arithmetic = 50e9,
                          .unit = "AVX2 FMA" };
    const SpeedTest generate = { "generate", 64, 32e9, 64e9 };
    const SpeedTest prompt = { "prompt", 512, 2e9, 400e9 };
    Report r;

    speed_begin(&r);
    speed_row(&r, &plan, &generate, (const double[]){ 2.5, 2.0, 1.9 }, 3, &walls);
    expect_text(report_cell(&r, 0, SPEED_model).text, "a model");
    expect_text(report_cell(&r, 0, SPEED_format).text, "int4");
    expect_text(report_cell(&r, 0, SPEED_test).text, "generate");
    expect(at(&r, 0, SPEED_seconds) == 2 && at(&r, 0, SPEED_seconds_low) == 1.9
           && at(&r, 0, SPEED_seconds_high) == 2.5);
    expect_close(at(&r, 0, SPEED_spread), 0.15, 1e-12);         /* 0.6 / 2 / 2 */
    expect(at(&r, 0, SPEED_tokens_per_second) == 32);
    expect(at(&r, 0, SPEED_bytes_per_token) == 0.5e9);
    expect(at(&r, 0, SPEED_bytes_per_second) == 16e9);
    expect(at(&r, 0, SPEED_operations_per_second) == 32e9);
    /* 32 GB at 20 GB/s: 1.6 s; 64 G operations: 0.64 s. Memory is the wall. */
    expect_text(report_cell(&r, 0, SPEED_wall).text, "memory");
    expect(at(&r, 0, SPEED_usual_wall_seconds) == 2);
    expect(at(&r, 0, SPEED_wall_seconds) == 1.6 && at(&r, 0, SPEED_wall_share) == 0.8);
    speed_row(&r, &plan, &prompt, (const double[]){ 5 }, 1, &walls);
    expect_text(report_cell(&r, 1, SPEED_wall).text, "AVX2 FMA");
    expect(at(&r, 1, SPEED_wall_seconds) == 4 && at(&r, 1, SPEED_wall_share) == 0.8);
    expect(isnan(at(&r, 1, SPEED_spread)));     /* one run knows no noise    */
    expect(at(&r, 1, SPEED_repeats) == 1 && r.samples[0].n == 3);
    report_free(&r);
}

/* How fast is not tested; that something was measured is. */
TEST(walls_are_there_for_every_format)
{
    parallel_set_threads(2);
    for (Format format = 0; format < FORMAT_COUNT; format++) {
        WallsWork *work = walls_begin(format, &error);
        Walls w;

        expect_ok(work != NULL, &error);
        for (int i = 0; i < 3; i++)
            walls_round(work);
        w = walls_end(work);
        expect(w.usual_read > 0 && w.usual_read <= w.read);
        expect(w.usual_arithmetic > 0 && w.usual_arithmetic <= w.arithmetic);
        expect(isfinite(w.read) && w.read > 0 && isfinite(w.read_one) && w.read_one > 0);
        expect(isfinite(w.arithmetic) && w.arithmetic > 0 && w.unit[0] != '\0');
        expect_int(parallel_threads(), 2);
    }
}

/* ---- the whole suite on the tiny model */

TEST(suite_fills_its_rows)
{
    static const char *const tests[] = { "load", "prompt", "first token", "generate",
                                         "wall: read, 1 thread", "wall: read",
                                         "wall: multiply" };
    Session session;
    Report r;
    SpeedCosts c;

    open_storyteller();
    expect_ok(session_init(&session, &model, speed_positions(&plan, &model.config), 5,
                           FORMAT_F16, &error), &error);
    speed_begin(&r);
    expect_ok(speed_run(&r, &session, &plan, &error), &error);
    expect_int(r.rows, 7);
    for (int i = 0; i < 7; i++)
        expect_text(report_cell(&r, i, SPEED_test).text, tests[i]);
    c = speed_costs(&model.weights, model.config.L);
    expect(at(&r, 0, SPEED_seconds) == 0.5 && at(&r, 0, SPEED_weights_bytes) > 0
           && at(&r, 0, SPEED_peak_memory_bytes) > at(&r, 0, SPEED_weights_bytes));
    expect(at(&r, 1, SPEED_tokens) == 12 && at(&r, 2, SPEED_tokens) == 9
           && at(&r, 3, SPEED_tokens) == 4);
    expect(at(&r, 1, SPEED_bytes) == 3 * c.layers + c.output);  /* chunks of 5 */
    expect(at(&r, 2, SPEED_bytes) == 2 * c.layers + c.output);
    expect(at(&r, 3, SPEED_bytes_per_token) == c.layers + c.output);
    for (int i = 1; i < 4; i++)
        expect(r.samples[i].n == 3 && at(&r, i, SPEED_seconds) > 0);
    report_free(&r);
    session_free(&session);
    close_storyteller();
}

static bool stop(void *context, size_t done, size_t total)
{
    (void)context, (void)done, (void)total;
    return false;
}

TEST(a_watch_stops_it)
{
    const Watch never = { stop, NULL };
    Session session;
    Report r;

    open_storyteller();
    expect_ok(session_init(&session, &model, 12, 12, FORMAT_F32, &error), &error);
    session.watch = &never;
    speed_begin(&r);
    expect(!speed_run(&r, &session, &plan, &error));
    expect_int(error.code, EXIT_INTERRUPTED);
    report_free(&r);
    session_free(&session);
    close_storyteller();
}

TEST(positions_are_bounded_by_the_context)
{
    const Config small = { .context = 8 }, large = { .context = 1000 };
    SpeedPlan p = plan;

    expect_int(speed_positions(&p, &large), 12);
    p.n = 100;
    expect_int(speed_positions(&p, &large), 100);
    p.n = p.prompt_tokens = 1;
    expect_int(speed_positions(&p, &large), 9);
    expect_int(speed_positions(&p, &small), 8);
}

const Test speed_tests[] = {
    { "costs_are_those_of_the_tensors", costs_are_those_of_the_tensors },
    { "tests_count_passes", tests_count_passes },
    { "short_tests_are_repeated", short_tests_are_repeated },
    { "row_has_the_units_that_it_says", row_has_the_units_that_it_says },
    { "walls_are_there_for_every_format", walls_are_there_for_every_format },
    { "suite_fills_its_rows", suite_fills_its_rows },
    { "a_watch_stops_it", a_watch_stops_it },
    { "positions_are_bounded_by_the_context", positions_are_bounded_by_the_context },
    { NULL, NULL },
};
