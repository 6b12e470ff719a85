/* gguf_layout.c - tensors of a GGUF file under the names, and in the order of rows,
 * that a Hugging Face folder has
 *
 *      blk.0.attn_q.weight   ──►  model.layers.0.self_attn.q_proj.weight
 *      blk.0.ffn_gate.weight ──►  model.layers.0.mlp.gate_proj.weight
 *      token_embd.weight     ──►  model.embed_tokens.weight
 *
 *      rows of one head of q, D = 6              rows of NeoX's q·k·v, two heads
 *
 *      file     0 1 2 3 4 5                      file    q0 q1 k0 k1 v0 v1
 *               │ │ │ │ │ │                               │  └──┼┐ │  │  │
 *               a A b B c C   pairs (2j, 2j+1)            │  ┌──┘└─┼─┐│  │
 *               └──┐ ┌┘                                   │  │  ┌──┼─┼┘  │
 *      folder   a b c A B C   pairs (j, j + D/2)  folder q0 k0 v0 q1 k1 v1
 *
 * The names are another vocabulary for the same things. Two tensors are also shuffled:
 *
 * Rotary turns pairs of numbers of a head (kernels/rope.c), and two habits exist. Meta's
 * code, and llama.cpp for the architecture "llama", turn neighbours; Hugging Face's code
 * turns number j with number j + D/2. The two are one model if the rows of q and k are
 * put in another order, so the converter to GGUF shuffled them, and here they are put
 * back. Forgotten, the model still speaks, and makes no sense.
 *
 *      folder's row  h·D + s·D/2 + j  =  file's row  h·D + 2·j + s          (1)
 *      folder's row  h·3D + p·D + d   =  file's row  p·H·D + h·D + d        (2)
 *
 *      s: 0, 1, the half;  p: 0, 1, 2 for q, k, v;  H heads
 *
 * StableLM and GPT-NeoX turn halves in both worlds: there only (2) moves rows.
 *
 * Numbers: a row is widened to float32 as everybody widens these blocks, and rounded to
 * the folder's format once. Rows of blocks stay whole under (1) and (2), so only a row
 * at a time is in memory. Vectors (norms, biases), which quantized files keep in F32,
 * stay F32: they are small, and exact.
 *
 * Source: the tensor names of llama.cpp, and what its converter does to q and k.
 * Read next: src/model/weights.c, which knows the folder's names and shapes.
 */
#include "weights-tools/gguf/gguf_layout.h"

#include <math.h>           /* isfinite                                     */
#include <stdio.h>          /* snprintf                                     */
#include <stdlib.h>         /* qsort, bsearch                               */
#include <string.h>         /* memcpy, strcmp, strrchr, strlen              */

#include "base/utf8.h"                  /* text_ends_with                   */
#include "model/weights.h"              /* weights_expected                 */
#include "numbers/halffloat.h"          /* f32_to_f16, f32_to_bf16          */

#define NAME 300            /* of a tensor, in either vocabulary            */

static const struct {       /* what stands between "layers.0." and ".weight" */
    const char *ours, *theirs;
    RowOrder order;
} stems[] = {
    { "model.embed_tokens",       "token_embd",  ROWS_STAY },
    { "model.norm",               "output_norm", ROWS_STAY },
    { "lm_head",                  "output",      ROWS_STAY },
    { "gpt_neox.embed_in",        "token_embd",  ROWS_STAY },
    { "gpt_neox.final_layer_norm", "output_norm", ROWS_STAY },
    { "embed_out",                "output",      ROWS_STAY },
    { "input_layernorm",          "attn_norm",   ROWS_STAY },
    { "self_attn.q_proj",         "attn_q",      ROWS_ROTARY },
    { "self_attn.k_proj",         "attn_k",      ROWS_ROTARY },
    { "self_attn.v_proj",         "attn_v",      ROWS_STAY },
    { "self_attn.o_proj",         "attn_output", ROWS_STAY },
    { "attention.query_key_value", "attn_qkv",   ROWS_QKV },
    { "attention.dense",          "attn_output", ROWS_STAY },
    { "post_attention_layernorm", "ffn_norm",    ROWS_STAY },
    { "mlp.gate_proj",            "ffn_gate",    ROWS_STAY },
    { "mlp.up_proj",              "ffn_up",      ROWS_STAY },
    { "mlp.down_proj",            "ffn_down",    ROWS_STAY },
    { "mlp.dense_h_to_4h",        "ffn_up",      ROWS_STAY },
    { "mlp.dense_4h_to_h",        "ffn_down",    ROWS_STAY },
};

