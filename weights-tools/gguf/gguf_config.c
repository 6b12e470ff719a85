/* gguf_config.c - from keys to Config: how big the model is, and of which kind
 *
 *      general.architecture               "llama"       which table below
 *      llama.embedding_length             576      ──►  E
 *      llama.block_count                  30       ──►  L
 *      llama.attention.head_count(_kv)    9, 3     ──►  H, K
 *      llama.attention.key_length         —        ──►  D = E / H
 *      llama.feed_forward_length          1536     ──►  F
 *      llama.rope.dimension_count         64       ──►  R
 *      llama.rope.freq_base               1e5      ──►  theta
 *      token_embd.weight                  [V, E]   ──►  V
 *      output.weight                      —        ──►  tied
 *      blk.0.attn_q.bias                  —        ──►  no biases
 *      rope_freqs.weight                  —        ──►  no scaling
 *
 * All that config.json says of a model stands in a GGUF file too, some as a key and
 * some only as the presence or the shape of a tensor. One thing is hidden deeper:
 * Llama 3's stretched rotary angles. The converter of llama.cpp throws the four numbers
 * of rope_scaling away and keeps what comes out, one divisor per frequency:
 *
 *      divisor_i = f_i / f'_i       f'_i: equation (3) of kernels/rope.c    (1)
 *
 * The divisors of the slowest frequencies are the factor itself, those of the
 * fastest are 1, and in between they tell over which length the model was trained. So
 * the numbers can be found again: low 1 and high 4 as every model has them, the factor
 * from the last divisor, and the length by trying the powers of two. Which one is
 * right is certain, for (1) must then give all divisors back:
 *
 *      | divisor_i · f'_i / f_i - 1 |  <  1e-4     for every i              (2)
 *
 * (float32 powers of other programs are off by 1e-6 or so; the next power of two
 * would be off by a third.) Divisors that no length explains are refused: the model
 * would run, and slowly forget what it read.
 *
 * Traps:
 * - eps is stored as float32: 9.99999975e-06 is meant to be 1e-05 (gguf_json.c).
 * - What changes the arithmetic and no shape would never be noticed: windows,
 *   scales, caps of logits. Such keys are refused by name.
 * - GELU comes in two kinds, and the file does not say which. GPT-NeoX means the
 *   exact one, as its config.json says.
 *
 * Source: docs/gguf.md of the ggml project; the keys that llama.cpp writes.
 * Read next: weights-tools/gguf/gguf_layout.c.
 */
#include "weights-tools/gguf/gguf_config.h"

#include <math.h>           /* fabs                                         */
#include <stdio.h>          /* snprintf                                     */

#define WIDEST (1 << 18)    /* of E, F; as config.json's own reader has it  */
#define LONGEST (1 << 24)   /* of V and context                             */
#define NAME 128            /* of a key, with the architecture in front     */

static const struct {
    const char *name;       /* general.architecture                         */
    Architecture architecture;
    const char *epsilon;    /* its key                                      */
    const char *qkv_bias;   /* the tensor that tells whether there are some */
} families[] = {
    { "llama", ARCHITECTURE_LLAMA, "attention.layer_norm_rms_epsilon",
      "blk.0.attn_q.bias" },
    { "stablelm", ARCHITECTURE_STABLELM, "attention.layer_norm_epsilon",
      "blk.0.attn_q.bias" },
    { "gptneox", ARCHITECTURE_NEOX, "attention.layer_norm_epsilon",
      "blk.0.attn_qkv.bias" },
};

typedef struct {            /* what every getter here needs                 */
    const Gguf *gguf;
    const char *family;     /* in front of most keys                        */
    Error *error;
} Keys;

static const char *full(char name[NAME], const Keys *k, const char *rest)
{
    snprintf(name, NAME, "%s.%s", k->family, rest);
    return name;
}

static bool count(int *value, const Keys *k, const char *rest, int most, GgufNeed need)
{
    char name[NAME];

    return gguf_integer(value, k->gguf, full(name, k, rest), 1, most, need, k->error);
}

static bool find_family(Config *c, Keys *k)
{
    GgufText name = {0}, kind = {0};
    char shown[JSON_SHOWN];

    if (!gguf_text(&name, k->gguf, "general.architecture", GGUF_MUST, k->error)
        || !gguf_text(&kind, k->gguf, "general.type", GGUF_MAY, k->error))
        return false;
    if (kind.length > 0 && !gguf_is(kind, "model"))
        return error_set(k->error, "general.type is \"%s\": this file is no model of "
                         "its own", json_show(shown, kind.text, kind.length));
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (gguf_is(name, families[i].name)) {
            k->family = families[i].name;
            c->architecture = families[i].architecture;
            return true;
        }
    return error_set(k->error, "general.architecture \"%s\" is not supported; supported "
                     "are llama, stablelm and gptneox",
                     json_show(shown, name.text, name.length));
}

