/* 4_window.key.c - exercise 04.4: attention over the positions that are in view
 *
 *      keys [t + 1, D]     ■ ■ · · · · ■ ■ ■ ■       values the same
 *                          │ │ ┌───────┘ │ │ │
 *                          ▼ ▼ ▼ ┌───────┘ │ │
 *      gathered [n, D]     ■ ■ ■ ■ ■ ■ ◄───┴─┘       then the engine's attention()
 *
 * The book has no window, but it has attention over a cache. Copying the
 * visible rows together makes a small cache of them, and the engine's own
 * function, with one query head and one key/value head, is the answer: no
 * second definition.
 *
 * Mistakes are made the same way, by gathering the wrong rows: a window that
 * does not count the position itself, one that is too small, no sinks, sinks
 * only, everything, sinks twice. Another one leaves hidden positions in with
 * weight 0, so that the lanes of the sum are those of absolute positions. And
 * one forgets the division.
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter04/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/elementary.h"

typedef struct {                    /* one case                              */
    float *q, *keys, *values;       /* [D], [t + 1, D] twice                 */
    int t, window, sinks, D;
} Window;

static bool in_view(const Window *w, int j)
{
    return j < w->sinks || j > w->t - w->window;
}

/* The engine over the rows that are in w's view; with twice, sinks that lie in the
 * window come a second time. */
static const float *answer(Case *c, Window w, bool twice)
{
    int most = 2 * (w.t + 1), n = 0;
    float *keys = case_array(c, most * w.D, sizeof *keys);
    float *values = case_array(c, most * w.D, sizeof *values);
    float *out = case_array(c, w.D, sizeof *out);
    float *scratch = case_array(c, (int)attention_scratch(1, 1, most),
                                sizeof *scratch);
    size_t bytes = (size_t)w.D * sizeof(float);

    for (int j = 0; j <= w.t; j++)
        for (int k = in_view(&w, j)
                     + (twice && j < w.sinks && j > w.t - w.window); k > 0; k--) {
            memcpy(row(keys, n, w.D), row(w.keys, j, w.D), bytes);
            memcpy(row(values, n, w.D), row(w.values, j, w.D), bytes);
            n++;
        }
    if (n > 0)
        attention(out, w.q, &(AttentionRow){ keys, values, most, n }, FORMAT_F32,
                  1, 1, 1, w.D, scratch);
    return out;
}

/* Hidden positions kept with weight 0; or nothing divided. */
static const float *by_position(Case *c, const Window *w, bool divide)
{
    float *e = case_array(c, w->t + 1, sizeof *e);
    float *out = case_array(c, w->D, sizeof *out);
    float scale = (float)(1 / sqrt((double)w->D)), m = -INFINITY, Z;

    for (int j = 0; j <= w->t; j++) {
        e[j] = kernels->dot[FORMAT_F32](row(w->keys, j, w->D), w->q, w->D) * scale;
        m = in_view(w, j) && e[j] > m ? e[j] : m;
    }
    for (int j = 0; j <= w->t; j++)
        e[j] = in_view(w, j) ? exponential(e[j] - m) : 0;
    Z = divide ? sum_lanes(e, w->t + 1) : 1;
    for (int d = 0; d < w->D; d++)
        out[d] = 0;
    kernels->weigh[FORMAT_F32](out, w->values, e, 0, 1, w->t + 1, w->D);
    for (int d = 0; d < w->D; d++)
        out[d] /= Z;
    return out;
}

/* w with another window and other sinks: how most mistakes are made. */
static const float *other(Case *c, Window w, int window, int sinks)
{
    w.window = window;
    w.sinks = sinks;
    return answer(c, w, false);
}

static void compare(Case *c, const Window *w)
{
    float *got = case_array(c, w->D, sizeof *got);
    float *e = case_array(c, w->t + 1, sizeof *e);
    const float *want = answer(c, *w, false);
    Fault faults[] = {
        { other(c, *w, w->window + 1, w->sinks),
          "one position too many: a window of 4 is t-3 … t, and j < sinks" },
        { other(c, *w, w->window - 1, w->sinks),
          "one position too few: the window counts t itself" },
        { other(c, *w, w->window, 0), "the sinks are missing" },
        { other(c, *w, w->window, w->sinks + 1), "one sink too many: j < sinks" },
        { other(c, *w, w->window, w->sinks - 1), "one sink too few: j < sinks" },
        { other(c, *w, 0, w->sinks), "the window is missing" },
        { other(c, *w, w->t + 1, 0), "that is attention over everything" },
        { answer(c, *w, true), "a sink inside the window counts once" },
        { by_position(c, w, true), "nearly: Z is summed over the numbers i, so the "
          "lanes are i mod 8, not j mod 8" },
        { by_position(c, w, false), "divide by Z at the end" },
        { NULL, NULL },
    };

    for (int j = 0; j <= w->t; j++)     /* scratch is full of old work          */
        e[j] = 1000;
    my_window_attention(got, e, w->q, w->keys, w->values, w->t, w->window, w->sinks,
                        w->D);
    case_floats(c, "out", got, want, w->D, faults);
}

/* The essay's example: equal scores, values 6, 100, 4. */
static void by_hand(const Window *w)
{
    static const float values[] = { 6, 100, 4 };

    memcpy(w->values, values, sizeof values);
    w->q[0] = 0;
}

static Window large(Case *c)
{
    int t = case_between(c, 0, 60);

    return (Window){ .t = t, .window = case_between(c, 1, case_between(c, 1, t + 8)),
                     .sinks = case_between(c, 0, case_between(c, 0, 3) ? 5 : t + 3),
                     .D = case_between(c, 1, 24) };
}

static void run(Case *c)
{
    static const Window small[] = {             /* t, window, sinks, D       */
        { NULL, NULL, NULL, 2, 1, 1, 1 }, { NULL, NULL, NULL, 9, 4, 2, 4 },
        { NULL, NULL, NULL, 2, 4, 2, 4 }, { NULL, NULL, NULL, 12, 10, 0, 4 },
        { NULL, NULL, NULL, 0, 1, 4, 4 },
    };
    int number = case_number(c);
    Window w = case_hidden(c) ? large(c) : small[number];
    int n = (w.t + 1) * w.D;

    w.q = case_array(c, w.D, sizeof *w.q);
    w.keys = case_array(c, n, sizeof *w.keys);
    w.values = case_array(c, n, sizeof *w.values);
    case_fill(c, w.q, w.D);
    case_fill(c, w.keys, n);
    case_fill(c, w.values, n);
    for (int d = 0; d < w.D; d++)
        w.q[d] *= 6;
    if (number == 0)
        by_hand(&w);
    case_says(c, "t = %d, window = %d, sinks = %d, D = %d", w.t, w.window, w.sinks,
              w.D);
    compare(c, &w);
}

const Exercise exercise = { .stop = "my_window_attention", .visible = 5,
                            .hidden = 60, .run = run };
