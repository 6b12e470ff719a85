/* textkinds.c - a story, a repetition and random words: the same draft on each, K from
 * 0 to 8
 *
 *      tokens in a pass
 *        │              ╭─────── α = 0.9          E = (1 - α^{K+1}) / (1 - α)
 *        │         ╭────╯
 *        │      ╭──╯  ╭───────── α = 0.7          never more than 1 / (1 - α)
 *        │   ╭──╯ ╭───╯
 *        │  ╭╯──╭─╯──────────── α = 0.4
 *        └──┴───┴───┴───┴────
 *           0   1   2   …     K
 *
 * What a pass gives is 1 + α + α² + … : the first guess stands with α, the second if the
 * first did, and so on. The sum is bounded: for α = 0.7 no K gives more than 3.3.
 *
 * α belongs to a draft, a target and a text:
 *
 * - A story, at the model's own temperature: a small model knows what usually comes.
 * - A repetition, greedy, so that the model falls into it: what stood there before is the
 *   best guess, and costs nothing to look up.
 * - Random words, hot (T = 1.5, all words allowed): nobody knows what comes. Who is certain
 *   of a guess is wrong. But two models that are both unsure are unsure in much the same
 *   way: q is nearly as flat as p, and min(p, q) is large. So α is not small there.
 *
 * The formula takes each guess to stand with the same α, whatever happened before. Texts
 * have easy and hard stretches, so that what is measured is off a little.
 *
 * Read next: src/decode/pace.c, chapters/lesson/payoff.c.
 */
#include "chapters/lesson/textkinds.h"

#include <string.h>

static const char *const kind_key[KINDS] = { "story", "repeat", "random" };
static const char *const kind_text[KINDS] = {
    NULL,
    "and the cat and the dog and the cat and the dog and the cat and the dog and the",
    "seven under blue bread window thinking often left because stone water eight over" };

/* The settings of kind i. */
static SamplingConfig settings(int i, const SamplingConfig *story)
{
    SamplingConfig c = { .temperature = i == 1 ? 0 : 1.5, .top_p = 1,
                         .repeat_penalty = 1 };

    return i == 0 ? *story : c;
}

/* One text; counts are taken the first time, the best time of all. */
static bool run_once(KindRun *run, Guessers *all, const Wish *wish, Error *error)
{
    Generated g;
    bool fine = guessers_write(&g, all, wish, error);
    const Acceptance *a = &g.acceptance;

    if (fine && !run->made) {
        *run = (KindRun){ .made = true, .tokens = g.ids.count, .seconds = g.seconds,
                          .passes = wish->who < 0 ? g.ids.count : a->passes,
                          .proposed = a->guesses, .accepted = a->accepted };
        for (int i = 0; i < a->guesses; i++)
            run->judged += a->guess[i].verdict != GUESS_UNREAD;
    }
    if (fine && g.seconds < run->seconds)
        run->seconds = g.seconds;
    generated_free(&g);
    return fine;
}

/* In rounds, so that a slow moment of the machine hits all of them. */
bool textkinds_run(TextKinds *t, Guessers *all, const Wish *wish, int repeats, bool large,
                   Error *error)
{
    *t = (TextKinds){ .who = wish->who };
    for (int i = 0; i < KINDS; i++) {
        TextKind *k = &t->kind[i];

        k->key = kind_key[i];
        k->sampling = settings(i, &wish->sampling);
        if (kind_text[i] != NULL)
            tokenizer_encode(&k->prompt, all->m->dir.tokenizer, kind_text[i],
                             strlen(kind_text[i]), true);
        for (int id = 0; kind_text[i] == NULL && id < wish->prompt->count; id++)
            ids_add(&k->prompt, wish->prompt->id[id]);
    }
    for (int n = 0; n < repeats * KINDS * (MOST_K + 1); n++) {
        int K = n % (MOST_K + 1);
        TextKind *k = &t->kind[n / (MOST_K + 1) % KINDS];
        Wish w = *wish;

        w.K = K;
        w.who = K == 0 ? -1 : wish->who;
        w.prompt = &k->prompt;
        w.sampling = k->sampling;
        w.on = w.timed = true;
        if (large && K != 0 && K != 1 && K != 2 && K != 4 && K != 8)
            continue;
        if (!run_once(&k->run[K], all, &w, error))
            return false;
    }
    for (int i = 0; i < KINDS; i++) {
        TextKind *k = &t->kind[i];

        for (int K = 1; K <= MOST_K; K++) {
            k->judged += k->run[K].judged;
            k->accepted += k->run[K].accepted;
        }
        k->alpha = k->judged > 0 ? (double)k->accepted / k->judged : 0;
    }
    return true;
}

