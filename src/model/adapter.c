/* adapter.c - find the low-rank correction that was lent for one matrix
 *
 *      x [in] ──┬──────────► W [out, in] ──────────────► + ──► y [out]
 *               │                                        ▲
 *               └──► A [r, in] ──► u [r] ──► B [out, r] ─┘ · scale
 *                        narrow: r is 8 where in is 2048
 *
 * Teaching a model something new by changing all of W costs a second W. A
 * low-rank delta says the change with two thin matrices instead:
 *
 *      y = W x + scale · B (A x),     scale = alpha / r                   (1)
 *
 * r · (in + out) numbers where W has in · out: for 2048 × 2048 and r = 8, one
 * in 128. The model stays const and shared; whoever runs a pass may lend it an
 * Adapter, which is nothing but this table:
 *
 *               Q       K       V       O       GATE    UP      DOWN
 *      layer 0  LowRank r = 0   LowRank r = 0   …
 *      layer 1  LowRank r = 0   LowRank r = 0   …
 *      …
 *
 * Equation (1) itself stands in model/linear.c, the one place where matrices
 * act.
 *
 * Source: Hu et al., "LoRA", arXiv 2106.09685, section 4.1.
 * Read next: model/linear.c.  Lesson: chapters/chapter12_lora.c.
 */
#include "model/adapter.h"

const LowRank *adapter_find(const Adapter *adapter, int layer, Target target)
{
    const LowRank *delta;

    if (adapter == NULL)
        return NULL;
    must(layer >= 0 && layer < adapter->layers, "layer %d of an adapter for %d",
         layer, adapter->layers);
    delta = row(adapter->deltas, layer, TARGET_COUNT) + target;
    must(delta->rank <= ADAPTER_RANK, "rank %d", delta->rank);
    return delta->rank > 0 ? delta : NULL;
}
