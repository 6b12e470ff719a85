/* rounds.c - a text that is written in rounds, each of them shown guess by guess
 *
 *      place  guess    q       p       u       verdict
 *          1  king   0.6312  0.5821  0.1234   ✓ stands    u · q < p
 *          2  who    0.4410  0.0217  0.7003   ✗ fell      u · q >= p
 *          3  was    0.2204  0.3010  0.0412   · unread    behind one that fell
 *
 *      what the text gains:   king   had         the second is from the residual
 *
 * The numbers are those that the round itself used: it is left standing, and what it
 * holds is printed. (p behind a guess that fell belongs to a text that will not be; it
 * is computed only for such tables.)
 *
 * One guess that fell is then drawn in full, for the likeliest words:
 *
 *      p      ▇▇▇▇▇▇▇▇                   what the target wants
 *      q      ▇▇▇▇▇                      what the draft offers
 *      min    ▇▇▇▇▇                      what of it is accepted when it is guessed
 *      rest        ▇▇▇                   what p has more: rejections end here
 *
 * and min + rest is p again, whatever q was: that is the whole proof.
 *
 * Read next: src/decode/speculative.c.
 */
#include "chapters/lesson/rounds.h"

#include <math.h>                   /* fmin, fmax                            */
#include <string.h>

#include "base/random.h"
#include "chapters/lesson/looking.h"

#define SHOWN 4                     /* rounds                                */
#define SEARCHED 40                 /* … until one guess has fallen          */
#define WORDS 6                     /* that are drawn as bars                */

/* Read the prompt; nothing is guessed yet. */
bool rounds_begin(Rounds *r, Lesson *l, Arena *arena, Guessers *all, const Wish *wish,
                  Error *error)
{
    int V = all->m->model.config.V;

    *r = (Rounds){ .l = l, .arena = arena, .all = all, .wish = *wish, .place = -1 };
    if (!guessers_session(&r->target, all, wish, error)
        || !session_goto(&r->target, wish->prompt->id, wish->prompt->count, error)
        || !guessers_start(&r->draft, all, wish->who, &r->target, &wish->sampling,
                           wish->seed, error))
        return false;
    speculation_begin(&r->s, &r->target, r->draft, wish->K, &wish->sampling, wish->seed,
                      wish->prompt->id, wish->prompt->count,
                      min_int(wish->n, r->target.capacity - wish->prompt->count));
    r->s.curious = true;
    r->p = memory_get(V, sizeof *r->p);
    r->q = memory_get(V, sizeof *r->q);
    return true;
}

void rounds_free(Rounds *r)
{
    if (r->s.text != NULL)
        speculation_free(&r->s);
    session_free(&r->target);
    memory_give_back(r->p);
    memory_give_back(r->q);
    *r = (Rounds){0};
}

/* n ids as words; the blank before a word is left out. */
static const char *const *words_of(const Rounds *r, const int *id, int n)
{
    const Ids ids = { .id = (int *)(uintptr_t)id, .count = n };

    return looking_words(r->arena, r->all->m, &ids);
}

/* Is there one whose u decided: which the target would have said, too, sometimes? */
static bool found(const Rounds *r)
{
    return r->place >= 0 && r->p[r->x] > 0;
}

/* Of the round that has just ended: the guess that fell, with its p and q; unless a
 * better one is there. */
static void remember(Rounds *r)
{
    Speculation *s = &r->s;
    int V = s->work.V, before = s->count - s->emitted, i = s->judged.accepted;
    const double *q;

    if (i == s->guess.count || s->judged.judged == i
        || (r->place >= 0 && (found(r) || s->judged.p[i] == 0)))
        return;
    q = proposal_q(&s->guess, i);
    r->place = i;
    r->fallen_round = r->round;
    r->x = s->guess.ids[i];
    r->next = s->judged.next;
    r->u = s->u[i];
    r->dart = random_uniform(s->seed, 0, (uint32_t)(before + i), DRAW_PICK);
    sampling_distribution(r->p, speculation_logits(s, i), V, s->text, before + i,
                          &s->sampling, &s->work);
    for (int id = 0; id < V; id++)
        r->q[id] = q != NULL ? q[id] : id == r->x;
}

/* One line for each guess. */
static void show_guesses(Rounds *r)
{
    static const char *const head[] = { "place", "guess", "id", "q", "p", "u", "verdict" };
    const Speculation *s = &r->s;
    const char *const *word = words_of(r, s->guess.ids, s->guess.count);
    const char *cell[DRAFT_MOST][7];

    for (int i = 0; i < s->guess.count; i++) {
        const double *q = proposal_q(&s->guess, i);
        int x = s->guess.ids[i];
        const char *line[] = { arena_print(r->arena, "%d", i + 1), word[i],
            arena_print(r->arena, "%d", x),
            arena_print(r->arena, "%.4f", q != NULL ? q[x] : 1),
            arena_print(r->arena, "%.4f", s->judged.p[i]),
            arena_print(r->arena, "%.6f", (double)s->u[i]),
            i < s->judged.accepted ? "✓ stands" : i < s->judged.judged ? "✗ fell"
                                                                       : "· unread" };

        memcpy(cell[i], line, sizeof line);
    }
    picture_table(r->l, arena_print(r->arena, "round_%d", r->round), head, "rlrrrrl",
                  &cell[0][0], s->guess.count);
}

