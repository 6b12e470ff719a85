/* chapter07_speculative.c - guess some tokens, check them in one pass
 *
 *      text             … and he was a
 *      draft guesses                    king    ,    for    he          K = 4
 *                                         │     │     │     │
 *      the target reads all of them       ▼     ▼     ▼     ▼
 *      in one pass, and says at each     p_1   p_2   p_3   p_4   p_5
 *      what it would have said            ✓     ✓     ×     ·
 *
 *      text             … and he was a  king    ,    with
 *                                                     └ from what p_3 has more
 *                                                       than q_3
 *
 * A model writes one token for each reading of its weights. Several rows in one pass
 * read them once, too (chapter 06), but who has the rows? Somebody guesses them: a small
 * model, the same model in 4 bits, or the text itself. What the target would not have
 * said is thrown away, and its cache goes back. This lesson shows some rounds guess by
 * guess, how often guesses stand, what a pass gives, and what it costs.
 *
 *      accept x  iff  u · q(x) < p(x)                                     (1)
 *      else draw from  max(0, p - q)                                      (2)
 *      E = 1 + α + … + α^K = (1 - α^{K+1}) / (1 - α)    tokens in a pass  (3)
 *      speed-up = E / (K · c + t(K+1)/t(1))                               (4)
 *
 * What to notice:
 *
 * - One pass, and up to K + 1 tokens. Never less than one: a guess that falls is
 *   replaced at once, and behind K that stand comes a bonus.
 * - At temperature 0 the text is the plain one, whoever guesses and however many. Above
 *   0 another K takes other random numbers, so the text is another; its distribution is
 *   not. Neither depends on anything else: not on threads, not on the clock.
 * - A guess behind one that fell was made for nothing. So accepted ÷ proposed is less
 *   than accepted ÷ judged, and many guesses want a draft that is often right.
 * - The tiny pair sits in the processor's cache, where a second row costs as much as the
 *   first. There speculation may lose. A model that comes from memory gains.
 *
 * --draft D guesses in parts 1, 3 and 4 (a model, int8, int4 or ngram); --k K is the number
 * of guesses in part 1. -n 128, which is what other words write when nothing is said,
 * counts as not given.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break speculative_judge      `print *guess`, `print u[0]`
 *      break speculative_accept     `print p[x]`, `print q[x]`, `finish`
 *      break speculative_residual   `finish`: how likely a rejection was
 *
 * Read next: src/decode/speculative.c, src/decode/draft_model.c, src/decode/pace.c.
 */
#include <string.h>

#include "base/memory.h"
#include "chapters/lesson/payoff.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/places.h"
#include "chapters/lesson/rereading.h"
#include "chapters/lesson/rounds.h"
#include "chapters/lesson/speculative_theorem.h"
#include "chapters/lesson/textkinds.h"
#include "chapters/words.h"

#define PROMPT "Once upon a time there was a king who had"
#define NOT_GIVEN 128               /* what -n is when nobody said it        */
#define TOKENS 48                   /* of a text that is measured, then      */
#define GREEDY 16                   /* of one that is compared               */
#define LARGE 20e6                  /* weights: less of everything from here on */
#define CACHED 32e6                 /* bytes that may lie in a cache         */

typedef struct {
    Lesson l;
    OpenModel m;
    Guessers all;
    Ids prompt;
    Wish wish;                      /* the chosen one, K of --k              */
    bool large;
    Arena arena;
    Rounds rounds;
    TextKinds kinds;
    Costs costs;
} Guesswork;

/* Open everybody, and take what was asked for. */
static bool prepare(Guesswork *g, const Options *o, Error *error)
{
    Text text = {0};
    bool fine = guessers_open(&g->all, &g->m, o, error)
             && take_prompt(&text, o, PROMPT, error);

    if (fine)
        tokenizer_encode(&g->prompt, g->m.dir.tokenizer, text.bytes, text.length, true);
    text_free(&text);
    if (fine && g->prompt.count == 0)
        return error_code(error, EXIT_USAGE, "the prompt is empty and this model's "
                          "tokenizer adds nothing in front of it: give a prompt");
    g->large = (double)g->m.model.weights.parameters > LARGE;
    g->wish = (Wish){ .who = g->all.chosen, .K = g->all.by[g->all.chosen].K,
                      .prompt = &g->prompt, .sampling = sampling_wishes(&g->m.dir, o),
                      .seed = (uint64_t)o->seed, .on = true,
                      .n = o->n != NOT_GIVEN ? max_int(o->n, 1)
                         : g->large ? TOKENS / 2 : TOKENS };
    return fine;
}

/* Part 1: some rounds, and one rejection in full. */
static bool part_rounds(Guesswork *g, Error *error)
{
    Lesson *l = &g->l;

    lesson_part(l, "rounds", "Guess, check, keep");
    lesson_say(l, "%s guesses, the model checks. q: how likely a guess was to the draft; p: to "
               "the model; u: a number of the position. A guess stands when u · q < p; what "
               "comes behind one that fell is not even looked at. (Temperature %g, top-k %d, "
               "top-p %g, seed %d.)", g->all.name[g->wish.who], g->wish.sampling.temperature,
               g->wish.sampling.top_k, g->wish.sampling.top_p, (int)g->wish.seed);
    if (!rounds_begin(&g->rounds, l, &g->arena, &g->all, &g->wish, error)
        || !show_rounds(&g->rounds, error))
        return false;
    lesson_say(l, "At temperature 0 the text depends neither on who guesses nor on K. Above 0 "
               "another draft or another K takes other numbers, and writes another text of "
               "the same distribution. Nothing else changes it: not threads, not the clock.");
    return true;
}

