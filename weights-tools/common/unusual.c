/* unusual.c - what a person should know about a tensor, in sentences
 *
 *      Statistics ──┐
 *                   ├──► a rule each ──► "3 NaN, the first at [17, 5]"
 *      Lines ───────┘                    "2 rows of zeros, the first is row 40"
 *
 * Of the two hundred lines of a model's table nobody reads all. So each thing that
 * is worth a look is said in a sentence, with a place where to look. What the rules
 * mean:
 *
 *   NaN, infinity     the model cannot be used: everything behind becomes NaN
 *   outliers          further than 8 std from the mean: among a billion normal
 *                     numbers there is none. Quantizing with one scale per block
 *                     rounds their neighbours away
 *   one value         nothing was learned here: norms that are still 1
 *   dead rows         an output that is always 0, or an id that was never trained;
 *                     padding of the vocabulary often looks so
 *   twins             rows that are byte for byte the same: ids that were never
 *                     told apart
 *   loud columns      one input feature weighs far more than the others
 *   subnormal         numbers so small that their format holds them with fewer
 *                     digits: a few are normal in F16
 *   many zeros        pruned, or a mask
 *
 * Read next: weights-tools/inspect.c.
 */
#include "weights-tools/common/unusual.h"

#include <math.h>                   /* fabs                                 */
#include <stdio.h>                  /* snprintf                             */

#include "weights-tools/common/widen.h"

#define MANY_ZEROS 0.5              /* share of numbers                     */
#define MANY_SUBNORMAL 0.01

typedef unsigned long long Count;   /* what %llu takes                      */

const char *unusual_place(char out[UNUSUAL_PLACE], const Tensor *tensor, uint64_t index)
{
    uint64_t at[TENSOR_RANK];
    int used = 0;

    for (int d = tensor->rank - 1; d >= 0; d--) {
        at[d] = index % tensor->shape[d];
        index /= tensor->shape[d];
    }
    out[used++] = '[';
    for (int d = 0; d < tensor->rank; d++)
        used += snprintf(out + used, UNUSUAL_PLACE - (size_t)used, "%s%llu",
                         d == 0 ? "" : ", ", (Count)at[d]);
    snprintf(out + used, UNUSUAL_PLACE - (size_t)used, "]");
    return out;
}

static Text *next(Unusual *u)
{
    must(u->count < UNUSUAL_MOST, "%d rules at most", UNUSUAL_MOST);
    return &u->text[u->count++];
}

static const char *ending(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void find_in_numbers(Unusual *u, const Tensor *t, const Statistics *s)
{
    char place[UNUSUAL_PLACE];

    if (s->nan + s->infinite > 0)
        text_print(next(u), "%llu NaN and %llu infinite, the first at %s",
                   (Count)s->nan, (Count)s->infinite,
                   unusual_place(place, t, s->first_odd));
    if (s->finite > 1 && s->min == s->max)
        text_print(next(u), "one value throughout: %.9g", s->min);
    else if (s->outliers > 0 && widen_is_float(t->dtype))
        text_print(next(u), "%llu outlier%s beyond %g std, the largest %.4g at %s: "
                   "%.1f std", (Count)s->outliers, ending(s->outliers),
                   STATISTICS_FAR, s->furthest_value,
                   unusual_place(place, t, s->furthest),
                   fabs(s->furthest_value - s->mean) / s->std);
    if (s->min != s->max && widen_is_float(t->dtype)
        && (double)s->zeros > MANY_ZEROS * (double)s->count)
        text_print(next(u), "%.1f %% of the numbers are zero",
                   100 * (double)s->zeros / (double)s->count);
    if ((double)s->subnormal > MANY_SUBNORMAL * (double)s->count)
        text_print(next(u), "%.1f %% of the numbers are subnormal: too small for "
                   "all digits of %s", 100 * (double)s->subnormal / (double)s->count,
                   dtype_name(t->dtype));
}

static void find_in_lines(Unusual *u, const Tensor *t, const Lines *l)
{
    if (l->dead > 0)
        text_print(next(u), "%llu of %llu rows hold nothing but zeros, the first is "
                   "row %llu", (Count)l->dead, (Count)l->rows, (Count)l->first_dead);
    if (l->twins > 0)
        text_print(next(u), "%llu row%s the same as an earlier one: row %llu is row "
                   "%llu again", (Count)l->twins, l->twins == 1 ? " is" : "s are",
                   (Count)l->first_twin, (Count)l->like);
    if (l->dead_columns > 0)
        text_print(next(u), "%llu of %llu columns hold nothing but zeros, the first "
                   "is column %llu", (Count)l->dead_columns, (Count)l->columns,
                   (Count)l->first_dead_column);
    if (l->loud > 0 && widen_is_float(t->dtype))
        text_print(next(u), "%llu loud column%s, the loudest is column %llu: %.1f "
                   "times the median column", (Count)l->loud, ending(l->loud),
                   (Count)l->loudest, l->times);
}

/* All rules. A tensor of nothing but zeros is said to be that, and no more. */
void unusual_find(Unusual *u, const Tensor *tensor, const Statistics *s,
                  const Lines *lines)
{
    *u = (Unusual){0};
    find_in_numbers(u, tensor, s);
    if (s->min != s->max)
        find_in_lines(u, tensor, lines);
}

void unusual_free(Unusual *u)
{
    for (int i = 0; i < u->count; i++)
        text_free(&u->text[i]);
    u->count = 0;
}
