/* weights.c - which tensor of the file plays which part
 *
 *   the file's tensors, by name                 Weights
 *   ┌──────────────────────────────────┐
 *   │ lm_head.weight                   │──────► output     (or: see tied)
 *   │ model.embed_tokens.weight        │──────► embedding
 *   │ model.layers.0.…q_proj.weight    │─┐
 *   │ model.layers.0.…                 │ │    ┌ layers[0] ┬ norm1   ◄─ widened
 *   │ model.layers.1.…q_proj.weight    │ └──► │           ├ q       ◄─ a view
 *   │ model.layers.10.…                │      │           └ …
 *   │ model.layers.11.…                │      └ layers[1] …
 *   │ model.layers.2.…                 │
 *   │ model.norm.weight                │──────► norm       (widened)
 *   └──────────────────────────────────┘
 *      mapped, never copied                   pointers, and a few kilobytes
 *
 * A file of weights is a dictionary of named matrices, and this table says which
 * name goes where. Every shape is known before the file is opened, from
 * config.json alone, so every tensor is checked against it: two files that
 * belong to different models are found out here, and not as nonsense text.
 *
 * Matrices stay where they lie, in the number format they have. Only norms and
 * biases, a few thousand numbers each, are widened to float32, once.
 *
 * Format notes:
 *
 * - Tensors stand in byte-wise order of name: layer 10 comes before layer 2. The
 *   name is built from the number, the order is never relied on.
 * - Tied: the matrix that turns ids into rows also turns rows into logits, and
 *   the file has no lm_head. Some files hold one all the same; then it is not
 *   used, and the note says so.
 * - A bias is used when the file has one, whatever the config says. One that the
 *   config promises and the file lacks is an error, but for the bias of a norm.
 * - Old conversions carry the rope frequencies of every layer as
 *   "…rotary_emb.inv_freq", and Pythia's files the causal mask ("attention.bias", a
 *   triangle of 2048 by 2048 bytes) and what masked scores were set to
 *   ("attention.masked_bias"). All follow from config.json: ignored. A trap: real
 *   biases end in ".bias" too.
 * - NeoX keeps q, k and v in one matrix, head by head: D rows of q, of k, of v for
 *   head 0, then for head 1. It stays whole here; block.c sorts what it makes.
 * - Any other tensor that no part asks for is an error. It means that the model
 *   does something that this engine does not do.
 *
 * Source: the tensor names of Hugging Face's Llama, StableLM and GPT-NeoX.
 * Read next: model/block.c.  Lesson: chapters/chapter02_weights.c.
 */
#include "model/weights.h"

#include <stdio.h>          /* snprintf                                     */
#include <string.h>         /* strlen                                       */

#include "base/utf8.h"      /* text_ends_with                               */

#define SHAPE_TEXT (4 + 22 * TENSOR_RANK)   /* eight of 20 digits, in brackets */

typedef enum {              /* what a shape is made of; see dim_size        */
    DIM_V, DIM_E, DIM_Q, DIM_KV, DIM_F, DIM_QKV,
} Dim;

typedef enum { VECTOR, MATRIX } Kind;   /* widened · a view                 */

/* A bias is used when the file has it, and missed when the config promises it; the
 * bias of a norm may be missing all the same: it would be nought.               */
typedef enum {
    NEEDED, UNLESS_TIED, NORM_BIAS, QKV_BIAS, O_BIAS, MLP_BIAS,
} Presence;

typedef struct {
    const char *name;       /* in the file; %d stands for the layer         */
    size_t field;           /* offset in Weights, or in LayerWeights        */
    Kind kind;
    Dim out, in;            /* a VECTOR has only out                        */
    Presence presence;
} Part;

#define WHOLE(field) offsetof(Weights, field)
#define EACH(field) offsetof(LayerWeights, field)
#define LAYER "model.layers.%d."

