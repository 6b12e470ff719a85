/* widened.h - a tensor's numbers as F32, F16 or BF16
 *
 * Rules of use: include it once in a program; the numbers lie in the arena.
 */
#ifndef WIDENED_H
#define WIDENED_H

#include <string.h>

#include "base/memory.h"
#include "files/safetensors.h"
#include "numbers/halffloat.h"

/* Widening to F32 is exact; F16 and BF16 may round. */
static Tensor widened(const Tensor *tensor, Dtype dtype, Arena *arena)
{
    size_t count = (size_t)tensor_count(tensor);
    float *wide = arena_get(arena, count * sizeof *wide);
    Tensor out = *tensor;

    tensor_to_f32(wide, tensor->data, tensor->dtype, count);
    out.dtype = dtype;
    out.data = wide;
    out.bytes = count * (size_t)dtype_bits(dtype) / 8;
    for (size_t i = 0; dtype != DTYPE_F32 && i < count; i++) {
        uint16_t half = dtype == DTYPE_F16 ? f32_to_f16(wide[i]) : f32_to_bf16(wide[i]);

        memcpy((unsigned char *)wide + 2 * i, &half, sizeof half);  /* i is read already */
    }
    return out;
}

#endif
