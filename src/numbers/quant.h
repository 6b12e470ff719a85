/* quant.h - block formats: a few bits for each number, a scale for each block
 *
 * Rules of use: a row of numbers is a row of whole blocks, so its length is a
 * multiple of quant_block. Blocks may lie at any address. quant.c draws them.
 */
#ifndef QUANT_H
#define QUANT_H

#include "base/base.h"

/* X(name, numbers in a block, bytes of a block). The names are ggml's; NF4 is of
 * bitsandbytes, and no type of a GGUF file. */
#define QUANTS(X) X(Q8_0, 32, 34) X(Q4_0, 32, 18) X(Q4_1, 32, 20) X(NF4, 64, 36)

#define QUANT_ENUM(name, block, bytes) QUANT_##name,
typedef enum { QUANTS(QUANT_ENUM) QUANT_COUNT } QuantFormat;
#undef QUANT_ENUM

const char *quant_name(QuantFormat format);             /* "Q8_0"            */
int quant_block(QuantFormat format);                    /* numbers in a block */
size_t quant_bytes(QuantFormat format, size_t count);   /* of count numbers  */

/* count numbers, whole blocks, as float32. */
void quant_to_f32(float *out, const void *blocks, QuantFormat format, size_t count);

/* And back: count finite numbers, whole blocks, to blocks. */
void quant_from_f32(void *blocks, const float *x, QuantFormat format, size_t count);

#endif
