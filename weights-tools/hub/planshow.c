/* planshow.c - a plan as a person reads it
 *
 *      tinyllama: TinyLlama/TinyLlama-1.1B-Chat-v1.0, main (fe8a4ea1ffed)
 *        licence: Apache-2.0
 *        config.json                          608 bytes   here
 *        model.safetensors                      2.20 GB   41 % is here
 *        into …/snapshots/fe8a4ea1…
 *      to fetch: 1.30 GB of 2.20 GB; free on that disk: 51.22 GB
 *      memory: its weights are 2.20 GB, read where they lie; this machine has 16.72 GB
 *
 * Units are decimal, as on the hub's own pages and on the box of a disk: 1 GB is 10^9
 * bytes. Weights are mapped, not copied (base/mapfile.c), so a model that is larger than
 * memory runs too: every token then waits for the disk.
 *
 * Read next: plan.c.
 */
#include "weights-tools/hub/plan.h"

#include <stdio.h>          /* fprintf                                       */

const char *plan_bytes(char out[32], int64_t bytes)
{
    double b = (double)bytes;

    if (bytes < 10000)
        snprintf(out, 32, "%lld bytes", (long long)bytes);
    else if (bytes < 999500)
        snprintf(out, 32, "%.0f kB", b * 1e-3);
    else if (bytes < 999500000)
        snprintf(out, 32, "%.1f MB", b * 1e-6);
    else
        snprintf(out, 32, "%.2f GB", b * 1e-9);
    return out;
}

static const char *state_of(char out[32], const Piece *piece)
{
    static const char *const words[] = { "to fetch", "", "here", "damaged: again", "fetched" };

    if (piece->state == PIECE_PART)
        snprintf(out, 32, "%d %% is here", (int)(100 * piece->part / piece->size));
    else
        snprintf(out, 32, "%s", words[piece->state]);
    return out;
}

void plan_show(FILE *out, const Plan *plan)
{
    char bytes[32], state[32], machine[32];

    for (int i = 0; i < plan->count; i++) {
        const Parcel *p = &plan->parcels[i];

        fprintf(out, "%s: %s", p->typed, p->name.repository);
        if (p->commit[0] != '\0')
            fprintf(out, ", %s%s%.12s%s", p->ref != NULL ? p->name.revision : "commit ",
                    p->ref != NULL ? " (" : "", p->commit, p->ref != NULL ? ")" : "");
        fprintf(out, "\n");
        if (p->licence != NULL)
            fprintf(out, "  licence: %s\n", p->licence);
        for (int k = 0; k < p->count; k++)
            fprintf(out, "  %-34s %11s   %s\n", p->pieces[k].file,
                    plan_bytes(bytes, p->pieces[k].size), state_of(state, &p->pieces[k]));
        fprintf(out, "  into %s\n", p->folder);
    }
    fprintf(out, "to fetch: %s", plan_bytes(bytes, plan->missing));
    fprintf(out, " of %s; free on that disk: %s\n", plan_bytes(bytes, plan->size),
            plan_bytes(state, plan->room));
    if (plan->weights == 0)
        return;
    fprintf(out, "memory: its weights are %s, read where they lie; this machine has %s%s\n",
            plan_bytes(bytes, plan->weights), plan_bytes(machine, (int64_t)memory_machine()),
            plan->weights > (int64_t)memory_machine() ? ": too little, it will be read "
            "from the disk again for every token" : "");
}
