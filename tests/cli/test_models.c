/* test_models.c - ./run models: what is listed, what it needs, who drafts for whom */
#include "child.h"

#include <sys/stat.h>

#include "base/mapfile.h"
#include "chapters/commands/drafts.h"
#include "chapters/lesson/modelsize.h"
#include "decode/session.h"
#include "files/json.h"

#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define OTHER  "fedcba9876543210fedcba9876543210fedcba98"
#define THIRD  "00000000000000000000000000000000000000aa"

static char root[256];
static Error error;

static const char *in_root(const char *name)
{
    static char path[4][800];
    static int next;
    char *one = path[next++ % 4];

    snprintf(one, sizeof path[0], "%s/%s", root, name);
    return one;
}

/* root/a/b/c and all above it. */
static void make_folder(const char *name)
{
    char path[800];

    snprintf(path, sizeof path, "%s/", in_root(name));
    for (char *slash = path + strlen(root); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        expect(mkdir(path, 0700) == 0 || errno == EEXIST);
        *slash = '/';
    }
}

static void make_file(const char *name, const char *text)
{
    test_write(in_root(name), text, strlen(text));
}

/* models--REPOSITORY with this revision, its files linked from models/FROM. */
static void make_revision(const char *repository, const char *ref, const char *commit,
                          const char *from)
{
    static const char *const files[] = { "config.json", "tokenizer.json",
                                         "model.safetensors" };
    char name[400], source[256], *target;

    snprintf(name, sizeof name, "models--%s/snapshots/%s", repository, commit);
    make_folder(name);
    for (size_t i = 0; from != NULL && i < sizeof files / sizeof files[0]; i++) {
        snprintf(source, sizeof source, "models/%s/%s", from, files[i]);
        snprintf(name, sizeof name, "models--%s/snapshots/%s/%s", repository, commit,
                 files[i]);
        target = realpath(source, NULL);
        expect(target != NULL && (symlink(target, in_root(name)) == 0 || errno == EEXIST));
        free(target);
    }
    if (ref == NULL)
        return;
    snprintf(name, sizeof name, "models--%s/refs/%s", repository, ref);
    *strrchr(name, '/') = '\0';
    make_folder(name);
    snprintf(name, sizeof name, "models--%s/refs/%s", repository, ref);
    make_file(name, commit);
}

static void make_cache(void)
{
    snprintf(root, sizeof root, "%s", test_scratch("models-hub"));
    make_folder("");
    make_revision("EleutherAI--pythia-1b", "main", COMMIT, "storyteller");
    make_revision("EleutherAI--pythia-1b", "step3000", OTHER, "storyteller-draft");
    make_revision("EleutherAI--pythia-1b", "refs/pr/1", OTHER, "storyteller-draft");
    make_revision("EleutherAI--pythia-1b", NULL, THIRD, "storyteller-neox");
    make_revision("alone", "main", COMMIT, "storyteller");
    make_revision("some--empty", "main", COMMIT, NULL);
    make_revision("some--other-architecture", "main", COMMIT, NULL);
    make_file("models--some--other-architecture/snapshots/" COMMIT "/config.json",
              "{\"architectures\":[\"MambaForCausalLM\"],\"model_type\":\"mamba\"}");
    make_revision("some--begun", "dev", COMMIT, NULL);
    make_folder("models--some--begun/blobs");
    make_file("models--some--begun/blobs/9f.incomplete", "");
    make_folder("models--some--first/blobs");
    make_file("models--some--first/blobs/9f.incomplete", "");
    expect(symlink(".", in_root("models--alone/refs/ring")) == 0 || errno == EEXIST);
    expect(symlink("../..", in_root("models--alone/refs/up")) == 0 || errno == EEXIST);
    make_folder("models--a--b--c");
    make_folder("datasets--a--b/refs");
    make_folder("version.txt");
}

/* What ./run models prints with that cache. */
static char *run_models(const char *option)
{
    char command[1200], *text;
    FILE *pipe;
    size_t room = 1 << 20;

    snprintf(command, sizeof command, "HF_HUB_CACHE='%s' '%s' models %s", root,
             child_program(), option);
    pipe = popen(command, "r");
    text = calloc(1, room);
    expect(pipe != NULL && text != NULL && fread(text, 1, room - 1, pipe) > 0);
    expect_int(pclose(pipe), 0);
    return text;
}

static const Json *models_of(const char *text)
{
    static JsonDocument document;

    expect_ok(json_parse(&document, text, strlen(text), JSON_UNIQUE, 100, &error), &error);
    return json_get(document.root, "models");
}

static const Json *find(const Json *models, const char *name)
{
    for (const Json *one = models->child; one != NULL; one = one->next)
        if (json_equals(json_get(one, "name"), name))
            return one;
    test_fail(__FILE__, __LINE__, "%s is not listed", name);
}

