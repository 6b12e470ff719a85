/* 1_accept.key.c - exercise 07.1: how many of the 2^24 u accept, and what replaces
 *
 *      u     0                     k/2^24                                      1
 *            ├────── accepted ───────┼────────────── rejected ─────────────────┤
 *
 * Whoever accepts u accepts all smaller ones, so the k is found by halving, in 24 calls;
 * single darts beside it would show a function that goes back. k / 2^24 is how often a
 * word that was drawn stands: the law of the word that comes out follows,
 *
 *      P(y) = Σ_x q(x) · (a(x) · [y = x] + (1 - a(x)) · r_x(y) / Σ r_x)
 *
 * The engine's own must be p within the width of a dart; the reader's is told when it is
 * not. What is compared, though, is bits: the k of each word, and r.
 *
 *      case 0   the arrays of the essay          case 3   a draft that is certain
 *      case 1   p = q                            case 4   r is the array q
 *      case 2   nothing in common                hidden   1 to 12 words, all of these
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter07/tasks.h"
#include "chapters/exercises/judge.h"
#include "decode/speculative.h"

#define DARTS (1 << 24)

typedef bool Accept(const double *p, const double *q, int x, float u);
typedef double Residual(double *r, const double *p, const double *q, int x, int V);

typedef struct {                    /* one case                              */
    double *p, *q;                  /* [V]; q NULL: certain                  */
    int V;
    bool same;                      /* r lies where q does                   */
} Pair;

