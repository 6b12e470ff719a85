/* record.c - keep what a Probe shows, to look at it when the pass is over
 *
 *      the pass   layer 0          layer 1          …
 *                 Q  K  V  HEADS   Q  K  V  HEADS
 *                 │                │
 *                 ▼                ▼                      x [L, T, width]
 *      Q     │ row 0 │ row 1 │ … │ row 0 │ row 1 │ …      of each point
 *              └ first pass ┘└ second ─ …
 *
 * A Probe shows numbers while they pass, and a moment later they are overwritten.
 * A lesson wants to draw them in an order of its own and to compare one run with
 * another, bit for bit. So this guest takes a copy of each row that it is shown.
 *
 * How wide a row is, it learns when it sees the first one; the memory is asked for
 * then. Rows of a text that is read in pieces come piece by piece, and stand one
 * behind the other as if it had been read at once.
 *
 * Read next: src/model/probe.c, then chapters/chapter03_layers.c.
 */
#include "chapters/lesson/record.h"

#include <string.h>

#include "base/memory.h"

static void keep(void *context, ProbePoint point, int layer, const float *x,
                 int rows, int width)
{
    Record *r = context;
    bool outside = layer < 0 || layer == r->L;
    int l = outside ? 0 : layer, layers = outside ? 1 : r->L;
    float *to = r->point[point].x;
    int *seen = r->point[point].rows;

    if (to == NULL) {
        to = memory_get_bytes((size_t)layers * (size_t)r->T * (size_t)width
                              * sizeof *to);
        seen = memory_get(r->L, sizeof *seen);
        r->point[point].x = to;
        r->point[point].rows = seen;
        r->point[point].width = width;
    }
    must(seen[l] + rows <= r->T, "%d rows of %s, room for %d", seen[l] + rows,
         probe_name(point), r->T);
    memcpy(row(to, l * r->T + seen[l], width), x,
           (size_t)rows * (size_t)width * sizeof *x);
    seen[l] += rows;
}

void record_init(Record *r, int L, int T, uint32_t mask)
{
    *r = (Record){ .L = L, .T = T, .probe = { keep, r, mask } };
}

/* What was seen is forgotten; its memory is used again. */
void record_again(Record *r)
{
    for (ProbePoint point = 0; point < PROBE_COUNT; point++)
        for (int l = 0; r->point[point].x != NULL && l < r->L; l++)
            r->point[point].rows[l] = 0;
}

const float *record_row(const Record *r, ProbePoint point, int layer, int t)
{
    must(r->point[point].x != NULL && layer >= 0 && layer < r->L && t >= 0
         && t < r->point[point].rows[layer], "%s of layer %d, row %d was not seen",
         probe_name(point), layer, t);
    return row(r->point[point].x, layer * r->T + t, r->point[point].width);
}

int record_width(const Record *r, ProbePoint point)
{
    return r->point[point].width;
}

int record_rows(const Record *r, ProbePoint point, int layer)
{
    return r->point[point].x == NULL ? 0 : r->point[point].rows[layer];
}

size_t record_same(const Record *a, const Record *b, int from, int to, size_t *all)
{
    size_t same = 0;

    *all = 0;
    for (ProbePoint point = 0; point < PROBE_COUNT; point++)
        for (int l = 0; l < a->L; l++)
            for (int t = from; t < min_int(to, record_rows(a, point, l)); t++) {
                const float *x = record_row(a, point, l, t);
                const float *y = record_row(b, point, l, t);
                int width = record_width(a, point);

                *all += (size_t)width;
                for (int i = 0; i < width; i++)
                    same += memcmp(&x[i], &y[i], sizeof *x) == 0;
            }
    return same;
}

void record_free(Record *r)
{
    for (ProbePoint point = 0; point < PROBE_COUNT; point++) {
        memory_give_back(r->point[point].x);
        memory_give_back(r->point[point].rows);
    }
    *r = (Record){0};
}