static double number(const Json *node)
{
    double value = 0;

    expect(json_number(&value, node));
    return value;
}

/* All revisions and snapshots, each by the name that --model takes. */
TEST(what_is_in_the_cache)
{
    static const char *const names[] = { "storyteller", "pythia-1b", "pythia-1b@step3000",
        "pythia-1b@refs/pr/1", ("pythia-1b@" THIRD), "alone", "some/empty", "some/begun@dev",
        "some/first", "some/other-architecture" };
    const Json *models;
    char path[HUBCACHE_PATH];
    int count = 0;

    make_cache();
    models = models_of(run_models("--json"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        find(models, names[i]);
    for (const Json *one = models->child; one != NULL; one = one->next)
        count += strncmp(json_get(one, "name")->text, "storyteller", 11) != 0;
    expect_int(count, 9);
    setenv("HF_HUB_CACHE", root, 1);
    for (size_t i = 0; i < 6; i++) {
        expect_ok(modelname_find(path, names[i], &error), &error);
        if (i > 0)
            expect_text(json_get(find(models, names[i]), "folder")->text, path);
    }
}

TEST(each_has_its_reason)
{
    static const struct { const char *name, *words; } cases[] = {
        { "some/empty", "no config.json" },
        { "some/begun@dev", "download some/begun@" COMMIT },
        { "some/first", "blobs/9f.incomplete is a part of a file; download it with: " },
        { "some/other-architecture", "neither model.safetensors nor" },
    };
    const Json *models;
    char *table;

    make_cache();
    models = models_of(run_models("--json"));
    table = run_models("");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Json *one = find(models, cases[i].name);

        expect(json_is(json_get(one, "usable"), JSON_FALSE));
        if (strstr(json_get(one, "error")->text, cases[i].words) == NULL)
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].name,
                      json_get(one, "error")->text);
        expect(strstr(table, cases[i].words) != NULL);
    }
}

/* Every line of numbers fits a terminal, and the columns stand below each other. */
TEST(the_table)
{
    char *table, *line;
    int rows = 0;

    make_cache();
    table = run_models("");
    expect(strstr(table, "\npythia-1b@refs/pr/1  Llama ") != NULL);
    expect(strstr(table, "\npythia-1b@" THIRD "\n                     GPT-NeoX ") != NULL);
    expect(strstr(table, "    draft of: ") != NULL);
    expect(strstr(table, "weights-tools/download NAME\n") != NULL);
    expect(strstr(table, "\ntinyllama            TinyLlama/TinyLlama-1.1B") != NULL);
    for (line = strtok(table, "\n"); line != NULL; line = strtok(NULL, "\n"))
        if (strstr(line, " MB ") != NULL) {
            expect(strlen(line) <= 80);
            expect(strncmp(line + 50, "MB ", 3) == 0 || strncmp(line + 50, "GB ", 3) == 0);
            rows++;
        }
    expect(rows >= 8);
}

/* Weights of 192 GB that are one hole: more than this machine has. 96.2 B times two, and
 * the logits of eight rows (15 M times 8 times 4 bytes), are 192.8 GB. */
TEST(larger_than_the_machine)
{
    static const struct { const char *name; uint64_t rows, columns; } parts[] = {
        { "model.embed_tokens", 15000000, 6400 }, { "model.norm", 6400, 0 },
        { "model.layers.0.input_layernorm", 6400, 0 },
        { "model.layers.0.post_attention_layernorm", 6400, 0 },
        { "model.layers.0.self_attn.q_proj", 6400, 6400 },
        { "model.layers.0.self_attn.k_proj", 6400, 6400 },
        { "model.layers.0.self_attn.v_proj", 6400, 6400 },
        { "model.layers.0.self_attn.o_proj", 6400, 6400 },
        { "model.layers.0.mlp.gate_proj", 64, 6400 }, { "model.layers.0.mlp.up_proj", 64, 6400 },
        { "model.layers.0.mlp.down_proj", 6400, 64 },
    };
    const char *model = "models--org--huge/snapshots/" COMMIT "/model.safetensors";
    Text file = {0};
    uint64_t at = 0, length;
    char *table;

    make_cache();
    make_revision("org--huge", "main", COMMIT, NULL);
    make_file("models--org--huge/snapshots/" COMMIT "/config.json", "{\"architectures\":"
        "[\"LlamaForCausalLM\"],\"model_type\":\"llama\",\"vocab_size\":15000000,"
        "\"hidden_size\":6400,\"num_hidden_layers\":1,\"num_attention_heads\":100,"
        "\"intermediate_size\":64,\"max_position_embeddings\":64,\"rms_norm_eps\":1e-5,"
        "\"hidden_act\":\"silu\",\"tie_word_embeddings\":true}");
    text_add(&file, "12345678", 8);             /* the length comes here     */
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        bool matrix = parts[i].columns > 0;
        uint64_t end = at + parts[i].rows * (matrix ? parts[i].columns : 1) * 2;

        text_print(&file, "%s\"%s.weight\":{\"dtype\":\"BF16\",\"shape\":[%llu%s],"
                   "\"data_offsets\":[%llu,%llu]}", i > 0 ? "," : "{", parts[i].name,
                   (unsigned long long)parts[i].rows, !matrix ? ""
                   : parts[i].columns == 64 ? ",64" : ",6400", (unsigned long long)at,
                   (unsigned long long)end);
        at = end;
    }
    text_print(&file, "}");
    length = file.length - 8;
    memcpy(file.bytes, &length, 8);
    test_write(in_root(model), file.bytes, file.length);
    if (truncate(in_root(model), (off_t)(file.length + at)) != 0
        || memory_machine() > (size_t)190e9)
        skip("a disk that takes a hole of 192 GB, or a machine with less memory");
    table = run_models("");
    if (strstr(table, "\norg/huge             Llama     96.2 B BF16    192 GB  193 GB!") == NULL
        || strstr(table, "; ! is more than that.") == NULL)
        test_fail(__FILE__, __LINE__, "%s", table);
    expect(json_is(json_get(find(models_of(run_models("--json")), "org/huge"), "fits"),
                   JSON_FALSE));
}

