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
 * A wall is the best of several rounds: other programs only make it smaller. The median
 * of the rounds is kept too. It is no wall, but it tells how much of the machine was ours
 * while the work between the rounds was measured, and two runs are compared with it.
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
#include "measure/report.h"     /* spread_of                                 */

#define MEMORY ((size_t)256 << 20)  /* bytes; more than the caches           */
#define STRIP 65536                 /* bytes: one piece of reading           */
#define STRIPS (int)(MEMORY / STRIP)
#define AHEAD 2048                  /* bytes that a prefetch runs in front   */
#define CHAINS 12                   /* fused: 4 … 5 cycles each, two at a time */
#define SHORT 6                     /* chains of additions: one cycle each   */
#define STEPS 20000                 /* of each chain, in one piece           */
#define PIECES 16                   /* for each thread                       */
#define SUMS (CHAINS * 64)          /* bytes of the widest sums              */

/* So many steps of some chains of sums, and the sums into out [at most SUMS bytes]: who
 * calls it through a pointer cannot know that nobody reads them. */
typedef void Multiply(void *out, int steps);

typedef struct {
    Multiply *multiply;
    double operations;              /* of one step of all chains             */
    const char *unit;
} Multiplier;

struct WallsWork {
    unsigned char *bytes;           /* [MEMORY + AHEAD]                      */
    bool prefetch;
    Multiplier multiplier;
    uint64_t kept[STRIPS];          /* what was read                         */
    double read[WALLS_ROUNDS], arithmetic[WALLS_ROUNDS];
    int rounds;                     /* so many of them are there             */
    Walls walls;
};

/* ---- memory */

static void read_strips(int begin, int end, int worker, void *arg)
{
    WallsWork *work = arg;

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

/* Bytes per second, of the better way. */
static double read_speed(WallsWork *work)
{
    double best = 0;

    for (int way = 0; way < 2; way++) {
        double start = clock_seconds(), speed;

        work->prefetch = way == 1;
        parallel_for(STRIPS, 16, read_strips, work);
        speed = (double)MEMORY / (clock_seconds() - start);
        best = speed > best ? speed : best;
    }
    return best;
}

/* ---- arithmetic: chains of steps */

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
    const WallsWork *work = arg;
    unsigned char sums[SUMS];

    (void)worker;
    for (int p = begin; p < end; p++)
        work->multiplier.multiply(sums, STEPS);
}

/* Operations per second, all threads together. */
static double multiply_speed(WallsWork *work)
{
    int pieces = PIECES * parallel_threads();
    double start = clock_seconds();

    parallel_for(pieces, 1, multiply_pieces, work);
    return work->multiplier.operations * STEPS * pieces / (clock_seconds() - start);
}

static void keep_larger(double *best, double x)
{
    *best = x > *best ? x : *best;
}

/* Cost: some 0.1 s. */
void walls_round(WallsWork *work)
{
    Walls *walls = &work->walls;
    int threads = parallel_threads(), i = work->rounds++;

    must(i < WALLS_ROUNDS, "more than %d rounds", WALLS_ROUNDS);
    parallel_set_threads(1);
    keep_larger(&walls->read_one, read_speed(work));
    parallel_set_threads(threads);
    work->read[i] = read_speed(work);
    work->arithmetic[i] = multiply_speed(work);
    keep_larger(&walls->read, work->read[i]);
    keep_larger(&walls->arithmetic, work->arithmetic[i]);
}

WallsWork *walls_begin(Format format, Error *error)
{
    unsigned char *bytes = memory_get_large(MEMORY + AHEAD, "what a measurement of the "
                                            "memory's speed reads", error);
    WallsWork *work;

    if (bytes == NULL)
        return NULL;
    memset(bytes, 1, MEMORY + AHEAD);       /* pages that were never written are one */
    work = memory_get(1, sizeof *work);
    work->bytes = bytes;
    work->multiplier = (Multiplier){ multiply_plain, CHAINS * 4 * 2, "plain C" };
    find_fastest(&work->multiplier, format);
    return work;
}

Walls walls_end(WallsWork *work)
{
    Walls walls = work->walls;

    walls.unit = work->multiplier.unit;
    walls.usual_read = spread_of(work->read, work->rounds).median;
    walls.usual_arithmetic = spread_of(work->arithmetic, work->rounds).median;
    memory_give_back(work->bytes);
    memory_give_back(work);
    return walls;
}
