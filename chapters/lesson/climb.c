/* climb.c - a transformer without attention: what it computes, and whether it is right
 *
 *      ids ──► rows of the embedding ──► block_think × L ──► norm ──► output matrix
 *                     │                       │               │           │
 *                     ▼                       ▼               ▼           ▼
 *                  Probe: embedding   norm 2, gate, up,   final norm   logits
 *                                     hidden, MLP, block
 *
 * A layer has two halves (src/model/block.c): in the first one words meet, in the
 * second one each row is alone. Here the second half is called without the first.
 * Nothing of it is written a second time; what is missing is missing because it is
 * not called.
 *
 * Two questions are then asked of the rows that went by. Is each number what a
 * textbook would print, one dot product after the other, the sum in the one order
 * that src/kernels/dot.c defines? And are they the same numbers with other kernels, on
 * other threads, alone and among others? Both are asked of bits, not of decimals.
 *
 * What is no dot product is compared with its equation, in double and with libm, and
 * may be off by what rounding makes of it. With u = 2⁻²⁴, half the distance from 1 to
 * the next float:
 *
 *      RMSNorm    Σ x² in eight lanes: E/8 multiply-adds and 3 additions; ÷ E, + ε: half
 *                 of that is left behind the root. Root, 1 / it, · x and · w: 4 more.
 *                 (E/16 + 7) u of the number.
 *      silu       e^-g, 1 + it, the quotient and the product with up: 5 u.
 *
 * Read next: src/model/block.c, src/kernels/dot.c.
 */
#include "chapters/lesson/climb.h"

#include <math.h>               /* exp, sqrt: judged by libm, not by our own */
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"

#define U 0x1p-24               /* half a step at 1: a rounding's most       */

bool climb(const Model *m, const int *ids, int n, const Probe *probe, Error *error)
{
    const Config *c = &m->config;
    const Pass pass = { .config = c, .probe = probe, .T = n };
    size_t bytes = (size_t)n * (size_t)c->E * sizeof(float);
    float *logits = memory_get_bytes((size_t)n * (size_t)c->V * sizeof *logits);
    Activations a;
    bool fine = activations_init(&a, c, n, error);

    for (int i = 0; fine && i < n; i++)
        matrix_row(row(a.x, i, c->E), &m->weights.embedding, ids[i]);
    if (fine)
        probe_see(probe, PROBE_EMBEDDING, -1, a.x, n, c->E);
    //@stop climb_begins
    for (int l = 0; fine && l < c->L; l++) {
        memcpy(a.middle, a.x, bytes);
        block_think(&a, &pass, &m->weights.layers[l], l);
        memcpy(a.x, a.out, bytes);
        if (!watch_go_on(&until_stopped, (size_t)l + 1, (size_t)c->L))
            fine = error_code(error, EXIT_INTERRUPTED, "stopped behind layer %d of %d", l,
                              c->L);
    }
    if (fine) {
        block_norm(a.normed2, a.x, m->weights.norm, m->weights.norm_bias, c, n);
        linear_forward(logits, &m->weights.output, a.normed2, n, NULL, NULL);
        probe_see(probe, PROBE_FINAL_NORM, c->L, a.normed2, n, c->E);
        probe_see(probe, PROBE_LOGITS, c->L, logits, n, c->V);
    }
    activations_free(&a);
    memory_give_back(logits);
    return fine;
}

const float *climb_row(const Record *seen, int l, int t)
{
    return l == 0 ? record_row(seen, PROBE_EMBEDDING, 0, t)
                  : record_row(seen, PROBE_BLOCK, l - 1, t);
}

/* y [rows] is W x + b by the textbook: one dot product after the other. */
static bool is_textbook(const float *y, const Linear *w, const float *x)
{
    const Matrix *m = &w->weight;
    size_t row_bytes = (size_t)m->columns * format_bytes(m->format);
    bool same = true;

    for (int o = 0; o < m->rows; o++) {
        float sum = kernels_plain.dot[m->format](
            row((const unsigned char *)m->data, o, row_bytes), x, m->columns);

        if (w->bias != NULL)
            sum += w->bias[o];
        same = same && memcmp(&sum, &y[o], sizeof sum) == 0;
    }
    return same;
}

