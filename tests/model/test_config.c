/* test_config.c - config.json: what is read, what is filled in, what is refused */
#include <stdlib.h>

#include "test.h"

#include "model/config.h"

#define BEGIN "{\"architectures\":[\"LlamaForCausalLM\"],"
#define SIZES "\"vocab_size\":2048,\"hidden_size\":192,\"num_hidden_layers\":6," \
              "\"num_attention_heads\":6,\"intermediate_size\":512,"            \
              "\"max_position_embeddings\":256,"
#define END   "\"rms_norm_eps\":1e-05}"

static bool parse(Config *config, const char *text, Error *error)
{
    JsonDocument document;
    bool ok;

    *error = (Error){0};
    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, JSON_DEPTH,
                         error), error);
    ok = config_read(config, document.root, error);
    json_free(&document);
    return ok;
}

static Config accepted(const char *text)
{
    Config config;
    Error error;

    expect_ok(parse(&config, text, &error), &error);
    return config;
}

static Config from_file(const char *path)
{
    size_t length;
    char *text = test_read(path, &length);
    Config config = accepted(text);

    free(text);
    return config;
}

TEST(storyteller)
{
    Config c = from_file("models/storyteller/config.json");

    expect_int(c.V, 2048), expect_int(c.E, 192), expect_int(c.L, 6);
    expect_int(c.H, 6), expect_int(c.K, 2), expect_int(c.D, 32);
    expect_int(c.F, 512), expect_int(c.context, 256);
    expect(c.norm == NORM_RMS && c.gated);
    expect(c.tied && !c.parallel_residual);
    expect_close(c.epsilon, 1e-5, 1e-12);
    expect_close(c.rope.theta, 10000, 0), expect_close(c.rope.factor, 1, 0);
    expect_int(c.rope.width, 32);
    expect_int(c.bos, 0), expect_int(c.eos_count, 1), expect_int(c.eos[0], 0);
}

TEST(what_is_absent_is_filled_in)
{
    Config c = accepted(BEGIN SIZES END);

    expect_int(c.K, 6), expect_int(c.D, 32);
    expect_int(c.bos, -1), expect_int(c.eos_count, 0);
    expect(!c.tied);
    expect_close(c.rope.theta, 10000, 0), expect_close(c.rope.factor, 1, 0);
    c = accepted(BEGIN SIZES "\"num_key_value_heads\":null,\"head_dim\":null,"
                 "\"eos_token_id\":null,\"bos_token_id\":null,"
                 "\"rope_scaling\":null,\"sliding_window\":null,"
                 "\"quantization_config\":null,\"tie_word_embeddings\":null," END);
    expect_int(c.K, 6), expect_int(c.D, 32), expect_int(c.bos, -1);
    c = accepted(BEGIN SIZES "\"head_dim\":20," END);
    expect_int(c.D, 20), expect_int(c.rope.width, 20);
    c = accepted(BEGIN SIZES "\"eos_token_id\":[7,2047]," END);
    expect_int(c.eos_count, 2), expect_int(c.eos[1], 2047);
}

/* Llama-3.2-1B's numbers, in every spelling that files have. */
TEST(four_spellings_of_llama3_scaling)
{
#define LLAMA3 "\"factor\":32.0,\"low_freq_factor\":1.0,"                       \
               "\"high_freq_factor\":4.0,\"original_max_position_embeddings\":8192"
    const char *texts[] = {
        BEGIN SIZES "\"rope_theta\":500000.0,\"rope_scaling\":{" LLAMA3
            ",\"rope_type\":\"llama3\"}," END,
        BEGIN SIZES "\"rope_theta\":500000.0,\"rope_scaling\":{" LLAMA3
            ",\"type\":\"llama3\"}," END,
        BEGIN SIZES "\"rope_parameters\":{" LLAMA3
            ",\"rope_type\":\"llama3\",\"rope_theta\":500000.0}," END,
        BEGIN SIZES "\"rope_theta\":1.0,\"rope_parameters\":{" LLAMA3
            ",\"rope_type\":\"llama3\",\"rope_theta\":500000.0}," END,
    };

    for (int i = 0; i < 4; i++) {
        Config c = accepted(texts[i]);

        expect_close(c.rope.theta, 500000, 0), expect_close(c.rope.factor, 32, 0);
        expect_close(c.rope.low, 1, 0), expect_close(c.rope.high, 4, 0);
        expect_int(c.rope.trained, 8192);
    }
}

static void refused(const char *text, const char *name)
{
    Config config;
    Error error;

    expect(!parse(&config, text, &error));
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, name))
        test_fail(__FILE__, __LINE__, "\"%s\" does not name %s", error.text,
                  name);
}

