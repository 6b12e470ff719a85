/* sha.c - SHA-256 and SHA-1: a file's name, computed from its bytes
 *
 *      "abc"
 *        │ padded: the bytes, 0x80, zeros, the length in bits (8 bytes)
 *        ▼
 *   ┌─────────┬─────────┬───┐
 *   │ block 1 │ block 2 │ … │   64 bytes each
 *   └────┬────┴────┬────┴───┘
 *        ▼         ▼
 *   H0 ─►mix──► H ─►mix──► H …──► the digest: H in hexadecimal
 *
 * A model is two gigabytes that came through a dozen machines. The hub names every
 * file by a fingerprint of its bytes: computing it again answers both questions that
 * matter, "is it whole?" and "is it the one that was published?". Large files are named
 * by SHA-256 (64 digits), small ones as git names them, by SHA-1 (40 digits).
 *
 * Both work alike. A state H of eight (five) words starts at fixed numbers; each block
 * of 16 words is stretched to 64 (80), and as many rounds turn the state:
 *
 *   SHA-256   w_t = σ1(w_t-2) + w_t-7 + σ0(w_t-15) + w_t-16                  (1)
 *             T1 = h + Σ1(e) + Ch(e,f,g) + K_t + w_t                         (2)
 *             T2 = Σ0(a) + Maj(a,b,c)       a ← T1 + T2,  e ← d + T1         (3)
 *   SHA-1     w_t = rotl1( w_t-3 ⊕ w_t-8 ⊕ w_t-14 ⊕ w_t-16 )                 (4)
 *             T = rotl5(a) + f_t(b,c,d) + e + K_t + w_t     a ← T            (5)
 *
 * and the block's result is added to the state. All sums are modulo 2^32; words are
 * read with the highest byte first. K of SHA-256 are the first 32 bits of the fraction
 * of the cube roots of the first 64 primes; H0 likewise of the square roots of eight.
 *
 * Trap: the length in the padding counts bits. A block with 56 or more bytes in it has
 * no room for it, and then the padding takes one more block.
 *
 * Source: FIPS 180-4, sections 4 to 6; git's "blob" objects. Read next: transfer.c.
 */
#include "weights-tools/hub/sha.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* memcpy                                        */

static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};

static const uint32_t H[2][8] = {
    [SHA_1] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 },
    [SHA_256] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
                  0x1f83d9ab, 0x5be0cd19 },
};

static inline uint32_t rotate(uint32_t x, int left)
{
    return x << left | x >> (32 - left);
}

static inline uint32_t high_first(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Equations (1) to (3). */
static void mix_256(uint32_t state[8], const unsigned char *block)
{
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7], w[64];

    for (int t = 0; t < 16; t++)
        w[t] = high_first(block + 4 * t);
    for (int t = 16; t < 64; t++) {
        uint32_t x = w[t - 15], y = w[t - 2];

        w[t] = (rotate(y, 15) ^ rotate(y, 13) ^ y >> 10) + w[t - 7]
             + (rotate(x, 25) ^ rotate(x, 14) ^ x >> 3) + w[t - 16];
    }
    for (int t = 0; t < 64; t++) {
        uint32_t t1 = h + (rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7))
                    + ((e & f) ^ (~e & g)) + K[t] + w[t];
        uint32_t t2 = (rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10))
                    + ((a & b) ^ (a & c) ^ (b & c));

        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

/* f_t and K_t of equation (5). */
static inline uint32_t twenty(int t, uint32_t b, uint32_t c, uint32_t d)
{
    switch (t / 20) {
    case 0:  return ((b & c) | (~b & d)) + 0x5a827999;
    case 1:  return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:  return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    default: return (b ^ c ^ d) + 0xca62c1d6;
    }
}

/* Equations (4) and (5). */
static void mix_1(uint32_t state[8], const unsigned char *block)
{
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (int t = 0; t < 16; t++)
        w[t] = high_first(block + 4 * t);
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t next = rotate(a, 5) + twenty(t, b, c, d) + e + w[t];

        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static void mix(Sha *sha, const unsigned char *block)
{
    if (sha->kind == SHA_256)
        mix_256(sha->state, block);
    else
        mix_1(sha->state, block);
}

void sha_start(Sha *sha, ShaKind kind)
{
    *sha = (Sha){ .kind = kind };
    memcpy(sha->state, H[kind], sizeof sha->state);
}

void sha_start_git(Sha *sha, uint64_t size)
{
    char head[40];
    int length = snprintf(head, sizeof head, "blob %llu", (unsigned long long)size);

    sha_start(sha, SHA_1);
    sha_add(sha, head, (size_t)length + 1);
}

/* Whole blocks are mixed where they lie; what is left waits in sha->block. Cost: linear,
 * about 300 MB/s on one core. */
void sha_add(Sha *sha, const void *bytes, size_t count)
{
    const unsigned char *next = bytes;
    size_t waiting = (size_t)(sha->count % sizeof sha->block);

    sha->count += count;
    while (count > 0) {
        size_t room = sizeof sha->block - waiting, taken = count < room ? count : room;

        if (taken == sizeof sha->block) {
            mix(sha, next);
        } else {
            memcpy(sha->block + waiting, next, taken);
            waiting = (waiting + taken) % sizeof sha->block;
            if (waiting == 0)
                mix(sha, sha->block);
        }
        next += taken;
        count -= taken;
    }
}

/* Padding: 0x80, zeros up to 56 in the last block, the bits of the text. */
void sha_end(Sha *sha, char digits[SHA_TEXT])
{
    static const unsigned char padding[64] = { 0x80 };
    uint64_t bits = sha->count * 8;
    unsigned char length[8];
    int words = sha->kind == SHA_256 ? 8 : 5;

    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    sha_add(sha, padding, (size_t)((119 - sha->count % 64) % 64 + 1));
    sha_add(sha, length, sizeof length);
    for (int i = 0; i < words; i++)
        snprintf(digits + 8 * i, 9, "%08x", (unsigned)sha->state[i]);
}
