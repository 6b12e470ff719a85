/* verdict.c - is it faster than before, or is that noise?
 *
 *      before   ├───────●───────┤           seconds; ● median, ├─┤ interval
 *      now              ├──────●──────┤     no difference: the medians are nearer
 *                                           than the intervals are wide
 *      now   ├──●──┤                        … and so here
 *      now  ├●┤                             faster, if the wall stands where it stood
 *
 * A program that was changed is always a little faster or slower than before, because
 * the machine is. Printing "1.03 ×" without its noise makes people keep what does
 * nothing. So a ratio comes with what it must exceed:
 *
 *      ratio  r = median before / median now                              (1)
 *      noise  h = max( 3 %, h before + h now + w - 1 )                    (2)
 *                w: wall ratio, or its inverse where that is above 1
 *      faster r > 1 + h      slower  r < 1 / (1 + h)                      (3)
 *
 * h of one side is half of its interval (measure/report.c), over its median. Both are
 * added, not their squares: times on a shared machine are not independent. Below 3 % is
 * what the place of a page or a branch in memory does by itself. By how much
 * the usual speed of the machine itself (the median of the walls' rounds, measured between
 * the tests) moved from one run to the other is the machine's doing, and is taken off what
 * is the program's: a neighbour who compiled during one of them shows in both.
 *
 * With five normal samples on either side and no wall, (3) calls one in a hundred
 * differences that are none (tests/measure/test_verdict.c counts them). Fewer than three
 * samples know no noise, and there is no verdict.
 *
 * Read next: measure/record.c.
 */
#include "measure/verdict.h"

#include <math.h>               /* isnan                                     */

#define SURE 0.03               /* noise that is always there                */
#define FEW 3                   /* samples that know their noise             */

Verdict verdict_of(const double *before, int m, const double *now, int n, double wall)
{
    Verdict v = { VERDICT_FEW, 0, 0 };
    Spread a, b;

    a = spread_of(before, m), b = spread_of(now, n);
    if (!(a.median > 0 && b.median > 0))
        return v;                       /* a file may hold anything          */
    v.ratio = a.median / b.median;
    if (m < FEW || n < FEW)
        return v;
    v.noise = (a.high - a.low) / 2 / a.median + (b.high - b.low) / 2 / b.median
            + (wall < 1 ? 1 / wall : wall) - 1;
    v.noise = v.noise > SURE ? v.noise : SURE;
    v.kind = v.ratio > 1 + v.noise ? VERDICT_FASTER
           : v.ratio < 1 / (1 + v.noise) ? VERDICT_SLOWER : VERDICT_SAME;
    return v;
}

const char *verdict_text(const Verdict *v, char out[80])
{
    if (v->kind == VERDICT_FEW)
        snprintf(out, 80, "too few runs to tell");
    else if (v->kind == VERDICT_ELSEWHERE)
        snprintf(out, 80, "another processor: no verdict");
    else if (v->kind == VERDICT_SAME)
        snprintf(out, 80, "no difference beyond the noise (±%.0f %%)", v->noise * 100);
    else
        snprintf(out, 80, "%s %.2f×", v->kind == VERDICT_FASTER ? "faster" : "slower",
                 v->ratio);
    return out;
}

/* ---- two reports */

#define VERDICT_COLUMN(name, head, text, unit, decimals)                      \
    { #name, head, text, unit, decimals },
static const ReportColumn compared_columns[] = {
    VERDICT_COLUMNS(VERDICT_COLUMN)
    { NULL, NULL, false, 0, 0 },
};
#undef VERDICT_COLUMN

/* How much faster the wall is now for the work of row r; 1: not known. A file may hold
 * anything: zero is no wall. */
static double wall_ratio(const Report *before, int b, const Report *now, int r)
{
    double then = report_cell(before, b, SPEED_usual_wall_seconds).number;
    double today = report_cell(now, r, SPEED_usual_wall_seconds).number;

    return then > 0 && today > 0 ? then / today : 1;
}

static const char *fact_shown(const Report *report, const char *name, Arena *arena)
{
    ReportCell value = report_get_fact(report, name);

    return value.text != NULL ? value.text
         : isnan(value.number) ? "?" : arena_print(arena, "%.9g", value.number);
}

/* The date and the label differ always: that is what they are for. */
static void tell_facts(Report *out, const Report *before, const Report *now)
{
    for (int f = 0; f < now->facts; f++) {
        const char *name = now->fact[f].name;

        if (!report_same_fact(before, now, name))
            report_fact(out, name,
                        arena_print(&out->arena, "%s, now %s",
                                    fact_shown(before, name, &out->arena),
                                    fact_shown(now, name, &out->arena)));
    }
}

static void compare_row(Report *out, const Report *now, int r, double then, double wall,
                        const Verdict *v)
{
    char text[80];

    report_row(out);
    report_text(out, COMPARED_model, report_cell(now, r, SPEED_model).text);
    report_text(out, COMPARED_format, report_cell(now, r, SPEED_format).text);
    report_text(out, COMPARED_test, report_cell(now, r, SPEED_test).text);
    report_number(out, COMPARED_tokens, report_cell(now, r, SPEED_tokens).number);
    report_number(out, COMPARED_seconds_before, then);
    report_number(out, COMPARED_seconds, report_cell(now, r, SPEED_seconds).number);
    report_number(out, COMPARED_ratio, v->ratio);
    if (v->noise > 0)
        report_number(out, COMPARED_noise, v->noise);
    report_number(out, COMPARED_wall_ratio, wall);
    report_text(out, COMPARED_verdict, verdict_text(v, text));
}

void verdict_compare(Report *out, const Report *before, const Report *now, int *slower)
{
    bool here = report_same_fact(before, now, "processor");

    report_init(out, "speed compared", compared_columns);
    tell_facts(out, before, now);
    *slower = 0;
    for (int r = 0; r < now->rows; r++) {
        int b = speed_find(before, now, r);
        double wall;
        Verdict v;

        if (b < 0 || before->samples[b].n == 0 || now->samples[r].n == 0
            || before->samples[b].n > 1000)
            continue;
        wall = wall_ratio(before, b, now, r);
        v = verdict_of(before->samples[b].x, before->samples[b].n, now->samples[r].x,
                       now->samples[r].n, wall);
        if (!here)
            v.kind = VERDICT_ELSEWHERE;
        *slower += v.kind == VERDICT_SLOWER;
        compare_row(out, now, r, spread_of(before->samples[b].x,
                                           before->samples[b].n).median, wall, &v);
    }
}