/* How its last id came: "and one from the residual". */
static const char *last_of(const Speculation *s)
{
    return s->judged.next < 0 ? "" : s->guess.count == 0 ? "one, nothing was guessed"
         : s->judged.accepted == s->guess.count ? " + the bonus" : " + the correction";
}

/* The round that has just ended. */
static void show_round(Rounds *r)
{
    const Speculation *s = &r->s;
    int before = s->count - s->emitted;
    Text text = {0};

    lesson_say(r->l, "Round %d, behind %d tokens. %d guessed; the target's pass reads %d "
               "row%s.%s", r->round, before, s->guess.count, s->rows, s->rows == 1 ? "" : "s",
               s->behind_prompt && s->guess.count > 0
               ? " (What comes first behind the prompt it knows already.)" : "");
    show_guesses(r);
    picture_tokens(r->l, arena_print(r->arena, "gained_%d", r->round),
                   s->guess.count == 0
                   ? arena_print(r->arena, "the text gains %s", last_of(s))
                   : arena_print(r->arena, "the text gains %d%s", s->judged.accepted,
                                 last_of(s)),
                   words_of(r, s->text + before, s->emitted), s->text + before,
                   s->emitted);
    tokenizer_decode(&text, r->all->m->dir.tokenizer, s->text, s->count, true);
    text_add(&text, "", 0);
    picture_text(r->l, arena_print(r->arena, "text_%d", r->round), "so far", text.bytes);
    text_free(&text);
}

/* The guess, what took its place, and the words that are likeliest to one of the two. */
static int watched(int *id, const Rounds *r)
{
    int V = r->s.work.V, n = 2;

    id[0] = r->x;
    id[1] = r->next;
    for (; n < WORDS; n++) {
        double most = 0;

        for (int i = 0; i < V; i++) {
            bool taken = false;

            for (int k = 0; k < n; k++)
                taken = taken || id[k] == i;
            if (!taken && fmax(r->p[i], r->q[i]) > most) {
                most = fmax(r->p[i], r->q[i]);
                id[n] = i;
            }
        }
        if (most == 0)
            break;
    }
    return n;
}

/* p, q, min and rest of one word below each other. */
static void show_bars(Rounds *r)
{
    static const char *const what[] = { "p", "q", "min", "rest" };
    int id[WORDS], n = watched(id, r);
    const char *const *word = words_of(r, id, n);
    Bar bar[4 * WORDS];

    for (int i = 0; i < n; i++) {
        double p = r->p[id[i]], q = r->q[id[i]];
        const double value[] = { p, q, fmin(p, q), fmax(0, p - q) };

        for (int k = 0; k < 4; k++) {
            const char *remark = k == 1 && id[i] == r->x ? "  guessed, fell"
                               : k == 3 && id[i] == r->next ? "  took its place" : "";

            bar[4 * i + k] = (Bar){ arena_print(r->arena, "%s %s", word[i], what[k]),
                                    value[k], arena_print(r->arena, "%.4f%s", value[k],
                                                          remark) };
        }
    }
    picture_bars(r->l, "bars", bar, 4 * n);
}

/* The guess that fell, in full. */
static void show_fallen(Rounds *r)
{
    const char *word = words_of(r, &r->x, 1)[0];
    double both = 0, rest = 0;

    if (r->place < 0) {
        lesson_say(r->l, "No guess has fallen in %d rounds: there is no residual to show.",
                   r->round);
        return;
    }
    for (int i = 0; i < r->s.work.V; i++) {
        both += fmin(r->p[i], r->q[i]);
        rest += fmax(0, r->p[i] - r->q[i]);
    }
    lesson_say(r->l, "Why \"%s\" fell in round %d: q(x) = %.4f is what the draft gave it, p(x) "
               "= %.4f what the target gives it, and u = %.4f: u · q = %.4f is not less than "
               "p. The likeliest words there, and what becomes of them:", word,
               r->fallen_round, r->q[r->x], r->p[r->x], (double)r->u,
               (double)r->u * r->q[r->x]);
    show_bars(r);
    lesson_say(r->l, "min is accepted when it is guessed. rest is what p has more than q: a "
               "rejection is replaced from there, by another dart. min + rest = p.");
    picture_number(r->l, "accepted_here", "a guess here stands", both, 9,
                   "Σ min(p, q)");
    picture_number(r->l, "rejected_here", "and falls", rest, 9, "Σ max(0, p - q)");
    picture_number(r->l, "dart", "the second dart", (double)r->dart, 9, "");
    picture_text(r->l, "instead", "fell on", words_of(r, &r->next, 1)[0]);
}

/* Rounds until enough were seen and one guess has fallen, or the text is full. */
bool show_rounds(Rounds *r, Error *error)
{
    Speculation *s = &r->s;

    while (r->round < SHOWN || (!found(r) && r->round < SEARCHED)) {
        int left = s->room - s->count;

        if (left < 1)
            break;
        if (!speculation_round(s, left, error))
            return false;
        r->round++;
        remember(r);
        if (r->round <= SHOWN)
            show_round(r);
    }
    show_fallen(r);
    return true;
}