/* Part 2: who guesses how well. */
static bool part_places(Guesswork *g, Error *error)
{
    Lesson *l = &g->l;
    Wish w = g->wish;

    w.K = GUESSES_DEFAULT;
    lesson_part(l, "places", "How often a guess stands");
    lesson_say(l, "%d guesses at a time, %d tokens. proposed: all guesses; judged: those that "
               "were compared; accepted: those that stand in the text. Acceptance is accepted "
               "÷ proposed (share); the formulas take alpha, accepted ÷ judged. planted is no real "
               "draft: it knows the greedy text, and tells it right %g of the time.", w.K,
               w.n, PLANTED_RIGHT);
    return show_places(l, &g->arena, &g->all, &w, error);
}

/* Part 3: what a pass gives. */
static bool part_kinds(Guesswork *g, Error *error)
{
    Lesson *l = &g->l;
    Wish w = g->wish;

    w.K = GUESSES_DEFAULT;
    if (!textkinds_run(&g->kinds, &g->all, &w, g->large ? 1 : 2, g->large, error))
        return false;
    lesson_part(l, "kinds", "What a pass gives");
    lesson_say(l, "Three texts: a story; one that repeats itself (greedy, so that the model "
               "falls into it); and random words (hot, and all words allowed). %s guesses "
               "behind each of them, K from 1 to %d; α is taken over all K.",
               g->all.name[w.who], MOST_K);
    textkinds_show(l, &g->arena, &g->kinds);
    lesson_say(l, "The formula takes every guess to stand with the same α. No K gives more "
               "than 1/(1 - α). And α of everybody, %d guesses at a time (-: it had no "
               "guess):", w.K);
    return textkinds_show_who(l, &g->arena, &g->kinds, &g->all, &w, error);
}

/* Part 4: what it costs. */
static bool part_costs(Guesswork *g, const Options *o, Error *error)
{
    Lesson *l = &g->l;
    bool cached = (double)g->m.model.weights.bytes < CACHED;
    int copy = g->all.there[BY_INT4] ? BY_INT4 : g->wish.who;


    if (!costs_measure(&g->costs, &g->all, &g->wish, error))
        return false;
    lesson_part(l, "costs", "What it costs");
    lesson_say(l, "A pass of the model over so many rows, with their distributions, and one "
               "guess of %s; the best of some:", g->all.name[g->wish.who]);
    payoff_show(l, &g->arena, &g->costs, &g->kinds);
    lesson_say(l, "%s", cached
               ? "This model sits in the processor's cache: nothing waits for memory, so each "
                 "row of a pass costs its own arithmetic, and guesses are not free. Here "
                 "speculation gains little, or loses. "
               : "This model comes from memory, at least in part.");
    lesson_say(l, "Predicted, not measured, for a model that does not fit: 1.1 billion weights, "
               "2.2 GB in F16, guessed for by its own int4 copy of 0.64 GB. From bytes, by the "
               "constants of src/decode/pace.c; the last line has the α of %s on the story here:",
               g->all.name[copy]);
    payoff_large(l, &g->arena, g->kinds.story_alpha[copy]);
    return !cached || payoff_real(l, &g->arena, o, error);
}

static bool prove(Guesswork *g, Error *error)
{
    static const int every[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 }, some[] = { 0, 1, 4, 8 };
    Ids prompts[KINDS];
    GreedyPlan plan = { prompts, g->large ? 1 : KINDS, g->large ? 8 : GREEDY,
                        g->large ? some : every, g->large ? 4 : 9 };
    Wish w = g->wish;

    for (int i = 0; i < KINDS; i++)
        prompts[i] = g->kinds.kind[i].prompt;
    w.K = w.K > 0 ? w.K : GUESSES_DEFAULT;
    w.n = min_int(w.n, g->large ? 12 : 40);
    lesson_theorem(&g->l, "greedy, the bytes are the plain text's, whoever guesses; and "
                   "sampled, the emitted token has the target's distribution, integrated "
                   "exactly over u");
    return check_greedy(&g->l, &g->all, &plan, error)
        && check_laws(&g->l, &g->all, &w, error)
        && check_rounds(&g->l, &g->all, &w, error)
        && check_caches(&g->l, &g->all, &w, error);
}

int chapter07_speculative(const Options *options)
{
    Guesswork g = { .large = false };
    Error error = {0};
    bool fine;

    lesson_begin(&g.l, "chapter07_speculative", "07 speculative: guess some tokens, check "
                 "them in one pass", options);
    fine = model_open(&g.m, options, &error) && prepare(&g, options, &error)
        && part_rounds(&g, &error) && part_places(&g, &error) && part_kinds(&g, &error)
        && part_costs(&g, options, &error) && prove(&g, &error);
    rounds_free(&g.rounds);
    textkinds_free(&g.kinds);
    ids_free(&g.prompt);
    arena_free(&g.arena);
    guessers_close(&g.all);
    model_close(&g.m);
    return lesson_end(&g.l, fine, &error);
}