TEST(a_clone_without_a_cache)
{
    const Json *models = models_of(fine(run("models", "--json")));
    const Json *draft = json_get(find(models, "storyteller-draft"), "draft_of");
    const Json *one = find(models, "storyteller");
    int names = 0;

    expect_int(models->count, 4);
    expect_text(json_get(one, "architecture")->text, "LlamaForCausalLM");
    expect_text(json_get(one, "parameters")->text, "2755008");
    expect_text(json_get(one, "format")->text, "BF16");
    expect_text(json_get(one, "bytes")->text, "5510016");
    expect(json_is(json_get(one, "supported"), JSON_TRUE)
           && json_is(json_get(one, "fits"), JSON_TRUE));
    expect_int(json_get(one, "draft_of")->count, 0);        /* the largest   */
    for (const Json *name = draft->child; name != NULL; name = name->next)
        names += json_equals(name, "storyteller");
    expect(draft->count == 3 && names == 1);
}

/* What a real session of this model takes, and its weights counted by hand. */
TEST(what_a_model_needs)
{
    const Json *needed = json_get(find(models_of(fine(run("models", "--json"))),
                                       "storyteller"), "needed");
    ModelDir dir;
    Model model;
    Session s;
    double session, matrices, ends, vectors;

    expect_ok(modeldir_open(&dir, "models/storyteller", MODELDIR_WEIGHTS, &error), &error);
    expect_ok(model_load(&model, dir.config.root, &dir.file, &error), &error);
    expect_ok(session_init(&s, &model, min_int(NEED_POSITIONS, model.config.context), 256,
                           FORMAT_F16, &error), &error);
    session = (double)(s.cache.bytes + s.work.bytes);
    vectors = (2 * model.config.L + 1) * model.config.E;
    ends = (double)model.config.V * model.config.E * (model.config.tied ? 1 : 2);
    matrices = 2755008 - vectors;
    expect(number(json_get(needed, "file")) == 5510016 + session);
    expect(number(json_get(needed, "f16")) == 2 * matrices + 4 * vectors + session);
    expect(number(json_get(needed, "int8")) == matrices / 32 * 34 + 4 * vectors + session);
    expect(number(json_get(needed, "int4")) == ends / 32 * 34 + (matrices - ends) / 32 * 18
                                               + 4 * vectors + session);
    session_free(&s), model_free(&model), modeldir_close(&dir);
}

/* Models of real shapes; the bytes by hand from the table of their settings: 22 layers,
 * E 2048, F 5632, 4 of 32 heads for keys, V 32000; Pythia: 16 layers, F 8192, V 50304,
 * biases everywhere. The cache: 2 · L · K · D · 2048 tokens · 2 bytes. */
