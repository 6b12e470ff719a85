/* walls.c - the two limits of a processor: reading memory, and multiplying
 *
 *      speed │           ┌─────────────────────  arithmetic: all units multiply
 *            │          ╱
 *            │         ╱ ◄── memory: every number must come from there first
 *            │        ╱
 *            │       ╱           seconds ≥ bytes / (bytes/s of memory)     (1)
 *            │      ╱            seconds ≥ operations / (operations/s)     (2)
 *            └─────┴─────┴──────────────────
 *               writing  reading     operations for each byte that is read
 *               a token  a prompt
 *
 * No program is faster than the slower of (1) and (2): this is the roofline. How near
 * one comes says more than its tokens per second, because the wall belongs to the
 * machine and the distance to the program. Both are measured here, by loops that do
 * nothing else:
 *
 *      memory      256 MB, more than the caches hold, read by all threads through
 *                  the same parallel_for as the kernels', in two ways: plainly, and
 *                  with prefetches; the faster one counts. What is read is OR-ed and kept,
 *                  so that the compiler cannot leave it out.
 *      arithmetic  sums that stay in registers, twelve chains at once, because one
 *                  multiply-add must wait some four cycles for the one before it.
 *
 * What counts as one step of arithmetic depends on the format, and on what the
 * processor has. A wall is the least that a dot product of that format needs:
 *
 *      F32 F16 BF16   one fused multiply-add of 8 (AVX2), 16 (AVX-512), 4 (NEON) floats
 *      int8           AVX2: 32 products and pair sums (maddubs), sums of pairs again
 *                     (madd), one addition: a pair of products fills 16 bits, so the
 *                     second step cannot wait
 *      int4           AVX2: maddubs and a 16-bit addition: eight sums of
 *                     pairs fit into 16 bits, so madd comes once for a block
 *      both           AVX-512 VNNI: 64 products, summed by fours, in one
 *
 * Unpacking weights, scales and loads are not in it, so nobody reaches 100 %. The wall
 * is the processor's, also with --kernels plain: the share then says what plain C
 * leaves lying. Elsewhere a plain loop stands for the arithmetic, at the mercy of
 * the compiler, and says so.
 *
 * Every figure is the best of several rounds: other programs only make it smaller.
 * A model that fits into the caches is not read from memory, and can be faster than (1).
 *
 * Source: Williams, Waterman and Patterson, "Roofline", 2009. Read next: measure/speed.c.
 * Lesson: chapters/chapter09_speed.c. */
#include "measure/walls.h"

#include <string.h>             /* memset                                    */

#if defined(__x86_64__)
#include <immintrin.h>          /* AVX2, FMA, AVX-512                        */
#endif

#include "base/clock.h"
#include "base/memory.h"
#include "base/parallel.h"      /* parallel_for: the wall has threads too    */

#define MEMORY ((size_t)256 << 20)  /* bytes; more than the caches           */
#define STRIP 65536                 /* bytes: one piece of reading           */
#define STRIPS (int)(MEMORY / STRIP)
#define AHEAD 2048                  /* bytes that a prefetch runs in front   */
#define ROUNDS 5                    /* of which the best counts              */
#define CHAINS 12                   /* fused: 4 … 5 cycles each, two at a time */
#define SHORT 6                     /* chains of additions: one cycle each   */
#define STEPS 20000                 /* of each chain, in one piece           */
#define PIECES 16                   /* for each thread                       */
#define SUMS (CHAINS * 64)          /* bytes of the widest sums              */

/* So many steps of some chains of sums, and the sums into out [at most SUMS bytes]: who
 * calls it through a pointer cannot know that nobody reads them. */
typedef void Multiply(void *out, int steps);

typedef struct {                    /* of one measurement                    */
    const unsigned char *bytes;     /* [MEMORY + AHEAD]                      */
    bool prefetch;
    Multiply *multiply;
    uint64_t kept[STRIPS];          /* what was read                         */
} Work;

/* ---- memory */

