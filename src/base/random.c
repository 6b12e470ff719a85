/* random.c - random numbers without a state: a function of where you are
 *
 *      counter      c0              c1     c2              c3     key  k0   k1
 *                   │ × M0                 │ × M1
 *                ┌──┴──┐                ┌──┴──┐
 *               hi0   lo0              hi1   lo1       a product of 64 bits has a
 *                                                      high and a low half
 *      the next     hi1 ^ c1 ^ k0   lo1    hi0 ^ c3 ^ k1   lo0        + W0 + W1
 *      round's      c0              c1     c2              c3         k0   k1
 *
 *                   ten such rounds; ^ is exclusive or
 *
 * The usual generator keeps a state: every draw changes it, so the tenth number
 * depends on nine draws before it. Then a text depends on who else asked: a second
 * conversation, a rejected draft, another thread. Here the number is a *function* of
 * (seed, sequence, position, draw), as a hash is. Ask twice and it is the same;
 * ask in any order; leave some out. Token 17 of sequence 3 gets its number whether
 * it was computed alone, in a batch, or a second time.
 *
 * Philox is a block cipher made small: a round multiplies two of the words by a
 * constant (high and low half of the product go different ways) and mixes in the
 * key, which moves on by a constant between rounds. Seven rounds pass BigCrush, the
 * hardest collection of statistical tests in its day; ten leave a margin. Two inputs
 * that differ in one bit give outputs that look unrelated.
 *
 *      (hi, lo) = M · c,   64 bits                                        (1)
 *      u = ⌊x0 / 2^8⌋ · 2^-24                                             (2)
 *
 * Why 24 bits: a float32 has a significand of 24, so (2) is exact, all values are
 * equally likely, and 1 never appears. Dividing 32 bits by 2^32 would round
 * some of them up to 1.
 *
 * Source: Salmon, Moraes, Dror and Shaw, "Parallel Random Numbers: As Easy as 1,
 * 2, 3", SC 2011, section 5. Read next: decode/sampling.c.
 * Lesson: chapters/chapter05_sampling.c.
 */
#include "base/random.h"

#include <string.h>         /* memcpy                                        */

#define ROUNDS 10
#define M0 UINT32_C(0xD2511F53)     /* multipliers: found by search          */
#define M1 UINT32_C(0xCD9E8D57)
#define W0 UINT32_C(0x9E3779B9)     /* the key's steps: the golden ratio     */
#define W1 UINT32_C(0xBB67AE85)     /*   and √3 - 1, as fractions of 2^32    */

/* One round, equation (1), in place: the picture above. */
static void philox_round(uint32_t c[4], uint32_t k0, uint32_t k1)
{
    uint64_t left = (uint64_t)M0 * c[0], right = (uint64_t)M1 * c[2];

    c[0] = (uint32_t)(right >> 32) ^ c[1] ^ k0;
    c[1] = (uint32_t)right;
    c[2] = (uint32_t)(left >> 32) ^ c[3] ^ k1;
    c[3] = (uint32_t)left;
}

/* Four random words for four words of counter and two of key; all are words in
 * the machine's order, so the result is the same everywhere. out may be counter.
 * Cost: 20 multiplications. */
void random_philox(uint32_t out[4], const uint32_t counter[4],
                   const uint32_t key[2])
{
    uint32_t c[4], k0 = key[0], k1 = key[1];

    memcpy(c, counter, sizeof c);
    for (int round = 0; round < ROUNDS; round++, k0 += W0, k1 += W1)
        philox_round(c, k0, k1);
    memcpy(out, c, sizeof c);
}

/* Equation (2). Where each coordinate goes is part of the contract, as the seed
 * of a run that was published must give the same text next year:
 *
 *      key      (seed's low half, sequence)
 *      counter  (position, draw, seed's high half, 0) */
float random_uniform(uint64_t seed, uint32_t sequence, uint32_t position,
                     uint32_t draw)
{
    uint32_t key[2] = { (uint32_t)seed, sequence };
    uint32_t x[4] = { position, draw, (uint32_t)(seed >> 32), 0 };

    random_philox(x, x, key);
    return (float)(x[0] >> 8) * 0x1p-24f;
}