/* One line per tensor: its name, its place, and the shape that it must have. */
static const Part llama_whole[] = {
    { "model.embed_tokens.weight", WHOLE(embedding),     MATRIX, DIM_V, DIM_E, NEEDED },
    { "model.norm.weight",         WHOLE(norm),          VECTOR, DIM_E, 0, NEEDED },
    { "lm_head.weight",            WHOLE(output.weight), MATRIX, DIM_V, DIM_E, UNLESS_TIED },
    { NULL, 0, VECTOR, 0, 0, NEEDED },
};

static const Part llama_layer[] = {
    { LAYER "input_layernorm.weight",          EACH(norm1),       VECTOR, DIM_E, 0, NEEDED },
    { LAYER "self_attn.q_proj.weight",         EACH(q.weight),    MATRIX, DIM_Q, DIM_E, NEEDED },
    { LAYER "self_attn.q_proj.bias",           EACH(q.bias),      VECTOR, DIM_Q, 0, QKV_BIAS },
    { LAYER "self_attn.k_proj.weight",         EACH(k.weight),    MATRIX, DIM_KV, DIM_E, NEEDED },
    { LAYER "self_attn.k_proj.bias",           EACH(k.bias),      VECTOR, DIM_KV, 0, QKV_BIAS },
    { LAYER "self_attn.v_proj.weight",         EACH(v.weight),    MATRIX, DIM_KV, DIM_E, NEEDED },
    { LAYER "self_attn.v_proj.bias",           EACH(v.bias),      VECTOR, DIM_KV, 0, QKV_BIAS },
    { LAYER "self_attn.o_proj.weight",         EACH(o.weight),    MATRIX, DIM_E, DIM_Q, NEEDED },
    { LAYER "self_attn.o_proj.bias",           EACH(o.bias),      VECTOR, DIM_E, 0, O_BIAS },
    { LAYER "post_attention_layernorm.weight", EACH(norm2),       VECTOR, DIM_E, 0, NEEDED },
    { LAYER "mlp.gate_proj.weight",            EACH(gate.weight), MATRIX, DIM_F, DIM_E, NEEDED },
    { LAYER "mlp.gate_proj.bias",              EACH(gate.bias),   VECTOR, DIM_F, 0, MLP_BIAS },
    { LAYER "mlp.up_proj.weight",              EACH(up.weight),   MATRIX, DIM_F, DIM_E, NEEDED },
    { LAYER "mlp.up_proj.bias",                EACH(up.bias),     VECTOR, DIM_F, 0, MLP_BIAS },
    { LAYER "mlp.down_proj.weight",            EACH(down.weight), MATRIX, DIM_E, DIM_F, NEEDED },
    { LAYER "mlp.down_proj.bias",              EACH(down.bias),   VECTOR, DIM_E, 0, MLP_BIAS },
    { NULL, 0, VECTOR, 0, 0, NEEDED },
};

/* StableLM has Llama's tensors, and a bias with each norm. */
static const Part stablelm_whole[] = {
    { "model.norm.bias", WHOLE(norm_bias), VECTOR, DIM_E, 0, NORM_BIAS },
    { NULL, 0, VECTOR, 0, 0, NEEDED },
};

static const Part stablelm_layer[] = {
    { LAYER "input_layernorm.bias",          EACH(norm1_bias), VECTOR, DIM_E, 0, NORM_BIAS },
    { LAYER "post_attention_layernorm.bias", EACH(norm2_bias), VECTOR, DIM_E, 0, NORM_BIAS },
    { NULL, 0, VECTOR, 0, 0, NEEDED },
};

#define NEOX "gpt_neox.layers.%d."

static const Part neox_whole[] = {
    { "gpt_neox.embed_in.weight",         WHOLE(embedding), MATRIX, DIM_V, DIM_E, NEEDED },
    { "gpt_neox.final_layer_norm.weight", WHOLE(norm),      VECTOR, DIM_E, 0, NEEDED },
    { "gpt_neox.final_layer_norm.bias",   WHOLE(norm_bias), VECTOR, DIM_E, 0, NORM_BIAS },
    { "embed_out.weight",             WHOLE(output.weight), MATRIX, DIM_V, DIM_E, UNLESS_TIED },
    { NULL, 0, VECTOR, 0, 0, NEEDED },
};