static void read_strips(int begin, int end, int worker, void *arg)
{
    Work *work = arg;

    (void)worker;
    for (int s = begin; s < end; s++) {
        const uint64_t *word = (const uint64_t *)(const void *)
                               (work->bytes + (size_t)s * STRIP);
        uint64_t all[8] = {0};

        for (int i = 0; i < STRIP / 8; i += 8) {
            if (work->prefetch)
                __builtin_prefetch(word + i + AHEAD / 8, 0, 2);
            for (int j = 0; j < 8; j++)
                all[j] |= word[i + j];
        }
        work->kept[s] = all[0] | all[1] | all[2] | all[3] | all[4] | all[5] | all[6]
                      | all[7];
    }
}

/* Bytes per second. */
static double read_speed(Work *work, int threads)
{
    double best = 0;

    parallel_set_threads(threads);
    for (int i = 0; i < 2 * ROUNDS; i++) {
        double start = clock_seconds(), speed;

        work->prefetch = i % 2 == 1;
        parallel_for(STRIPS, 16, read_strips, work);
        speed = (double)MEMORY / (clock_seconds() - start);
        best = speed > best ? speed : best;
    }
    return best;
}

/* ---- arithmetic: chains of steps, and how many operations one step is */

typedef struct {
    Multiply *multiply;
    double operations;              /* of one step of all chains             */
    const char *unit;
} Multiplier;

#if defined(__x86_64__)

/* The compiler shall not know that x is the same in every step: it would multiply
 * once and add what came out. Chains begin with different numbers for the same reason:
 * of equal ones it would keep one. */
#define CHANGES(x) __asm__ volatile("" : "+x"(x))

__attribute__((target("avx2,fma"))) static void multiply_fma(void *out, int steps)
{
    const __m256 half = _mm256_set1_ps(0.5f), one = _mm256_set1_ps(1);
    __m256 sum[CHAINS];

    for (int c = 0; c < CHAINS; c++)
        sum[c] = _mm256_set1_ps((float)(steps + c));
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm256_fmadd_ps(sum[c], half, one);
    memcpy(out, sum, sizeof sum);
}

__attribute__((target("avx2"))) static void multiply_int8(void *out, int steps)
{
    const __m256i ones = _mm256_set1_epi16(1), x = _mm256_set1_epi8(3);
    __m256i w = _mm256_set1_epi8(2), sum[SHORT];

    for (int c = 0; c < SHORT; c++)
        sum[c] = _mm256_set1_epi32(steps + c);
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < SHORT; c++) {
            CHANGES(w);
            sum[c] = _mm256_add_epi32(sum[c],
                         _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), ones));
        }
    memcpy(out, sum, sizeof sum);
}

__attribute__((target("avx2"))) static void multiply_int4(void *out, int steps)
{
    const __m256i x = _mm256_set1_epi8(3);
    __m256i w = _mm256_set1_epi8(2), sum[SHORT];

    for (int c = 0; c < SHORT; c++)
        sum[c] = _mm256_set1_epi32(steps + c);
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < SHORT; c++) {
            CHANGES(w);
            sum[c] = _mm256_add_epi16(sum[c], _mm256_maddubs_epi16(w, x));
        }
    memcpy(out, sum, sizeof sum);
}

__attribute__((target("avx512f"))) static void multiply_fma512(void *out, int steps)
{
    const __m512 half = _mm512_set1_ps(0.5f), one = _mm512_set1_ps(1);
    __m512 sum[CHAINS];

    for (int c = 0; c < CHAINS; c++)
        sum[c] = _mm512_set1_ps((float)(steps + c));
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm512_fmadd_ps(sum[c], half, one);
    memcpy(out, sum, sizeof sum);
}

__attribute__((target("avx512f,avx512vnni"))) static void multiply_vnni(void *out, int steps)
{
    const __m512i w = _mm512_set1_epi8(2), x = _mm512_set1_epi8(3);
    __m512i sum[CHAINS];

    for (int c = 0; c < CHAINS; c++)
        sum[c] = _mm512_set1_epi32(steps + c);
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = _mm512_dpbusd_epi32(sum[c], w, x);
    memcpy(out, sum, sizeof sum);
}

