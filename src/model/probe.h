/* probe.h - look at the numbers while they pass, and touch nothing
 *
 * Rules of use: lend a Probe to a pass; its callback is called on the main thread
 * between kernels, for the points in mask, with const numbers that live until it
 * returns. NULL costs one predictable branch. layer is 0 … L-1 inside the blocks,
 * -1 for the embedding, L for what comes after the last block.
 */
#ifndef PROBE_H
#define PROBE_H

#include "base/base.h"

/* X(name, what it is); in the order in which a pass meets them. */
#define PROBE_POINTS(X)                                                       \
    X(EMBEDDING, "embedding") X(NORM1, "after norm 1")                        \
    X(Q, "q") X(K, "k") X(V, "v")                                             \
    X(ROTATED_Q, "rotated q") X(ROTATED_K, "rotated k")                       \
    X(HEADS, "heads") X(ATTENTION, "attention output")                        \
    X(NORM2, "after norm 2") X(GATE, "gate") X(UP, "up")                      \
    X(HIDDEN, "hidden") X(MLP, "MLP output") X(BLOCK, "block output")         \
    X(FINAL_NORM, "final norm") X(LOGITS, "logits")

#define PROBE_ENUM(name, words) PROBE_##name,
typedef enum { PROBE_POINTS(PROBE_ENUM) PROBE_COUNT } ProbePoint;
#undef PROBE_ENUM

typedef struct {
    void (*callback)(void *context, ProbePoint point, int layer,
                     const float *x, int rows, int width);  /* x [rows, width] */
    void *context;
    uint32_t mask;          /* bit 1 << point: call me there                 */
} Probe;

const char *probe_name(ProbePoint point);

static inline void probe_see(const Probe *probe, ProbePoint point, int layer,
                             const float *x, int rows, int width)
{
    if (probe != NULL && (probe->mask >> point & 1) != 0)
        probe->callback(probe->context, point, layer, x, rows, width);
}

#endif
