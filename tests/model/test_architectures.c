/* test_architectures.c - StableLM's and GPT-NeoX's files: every tensor in its place */
#include "tiny.h"

/* E 12, H 2, D 6, F 20, V 11, 2 layers; R = a third of D. */
#define SIZES "\"vocab_size\":11,\"hidden_size\":12,\"num_hidden_layers\":2,"        \
              "\"num_attention_heads\":2,\"intermediate_size\":20,"                   \
              "\"max_position_embeddings\":64,\"layer_norm_eps\":1e-3"
#define NEOX "{\"architectures\":[\"GPTNeoXForCausalLM\"],\"rotary_pct\":0.34," SIZES
#define STABLELM "{\"architectures\":[\"StableLmForCausalLM\"],"                     \
                 "\"partial_rotary_factor\":0.34," SIZES

typedef struct { const char *name; int out, in; } Named;    /* in 0: a vector   */

/* The names of the published files; %d stands for the layer. */
static const Named neox[] = {
    { "gpt_neox.embed_in.weight", 11, 12 },
    { "gpt_neox.final_layer_norm.weight", 12, 0 },
    { "gpt_neox.final_layer_norm.bias", 12, 0 },
    { "embed_out.weight", 11, 12 },
    { "gpt_neox.layers.%d.input_layernorm.weight", 12, 0 },
    { "gpt_neox.layers.%d.input_layernorm.bias", 12, 0 },
    { "gpt_neox.layers.%d.post_attention_layernorm.weight", 12, 0 },
    { "gpt_neox.layers.%d.post_attention_layernorm.bias", 12, 0 },
    { "gpt_neox.layers.%d.attention.query_key_value.weight", 36, 12 },
    { "gpt_neox.layers.%d.attention.query_key_value.bias", 36, 0 },
    { "gpt_neox.layers.%d.attention.dense.weight", 12, 12 },
    { "gpt_neox.layers.%d.attention.dense.bias", 12, 0 },
    { "gpt_neox.layers.%d.mlp.dense_h_to_4h.weight", 20, 12 },
    { "gpt_neox.layers.%d.mlp.dense_h_to_4h.bias", 20, 0 },
    { "gpt_neox.layers.%d.mlp.dense_4h_to_h.weight", 12, 20 },
    { "gpt_neox.layers.%d.mlp.dense_4h_to_h.bias", 12, 0 },
    { NULL, 0, 0 },
};

static const Named stablelm[] = {
    { "model.embed_tokens.weight", 11, 12 },
    { "model.norm.weight", 12, 0 },
    { "model.norm.bias", 12, 0 },
    { "lm_head.weight", 11, 12 },
    { "model.layers.%d.input_layernorm.weight", 12, 0 },
    { "model.layers.%d.input_layernorm.bias", 12, 0 },
    { "model.layers.%d.post_attention_layernorm.weight", 12, 0 },
    { "model.layers.%d.post_attention_layernorm.bias", 12, 0 },
    { "model.layers.%d.self_attn.q_proj.weight", 12, 12 },
    { "model.layers.%d.self_attn.q_proj.bias", 12, 0 },
    { "model.layers.%d.self_attn.k_proj.weight", 12, 12 },
    { "model.layers.%d.self_attn.k_proj.bias", 12, 0 },
    { "model.layers.%d.self_attn.v_proj.weight", 12, 12 },
    { "model.layers.%d.self_attn.v_proj.bias", 12, 0 },
    { "model.layers.%d.self_attn.o_proj.weight", 12, 12 },
    { "model.layers.%d.mlp.gate_proj.weight", 20, 12 },
    { "model.layers.%d.mlp.up_proj.weight", 20, 12 },
    { "model.layers.%d.mlp.down_proj.weight", 12, 20 },
    { NULL, 0, 0 },
};

/* All tensors of such a file, random. */
static void make(TinyModel *m, const Named *names)
{
    char name[100];

    *m = (TinyModel){0};
    for (; names->name != NULL; names++)
        for (int l = 0; l < (strchr(names->name, '%') != NULL ? 2 : 1); l++) {
            snprintf(name, sizeof name, names->name, l);
            tiny_add(m, name, names->out, names->in, DTYPE_F32);
        }
}

