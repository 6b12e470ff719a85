/* 3_penalty.c - exercise 05.3, Hunt: the dog dog dog
 *
 *      logits [V]      2.0    -1.5     0.7    -3.0
 *                       │       │       │       │
 *      said:            │      yes      │      yes, four times
 *                       ▼       ▼       ▼       ▼
 *      scores [V]      2.0      ?      0.7      ?        punished: less likely
 *
 * A repetition penalty r makes every word that was said before (in the prompt
 * or in the answer) less likely: r = 1 changes nothing, 1.5 is a heavy hand.
 * What this engine's users report:
 *
 *   - "The larger I set the penalty, the more it repeats: the dog dog dog dog.
 *     At 1 it is fine."
 *   - After that was looked at: "Long chats break. A comma, an "and" or the
 *     end-of-text, said thirty times, is never said again."
 *   - A unit test with four logits above zero and each word said once passes.
 *
 * Two ideas in the function are wrong, one for each complaint. It is complete
 * and compiles. Repair both. What must hold:
 *
 *   1. For r >= 1, a word that was said never gets a higher score than it had.
 *   2. The penalty changes a score by the factor r, in the direction that makes
 *      the word less likely, whatever the score's sign. 0 stays 0.
 *   3. How often a word was said makes no difference.
 *   4. Words that were not said keep their logits, bit for bit.
 *   5. work->seen is all 0 before the call and must be all 0 behind it: the
 *      next word's call expects that. In between it is yours.
 *
 * Bits: r is rounded to float first; a punished score is one multiplication or
 * one division by it, rounded once.
 *
 *   work     scores [V] out; seen [V] bytes, all 0 before and after; V
 *   logits   [V]
 *   history  [n] ids, in the order in which they were said; n may be 0
 *   repeat_penalty  r > 0 (below 1 it rewards: the same lines)
 *
 * By hand, r = 2: a word with logit 3 that was said gets 1.5. Now do one with
 * logit -3: which of -6 and -1.5 is less likely?
 */
#include <string.h>                 /* memcpy                                */

#include "chapters/exercises/chapter05/tasks.h"

void my_penalize(SamplingWork *work, const float *logits, const int *history,
                 int n, double repeat_penalty)
{
/* your code begins */
    float r = (float)repeat_penalty;
    float *scores = work->scores;

    memcpy(scores, logits, (size_t)work->V * sizeof *scores);
    for (int i = 0; i < n; i++) {
        int id = history[i];

        must(id >= 0 && id < work->V, "id %d of %d", id, work->V);
        scores[id] = scores[id] / r;
    }
/* your code ends */
}