/* How many of the numbers k/2^24 are accepted, if none behind a rejected one is. */
static int accepted(Accept *accept, const double *p, const double *q, int x)
{
    int low = 0, high = DARTS;

    while (low < high) {
        int middle = low + (high - low) / 2;

        if (accept(p, q, x, (float)middle / DARTS))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool possible(const Pair *pair, int x)
{
    return pair->q == NULL || pair->q[x] > 0;
}

/* ---- typical mistakes, each a function of its own */

static double drawn(const double *q, int x)
{
    return q != NULL ? q[x] : 1;
}

static bool or_equal(const double *p, const double *q, int x, float u)
{
    return (double)u * drawn(q, x) <= p[x];
}

static bool upside_down(const double *p, const double *q, int x, float u)
{
    return (double)u * p[x] < drawn(q, x);
}

static bool without_q(const double *p, const double *q, int x, float u)
{
    (void)q;
    return (double)u < p[x];
}

static bool where_more(const double *p, const double *q, int x, float u)
{
    (void)u;
    return p[x] >= drawn(q, x);
}

static bool always(const double *p, const double *q, int x, float u)
{
    (void)p, (void)q, (void)x, (void)u;
    return true;
}

static bool believed(const double *p, const double *q, int x, float u)
{
    return q == NULL || (double)u * q[x] < p[x];
}

static const struct { Accept *accept; const char *guess; } mistakes[] = {
    { believed, "a draft that is certain may be wrong: q(x) is 1, and u · 1 < p(x)" },
    { always, "every guess stands: then the text is the draft's" },
    { without_q, "divide by q(x): u · q(x) < p(x). A word that was rarely drawn must "
                 "stand more often" },
    { upside_down, "the ratio is upside down: u · q(x) < p(x)" },
    { where_more, "where q is larger a guess still stands p/q of the time: u decides" },
    { or_equal, "< and not <=: at u = 0 a word that p does not know would stand" },
};
enum { MISTAKES = sizeof mistakes / sizeof mistakes[0] };

typedef enum { KEPT_X, NOT_CUT, ABSOLUTE, TURNED, ALL_OF_P, DIVIDED, EMPTY, WRONGS } Wrong;

static const char *const wrong_guesses[WRONGS] = {
    "q NULL: the guess x itself fell, so r is 0 there",
    "where q has more, r is 0, not below it",
    "where q has more, r is 0: only what p has more counts",
    "it is p - q: what the target has more",
    "that is p itself: take off what was already given by accepted guesses",
    "nothing is divided: the dart is thrown over the whole length",
    "when the sum is 0, r is p",
};

/* out [V + 1]: r and its sum, with one mistake. */
static const double *residual_with(Case *c, const Pair *pair, int x, Wrong wrong)
{
    double *out = case_array(c, pair->V + 1, sizeof *out), sum = 0;

    for (int i = 0; i < pair->V; i++) {
        double take = pair->q != NULL ? pair->q[i] : i == x && wrong != KEPT_X;
        double more = wrong == TURNED ? take - pair->p[i] : pair->p[i] - take;

        more = wrong == ABSOLUTE ? fabs(more) : wrong == ALL_OF_P ? pair->p[i] : more;
        out[i] = more > 0 || wrong == NOT_CUT ? more : 0;
        sum += out[i];
    }
    for (int i = 0; i < pair->V && (sum == 0 || wrong == DIVIDED); i++)
        out[i] = sum != 0 ? out[i] / sum : wrong == EMPTY ? 0 : pair->p[i];
    out[pair->V] = sum;
    return out;
}

/* ---- asking */

/* out [V + 1]: r and what was returned, as somebody's function says. */
static double *residual_of(Case *c, Residual *residual, const Pair *pair, int x)
{
    double *out = case_array(c, pair->V + 1, sizeof *out);
    double *r = case_array(c, pair->V, sizeof *r);

    if (pair->same)
        memcpy(r, pair->q, (size_t)pair->V * sizeof *r);
    out[pair->V] = residual(r, pair->p, pair->same ? r : pair->q, x, pair->V);
    memcpy(out, r, (size_t)pair->V * sizeof *r);
    return out;
}

/* law [V]: of the word that comes out. A draft that is certain guesses word `sure`. */
static void law_of(Case *c, double *law, Accept *accept, Residual *residual,
                   const Pair *pair, int sure)
{
    memset(law, 0, (size_t)pair->V * sizeof *law);
    for (int x = 0; x < pair->V; x++) {
        double q = pair->q != NULL ? pair->q[x] : x == sure, kept, sum = 0, *r;

        if (q == 0)
            continue;
        kept = (double)accepted(accept, pair->p, pair->q, x) / DARTS;
        r = residual_of(c, residual, pair, x);
        for (int y = 0; y < pair->V; y++)
            sum += r[y];
        law[x] += q * kept;
        for (int y = 0; y < pair->V && kept < 1; y++)
            law[y] += q * (1 - kept) * r[y] / sum;
    }
}

/* The engine's law is p; the reader's is told where it is not. */
static void look_at_law(Case *c, const Pair *pair, int sure)
{
    double *mine = case_array(c, pair->V, sizeof *mine);
    double *engine = case_array(c, pair->V, sizeof *engine);

    law_of(c, engine, speculative_accept, speculative_residual, pair, sure);
    law_of(c, mine, my_speculative_accept, my_speculative_residual, pair, sure);
    for (int y = 0; y < pair->V; y++)
        must(fabs(engine[y] - pair->p[y]) < 4.0 / DARTS, "the engine's law: %g, %g",
             engine[y], pair->p[y]);
    for (int y = 0; y < pair->V; y++)
        if (!(fabs(mine[y] - pair->p[y]) < 4.0 / DARTS)) {
            case_says(c, "\nOver all u, word %d would come with probability %.4g in "
                      "place of %.4g.", y, mine[y], pair->p[y]);
            return;
        }
}

static void compare_accept(Case *c, const Pair *pair)
{
    int V = pair->V, *got = case_array(c, V, sizeof *got);
    int *want = case_array(c, V, sizeof *want);
    Fault faults[MISTAKES + 1] = {{ NULL, NULL }};

    for (int m = -1; m < MISTAKES; m++) {
        int *k = m < 0 ? want : case_array(c, V, sizeof *k);

        for (int x = 0; x < V; x++)
            k[x] = !possible(pair, x) ? 0
                 : accepted(m < 0 ? speculative_accept : mistakes[m].accept, pair->p,
                            pair->q, x);
        if (m >= 0)
            faults[m] = (Fault){ k, mistakes[m].guess };
    }
    for (int x = 0; x < V; x++)
        got[x] = possible(pair, x) ? accepted(my_speculative_accept, pair->p, pair->q, x)
                                   : 0;
    case_ints(c, "how many of the 2^24 u accept word", got, want, V, faults);
    for (int i = 0; i < 40; i++) {
        int x = case_between(c, 0, V - 1);
        float u = (float)(case_random(c) >> 8) / DARTS;
        bool right = !possible(pair, x) || speculative_accept(pair->p, pair->q, x, u);

        if (right == (!possible(pair, x)
                      || my_speculative_accept(pair->p, pair->q, x, u)))
            continue;
        case_says(c, "; word %d, u = %.9g", x, (double)u);
        case_int(c, "is it accepted?", !right, right, "whoever accepts this u accepts all "
                 "smaller ones: is your comparison one of u?");
    }
}

static void compare_residual(Case *c, const Pair *pair, int x)
{
    const double *want = residual_of(c, speculative_residual, pair, x);
    Fault faults[WRONGS + 1] = {{ NULL, NULL }};

    for (int w = 0; w < WRONGS; w++)
        faults[w] = (Fault){ residual_with(c, pair, x, (Wrong)w), wrong_guesses[w] };
    case_stops(c, "my_speculative_residual");
    case_doubles(c, "r, and what is returned behind it",
                 residual_of(c, my_speculative_residual, pair, x), want, pair->V + 1,
                 faults);
}

/* ---- cases */

/* x [V]: a distribution in which a few words are 0. */
static void random_law(Case *c, double *x, int V)
{
    double sum = 0;

    for (int i = 0; i < V; i++) {
        double size = (double)case_random(c) / 0x1p32;

        x[i] = case_between(c, 0, 4) == 0 ? 0 : size * size * size;
        sum += x[i];
    }
    if (sum == 0)
        x[case_between(c, 0, V - 1)] = sum = 1;
    for (int i = 0; i < V; i++)
        x[i] /= sum;
}

static Pair large(Case *c, int number)
{
    Pair pair = { .V = case_between(c, 1, 12), .same = number % 3 == 0 };
    int V = pair.V;

    pair.p = case_array(c, V, sizeof *pair.p);
    pair.q = case_array(c, V, sizeof *pair.q);
    random_law(c, pair.p, V);
    if (number % 4 == 3) {
        pair.q = NULL;
        pair.same = false;
    } else if (number % 8 == 1) {
        memcpy(pair.q, pair.p, (size_t)V * sizeof *pair.q);
    } else {
        random_law(c, pair.q, V);
    }
    return pair;
}

static Pair small(Case *c, int number)
{
    static const double seen[5][2][3] = {
        { { 0.5, 0.3, 0.2 }, { 0.2, 0.3, 0.5 } }, { { 0.5, 0.3, 0.2 }, { 0.5, 0.3, 0.2 } },
        { { 0.75, 0.25, 0 }, { 0, 0, 1 } }, { { 0.5, 0.3, 0.2 }, { 0, 0, 0 } },
        { { 0, 0.625, 0.375 }, { 0.25, 0.25, 0.5 } },
    };
    Pair pair = { .V = 3, .same = number == 4 };

    pair.p = case_array(c, 3, sizeof *pair.p);
    pair.q = case_array(c, 3, sizeof *pair.q);
    memcpy(pair.p, seen[number][0], sizeof seen[number][0]);
    memcpy(pair.q, seen[number][1], sizeof seen[number][1]);
    if (number == 3)
        pair.q = NULL;
    return pair;
}

static void says_law(Case *c, const char *name, const double *x, int V)
{
    case_says(c, "%s =", name);
    for (int i = 0; i < V && i < 8; i++)
        case_says(c, " %.4g", x[i]);
    if (V > 8)
        case_says(c, " … (%d words)", V);
}

static void run(Case *c)
{
    Pair pair = case_hidden(c) ? large(c, case_number(c)) : small(c, case_number(c));
    int sure = case_between(c, 0, pair.V - 1);

    says_law(c, "p", pair.p, pair.V);
    if (pair.q != NULL)
        says_law(c, ", q", pair.q, pair.V);
    else
        case_says(c, ", q NULL: certain of word %d", sure);
    case_says(c, pair.same ? "; r is the array q" : "");
    look_at_law(c, &pair, sure);
    compare_accept(c, &pair);
    compare_residual(c, &pair, sure);
}

const Exercise exercise = { .stop = "my_speculative_accept", .visible = 5, .hidden = 60,
                            .run = run };
