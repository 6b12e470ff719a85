/* test_weights.c - every tensor in its place, and every wrong one named */
#include "tiny.h"

static void same_data(TinyModel *m, const char *name, const void *data, int count)
{
    expect(memcmp(tiny_tensor(m, name)->data, data, (size_t)count * 4) == 0);
}

#define IN_1(part) "model.layers.1." part

TEST(every_tensor_is_in_its_place)
{
    Tiny biased = TINY;
    TinyModel m;
    const LayerWeights *w;
    const Matrix *q, *down;

    biased.biases = true;
    tiny_open(&m, &biased);
    w = &m.model.weights.layers[1];
    q = &w->q.weight, down = &w->down.weight;
    expect_int(q->rows, 24), expect_int(q->columns, 22);
    expect_int(w->k.weight.rows, 12), expect_int(w->v.weight.rows, 12);
    expect_int(w->o.weight.rows, 22), expect_int(w->o.weight.columns, 24);
    expect_int(w->gate.weight.rows, 29), expect_int(w->up.weight.rows, 29);
    expect_int(down->rows, 22), expect_int(down->columns, 29);
    same_data(&m, IN_1("input_layernorm.weight"), w->norm1, 22);
    same_data(&m, IN_1("post_attention_layernorm.weight"), w->norm2, 22);
    same_data(&m, IN_1("self_attn.q_proj.weight"), q->data, 24 * 22);
    same_data(&m, IN_1("self_attn.q_proj.bias"), w->q.bias, 24);
    same_data(&m, IN_1("self_attn.k_proj.weight"), w->k.weight.data, 12 * 22);
    same_data(&m, IN_1("self_attn.k_proj.bias"), w->k.bias, 12);
    same_data(&m, IN_1("self_attn.v_proj.weight"), w->v.weight.data, 12 * 22);
    same_data(&m, IN_1("self_attn.v_proj.bias"), w->v.bias, 12);
    same_data(&m, IN_1("self_attn.o_proj.weight"), w->o.weight.data, 22 * 24);
    same_data(&m, IN_1("self_attn.o_proj.bias"), w->o.bias, 22);
    same_data(&m, IN_1("mlp.gate_proj.weight"), w->gate.weight.data, 29 * 22);
    same_data(&m, IN_1("mlp.gate_proj.bias"), w->gate.bias, 29);
    same_data(&m, IN_1("mlp.up_proj.weight"), w->up.weight.data, 29 * 22);
    same_data(&m, IN_1("mlp.up_proj.bias"), w->up.bias, 29);
    same_data(&m, IN_1("mlp.down_proj.weight"), down->data, 22 * 29);
    same_data(&m, IN_1("mlp.down_proj.bias"), w->down.bias, 22);
    same_data(&m, "model.norm.weight", m.model.weights.norm, 22);
    same_data(&m, "model.embed_tokens.weight",
              m.model.weights.embedding.data, 37 * 22);
    same_data(&m, "lm_head.weight", m.model.weights.output.weight.data, 37 * 22);
    tiny_close(&m);
}

/* Counted by hand: layer 24·22 + 2·12·22 + 22·24 + 3·29·22 + 2·22 = 3542. */
TEST(parameters_and_bytes)
{
    Tiny tied = TINY;
    TinyModel m;

    tied.tied = true, tied.dtype = DTYPE_BF16;
    tiny_open(&m, &tied);
    expect_int(m.model.weights.parameters, 2 * 3542 + 37 * 22 + 22);
    expect_int(m.model.weights.bytes, 2 * (2 * 3542 + 37 * 22 + 22));
    expect_int(m.model.weights.format, FORMAT_BF16);
    expect(m.model.weights.output.weight.data
           == m.model.weights.embedding.data);
    tiny_close(&m);
}

/* Layers are found by number: byte-wise, 10 comes before 2. */
TEST(twelve_layers)
{
    Tiny deep = TINY;
    TinyModel m;

    deep.L = 12;
    tiny_open(&m, &deep);
    same_data(&m, "model.layers.2.mlp.up_proj.weight",
              m.model.weights.layers[2].up.weight.data, 29 * 22);
    same_data(&m, "model.layers.10.mlp.up_proj.weight",
              m.model.weights.layers[10].up.weight.data, 29 * 22);
    tiny_close(&m);
}

/* A tensor is spoilt by the caller; the engine must refuse and say both. */
static void refused(TinyModel *m, const Tiny *t, const char *name,
                    const char *also)
{
    Error error = {0};

    expect(!tiny_load(m, t, &error));
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, name) || !error_mentions(&error, also))
        test_fail(__FILE__, __LINE__, "\"%s\" lacks %s or %s", error.text, name,
                  also);
    tiny_close(m);
}

TEST(each_missing_tensor_is_named)
{
    for (int i = 0; ; i++) {
        TinyModel m;
        char name[100];

        tiny_make(&m, &TINY);
        if (i == m.count) {
            arena_free(&m.arena);
            break;
        }
        snprintf(name, sizeof name, "%s", m.tensors[i].name);
        m.tensors[i] = m.tensors[--m.count];
        refused(&m, &TINY, name, "missing");
    }
}