static void find_fastest(Multiplier *m, Format format)
{
    bool floats = format < FORMAT_FLOATS;
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");

    if (floats && __builtin_cpu_supports("avx512f"))
        *m = (Multiplier){ multiply_fma512, CHAINS * 16 * 2, "AVX-512 FMA" };
    else if (!floats && __builtin_cpu_supports("avx512vnni"))
        *m = (Multiplier){ multiply_vnni, CHAINS * 64 * 2, "AVX-512 VNNI" };
    else if (avx2 && floats)
        *m = (Multiplier){ multiply_fma, CHAINS * 8 * 2, "AVX2 FMA" };
    else if (avx2 && format == FORMAT_INT8)
        *m = (Multiplier){ multiply_int8, SHORT * 32 * 2, "AVX2 int8" };
    else if (avx2)
        *m = (Multiplier){ multiply_int4, SHORT * 32 * 2, "AVX2 int4" };
}

#elif defined(__aarch64__)
#include <arm_neon.h>

static void multiply_neon(void *out, int steps)
{
    const float32x4_t half = vdupq_n_f32(0.5f), one = vdupq_n_f32(1);
    float32x4_t sum[CHAINS];

    for (int c = 0; c < CHAINS; c++)
        sum[c] = vdupq_n_f32((float)(steps + c));
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS; c++)
            sum[c] = vfmaq_f32(one, sum[c], half);
    memcpy(out, sum, sizeof sum);
}

static void find_fastest(Multiplier *m, Format format)
{
    (void)format;
    *m = (Multiplier){ multiply_neon, CHAINS * 4 * 2, "NEON FMA" };
}

#else

static void find_fastest(Multiplier *m, Format format)
{
    (void)m, (void)format;
}

#endif

/* Four lanes of one product and one sum, however the compiler does them. */
static void multiply_plain(void *out, int steps)
{
    float sum[CHAINS * 4];

    for (int c = 0; c < CHAINS * 4; c++)
        sum[c] = (float)(steps + c);
    for (int i = 0; i < steps; i++)
        for (int c = 0; c < CHAINS * 4; c++)
            sum[c] = sum[c] * 0.5f + 1;
    memcpy(out, sum, sizeof sum);
}

static void multiply_pieces(int begin, int end, int worker, void *arg)
{
    const Work *work = arg;
    unsigned char sums[SUMS];

    (void)worker;
    for (int p = begin; p < end; p++)
        work->multiply(sums, STEPS);
}

/* Operations per second, all threads together. */
static double multiply_speed(Work *work, const Multiplier *m)
{
    int pieces = min_int(PIECES * parallel_threads(), STRIPS);
    double best = 0;

    work->multiply = m->multiply;
    for (int i = 0; i < ROUNDS; i++) {
        double start = clock_seconds(), speed;

        parallel_for(pieces, 1, multiply_pieces, work);
        speed = m->operations * STEPS * pieces / (clock_seconds() - start);
        best = speed > best ? speed : best;
    }
    return best;
}

/* Cost: some 0.3 s, 256 MB. */
bool walls_measure(Walls *walls, Format format, Error *error)
{
    int threads = parallel_threads();
    unsigned char *bytes = memory_get_large(MEMORY + AHEAD, "what a measurement of the "
                                            "memory's speed reads", error);
    Work *work;
    Multiplier m = { multiply_plain, CHAINS * 4 * 2, "plain C" };

    *walls = (Walls){0};
    if (bytes == NULL)
        return false;
    work = memory_get(1, sizeof *work);
    work->bytes = bytes;
    memset(bytes, 1, MEMORY + AHEAD);       /* pages that were never written are one */
    walls->read_one = read_speed(work, 1);
    walls->read = read_speed(work, threads);
    find_fastest(&m, format);
    walls->arithmetic = multiply_speed(work, &m);
    walls->unit = m.unit;
    memory_give_back(work);
    memory_give_back(bytes);
    return true;
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

Walls walls_best(const Walls *a, const Walls *b)
{
    return (Walls){ larger(a->read, b->read), larger(a->read_one, b->read_one),
                    larger(a->arithmetic, b->arithmetic), a->unit };
}