void textkinds_free(TextKinds *t)
{
    for (int i = 0; i < KINDS; i++)
        ids_free(&t->kind[i].prompt);
    *t = (TextKinds){ .who = -1 };
}

static void show_kind(Lesson *l, Arena *arena, const TextKind *k)
{
    static const char *const head[] = { "K", "proposed", "judged", "accepted", "passes",
                                        "tokens", "a_pass", "formula" };
    const char *cell[MOST_K][8];
    int rows = 0;

    for (int K = 1; K <= MOST_K; K++) {
        const KindRun *r = &k->run[K];
        const char *line[] = { arena_print(arena, "%d", K),
            arena_print(arena, "%d", r->proposed), arena_print(arena, "%d", r->judged),
            arena_print(arena, "%d", r->accepted), arena_print(arena, "%d", r->passes),
            arena_print(arena, "%d", r->tokens),
            arena_print(arena, "%.2f", (double)r->tokens / max_int(r->passes, 1)),
            arena_print(arena, "%.2f", pace_expected(k->alpha, K)) };

        if (r->made)
            memcpy(cell[rows++], line, sizeof line);
    }
    picture_table(l, k->key, head, "rrrrrrrr", &cell[0][0], rows);
}

void textkinds_show(Lesson *l, Arena *arena, const TextKinds *t)
{
    Bar bar[KINDS];

    for (int i = 0; i < KINDS; i++) {
        const TextKind *k = &t->kind[i];

        bar[i] = (Bar){ k->key, k->alpha, arena_print(arena, "%.3f  %d of %d judged",
                                                      k->alpha, k->accepted, k->judged) };
    }
    picture_bars(l, "alpha", bar, KINDS);
    for (int i = 0; i < KINDS; i++) {
        lesson_say(l, "%s, temperature %g, α = %.3f. a pass: tokens that it gave; formula: "
                   "that of α.", t->kind[i].key, t->kind[i].sampling.temperature,
                   t->kind[i].alpha);
        show_kind(l, arena, &t->kind[i]);
    }
}

/* Accepted ÷ judged of everybody who guesses without knowing, by kind. */
bool textkinds_show_who(Lesson *l, Arena *arena, TextKinds *t, Guessers *all,
                        const Wish *wish, Error *error)
{
    static const char *const head[] = { "draft", "story", "repeat", "random" };
    const char *cell[GUESSERS][1 + KINDS];
    int rows = 0;

    for (int who = 0; who <= BY_NGRAM; who++) {
        if (!all->there[who])
            continue;
        cell[rows][0] = all->name[who];
        for (int i = 0; i < KINDS; i++) {
            KindRun run = { .made = false };
            Wish w = *wish;

            w.who = who;
            w.prompt = &t->kind[i].prompt;
            w.sampling = t->kind[i].sampling;
            w.on = w.timed = true;
            if (!run_once(&run, all, &w, error))
                return false;
            if (i == 0 && run.judged > 0)
                t->story_alpha[who] = (double)run.accepted / run.judged;
            cell[rows][1 + i] = run.judged == 0 ? "-"
                : arena_print(arena, "%.3f", (double)run.accepted / run.judged);
        }
        rows++;
    }
    picture_table(l, "who", head, "lrrr", &cell[0][0], rows);
    return true;
}
