/* speed.c - how fast a model reads a prompt and writes, beside the machine's limits
 *
 *      load ──► warm up ──► peak of memory ──► R × ┌ walls        memory, arithmetic
 *               all tests once                     ├ prompt       512 tokens
 *                                                  ├ first token  9 tokens
 *                                                  └ generate     64 tokens
 *                                                      │ seconds
 *                    report ◄── medians, intervals ◄───┘
 *
 * Reading and writing are two different speeds. A prompt's tokens are all known: they go
 * through a layer together, each weight is read once for a whole chunk and used many
 * times, and arithmetic is the limit. A written token depends on the one before it: all
 * weights are read for one token, and memory is the limit. The first token of a short
 * prompt lies between, and is what a person at the keyboard waits for.
 *
 *      bytes of writing      N · (layers + output)                        (1)
 *      bytes of reading      ⌈T / chunk⌉ · layers + output                (2)
 *      operations            2 · numbers of the matrices, for each token;
 *                            the output matrix for the last token only    (3)
 *      wall seconds          max( bytes / memory, operations / arithmetic )
 *      share of the wall     wall seconds / median seconds                (4)
 *
 * Matrices only: norms and biases are a thousandth of it, one row of the embedding
 * is less, and attention's own products, which grow with the text, are left out, so (4) is
 * a little too low, never too high.
 *
 * What is read does not matter for the time, as long as it is the same in every run: the
 * prompt's ids are 7919 · i mod V. What is written is greedy. The tests of one repetition
 * follow each other, and a round of the walls with them, instead of all prompts first: a
 * slow minute of the machine then hits all of them alike. What takes less than 50 ms is
 * run several times, and a sample is their mean. The walls' 256 MB come after the peak of
 * memory was taken, which has seen every test once.
 *
 * Read next: measure/walls.c, measure/verdict.c. Lesson: chapters/chapter09_speed.c.
 */
#include "measure/speed.h"

#include <math.h>                   /* ceil                                  */

#include "base/clock.h"
#include "base/machine.h"
#include "base/memory.h"
#include "base/parallel.h"

#define FIRST_TOKENS 9              /* a short question                      */
#define LEAST 0.05                  /* seconds that a sample takes           */
#define MOST_TIMES 100
#define WALLS_LEAST 3               /* rounds                                */
#define STEP 7919                   /* a prime: visits ids all over V        */

