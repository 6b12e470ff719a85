/* config.h - what kind of model config.json describes
 *
 * Rules of use: an architecture is data: these fields and a table of tensor names
 * (weights.c) are all that differs; the forward pass reads fields, never names.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include "files/json.h"
#include "kernels/rope.h"

typedef enum { NORM_RMS, NORM_LAYER } NormKind;

typedef enum {
    ARCHITECTURE_LLAMA,         /* LlamaForCausalLM: TinyLlama, Llama-3.2, SmolLM2 */
    ARCHITECTURE_STABLELM,      /* StableLmForCausalLM: StableLM-2-1.6B      */
    ARCHITECTURE_NEOX,          /* GPTNeoXForCausalLM: Pythia                */
} Architecture;

#define CONFIG_EOS 8            /* more end-of-text ids than any model has   */
#define CONFIG_QUANTIZED "billion-llm"  /* quant_method of what weights-tools/quantize */
#define CONFIG_QUANTIZED_VERSION 1      /* … writes, and the version of its format */

typedef struct {
    Architecture architecture;  /* architectures[0]                          */
    int V;                      /* vocab_size                                */
    int E;                      /* hidden_size                               */
    int L;                      /* num_hidden_layers                         */
    int H;                      /* num_attention_heads                       */
    int K;                      /* num_key_value_heads (absent: H)           */
    int D;                      /* head_dim (absent: E / H)                  */
    int F;                      /* intermediate_size                         */
    int context;                /* max_position_embeddings                   */
    NormKind norm;              /* Llama: RMS; StableLM, NeoX: layer         */
    float epsilon;              /* rms_norm_eps, layer_norm_eps              */
    bool gated;                 /* MLP: silu(gate) · up, or gelu(up) (NeoX)  */
    bool fused_qkv;             /* one matrix for q, k and v (NeoX)          */
    bool parallel_residual;     /* use_parallel_residual (NeoX)              */
    bool tied;                  /* tie_word_embeddings                       */
    bool qkv_bias, o_bias, mlp_bias;    /* promised: then the file must have them */
    RopeConfig rope;            /* rope_theta, rope_scaling or rope_parameters;
                                   its width: partial_rotary_factor · D      */
    int bos;                    /* bos_token_id, -1: none                    */
    int eos[CONFIG_EOS];        /* eos_token_id: a number or a list          */
    int eos_count;
} Config;

/* From the root object of config.json. Errors: exit 3, naming the field. */
bool config_read(Config *config, const Json *root, Error *error);

#endif
