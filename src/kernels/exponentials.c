/* exponentials.c - e^x for a whole row, as many at once as the processor has room for
 *
 *      scores       s_0 … s_7     s_8 … s_15    s_16 …
 *                      │  · scale    │
 *                      ├─ largest ───┤          eight largest so far, then one: m
 *                      ▼             ▼
 *      e^(s−m)      ┌──┬──┬──┬──┐ ┌──┬──┬──┬──┐
 *      in double    │s0│s1│s2│s3│ │s4│s5│s6│s7│ four to a register, two of them
 *                   └──┴──┴──┴──┘ └──┴──┴──┴──┘ where plain x86-64 takes four
 *                      ▼             ▼
 *      sum          lane 0 … 7  +=  e_0 … e_7, then e_8 … e_15, …, then the tree
 *
 * With a long text in its cache a model of 32 heads and 22 layers takes 700
 * exponentials per token and position: at position 4096 they were a third of the
 * time of attention. A prompt's SwiGLU takes 124,000 per token. Each is independent,
 * so compilers make vectors of the loops below; how wide, they must be told. So
 * each function is compiled twice from one source, as in dot.c, for any x86-64 and
 * for AVX2: 3.2 and 1.7 ns an exponential (one Zen 3 core, gcc and clang alike).
 *
 * Why the bits stay: numbers/elementary.c's exponential is additions, multiplications
 * and a shift, each rounded as IEEE 754 says, and AVX2's instructions round like
 * the narrow ones. Nothing is fused: that would be other bits, and the target has no
 * fma. A maximum is exact in any order. The sum has eight lanes because definition
 * (c) says so, and for the same reason as in dot.c: a register's worth that do not
 * wait for each other.
 *
 * Read next: kernels/attention.c, kernels/activation.c, which say what it is for.
 * Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/exponentials.h"

#include "kernels/dot.h"            /* kernels: which were chosen?           */
#include "numbers/elementary.h"     /* exponential: one, ours                */

#define LANES 8
#define INLINE static inline __attribute__((always_inline))

/* s_j *= scale; returns the largest. NaN or not, a row with one has only NaN in the
 * end: e^(NaN − m) is NaN, and so is every sum with it. */
INLINE float scale_and_find(float *s, int n, float scale)
{
    float most[LANES], m;
    int j = 0;

    for (int i = 0; i < LANES; i++)
        most[i] = -INFINITY;
    for (; j + LANES <= n; j += LANES)
        for (int i = 0; i < LANES; i++) {
            s[j + i] *= scale;
            most[i] = s[j + i] > most[i] ? s[j + i] : most[i];
        }
    m = most[0];
    for (int i = 1; i < LANES; i++)
        m = most[i] > m ? most[i] : m;
    for (; j < n; j++) {
        s[j] *= scale;
        m = s[j] > m ? s[j] : m;
    }
    return m;
}

/* Σ s in eight lanes: what sum_lanes gives, with whole registers of additions. */
INLINE float add_lanes(const float *s, int n)
{
    float lane[LANES] = {0};
    int j = 0;

    for (; j + LANES <= n; j += LANES)
        for (int i = 0; i < LANES; i++)
            lane[i] += s[j + i];
    for (int i = 0; j < n; i++, j++)
        lane[i] += s[j];
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int i = 0; i < width; i++)
            lane[i] += lane[i + width];
    return lane[0];
}

INLINE float exponentiate_body(float *s, int n, float scale)
{
    float m = scale_and_find(s, n, scale);

    for (int j = 0; j < n; j++)
        s[j] = exponential(s[j] - m);
    return add_lanes(s, n);
}

INLINE void silu_body(float *restrict h, const float *gate, const float *up, int n)
{
    for (int i = 0; i < n; i++)
        h[i] = gate[i] / (1 + exponential(-gate[i])) * up[i];
}

/* Both for one target. */
#define FUNCTIONS(TARGET, name)                                               \
    TARGET static float exponentiate_##name(float *s, int n, float scale)     \
    {                                                                         \
        return exponentiate_body(s, n, scale);                                \
    }                                                                         \
    TARGET static void silu_##name(float *h, const float *gate,               \
                                   const float *up, int n)                    \
    {                                                                         \
        silu_body(h, gate, up, n);                                            \
    }

#define EVERYWHERE              /* no more than the build was told           */
FUNCTIONS(EVERYWHERE, plain)

#if defined(__x86_64__)
FUNCTIONS(__attribute__((target("avx2"))), avx2)
#else
#define exponentiate_avx2 exponentiate_plain
#define silu_avx2 silu_plain
#endif

/* See the header. Cost: n exponentials, 1.7 ns each with AVX2, and a tenth more for
 * the maximum and the sum. */
float exponentiate(float *s, int n, float scale)
{
    must(n > 0, "%d scores have no maximum", n);
    return kernels->has_avx2 ? exponentiate_avx2(s, n, scale)
                             : exponentiate_plain(s, n, scale);
}

/* See the header. h does not overlap gate or up. */
void silu_numbers(float *h, const float *gate, const float *up, int n)
{
    if (kernels->has_avx2)
        silu_avx2(h, gate, up, n);
    else
        silu_plain(h, gate, up, n);
}