TEST(what_cannot_be_done_is_refused_by_name)
{
    refused("[1]", "object");
    refused("{" SIZES END, "architectures");
    refused("{\"architectures\":\"Llama\"," SIZES END, "architectures");
    refused("{\"architectures\":[]," SIZES END, "architectures");
    refused("{\"architectures\":[\"MambaForCausalLM\"]," SIZES END,
            "MambaForCausalLM");
    refused("{\"architectures\":[\"MambaForCausalLM\"]," SIZES END,
            "LlamaForCausalLM");
    refused(BEGIN SIZES "\"hidden_act\":\"gelu\"," END, "hidden_act gelu");
    refused(BEGIN SIZES "\"hidden_act\":true," END, "hidden_act");
    refused(BEGIN SIZES "\"sliding_window\":4096," END, "sliding_window");
    refused(BEGIN SIZES "\"quantization_config\":{\"bits\":4}," END,
            "quantization_config");
    refused(BEGIN SIZES "\"rope_scaling\":{\"type\":\"yarn\",\"factor\":2}," END,
            "yarn");
    refused(BEGIN SIZES "\"rope_scaling\":{\"factor\":2}," END, "rope_type");
    refused(BEGIN SIZES "\"rope_scaling\":7," END, "rope_scaling");
    refused(BEGIN SIZES "\"rope_parameters\":{\"rope_type\":\"llama3\","
            "\"factor\":2,\"low_freq_factor\":1}," END, "high_freq_factor");
    refused(BEGIN SIZES "\"tie_word_embeddings\":1," END, "tie_word_embeddings");
    refused(BEGIN SIZES "\"eos_token_id\":2048," END, "eos_token_id");
    refused(BEGIN SIZES "\"eos_token_id\":[1,-1]," END, "eos_token_id");
    refused(BEGIN SIZES "\"eos_token_id\":[1,2,3,4,5,6,7,8,9]," END,
            "eos_token_id");
    refused(BEGIN SIZES "\"bos_token_id\":\"x\"," END, "bos_token_id");
}

TEST(numbers_out_of_range_are_refused_by_name)
{
    refused(BEGIN SIZES "\"rms_norm_eps\":0}", "rms_norm_eps");
    refused(BEGIN SIZES "\"rms_norm_eps\":\"1e-5\"}", "rms_norm_eps");
    refused(BEGIN SIZES "\"rms_norm_eps\":1e-60}", "rms_norm_eps");
    refused(BEGIN SIZES "\"hidden_act\":\"silu\"}", "rms_norm_eps");
    refused(BEGIN SIZES "\"rope_theta\":-1," END, "rope_theta");
    refused(BEGIN SIZES "\"rope_theta\":1e60," END, "rope_theta");
    refused(BEGIN SIZES "\"num_key_value_heads\":4," END, "num_key_value_heads");
    refused(BEGIN SIZES "\"num_key_value_heads\":0," END, "num_key_value_heads");
    refused(BEGIN SIZES "\"head_dim\":4097," END, "head_dim");
    refused(BEGIN SIZES "\"head_dim\":-2," END, "head_dim");
    refused(BEGIN "\"vocab_size\":16777217," END, "vocab_size");
    refused(BEGIN "\"vocab_size\":20.5," END, "vocab_size");
    refused(BEGIN "\"vocab_size\":1e400," END, "vocab_size");
    refused(BEGIN "\"vocab_size\":10," END, "hidden_size");
    refused(BEGIN "\"vocab_size\":9,\"hidden_size\":10,\"num_hidden_layers\":1,"
            "\"num_attention_heads\":3,\"intermediate_size\":1,"
            "\"max_position_embeddings\":1," END, "hidden_size 10");
    refused(BEGIN "\"vocab_size\":9,\"hidden_size\":9,\"num_hidden_layers\":1,"
            "\"num_attention_heads\":4096,\"head_dim\":4096,"
            "\"intermediate_size\":1,\"max_position_embeddings\":1," END,
            "num_attention_heads 4096");
}

/* 4096 rows, the most that a pass may have (--chunk), of the widest layer that is
 * accepted are a number of ints (kernels/activation.c counts in them). */
TEST(the_widest_layer_fits_in_an_int)
{
    char text[500];
    Config c;
    Error error;
    int accepted = 0;

    for (int width = 1; width > 0 && width < 1 << 30; width *= 2) {
        snprintf(text, sizeof text, BEGIN "\"vocab_size\":9,\"hidden_size\":8,"
                 "\"num_hidden_layers\":1,\"num_attention_heads\":1,"
                 "\"intermediate_size\":%d,\"max_position_embeddings\":1," END,
                 width);
        if (parse(&c, text, &error))
            accepted = width;
    }
    expect(accepted >= 53248);              /* Llama 3.1 405B's, the widest     */
    expect(4096LL * accepted <= 2147483647);
}

/* Every field that is needed is missed when it is not there. */
TEST(missing_fields_are_named)
{
    const char *const fields[][2] = {
        { "vocab_size", "9" }, { "hidden_size", "8" },
        { "num_hidden_layers", "1" }, { "num_attention_heads", "2" },
        { "intermediate_size", "3" }, { "max_position_embeddings", "4" },
        { "rms_norm_eps", "1e-6" },
    };

    for (int left_out = 0; left_out < 7; left_out++) {
        char text[500];
        size_t used = (size_t)snprintf(text, sizeof text, BEGIN);

        for (int i = 0; i < 7; i++)
            if (i != left_out)
                used += (size_t)snprintf(text + used, sizeof text - used,
                                         "\"%s\":%s,", fields[i][0],
                                         fields[i][1]);
        snprintf(text + used, sizeof text - used, "\"x\":0}");
        refused(text, fields[left_out][0]);
    }
}

const Test config_tests[] = {
    { "storyteller", storyteller },
    { "what is absent is filled in", what_is_absent_is_filled_in },
    { "four spellings of llama3 scaling", four_spellings_of_llama3_scaling },
    { "what cannot be done is refused by name",
      what_cannot_be_done_is_refused_by_name },
    { "numbers out of range are refused by name",
      numbers_out_of_range_are_refused_by_name },
    { "missing fields are named", missing_fields_are_named },
    { "the widest layer fits in an int", the_widest_layer_fits_in_an_int },
    { NULL, NULL },
};
