/* dispatch.c - which instructions does this processor have?
 *
 *      fastest first                needs
 *      ┌───────────────────────┬───────────────────────────────────────┐
 *      │ avx512                │ AVX-512 F, BW, VL and VNNI, and:      │ x86-64
 *      │ avx2                  │ AVX2, FMA and F16C                    │
 *      ├───────────────────────┼───────────────────────────────────────┤
 *      │ neon, with dot product│ FEAT_DotProd                          │ aarch64
 *      │ neon                  │ nothing                               │
 *      ├───────────────────────┼───────────────────────────────────────┤
 *      │ plain, with FMA       │ FMA                                   │ x86-64
 *      │ plain                 │ nothing                               │ all
 *      └───────────────────────┴───────────────────────────────────────┘
 *      --kernels auto ───► the first line whose needs this processor meets
 *      --kernels NAME ───► the first such line of that name
 *
 * One program runs on every x86-64 since 2003 and still uses what the newest ones
 * can do: the same functions are there several times, compiled for different
 * processors, and at the start one table of them is chosen. All of them give
 * the same bits, so the choice is only about speed. Before anybody has chosen, the
 * plain table is in force.
 *
 * Format notes:
 *
 * - The wide registers must be saved when the system turns to another program. A
 *   processor may have AVX-512 and a system not know of it: then the instructions
 *   trap. __builtin_cpu_supports asks both (the system's part with XGETBV).
 * - Half-precision widening (F16C) is a feature of its own: clang 14 does not
 *   know its name in __builtin_cpu_supports, so its bit is read from cpuid, leaf
 *   1, register ecx.
 * - aarch64 has no cpuid for programs. Linux says in the auxiliary vector what there
 *   is. Apple's compilers build for processors that all have the dot product, and
 *   say so in __ARM_FEATURE_DOTPROD.
 * - A processor can be told to treat numbers below 1.2e-38 as zero ("flush to
 *   zero", "denormals are zero"). It is faster on old ones, every library
 *   built with -ffast-math does it to the whole process as it is loaded, and
 *   our bits would no longer be the published ones. It is not reset silently:
 *   whoever set it may rely on it. It is an Error.
 *
 * Read next: kernels/matmul.c.  Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/dot.h"        /* Kernels, and the tables to choose from    */

#include <float.h>              /* FLT_MIN                                   */
#include <string.h>             /* strcmp                                    */

#if defined(__x86_64__)
#include <cpuid.h>              /* __get_cpuid, bit_F16C                     */
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>           /* getauxval                                 */
#define HAS_DOT_PRODUCT (1ul << 20)     /* HWCAP_ASIMDDP of AT_HWCAP         */
#endif

const Kernels *kernels = &kernels_plain;

/* What a table needs and this processor lacks, in words; NULL: nothing. */
typedef const char *Lacks(void);

typedef struct {                /* one line of the picture                   */
    const char *name;           /* what --kernels calls it                   */
    const Kernels *table;       /* NULL in another family of processors      */
    Lacks *lacks;
} Choice;

#if defined(__x86_64__)

static const char *lacks_fma(void)
{
    return __builtin_cpu_supports("fma") ? NULL : "FMA";
}

static const char *lacks_avx2(void)
{
    unsigned a, b, c, d;

    if (!__builtin_cpu_supports("avx2"))
        return "AVX2";
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & bit_F16C) == 0)
        return "F16C";
    return lacks_fma();
}

static const char *lacks_avx512(void)
{
    if (!__builtin_cpu_supports("avx512f"))
        return "AVX-512";
    if (!__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
        return "AVX-512 BW or VL";
    if (!__builtin_cpu_supports("avx512vnni"))
        return "AVX-512 VNNI";
    return lacks_avx2();
}

#elif defined(__aarch64__)

static const char *lacks_dot_product(void)
{
#if defined(__ARM_FEATURE_DOTPROD)
    return NULL;                /* the whole program was compiled for it     */
#elif defined(__linux__)
    return getauxval(AT_HWCAP) & HAS_DOT_PRODUCT ? NULL : "FEAT_DotProd";
#else
    return "FEAT_DotProd";      /* nobody here could be asked                */
#endif
}

#endif

static const char *lacks_nothing(void)
{
    return NULL;
}

static const char *lacks_x86(void)
{
    return "the instructions of x86-64";
}

static const char *lacks_aarch64(void)
{
    return "the instructions of aarch64";
}

/* Fastest first. The last lines are for names of the other family of processors, which
 * are no misspellings; where a name stands above as well, they are never reached. */
static const Choice choices[] = {
#if defined(__x86_64__)
    { "avx512", &kernels_avx512, lacks_avx512 },
    { "avx2", &kernels_avx2, lacks_avx2 },
    { "plain", &kernels_plain_fma, lacks_fma },
#elif defined(__aarch64__)
    { "neon", &kernels_neon_dot, lacks_dot_product },
    { "neon", &kernels_neon, lacks_nothing },
#endif
    { "plain", &kernels_plain, lacks_nothing },
    { "avx512", NULL, lacks_x86 },
    { "avx2", NULL, lacks_x86 },
    { "neon", NULL, lacks_aarch64 },
};
#define CHOICES (int)(sizeof choices / sizeof choices[0])

/* Half of the smallest normal number is a number, not zero; and a number that
 * small can be doubled again. volatile: the processor is to compute it. */
static bool small_numbers_survive(void)
{
    volatile float smallest = FLT_MIN;
    volatile float half = smallest * 0.5f;
    volatile float again = half * 2;

    return again == smallest;
}

/* Names and what they stand for: see the picture. Called once, at the start,
 * before any thread runs; calling it again is fine between two passes.
 *
 *   name    "auto" or one of the picture's
 *   Errors: exit 2 for another name, or for one whose instructions are not there;
 *           exit 1 when small numbers are flushed to zero
 */
bool kernels_choose(const char *name, Error *error)
{
    bool any = strcmp(name, "auto") == 0;
    const char *lacks = NULL;       /* of the first line of that name        */

    if (!small_numbers_survive())
        return error_code(error, EXIT_CHECK, "this process treats numbers below "
                          "1.2e-38 as zero (FTZ or DAZ is set), so results "
                          "would differ from machine to machine; a library "
                          "built with -ffast-math does that: leave it out");
    for (int i = 0; i < CHOICES; i++) {
        const char *missing = choices[i].lacks();

        if (!any && strcmp(name, choices[i].name) != 0)
            continue;
        if (missing == NULL) {
            kernels = choices[i].table;
            return true;
        }
        if (lacks == NULL)
            lacks = missing;
    }
    if (lacks == NULL)
        return error_code(error, EXIT_USAGE, "--kernels %s: there are auto, plain, "
                          "avx2, avx512 and neon", name);
    return error_code(error, EXIT_USAGE, "--kernels %s: this processor lacks %s; use "
                      "--kernels auto", name, lacks);
}