/* The file's name for one of the folder's names, and how its rows lie. */
static RowOrder translate(char theirs[NAME], const char *ours)
{
    const char *suffix = strrchr(ours, '.'), *stem = ours;
    char block[32] = "";
    int layer, used = 0;

    must(suffix != NULL, "a tensor %s", ours);
    if (sscanf(ours, "model.layers.%d.%n", &layer, &used) == 1
        || sscanf(ours, "gpt_neox.layers.%d.%n", &layer, &used) == 1) {
        snprintf(block, sizeof block, "blk.%d.", layer);
        stem = ours + used;
    }
    for (size_t i = 0; i < sizeof stems / sizeof stems[0]; i++)
        if (strncmp(stems[i].ours, stem, (size_t)(suffix - stem)) == 0
            && stems[i].ours[suffix - stem] == '\0') {
            snprintf(theirs, NAME, "%s%s%s", block, stems[i].theirs, suffix);
            return stems[i].order;
        }
    must(false, "no name for %s", ours);
    return ROWS_STAY;
}

static bool same_shape(const Tensor *a, const GgufTensor *b)
{
    return a->rank == b->rank && a->shape[0] == b->shape[0]
        && (a->rank == 1 || a->shape[1] == b->shape[1]);
}

static bool refuse_shape(const Tensor *want, const GgufTensor *got, Error *error)
{
    return error_set(error, "the tensor %s has rank %d and shape %llu, %llu; the keys of "
                     "this file make it %llu%s%.0llu: it is damaged, or a model of a kind "
                     "that is not supported", got->name, got->rank,
                     (unsigned long long)got->shape[0], (unsigned long long)got->shape[1],
                     (unsigned long long)want->shape[0], want->rank > 1 ? ", " : "",
                     (unsigned long long)want->shape[1]);
}

/* Pair every tensor that the model needs with the file's. A norm may lack its bias.
 *
 *   used     [gguf->tensor_count] out: some part has taken it
 *   Errors:  missing; of another shape */
static bool pair(GgufLayout *l, const Gguf *gguf, const Config *c, const Tensor *wanted,
                 int count, bool *used, Error *error)
{
    for (int i = 0; i < count; i++) {
        char theirs[NAME];
        RowOrder order = translate(theirs, wanted[i].name);
        const GgufTensor *source = gguf_tensor(gguf, theirs);

        if (source == NULL && text_ends_with(wanted[i].name, "norm.bias"))
            continue;
        if (source == NULL)
            return error_set(error, "the tensor %s is missing: the file is not complete, "
                             "or a model of a kind that is not supported", theirs);
        if (!same_shape(&wanted[i], source))
            return refuse_shape(&wanted[i], source, error);
        if (order == ROWS_ROTARY && c->architecture != ARCHITECTURE_LLAMA)
            order = ROWS_STAY;
        used[source - gguf->tensors] = true;
        l->tensors[l->count] = wanted[i];
        l->parts[l->count++] = (GgufPart){ source, order, c->D };
    }
    return true;
}

/* Errors: a tensor that no part has taken. rope_freqs became rope_scaling. */
static bool refuse_unused(const Gguf *gguf, const bool *used, Error *error)
{
    char shown[JSON_SHOWN];

    for (int i = 0; i < gguf->tensor_count; i++) {
        const char *name = gguf->tensors[i].name;

        if (!used[i] && strcmp(name, "rope_freqs.weight") != 0)
            return error_set(error, "the file holds a tensor %s that no part of this "
                             "architecture uses: the model would not be computed as it "
                             "was meant", json_show(shown, name, strlen(name)));
    }
    return true;
}

/* What the matrices' own format is, when it is one and plain; else F16. */
static Dtype own_dtype(const GgufLayout *l)
{
    const GgufType *type = NULL;

    for (int i = 0; i < l->count; i++)
        if (l->tensors[i].rank == 2) {
            if (l->parts[i].source->type->blocks
                || (type != NULL && type != l->parts[i].source->type))
                return DTYPE_F16;
            type = l->parts[i].source->type;
        }
    return type == NULL ? DTYPE_F16 : type->dtype;
}

static void choose_dtypes(GgufLayout *l, Dtype wanted)
{
    size_t widest = 1;

    l->dtype = wanted == DTYPE_COUNT ? own_dtype(l) : wanted;
    for (int i = 0; i < l->count; i++) {
        Tensor *t = &l->tensors[i];
        const GgufType *type = l->parts[i].source->type;
        size_t width = (size_t)t->shape[t->rank - 1];
        uint64_t bytes = 0;

        t->dtype = t->rank == 1 && type->plain && type->dtype == DTYPE_F32 ? DTYPE_F32
                 : l->dtype;
        must(tensor_bytes(&bytes, t->shape, t->rank, t->dtype), "%s is in the file", t->name);
        t->bytes = (size_t)bytes;
        l->total += (size_t)tensor_count(t);
        widest = width > widest ? width : widest;
    }
    l->row = memory_get_bytes(widest * sizeof *l->row);
    l->scratch = memory_get_bytes(widest * sizeof *l->scratch);
}

