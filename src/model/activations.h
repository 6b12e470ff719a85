/* activations.h - every intermediate of a layer, named once, with its width
 *
 * Rules of use:
 * 1. The table below is the only list: the struct, the memory estimate and the
 *    allocation all come from it.
 * 2. Each is written once per layer and never in place (rope excepted: turning
 *    the other way undoes it).
 * 3. Inference owns one set and uses it for every layer; training will own one
 *    set per layer.
 */
#ifndef ACTIVATIONS_H
#define ACTIVATIONS_H

#include "model/config.h"

/* X(name, width of a row, in terms of the config c) */
#define ACTIVATIONS(X)                                                        \
    X(x,        c->E)               /* what enters the block                 */ \
    X(normed1,  c->E)               /* after norm 1                          */ \
    X(qkv,      c->fused_qkv ? 3 * c->H * c->D : 0)     /* as the matrix has them */ \
    X(q,        c->H * c->D)        /* queries, turned                       */ \
    X(k,        c->K * c->D)        /* keys, turned                          */ \
    X(v,        c->K * c->D)        /* values                                */ \
    X(heads,    c->H * c->D)        /* what the heads bring back             */ \
    X(attended, c->E)               /* through the output matrix             */ \
    X(middle,   c->E)               /* x + attended                          */ \
    X(normed2,  c->E)               /* after norm 2                          */ \
    X(gate,     c->gated ? c->F : 0)                                            \
    X(up,       c->F)                                                           \
    X(hidden,   c->F)               /* silu(gate) · up, or gelu(up)          */ \
    X(mlp,      c->E)               /* through the down matrix               */ \
    X(out,      c->E)               /* what leaves the block                 */

typedef struct {
    int rows;                       /* T: at most this many at once          */
#define ACTIVATION_FIELD(name, width) float *name;
    ACTIVATIONS(ACTIVATION_FIELD)
#undef ACTIVATION_FIELD
    float *memory;                  /* all of them, one after another        */
    size_t bytes;
} Activations;

size_t activations_bytes(const Config *config, int rows);
bool activations_init(Activations *a, const Config *config, int rows,
                      Error *error);
void activations_free(Activations *a);

#endif
