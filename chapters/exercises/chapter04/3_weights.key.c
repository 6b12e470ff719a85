/* 3_weights.key.c - exercise 04.3: attention_weights against the reader's
 *
 *      case 0   H = K = 1, D = 4, t = 2: the one done by hand in the essay
 *      case 1   t = 0: one position, its weight is 1
 *      case 2   4 query heads on 2 key heads, capacity 6, t = 3
 *      case 3   scores in the hundreds: only with the maximum taken off finite
 *      case 4   all scores far below zero: the maximum is one of them, not 0
 *      hidden   any of these, t up to 40, widths that are not powers of 4
 *
 * keys is the cache's own shape, and what lies behind position t looks like
 * keys but is none: who reads there gets other weights.
 *
 * The guesses come from one function that can make eleven mistakes, one at a
 * time: no scale, 1/D, division by the square root, the wrong key head, key
 * heads without gaps, two sums from left to right, a maximum that begins at 0
 * or is missing, a Z without its own position, nothing divided at the end.
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter04/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/elementary.h"

typedef struct {                    /* one case                              */
    float *q, *keys;                /* [D], [K, capacity, D]                 */
    int capacity, t, h, H, K, D;
} Look;

typedef enum { NO_SCALE, SCALE_BY_D, DIVIDED, MODULO, NO_GAPS, DOT_IN_ORDER,
               SUM_IN_ORDER, ZERO_MAXIMUM, NO_MAXIMUM, NOT_ITSELF, NOT_DIVIDED, MISTAKES } Mistake;

static const char *const guesses[MISTAKES] = {
    "no scale: every score is multiplied by 1/√D",
    "the scale is 1/√D, not 1/D",
    "multiply by the rounded 1/√D; dividing by √D rounds otherwise",
    "head h uses key head h / (H / K), not h % K: neighbours share",
    "each key head has capacity rows, not t + 1",
    "your dot product runs from left to right; use kernels->dot: eight lanes",
    "your Z runs from left to right; sum_lanes adds in eight lanes",
    "m is the largest score, and all scores can be below 0: begin with the first",
    "take the maximum off before the exponential: the bits differ, large ones are inf",
    "Z is the sum of t + 1 exponentials: its own position counts",
    "these are the e_j: divide by their sum",
};

static float score(const Look *l, Mistake mistake, const float *k)
{
    float root = (float)sqrt((double)l->D);
    float scale = mistake == NO_SCALE ? 1
                : mistake == SCALE_BY_D ? 1 / (float)l->D
                : (float)(1 / sqrt((double)l->D));
    float dot = kernels->dot[FORMAT_F32](k, l->q, l->D);

    if (mistake == DOT_IN_ORDER) {
        dot = 0;
        for (int d = 0; d < l->D; d++)
            dot += k[d] * l->q[d];
    }
    return mistake == DIVIDED ? dot / root : dot * scale;
}

/* p [t + 1] as it is with one mistake. */
static void mistaken(float *p, const Look *l, Mistake mistake)
{
    int n = l->t + 1;
    int g = mistake == MODULO ? l->h % l->K : l->h / (l->H / l->K);
    int rows = mistake == NO_GAPS ? n : l->capacity;
    float m = mistake == ZERO_MAXIMUM ? 0 : -INFINITY, Z = 0;

    for (int j = 0; j < n; j++) {
        p[j] = score(l, mistake, row(l->keys, g * rows + j, l->D));
        m = p[j] > m ? p[j] : m;
    }
    for (int j = 0; j < n; j++) {
        p[j] = exponential(mistake == NO_MAXIMUM ? p[j] : p[j] - m);
        Z += p[j];
    }
    if (mistake != SUM_IN_ORDER)
        Z = sum_lanes(p, mistake == NOT_ITSELF ? n - 1 : n);
    for (int j = 0; j < n && mistake != NOT_DIVIDED; j++)
        p[j] /= Z;
}

static void compare(Case *c, const Look *l)
{
    AttentionRow r = { l->keys, l->keys, l->capacity, l->t + 1 };
    int n = l->t + 1;
    float *want = case_array(c, n, sizeof *want);
    float *got = case_array(c, n, sizeof *got);
    Fault faults[MISTAKES + 1] = {{ NULL, NULL }};

    for (int i = 0; i < MISTAKES; i++) {
        float *p = case_array(c, n, sizeof *p);

        mistaken(p, l, (Mistake)i);
        faults[i] = (Fault){ p, guesses[i] };
    }
    attention_weights(want, l->q, &r, FORMAT_F32, l->h, l->H, l->K, l->D);
    my_attention_weights(got, l->q, l->keys, l->capacity, l->t, l->h, l->H, l->K,
                         l->D);
    case_floats(c, "p", got, want, n, faults);
}

/* The essay's example: q = 2 0 0 0, keys that begin with 0, 1, 2. */
static void by_hand(const Look *l)
{
    memset(l->q, 0, (size_t)l->D * sizeof *l->q);
    memset(l->keys, 0, (size_t)(l->capacity * l->D) * sizeof *l->keys);
    l->q[0] = 2;
    for (int j = 0; j < l->capacity; j++)
        l->keys[j * l->D] = (float)j;
}

/* Keys that point away from the query. */
static void all_below_zero(const Look *l)
{
    for (int i = 0; i < l->K * l->capacity * l->D; i++) {
        float size = fabsf(l->keys[i]) + 0.5f;

        l->keys[i] = l->q[i % l->D] > 0 ? -size : size;
    }
}

static Look small(int n)
{
    static const Look looks[] = {
        { NULL, NULL, 4, 2, 0, 1, 1, 4 }, { NULL, NULL, 2, 0, 0, 1, 1, 4 },
        { NULL, NULL, 6, 3, 2, 4, 2, 6 }, { NULL, NULL, 4, 3, 0, 2, 1, 8 },
        { NULL, NULL, 4, 3, 1, 2, 1, 8 },
    };

    return looks[n];
}

static Look large(Case *c)
{
    int K = case_between(c, 1, 3), H = K * case_between(c, 1, 4);
    int t = case_between(c, 0, 40);

    return (Look){ .capacity = t + 1 + case_between(c, 0, 5), .t = t,
                   .h = case_between(c, 0, H - 1), .H = H, .K = K,
                   .D = case_between(c, 1, 40) };
}

static void run(Case *c)
{
    int number = case_number(c);
    Look l = case_hidden(c) ? large(c) : small(number);
    int mood = case_hidden(c) ? case_between(c, 0, 7) : number;     /* 3, 4: as
                                                                 in small()   */

    l.q = case_array(c, l.D, sizeof *l.q);
    l.keys = case_array(c, l.K * l.capacity * l.D, sizeof *l.keys);
    case_fill(c, l.q, l.D);
    case_fill(c, l.keys, l.K * l.capacity * l.D);
    if (number == 0)
        by_hand(&l);
    for (int d = 0; d < l.D && (mood == 3 || mood == 4); d++)
        l.q[d] *= 500;
    if (mood == 4)
        all_below_zero(&l);
    case_says(c, "head %d of H = %d on K = %d, D = %d, position t = %d, capacity %d",
              l.h, l.H, l.K, l.D, l.t, l.capacity);
    case_shows(c, "q_h", l.q, l.D);
    compare(c, &l);
}

const Exercise exercise = { .stop = "my_attention_weights", .visible = 5,
                            .hidden = 40, .run = run };
