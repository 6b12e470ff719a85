/* payoff.c - what a guess costs, what a wider pass costs, and what is left of the gain
 *
 *      plain      │ 1 row │ 1 row │ 1 row │ 1 row │              4 tokens
 *
 *      K = 3      │g│g│g│  4 rows   │                            1 … 4 tokens
 *                  K · c   t(K+1)/t(1)                           E of them
 *
 *      speed-up = E / (K · c + t(K+1) / t(1)),   c = t(guess) / t(1)      (1)
 *
 * Where weights come from memory, t(K+1) is hardly more than t(1): all rows share one
 * reading. Then (1) is E, less what guessing costs. A tiny model lies in the
 * processor's cache. There a row costs its arithmetic, four rows cost nearly four times
 * as much, and the second model is not cheap either: its many small steps take longer than
 * their arithmetic. So on the tiny pair speculation may well lose, and the table says
 * so, as predicted by (1) from costs that were measured here.
 *
 * For a model of 1.1 billion weights (TinyLlama's shape: 2.2 GB in F16, 0.64 GB as its own
 * int4 copy) the same formula is asked with bytes for times, by the constants of
 * src/decode/pace.c: a prediction. And where SmolLM2 is on this machine, it is measured.
 *
 * Read next: src/decode/pace.c.
 */
#include "chapters/lesson/payoff.h"

#include <string.h>

#include "base/clock.h"

#define SECONDS 0.3                 /* after which no round of passes begins */
#define LEAST 3                     /* … but so many are made                */
#define LARGE_TARGET 2200000000u    /* bytes of TinyLlama's weights in F16   */
#define LARGE_DRAFT 640000000u      /* … and as int4 copy                    */
#define REAL "smollm2-135m"
#define REAL_TOKENS 40
#define REAL_PROMPT "Once upon a time there was a king who had three sons. One day he said"

static void better(double *best, double seconds)
{
    if (*best == 0 || seconds < *best)
        *best = seconds;
}

/* A pass over T rows behind the prompt, with the distribution of each: what a round does
 * with it. text: at least T ids more than the session has. */
static bool time_pass(double *best, Session *s, SamplingWork *work, const Wish *w,
                      const int *text, int T, Error *error)
{
    int n = s->length;
    double begin = clock_seconds();

    if (!session_feed_together(s, text + n, T, error))
        return false;
    for (int t = 0; t < T; t++)
        sampling_distribution(work->p, row(s->work.logits, t, work->V), work->V, text,
                              n + t, &w->sampling, work);
    better(best, clock_seconds() - begin);
    session_cut(s, n);
    return true;
}

/* MOST_K guesses behind text [n]; one of them. */
static bool time_guess(double *best, Draft *draft, Proposal *out, const int *text, int n,
                       Error *error)
{
    double begin = clock_seconds();

    if (!draft->propose(draft, out, text, n, MOST_K, error))
        return false;
    better(best, (clock_seconds() - begin) / MOST_K);
    if (draft->settle != NULL)
        draft->settle(draft, text, n);
    return true;
}

/* Rounds of all of them. text [n + MOST_K + 1] */
static bool time_all(Costs *c, Session *s, Draft *draft, const Wish *w, const int *text,
                     int n, Error *error)
{
    int V = s->model->config.V;
    double begin = clock_seconds();
    SamplingWork work;
    Proposal out;
    bool fine = session_goto(s, text, n, error);

    sampling_work_init(&work, V);
    proposal_init(&out, MOST_K, V, draft->certain);
    for (int i = 0; fine && (i < LEAST || clock_seconds() - begin < SECONDS); i++) {
        for (int T = 1; fine && T <= MOST_K + 1; T++)
            fine = time_pass(&c->pass[T], s, &work, w, text, T, error);
        fine = fine && time_guess(&c->guess, draft, &out, text, n, error);
    }
    sampling_work_free(&work);
    proposal_free(&out);
    return fine;
}

bool costs_measure(Costs *costs, Guessers *all, const Wish *wish, Error *error)
{
    Wish w = *wish;
    Ids text = {0};
    Session s;
    Draft *draft;
    bool fine;

    *costs = (Costs){ .guess = 0 };
    w.K = MOST_K;
    w.n = MOST_K + 1;
    if (!guessers_session(&s, all, &w, error))
        return false;
    for (int i = 0; i < w.prompt->count + MOST_K + 1; i++)
        ids_add(&text, w.prompt->id[i % w.prompt->count]);
    fine = guessers_start(&draft, all, w.who, &s, &w.sampling, w.seed, error)
        && time_all(costs, &s, draft, &w, text.id, w.prompt->count, error);
    session_free(&s);
    ids_free(&text);
    return fine;
}

static void show_costs(Lesson *l, Arena *arena, const Costs *c)
{
    static const char *const head[] = { "rows", "ms", "beside_one" };
    const char *cell[MOST_K + 1][3];

    for (int T = 1; T <= MOST_K + 1; T++) {
        cell[T - 1][0] = arena_print(arena, "%d", T);
        cell[T - 1][1] = arena_print(arena, "%.4f", 1e3 * c->pass[T]);
        cell[T - 1][2] = arena_print(arena, "%.2f", c->pass[T] / c->pass[1]);
    }
    picture_table(l, "costs", head, "rrr", &cell[0][0], MOST_K + 1);
    picture_number(l, "guess_ms", "one guess", 1e3 * c->guess, 4, "ms");
    picture_number(l, "c", "c: beside one row", c->guess / c->pass[1], 4, "");
}

