/* speed.h - how fast a model reads a prompt and writes, beside the machine's limits
 *
 * Rules of use:
 * 1. speed_begin makes a report with the facts of this machine; speed_run appends the
 *    rows of one model; nothing is printed. Memory's peak is that of this process:
 *    for an honest one, one model for each process.
 * 2. Times are compared by verdict.h, and decide no exit status.
 */
#ifndef SPEED_H
#define SPEED_H

#include "measure/report.h"
#include "measure/walls.h"
#include "decode/session.h"

/* X(name, head, text, unit, decimals): columns of report.h. seconds is the median of the
 * samples, low and high the interval around it; wall_share is the part of the speed
 * that the nearer wall would allow, in % for a person; usual_wall_seconds is what the
 * same work takes at the median of the walls' rounds, see walls.h. */
#define SPEED_COLUMNS(X)                                                      \
    X(model,                "model",   true,  1,    0)                        \
    X(format,               "format",  true,  1,    0)                        \
    X(test,                 "test",    true,  1,    0)                        \
    X(tokens,               "tokens",  false, 1,    0)                        \
    X(repeats,              NULL,      false, 1,    0)                        \
    X(seconds,              "ms",      false, 1e-3, 1)                        \
    X(seconds_low,          NULL,      false, 1,    0)                        \
    X(seconds_high,         NULL,      false, 1,    0)                        \
    X(spread,               "± %",     false, 0.01, 0)                        \
    X(tokens_per_second,    "tok/s",   false, 1,    1)                        \
    X(bytes,                NULL,      false, 1,    0)                        \
    X(bytes_per_token,      NULL,      false, 1,    0)                        \
    X(bytes_per_second,     "GB/s",    false, 1e9,  1)                        \
    X(operations,           NULL,      false, 1,    0)                        \
    X(operations_per_second,"GFLOP/s", false, 1e9,  1)                        \
    X(wall,                 "wall",    true,  1,    0)                        \
    X(wall_seconds,         NULL,      false, 1,    0)                        \
    X(usual_wall_seconds,   NULL,      false, 1,    0)                        \
    X(wall_share,           "of it", false, 0.01, 0)                        \
    X(weights_bytes,        NULL,      false, 1,    0)                        \
    X(peak_memory_bytes,    "peak MB", false, 1e6,  1)

#define SPEED_ENUM(name, head, text, unit, decimals) SPEED_##name,
enum { SPEED_COLUMNS(SPEED_ENUM) SPEED_COLUMN_COUNT };
#undef SPEED_ENUM

extern const ReportColumn speed_columns[];

typedef struct {
    const char *name;           /* of the model, for the report              */
    const char *format;         /* "BF16", "int8"                            */
    int prompt_tokens, n;       /* of the two tests; cut to the context      */
    int repeats;
    double load_seconds;        /* how long opening took                     */
} SpeedPlan;

/* What a test has to do: bytes of the matrices that it reads, and operations, two for
 * each number of a matrix and each token. */
typedef struct {
    const char *name;           /* "prompt"                                  */
    int tokens;                 /* of one repetition                         */
    double bytes, operations;
} SpeedTest;

/* One token through all layers; the output matrix, read once in each test of a prompt and
 * for each token written. */
typedef struct { double layers, output, layer_operations, output_operations; } SpeedCosts;
SpeedCosts speed_costs(const Weights *weights, int L);
SpeedTest speed_prompt(const SpeedCosts *costs, const char *name, int tokens, int chunk);
SpeedTest speed_generate(const SpeedCosts *costs, int tokens);

void speed_begin(Report *report);

/* The row of the same model, format, test and tokens; -1: there is none. */
int speed_find(const Report *in, const Report *of, int r);

/* A row of a test from its samples (seconds of each repetition). */
void speed_row(Report *report, const SpeedPlan *plan, const SpeedTest *test,
               const double *seconds, int n, const Walls *walls);

/* How often a test that took so many seconds is run for one sample: 1 … 100. */
int speed_times(double seconds);

/* How many positions a session for this plan needs. */
int speed_positions(const SpeedPlan *plan, const Config *config);

/* session: of the model, with room for so many; its chunk and watch are used.
 * Errors: those of session.h and walls.h. */
bool speed_run(Report *report, Session *session, const SpeedPlan *plan, Error *error);

#endif
