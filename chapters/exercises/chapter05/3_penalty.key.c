/* 3_penalty.key.c - exercise 05.3: the engine's scores against the reader's
 *
 *      case 0   two words said once, logits above zero: passes with both bugs in
 *      case 1   a logit below zero
 *      case 2   a word said four times
 *      case 3   both, and words that nobody said
 *      hidden   up to 60 words, histories up to 200 long, r from 0.8 to 2
 *
 * The engine does not export its penalty, but it leaves the scores behind:
 * after sampling_distribution, work->scores [V] are the logits after it. They
 * are the answer. Behind the comparison of scores, seen must be all 0 again: a
 * flag that stays would free a word from its penalty for the rest of the text.
 *
 * The guesses: divide whatever the sign; multiply whatever the sign; the signs
 * exchanged; once for each time it was said, with right or wrong signs; only
 * the last word.
 */
#include <string.h>

#include "chapters/exercises/chapter05/tasks.h"
#include "chapters/exercises/judge.h"

typedef struct {                    /* one case                              */
    float *logits;                  /* [V]                                   */
    int *history;                   /* [n]                                   */
    int V, n;
    double r;
} Chat;

typedef struct {                    /* a way to punish                       */
    bool divide_below, divide_above;    /* a score below, not below zero     */
    bool every_time;
    int first;                      /* where in the history it begins; -1: last */
} Manner;

static bool said_before(const Chat *chat, int i, int from)
{
    for (int j = from; j < i; j++)
        if (chat->history[j] == chat->history[i])
            return true;
    return false;
}

static const float *punished(Case *c, const Chat *chat, Manner m)
{
    float *s = case_array(c, chat->V, sizeof *s);
    float r = (float)chat->r;
    int from = m.first < 0 ? max_int(chat->n - 1, 0) : m.first;

    memcpy(s, chat->logits, (size_t)chat->V * sizeof *s);
    for (int i = from; i < chat->n; i++) {
        int id = chat->history[i];
        bool divide = s[id] < 0 ? m.divide_below : m.divide_above;

        if (m.every_time || !said_before(chat, i, from))
            s[id] = divide ? s[id] / r : s[id] * r;
    }
    return s;
}

/* want [V]: what the engine leaves in its scratch. */
static void engine_scores(Case *c, float *want, const Chat *chat)
{
    double *p = case_array(c, chat->V, sizeof *p);
    SamplingConfig config = { .temperature = 1, .top_p = 1,
                              .repeat_penalty = chat->r };
    SamplingWork work;

    sampling_work_init(&work, chat->V);
    sampling_distribution(p, chat->logits, chat->V, chat->history, chat->n, &config,
                          &work);
    memcpy(want, work.scores, (size_t)chat->V * sizeof *want);
    sampling_work_free(&work);
}

static void compare(Case *c, const Chat *chat)
{
    int V = chat->V;
    float *want = case_array(c, V, sizeof *want);
    unsigned char *zeros = case_array(c, V, 1);
    SamplingWork work = { .V = V };
    Fault faults[] = {
        { punished(c, chat, (Manner){ false, true, true, 0 }),
          "each word is punished once, however often it was said" },
        { punished(c, chat, (Manner){ true, true, false, 0 }),
          "a score below zero that is divided gets more likely" },
        { punished(c, chat, (Manner){ true, true, true, 0 }),
          "a score below zero that is divided gets more likely; and once is enough" },
        { punished(c, chat, (Manner){ false, false, false, 0 }),
          "a score above zero that is multiplied gets more likely" },
        { punished(c, chat, (Manner){ true, false, false, 0 }),
          "the other way round: below zero multiply, else divide" },
        { punished(c, chat, (Manner){ false, true, false, 1 }),
          "the history begins at 0: its first word is said, too" },
        { punished(c, chat, (Manner){ false, true, false, -1 }),
          "all of the history is punished, not its last word only" },
        { NULL, NULL },
    };

    work.p = case_array(c, V, sizeof *work.p);
    work.scores = case_array(c, V, sizeof *work.scores);
    work.order = case_array(c, V, sizeof *work.order);
    work.seen = case_array(c, V, sizeof *work.seen);
    memset(work.seen, 0, (size_t)V);
    memset(zeros, 0, (size_t)V);
    engine_scores(c, want, chat);

    const Fault left[] = {              /* whatever stands there, it is this */
        { work.seen, "rule 5: a flag is left standing for the next call" },
        { NULL, NULL },
    };

    my_penalize(&work, chat->logits, chat->history, chat->n, chat->r);
    case_floats(c, "scores", work.scores, want, V, faults);
    case_bytes(c, "seen", work.seen, zeros, V, left);
}

static Chat large(Case *c)
{
    Chat chat = { .V = case_between(c, 1, 60), .n = case_between(c, 0, 200),
                  .r = case_between(c, 8, 20) / 10.0 };
    int few = case_between(c, 1, chat.V);

    chat.logits = case_array(c, chat.V, sizeof *chat.logits);
    chat.history = case_array(c, chat.n, sizeof *chat.history);
    case_fill(c, chat.logits, chat.V);
    for (int i = 0; i < chat.V; i++)
        chat.logits[i] *= 12;
    for (int i = 0; i < chat.n; i++)
        chat.history[i] = case_between(c, 0, few - 1);
    return chat;
}

static Chat small(Case *c, int number)
{
    static const float logits[][4] = {
        { 2, 1.5f, 0.75f, 3 }, { 2, -1.5f, 0.75f, -3 }, { 2, 1.5f, 0.75f, 3 },
        { 2, -1.5f, 0, -3 },
    };
    static const struct { int n, history[6]; } said[] = {
        { 2, { 1, 3 } }, { 2, { 0, 3 } }, { 5, { 3, 1, 3, 3, 3 } },
        { 6, { 3, 1, 3, 3, 2, 3 } },
    };
    Chat chat = { .V = 4, .n = said[number].n, .r = 2 };

    chat.logits = case_array(c, 4, sizeof *chat.logits);
    chat.history = case_array(c, chat.n, sizeof *chat.history);
    memcpy(chat.logits, logits[number], sizeof logits[number]);
    memcpy(chat.history, said[number].history, (size_t)chat.n * sizeof(int));
    return chat;
}

static void run(Case *c)
{
    Chat chat = case_hidden(c) ? large(c) : small(c, case_number(c));

    case_says(c, "r = %g, said:", chat.r);
    for (int i = 0; i < chat.n && i < 8; i++)
        case_says(c, " %d", chat.history[i]);
    if (chat.n > 8)
        case_says(c, " … (%d words)", chat.n);
    case_says(c, "; ");
    case_shows(c, "logits", chat.logits, chat.V);
    compare(c, &chat);
}

const Exercise exercise = { .stop = "my_penalize", .visible = 4, .hidden = 40,
                            .run = run };