static bool load(TinyModel *m, const char *config, Error *error)
{
    const char *path = test_scratch("architecture.safetensors");

    json_free(&m->config);
    expect_ok(json_parse(&m->config, config, strlen(config), JSON_UNIQUE, JSON_DEPTH,
                         error), error);
    expect_ok(safetensors_write(path, m->tensors, m->count, NULL, 0, error), error);
    expect_ok(safetensors_open(&m->file, path, error), error);
    return model_load(&m->model, m->config.root, &m->file, error);
}

static void refused(TinyModel *m, const char *config, const char *name)
{
    Error error = {0};

    expect(!load(m, config, &error));
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, name))
        test_fail(__FILE__, __LINE__, "\"%s\" lacks %s", error.text, name);
    safetensors_close(&m->file);
}

static void same(TinyModel *m, const char *name, const void *data)
{
    const Tensor *tensor = tiny_tensor(m, name);

    expect(data != NULL && memcmp(tensor->data, data, tensor->bytes) == 0);
}

#define OF(part) "gpt_neox.layers.1." part

TEST(neox_tensors_are_in_their_places)
{
    TinyModel m;
    Error error = {0};
    const LayerWeights *w;
    const Weights *all = &m.model.weights;

    make(&m, neox);
    expect_ok(load(&m, NEOX "}", &error), &error);
    w = &all->layers[1];
    same(&m, "gpt_neox.embed_in.weight", all->embedding.data);
    same(&m, "embed_out.weight", all->output.weight.data);
    same(&m, "gpt_neox.final_layer_norm.weight", all->norm);
    same(&m, "gpt_neox.final_layer_norm.bias", all->norm_bias);
    same(&m, OF("input_layernorm.weight"), w->norm1);
    same(&m, OF("input_layernorm.bias"), w->norm1_bias);
    same(&m, OF("post_attention_layernorm.weight"), w->norm2);
    same(&m, OF("post_attention_layernorm.bias"), w->norm2_bias);
    same(&m, OF("attention.query_key_value.weight"), w->qkv.weight.data);
    same(&m, OF("attention.query_key_value.bias"), w->qkv.bias);
    same(&m, OF("attention.dense.weight"), w->o.weight.data);
    same(&m, OF("attention.dense.bias"), w->o.bias);
    same(&m, OF("mlp.dense_h_to_4h.weight"), w->up.weight.data);
    same(&m, OF("mlp.dense_h_to_4h.bias"), w->up.bias);
    same(&m, OF("mlp.dense_4h_to_h.weight"), w->down.weight.data);
    same(&m, OF("mlp.dense_4h_to_h.bias"), w->down.bias);
    expect_int(w->qkv.weight.rows, 36), expect_int(w->up.weight.rows, 20);
    expect_int(w->down.weight.columns, 20);
    tiny_close(&m);
}

#undef OF
#define OF(part) "model.layers.1." part

TEST(stablelm_tensors_are_in_their_places)
{
    TinyModel m;
    Error error = {0};
    const LayerWeights *w;

    make(&m, stablelm);
    expect_ok(load(&m, STABLELM "}", &error), &error);
    w = &m.model.weights.layers[1];
    same(&m, "model.norm.bias", m.model.weights.norm_bias);
    same(&m, OF("input_layernorm.bias"), w->norm1_bias);
    same(&m, OF("post_attention_layernorm.bias"), w->norm2_bias);
    same(&m, OF("self_attn.q_proj.bias"), w->q.bias);
    same(&m, OF("self_attn.k_proj.bias"), w->k.bias);
    same(&m, OF("self_attn.v_proj.bias"), w->v.bias);
    same(&m, OF("mlp.gate_proj.weight"), w->gate.weight.data);
    expect(w->o.bias == NULL && w->up.bias == NULL);
    tiny_close(&m);
}

/* A bias that the config does not promise, and any norm's; all else is needed. */
TEST(only_some_biases_may_be_missing)
{
    static const struct {
        const Named *names;
        const char *config, *optional[2];
    } kinds[] = {
        { neox, NEOX "}", { "norm.bias", "norm.bias" } },
        { neox, NEOX ",\"attention_bias\":false}", { "norm.bias", "attention." } },
        { stablelm, STABLELM "}", { "norm.bias", "_proj.bias" } },
        { stablelm, STABLELM ",\"use_qkv_bias\":true}", { "norm.bias", "norm.bias" } },
    };

    for (int k = 0; k < 4; k++)
        for (int i = 0, count = 1; i < count; i++) {
            TinyModel m;
            Error error = {0};
            char name[100];

            make(&m, kinds[k].names);
            count = m.count;
            snprintf(name, sizeof name, "%s", m.tensors[i].name);
            m.tensors[i] = m.tensors[--m.count];
            if (strstr(name, ".bias") == NULL
                || (strstr(name, kinds[k].optional[0]) == NULL
                    && strstr(name, kinds[k].optional[1]) == NULL)) {
                refused(&m, kinds[k].config, name);
            } else {
                expect_ok(load(&m, kinds[k].config, &error), &error);
                model_free(&m.model), safetensors_close(&m.file);
            }
            json_free(&m.config), arena_free(&m.arena);
        }
}

