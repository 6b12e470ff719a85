/* 2_pairs.key.c - exercise 04.2: rope_apply against the reader's
 *
 *      case       0             1        2             3             hidden
 *      R, D       6, 8          2, 4     4, 4          6, 8          any
 *      positions  0, 0          1, 7     1             5, 20         0 … 2000
 *      the bug    does not show …        shows         shows         shows
 *
 * The first two cases pass with the bug in: that is the riddle. The third is
 * small enough to follow by hand.
 *
 * The guesses are turns that people write: pairs of neighbours; i with i + D/2
 * where only R of D turn; a wrong sign; the row's number instead of its
 * position; the first of a pair overwritten before the second was computed.
 */
#include <string.h>

#include "base/memory.h"
#include "chapters/exercises/chapter04/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/elementary.h"

typedef enum { NEIGHBOURS, HALVES, WIDE } Pairs;     /* 2i with 2i + 1, i with
                                                        i + R/2, i with i + D/2 */
typedef enum { POSITION, ROW, FOLLOWING } Place;      /* position[t], t, or
                                                        position[0] + t       */
typedef struct {                    /* a way to turn                         */
    Pairs read, write;
    float plus, minus;              /* signs of the two sines                */
    Place place;
    bool spoiled;                   /* the second half sees the new first    */
} Turn;

static int first(Pairs pairs, int i)
{
    return pairs == NEIGHBOURS ? 2 * i : i;
}

static int second(Pairs pairs, int i, int R, int D)
{
    return pairs == NEIGHBOURS ? 2 * i + 1 : i + (pairs == WIDE ? D : R) / 2;
}

/* x [T, H, D] turned as turn says. */
static void turned(float *x, Turn turn, const Rope *rope, const int *position,
                   int T, int H, int D)
{
    int R = rope->width;

    for (int t = 0; t < T; t++)
        for (int i = 0; i < R / 2; i++) {
            int p = turn.place == POSITION ? position[t]
                  : turn.place == ROW ? t : position[0] + t;
            float angle = (float)p * rope->frequency[i];
            float c = cosine(angle), s = sine(angle);

            for (int h = 0; h < H; h++) {
                float *x_th = row(x, t * H + h, D);
                float *out = x_th + first(turn.write, i);
                float re = x_th[first(turn.read, i)];
                float im = x_th[second(turn.read, i, R, D)];

                *out = re * c - turn.minus * (im * s);
                re = turn.spoiled ? *out : re;
                x_th[second(turn.write, i, R, D)] = im * c
                                                  + turn.plus * (re * s);
            }
        }
}

/* A copy of x [n], turned as turn says. */
static float *typical(Case *c, const float *x, int n, Turn turn,
                      const Rope *rope, const int *position, int T, int H, int D)
{
    float *copy = case_array(c, n, sizeof *copy);

    memcpy(copy, x, (size_t)n * sizeof *copy);
    turned(copy, turn, rope, position, T, H, D);
    return copy;
}

/* Turn x with the engine and with the pupil's function, and compare. */
static void compare(Case *c, const float *x, const Rope *rope,
                    const int *position, int T, int H, int D)
{
    static const Turn turn[] = {
        { NEIGHBOURS, NEIGHBOURS, 1, 1, POSITION, false },
        { HALVES, NEIGHBOURS, 1, 1, POSITION, false },
        { WIDE, WIDE, 1, 1, POSITION, false },
        { HALVES, HALVES, -1, -1, POSITION, false },
        { HALVES, HALVES, 1, -1, POSITION, false },
        { HALVES, HALVES, -1, 1, POSITION, false },
        { HALVES, HALVES, 1, 1, ROW, false },
        { HALVES, HALVES, 1, 1, FOLLOWING, false },
        { HALVES, HALVES, 1, 1, POSITION, true },
    };
    Fault faults[] = {
        { NULL, "x_0 still turns with x_1: neighbours" },
        { NULL, "you read the right pairs and write to the old places" },
        { NULL, "you pair i with i + D/2; only R numbers turn: i + R/2" },
        { NULL, "the pairs are right and turn the wrong way: look at both signs" },
        { NULL, "the pairs are right; the first of a pair has the wrong sign" },
        { NULL, "the pairs are right; the second of a pair has the wrong sign" },
        { NULL, "the angle is position[t] · f_i, not t · f_i" },
        { NULL, "each row has a position of its own: they need not follow" },
        { NULL, "x_i was overwritten before x_{i+R/2} was computed: keep the old one" },
        { x, "x has not moved at all" },
        { NULL, NULL },
    };
    int n = T * H * D;
    float *want = case_array(c, n, sizeof *want);
    float *got = case_array(c, n, sizeof *got);

    for (size_t i = 0; i < sizeof turn / sizeof turn[0]; i++)
        faults[i].values = typical(c, x, n, turn[i], rope, position, T, H, D);
    memcpy(want, x, (size_t)n * sizeof *x);
    memcpy(got, x, (size_t)n * sizeof *x);
    rope_apply(want, rope, position, T, H, D);
    my_rope_apply(got, rope, position, T, H, D);
    case_floats(c, "x", got, want, n, faults);
}

/* A Rope whose frequency lies in the case's memory. */
static Rope rope_of(Case *c, int R, float theta)
{
    RopeConfig config = { .theta = theta, .width = R, .factor = 1 };
    Error error = {0};
    Rope rope, copy;

    must(rope_init(&rope, &config, &error), "R = %d", R);
    copy = (Rope){ R, case_array(c, R / 2, sizeof *copy.frequency) };
    memcpy(copy.frequency, rope.frequency, (size_t)(R / 2) * sizeof(float));
    rope_free(&rope);
    return copy;
}

static void run(Case *c)
{
    static const struct { int R, D, T, H, position[2]; } seen[] = {
        { 6, 8, 2, 1, { 0, 0 } }, { 2, 4, 2, 2, { 1, 7 } },
        { 4, 4, 1, 1, { 1, 0 } }, { 6, 8, 2, 2, { 5, 20 } },
    };
    int i = case_number(c);
    bool small = !case_hidden(c);
    int R = small ? seen[i].R : 2 * case_between(c, 1, 16);
    int D = small ? seen[i].D : R + 2 * case_between(c, 0, 8);
    int T = small ? seen[i].T : case_between(c, 1, 5);
    int H = small ? seen[i].H : case_between(c, 1, 4);
    Rope rope = rope_of(c, R, small || case_between(c, 0, 1) ? 1e4f : 5e5f);
    float *x = case_array(c, T * H * D, sizeof *x);
    int *position = case_array(c, T, sizeof *position);

    case_says(c, "R = %d, D = %d, T = %d, H = %d", R, D, T, H);
    for (int t = 0; t < T; t++) {
        position[t] = small ? seen[i].position[t] : case_between(c, 0, 2000);
        case_says(c, t == 0 ? ", position %d" : " %d", position[t]);
    }
    for (int k = 0; k < T * H * D; k++)
        x[k] = (float)(k + 1);
    if (!small)
        case_fill(c, x, T * H * D);
    case_shows(c, "x", x, T * H * D);
    compare(c, x, &rope, position, T, H, D);
}

const Exercise exercise = { .stop = "my_rope_apply", .visible = 4, .hidden = 30,
                            .run = run };
