/* test_quantized.c - a stored quantized model: the bytes that the essay of
 * weights-tools/quantize.c promises, the same logits as --quantize at load, or an Error */
#include "cli/child.h"

#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/place.h"
#include "decode/modeldir.h"
#include "files/safetensors_write.h"
#include "model/quantize.h"
#include "numbers/halffloat.h"

static const char *const families[] = { "storyteller", "storyteller-draft",
                                        "storyteller-neox", "storyteller-stablelm" };
static const char *const formats[] = { "int8", "int4" };

static Error error;

static const char *source(const char *family)
{
    static char path[100];

    snprintf(path, sizeof path, "models/%s", family);
    return path;
}

/* The tool's folder of a model of the clone, made in this test. Owner: nobody. */
static const char *made(const char *family, const char *format)
{
    char name[100];
    const char *folder;

    snprintf(name, sizeof name, "%s-%s", family, format);
    folder = strdup(test_scratch(name));
    fine(tool("quantize", source(family), folder, "--quantize", format));
    return folder;
}

static char *content(const char *folder, const char *name, size_t *length)
{
    char path[400];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return test_read(path, length);
}

static void refused(Result r, int code, const char *words)
{
    if (r.code != code || strstr(r.err, words) == NULL)
        test_fail(__FILE__, __LINE__, "exit %d, not %d with \"%s\": %s", r.code, code,
                  words, r.err);
}

/* Names around path that begin with path's own: it, and leftovers. */
static int beside(const char *path)
{
    const char *name = strrchr(path, '/') + 1;
    char folder[400];
    Arena arena = {0};
    int count = 0, found = 0;
    const char **names;

    snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    names = place_names(folder, &arena, &count);
    for (int i = 0; i < count; i++)
        found += strncmp(names[i], name, strlen(name)) == 0;
    arena_free(&arena);
    return found;
}

/* ---- it runs, and gives the same bits */

static const char *hash_of(const char *model, const char *format)
{
    char *out = fine(run("logits", "--model", model, "--quantize", format, "--text",
                         "Once upon a time there was a king", "--all"));
    char *hash = strstr(out, "hash ");

    expect(hash != NULL && strlen(hash) > 10);
    return hash;
}

TEST(stored_or_made_at_load)
{
    for (int i = 0; i < 8; i++) {
        const char *family = families[i / 2], *format = formats[i % 2];

        expect_text(hash_of(made(family, format), "none"), hash_of(source(family), format));
    }
}

/* Every matrix points into the file: nothing is copied. */
TEST(mapped_not_copied)
{
    for (int i = 0; i < 8; i++) {
        Matrix *all[100];
        ModelDir dir;
        Model model;
        int n;

        expect_ok(modeldir_open(&dir, made(families[i / 2], formats[i % 2]), MODELDIR_ALL,
                                &error), &error);
        expect_ok(model_load(&model, dir.config.root, &dir.file, &error), &error);
        expect(model.weights.blocks == NULL);
        expect_int(model.weights.format, i % 2 == 0 ? FORMAT_INT8 : FORMAT_INT4);
        n = model_matrices(all, &model);
        for (int m = 0; m < n; m++) {
            const unsigned char *data = all[m]->data;

            expect(all[m]->format >= FORMAT_FLOATS && data >= dir.file.files[0].bytes
                   && data + matrix_bytes(all[m])
                      <= dir.file.files[0].bytes + dir.file.files[0].size);
        }
        model_free(&model), modeldir_close(&dir);
    }
}

TEST(threads_change_no_byte)
{
    const char *one = strdup(test_scratch("one")), *seven = strdup(test_scratch("seven"));
    size_t n, m;
    char *a, *b;

    fine(tool("quantize", source("storyteller"), one, "--quantize=int4", "--threads", "1"));
    fine(tool("quantize", source("storyteller"), seven, "--quantize=int4", "--threads", "7"));
    a = content(one, "model.safetensors", &n), b = content(seven, "model.safetensors", &m);
    expect(n == m && memcmp(a, b, n) == 0);
}

/* ---- byte by byte */