/* Two columns for each kind. */
static void show_gains(Lesson *l, Arena *arena, const Costs *c, const TextKinds *t)
{
    static const char *const head[] = { "K", "story_says", "story", "repeat_says", "repeat",
                                        "random_says", "random" };
    const char *cell[MOST_K][7];
    int rows = 0;

    for (int K = 1; K <= MOST_K; K++) {
        if (!t->kind[0].run[K].made)
            continue;
        cell[rows][0] = arena_print(arena, "%d", K);
        for (int i = 0; i < KINDS; i++) {
            const TextKind *k = &t->kind[i];
            double says = pace_gain(k->alpha, K, c->guess / c->pass[1],
                                    c->pass[K + 1] / c->pass[1]);
            double plain = k->run[0].seconds / max_int(k->run[0].tokens, 1);
            double is = k->run[K].seconds / max_int(k->run[K].tokens, 1);

            cell[rows][1 + 2 * i] = arena_print(arena, "%.2f", says);
            cell[rows][2 + 2 * i] = arena_print(arena, "%.2f", plain / is);
        }
        rows++;
    }
    picture_table(l, "speed_up", head, "rrrrrrr", &cell[0][0], rows);
}

void payoff_show(Lesson *l, Arena *arena, const Costs *costs, const TextKinds *t)
{
    show_costs(l, arena, costs);
    lesson_say(l, "So a round of K guesses costs K · c + t(K+1)/t(1) passes of one row, and "
               "gives E tokens. says: that quotient; beside it what the clock says. Below 1 "
               "speculation loses:");
    show_gains(l, arena, costs, t);
}

/* α from top to bottom, K from left to right. */
void payoff_large(Lesson *l, Arena *arena, double alpha)
{
    static const char *const head[] = { "alpha", "K_1", "K_2", "K_3", "K_4", "K_5", "K_6", "K_7",
                                        "K_8" };
    const double alphas[] = { 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, alpha };
    const char *cell[8][1 + MOST_K];
    Pace pace;

    pace_begin(&pace, LARGE_TARGET, LARGE_DRAFT, 2);
    for (int i = 0; i < 8; i++) {
        cell[i][0] = arena_print(arena, "%.3f", alphas[i]);
        for (int K = 1; K <= MOST_K; K++)
            cell[i][K] = arena_print(arena, "%.2f", pace_gain(alphas[i], K, pace.draft,
                                                              1 + K * pace.row));
    }
    picture_table(l, "large", head, "rrrrrrrrr", &cell[0][0], 8);
}

/* Plain and with some K, one text each. */
static bool show_real(Lesson *l, Arena *arena, Guessers *all, const Wish *wish, Error *error)
{
    static const char *const head[] = { "K", "tokens/s", "a_pass", "accepted", "speed_up" };
    static const int Ks[] = { 0, 1, 2, 3, 4 };
    const char *cell[5][5];
    double plain = 0;

    for (int i = 0; i < 5; i++) {
        Generated g;
        Wish w = *wish;

        w.K = Ks[i];
        w.who = Ks[i] == 0 ? -1 : BY_INT4;
        if (!guessers_write(&g, all, &w, error))
            return false;
        plain = i == 0 ? g.seconds : plain;
        cell[i][0] = arena_print(arena, "%d", Ks[i]);
        cell[i][1] = arena_print(arena, "%.1f", g.ids.count / g.seconds);
        cell[i][2] = arena_print(arena, "%.2f", Ks[i] == 0 ? 1 : (double)g.ids.count
                                                / max_int(g.acceptance.passes, 1));
        cell[i][3] = arena_print(arena, "%.3f", (double)g.acceptance.accepted
                                                / max_int(g.acceptance.guesses, 1));
        cell[i][4] = arena_print(arena, "%.2f", plain / g.seconds);
        generated_free(&g);
    }
    picture_table(l, "real", head, "rrrrr", &cell[0][0], 5);
    return true;
}

bool payoff_real(Lesson *l, Arena *arena, const Options *options, Error *error)
{
    Options asked = *options;
    char folder[HUBCACHE_PATH];
    Error none = {0};
    Wish wish = { .n = REAL_TOKENS, .on = true, .timed = true,
                  .sampling = { .top_p = 1, .repeat_penalty = 1 } };
    Ids prompt = {0};
    OpenModel m = { .loaded = false };
    Guessers all = { .chosen = 0 };
    bool fine;

    if (!modelname_find(folder, REAL, &none)) {
        lesson_say(l, "(SmolLM2-135M is not on this machine; where it is, it is measured "
                   "here. build/weights-tools/download " REAL " brings it.)");
        return true;
    }
    asked.model = REAL;
    asked.draft = "int4";
    fine = model_open(&m, &asked, error) && guessers_open(&all, &m, &asked, error);
    if (fine) {
        tokenizer_encode(&prompt, m.dir.tokenizer, REAL_PROMPT, strlen(REAL_PROMPT), true);
        wish.prompt = &prompt;
        lesson_say(l, "SmolLM2-135M in %s, its int4 copy guesses, %d greedy tokens, measured "
                   "just now. (Its weights lie on a 4-bit grid already, so that this copy "
                   "is right more often than most are.)",
                   format_name(m.model.weights.format), REAL_TOKENS);
        fine = show_real(l, arena, &all, &wish, error);
    }
    ids_free(&prompt);
    guessers_close(&all);
    model_close(&m);
    return fine;
}
