/* 2_first.key.c - exercise 07.2: one round of the reader's beside the engine's judge
 *
 *      case 0   the draft knows the text: passes with both bugs in
 *      case 1   one guess, and it is wrong
 *      case 2   the second of three is wrong: the cache is too long
 *      case 3   nobody guesses (K = 0)
 *      case 4   the first is wrong, those behind it would be right
 *      hidden   K from 0 to 8, drafts that are right now and then
 *
 *      guesses ──► my_round ──────────► out, n, what the toy has read      the same?
 *              ──► speculative_judge ─► accepted, next
 *                                         ▲
 *      law: 1 at the id that the toy alone would say behind the text and i guesses
 *
 * The engine is the answer: its judge with a draft that is certain and a target that
 * puts all on one id is greedy decoding. A round that passes goes into the text, and the
 * next one begins behind it, with the cache that the reader's function has left.
 *
 * The toy stands here. What it says depends on all that it has read.
 */
#include <string.h>

#include "chapters/exercises/chapter07/tasks.h"
#include "chapters/exercises/judge.h"
#include "decode/speculative.h"

#define ROOM 200                    /* of the toy's cache, and of texts      */

struct Toy {
    int V;
    bool by_hand;                   /* the sum, as the essay says            */
    int length, ids[ROOM];          /* the cache                             */
    int passes;
};

/* What it would say behind these ids. */
static int says(const Toy *t, const int *ids, int n)
{
    uint32_t hash = 2166136261u;            /* FNV-1a over the ids           */
    int sum = n;

    for (int i = 0; i < n; i++) {
        sum += ids[i];
        hash = (hash ^ (uint32_t)ids[i]) * 16777619u;
    }
    return t->by_hand ? sum % t->V : (int)((hash >> 8) % (uint32_t)t->V);
}

int toy_length(const Toy *t)
{
    return t->length;
}

void toy_read(Toy *t, int *said, const int *ids, int n)
{
    t->passes++;
    for (int i = 0; i < n; i++) {
        must(t->length < ROOM, "the cache is full: %d ids", t->length);
        t->ids[t->length++] = ids[i];
        said[i] = says(t, t->ids, t->length);
    }
}

void toy_cut(Toy *t, int length)
{
    must(length >= 0, "a cache of %d ids", length);
    t->length = min_int(length, t->length);
}

/* ---- the engine's round */

typedef struct {
    const Toy *toy;
    const int *text, *guess;        /* [count], [K]                          */
    int count;
} Place;

/* TargetLaw: all on one id. */
static void one_id(void *context, double *p, int i)
{
    const Place *place = context;
    int ids[ROOM];

    memcpy(ids, place->text, (size_t)place->count * sizeof *ids);
    for (int k = 0; k < i; k++)
        ids[place->count + k] = place->guess[k];
    memset(p, 0, (size_t)place->toy->V * sizeof *p);
    p[says(place->toy, ids, place->count + i)] = 1;
}

/* out [K + 1] as the engine has it; returns how many. */
static int engine_round(Case *c, int *out, const Toy *t, const int *text, int count,
                        const int *guess, int K)
{
    static const float darts[GUESSES + 1];
    Place place = { t, text, guess, count };
    Proposal proposal = { .V = t->V, .count = K, .certain = true };
    double *p = case_array(c, t->V, sizeof *p), *r = case_array(c, t->V, sizeof *r);
    Judgement judged;

    memcpy(proposal.ids, guess, (size_t)K * sizeof *guess);
    speculative_judge(&judged, &proposal, one_id, &place, darts, darts, true, p, r);
    memcpy(out, guess, (size_t)judged.accepted * sizeof *out);
    out[judged.accepted] = judged.next;
    return judged.accepted + 1;
}

/* ---- typical mistakes */

typedef enum { FIRST_FREE, ALL_STAND, NONE_STAND, SHIFTED, FALLEN_STAYS, MISTAKES } Mistake;

static const char *const guesses_at[MISTAKES] = {
    "the first guess is not checked: it has to be what the target says behind `last`",
    "no guess is checked", "guesses that are right stand: that is what they are for",
    "guess[i] is held against said[i], which stands behind the id before it",
    "in place of the guess that fell comes what the target says there",
};

/* out [K + 1] with one mistake; returns how many. */
static int round_with(Case *c, int *out, const Toy *t, const int *text, int count,
                      const int *guess, int K, Mistake mistake)
{
    int *ids = case_array(c, count + K + 1, sizeof *ids), n = 0, said[GUESSES + 1];

    memcpy(ids, text, (size_t)count * sizeof *ids);
    memcpy(ids + count, guess, (size_t)K * sizeof *ids);
    for (int i = 0; i <= K; i++)
        said[i] = says(t, ids, count + i);
    while (n < K && mistake != NONE_STAND
           && (guess[n] == said[n + (mistake == SHIFTED)] || mistake == ALL_STAND
               || (mistake == FIRST_FREE && n == 0))) {
        out[n] = guess[n];
        n++;
    }
    out[n] = mistake == FALLEN_STAYS && n < K ? guess[n] : said[n];
    return n + 1;
}