/* Code k of row r in a group's block, as the essay says. */
static int code_at(const unsigned char *block, bool int8, int r, int k)
{
    if (int8)
        return (signed char)block[16 + 32 * (k / 4) + 4 * r + k % 4];
    return k < 16 ? (block[16 + 32 * (k / 4) + 4 * r + k % 4] & 15) - 8
                  : (block[16 + 32 * ((k - 16) / 4) + 4 * r + k % 4] >> 4) - 8;
}

/* Each number is near the source's: half a step, and what rounding a scale to f16 moves
 * the last code by; int4 may cut its largest off by up to 9.5 / 8. Rows beyond the last
 * are noughts. A wrong place would be many steps away. */
static void check_tensor(const Tensor *t, const Tensor *from)
{
    bool int8 = t->shape[2] == 272;
    int rows = (int)from->shape[0], columns = (int)from->shape[1];
    int groups = (int)t->shape[0], blocks = (int)t->shape[1];
    double most = int8 ? 0.5 + 127.0 / 2048 + 1e-3 : 2;
    float *x = malloc((size_t)rows * (size_t)columns * sizeof *x);

    expect(t->dtype == DTYPE_U8 && t->rank == 3 && (int8 || t->shape[2] == 144));
    expect(groups == (rows + 7) / 8 && blocks * 32 == columns);
    tensor_to_f32(x, from->data, from->dtype, (size_t)rows * (size_t)columns);
    for (int o = 0; o < groups * 8; o++)
        for (int c = 0; c < columns; c++) {
            const unsigned char *block = (const unsigned char *)t->data
                + (size_t)(o / 8 * blocks + c / 32) * t->shape[2];
            int r = o % 8, code = code_at(block, int8, r, c % 32);
            double d = (double)f16_to_f32((uint16_t)(block[2 * r] | block[2 * r + 1] << 8));

            if (o >= rows)
                expect(d == 0 && code == 0);
            else if (fabs(d * code - (double)row(x, o, columns)[c]) > most * fabs(d))
                test_fail(__FILE__, __LINE__, "%s[%d, %d]: %g, not %g", t->name, o, c,
                          d * code, (double)row(x, o, columns)[c]);
        }
    free(x);
}

TEST(byte_by_byte)
{
    for (int i = 0; i < 8; i++) {
        Safetensors a, b;
        int quantized = 0;

        expect_ok(safetensors_open(&a, source(families[i / 2]), &error), &error);
        expect_ok(safetensors_open(&b, made(families[i / 2], formats[i % 2]), &error),
                  &error);
        expect_int(b.count, a.count);
        for (int j = 0; j < b.count; j++) {
            const Tensor *t = &b.tensors[j], *from = safetensors_find(&a, t->name);

            expect(from != NULL);
            if (from->rank == 2)
                check_tensor(t, from), quantized++;
            else
                expect(t->dtype == from->dtype && t->bytes == from->bytes
                       && memcmp(t->data, from->data, t->bytes) == 0);
        }
        expect(quantized > 10);
        safetensors_close(&a), safetensors_close(&b);
    }
}

TEST(metadata_config_and_companions)
{
    const char *folder = made("storyteller", "int4");
    size_t n, m;
    char *now = content(folder, "config.json", &n), *begin;
    char *then = content(source("storyteller"), "config.json", &m);
    const char *line = "\n  \"quantization_config\": {\"quant_method\": \"billion-llm\", "
                       "\"version\": 1, \"bits\": 4},";
    Safetensors st;

    begin = strstr(now, line);
    expect(begin != NULL);
    memmove(begin, begin + strlen(line), strlen(begin + strlen(line)) + 1);
    expect_text(now, then);
    now = content(folder, "tokenizer.json", &n);
    then = content(source("storyteller"), "tokenizer.json", &m);
    expect(n == m && memcmp(now, then, n) == 0);
    content(folder, "tokenizer_config.json", &n);
    content(folder, "generation_config.json", &n);
    expect_ok(safetensors_open(&st, folder, &error), &error);
    expect_int(st.metadata_count, 2);
    expect_text(st.metadata[0], "format"), expect_text(st.metadata[1], "billion-llm");
    expect_text(st.metadata[2], "quantized");
    expect_text(st.metadata[3], "billion-llm int4 v1");
    safetensors_close(&st);
}

/* ---- what is refused leaves nothing */