TEST(what_real_shapes_need)
{
    static const struct { const char *name; double ends, layers, vectors, cache; } cases[] = {
        { "tinyllama", 2.0 * 32000 * 2048, 22.0 * 2048 * (2 * 2048 + 2 * 256 + 3 * 5632),
          45.0 * 2048, 2.0 * 22 * 4 * 64 * 2048 * 2 },
        { "llama3.2-1b", 128256.0 * 2048, 16.0 * 2048 * (2 * 2048 + 2 * 512 + 3 * 8192),
          33.0 * 2048, 2.0 * 16 * 8 * 64 * 2048 * 2 },
        { "pythia-1b", 2.0 * 50304 * 2048, 16.0 * 2048 * (4 * 2048 + 2 * 8192),
          2.0 * 2048 + 16.0 * (4 * 2048 + 3 * 2048 + 2048 + 8192 + 2048),
          2.0 * 16 * 8 * 256 * 2048 * 2 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[HUBCACHE_PATH];
        JsonDocument document;
        Config config;
        Arena arena = {0};
        ModelSize size;
        int count;
        const Tensor *tensors;

        expect_ok(modelname_shape(path, cases[i].name, &error), &error);
        expect_ok(json_read_file(&document, path, JSON_UNIQUE, &error), &error);
        expect_ok(config_read(&config, document.root, &error), &error);
        tensors = weights_expected(&config, &arena, &count);
        size = modelsize_of(tensors, count, &config, NEED_POSITIONS);
        expect(size.cache == (size_t)cases[i].cache && size.session > size.cache);
        expect(modelsize_needed(&size, FORMAT_F16) - (double)size.session
               == 2 * (cases[i].ends + cases[i].layers) + 4 * cases[i].vectors);
        expect(modelsize_needed(&size, FORMAT_INT8) - (double)size.session
               == (cases[i].ends + cases[i].layers) / 32 * 34 + 4 * cases[i].vectors);
        /* The output has 8 bits; it is half of the ends, or all where they are one. */
        expect(modelsize_needed(&size, FORMAT_INT4) - (double)size.session
               == cases[i].ends / 32 * (config.tied ? 34 : (18 + 34) / 2)
                  + cases[i].layers / 32 * 18 + 4 * cases[i].vectors);
        arena_free(&arena), json_free(&document);
    }
}

/* A folder with this text as its tokenizer.json, as a model of some size. */
static ModelSeen model_with(const char *name, const char *text, int V, uint64_t parameters)
{
    ModelSeen seen = { .name = name, .usable = true, .supported = true, .V = V,
                       .parameters = parameters };
    char path[300];

    snprintf(path, sizeof path, "drafts-%s", name);
    snprintf(root, sizeof root, "%s", test_scratch(path));
    make_folder("");
    snprintf(path, sizeof path, "%s/tokenizer.json", root);
    if (text != NULL)
        test_write(path, text, strlen(text));
    seen.folder = strdup(root);
    return seen;
}

/* text with one part exchanged for another of the same length. */
static const char *with(const char *text, const char *part, const char *other)
{
    char *copy = strdup(text), *at = strstr(copy, part);

    expect(at != NULL && strlen(part) == strlen(other));
    memcpy(at, other, strlen(other));
    return copy;
}

TEST(drafts)
{
    const char *text = test_read("models/storyteller/tokenizer.json", NULL);
    char *spaced = calloc(1, strlen(text) + 2);
    Arena arena = {0};

    snprintf(spaced, strlen(text) + 2, "%s\n", text);
    {
        /* The same file; the same tokens in another file; padded rows; two ids changed
         * about; too many rows; no tokenizer; one that cannot be read; not run. */
        ModelSeen seen[] = {
            model_with("large", text, 2048, 9000), model_with("same", text, 2048, 100),
            model_with("spaced", spaced, 2048, 200), model_with("padded", spaced, 2176, 300),
            model_with("turned", with(text, "\"A\":33,\"B\":34", "\"A\":34,\"B\":33"), 2048, 10),
            model_with("none", NULL, 2048, 10), model_with("broken", "{", 2048, 10),
            model_with("alike", text, 2048, 9000), model_with("refused", text, 2048, 5),
        };

        seen[8].supported = false;
        drafts_find(seen, 9, &arena);
        expect_int(seen[0].drafts, 0);                      /* the largest   */
        expect_int(seen[1].drafts, 4);
        expect_text(seen[1].draft_of[0], "large");
        expect_text(seen[1].draft_of[1], "spaced");
        expect_text(seen[1].draft_of[2], "padded");
        expect_text(seen[1].draft_of[3], "alike");
        expect_int(seen[2].drafts, 3);
        expect_int(seen[3].drafts, 2);
        expect_text(seen[3].draft_of[0], "large");
        for (int i = 4; i < 9; i++)
            expect_int(seen[i].drafts, 0);
        expect(seen[4].error.code == 0 && error_mentions(&seen[5].error, "tokenizer.json"));
        expect(error_mentions(&seen[6].error, "tokenizer.json"));
    }
    arena_free(&arena);
}

const Test models_tests[] = {
    { "what is in the cache", what_is_in_the_cache },
    { "each has its reason", each_has_its_reason },
    { "the table", the_table },
    { "larger than the machine", larger_than_the_machine },
    { "a clone without a cache", a_clone_without_a_cache },
    { "what a model needs", what_a_model_needs },
    { "what real shapes need", what_real_shapes_need },
    { "drafts", drafts },
    { NULL, NULL },
};
