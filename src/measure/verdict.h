/* verdict.h - is it faster than before, or is that noise?
 *
 * Rules of use: two reports of speed.h, the earlier one read from a file. What they say
 * is a Report again, to be shown. No verdict decides an exit status.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "measure/speed.h"

typedef enum {
    VERDICT_SAME, VERDICT_FASTER, VERDICT_SLOWER,
    VERDICT_FEW,                    /* too few samples to know the noise     */
    VERDICT_ELSEWHERE,              /* measured on another processor         */
} VerdictKind;

typedef struct {
    VerdictKind kind;
    double ratio;                   /* of speeds: above 1 is faster          */
    double noise;                   /* 0.06: ± 6 %                           */
} Verdict;

/* Seconds of each repetition, before and now; wall: by how much the machine's own wall
 * moved in between, as a ratio of speeds, 1 where it is not known. */
Verdict verdict_of(const double *before, int m, const double *now, int n, double wall);
const char *verdict_text(const Verdict *verdict, char out[80]);

#define VERDICT_COLUMNS(X)                                                    \
    X(model,          "model",   true,  1,    0)                              \
    X(format,         "format",  true,  1,    0)                              \
    X(test,           "test",    true,  1,    0)                              \
    X(tokens,         NULL,      false, 1,    0)                              \
    X(seconds_before, NULL,      false, 1e-3, 1)                              \
    X(seconds,        NULL,      false, 1e-3, 1)                              \
    X(ratio,          "×",       false, 1,    2)                              \
    X(noise,          NULL,      false, 0.01, 1)                            \
    X(wall_ratio,     NULL,      false, 1,    2)                              \
    X(verdict,        "verdict", true,  1,    0)

#define VERDICT_ENUM(name, head, text, unit, decimals) COMPARED_##name,
enum { VERDICT_COLUMNS(VERDICT_ENUM) COMPARED_COUNT };
#undef VERDICT_ENUM

/* Into a new report: a row for each test that both hold. How many are slower, into
 * *slower. Facts that differ are its facts: "kernels": "plain, now avx2". */
void verdict_compare(Report *out, const Report *before, const Report *now, int *slower);

#endif
