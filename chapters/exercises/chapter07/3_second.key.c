/* 3_second.key.c - exercise 07.3: the law over a grid of darts, and the engine's own steps
 *
 *      guess 0 ─┐ all V · V pairs, each weighs q · q
 *      guess 1 ─┘
 *      u_0, u_1, dart: the middles of G · G · G boxes ──► a word ──► law [V]  = p ?
 *
 *      0 ├──┼──┼──┼──┼──┼──┤ 1        all ends of intervals lie on lines of the grid,
 *          ▲                          so a middle stands for the whole of its box
 *
 * case 0   the essay's arrays, two guesses        case 3   no guess at all
 * case 1   four words, two guesses                case 4   nothing is left: s is 0
 * case 2   the essay's arrays, one guess          hidden   0 to 4 guesses; many u lie just
 *                                                          where a guess falls
 *
 * The engine has no such function, but its steps: speculative_accept,
 * speculative_residual, and a division between them. They are the answer, and their law
 * must be p before anybody else's is looked at.
 */
#include <math.h>
#include <string.h>

#include "chapters/exercises/chapter07/tasks.h"
#include "chapters/exercises/judge.h"
#include "decode/speculative.h"

#define MOST 4                      /* guesses                               */
#define WORDS 10

typedef struct {                    /* one case                              */
    double p[WORDS], q[WORDS];
    int V, n;
    int guess[MOST];
    float u[MOST], dart;
} Place;

typedef enum { RIGHT, AGAINST_P, NOT_DIVIDED, DART_FROM_P, FIRST_ONLY, FROM_P, LAST_KEPT,
               ONLY_X, ONE_U, MISTAKES } Mistake;

static const char *const guesses[MISTAKES] = {
    "", "the second guess is held against what is left, r, not against p",
    "r is divided by s before the next guess is held against it",
    "the dart picks from r, what is left when all guesses fell",
    "there are n guesses to try",
    "each guess takes its part from r, which is not p any more",
    "when the last guess has fallen q is taken off once more, before the dart",
    "q is taken off at all words: the draft was not certain, it could have said others",
    "each guess has a u of its own",
};

static int engine_try(const Place *a, double *r, Mistake mistake)
{
    double next[WORDS];
    size_t size = (size_t)a->V * sizeof *r;
    bool from_p = false;

    memcpy(r, a->p, size);
    for (int i = 0; i < a->n && (i == 0 || mistake != FIRST_ONLY); i++) {
        int x = a->guess[i];
        double sum;

        if (speculative_accept(mistake == AGAINST_P ? a->p : r, a->q, x,
                               a->u[mistake == ONE_U ? 0 : i]))
            return x;
        if (mistake == LAST_KEPT && i + 1 == a->n)
            break;
        sum = speculative_residual(next, mistake == FROM_P ? a->p : r, a->q, x, a->V);
        for (int j = 0; j < a->V && sum > 0; j++)
            r[j] = mistake == ONLY_X ? (j == x ? 0 : r[j])
                 : mistake == NOT_DIVIDED ? next[j] : next[j] / sum;
        from_p = mistake == DART_FROM_P;
    }
    return sampling_pick(from_p ? a->p : r, a->V, a->dart);
}

/* A word by somebody's function; mistake MISTAKES: the reader's. */
static int try(const Place *a, double *r, Mistake who)
{
    return who == MISTAKES ? my_try_all(r, a->p, a->q, a->V, a->guess, a->u, a->n, a->dart)
                           : engine_try(a, r, who);
}

/* ---- the law */

/* The i-th of G middles. */
static float middle(int i, int G)
{
    return ((float)i + 0.5f) / (float)G;
}

/* law [V] grows by all boxes of the guesses in a, which weigh `weight` together. */
static void add_boxes(double *law, Place *a, double *r, double weight, int G, Mistake who)
{
    int boxes = 1;

    for (int i = 0; i <= a->n; i++)
        boxes *= G;
    for (int box = 0; box < boxes; box++) {
        int rest = box / G, word;

        a->dart = middle(box % G, G);
        for (int i = 0; i < a->n; i++, rest /= G)
            a->u[i] = middle(rest % G, G);
        word = try(a, r, who);
        if (word >= 0 && word < a->V)
            law[word] += weight / boxes;
    }
}

static double *law_of(Case *c, const Place *place, int G, Mistake who)
{
    double *law = case_array(c, place->V, sizeof *law);
    double *r = case_array(c, place->V, sizeof *r);
    Place a = *place;
    int V = a.V, pairs = a.n == 0 ? 1 : a.n == 1 ? V : V * V;

    memset(law, 0, (size_t)V * sizeof *law);
    for (int pair = 0; pair < pairs; pair++) {
        double weight = a.n == 0 ? 1 : a.n == 1 ? a.q[pair] : a.q[pair / V] * a.q[pair % V];

        a.guess[0] = pair / (a.n == 2 ? V : 1);
        a.guess[1] = pair % V;
        add_boxes(law, &a, r, weight, G, who);
    }
    /* Ten digits: what the order of the additions leaves is not the reader's. */
    for (int i = 0; i < V; i++)
        law[i] = round(law[i] * 1e10) / 1e10;
    return law;
}