static const Part neox_layer[] = {
    { NEOX "input_layernorm.weight",            EACH(norm1),       VECTOR, DIM_E, 0, NEEDED },
    { NEOX "input_layernorm.bias",              EACH(norm1_bias),  VECTOR, DIM_E, 0, NORM_BIAS },
    { NEOX "attention.query_key_value.weight",  EACH(qkv.weight),  MATRIX, DIM_QKV, DIM_E, NEEDED },
    { NEOX "attention.query_key_value.bias",    EACH(qkv.bias),    VECTOR, DIM_QKV, 0, QKV_BIAS },
    { NEOX "attention.dense.weight",            EACH(o.weight),    MATRIX, DIM_E, DIM_Q, NEEDED },
    { NEOX "attention.dense.bias",              EACH(o.bias),      VECTOR, DIM_E, 0, O_BIAS },
    { NEOX "post_attention_layernorm.weight",   EACH(norm2),       VECTOR, DIM_E, 0, NEEDED },
    { NEOX "post_attention_layernorm.bias",     EACH(norm2_bias),  VECTOR, DIM_E, 0, NORM_BIAS },
    { NEOX "mlp.dense_h_to_4h.weight",          EACH(up.weight),   MATRIX, DIM_F, DIM_E, NEEDED },
    { NEOX "mlp.dense_h_to_4h.bias",            EACH(up.bias),     VECTOR, DIM_F, 0, MLP_BIAS },
    { NEOX "mlp.dense_4h_to_h.weight",          EACH(down.weight), MATRIX, DIM_E, DIM_F, NEEDED },
    { NEOX "mlp.dense_4h_to_h.bias",            EACH(down.bias),   VECTOR, DIM_E, 0, MLP_BIAS },
    { NULL, 0, VECTOR, 0, 0, NEEDED },
};

static const Part none[] = { { NULL, 0, VECTOR, 0, 0, NEEDED } };

static const struct {
    const Part *whole[2], *layer[2];    /* each table ends with a NULL name */
} parts_of[] = {
    [ARCHITECTURE_LLAMA] = { { llama_whole, none }, { llama_layer, none } },
    [ARCHITECTURE_STABLELM] = { { llama_whole, stablelm_whole },
                                { llama_layer, stablelm_layer } },
    [ARCHITECTURE_NEOX] = { { neox_whole, none }, { neox_layer, none } },
};

/* Names that end so are no part of the model, in any architecture. */
static const char *const ignored[] = {
    ".rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias",
};

typedef struct {            /* what binding carries from tensor to tensor   */
    Weights *weights;
    const Config *config;
    const Safetensors *file;
    bool *used;             /* [file->count] some part has taken it         */
    Error *error;
} Binding;

static int dim_size(const Config *c, Dim dim)
{
    const int sizes[] = { c->V, c->E, c->H * c->D, c->K * c->D, c->F,
                          3 * c->H * c->D };

    return sizes[dim];
}

/* The shape that config.json gives a part; the rest of the tensor is empty. */
static Tensor shape_of(const Config *c, const Part *part)
{
    return (Tensor){ .rank = part->kind == MATRIX ? 2 : 1, .dtype = DTYPE_F32,
                     .shape = { (uint64_t)dim_size(c, part->out),
                                (uint64_t)dim_size(c, part->in) } };
}

static const char *dim_fields(Dim dim)
{
    static const char *const fields[] = {
        "vocab_size", "hidden_size", "num_attention_heads × head_dim",
        "num_key_value_heads × head_dim", "intermediate_size",
        "num_attention_heads × 3 × head_dim",
    };

    return fields[dim];
}

/* "[2048, 192]" into text. */
static const char *shape_text(char text[SHAPE_TEXT], const Tensor *tensor)
{
    int used = snprintf(text, SHAPE_TEXT, "[");

    for (int i = 0; i < tensor->rank; i++)
        used += snprintf(text + used, SHAPE_TEXT - (size_t)used, "%s%llu",
                         i == 0 ? "" : ", ",
                         (unsigned long long)tensor->shape[i]);
    snprintf(text + used, SHAPE_TEXT - (size_t)used, "]");
    return text;
}

