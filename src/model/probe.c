/* probe.c - the names of the places where a pass can be watched
 *
 *      ids ──► EMBEDDING
 *                 │   ┌───────────────── once per layer ─────────────────┐
 *                 ├──►│ NORM1 ─► Q ─► ROTATED_Q ─┐                       │
 *                 │   │       ─► K ─► ROTATED_K ─┼─► HEADS ─► ATTENTION ─┼─► +
 *                 │   │       ─► V ──────────────┘                       │   │
 *                 ▼   │ NORM2 ─► GATE ─┬─► HIDDEN ─► MLP ────────────────┼─► +
 *               BLOCK │       ─► UP ───┘                                 │
 *                 │   └──────────────────────────────────────────────────┘
 *                 ▼
 *             FINAL_NORM ──► LOGITS       only of the rows that want logits
 *
 * A lesson that draws attention, a lens that reads every layer as if it were
 * the last and a notebook all want the numbers in the middle. None of them gets
 * its own copy of the forward pass: they lend a Probe and are shown what the
 * real one has just computed. A guest looks; it cannot touch, and the pass
 * computes the same bits with one as without.
 *
 * Read next: model/block.c, where the calls stand.
 * Lesson: chapters/chapter14_lens.c.
 */
#include "model/probe.h"

const char *probe_name(ProbePoint point)
{
#define PROBE_NAME(name, words) words,
    static const char *const names[] = { PROBE_POINTS(PROBE_NAME) };
#undef PROBE_NAME

    must(point >= 0 && point < PROBE_COUNT, "probe point %d", (int)point);
    return names[point];
}
