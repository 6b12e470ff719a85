/* kernelrace.c - the same climb with every table of kernels that this processor has
 *
 *      ids ──► climb ──┬── plain ────► logits ──► hash ──┐
 *                      ├── avx2 ─────► logits ──► hash ──┼──► one hash?
 *                      ├── avx512 ───► logits ──► hash ──┤
 *                      └── neon ─────► logits ──► hash ──┘
 *
 * A table of kernels (src/kernels/dot.h) is the same few functions for one family of
 * instructions: plain C, which is the definition, 256 bits at a time (avx2), 512 bits
 * (avx512), 128 bits on ARM (neon). No processor has all of them. Those that are here
 * climb with the same words: how fast each is differs from machine to machine and from
 * minute to minute, the hash of what they compute does not differ at all.
 *
 * A hash of logits could only by a miracle be the same for other logits (one in 2^64),
 * but it says nothing about where a difference begins; so each number of each layer is
 * compared as well.
 *
 * Read next: src/kernels/dispatch.c, src/kernels/dot_avx2.c; chapters/chapter09_speed.c.
 */
#include "chapters/lesson/kernelrace.h"

#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "chapters/lesson/pictures.h"

#define BUDGET 0.02                 /* seconds for one table                 */

static const char *const names[KERNELRACE_MOST] = { "plain", "avx2", "avx512", "neon" };

/* Seconds of one climb, the best of some; *hash: of the logits of all rows. */
static bool climb_time(double *best, uint64_t *hash, const Model *m, const Ids *ids,
                       Record *again, Error *error)
{
    double all = 0;

    record_again(again);
    if (!climb(m, ids->id, ids->count, &again->probe, error))
        return false;
    *hash = HASH_START;
    for (int t = 0; t < ids->count; t++)
        *hash = hash_floats(*hash, record_row(again, PROBE_LOGITS, 0, t),
                            (size_t)m->config.V);
    *best = 1e9;
    for (int i = 0; i < 2 || all < BUDGET; i++) {
        double start = clock_seconds(), one;

        if (!climb(m, ids->id, ids->count, NULL, error))
            return false;
        one = clock_seconds() - start;
        *best = one < *best ? one : *best;
        all += one;
    }
    return true;
}

bool kernelrace_show(Lesson *l, KernelRace *race, const Model *m, const Ids *ids,
                     Record *again, Error *error)
{
    static const char *const head[] = { "kernels", "logits", "tokens/s" };
    const Kernels *before = kernels;
    const char *cell[3 * KERNELRACE_MOST];
    char text[KERNELRACE_MOST][2][32], missing[100] = "";
    bool fine = true;

    *race = (KernelRace){ .n = 0 };
    for (int i = 0; fine && i < KERNELRACE_MOST; i++) {
        Error lacks = {0};
        double seconds = 1;
        int k = race->n;

        if (!kernels_choose(names[i], &lacks)) {
            size_t length = strlen(missing);

            snprintf(missing + length, sizeof missing - length, "%s%s",
                     length > 0 ? ", " : "", names[i]);
            continue;
        }
        fine = climb_time(&seconds, &race->hash[k], m, ids, again, error);
        race->name[k] = names[i];
        snprintf(text[k][0], sizeof text[k][0], "0x%016" PRIx64, race->hash[k]);
        snprintf(text[k][1], sizeof text[k][1], "%.0f", ids->count / seconds);
        cell[3 * k] = names[i];
        cell[3 * k + 1] = text[k][0];
        cell[3 * k + 2] = text[k][1];
        race->n++;
    }
    kernels = before;
    if (!fine)
        return false;
    lesson_part(l, "kernels", "Plain and fast");
    lesson_say(l, "The same climb of all %d words with each kind of kernels that this "
               "processor has: the hash of all logits, and how many words a second. (Not "
               "here: %s.)", ids->count, missing);
    picture_table(l, "race", head, "llr", cell, race->n);
    return true;
}

bool kernelrace_checks(Lesson *l, const KernelRace *race, const Model *m, const Ids *ids,
                       const Record *seen, Record *again, int threads, Error *error)
{
    const Kernels *before = kernels;
    int set = parallel_threads(), same = 0;
    bool fine = true;

    for (int k = 0; k < race->n; k++)
        same += race->hash[k] == race->hash[0];
    lesson_check(l, same == race->n, "%d of %d kinds of kernels: the logits have the hash "
                 "0x%016" PRIx64, same, race->n, race->hash[0]);
    for (int t = 1; fine && t <= threads; t++)
        for (int k = 0; fine && k < race->n; k++)
            fine = check_climb(l, m, ids, seen, again, race->name[k], t, t > 1, error);
    if (race->n == 1)
        lesson_say(l, "This processor has none of the fast kernels, so only the plain ones "
                   "could be compared with the textbook.");
    parallel_set_threads(set);
    kernels = before;
    return fine;
}