/* Three kinds of buffer, 48 in Pythia-1B; a real bias that nobody wants is refused. */
TEST(buffers_are_no_weights)
{
    static uint8_t mask[4] = { 1, 0, 1, 1 };
    static float minus = -1e9f;
    TinyModel m;
    Error error = {0};
    uint64_t parameters;

    make(&m, neox);
    expect_ok(load(&m, NEOX "}", &error), &error);
    parameters = m.model.weights.parameters;
    model_free(&m.model), safetensors_close(&m.file);
    for (int l = 0; l < 2; l++) {
        char name[100];

        snprintf(name, sizeof name, "gpt_neox.layers.%d.attention.bias", l);
        m.tensors[m.count++] = (Tensor){ .dtype = DTYPE_U8, .rank = 4,
            .name = arena_text(&m.arena, name, strlen(name)),
            .shape = { 1, 1, 2, 2 }, .data = mask, .bytes = 4 };
        snprintf(name, sizeof name, "gpt_neox.layers.%d.attention.masked_bias", l);
        m.tensors[m.count++] = (Tensor){ .dtype = DTYPE_F32, .rank = 0,
            .name = arena_text(&m.arena, name, strlen(name)), .data = (void *)&minus,
            .bytes = 4 };
        snprintf(name, sizeof name, "gpt_neox.layers.%d.attention.rotary_emb.inv_freq", l);
        tiny_add(&m, name, 3, 0, DTYPE_F32);
    }
    expect_ok(load(&m, NEOX "}", &error), &error);
    expect_int(m.model.weights.parameters, parameters);
    model_free(&m.model), safetensors_close(&m.file);
    tiny_add(&m, "gpt_neox.layers.0.attention.key.bias", 12, 0, DTYPE_F32);
    refused(&m, NEOX "}", "gpt_neox.layers.0.attention.key.bias");
    json_free(&m.config), arena_free(&m.arena);
}

static Config config_of(const char *text)
{
    JsonDocument document;
    Config config;
    Error error = {0};

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, JSON_DEPTH,
                         &error), &error);
    expect_ok(config_read(&config, document.root, &error), &error);
    json_free(&document);
    return config;
}

static void config_refused(const char *text, const char *name)
{
    JsonDocument document;
    Config config;
    Error error = {0};

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, JSON_DEPTH,
                         &error), &error);
    expect(!config_read(&config, document.root, &error));
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, name) || !error_mentions(&error, "config.json"))
        test_fail(__FILE__, __LINE__, "\"%s\" lacks %s", error.text, name);
    json_free(&document);
}

TEST(the_fields_of_both)
{
    Config c = config_of(NEOX ",\"rotary_emb_base\":500}");

    expect(c.norm == NORM_LAYER && !c.gated && c.fused_qkv && c.parallel_residual);
    expect(c.qkv_bias && c.o_bias && c.mlp_bias && !c.tied);
    expect_int(c.rope.width, 2), expect_int(c.D, 6), expect_int(c.K, 2);
    expect_close((double)c.rope.theta, 500, 0);
    expect_close((double)c.epsilon, 1e-3, 1e-9);
    c = config_of(NEOX ",\"use_parallel_residual\":false,\"attention_bias\":false}");
    expect(!c.parallel_residual && !c.qkv_bias && !c.o_bias && c.mlp_bias);
    c = config_of(STABLELM ",\"use_qkv_bias\":true,\"rope_theta\":77}");
    expect(c.norm == NORM_LAYER && c.gated && !c.fused_qkv && !c.parallel_residual);
    expect(c.qkv_bias && !c.o_bias && !c.mlp_bias);
    expect_int(c.rope.width, 2);
    expect_close((double)c.rope.theta, 77, 0);
}

/* Old files say it at the top, new ones in rope_parameters, which wins; absent it is
 * a quarter: of 8, two numbers. */
