/* immintrin.h - AVX2 and AVX-512 for processors that have neither
 *
 *      src/kernels/blocks_avx512.c ── #include <immintrin.h> ──► this file
 *                                                                    │
 *                  SIMDe: each instruction as a few lines of C ◄─────┘
 *
 * Rules of use: stand before the compiler's own immintrin.h (-Itests/emulate), and a
 * kernel compiles unchanged into a program for any processor. Debian: libsimde-dev.
 * What SIMDe 0.7.4 lacks, or rounds twice where the instruction rounds once, is below,
 * from the pseudo-code of Intel's Intrinsics Guide.
 */
#ifndef EMULATE_IMMINTRIN_H
#define EMULATE_IMMINTRIN_H

#define SIMDE_NO_NATIVE                 /* no instruction of this processor  */
#define SIMDE_ENABLE_NATIVE_ALIASES     /* _mm512_… instead of simde_mm512_… */
#include <simde/x86/avx512.h>
#include <simde/x86/f16c.h>
#include <simde/x86/fma.h>

#include <math.h>                       /* fmaf                              */
#include <string.h>                     /* memcpy                            */

#include "numbers/halffloat.h"          /* f16_to_f32                        */

/* target("avx512f,…") would let the compiler use what is not there. */
#define target(features)

typedef simde__mmask16 __mmask16;       /* missing                           */

/* dst[i] := a[i] * b[i] + c[i], rounded once; SIMDe multiplies, rounds and adds. */
static inline __m256 emulated_fmadd256(__m256 a, __m256 b, __m256 c)
{
    float p[8], q[8], r[8];

    memcpy(p, &a, sizeof p), memcpy(q, &b, sizeof q), memcpy(r, &c, sizeof r);
    for (int i = 0; i < 8; i++)
        r[i] = fmaf(p[i], q[i], r[i]);
    memcpy(&c, r, sizeof r);
    return c;
}

static inline __m512 emulated_fmadd512(__m512 a, __m512 b, __m512 c)
{
    float p[16], q[16], r[16];

    memcpy(p, &a, sizeof p), memcpy(q, &b, sizeof q), memcpy(r, &c, sizeof r);
    for (int i = 0; i < 16; i++)
        r[i] = fmaf(p[i], q[i], r[i]);
    memcpy(&c, r, sizeof r);
    return c;
}

/* dst[i] := Convert_FP16_To_FP32(a[i]); missing. */
static inline __m512 emulated_cvtph512(__m256i a)
{
    uint16_t halves[16];
    float r[16];
    __m512 dst;

    memcpy(halves, &a, sizeof halves);
    for (int i = 0; i < 16; i++)
        r[i] = f16_to_f32(halves[i]);
    memcpy(&dst, r, sizeof r);
    return dst;
}

/* dst[i] := Convert_Int32_To_FP32(a[i]); missing. */
static inline __m512 emulated_cvtepi32_512(__m512i a)
{
    int32_t whole[16];
    float r[16];
    __m512 dst;

    memcpy(whole, &a, sizeof whole);
    for (int i = 0; i < 16; i++)
        r[i] = (float)whole[i];
    memcpy(&dst, r, sizeof r);
    return dst;
}

/* IF k[i] MEM[mem_addr+i] := a[i]; missing. */
static inline void emulated_mask_storeu(void *mem_addr, __mmask16 k, __m512 a)
{
    float r[16];

    memcpy(r, &a, sizeof r);
    for (int i = 0; i < 16; i++)
        if (k >> i & 1)
            memcpy((float *)mem_addr + i, &r[i], sizeof r[i]);
}

#undef _mm256_fmadd_ps
#undef _mm512_fmadd_ps
#undef _mm512_cvtph_ps
#undef _mm512_cvtepi32_ps
#undef _mm512_mask_storeu_ps
#define _mm256_fmadd_ps(a, b, c) emulated_fmadd256(a, b, c)
#define _mm512_fmadd_ps(a, b, c) emulated_fmadd512(a, b, c)
#define _mm512_cvtph_ps(a) emulated_cvtph512(a)
#define _mm512_cvtepi32_ps(a) emulated_cvtepi32_512(a)
#define _mm512_mask_storeu_ps(mem_addr, k, a) emulated_mask_storeu(mem_addr, k, a)

#endif