/* Is it a matrix of blocks, as weights-tools/quantize writes them: bytes of shape
 * [groups of 8 rows, blocks of 32 columns, bytes of a group's block]? */
static bool is_blocks(Format *format, const Tensor *tensor, const Tensor *want)
{
    for (*format = FORMAT_INT8; *format < FORMAT_COUNT; (*format)++)
        if (tensor->dtype == DTYPE_U8 && tensor->rank == 3 && want->rank == 2
            && tensor->shape[0] == (want->shape[0] + GROUP_ROWS - 1) / GROUP_ROWS
            && tensor->shape[1] * BLOCK_NUMBERS == want->shape[1]
            && tensor->shape[2] == block_bytes(*format))
            return true;
    return false;
}

/* Does the tensor have the shape that config.json gives its part, in a format that
 * has kernels?
 * Errors: exit 3 with tensor, both shapes, and the fields they come from. */
static bool check_shape(Format *format, const Binding *b, const Tensor *tensor,
                        const Part *part)
{
    Tensor want = shape_of(b->config, part);
    char got_text[SHAPE_TEXT], want_text[SHAPE_TEXT];

    if (is_blocks(format, tensor, &want))
        return true;
    if (tensor->rank == want.rank && tensor->shape[0] == want.shape[0]
        && (want.rank == 1 || tensor->shape[1] == want.shape[1]))
        return format_of(format, tensor->dtype)
            || error_set(b->error, "the tensor %s holds %s numbers, which are "
                         "not supported yet: take the model's F32, F16 or BF16 "
                         "files", tensor->name, dtype_name(tensor->dtype));
    return error_set(b->error, "the tensor %s has shape %s, but config.json "
                     "makes it %s (%s%s%s): the two files belong to different "
                     "models", tensor->name, shape_text(got_text, tensor),
                     shape_text(want_text, &want), dim_fields(part->out),
                     want.rank == 2 ? " by " : "",
                     want.rank == 2 ? dim_fields(part->in) : "");
}

static const float *widen(Arena *arena, const Tensor *tensor)
{
    size_t count = (size_t)tensor_count(tensor);
    float *x = arena_get(arena, count * sizeof *x);

    tensor_to_f32(x, tensor->data, tensor->dtype, count);
    return x;
}

/* Is a part in a file that is made for this config? */
static bool is_made(const Config *c, Presence presence)
{
    const bool made[] = { true, !c->tied, true, c->qkv_bias, c->o_bias, c->mlp_bias };

    return made[presence];
}

/* Take one tensor for one part.
 *
 *   place    where the part's Matrix or vector goes
 *   layer    for the name; 0 for the parts of the whole model
 *   Errors:  missing, of the wrong shape, in a format without a kernel     */
static bool bind_part(const Binding *b, const Part *part, int layer, void *place)
{
    bool idle = part->presence == UNLESS_TIED && b->config->tied;
    Weights *w = b->weights;
    const Tensor *tensor;
    Tensor want;
    char name[100];
    Format format;

    snprintf(name, sizeof name, part->name, layer);
    tensor = safetensors_find(b->file, name);
    if (tensor == NULL && (part->presence == NORM_BIAS
                           || !is_made(b->config, part->presence)))
        return true;
    if (tensor == NULL)
        return error_set(b->error, "the tensor %s is missing, though "
                         "config.json asks for it (num_hidden_layers %d, "
                         "tie_word_embeddings %s): the file is not complete, or "
                         "belongs to another model", name, b->config->L,
                         b->config->tied ? "true" : "false");
    b->used[tensor - b->file->tensors] = true;
    if (idle) {
        snprintf(w->note, sizeof w->note, "%s is not used: config.json says "
                 "that the output is tied to the embedding", name);
        return true;
    }
    if (!check_shape(&format, b, tensor, part))
        return false;
    if (part->kind == MATRIX)
        *(Matrix *)place = (Matrix){ tensor->data, format,
                                     dim_size(b->config, part->out),
                                     dim_size(b->config, part->in) };
    else
        *(const float **)place = widen(&w->arena, tensor);
    w->bytes += tensor->bytes;
    want = shape_of(b->config, part);
    w->parameters += tensor_count(&want);
    return true;
}