#define SPEED_COLUMN(name, head, text, unit, decimals)                        \
    { #name, head, text, unit, decimals },
const ReportColumn speed_columns[] = {
    SPEED_COLUMNS(SPEED_COLUMN)
    { NULL, NULL, false, 0, 0 },
};
#undef SPEED_COLUMN

void speed_begin(Report *report)
{
    char text[MACHINE_TEXT];

    report_init(report, "speed", speed_columns);
    report_fact(report, "processor", machine_processor(text));
    report_fact_number(report, "threads", parallel_threads());
    report_fact(report, "kernels", kernels->name);
    report_fact(report, "threading", parallel_kind());
    report_fact(report, "compiler", machine_compiler(text));
    report_fact(report, "date", machine_date(text));
}

int speed_find(const Report *in, const Report *of, int r)
{
    static const int key[] = { SPEED_model, SPEED_format, SPEED_test, SPEED_tokens, -1 };

    return report_find(in, of, r, key);
}

/* ---- what there is to do: equations (1), (2), (3) */

static void add_matrix(double *bytes, double *operations, const Matrix *m)
{
    if (m->data == NULL)
        return;
    *bytes += (double)matrix_bytes(m);
    *operations += 2.0 * m->rows * m->columns;
}

SpeedCosts speed_costs(const Weights *weights, int L)
{
    SpeedCosts c = {0};

    for (int l = 0; l < L; l++) {
        const LayerWeights *w = &weights->layers[l];
        const Matrix *all[] = { &w->qkv.weight, &w->q.weight, &w->k.weight,
                                &w->v.weight, &w->o.weight, &w->gate.weight,
                                &w->up.weight, &w->down.weight };

        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
            add_matrix(&c.layers, &c.layer_operations, all[i]);
    }
    add_matrix(&c.output, &c.output_operations, &weights->output.weight);
    return c;
}

SpeedTest speed_prompt(const SpeedCosts *c, const char *name, int tokens, int chunk)
{
    int passes = (tokens + chunk - 1) / chunk;

    return (SpeedTest){ name, tokens, passes * c->layers + c->output,
                        tokens * c->layer_operations + c->output_operations };
}

SpeedTest speed_generate(const SpeedCosts *c, int tokens)
{
    return (SpeedTest){ "generate", tokens, tokens * (c->layers + c->output),
                        tokens * (c->layer_operations + c->output_operations) };
}

/* ---- rows */

/* What all rows of a model begin with. */
static void begin_row(Report *report, const SpeedPlan *plan, const char *test)
{
    report_row(report);
    report_text(report, SPEED_model, plan->name);
    report_text(report, SPEED_format, plan->format);
    report_text(report, SPEED_test, test);
}

static void write_seconds(Report *report, const double *seconds, int n)
{
    Spread s = spread_of(seconds, n);

    report_number(report, SPEED_repeats, n);
    report_number(report, SPEED_seconds, s.median);
    report_number(report, SPEED_seconds_low, s.low);
    report_number(report, SPEED_seconds_high, s.high);
    if (n > 1 && s.median > 0)
        report_number(report, SPEED_spread, (s.high - s.low) / 2 / s.median);
    report_samples(report, seconds, n);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/*   seconds  [n] of one repetition each, > 0
 */
void speed_row(Report *report, const SpeedPlan *plan, const SpeedTest *test,
               const double *seconds, int n, const Walls *walls)
{
    double median = spread_of(seconds, n).median;
    double memory = test->bytes / walls->read;
    double arithmetic = test->operations / walls->arithmetic;
    double wall = larger(memory, arithmetic);

    begin_row(report, plan, test->name);
    write_seconds(report, seconds, n);
    report_number(report, SPEED_tokens, test->tokens);
    report_number(report, SPEED_tokens_per_second, test->tokens / median);
    report_number(report, SPEED_bytes, test->bytes);
    report_number(report, SPEED_bytes_per_token, test->bytes / test->tokens);
    report_number(report, SPEED_bytes_per_second, test->bytes / median);
    report_number(report, SPEED_operations, test->operations);
    report_number(report, SPEED_operations_per_second, test->operations / median);
    report_text(report, SPEED_wall, memory > arithmetic ? "memory" : walls->unit);
    report_number(report, SPEED_wall_seconds, wall);
    report_number(report, SPEED_usual_wall_seconds,
                  larger(test->bytes / walls->usual_read,
                         test->operations / walls->usual_arithmetic));
    report_number(report, SPEED_wall_share, wall / median);
}

static void load_row(Report *report, const Model *model, const SpeedPlan *plan,
                     size_t peak)
{
    begin_row(report, plan, "load");
    write_seconds(report, &plan->load_seconds, 1);
    report_number(report, SPEED_weights_bytes, (double)model->weights.bytes);
    report_number(report, SPEED_peak_memory_bytes, (double)peak);
}

static void wall_rows(Report *report, const SpeedPlan *plan, const Walls *walls)
{
    begin_row(report, plan, "wall: read, 1 thread");
    report_number(report, SPEED_bytes_per_second, walls->read_one);
    begin_row(report, plan, "wall: read");
    report_number(report, SPEED_bytes_per_second, walls->read);
    begin_row(report, plan, "wall: multiply");
    report_number(report, SPEED_operations_per_second, walls->arithmetic);
    report_text(report, SPEED_wall, walls->unit);
}

/* ---- the tests */

typedef struct {
    Session *session;
    int *ids;                       /* [prompt_tokens, at least FIRST_TOKENS] */
    int V;
} Runner;

/* Read n ids from an empty cache. */
static bool run_prompt(Runner *r, int n, Error *error)
{
    return session_goto(r->session, r->ids, 0, error)
        && session_feed(r->session, r->ids, n, error);
}

/* The best id; ties: the smaller. */
static int best_id(const float *logits, int V)
{
    int best = 0;

    for (int id = 1; id < V; id++)
        if (logits[id] > logits[best])
            best = id;
    return best;
}

/* n ids, one at a time, each the best behind those before; the first is fixed. */
static bool run_generate(Runner *r, int n, Error *error)
{
    int id = r->ids[0];
    bool fine = session_goto(r->session, r->ids, 0, error);

    for (int i = 0; i < n && fine; i++) {
        fine = session_feed(r->session, &id, 1, error);
        id = fine ? best_id(r->session->logits, r->V) : 0;
    }
    return fine;
}

#define TESTS 3                     /* prompt, first token, generate         */

/* A tiny model's first token takes a millisecond, and the timer's tick and the waking of
 * a thread are seen in it: one repetition takes at least LEAST seconds. */
int speed_times(double seconds)
{
    return seconds * MOST_TIMES < LEAST ? MOST_TIMES : max_int(1, (int)ceil(LEAST / seconds));
}

/* Each test as often as it takes to be measured well: seconds of test i, once, into
 * seconds[i · stride]. */
static bool run_all(Runner *r, const SpeedTest *test, const int *times, double *seconds,
                    int stride, Error *error)
{
    for (int i = 0; i < TESTS; i++) {
        double start = clock_seconds();
        bool fine = true;

        for (int k = 0; k < times[i] && fine; k++)
            fine = i + 1 < TESTS ? run_prompt(r, test[i].tokens, error)
                 : run_generate(r, test[i].tokens, error);
        if (!fine)
            return false;
        seconds[i * stride] = (clock_seconds() - start) / times[i];
    }
    return true;
}

/* The picture on top.
 *
 *   seconds  scratch [TESTS, repeats]
 */
static bool measure(Report *report, const Model *model, const SpeedPlan *plan, Runner *r,
                    const SpeedTest *test, double *seconds, Error *error)
{
    Format format = model->weights.layers[0].down.weight.format;
    int R = plan->repeats;
    int times[TESTS] = { 1, 1, 1 };
    size_t peak;
    WallsWork *work;
    Walls walls;
    bool fine = true;

    if (!run_all(r, test, times, seconds, R, error))
        return false;
    peak = memory_peak();
    for (int i = 0; i < TESTS; i++)
        times[i] = speed_times(seconds[i * R]);
    work = walls_begin(format, error);
    if (work == NULL)
        return false;
    for (int i = 0; i < max_int(R, WALLS_LEAST) && fine; i++) {
        walls_round(work);
        fine = i >= R || run_all(r, test, times, seconds + i, R, error);
    }
    walls = walls_end(work);
    load_row(report, model, plan, peak);
    for (int i = 0; i < TESTS && fine; i++)
        speed_row(report, plan, &test[i], row(seconds, i, R), R, &walls);
    wall_rows(report, plan, &walls);
    return fine;
}

int speed_positions(const SpeedPlan *plan, const Config *config)
{
    return min_int(max_int(max_int(plan->prompt_tokens, plan->n), FIRST_TOKENS),
                   config->context);
}

/* Cost: R + 1 times the tests, R rounds of the walls. */
bool speed_run(Report *report, Session *session, const SpeedPlan *plan, Error *error)
{
    const Model *model = session->model;
    int most = speed_positions(plan, &model->config), V = model->config.V;
    int T = min_int(plan->prompt_tokens, most), n = min_int(plan->n, most);
    SpeedCosts costs = speed_costs(&model->weights, model->config.L);
    const SpeedTest test[TESTS] = {
        speed_prompt(&costs, "prompt", T, session->chunk),
        speed_prompt(&costs, "first token", min_int(FIRST_TOKENS, most), session->chunk),
        speed_generate(&costs, n) };
    Runner r = { session, memory_get(most, sizeof *r.ids), V };
    double *seconds = memory_get(TESTS * plan->repeats, sizeof *seconds);
    bool fine;

    must(T >= 1 && n >= 1 && plan->repeats >= 1 && session->capacity >= most,
         "%d tokens, %d tokens, %d times, room for %d", T, n, plan->repeats,
         session->capacity);
    for (int i = 0; i < most; i++)
        r.ids[i] = (int)((int64_t)i * STEP % V);
    fine = measure(report, model, plan, &r, test, seconds, error);
    memory_give_back(seconds);
    memory_give_back(r.ids);
    return fine;
}
