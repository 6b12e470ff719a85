/* encode.h - weights into blocks: the search for a scale
 *
 * Rules of use: eight rows at a time, finite numbers only, widths that are a
 * multiple of 32. The same bits whatever the processor. encode.c explains.
 */
#ifndef ENCODE_H
#define ENCODE_H

#include "kernels/blocks.h"

/* One group: rows (1 … 8) of columns numbers into out [blocks, block_bytes].
 *   w   [rows, columns]   */
void encode_group(void *out, Format format, const float *w, int rows, int columns);

/* One block of 32: the scale that is stored, and the whole numbers. For lessons and
 * tests; encode_group puts the very same into its place. */
uint16_t encode_block(int8_t codes[BLOCK_NUMBERS], Format format,
                      const float w[BLOCK_NUMBERS]);

#endif