/* One row fewer in each tensor, then one column fewer in each matrix. */
TEST(each_wrong_shape_is_named)
{
    for (int i = 0; ; i++) {
        TinyModel m;
        Tensor *t;
        uint64_t *dim;

        tiny_make(&m, &TINY);
        if (i == 2 * m.count) {
            arena_free(&m.arena);
            break;
        }
        t = &m.tensors[i / 2];
        dim = &t->shape[i % 2 == 1 && t->rank == 2];
        t->bytes -= t->bytes / *dim;
        --*dim;
        refused(&m, &TINY, t->name, "config.json makes it");
    }
}

TEST(a_shape_is_told_in_full)
{
    TinyModel m;
    Tensor *t;

    tiny_make(&m, &TINY);
    t = tiny_tensor(&m, "model.layers.0.self_attn.k_proj.weight");
    t->shape[0] = 22, t->shape[1] = 12;                 /* turned round     */
    refused(&m, &TINY, "has shape [22, 12]",
            "[12, 22] (num_key_value_heads × head_dim by hidden_size)");
    tiny_make(&m, &TINY);
    t = tiny_tensor(&m, "model.norm.weight");
    t->rank = 2, t->shape[1] = 1;
    refused(&m, &TINY, "has shape [22, 1]", "[22] (hidden_size)");
}

TEST(number_formats_without_a_kernel_are_named)
{
    static const Dtype kinds[] = { DTYPE_F64, DTYPE_I8, DTYPE_F8_E4M3 };

    for (int i = 0; i < 3; i++) {
        TinyModel m;
        Tensor *t;
        void *wide;

        tiny_make(&m, &TINY);
        t = tiny_tensor(&m, "model.layers.1.mlp.up_proj.weight");
        wide = arena_get(&m.arena, 29 * 22 * 8);
        t->data = wide, t->dtype = kinds[i];
        t->bytes = 29 * 22 * (size_t)dtype_bits(kinds[i]) / 8;
        refused(&m, &TINY, "model.layers.1.mlp.up_proj.weight",
                dtype_name(kinds[i]));
    }
}

TEST(matrices_of_different_formats_may_stand_in_one_file)
{
    TinyModel m;
    Tensor *t;
    Error error = {0};
    uint16_t *half;

    tiny_make(&m, &TINY);
    t = tiny_tensor(&m, "model.layers.1.mlp.up_proj.weight");
    half = arena_get(&m.arena, 29 * 22 * 2);
    for (int i = 0; i < 29 * 22; i++)
        half[i] = f32_to_bf16(((const float *)t->data)[i]);
    t->data = half, t->dtype = DTYPE_BF16, t->bytes = 29 * 22 * 2;
    expect_ok(tiny_load(&m, &TINY, &error), &error);
    expect_int(m.model.weights.layers[1].up.weight.format, FORMAT_BF16);
    expect_int(m.model.weights.layers[0].up.weight.format, FORMAT_F32);
    expect_int(m.model.weights.format, FORMAT_F32);
    tiny_close(&m);
}

TEST(what_nobody_uses_is_named)
{
    static const char *const names[] = {
        "model.layers.2.mlp.up_proj.weight",        /* a layer too many     */
        "model.layers.0.self_attn.q_norm.weight",   /* another architecture */
        "model.layers.0.input_layernorm.bias", "lm_head.bias", "x",
        "model.layers.00.mlp.up_proj.weight",
    };

    for (int i = 0; i < 6; i++) {
        TinyModel m;

        tiny_make(&m, &TINY);
        tiny_add(&m, names[i], 3, 2, DTYPE_F32);
        refused(&m, &TINY, names[i], "[3, 2]");
    }
}

TEST(two_kinds_of_tensor_may_be_left_over)
{
    Tiny tied = TINY;
    TinyModel m;
    Error error = {0};

    tied.tied = true;
    tiny_make(&m, &tied);
    tiny_add(&m, "model.layers.0.self_attn.rotary_emb.inv_freq", 3, 0, DTYPE_F32);
    tiny_add(&m, "lm_head.weight", 37, 22, DTYPE_F32);
    expect_ok(tiny_load(&m, &tied, &error), &error);
    expect(strstr(m.model.weights.note, "lm_head.weight") != NULL);
    expect_int(m.model.weights.parameters, 2 * 3542 + 37 * 22 + 22);
    expect(m.model.weights.output.weight.data
           == m.model.weights.embedding.data);
    tiny_close(&m);
}

const Test weights_tests[] = {
    { "every tensor is in its place", every_tensor_is_in_its_place },
    { "parameters and bytes", parameters_and_bytes },
    { "twelve layers", twelve_layers },
    { "each missing tensor is named", each_missing_tensor_is_named },
    { "each wrong shape is named", each_wrong_shape_is_named },
    { "a shape is told in full", a_shape_is_told_in_full },
    { "number formats without a kernel are named",
      number_formats_without_a_kernel_are_named },
    { "matrices of different formats may stand in one file",
      matrices_of_different_formats_may_stand_in_one_file },
    { "what nobody uses is named", what_nobody_uses_is_named },
    { "two kinds of tensor may be left over",
      two_kinds_of_tensor_may_be_left_over },
    { NULL, NULL },
};
