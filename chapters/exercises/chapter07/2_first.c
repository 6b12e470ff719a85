/* 2_first.c - exercise 07.2, Hunt: the guess that nobody checked
 *
 *      cache of the target     once  upon  a  time │
 *      last                                        │ there          not read yet
 *      guess [K = 3]                               │        was   a     fox
 *                                    one pass      ▼         ▼    ▼      ▼
 *      said [K + 1]                               was        a   king   who
 *                                                  │         │    │
 *      out [n = 3]                                was        a   king
 *
 * One round of guessing at temperature 0. Somebody guessed K ids; the target reads `last`
 * and all of them in one pass, and says behind each what it would have said. Guesses
 * stand as long as they are that; then comes one id of the target's own. So nothing but
 * the speed can depend on who guesses. What the users of this function report:
 *
 *   - "With guesses from the text itself a wrong word slips in now and then. With --k 1
 *     our statistics say that 100 % of the guesses are accepted, whoever makes them."
 *   - After that was looked at: "Short answers are right. In long ones the story goes off
 *     at some place and never comes back, as if it had read something that is not
 *     there. With a draft that is never wrong all is well."
 *   - A unit test in which the draft knows the text passes.
 *
 * Two ideas in the function are wrong, one for each complaint. It is complete and
 * compiles. Repair both. What must hold:
 *
 *   1. The ids in out are those that the target alone would have written, one by one;
 *      and as many of them as there are right guesses at the beginning, plus one.
 *   2. toy_read is called once: that is the whole point of guessing.
 *   3. Before the call the toy has read the text but for its last id, which is `last`.
 *      Behind the call that is so again, for the text with out at its end.
 *
 *   out      [K + 1]; returns n, how many were written, 1 … K + 1
 *   t        the target; toy_length, toy_read, toy_cut (see tasks.h)
 *   last     the id at the end of the text
 *   guess    [K]; K from 0 to GUESSES
 *
 * By hand: the toy of the visible cases says the sum of all ids that it has read, plus
 * how many they are, modulo 7. It has read 1 2, and last is 3: it will say 9 mod 7 = 2.
 * The text goes on 2 5 4 2 5 4. With the guesses 2 6 0 the first stands, and out is 2 5;
 * then the toy must have read 1 2 3 2, and 5 is the next last.
 */
#include "chapters/exercises/chapter07/tasks.h"

int my_round(int *out, Toy *t, int last, const int *guess, int K)
{
/* your code begins */
    int rows[GUESSES + 1], said[GUESSES + 1], before = toy_length(t), n = 0;

    /* One pass for all. */
    rows[0] = last;
    for (int i = 0; i < K; i++)
        rows[i + 1] = guess[i];
    toy_read(t, said, rows, K + 1);

    /* Guesses stand as long as the target would have said them. */
    for (int i = 0; i < K; i++) {
        out[n++] = guess[i];
        if (i + 1 < K && guess[i + 1] != said[i + 1])
            break;
    }

    /* What it says behind the last of them, is the next one. */
    out[n] = said[n];
    n++;

    /* The text is n ids longer; forget what is not in it. */
    toy_cut(t, before + 1 + n);
    return n;
/* your code ends */
}
