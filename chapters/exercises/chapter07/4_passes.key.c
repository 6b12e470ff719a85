/* 4_passes.key.c - exercise 07.4: the engine answers nine questions
 *
 *      p, q ──► speculative_residual ──► r and its sum, how often a guess falls
 *      α, K, costs ──► pace_expected, pace_gain ──► tokens, the best K, where it pays
 *
 * No answer stands here as a number. One case is one question; answers within half a
 * percent are right, K is a whole number. The report says whether an answer is right,
 * not what it should have been.
 */
#include "chapters/exercises/chapter07/tasks.h"
#include "chapters/exercises/judge.h"
#include "decode/speculative.h"

#define NEAR 0.005
#define ALPHA 0.5
#define GUESS_COST (1 / 8.0)

enum { V = 4, CERTAIN = 1, WHOLE = 6 };

static const double p[V] = { 0.4, 0.3, 0.2, 0.1 }, q[V] = { 0.1, 0.2, 0.3, 0.4 };

/* How likely word 0 is to take the place of a guess that fell. */
static double replaced(const double *drawn)
{
    double r[V], sum = speculative_residual(r, p, drawn, CERTAIN, V);

    return r[0] / sum;
}

/* How likely a guess is to fall. */
static double falls(void)
{
    double r[V];

    return speculative_residual(r, p, q, 0, V);
}

/* Word 0, accepted as a guess. */
static double kept_word(void)
{
    double r[V];

    speculative_residual(r, p, q, 0, V);
    return p[0] - r[0];
}

static int best_K(void)
{
    int best = 0;

    for (int K = 1; K <= DRAFT_MOST; K++)
        if (pace_gain(ALPHA, K, GUESS_COST, 1) > pace_gain(ALPHA, best, GUESS_COST, 1))
            best = K;
    return best;
}

/* The smallest α with which one guess does not lose. */
static double break_even(double guess, double pass)
{
    double low = 0, high = 1;

    for (int i = 0; i < 50; i++) {
        double alpha = (low + high) / 2;

        if (pace_gain(alpha, 1, guess, pass) < 1)
            low = alpha;
        else
            high = alpha;
    }
    return high;
}

static double answer(int question)
{
    switch (question) {
    case 0: return 1 - falls();
    case 1: return replaced(q);
    case 2: return kept_word() + falls() * p[0];
    case 3: return replaced(NULL);
    case 4: return pace_expected(ALPHA, 3);
    case 5: return pace_expected(ALPHA, 1000);
    case WHOLE: return best_K();
    case 7: return pace_gain(ALPHA, best_K(), GUESS_COST, 1);
    default: return break_even(0.25, 1.15);
    }
}

static const Slip slips[] = {
    { 0, 0.2, "that is how often two draws are the same word; a guess stands more often" },
    { 0, 0.4, "that is how often it falls" },
    { 0, 0.5, "word by word: the smaller of p and q" },
    { 1, 0.4, "not from p: what accepted guesses gave already is taken off" },
    { 1, 0.3, "what is left has to be divided by its sum" },
    { 1, 1, "word 1 has something left, too" },
    { 2, 0.4, "that is what it should be; the bug moves it" },
    { 2, 0.16, "and it may have been a guess that stood" },
    { 2, 0.34, "it falls in 0.4 of all cases, not in 0.6" },
    { 3, 0.4, "word 1 fell: it cannot come any more, and the others share its part" },
    { 3, 0.75, "this draft is certain: q is 1 at word 1 and 0 elsewhere" },
    { 4, 0.875, "and the token that comes behind the last accepted guess" },
    { 4, 2.5, "a guess counts only when all before it stood" },
    { 4, 1.5, "α, and α², and α³ …" },
    { 4, 1.9375, "that is K = 4" },
    { 4, 1.75, "that is K = 2" },
    { 5, 1, "and the token that is the target's own" },
    { WHOLE, 1, "1.5 / 1.125 is 1.333; is K = 2 better?" },
    { WHOLE, 3, "1.875 / 1.375 is 1.364; is K = 2 better?" },
    { WHOLE, 16, "each guess has to be paid for, and the last ones are hardly ever reached" },
    { 7, 1.75, "divided by what the round costs" },
    { 7, 1.5556, "two guesses cost 2/8" },
    { 7, 1.3333, "K = 1 is not the best" },
    { 7, 1.3636, "K = 3 is not the best" },
    { 8, 0.25, "and the second row costs something" },
    { 8, 0.15, "and the guess costs something" },
    { 8, 0.1, "0.25 and 1.15 are both paid: 1 + α tokens for 1.4" },
    { 8, 1.4, "that is 1 + α" },
    { 0, 0, NULL },
};

static void run(Case *c)
{
    int question = case_number(c);
    double said = my_answers[question], right = answer(question);

    case_says(c, "question %d", question);
    case_answer(c, said, question == WHOLE ? said == right : case_near(said, right, NEAR),
                case_slip(slips, question, said, NEAR,
                          "work it out once more; ./run hint 07.4 says what to look at"));
}

const Exercise exercise = { .stop = NULL, .visible = QUESTIONS, .hidden = 0, .run = run };
