/* activations.c - one piece of memory for everything a layer computes
 *
 *      one row of a layer of storyteller (E 192, H·D 192, K·D 64, F 512)
 *
 *        x          ──────────┬──────────────────────►┐
 *      [192]                  ▼                       │
 *                          normed1 ─► q     [192]     │
 *                           [192]  ─► k      [64]     │
 *                                  ─► v      [64]     │
 *                                     │               ▼
 *                                   heads ─► attended + ─► middle ──┐
 *                                   [192]     [192]         [192]   │
 *            ┌──────────────────────────────────────────────────────┤
 *            ▼                                                      ▼
 *         normed2 ─► gate [512] ─► hidden [512] ─► mlp [192] ────── + ─► out
 *          [192]  ─► up   [512] ─►                                      [192]
 *
 *      memory:  │ x: T rows │ normed1: T rows │ q: T rows │ … │ out: T rows │
 *
 * Everything stands in a place of its own and is written once per layer, though
 * fewer places would do: a reader in a debugger finds every step still there at
 * the end of the layer, and training needs each of them to go back.
 *
 * The table in the header is the only list. Here it is unrolled three times: to
 * add up the bytes, to hand out the pointers, and (in the header) to declare
 * them; so the three cannot disagree. Each part is rounded up to a whole number
 * of cache lines, so that all begin on one.
 *
 * Read next: model/block.c, which fills them in this order.
 * Lesson: chapters/chapter03_layers.c.
 */
#include "model/activations.h"

#include "base/memory.h"    /* memory_get_large, memory_give_back           */

#define LINE 16             /* floats in a cache line of 64 bytes           */

/* Floats that rows rows of width take, rounded up to whole lines. */
static size_t part_floats(int rows, int width)
{
    return round_up((size_t)rows * (size_t)width, LINE);
}

/* Cost of a set for rows tokens: about (7 E + 2 H·D + 2 K·D + 3 F) · 4 each. */
size_t activations_bytes(const Config *config, int rows)
{
    const Config *c = config;
    size_t floats = 0;

#define ADD_PART(name, width) floats += part_floats(rows, width);
    ACTIVATIONS(ADD_PART)
#undef ADD_PART
    return floats * sizeof(float);
}

/* Errors: exit 5 when there is no memory. Owner: a, until activations_free.
 * A part of width 0 (gate without a gate) points to the next one. */
bool activations_init(Activations *a, const Config *config, int rows,
                      Error *error)
{
    const Config *c = config;
    float *next;

    must(rows > 0, "%d rows", rows);
    a->rows = rows;
    a->bytes = activations_bytes(config, rows);
    a->memory = memory_get_large(a->bytes, "the activations", error);
    if (a->memory == NULL)
        return false;
    next = a->memory;
#define PLACE_PART(name, width) a->name = next; next += part_floats(rows, width);
    ACTIVATIONS(PLACE_PART)
#undef PLACE_PART
    return true;
}

void activations_free(Activations *a)
{
    memory_give_back(a->memory);
    *a = (Activations){0};
}