/* A folder with this config and these tensors, and the storyteller's tokenizer. */
static const char *folder_of(const char *name, const char *config, const Tensor *tensors,
                             int count)
{
    const char *folder = strdup(test_scratch(name));
    char path[400];
    size_t n;
    char *tokenizer = content(source("storyteller"), "tokenizer.json", &n);

    expect(mkdir(folder, 0700) == 0 || errno == EEXIST);
    snprintf(path, sizeof path, "%s/config.json", folder);
    test_write(path, config, strlen(config));
    snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    test_write(path, tokenizer, n);
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    expect_ok(safetensors_write(path, tensors, count, NULL, 0, &error), &error);
    return folder;
}

TEST(twice)
{
    for (int i = 0; i < 2; i++) {
        const char *first = made("storyteller-draft", formats[i]);
        const char *second = strdup(test_scratch("second"));

        for (int k = 0; k < 2; k++) {
            refused(tool("quantize", first, second, "--quantize", formats[k]), 3,
                    "already");
            expect_int(beside(second), 0);
            refused(run("logits", "--model", first, "--text", "x", "--quantize",
                        formats[k]), 3, "already");
        }
    }
}

/* Weights quantized by others, and by a version that is not known yet. */
TEST(other_quantizations)
{
    static const struct { const char *field, *words; } cases[] = {
        { "{\"quant_method\":\"gptq\",\"bits\":4}", "gptq" },
        { "{\"bits\":4}", "others" }, { "7", "others" }, { "\"billion-llm\"", "others" },
        { "{\"quant_method\":\"billion-llm\",\"version\":2}", "version" },
        { "{\"quant_method\":\"billion-llm\"}", "version" },
    };
    char *config = content(source("storyteller"), "config.json", NULL);
    Safetensors st;

    expect_ok(safetensors_open(&st, source("storyteller"), &error), &error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[4000];

        snprintf(text, sizeof text, "{\"quantization_config\":%s,%s", cases[i].field,
                 strchr(config, '{') + 1);
        refused(run("logits", "--text", "x", "--model",
                    folder_of("other", text, st.tensors, st.count)), 3, cases[i].words);
    }
    safetensors_close(&st);
}

TEST(refusals)
{
    const char *to = strdup(test_scratch("never")), *full = strdup(test_scratch("full"));
    static const char *const odd = "{\"architectures\":[\"LlamaForCausalLM\"],"
        "\"vocab_size\":300,\"hidden_size\":24,\"num_hidden_layers\":1,"
        "\"num_attention_heads\":2,\"intermediate_size\":20,\"rms_norm_eps\":1e-5,"
        "\"max_position_embeddings\":64,\"hidden_act\":\"silu\"}";
    const char *made_of = strdup(test_scratch("odd"));

    refused(tool("quantize", "models/storyteller"), 2, "takes MODEL FOLDER");
    refused(tool("quantize", "models/storyteller", to), 2, "say --quantize int8");
    refused(tool("quantize", "no/such/model", to, "--quantize=int4"), 2, "no/such/model");
    expect(mkdir(full, 0700) == 0);
    test_write(test_scratch("full/file"), "x", 1);
    refused(tool("quantize", "models/storyteller", full, "--quantize=int4"), 3, "holds 1");
    test_write(test_scratch("odd.json"), odd, strlen(odd));
    fine(tool("synthesize", test_scratch("odd.json"), made_of));
    refused(tool("quantize", made_of, to, "--quantize", "int8"), 3, "nothing to quantize");
    expect_int(beside(to), 0);
}

