/* 1_dart.key.c - exercise 05.1: the reader's pick, for every float u
 *
 *      0                      0.5             0.75             1
 *      ├──────── id 0 ─────────┼──── id 2 ─────┼──── id 3 ──────┤
 *      ▲                       ▲               ▲
 *      begin_0                 begin_2         begin_3 (and begin_1 = begin_2)
 *
 * Floats from 0 to 1 are ordered as their bits are, so that the smallest u with
 * pick(u) >= id is found by halving an interval of whole numbers some thirty
 * times. The V beginnings say what the function does with each of the billion
 * floats in [0, 1), if it never goes back; single darts beside them would show
 * one that does.
 *
 * Visible cases are single darts, hidden ones are lines: some with words of
 * length 0 at both ends, some not 1 long, some of very uneven words.
 *
 * sum_ascending, which the exercise gives, stands here.
 */
#include "chapters/exercises/chapter05/tasks.h"
#include "chapters/exercises/judge.h"
#include "numbers/bits.h"

#define ONE 0x3F800000u             /* the bits of 1.0f                      */

typedef int Pick(const double *p, int V, float u);

double sum_ascending(const double *p, int V)
{
    double sum = 0;

    for (int i = 0; i < V; i++)
        sum += p[i];
    return sum;
}

/* The smallest u in [0, 1) with pick(u) >= id; 1 when there is none. */
static float beginning(Pick *pick, const double *p, int V, int id)
{
    uint32_t low = 0, high = ONE;           /* the answer lies in low … high */

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (pick(p, V, f32_of_bits(middle)) >= id)
            high = middle;
        else
            low = middle + 1;
    }
    return f32_of_bits(low);
}

/* Typical mistakes, each a pick of its own. */

static int at_least(const double *p, int V, float u)
{
    double dart = (double)u * sum_ascending(p, V), sum = 0;

    for (int id = 0; id < V; id++) {
        sum += p[id];
        if (sum >= dart)
            return id;
    }
    return V - 1;
}

static int length_one(const double *p, int V, float u)
{
    double sum = 0;

    for (int id = 0; id < V; id++) {
        sum += p[id];
        if (sum > (double)u)
            return id;
    }
    return V - 1;
}

static int in_float(const double *p, int V, float u)
{
    float dart = u * (float)sum_ascending(p, V), sum = 0;

    for (int id = 0; id < V; id++) {
        sum += (float)p[id];
        if (sum > dart)
            return id;
    }
    return V - 1;
}

static int from_the_end(const double *p, int V, float u)
{
    double dart = (double)u * sum_ascending(p, V), sum = 0;

    for (int id = V - 1; id >= 0; id--) {
        sum += p[id];
        if (sum > dart)
            return id;
    }
    return 0;
}

static int one_late(const double *p, int V, float u)
{
    double dart = (double)u * sum_ascending(p, V), sum = 0;

    for (int id = 0; id < V; id++) {
        if (sum > dart)
            return id;
        sum += p[id];
    }
    return V - 1;
}

static int likeliest(const double *p, int V, float u)
{
    int best = 0;

    (void)u;
    for (int id = 1; id < V; id++)
        best = p[id] > p[best] ? id : best;
    return best;
}

static const struct { Pick *pick; const char *guess; } mistakes[] = {
    { at_least, "compare with >, not >=: a word of length 0 has no room" },
    { length_one, "the line is sum_ascending(p, V) long, not 1: scale the dart" },
    { in_float, "sums and dart are double, not float" },
    { from_the_end, "the walk begins at id 0" },
    { one_late, "add p[id] before you compare: you are one word late" },
    { likeliest, "that is greedy: the likeliest word, whatever the dart says" },
};
enum { MISTAKES = sizeof mistakes / sizeof mistakes[0] };

/* Does a mistake pick what the pupil picks, all along the line? */
static bool alike(Pick *mistake, const double *p, int V)
{
    for (int i = 0; i < 64; i++)
        if (mistake(p, V, (float)i / 64) != my_sampling_pick(p, V, (float)i / 64))
            return false;
    return true;
}

static void throw_one(Case *c, const double *p, int V, float u)
{
    int got = my_sampling_pick(p, V, u), want = sampling_pick(p, V, u);
    const char *guess = NULL;

    if (got == want)
        return;
    for (int i = MISTAKES - 1; i >= 0; i--)
        if (alike(mistakes[i].pick, p, V))
            guess = mistakes[i].guess;
    case_says(c, "; the dart is u = %.9g", (double)u);
    case_int(c, "the id that the dart hits", got, want, guess);
}

static void whole_line(Case *c, const double *p, int V)
{
    float *got = case_array(c, V, sizeof *got);
    float *want = case_array(c, V, sizeof *want);
    Fault faults[MISTAKES + 1] = {{ NULL, NULL }};

    for (int i = 0; i < MISTAKES; i++) {
        float *begin = case_array(c, V, sizeof *begin);

        for (int id = 0; id < V; id++)
            begin[id] = beginning(mistakes[i].pick, p, V, id);
        faults[i] = (Fault){ begin, mistakes[i].guess };
    }
    for (int id = 0; id < V; id++) {
        got[id] = beginning(my_sampling_pick, p, V, id);
        want[id] = beginning(sampling_pick, p, V, id);
    }
    case_floats(c, "the smallest u that gets as far as id", got, want, V, faults);
}

static void says_line(Case *c, const double *p, int V)
{
    case_says(c, "p =");
    for (int i = 0; i < V && i < 8; i++)
        case_says(c, " %.4g", p[i]);
    if (V > 8)
        case_says(c, " … (%d words)", V);
}

/* A line of V words: a few are 0, above all at the ends. */
static void random_line(Case *c, double *p, int V)
{
    double length = case_between(c, 0, 1) ? 1 : case_between(c, 1, 40) / 8.0;
    double sum = 0;

    for (int i = 0; i < V; i++) {
        double x = (double)case_random(c) / 0x1p32;
        bool end = i == 0 || i == V - 1;

        p[i] = case_between(c, 0, end ? 1 : 4) == 0 ? 0 : x * x * x;
        sum += p[i];
    }
    if (sum == 0)
        p[V / 2] = sum = 1;
    for (int i = 0; i < V; i++)
        p[i] *= length / sum;
}

static void run(Case *c)
{
    static const double lines[2][4] = { { 0.5, 0, 0.25, 0.25 }, { 0, 2, 2, 0 } };
    static const struct { int line; float u; } seen[] = {
        { 0, 0 }, { 0, 0.6f }, { 0, 0.5f }, { 1, 0 }, { 1, 0.5f },
        { 1, 0.99999994f },
    };
    int V = case_hidden(c) ? case_between(c, 1, 20) : 4;
    double *p = case_array(c, V, sizeof *p);

    if (!case_hidden(c))
        for (int i = 0; i < V; i++)
            p[i] = lines[seen[case_number(c)].line][i];
    else
        random_line(c, p, V);
    says_line(c, p, V);
    if (!case_hidden(c))
        throw_one(c, p, V, seen[case_number(c)].u);
    for (int i = 0; i < 20 && case_hidden(c); i++)
        throw_one(c, p, V, (float)(case_random(c) >> 8) / 0x1p24f);
    if (case_hidden(c))
        whole_line(c, p, V);
}

const Exercise exercise = { .stop = "my_sampling_pick", .visible = 6, .hidden = 25,
                            .run = run };
