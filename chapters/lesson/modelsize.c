/* modelsize.c - what a model's weights and its cache take, in any number format
 *
 *      shapes  ──►  numbers in matrices  ──►  · 4, · 2, · 34/32, · 18/32
 *                   numbers in vectors   ──►  · 4, always
 *
 *      matrices = V·E (once, or twice when the output has its own)
 *               + L · E · ( 2 (H + K) D  +  3 F, or 2 F without a gate )   (1)
 *      vectors  = parameters - matrices                                   (2)
 *
 * Three models out of four that are called "1B" are larger than that, and none takes
 * what its name says. What counts is the number of weights times the size of one: in
 * blocks of 32 with one 16-bit scale, 8 bits are 8.5 and 4 bits are 4.5.
 *
 * Norms and biases are some ten thousand numbers and stay float32 in every format. A
 * matrix whose rows are not whole blocks stays in 16 bits.
 *
 * Source: the models' own config.json, and the parameter counts of their cards.
 * Read next: src/model/config.h.
 */
#include "chapters/lesson/modelsize.h"

static const struct { const char *name; Config c; uint64_t parameters; } known[] = {
    { "TinyLlama-1.1B", { .V = 32000, .E = 2048, .L = 22, .H = 32, .K = 4, .D = 64,
      .F = 5632, .context = 2048, .gated = true }, 1100048384 },
    { "Llama-3.2-1B", { .V = 128256, .E = 2048, .L = 16, .H = 32, .K = 8, .D = 64,
      .F = 8192, .context = 131072, .gated = true, .tied = true }, 1235814400 },
    { "StableLM-2-1.6B", { .V = 100352, .E = 2048, .L = 24, .H = 32, .K = 32, .D = 64,
      .F = 5632, .context = 4096, .gated = true }, 1644515328 },
    { "Pythia-1B", { .V = 50304, .E = 2048, .L = 16, .H = 8, .K = 8, .D = 256,
      .F = 8192, .context = 2048 }, 1011781632 },
};

ModelSize modelsize_known(int i, int positions)
{
    const Config *c = &known[i].c;
    uint64_t heads = 2 * (uint64_t)(c->H + c->K) * (uint64_t)c->D;
    uint64_t mlp = (c->gated ? 3 : 2) * (uint64_t)c->F;
    uint64_t matrices = (uint64_t)c->E * ((uint64_t)c->V * (c->tied ? 1 : 2)
                        + (uint64_t)c->L * (heads + mlp));      /* (1)       */

    return (ModelSize){ known[i].name, matrices, 0, known[i].parameters - matrices,
                        kvcache_bytes(c, min_int(positions, c->context), FORMAT_F16) };
}

ModelSize modelsize_of(const ModelDir *dir, const char *name, int positions)
{
    ModelSize size = { .name = name };
    Error error;
    Config c;

    for (int i = 0; i < dir->file.count; i++) {
        const Tensor *t = &dir->file.tensors[i];
        uint64_t count = tensor_count(t);
        Format format;

        if (!format_of(&format, t->dtype))
            continue;               /* a buffer that holds no weights        */
        if (t->rank < 2)
            size.vectors += count;
        else if (t->shape[t->rank - 1] % 32 == 0)
            size.blocks += count;
        else
            size.rest += count;
    }
    if (config_read(&c, dir->config.root, &error))
        size.cache = kvcache_bytes(&c, min_int(positions, c.context), FORMAT_F16);
    return size;
}

double modelsize_bytes(const ModelSize *size, int block)
{
    uint64_t plain = (uint64_t)max_int(block, 64);

    return (double)(size->blocks / 32 * (uint64_t)block + size->rest * plain / 32
                    + 4 * size->vectors);
}