TEST(spellings_of_what_turns)
{
#define WIDE "{\"architectures\":[\"GPTNeoXForCausalLM\"],\"vocab_size\":11,"       \
    "\"hidden_size\":16,\"num_hidden_layers\":1,\"num_attention_heads\":2,"         \
    "\"intermediate_size\":20,\"max_position_embeddings\":64,\"layer_norm_eps\":1e-5"
    expect_int(config_of(WIDE "}").rope.width, 2);
    expect_int(config_of(WIDE ",\"rotary_pct\":0.5}").rope.width, 4);
    expect_int(config_of(WIDE ",\"partial_rotary_factor\":1.0}").rope.width, 8);
    expect_int(config_of(WIDE ",\"rope_parameters\":{\"partial_rotary_factor\":0.75,"
                         "\"rope_theta\":9,\"rope_type\":\"default\"}}").rope.width, 6);
    expect_int(config_of(WIDE ",\"rotary_pct\":0.5,\"rope_parameters\":"
                         "{\"partial_rotary_factor\":1}}").rope.width, 8);
    config_refused(WIDE ",\"rotary_pct\":0.4}", "rotary_pct 0.4");    /* 3 numbers */
    config_refused(WIDE ",\"rotary_pct\":0.01}", "rotary_pct 0.01");
    config_refused(WIDE ",\"rotary_pct\":0}", "rotary_pct");
    config_refused(WIDE ",\"rotary_pct\":1.5}", "rotary_pct");
    config_refused(WIDE ",\"rotary_pct\":\"all\"}", "rotary_pct");
}

TEST(what_these_two_cannot_do_is_named)
{
    config_refused(STABLELM ",\"qk_layernorm\":true}", "qk_layernorm true at byte");
    config_refused(STABLELM ",\"use_parallel_residual\":true}", "use_parallel_residual");
    config_refused(STABLELM ",\"hidden_act\":\"gelu\"}", "hidden_act gelu");
    config_refused(NEOX ",\"hidden_act\":\"gelu_fast\"}", "hidden_act gelu_fast");
    config_refused(NEOX ",\"num_key_value_heads\":1}", "num_key_value_heads 1");
    config_refused(NEOX ",\"sliding_window\":9}", "GPTNeoXForCausalLM");
    config_refused(NEOX ",\"quantization_config\":{}}", "quantization_config at byte");
    config_refused(NEOX ",\"use_parallel_residual\":1}", "use_parallel_residual");
}

/* The counts are those of the models' cards and files (config.json of each lies in
 * models/shapes); TinyLlama's header has 201 tensors, Pythia's 244 with 48 buffers. */
TEST(the_five_models_have_the_parameters_that_they_are_said_to_have)
{
    static const struct { const char *shape; uint64_t parameters; int tensors; } five[] = {
        { "tinyllama", 1100048384, 201 }, { "llama3.2-1b", 1235814400, 146 },
        { "stablelm-1.6b", 1644515328, 340 }, { "pythia-1b", 1011781632, 244 - 48 },
        { "smollm2-135m", 134515008, 272 },
    };

    for (int i = 0; i < 5; i++) {
        char path[100];
        JsonDocument document;
        Config config;
        Arena arena = {0};
        Error error = {0};
        uint64_t parameters = 0;
        int count;
        const Tensor *tensors;

        snprintf(path, sizeof path, "models/shapes/%s.json", five[i].shape);
        expect_ok(json_read_file(&document, path, JSON_UNIQUE, &error), &error);
        expect_ok(config_read(&config, document.root, &error), &error);
        tensors = weights_expected(&config, &arena, &count);
        for (int t = 0; t < count; t++)
            parameters += tensor_count(&tensors[t]);
        expect_int(count, five[i].tensors);
        expect_int((long long)parameters, (long long)five[i].parameters);
        json_free(&document), arena_free(&arena);
    }
}

const Test architectures_tests[] = {
    { "NeoX tensors are in their places", neox_tensors_are_in_their_places },
    { "StableLM tensors are in their places", stablelm_tensors_are_in_their_places },
    { "only some biases may be missing", only_some_biases_may_be_missing },
    { "buffers are no weights", buffers_are_no_weights },
    { "the fields of both", the_fields_of_both },
    { "spellings of what turns", spellings_of_what_turns },
    { "what these two cannot do is named", what_these_two_cannot_do_is_named },
    { "the five models have the parameters that they are said to have",
      the_five_models_have_the_parameters_that_they_are_said_to_have },
    { NULL, NULL },
};