static void says_ids(Case *c, const char *name, const int *ids, int n)
{
    int from = max_int(n - 8, 0);

    case_says(c, "%s%s", name, from > 0 ? " …" : "");
    for (int i = from; i < n; i++)
        case_says(c, " %d", ids[i]);
    case_says(c, n == 0 ? " (none)" : "");
}

static const char *cache_guess(int got, int want)
{
    if (got == want + 1)
        return "one too long: the newest id of the text has not been read yet";
    if (got == want - 1)
        return "one too short: all of the text but its newest id has been read";
    return got > want ? "guesses that fell are still in the cache"
                      : "what stands in the text need not be read again";
}

/* text [count], which the toy has read but for its last id; guess [K]. */
static void compare(Case *c, Toy *t, int *text, int count, const int *guess, int K)
{
    int *got = case_array(c, K + 1, sizeof *got), *want = case_array(c, K + 1, sizeof *want);
    int n, right = engine_round(c, want, t, text, count, guess, K);
    const char *hint = "the guesses that stand at the beginning, and one id of the target's "
                       "own";
    Fault faults[MISTAKES + 1] = {{ NULL, NULL }};

    n = my_round(got, t, text[count - 1], guess, K);
    for (int m = MISTAKES - 1; m >= 0; m--) {
        int *wrong = case_array(c, K + 1, sizeof *wrong);
        int k = round_with(c, wrong, t, text, count, guess, K, (Mistake)m);

        faults[m] = (Fault){ wrong, guesses_at[m] };
        if (n == k && k != right)
            hint = guesses_at[m];
    }
    case_int(c, "n, how many ids the round has given,", n, right, hint);
    case_ints(c, "out", got, want, right, faults);
    case_int(c, "the number of passes of the target", t->passes, 1,
             "one pass reads `last` and all guesses: five rows cost little more than one");
    memcpy(text + count, want, (size_t)right * sizeof *text);
    count += right;
    case_int(c, "how many ids the target has read, behind the round,", t->length, count - 1,
             cache_guess(t->length, count - 1));
    case_ints(c, "what the target has read", t->ids, text, t->length, NULL);
}

/* guess [K]: what the toy would say, each right with probability `often` of 8. */
static void guess_at(Case *c, int *guess, const Toy *t, const int *text, int count, int K,
                     int often)
{
    int ids[ROOM];

    memcpy(ids, text, (size_t)count * sizeof *ids);
    for (int i = 0; i < K; i++) {
        guess[i] = says(t, ids, count + i);
        if (case_between(c, 1, 8) > often)
            guess[i] = (guess[i] + case_between(c, 1, t->V - 1)) % t->V;
        ids[count + i] = guess[i];
    }
}

/* A toy, the text that it has read but for the last id, and K guesses. */
static int large(Case *c, Toy *t, int *text, int *guess, int *K)
{
    int count = case_between(c, 1, 20);

    t->V = case_between(c, 2, 30);
    for (int i = 0; i < count; i++)
        text[i] = i < 2 ? case_between(c, 0, t->V - 1) : says(t, text, i);
    *K = case_between(c, 0, GUESSES);
    guess_at(c, guess, t, text, count, *K, case_between(c, 1, 8));
    return count;
}

static int small(int number, Toy *t, int *text, int *guess, int *K)
{
    static const struct { int K, guess[3]; } seen[] = {
        { 3, { 2, 5, 4 } }, { 1, { 6 } }, { 3, { 2, 6, 0 } }, { 0, { 0 } }, { 3, { 1, 5, 4 } },
    };

    *t = (Toy){ .V = 7, .by_hand = true };
    for (int i = 0; i < 3; i++)
        text[i] = i + 1;
    *K = seen[number].K;
    memcpy(guess, seen[number].guess, (size_t)*K * sizeof *guess);
    return 3;
}

static void run(Case *c)
{
    Toy t = {0};
    int text[ROOM], guess[GUESSES], K, count;

    count = case_hidden(c) ? large(c, &t, text, guess, &K)
                           : small(case_number(c), &t, text, guess, &K);
    memcpy(t.ids, text, (size_t)(count - 1) * sizeof *text);
    t.length = count - 1;
    says_ids(c, "the target has read", t.ids, t.length);
    case_says(c, "; last = %d; ", text[count - 1]);
    says_ids(c, "guesses", guess, K);
    compare(c, &t, text, count, guess, K);
}

const Exercise exercise = { .stop = "my_round", .visible = 5, .hidden = 120, .run = run };