static void compare_law(Case *c, const Place *place, int G)
{
    double *want = law_of(c, place, G, RIGHT), *got = law_of(c, place, G, MISTAKES);
    Fault faults[MISTAKES] = {{ NULL, NULL }};

    for (int i = 0; i < place->V; i++)
        must(fabs(want[i] - place->p[i]) < 1e-9, "the grid is too coarse for the key: %g, "
             "%g", want[i], place->p[i]);
    for (int m = 1; m < MISTAKES; m++)
        faults[m - 1] = (Fault){ law_of(c, place, G, (Mistake)m), guesses[m] };
    case_doubles(c, "how likely word, over all guesses and darts,", got, want, place->V,
                 faults);
}

/* ---- one draw */

static void compare_draw(Case *c, const Place *a)
{
    double *got = case_array(c, a->V, sizeof *got), *want = case_array(c, a->V, sizeof *want);
    int word, right = try(a, want, RIGHT);
    const char *hint = NULL;
    Fault faults[MISTAKES] = {{ NULL, NULL }};

    for (int m = 1; m < MISTAKES; m++) {
        double *r = case_array(c, a->V, sizeof *r);

        faults[m - 1] = (Fault){ r, guesses[m] };
        word = try(a, r, (Mistake)m);
        if (word != right && memcmp(r, want, (size_t)a->V * sizeof *r) == 0)
            hint = guesses[m];
    }
    word = try(a, got, MISTAKES);
    case_doubles(c, "r", got, want, a->V, faults);
    case_int(c, "the word", word, right, hint);
}

/* ---- cases */

static void random_law(Case *c, double *x, int V, bool noughts)
{
    double sum = 0;

    for (int i = 0; i < V; i++) {
        double size = (double)case_random(c) / 0x1p32 + 1e-3;

        x[i] = noughts && case_between(c, 0, 3) == 0 ? 0 : size * size * size;
        sum += x[i];
    }
    if (sum == 0)
        x[0] = sum = 1;
    for (int i = 0; i < V; i++)
        x[i] /= sum;
}

/* Each u just where its guess falls, or up to two steps beside it; now and then
 * anywhere. */
static void choose_darts(Case *c, Place *a)
{
    double r[WORDS];
    int n = a->n;

    for (int i = 0; i < n; i++) {
        double edge;
        int step;

        a->n = i;                           /* r as it is for guess i        */
        (void)engine_try(a, r, RIGHT);
        edge = r[a->guess[i]] / a->q[a->guess[i]] * 0x1p24;
        step = (int)fmin(edge, 0x1p24) + case_between(c, -2, 2);
        a->u[i] = (float)max_int(0, min_int(step, (1 << 24) - 1)) / 0x1p24f;
        if (case_between(c, 0, 2) == 0 || (i + 1 < n && case_between(c, 0, 1) == 0))
            a->u[i] = (float)(case_random(c) >> 8) / 0x1p24f;
    }
    a->n = n;
}

static Place large(Case *c)
{
    Place a = { .V = case_between(c, 1, WORDS), .n = case_between(c, 0, MOST) };

    random_law(c, a.p, a.V, true);
    random_law(c, a.q, a.V, false);
    a.dart = (float)(case_random(c) >> 8) / 0x1p24f;
    for (int i = 0; i < a.n; i++)
        a.guess[i] = sampling_pick(a.q, a.V, (float)(case_random(c) >> 8) / 0x1p24f);
    choose_darts(c, &a);
    return a;
}

static void says_place(Case *c, const Place *a)
{
    case_says(c, "p =");
    for (int i = 0; i < a->V; i++)
        case_says(c, " %.4g", a->p[i]);
    case_says(c, ", q =");
    for (int i = 0; i < a->V; i++)
        case_says(c, " %.4g", a->q[i]);
    case_says(c, "; guesses:");
    for (int i = 0; i < a->n; i++)
        case_says(c, " word %d with u = %.9g,", a->guess[i], (double)a->u[i]);
    case_says(c, "%s dart = %.9g", a->n == 0 ? " none," : "", (double)a->dart);
}

static void run(Case *c)
{
    static const struct { Place place; int G; } seen[] = {
        { { { 0.4, 0.4, 0.2 }, { 0.1, 0.3, 0.6 }, 3, 2, { 2, 1 }, { 0.5f, 0.5f }, 0.5f }, 12 },
        { { { 0.5, 1 / 3.0, 1 / 12.0, 1 / 12.0 }, { 1 / 6.0, 1 / 6.0, 1 / 3.0, 1 / 3.0 }, 4, 2,
            { 2, 3 }, { 0.25f, 0.5f }, 0.8f }, 12 },
        { { { 0.4, 0.4, 0.2 }, { 0.1, 0.3, 0.6 }, 3, 1, { 2 }, { 0.5f }, 0.8f }, 12 },
        { { { 0.4, 0.4, 0.2 }, { 0.1, 0.3, 0.6 }, 3, 0, { 0 }, { 0 }, 0.5f }, 5 },
        { { { 1, 0 }, { 1, 1e-20 }, 2, 2, { 1, 1 }, { 0.5f, 0.25f }, 0.5f }, 0 },
    };
    Place a = case_hidden(c) ? large(c) : seen[case_number(c)].place;
    int G = case_hidden(c) ? 0 : seen[case_number(c)].G;

    says_place(c, &a);
    compare_draw(c, &a);
    if (G > 0)
        compare_law(c, &a, G);
}

const Exercise exercise = { .stop = "my_try_all", .visible = 5, .hidden = 120, .run = run };