/* Several files that are one model; a vocabulary without a model. */
static bool refuse_parts(const Keys *k)
{
    int files = 1;

    if (!gguf_integer(&files, k->gguf, "split.count", 0, 65535, GGUF_MAY, k->error))
        return false;
    if (files > 1)
        return error_set(k->error, "split.count is %d: this is one of several files of "
                         "a model; join them first (llama-gguf-split --merge)", files);
    return k->gguf->tensor_count > 0
        || error_set(k->error, "there is no tensor in it: a file with a vocabulary only");
}

/* Keys whose value, if it is not zero, would have to change the forward pass. */
static bool refuse_traits(const Keys *k)
{
    static const char *const traits[] = {
        "expert_count", "attention.sliding_window", "attention.clamp_kqv",
        "attention.max_alibi_bias", "attention.scale", "logit_scale",
        "embedding_scale", "residual_scale", "attn_logit_softcapping",
        "final_logit_softcapping",
    };
    char name[NAME];

    for (size_t i = 0; i < sizeof traits / sizeof traits[0]; i++) {
        const GgufKey *key = gguf_key(k->gguf, full(name, k, traits[i]));
        bool zero = key != NULL && !key->list && key->kind != GGUF_STRING
                 && key->kind <= GGUF_BOOL && key->data[0] == 0
                 && (key->kind < GGUF_U32 || key->kind == GGUF_BOOL
                     || gguf_u32(key->data) == 0);

        if (key != NULL && !zero)
            return error_set(k->error, "the key \"%s\" at byte %zu asks for something "
                             "that this engine does not do", name, key->offset);
    }
    return true;
}

/* Every count. Errors: a key is missing, or out of range; heads that do not fit. */
static bool read_counts(Config *c, const Keys *k)
{
    const GgufTensor *embedding = gguf_tensor(k->gguf, "token_embd.weight");
    int value_width = 0;

    if (!count(&c->E, k, "embedding_length", WIDEST, GGUF_MUST)
        || !count(&c->L, k, "block_count", 1 << 10, GGUF_MUST)
        || !count(&c->H, k, "attention.head_count", 1 << 12, GGUF_MUST)
        || !count(&c->F, k, "feed_forward_length", WIDEST, GGUF_MUST)
        || !count(&c->context, k, "context_length", LONGEST, GGUF_MUST))
        return false;
    c->K = c->H;
    c->D = c->E / c->H;
    if (!count(&c->K, k, "attention.head_count_kv", 1 << 12, GGUF_MAY)
        || !count(&c->D, k, "attention.key_length", 1 << 12, GGUF_MAY))
        return false;
    value_width = c->D;
    if (!count(&value_width, k, "attention.value_length", 1 << 12, GGUF_MAY))
        return false;
    if (value_width != c->D || c->D == 0 || (c->architecture == ARCHITECTURE_NEOX
                                             && (c->K != c->H || c->D * c->H != c->E)))
        return error_set(k->error, "%d query heads and %d key heads of %d, values of %d, "
                         "in rows of %d: no such model is supported", c->H, c->K, c->D,
                         value_width, c->E);
    if (embedding == NULL || embedding->rank != 2 || embedding->shape[0] < 1
        || embedding->shape[0] > LONGEST)
        return error_set(k->error, "the tensor token_embd.weight is missing, or is no "
                         "matrix of 1 to %d rows", LONGEST);
    c->V = (int)embedding->shape[0];
    return true;
}

static bool has(const Keys *k, const char *tensor)
{
    return gguf_tensor(k->gguf, tensor) != NULL;
}

static bool read_switches(Config *c, const Keys *k)
{
    bool neox = c->architecture == ARCHITECTURE_NEOX;
    char name[NAME];

    c->tied = !has(k, "output.weight");
    c->qkv_bias = has(k, families[c->architecture].qkv_bias);
    c->o_bias = has(k, "blk.0.attn_output.bias");
    c->mlp_bias = neox || has(k, "blk.0.ffn_up.bias");
    c->parallel_residual = neox;
    return gguf_flag(&c->parallel_residual, k->gguf, full(name, k, "use_parallel_residual"),
                     k->error);
}

