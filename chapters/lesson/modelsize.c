/* modelsize.c - what a model's weights and its cache take, in any number format
 *
 *      tensors  ──►  numbers in matrices  ──►  · 4, · 2, · 34/32, · 18/32
 *                    numbers in vectors   ──►  · 4, always
 *
 *      bytes  = blocks / 32 · bytes of a block  +  4 · vectors            (1)
 *      needed = bytes + the KV cache + the rows of numbers of one pass    (2)
 *
 * Three models out of four that are called "1B" are larger than that, and none takes
 * what its name says. What counts is the number of weights times the size of one: in
 * blocks of 32 with one 16-bit scale, 8 bits are 8.5 and 4 bits are 4.5.
 *
 * Norms and biases are some ten thousand numbers and stay float32 in every format. A
 * matrix whose rows are not whole blocks stays in 16 bits. The first matrix and the
 * last, where tokens become numbers and numbers become tokens, suffer most from 4 bits:
 * they are counted apart, so that they can stay in 8 when the layers have 4.
 *
 * What is mapped from a file needs no memory until it is read, but every weight is
 * read for every token; so a model runs well when all of (2) fits.
 *
 * Read next: src/model/weights.c, src/model/kvcache.c.
 */
#include "chapters/lesson/modelsize.h"

#include <string.h>                 /* strstr                                */

#include "kernels/dot.h"            /* format_of                             */

#define CHUNK 128                   /* rows of a pass, unless --chunk says   */

/* Tokens in or tokens out: model.embed_tokens, gpt_neox.embed_in, lm_head, embed_out. */
static bool is_end(const char *name)
{
    return strstr(name, "embed") != NULL || strstr(name, "lm_head") != NULL;
}

ModelSize modelsize_of(const Tensor *tensors, int count, const Config *config,
                       int positions)
{
    ModelSize size = {0};

    for (int i = 0; i < count; i++) {
        const Tensor *t = &tensors[i];
        uint64_t numbers = tensor_count(t);
        Format format;

        if (!format_of(&format, t->dtype))
            continue;               /* a buffer that holds no weights        */
        if (t->rank < 2)
            size.vectors += numbers;
        else if (t->shape[t->rank - 1] % 32 == 0)
            size.blocks += numbers, size.ends += is_end(t->name) ? numbers : 0;
        else
            size.rest += numbers;
    }
    if (config != NULL) {
        positions = min_int(positions, config->context);
        size.cache = kvcache_bytes(config, positions, FORMAT_F16);
        size.session = session_bytes(config, positions, CHUNK, FORMAT_F16);
    }
    return size;
}

double modelsize_bytes(const ModelSize *size, int block)
{
    uint64_t plain = (uint64_t)max_int(block, 64);

    return (double)(size->blocks / 32 * (uint64_t)block + size->rest * plain / 32
                    + 4 * size->vectors);
}

double modelsize_needed(const ModelSize *size, int block, int end)
{
    return modelsize_bytes(size, block) + (double)(size->ends / 32)
         * (double)(end - block) + (double)size->session;       /* (2)       */
}
