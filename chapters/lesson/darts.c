/* darts.c - all 2^24 values of a random number, counted by what they decide
 *
 *      all darts   0                         2^23                       2^24 - 1
 *                  ├──────────────┬───────────┴────────────────┬───────────┤
 *      decides     id 2           id 2 … id 5                  id 5     id 7
 *                  └─ the same at both ends:  └─ not the same: halve it again
 *                     all between too
 *
 * A random number of the engine is a multiple of 2^-24: there are so many and no more. So
 * how likely something is can be counted and need not be sampled. Asking sixteen
 * million times would take a while; but whoever is asked is monotone (a dart farther to
 * the right gives no smaller id), and so an interval with the same answer at both ends
 * has it all along. Any other is halved: 24 questions for each border.
 *
 * Read next: chapters/lesson/sampling_theorem.c, chapters/lesson/emission.c.
 */
#include "chapters/lesson/darts.h"

#include <string.h>

/* Darts from … to - 1; first, last: what the first and the last of them decide. */
static void count_between(uint32_t *count, DartDecides *decides, void *context,
                          uint32_t from, uint32_t to, int first, int last)
{
    uint32_t middle = from + (to - from) / 2;

    if (first == last || to - from == 1) {
        count[first] += to - from;
        return;
    }
    count_between(count, decides, context, from, middle, first,
                  decides(context, middle - 1));
    count_between(count, decides, context, middle, to, decides(context, middle), last);
}

void darts_count(uint32_t *count, int answers, DartDecides *decides, void *context)
{
    memset(count, 0, (size_t)answers * sizeof *count);
    count_between(count, decides, context, 0, ALL_DARTS, decides(context, 0),
                  decides(context, ALL_DARTS - 1));
}