/* No file may be longer than 8 KB: as on a disk that gets full. */
TEST(full_disk)
{
    const char *to = strdup(test_scratch("small"));
    struct rlimit limit = { 8192, 8192 };

    signal(SIGXFSZ, SIG_DFL);
    expect(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    refused(tool("quantize", "models/storyteller-draft", to, "--quantize=int8"), 5, "small");
    expect_int(beside(to), 0);
}

/* A model large enough to be stopped in the middle. */
TEST(ctrl_c_leaves_nothing)
{
    static const char *const shape = "{\"architectures\":[\"LlamaForCausalLM\"],"
        "\"vocab_size\":20000,\"hidden_size\":512,\"num_hidden_layers\":8,"
        "\"num_attention_heads\":8,\"intermediate_size\":2048,\"rms_norm_eps\":1e-5,"
        "\"max_position_embeddings\":64,\"hidden_act\":\"silu\"}";
    const char *large = strdup(test_scratch("large")), *to = strdup(test_scratch("stopped"));
    const char *const args[] = { large, to, "--threads", "1", "--quantize", "int4", NULL };
    char part[300];
    pid_t child;

    test_write(test_scratch("large.json"), shape, strlen(shape));
    fine(tool("synthesize", test_scratch("large.json"), large));
    child_tool = "quantize";
    child = child_start(args, "/dev/null", "/dev/null", "/dev/null");
    snprintf(part, sizeof part, "%s.%ld.part", to, (long)child);
    for (int i = 0; i < 30000 && !path_is_there(part); i++)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    expect(path_is_there(part));
    kill(child, SIGINT);
    expect_int(child_wait(child), 130);
    expect_int(beside(to), 0);
}

/* ---- files that are not as they should be */

enum { SPOILT = 60 };               /* tensors of the storyteller, and room  */

/* Is the file with this one tensor instead refused, and the tensor named? */
static void spoilt(const char *config, const Safetensors *good, const char *name,
                   Tensor bad, bool legal)
{
    static int number;
    char folder[40];
    Tensor all[SPOILT];
    uint64_t bytes;
    ModelDir dir;
    Model model;

    expect(good->count <= SPOILT && tensor_bytes(&bytes, bad.shape, bad.rank, bad.dtype));
    memcpy(all, good->tensors, (size_t)good->count * sizeof *all);
    bad.name = name, bad.bytes = (size_t)bytes;
    bad.data = calloc(bad.bytes + 1, 1);
    for (int i = 0; i < good->count; i++)
        if (strcmp(all[i].name, name) == 0)
            all[i] = bad;
    snprintf(folder, sizeof folder, "spoilt%d", number++);
    expect_ok(modeldir_open(&dir, folder_of(folder, config, all, good->count),
                            MODELDIR_WEIGHTS, &error), &error);
    if (model_load(&model, dir.config.root, &dir.file, &error) != legal)
        test_fail(__FILE__, __LINE__, "a tensor with dimensions %llu, %llu, %llu",
                  (unsigned long long)bad.shape[0], (unsigned long long)bad.shape[1],
                  (unsigned long long)bad.shape[2]);
    if (legal)
        model_free(&model);
    else
        expect(error.code == EXIT_INPUT && error_mentions(&error, name));
    modeldir_close(&dir);
}

/* up_proj of the storyteller: [512, 192], so 64 groups of 6 blocks. */
TEST(wrong_shapes)
{
    static const struct { Dtype dtype; int rank; uint64_t shape[4]; bool legal; } cases[] = {
        { DTYPE_U8, 3, { 64, 6, 144 }, true }, { DTYPE_U8, 3, { 64, 6, 272 }, true },
        { DTYPE_U8, 3, { 64, 6, 143 }, false }, { DTYPE_U8, 3, { 64, 6, 145 }, false },
        { DTYPE_U8, 3, { 64, 6, 0 }, false }, { DTYPE_U8, 3, { 63, 6, 144 }, false },
        { DTYPE_U8, 3, { 65, 6, 144 }, false }, { DTYPE_U8, 3, { 64, 5, 144 }, false },
        { DTYPE_U8, 3, { 6, 64, 144 }, false }, { DTYPE_U8, 3, { 512, 192, 1 }, false },
        { DTYPE_U8, 2, { 512, 192 }, false }, { DTYPE_U8, 2, { 64, 864 }, false },
        { DTYPE_U8, 1, { 55296 }, false }, { DTYPE_U8, 4, { 64, 6, 144, 1 }, false },
        { DTYPE_I8, 3, { 64, 6, 272 }, false }, { DTYPE_BF16, 3, { 64, 6, 144 }, false },
        { DTYPE_BF16, 2, { 512, 192 }, true },
    };
    const char *folder = made("storyteller", "int4");
    char *config = content(folder, "config.json", NULL);
    Safetensors good;

    expect_ok(safetensors_open(&good, folder, &error), &error);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Tensor bad = { .dtype = cases[i].dtype, .rank = cases[i].rank };

        memcpy(bad.shape, cases[i].shape, sizeof cases[i].shape);
        spoilt(config, &good, "model.layers.3.mlp.up_proj.weight", bad, cases[i].legal);
    }
    /* A norm is no matrix: blocks are nothing for it. */
    spoilt(config, &good, "model.layers.3.input_layernorm.weight",
           (Tensor){ .dtype = DTYPE_U8, .rank = 3, .shape = { 24, 1, 144 } }, false);
    safetensors_close(&good);
}

