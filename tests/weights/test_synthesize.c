/* test_synthesize.c - a model of a given shape that ./run runs at once
 *
 * Numbers: test_random_weights.c; other programs' view: tests/oracle/weight_tools.py.
 */
#include "cli/child.h"

#include <sys/stat.h>
#include <time.h>

#include "base/hash.h"
#include "base/place.h"
#include "files/json.h"
#include "files/safetensors.h"

/* Each architecture as small as it goes, with room for the bytes. */
#define COMMON "\"vocab_size\":300,\"hidden_size\":32,\"num_hidden_layers\":2,"    \
               "\"num_attention_heads\":4,\"intermediate_size\":48,"               \
               "\"max_position_embeddings\":64,\"bos_token_id\":1,"                \
               "\"eos_token_id\":[2,299],"
#define LLAMA "{\n \"architectures\":[\"LlamaForCausalLM\"]," COMMON               \
    "\"num_key_value_heads\":2,\"rms_norm_eps\":1e-5,\"hidden_act\":\"silu\","     \
    "\"rope_theta\":10000.0,\"tie_word_embeddings\":false,\"extra\":\"\\\"} \","   \
    "\"torch_dtype\":\"float16\"}\n"
#define STABLELM "{\"architectures\":[\"StableLmForCausalLM\"]," COMMON            \
    "\"num_key_value_heads\":4,\"layer_norm_eps\":1e-5,\"hidden_act\":\"silu\","   \
    "\"rope_theta\":10000,\"partial_rotary_factor\":0.25,\"use_qkv_bias\":true,"   \
    "\"tie_word_embeddings\":false,\"dtype\":\"float32\"}"
#define NEOX "{\"architectures\":[\"GPTNeoXForCausalLM\"]," COMMON                 \
    "\"layer_norm_eps\":1e-5,\"hidden_act\":\"gelu\",\"rotary_emb_base\":10000,"   \
    "\"rotary_pct\":0.25,\"use_parallel_residual\":true,"                          \
    "\"tie_word_embeddings\":false}"

/* A config.json in a folder of its own; where it lies. */
static const char *config(const char *name, const char *text)
{
    static char path[300];
    const char *folder = test_scratch(name);

    expect(mkdir(folder, 0700) == 0 || errno == EEXIST);
    snprintf(path, sizeof path, "%s/config.json", folder);
    test_write(path, text, strlen(text));
    return path;
}