static bool bind_parts(const Binding *b, const Part *const tables[2], int layer,
                       void *base)
{
    for (int i = 0; i < 2; i++)
        for (const Part *part = tables[i]; part->name != NULL; part++)
            if (!bind_part(b, part, layer, (char *)base + part->field))
                return false;
    return true;
}

static bool is_ignored(const char *name)
{
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
        if (text_ends_with(name, ignored[i]))
            return true;
    return false;
}

/* Errors: exit 3 naming the first tensor that nobody took. */
static bool refuse_unexpected(const Binding *b)
{
    for (int i = 0; i < b->file->count; i++) {
        const Tensor *tensor = &b->file->tensors[i];
        char shape[SHAPE_TEXT], name[JSON_SHOWN];

        if (b->used[i] || is_ignored(tensor->name))
            continue;
        return error_set(b->error, "the file holds a tensor %s %s that no part "
                         "of this architecture with num_hidden_layers %d uses: "
                         "the model would not be computed as it was meant",
                         json_show(name, tensor->name, strlen(tensor->name)),
                         shape_text(shape, tensor), b->config->L);
    }
    return true;
}

/* Give every part of the model its tensor.
 *
 *   weights  out; views into file, which must outlive it
 *   Errors:  exit 3, naming the tensor; nothing is left to free then
 *   Owner:   weights, until weights_free
 *   Cost:    one search per tensor; no weight but the vectors is touched    */
bool weights_bind(Weights *weights, const Config *config,
                  const Safetensors *file, Error *error)
{
    Binding b = { weights, config, file, memory_get(file->count, 1), error };
    bool ok;

    *weights = (Weights){0};
    weights->layers = arena_get(&weights->arena,
                                (size_t)config->L * sizeof *weights->layers);
    ok = bind_parts(&b, parts_of[config->architecture].whole, 0, weights);
    for (int l = 0; ok && l < config->L; l++)
        ok = bind_parts(&b, parts_of[config->architecture].layer, l,
                        &weights->layers[l]);
    ok = ok && refuse_unexpected(&b);
    memory_give_back(b.used);
    if (!ok) {
        weights_free(weights);
        return false;
    }
    if (config->tied)
        weights->output.weight = weights->embedding;
    weights->format = weights->layers[0].o.weight.format;
    return true;
}

/* One layer's tensors behind those that are there; returns how many there are. */
static int expect_parts(Tensor *tensors, int n, const Part *const tables[2],
                        int layer, const Config *config, Arena *arena)
{
    for (int i = 0; i < 2; i++)
        for (const Part *part = tables[i]; part->name != NULL; part++) {
            char name[100];

            if (!is_made(config, part->presence))
                continue;
            snprintf(name, sizeof name, part->name, layer);
            tensors[n] = shape_of(config, part);
            tensors[n].name = arena_text(arena, name, strlen(name));
            tensors[n].bytes = 4 * (size_t)tensor_count(&tensors[n]);
            n++;
        }
    return n;
}

Tensor *weights_expected(const Config *config, Arena *arena, int *count)
{
    enum { MOST = 20 };                     /* of the whole, of a layer     */
    Tensor *tensors = arena_get(arena, ((size_t)config->L + 1) * MOST
                                       * sizeof *tensors);
    int n = expect_parts(tensors, 0, parts_of[config->architecture].whole, 0,
                         config, arena);

    for (int l = 0; l < config->L; l++)
        n = expect_parts(tensors, n, parts_of[config->architecture].layer, l,
                         config, arena);
    *count = n;
    return tensors;
}

void weights_free(Weights *weights)
{
    arena_free(&weights->arena);
    memory_give_back(weights->blocks);
    *weights = (Weights){0};
}
