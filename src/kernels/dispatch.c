/* dispatch.c - which instructions does this processor have?
 *
 *     --kernels auto ──► ┌──────────────────────────────┐
 *                        │ AVX2, FMA and F16C?          │ yes ──► kernels_avx2
 *                        └──────────────┬───────────────┘
 *                                       │ no
 *     --kernels plain ────────────────► ▼
 *                        ┌──────────────────────────────┐
 *                        │ FMA?                         │ yes ──► kernels_plain_fma
 *                        └──────────────┬───────────────┘
 *                                       │ no, or no x86-64
 *                                       ▼
 *                                 kernels_plain
 *
 * One program runs on every x86-64 since 2003 and still uses what the newest ones
 * can do: the same functions are there several times, compiled for different
 * processors, and at the start one table of them is chosen. All of them give
 * the same bits, so the choice is only about speed. Before anybody has chosen, the
 * plain table is in force.
 *
 * Format notes:
 *
 * - Half-precision widening (F16C) is a feature of its own: clang 14 does not
 *   know its name in __builtin_cpu_supports, so its bit is read from cpuid, leaf
 *   1, register ecx. That the system saves the wide registers is part of the
 *   answer for AVX2.
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
#endif

const Kernels *kernels = &kernels_plain;

#if defined(__x86_64__)

static bool has_f16c(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C) != 0;
}

static const Kernels *find_plain(void)
{
    return __builtin_cpu_supports("fma") ? &kernels_plain_fma : &kernels_plain;
}

static const Kernels *find_avx2(void)
{
    bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
               && has_f16c();

    return has ? &kernels_avx2 : NULL;
}

#else

static const Kernels *find_plain(void)
{
    return &kernels_plain;
}

static const Kernels *find_avx2(void)
{
    return NULL;
}

#endif

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
 *   name    "auto", "plain" or "avx2"
 *   Errors: exit 2 for another name, or for avx2 where it is not there;
 *           exit 1 when small numbers are flushed to zero
 */
bool kernels_choose(const char *name, Error *error)
{
    const Kernels *avx2 = find_avx2();

    if (!small_numbers_survive())
        return error_code(error, EXIT_CHECK, "this process treats numbers below "
                          "1.2e-38 as zero (FTZ or DAZ is set), so results "
                          "would differ from machine to machine; a library "
                          "built with -ffast-math does that: leave it out");
    if (strcmp(name, "plain") == 0)
        kernels = find_plain();
    else if (strcmp(name, "auto") == 0)
        kernels = avx2 != NULL ? avx2 : find_plain();
    else if (strcmp(name, "avx2") != 0)
        return error_code(error, EXIT_USAGE, "--kernels %s: there are auto, "
                          "plain and avx2", name);
    else if (avx2 == NULL)
        return error_code(error, EXIT_USAGE, "--kernels avx2: this processor "
                          "lacks AVX2, FMA or F16C; use --kernels auto");
    else
        kernels = avx2;
    return true;
}