void check_textbook(Lesson *l, const Model *m, const Record *seen, int t)
{
    const Config *c = &m->config;
    int matrices = 1, same, sums = 0;

    same = is_textbook(record_row(seen, PROBE_LOGITS, 0, t), &m->weights.output,
                       record_row(seen, PROBE_FINAL_NORM, 0, t));
    for (int i = 0; i < c->L; i++) {
        const LayerWeights *w = &m->weights.layers[i];
        const float *n = record_row(seen, PROBE_NORM2, i, t), *x = climb_row(seen, i, t);
        const float *added = record_row(seen, PROBE_MLP, i, t);
        const float *after = climb_row(seen, i + 1, t);

        matrices += c->gated ? 3 : 2;
        same += is_textbook(record_row(seen, PROBE_UP, i, t), &w->up, n);
        same += is_textbook(added, &w->down, record_row(seen, PROBE_HIDDEN, i, t));
        if (c->gated)
            same += is_textbook(record_row(seen, PROBE_GATE, i, t), &w->gate, n);
        for (int e = 0; e < c->E; e++)
            sums += after[e] == x[e] + added[e];
    }
    lesson_check(l, same == matrices, "%d of %d matrices: every output is the textbook's "
                 "loop over its row, bit for bit (%s kernels)", same, matrices,
                 kernels->name);
    lesson_check(l, sums == c->L * c->E, "%d of %d numbers: the row after a layer is the "
                 "row before plus what was added", sums, c->L * c->E);
}

/* How far a number is off, in terms of what it may be; a NaN is worse than anything. */
static double off_by(double worst, float got, double want, double bound)
{
    double off = fabs((double)got - want) / bound;

    return off <= worst ? worst : off == off ? off : INFINITY;
}

/* y [E] is RMSNorm of x, equation (2). Returns the larger of worst and what it finds. */
static double measure_norm(double worst, const float *y, const float *x, const float *w,
                           const Config *c)
{
    double squares = 0, r;

    for (int e = 0; e < c->E; e++)
        squares += (double)x[e] * (double)x[e];
    r = 1 / sqrt(squares / c->E + (double)c->epsilon);
    for (int e = 0; e < c->E; e++) {
        double want = (double)w[e] * (double)x[e] * r;

        worst = off_by(worst, y[e], want, (c->E / 16.0 + 7) * U * fabs(want) + 1e-36);
    }
    return worst;
}

/* The bend of equation (3): hidden [F] is silu(gate) · up. */
static double measure_bend(double worst, const float *hidden, const float *gate,
                           const float *up, int F)
{
    for (int f = 0; f < F; f++) {
        double want = (double)gate[f] / (1 + exp(-(double)gate[f])) * (double)up[f];

        worst = off_by(worst, hidden[f], want,
                       5 * U * fabs(want) + 1e-36 * (1 + fabs((double)up[f])));
    }
    return worst;
}

void check_equations(Lesson *l, const Model *m, const Record *seen, int t)
{
    const Config *c = &m->config;
    double norm = 0, bend = 0;

    for (int i = 0; i < c->L; i++) {
        if (c->norm == NORM_RMS)
            norm = measure_norm(norm, record_row(seen, PROBE_NORM2, i, t),
                                climb_row(seen, i, t), m->weights.layers[i].norm2, c);
        if (c->gated)
            bend = measure_bend(bend, record_row(seen, PROBE_HIDDEN, i, t),
                                record_row(seen, PROBE_GATE, i, t),
                                record_row(seen, PROBE_UP, i, t), c->F);
    }
    if (c->norm == NORM_RMS)
        lesson_check(l, norm <= 1, "the norm is w · x / √(mean of squares + ε); the worst "
                     "number is off by %.2f of what rounding may do", norm);
    if (c->gated)
        lesson_check(l, bend <= 1, "hidden is gate / (1 + e^-gate) · up; the worst number is "
                     "off by %.2f of what rounding may do", bend);
}

bool check_climb(Lesson *l, const Model *m, const Ids *ids, const Record *seen,
                 Record *again, const char *table, int threads, bool at_once,
                 Error *error)
{
    int n = ids->count, step = at_once ? n : 1;
    size_t all, same;

    if (!kernels_choose(table, error))
        return false;
    parallel_set_threads(threads);
    threads = parallel_threads();           /* 1 where the build has no threads */
    record_again(again);
    for (int t = 0; t < n; t += step)
        if (!climb(m, ids->id + t, step, &again->probe, error))
            return false;
    same = record_same(seen, again, 0, n, &all);
    lesson_check(l, same == all, "%s kernels, %d thread%s, %s: %zu of %zu numbers have "
                 "the same bits", kernels->name, threads, threads == 1 ? "" : "s",
                 at_once ? "all rows at once" : "row by row", same, all);
    return true;
}
