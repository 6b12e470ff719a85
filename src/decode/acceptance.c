/* acceptance.c - what became of every guess, for whoever wants to see it
 *
 *      round 0   guesses   king   who  had  a        accepted 2
 *                verdict    ✓     ✓    ✗   ·         emitted  king who was
 *      round 1   guesses   a     king  who  was      accepted 3
 *                verdict    ✓     ✓    ✓    ✗        emitted  a king who lived
 *      …
 *                place      0     1    2    3
 *      judged              2 of 2  …                 counted over the rounds
 *
 * Speculation is fast when guesses are right, and how often they are is a number that
 * everybody quotes and few define. Here: accepted ÷ proposed, where a guess is accepted
 * when it stands in the text in the end. One that was never compared, because an
 * earlier one of its round fell, counts as proposed: its cost was paid. What the formula
 * (4) of decode/speculative.c calls α is another number, accepted ÷ judged.
 *
 * Read next: decode/generate.c. Lesson: chapters/chapter07_speculative.c.
 */
#include "decode/acceptance.h"

#include "base/memory.h"

/* The system gives pages only for what is written: most is rarely reached. */
void acceptance_init(Acceptance *a, int most, int K)
{
    size_t rounds = (size_t)max_int(most, 1), each = (size_t)K;

    *a = (Acceptance){ .off = -1 };
    a->round = memory_get_bytes(rounds * sizeof *a->round);
    a->guess = memory_get_bytes((rounds * each + 1) * sizeof *a->guess);
    a->emitted = memory_get_bytes((rounds + each + 1) * sizeof *a->emitted);
}

void acceptance_free(Acceptance *a)
{
    memory_give_back(a->round);
    memory_give_back(a->guess);
    memory_give_back(a->emitted);
    *a = (Acceptance){0};
}

PlaceCount acceptance_at(const Acceptance *a, int place)
{
    PlaceCount count = {0};

    for (int r = 0; r < a->rounds; r++) {
        GuessVerdict verdict;

        if (place >= a->round[r].guesses)
            continue;
        verdict = a->guess[a->round[r].guess + place].verdict;
        count.proposed++;
        count.judged += verdict != GUESS_UNREAD;
        count.accepted += verdict == GUESS_ACCEPTED;
    }
    return count;
}

const char *guess_verdict_name(GuessVerdict verdict)
{
    static const char *const names[] = { "accepted", "rejected", "unread", "cut" };

    return names[verdict];
}
