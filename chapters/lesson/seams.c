/* seams.c - where the halves of a layer meet: who reads what, and what is added to what
 *
 *      one after the other                      side by side (parallel)
 *
 *      x ──────────┬─────────────┐              x ──────────┬──────────┬──┐
 *                norm 1          │                        norm 1     norm 2 │
 *              attention ──────► + middle               attention     MLP   │
 *                  ┌─────────────┤                          │          │    ▼
 *                norm 2          │                          └──────────┼──► + middle
 *                 MLP ─────────► + out                                 └──► + out
 *
 *      three matrices       q: rows 0 … H·D-1 of Wq,  k of Wk,  v of Wv
 *      one for all          head h: rows 3 h D … of q, then D of k, then D of v
 *
 * What a half computes, chapter 03 and the other checks of chapter 04 have looked at.
 * Here is what lies between: the same numbers, read from the wrong row or taken from
 * the wrong part of a matrix, would make a model that computes everything right and
 * talks nonsense.
 *
 * The two sums are asked for bits, in their order: what attention brought is added to x
 * before what the MLP made, also where both read x.
 *
 * Read next: src/model/block.c.
 */
#include "chapters/lesson/seams.h"

#include "chapters/lesson/climb.h"      /* climb_row                         */
#include "chapters/lesson/equations.h"

/* How many of the heads of one layer have the q, k and v that they should have. */
static int asked_of(const AttentionView *view, const LayerWeights *w, int layer)
{
    static const ProbePoint point[] = { PROBE_Q, PROBE_K, PROBE_V };
    const Linear *own[] = { &w->q, &w->k, &w->v };
    const Config *c = view->config;
    int t = view->T - 1, D = c->D, right = 0;
    const float *n = record_row(&view->seen, PROBE_NORM1, layer, t);

    for (int p = 0; p < 3; p++)
        for (int h = 0; h < (p == 0 ? c->H : c->K); h++)
            right += equation_rows(row(record_row(&view->seen, point[p], layer, t), h, D),
                                   c->fused_qkv ? &w->qkv : own[p],
                                   c->fused_qkv ? (3 * h + p) * D : h * D, D, n);
    return right;
}

void check_asked(Lesson *l, const AttentionView *view, const Model *m)
{
    const Config *c = view->config;
    int all = c->L * (c->H + 2 * c->K), right = 0;

    for (int layer = 0; layer < c->L; layer++)
        right += asked_of(view, &m->weights.layers[layer], layer);
    lesson_check(l, right == all, "%d of %d queries, keys and values of the last word are "
                 "the textbook's loop over its row after norm 1, bit for bit%s", right, all,
                 c->fused_qkv ? " (one matrix: q, k, v of head 0, of head 1, …)" : "");
}

void check_seams(Lesson *l, const AttentionView *view, const Model *m)
{
    const Config *c = view->config;
    const Record *seen = &view->seen;
    float *middle = memory_get(c->E, sizeof *middle);
    int t = view->T - 1, brought = 0, sums = 0;
    double norm = 0;

    for (int i = 0; i < c->L; i++) {
        const LayerWeights *w = &m->weights.layers[i];
        const float *x = climb_row(seen, i, t), *after = climb_row(seen, i + 1, t);
        const float *attended = record_row(seen, PROBE_ATTENTION, i, t);
        const float *mlp = record_row(seen, PROBE_MLP, i, t);

        brought += equation_linear(attended, &w->o, record_row(seen, PROBE_HEADS, i, t));
        for (int e = 0; e < c->E; e++) {
            middle[e] = x[e] + attended[e];
            sums += after[e] == middle[e] + mlp[e];
        }
        norm = equation_norm(norm, record_row(seen, PROBE_NORM1, i, t), x, w->norm1,
                             w->norm1_bias, c);
        norm = equation_norm(norm, record_row(seen, PROBE_NORM2, i, t),
                             c->parallel_residual ? x : middle, w->norm2, w->norm2_bias, c);
    }
    memory_give_back(middle);
    lesson_check(l, norm <= 1, "attention reads the row x after a norm, the MLP %s; the "
                 "worst number is off by %.2f of what rounding may do",
                 c->parallel_residual ? "the same x after another (side by side)"
                                      : "x + attention after another", norm);
    lesson_check(l, brought == c->L && sums == c->L * c->E, "%d of %d output matrices are "
                 "the textbook's loop over the heads; %d of %d numbers of the row after a "
                 "layer are x + attention + MLP, in this order", brought, c->L, sums,
                 c->L * c->E);
}
