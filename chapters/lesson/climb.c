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
 * What is no dot product, norms and bends, is compared with its equation
 * (chapters/lesson/equations.c), whichever of them this model has.
 *
 * Read next: chapters/lesson/equations.c, src/model/block.c, src/kernels/dot.c.
 */
#include "chapters/lesson/climb.h"

#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "chapters/lesson/equations.h"

bool climb(const Model *m, const int *ids, int n, const Probe *probe, Error *error)
{
    const Config *c = &m->config;
    void *codes = memory_get_bytes(coded_bytes(n, max_int(c->E, c->F)));
    const Pass pass = { .config = c, .probe = probe, .T = n, .codes = codes };
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
        Input normed = input_of(a.normed2, n, c->E, codes);

        block_norm(a.normed2, a.x, m->weights.norm, m->weights.norm_bias, c, n);
        linear_forward(logits, &m->weights.output, &normed, NULL, NULL);
        probe_see(probe, PROBE_FINAL_NORM, c->L, a.normed2, n, c->E);
        probe_see(probe, PROBE_LOGITS, c->L, logits, n, c->V);
    }
    activations_free(&a);
    memory_give_back(codes);
    memory_give_back(logits);
    return fine;
}

const float *climb_row(const Record *seen, int l, int t)
{
    return l == 0 ? record_row(seen, PROBE_EMBEDDING, 0, t)
                  : record_row(seen, PROBE_BLOCK, l - 1, t);
}

void check_textbook(Lesson *l, const Model *m, const Record *seen, int t)
{
    const Config *c = &m->config;
    int matrices = 1, same, sums = 0;

    same = equation_linear(record_row(seen, PROBE_LOGITS, 0, t), &m->weights.output,
                       record_row(seen, PROBE_FINAL_NORM, 0, t));
    for (int i = 0; i < c->L; i++) {
        const LayerWeights *w = &m->weights.layers[i];
        const float *n = record_row(seen, PROBE_NORM2, i, t), *x = climb_row(seen, i, t);
        const float *added = record_row(seen, PROBE_MLP, i, t);
        const float *after = climb_row(seen, i + 1, t);

        matrices += c->gated ? 3 : 2;
        same += equation_linear(record_row(seen, PROBE_UP, i, t), &w->up, n);
        same += equation_linear(added, &w->down, record_row(seen, PROBE_HIDDEN, i, t));
        if (c->gated)
            same += equation_linear(record_row(seen, PROBE_GATE, i, t), &w->gate, n);
        for (int e = 0; e < c->E; e++)
            sums += after[e] == x[e] + added[e];
    }
    lesson_check(l, same == matrices, "%d of %d matrices: every output is the textbook's "
                 "loop over its row, bit for bit (%s kernels)", same, matrices,
                 kernels->name);
    lesson_check(l, sums == c->L * c->E, "%d of %d numbers: the row after a layer is the "
                 "row before plus what was added", sums, c->L * c->E);
}

void check_equations(Lesson *l, const Model *m, const Record *seen, int t)
{
    const Config *c = &m->config;
    const Weights *weights = &m->weights;
    double bend = 0, norm = equation_norm(0, record_row(seen, PROBE_FINAL_NORM, 0, t),
                                          climb_row(seen, c->L, t), weights->norm,
                                          weights->norm_bias, c);

    for (int i = 0; i < c->L; i++) {
        const LayerWeights *w = &weights->layers[i];

        norm = equation_norm(norm, record_row(seen, PROBE_NORM2, i, t),
                             climb_row(seen, i, t), w->norm2, w->norm2_bias, c);
        bend = equation_bend(bend, record_row(seen, PROBE_HIDDEN, i, t),
                             c->gated ? record_row(seen, PROBE_GATE, i, t) : NULL,
                             record_row(seen, PROBE_UP, i, t), c->F);
    }
    lesson_check(l, norm <= 1, "the norm is %s; the worst number is off by %.2f of what "
                 "rounding may do", c->norm == NORM_RMS ? "w · x / √(mean of squares + ε)"
                 : weights->norm_bias != NULL ? "w · (x - mean) / √(variance + ε) + b"
                 : "w · (x - mean) / √(variance + ε)", norm);
    lesson_check(l, bend <= 1, "hidden is %s; the worst number is off by %.2f of what "
                 "rounding may do", c->gated ? "gate / (1 + e^-gate) · up"
                                             : "up / 2 · (1 + erf(up / √2))", bend);
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