/* int8, int4 and BF16 side by side: each matrix says for itself what it is. */
TEST(mixed_formats)
{
    const char *eight = made("storyteller", "int8"), *four = made("storyteller", "int4");
    char *config = content(four, "config.json", NULL);
    Safetensors st[3];
    Tensor all[SPOILT];

    expect_ok(safetensors_open(&st[0], eight, &error), &error);
    expect_ok(safetensors_open(&st[1], four, &error), &error);
    expect_ok(safetensors_open(&st[2], source("storyteller"), &error), &error);
    for (int i = 0; i < st[0].count; i++)
        all[i] = st[i % 3].tensors[i];
    fine(run("generate", "--prompt", "Once", "-n", "5", "--model",
             folder_of("mixed", config, all, st[0].count)));
    for (int i = 0; i < 3; i++)
        safetensors_close(&st[i]);
}

/* Shorter than its header says, at any place. */
TEST(truncated)
{
    const char *folder = made("storyteller-draft", "int4");
    char path[400];
    size_t length;
    char *bytes = content(folder, "model.safetensors", &length);

    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    for (int i = 0; i < 12; i++) {
        Safetensors st;

        test_write(path, bytes, i < 4 ? length - 1 - (size_t)i : length * (size_t)i / 13);
        if (safetensors_open(&st, path, &error))
            test_fail(__FILE__, __LINE__, "cut at part %d", i);
        expect_int(error.code, EXIT_INPUT);
    }
}

/* Any bytes at all in the blocks: an Error or numbers, and the same whatever the
 * kernels. -128, which encode.c never writes, and scales that are NaN. */
TEST(any_bytes)
{
    static const unsigned char filling[] = { 0xFF, 0x80, 0x7F, 0x00, 0x7C };
    const char *folder = made("storyteller", "int8");
    char *config = content(folder, "config.json", NULL);
    Safetensors st;
    Tensor all[SPOILT];

    expect_ok(safetensors_open(&st, folder, &error), &error);
    for (size_t i = 0; i < sizeof filling; i++) {
        Result plain, vectors;
        const char *to;

        for (int j = 0; j < st.count; j++) {
            all[j] = st.tensors[j];
            if (strstr(all[j].name, "layers.2.mlp") != NULL)
                all[j].data = memset(malloc(all[j].bytes), filling[i], all[j].bytes);
        }
        to = folder_of("filled", config, all, st.count);
        plain = run("logits", "--model", to, "--text", "a b c", "--all", "--kernels=plain");
        vectors = run("logits", "--model", to, "--text", "a b c", "--all");
        expect_int(plain.code, vectors.code);
        expect(plain.code == 0 || (plain.code == 3
                                   && strstr(plain.err, "finite") != NULL));
        expect_text(plain.out, vectors.out);
    }
    safetensors_close(&st);
}

const Test quantized_tests[] = {
    { "stored, or made at load: the same bits", stored_or_made_at_load },
    { "mapped, not copied", mapped_not_copied },
    { "threads change no byte", threads_change_no_byte },
    { "byte by byte", byte_by_byte },
    { "metadata, config.json and what lies beside", metadata_config_and_companions },
    { "quantizing twice", twice },
    { "quantized by others", other_quantizations },
    { "what is refused leaves nothing", refusals },
    { "a full disk leaves nothing", full_disk },
    { "Ctrl-C leaves nothing", ctrl_c_leaves_nothing },
    { "wrong shapes name their tensor", wrong_shapes },
    { "formats side by side", mixed_formats },
    { "truncated files", truncated },
    { "any bytes in the blocks", any_bytes },
    { NULL, NULL },
};
