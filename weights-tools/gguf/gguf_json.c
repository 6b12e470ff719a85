/* gguf_json.c - write config.json and generation_config.json
 *
 *      Config             config.json
 *
 *      E 576         ──►  "hidden_size":576
 *      L 30          ──►  "num_hidden_layers":30
 *      epsilon            "rms_norm_eps":1e-05
 *        9.99999975e-06 ──►            ▲ the shortest decimal that is this float
 *      rope          ──►  "rope_theta":100000, "rope_scaling":null
 *      eos {2}       ──►  "eos_token_id":2     or a list
 *
 * The fields are spelt as transformers spelt them for these architectures when the
 * models came out; every later version reads that.
 *
 * A config.json says 1e-05, the converter to GGUF stored it as a float32, and printing
 * that with all its digits would give 9.999999747378752e-06: another number in double,
 * and an ugly one. What was meant is the shortest decimal that rounds to the same float:
 *
 *      x = the first of 1, 2, … 9 digits with float32(x_digits) = x        (1)
 *
 * The rotary width R is written as its share of the head, and readers compute it back
 * as the whole part of share · D. So the share gets digits until that is R:
 *
 *      share = the first of 1 … 17 digits with floor(share · D) = R and
 *              | share · D - R | < 1e-9                                    (2)
 *
 * Read next: src/model/config.c, which reads it.
 */
#include "weights-tools/gguf/gguf_config.h"

#include <math.h>           /* fabs, nextafter                              */
#include <string.h>         /* strlen                                       */

#include "base/decimal.h"   /* decimal_write, decimal_read                  */

typedef struct {
    const char *architecture, *type, *activation;
    const char *epsilon, *theta, *share;    /* how the fields are called    */
} Spelling;

static const Spelling spellings[] = {
    [ARCHITECTURE_LLAMA] = { "LlamaForCausalLM", "llama", "silu", "rms_norm_eps",
                             "rope_theta", NULL },
    [ARCHITECTURE_STABLELM] = { "StableLmForCausalLM", "stablelm", "silu",
                                "layer_norm_eps", "rope_theta", "partial_rotary_factor" },
    [ARCHITECTURE_NEOX] = { "GPTNeoXForCausalLM", "gpt_neox", "gelu", "layer_norm_eps",
                            "rotary_emb_base", "rotary_pct" },
};

static double rounded(double x, int digits)
{
    char text[DECIMAL_LENGTH];
    double value = x;

    decimal_write(text, x, digits);
    must(decimal_read(&value, text, strlen(text)), "%s is a number", text);
    return value;
}

/* Equation (1). */
static void write_float(JsonWriter *w, const char *key, float x)
{
    int digits = 1;

    while (digits < 9 && (float)rounded((double)x, digits) != x)
        digits++;
    json_write_number(w, key, (double)x, digits);
}

/* Equation (2). */
static void write_share(JsonWriter *w, const char *key, int R, int D)
{
    double share = (double)R / D;
    int digits = 1;

    while ((int)(share * D) < R)        /* 24 / 49 · 49 is a little less than 24 */
        share = nextafter(share, 2);
    while (digits < 17 && ((int)(rounded(share, digits) * D) != R
                           || fabs(rounded(share, digits) * D - R) >= 1e-9))
        digits++;
    json_write_number(w, key, share, digits);
}

static void write_scaling(JsonWriter *w, const RopeConfig *rope)
{
    if (rope->factor == 1) {
        json_write_null(w, "rope_scaling");
        return;
    }
    json_write_object(w, "rope_scaling");
    json_write_word(w, "rope_type", "llama3");
    write_float(w, "factor", rope->factor);
    write_float(w, "low_freq_factor", rope->low);
    write_float(w, "high_freq_factor", rope->high);
    json_write_integer(w, "original_max_position_embeddings", rope->trained);
    json_write_object_end(w);
}

/* A number when there is one, a list when there are several, null when none. */
static void write_ends(JsonWriter *w, const Config *c)
{
    if (c->bos >= 0)
        json_write_integer(w, "bos_token_id", c->bos);
    if (c->eos_count == 1)
        json_write_integer(w, "eos_token_id", c->eos[0]);
    else if (c->eos_count > 1)
        json_write_ids(w, "eos_token_id", c->eos, c->eos_count);
    else
        json_write_null(w, "eos_token_id");
}

static void write_counts(JsonWriter *w, const Config *c)
{
    bool neox = c->architecture == ARCHITECTURE_NEOX;

    json_write_integer(w, "hidden_size", c->E);
    json_write_integer(w, "num_hidden_layers", c->L);
    json_write_integer(w, "num_attention_heads", c->H);
    if (!neox)
        json_write_integer(w, "num_key_value_heads", c->K);
    if (c->H * c->D != c->E)
        json_write_integer(w, "head_dim", c->D);
    json_write_integer(w, "intermediate_size", c->F);
    json_write_integer(w, "vocab_size", c->V);
    json_write_integer(w, "max_position_embeddings", c->context);
}

/* The switches of each family, by the names that it has for them. */
static void write_switches(JsonWriter *w, const Config *c)
{
    if (c->architecture == ARCHITECTURE_LLAMA) {
        json_write_bool(w, "attention_bias", c->qkv_bias);
        json_write_bool(w, "mlp_bias", c->mlp_bias);
    } else if (c->architecture == ARCHITECTURE_STABLELM) {
        json_write_bool(w, "use_qkv_bias", c->qkv_bias);
        json_write_bool(w, "qk_layernorm", false);
    } else {
        json_write_bool(w, "attention_bias", c->qkv_bias);
    }
    if (c->architecture != ARCHITECTURE_LLAMA)
        json_write_bool(w, "use_parallel_residual", c->parallel_residual);
    json_write_bool(w, "tie_word_embeddings", c->tied);
}

void gguf_config_write(JsonWriter *w, const Config *c, Dtype dtype)
{
    const Spelling *s = &spellings[c->architecture];

    json_write_object(w, NULL);
    json_write_array(w, "architectures");
    json_write_word(w, NULL, s->architecture);
    json_write_array_end(w);
    json_write_word(w, "model_type", s->type);
    json_write_word(w, "hidden_act", s->activation);
    write_counts(w, c);
    write_float(w, s->epsilon, c->epsilon);
    write_float(w, s->theta, c->rope.theta);
    if (s->share != NULL)
        write_share(w, s->share, c->rope.width, c->D);
    write_scaling(w, &c->rope);
    write_switches(w, c);
    write_ends(w, c);
    json_write_word(w, "torch_dtype", dtype == DTYPE_F32 ? "float32"
                : dtype == DTYPE_F16 ? "float16" : "bfloat16");
    json_write_object_end(w);
    json_write_line(w);
}

void gguf_generation_write(JsonWriter *w, const Config *c)
{
    json_write_object(w, NULL);
    write_ends(w, c);
    json_write_object_end(w);
    json_write_line(w);
}
