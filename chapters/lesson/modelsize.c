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
 * matrix whose rows are not whole blocks stays in 16 bits. The output suffers most from 4
 * bits and keeps 8: model/quantize.c says which matrix becomes what, and is asked.
 *
 * What is mapped from a file needs no memory until it is read, but every weight is
 * read for every token; so a model runs well when all of (2) fits.
 *
 * Read next: src/model/weights.c, src/model/kvcache.c.
 */
#include "chapters/lesson/modelsize.h"

#include <string.h>                 /* strstr                                */

#include "base/options.h"           /* CHUNK_DEFAULT                         */
#include "model/quantize.h"         /* quantize_format: asked, not copied    */

/* The part that a matrix plays, by its name in any of the architectures. */
static Role role_of(const char *name, bool tied)
{
    if (strstr(name, "lm_head") != NULL || strstr(name, "embed_out") != NULL)
        return ROLE_OUTPUT;
    if (strstr(name, "embed") != NULL)
        return tied ? ROLE_TIED : ROLE_EMBEDDING;
    return ROLE_LAYER;
}

/* One matrix of whole blocks, in each format. */
static void add_blocks(ModelSize *size, const Tensor *t, bool tied)
{
    Role role = role_of(t->name, tied);
    int columns = (int)t->shape[t->rank - 1];
    int rows = (int)(tensor_count(t) / t->shape[t->rank - 1]);

    size->blocks += tensor_count(t);
    size->int8 += blocks_bytes(quantize_format(FORMAT_INT8, role), rows, columns);
    size->int4 += blocks_bytes(quantize_format(FORMAT_INT4, role), rows, columns);
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
        else if (numbers > 0 && t->shape[t->rank - 1] % BLOCK_NUMBERS == 0
                 && numbers / t->shape[t->rank - 1] < INT32_MAX
                 && t->shape[t->rank - 1] < INT32_MAX)
            add_blocks(&size, t, config != NULL && config->tied);
        else
            size.rest += numbers;
    }
    if (config != NULL) {
        positions = min_int(positions, config->context);
        size.cache = kvcache_bytes(config, positions, FORMAT_F16);
        size.session = session_bytes(config, positions, CHUNK_DEFAULT, FORMAT_F16);
    }
    return size;
}

double modelsize_bytes(const ModelSize *size, int block)
{
    uint64_t plain = (uint64_t)max_int(block, 64);

    return (double)(size->blocks / 32 * (uint64_t)block + size->rest * plain / 32
                    + 4 * size->vectors);
}

double modelsize_needed(const ModelSize *size, Format format)           /* (2) */
{
    double rest = (double)(2 * size->rest + 4 * size->vectors);

    return (double)size->session + (format == FORMAT_INT8 ? (double)size->int8 + rest
        : format == FORMAT_INT4 ? (double)size->int4 + rest : modelsize_bytes(size, 64));
}
