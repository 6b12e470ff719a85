/* test_shards.c - a model in pieces is the model, and half a model is none */
#include "files/letters.h"

#include <sys/stat.h>

#include "base/place.h"
#include "weights-tools/common/shards.h"

/* The drawing at the head of shards.c. */
static const Tensor *drawn(void)
{
    static Tensor tensors[6];
    static const struct { const char *name; uint64_t bytes; } all[] = {
        { "a", 4 }, { "b", 4 }, { "c", 4 }, { "d", 20 }, { "e", 2 }, { "f", 8 },
    };

    for (int i = 0; i < 6; i++)
        tensors[i] = empty(all[i].name, DTYPE_U8, all[i].bytes);
    return tensors;
}

static const char *new_folder(const char *name)
{
    const char *folder = test_scratch(name);

    expect(mkdir(folder, 0700) == 0);
    return folder;
}

static void expect_files(const char *folder, const char *want)
{
    Arena arena = {0};
    int count;
    const char **names = place_names(folder, &arena, &count);
    char got[400] = "";

    for (int i = 0; i < count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", names[i]);
    expect_text(got, want);
    arena_free(&arena);
}

static void expect_model(const char *folder, int files)
{
    Safetensors st;
    Error error = {0};

    expect_ok(safetensors_open(&st, folder, &error), &error);
    expect_int(st.file_count, files);
    expect_int(st.count, 6);
    for (int i = 0; i < st.count; i++)
        expect_letters(&st.tensors[i]);
    expect_int(st.metadata_count, 1);
    expect_text(st.metadata[1], "pt");
    safetensors_close(&st);
}

TEST(a_model_is_cut_into_shards)
{
    const char *folder = new_folder("sharded");
    char path[300];
    Asked asked = {0};
    Error error = {0};

    expect_ok(shards_write(folder, drawn(), 6, 10, fill_letters, &asked,
                                      &error), &error);
    expect_files(folder, "model-00001-of-00004.safetensors "
                 "model-00002-of-00004.safetensors model-00003-of-00004.safetensors "
                 "model-00004-of-00004.safetensors model.safetensors.index.json ");
    snprintf(path, sizeof path, "%s/model.safetensors.index.json", folder);
    expect_text(test_read(path, NULL), "{\"metadata\":{\"total_size\":42},"
                "\"weight_map\":{\"a\":\"model-00001-of-00004.safetensors\","
                "\"b\":\"model-00001-of-00004.safetensors\","
                "\"c\":\"model-00002-of-00004.safetensors\","
                "\"d\":\"model-00003-of-00004.safetensors\","
                "\"e\":\"model-00004-of-00004.safetensors\","
                "\"f\":\"model-00004-of-00004.safetensors\"}}\n");
    expect_model(folder, 4);
}

TEST(what_fits_is_one_file)
{
    const char *whole = new_folder("whole"), *exact = new_folder("exact");
    Asked asked = {0}, again = {0};
    Error error = {0};

    expect_ok(shards_write(whole, drawn(), 6, 0, fill_letters, &asked,
                                      &error), &error);
    expect_ok(shards_write(exact, drawn(), 6, 42, fill_letters, &again,
                                      &error), &error);
    expect_files(exact, "model.safetensors ");
    expect_model(whole, 1);
    expect_model(exact, 1);
    expect(!shards_write(exact, drawn(), 6, 41, fill_letters, &again,
                                    &error));
    expect(error_mentions(&error, "model.safetensors is there and would be read"));
    expect_files(exact, "model.safetensors ");
}

/* An end in the third shard, and a name that stands in the first and the last. */
TEST(shards_that_fail_leave_nothing)
{
    const char *folder = new_folder("failed");
    Asked asked = { .fails = "d" };
    Tensor twins[6];
    Error error = {0};

    expect(!shards_write(folder, drawn(), 6, 10, fill_letters, &asked,
                                    &error));
    expect_int(error.code, EXIT_INTERRUPTED);
    expect_files(folder, "");
    memcpy(twins, drawn(), sizeof twins);
    twins[5].name = "a";
    asked = (Asked){0};
    expect(!shards_write(folder, twins, 6, 10, fill_letters, &asked,
                                    &error));
    expect(error_mentions(&error, "the key \"a\" stands twice"));
    expect_int(asked.calls, 0);
    expect_files(folder, "");
}

const Test shards_tests[] = {
    { "a model is cut into shards", a_model_is_cut_into_shards },
    { "what fits is one file", what_fits_is_one_file },
    { "shards that fail leave nothing", shards_that_fail_leave_nothing },
    { NULL, NULL },
};