static char *in(const char *folder, const char *name)
{
    static char path[300];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static char *content(const char *folder, const char *name, size_t *length)
{
    return test_read(in(folder, name), length);
}

static bool same_weights(const char *a, const char *b)
{
    size_t n, m;
    char *x = content(a, "model.safetensors", &n);
    char *y = content(b, "model.safetensors", &m);

    return n == m && memcmp(x, y, n) == 0;
}

static int files_in(const char *folder)
{
    Arena arena = {0};
    int count;

    place_names(folder, &arena, &count);
    arena_free(&arena);
    return count;
}

TEST(the_same_bytes_again)
{
    const char *path = config("a", LLAMA);
    static const char *const names[] = { "one", "two", "three", "four" };
    const char *to[4], *bytes;
    size_t length;

    for (int i = 0; i < 4; i++)
        to[i] = strdup(test_scratch(names[i]));
    fine(tool("synthesize", path, to[0], "--threads", "1"));
    fine(tool("synthesize", path, to[1], "--threads", "2", "--seed", "0"));
    fine(tool("synthesize", path, to[2], "--seed", "9007199254740991"));
    fine(tool("synthesize", path, to[3], "--seed", "1"));
    expect(same_weights(to[0], to[1]));
    /* Today's bytes, checked by weight_tools.py's own computation, stay tomorrow's. */
    bytes = content(to[0], "model.safetensors", &length);
    expect(hash_bytes(HASH_START, bytes, length) == UINT64_C(0xd151406991dd2d44));
    expect(!same_weights(to[0], to[2]) && !same_weights(to[0], to[3]));
}

static void runs(const char *name, const char *text, const char *dtype, int tensors)
{
    const char *path = config(name, text);
    const char *to = strdup(test_scratch("made"));
    char counted[40];
    Safetensors st;
    Error error = {0};

    fine(tool("synthesize", path, to, "--dtype", dtype, "--shard-size", "0.03"));
    expect_ok(safetensors_open(&st, to, &error), &error);
    expect_int(st.count, tensors);
    expect(st.file_count > 2);
    for (int i = 0; i < st.count; i++)
        expect_text(dtype_name(st.tensors[i].dtype), dtype);
    safetensors_close(&st);
    snprintf(counted, sizeof counted, "\"stop\":");
    expect(strstr(fine(run("generate", "--model", to, "--prompt", "h\xC3\xA9", "-n", "20",
                           "--json")), counted) != NULL);
    for (int i = 0; i < 20; i++)        /* shards of 30 kB: fewer than 20      */
        for (int n = i; n < 20; n++) {
            char shard[60];

            snprintf(shard, sizeof shard, "model-%05d-of-%05d.safetensors", i + 1, n + 1);
            unlink(in(to, shard));
        }
    unlink(in(to, "model.safetensors.index.json"));
    unlink(in(to, "config.json"));
    unlink(in(to, "tokenizer.json"));
    expect(rmdir(to) == 0);
}

/* Tensors: 3 + 9 per layer; StableLM has 3 q/k/v biases and 2 + 1 of norms more; NeoX
 * 12 per layer, and embedding, norm with bias, output. */
TEST(every_architecture_runs)
{
    runs("llama", LLAMA, "F16", 3 + 2 * 9);
    runs("stablelm", STABLELM, "F32", 4 + 2 * 14);
    runs("neox", NEOX, "BF16", 4 + 2 * 12);
}

/* All but the number format is the given file's. */
TEST(the_config_is_the_given_one)
{
    static const char *const given[] = { LLAMA, STABLELM, NEOX };
    static const char *const from[] = { "\"float16\"", "\"float32\"", "{" };
    static const char *const to[] = { "\"bfloat16\"", "\"bfloat16\"",
                                      "{\"torch_dtype\": \"bfloat16\"," };

    for (int i = 0; i < 3; i++) {
        char name[20], want[2000];
        const char *at = strstr(given[i], from[i]), *folder;

        snprintf(name, sizeof name, "c%d", i);
        folder = strdup(test_scratch("copied"));
        fine(tool("synthesize", config(name, given[i]), folder));
        snprintf(want, sizeof want, "%.*s%s%s", (int)(at - given[i]), given[i], to[i],
                 at + strlen(from[i]));
        expect_text(content(folder, "config.json", NULL), want);
        unlink(in(folder, "model.safetensors"));
        unlink(in(folder, "tokenizer.json"));
        unlink(in(folder, "config.json"));
        expect(rmdir(folder) == 0);
    }
}

TEST(its_tokenizer)
{
    const char *to = strdup(test_scratch("bytes"));

    expect(strstr(fine(tool("synthesize", config("a", LLAMA), to, "--json")),
                  "\"tokenizer\":\"bytes\"") != NULL);
    /* bytes in the order of their numbers from id 0 on, without 1 and 2 */
    expect_text(fine(run("tokenize", "--model", to, "--text", "a \xC3\xA9<|2|>")),
                "99 34 197 171 2\n");
    expect_text(fine(run("detokenize", "--model", to, "99", "258", "298", "299")),
                "a 258 298<|299|>");
}

TEST(what_lies_beside_is_taken_along)
{
    const char *to = strdup(test_scratch("story"));
    size_t n, m;
    char *got, *want;

    fine(tool("synthesize", "models/storyteller", to, "--dtype", "F16"));
    got = content(to, "tokenizer.json", &n);
    want = content("models/storyteller", "tokenizer.json", &m);
    expect(n == m && memcmp(got, want, n) == 0);
    expect(path_is_file(in(to, "tokenizer_config.json")));
    expect(path_is_file(in(to, "generation_config.json")));
    fine(run("generate", "--model", to, "--prompt", "Once", "-n", "3"));
}

static void refuse(int code, const char *words, Result result)
{
    expect_int(result.code, code);
    if (strstr(result.err, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" is not in: %s", words, result.err);
}

TEST(what_is_refused_leaves_nothing)
{
    const char *path = config("a", LLAMA), *to = strdup(test_scratch("not"));
    const char *full = strdup(test_scratch("full"));

    expect(mkdir(full, 0700) == 0);
    test_write(in(full, "mine"), "x", 1);
    refuse(3, "holds 1 files already", tool("synthesize", path, full));
    expect(path_is_file(in(full, "mine")) && !path_is_there(in(full, "config.json")));
    refuse(2, "tinyllama", tool("synthesize", "tinylama", to));
    refuse(2, "takes SHAPE FOLDER", tool("synthesize", path));
    refuse(3, "making a folder there failed", tool("synthesize", path, in(to, "deep/er")));
    refuse(3, "not supported", tool("synthesize", config("b",
           "{\"architectures\":[\"MambaForCausalLM\"]}"), to));
    refuse(3, "\"dtype\" stands twice", tool("synthesize", config("c",
           "{\"dtype\":\"a\",\"dtype\":\"b\"," COMMON "\"x\":0}"), to));
    expect(!path_is_there(to));
}

/* 3 · 65536 · 262144 · 1000 numbers and more: some 10^14 bytes. */
TEST(a_disk_that_is_too_small)
{
    const char *to = strdup(test_scratch("huge"));
    const char *path = config("a", "{\"architectures\":[\"LlamaForCausalLM\"],"
        "\"vocab_size\":300,\"hidden_size\":65536,\"num_hidden_layers\":1000,"
        "\"num_attention_heads\":512,\"intermediate_size\":262144,"
        "\"max_position_embeddings\":64,\"rms_norm_eps\":1e-5}");

    refuse(5, "the disk has room for", tool("synthesize", path, to));
    expect(!path_is_there(to));
    expect(mkdir(to, 0700) == 0);
    refuse(5, "make room", tool("synthesize", path, to));
    expect(path_is_folder(to));
    expect_int(files_in(to), 0);
}

/* 269 MB take a second or more; the first shards of one are there at once. */
TEST(ctrl_c_leaves_nothing)
{
    const char *to = strdup(test_scratch("stopped"));
    const char *const args[] = { "smollm2-135m", to, "--shard-size", "1", NULL };
    char beside[300];
    pid_t child;

    child_tool = "synthesize";
    child = child_start(args, "/dev/null", "/dev/null", "/dev/null");
    snprintf(beside, sizeof beside, "%s.%ld.part", to, (long)child);
    for (int i = 0; i < 3000 && files_in(beside) < 6; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
    expect(files_in(beside) >= 6);
    kill(child, SIGINT);
    expect_int(child_wait(child), 130);
    expect(!path_is_there(to) && !path_is_there(beside));
}

const Test synthesize_tests[] = {
    { "the same bytes again", the_same_bytes_again },
    { "every architecture runs", every_architecture_runs },
    { "the config is the given one", the_config_is_the_given_one },
    { "its tokenizer", its_tokenizer },
    { "what lies beside is taken along", what_lies_beside_is_taken_along },
    { "what is refused leaves nothing", what_is_refused_leaves_nothing },
    { "a disk that is too small", a_disk_that_is_too_small },
    { "Ctrl-C leaves nothing", ctrl_c_leaves_nothing },
    { NULL, NULL },
};