bool gguf_layout(GgufLayout *layout, const Gguf *gguf, const Config *config,
                 Dtype wanted, Error *error)
{
    bool *used = memory_get(gguf->tensor_count, sizeof *used);
    const Tensor *needed;
    int count = 0;
    bool fine;

    *layout = (GgufLayout){0};
    needed = weights_expected(config, &layout->arena, &count);
    layout->tensors = arena_get(&layout->arena, (size_t)count * sizeof *layout->tensors);
    layout->parts = arena_get(&layout->arena, (size_t)count * sizeof *layout->parts);
    fine = pair(layout, gguf, config, needed, count, used, error)
        && refuse_unused(gguf, used, error);
    memory_give_back(used);
    if (fine)
        choose_dtypes(layout, wanted);
    return fine;
}

void gguf_layout_free(GgufLayout *layout)
{
    memory_give_back(layout->row);
    memory_give_back(layout->scratch);
    arena_free(&layout->arena);
    *layout = (GgufLayout){0};
}

/* Equations (1) and (2). */
uint64_t gguf_source_row(const GgufPart *part, uint64_t r, uint64_t rows)
{
    uint64_t D = (uint64_t)part->D, in = r % D, head = r / D;

    if (part->order == ROWS_ROTARY)
        return head * D + 2 * (in % (D / 2)) + in / (D / 2);
    if (part->order == ROWS_QKV)
        return head % 3 * (rows / 3) + head / 3 * D + in;
    return r;
}

/* Row r of the folder's tensor into layout->row. A vector is one row, and what moves
 * are its numbers. Cost: one row of blocks. */
static void load_row(GgufLayout *l, const Tensor *t, uint64_t r)
{
    const GgufPart *part = &l->parts[l->part];
    size_t width = (size_t)t->shape[t->rank - 1];

    if (t->rank == 2) {
        uint64_t from = gguf_source_row(part, r, t->shape[0]);

        gguf_to_f32(l->row, part->source, (size_t)from * width, width);
        return;
    }
    gguf_to_f32(l->scratch, part->source, 0, width);
    for (size_t i = 0; i < width; i++)
        l->row[i] = l->scratch[gguf_source_row(part, i, width)];
}

/* Numbers of a row in the folder's format, rounded once.
 * Errors: one that is finite and has no finite neighbour there. */
static bool narrow(unsigned char *out, const float *x, size_t count, const Tensor *t,
                   Error *error)
{
    if (t->dtype == DTYPE_F32) {
        memcpy(out, x, count * sizeof *x);
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        bool f16 = t->dtype == DTYPE_F16;
        uint16_t half = f16 ? f32_to_f16(x[i]) : f32_to_bf16(x[i]);
        uint16_t infinite = f16 ? 0x7C00 : 0x7F80;

        if ((half & 0x7FFF) == infinite && isfinite(x[i]))
            return error_set(error, "the tensor %s holds %g, which is beyond the range of "
                             "%s: choose --dtype F32%s", t->name, (double)x[i],
                             dtype_name(t->dtype), f16 ? " or BF16" : "");
        out[2 * i] = (unsigned char)half;
        out[2 * i + 1] = (unsigned char)(half >> 8);
    }
    return true;
}

/* Turn to another tensor: what was read of the last one may leave memory. */
static void turn_to(GgufLayout *l, const Tensor *tensor)
{
    const GgufTensor *last = l->parts[l->part].source;
    int part = 0;

    if (strcmp(l->tensors[l->part].name, tensor->name) == 0)
        return;
    if (l->file != NULL)
        mapfile_give_back(l->file, last->offset, last->offset + last->bytes);
    while (strcmp(l->tensors[part].name, tensor->name) != 0)
        must(++part < l->count, "no tensor %s", tensor->name);
    l->part = part;
    l->loaded = 0;
}

/*   context  the GgufLayout
 *   tensor   one of its tensors, or a copy; first, count: any stretch of it
 *   out      count numbers in the tensor's format, little-endian
 *   Cost:    each row is widened once when asked for in order */
bool gguf_fill(void *context, const Tensor *tensor, size_t first, size_t count,
               void *out, Error *error)
{
    GgufLayout *l = context;
    unsigned char *next = out;
    size_t width = (size_t)tensor->shape[tensor->rank - 1], n;

    turn_to(l, tensor);
    for (; count > 0; first += n, count -= n) {
        uint64_t r = first / width;
        size_t begin = first % width;

        n = width - begin < count ? width - begin : count;
        if (l->loaded != r + 1)
            load_row(l, tensor, r);
        l->loaded = r + 1;
        if (!narrow(next, l->row + begin, n, tensor, error))
            return false;
        next += n * (size_t)(dtype_bits(tensor->dtype) / 8);
        l->done += n;
        if (!watch_go_on(l->watch, l->done, l->total))
            return error_code(error, EXIT_INTERRUPTED, "stopped at the tensor %s: nothing is "
                              "left of the folder", tensor->name);
    }
    return true;
}