/* Are these the divisors that this RopeConfig makes? Equations (1) and (2). */
static bool explains(const RopeConfig *rope, const float *divisor)
{
    RopeConfig plain = *rope;
    Rope stretched = {0}, straight = {0};
    Error ignored = {0};
    bool same;

    plain.factor = 1;
    same = rope_init(&stretched, rope, &ignored) && rope_init(&straight, &plain, &ignored);
    for (int i = 0; i < rope->width / 2 && same; i++)
        same = fabs((double)divisor[i] * (double)stretched.frequency[i]
                    / (double)straight.frequency[i] - 1) < 1e-4;
    rope_free(&stretched);
    rope_free(&straight);
    return same;
}

/* The scaling that left rope_freqs.weight behind. Its divisors may all be 1. */
static bool find_scaling(RopeConfig *rope, const GgufTensor *t, Error *error)
{
    int half = rope->width / 2;
    float *divisor;
    bool found;

    if (t->rank != 1 || t->shape[0] != (uint64_t)half || t->type->blocks)
        return error_set(error, "the tensor rope_freqs.weight must hold %d plain "
                         "numbers, one per rotary frequency", half);
    divisor = memory_get(half, sizeof *divisor);
    gguf_to_f32(divisor, t, 0, (size_t)half);
    rope->low = 1, rope->high = 4, rope->trained = 0;
    found = explains(rope, divisor);
    rope->factor = found ? 1 : divisor[half - 1];
    for (rope->trained = 16; !found && rope->trained <= 1 << 20; rope->trained *= 2)
        if (rope->factor > 1 && rope->factor <= 1e6f && explains(rope, divisor)) {
            found = true;
            break;
        }
    memory_give_back(divisor);
    return found
        || error_set(error, "the tensor rope_freqs.weight holds divisors that are not "
                     "those of llama3 scaling with low_freq_factor 1 and "
                     "high_freq_factor 4, and no other kind is supported");
}

/* Scaling by key: none, or a factor of 1 that does nothing. */
static bool refuse_scaling(const Keys *k)
{
    GgufText type = {0};
    float factor = 1, linear = 1;
    char name[NAME], shown[JSON_SHOWN];

    if (!gguf_text(&type, k->gguf, full(name, k, "rope.scaling.type"), GGUF_MAY, k->error)
        || !gguf_real(&linear, k->gguf, full(name, k, "rope.scale_linear"), GGUF_MAY,
                      k->error))
        return false;
    if (gguf_is(type, "none") && linear == 1)
        return true;
    if (!gguf_real(&factor, k->gguf, full(name, k, "rope.scaling.factor"), GGUF_MAY,
                   k->error))
        return false;
    return (factor == 1 && linear == 1 && (type.length == 0 || gguf_is(type, "linear")))
        || error_set(k->error, "rope scaling \"%s\" by %g is not supported; supported are "
                     "none and llama3's", type.length == 0 ? "linear"
                     : json_show(shown, type.text, type.length),
                     (double)(linear == 1 ? factor : linear));
}

static bool read_rope(Config *c, const Keys *k)
{
    const GgufTensor *divisors = gguf_tensor(k->gguf, "rope_freqs.weight");
    bool llama = c->architecture == ARCHITECTURE_LLAMA;
    char name[NAME];

    c->rope = (RopeConfig){ .theta = 1e4f, .width = c->D, .factor = 1,
                            .trained = c->context };
    if (!gguf_real(&c->rope.theta, k->gguf, full(name, k, "rope.freq_base"), GGUF_MAY,
                   k->error)
        || !count(&c->rope.width, k, "rope.dimension_count", c->D,
                  llama ? GGUF_MAY : GGUF_MUST) || !refuse_scaling(k))
        return false;
    if (c->rope.width % 2 != 0 || (llama && c->rope.width != c->D))
        return error_set(k->error, "%s.rope.dimension_count: %d of %d numbers of a head "
                         "turn: not supported for %s", k->family, c->rope.width, c->D,
                         k->family);
    return divisors == NULL || find_scaling(&c->rope, divisors, k->error);
}

/* All but bos and eos, which the vocabulary knows.
 *
 *   config   out; plain data
 *   Cost:    some thirty searches */
bool gguf_config_read(Config *config, const Gguf *gguf, Error *error)
{
    Keys k = { gguf, "", error };
    char name[NAME];

    *config = (Config){ .bos = -1 };
    return find_family(config, &k) && refuse_parts(&k) && refuse_traits(&k)
        && read_counts(config, &k) && read_switches(config, &k) && read_rope(config, &k)
        && gguf_real(&config->epsilon, gguf,
                     full(name, &k, families[config->architecture].epsilon), GGUF_MUST,
                     error);
}
