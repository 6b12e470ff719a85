/* places.c - how often the guess at each place of a round stands
 *
 *      place of the round       1      2      3      4
 *      proposed                20     20     20     20     each round has all of them
 *      judged                  20     15     12      9     nobody fell before
 *      accepted                15     12      9      8
 *      accepted / proposed   0.75   0.60   0.45   0.40     falls from place to place
 *      accepted / judged     0.75   0.80   0.75   0.89     does not
 *
 * Two shares, and both are called acceptance. Accepted ÷ proposed is what a draft's work
 * brings: a guess behind one that fell was computed and thrown away. It falls from
 * place to place, as α, α², α³ …, because all before have to stand. Accepted ÷
 * judged is α itself: how good a guess is when it is looked at. ./run speculative prints
 * the first; the formula for tokens in a pass takes the second.
 *
 * Read next: src/decode/acceptance.c.
 */
#include "chapters/lesson/places.h"

#include <string.h>

static const char *const keys[GUESSERS] = { "model", "int8", "int4", "ngram", "planted" };

static double share(int part, int all)
{
    return all > 0 ? (double)part / all : 0;
}

/* Two bars for each place. */
static void show_bars(Lesson *l, Arena *arena, int who, const Acceptance *a, int K)
{
    Bar bar[2 * DRAFT_MOST];

    for (int place = 0; place < K; place++) {
        PlaceCount c = acceptance_at(a, place);
        double proposed = share(c.accepted, c.proposed), judged = share(c.accepted, c.judged);

        bar[2 * place] = (Bar){ arena_print(arena, "%d of proposed", place + 1), proposed,
            arena_print(arena, "%.3f  %d of %d", proposed, c.accepted, c.proposed) };
        bar[2 * place + 1] = (Bar){ arena_print(arena, "%d of judged", place + 1), judged,
            arena_print(arena, "%.3f  %d of %d", judged, c.accepted, c.judged) };
    }
    picture_bars(l, keys[who], bar, 2 * K);
}

/* One line of the table. cell [7] */
static void sum_up(const char **cell, Arena *arena, const char *name, const Acceptance *a)
{
    int judged = 0;

    for (int i = 0; i < a->guesses; i++)
        judged += a->guess[i].verdict != GUESS_UNREAD;
    cell[0] = name;
    cell[1] = arena_print(arena, "%d", a->passes);
    cell[2] = arena_print(arena, "%d", a->guesses);
    cell[3] = arena_print(arena, "%d", judged);
    cell[4] = arena_print(arena, "%d", a->accepted);
    cell[5] = arena_print(arena, "%.3f", share(a->accepted, a->guesses));
    cell[6] = arena_print(arena, "%.3f", share(a->accepted, judged));
}

/* Everybody's text first, then the table, then the bars. */
bool show_places(Lesson *l, Arena *arena, Guessers *all, const Wish *wish, Error *error)
{
    static const char *const head[] = { "draft", "passes", "proposed", "judged", "accepted",
                                        "share", "alpha" };
    Generated g[GUESSERS] = {{ .logprobs = 0 }};
    const char *cell[GUESSERS][7];
    int rows = 0;
    bool fine = true;

    for (int who = 0; fine && who < GUESSERS; who++) {
        Wish w = *wish;

        if (!all->there[who])
            continue;
        w.who = who;
        if (who == BY_PLANTED)
            w.sampling = (SamplingConfig){ .top_p = 1, .repeat_penalty = 1 };
        fine = guessers_write(&g[who], all, &w, error);
        if (fine)
            sum_up(cell[rows++], arena, all->name[who], &g[who].acceptance);
    }
    if (fine)
        picture_table(l, "drafts", head, "lrrrrrr", &cell[0][0], rows);
    for (int who = 0; who < GUESSERS; who++) {
        if (fine && all->there[who]) {
            lesson_say(l, "%s, place by place:", all->name[who]);
            show_bars(l, arena, who, &g[who].acceptance, wish->K);
        }
        generated_free(&g[who]);
    }
    return fine;
}
