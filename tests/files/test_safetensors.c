/* test_safetensors.c - files, folders and shards, as they are found and refused
 *
 * What a header may say is test_safetensors_header.c's subject.
 */
#include "test.h"

#include <sys/stat.h>

#include "files/safetensors.h"

/* The file's bytes into out, at least strlen(header) + 8 + data long. */
static size_t build(unsigned char *out, const char *header, size_t data)
{
    size_t n = strlen(header);

    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(out + 8, header, n);
    for (size_t i = 0; i < data; i++)
        out[8 + n + i] = (unsigned char)(i + 1);
    return 8 + n + data;
}

#define F32(name, shape, begin, end)                                          \
    "\"" name "\":{\"dtype\":\"F32\",\"shape\":[" shape "],\"data_offsets\":["    \
    begin "," end "]}"

TEST(what_the_reader_sees)
{
    unsigned char file[400];
    size_t size = build(file, "{" F32("b", "2,1", "4", "12") ","
                        F32("a", "", "0", "4") ",\"__metadata__\":{\"k\":\"v\"}} ",
                        12);
    const char *path = test_scratch("two.safetensors");
    Safetensors st;
    Error error = {0};
    const Tensor *b;

    test_write(path, file, size);
    expect_ok(safetensors_open(&st, path, &error), &error);
    expect_int(st.count, 2);
    expect_int(st.file_count, 1);
    expect_text(st.tensors[0].name, "a");
    expect_int(st.tensors[0].rank, 0);
    expect_int(st.tensors[0].bytes, 4);
    b = safetensors_find(&st, "b");
    expect(b == &st.tensors[1]);
    expect_int(b->dtype, DTYPE_F32);
    expect_int(b->rank, 2);
    expect_int(b->shape[0], 2);
    expect_int(b->shape[1], 1);
    expect_int(b->bytes, 8);
    expect_int(((const unsigned char *)b->data)[0], 5);
    expect_int(st.metadata_count, 1);
    expect_text(st.metadata[0], "k");
    expect_text(st.metadata[1], "v");
    expect(safetensors_find(&st, "c") == NULL);
    expect(safetensors_find(&st, "") == NULL);
    expect_ok(safetensors_check(&st, &error), &error);
    test_write(path, file, size - 1);
    expect(!safetensors_check(&st, &error));
    safetensors_close(&st);
    safetensors_close(&st);
}

/* A small true file, cut at every length, is always refused. */
TEST(a_cut_file_is_refused_at_every_length)
{
    unsigned char file[400];
    size_t size = build(file, "{\"__metadata__\":{\"k\":\"v\"}," F32("a", "2", "0", "8")
                        "," F32("b", "", "8", "12") "}  ", 12);
    const char *path = test_scratch("cut.safetensors");
    Safetensors st;
    Error error = {0};

    for (size_t n = 0; n < size; n++) {
        test_write(path, file, n);
        expect(!safetensors_open(&st, path, &error));
        expect(error_mentions(&error, "cut.safetensors: "));
    }
}

static const char *folder_of(const char *name)
{
    const char *path = test_scratch(name);

    mkdir(path, 0700);
    return path;
}

static void put(const char *folder, const char *name, const char *header,
                size_t data)
{
    unsigned char file[1000];
    char path[600];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    test_write(path, file, build(file, header, data));
}

static void put_text(const char *folder, const char *name, const char *text)
{
    char path[600];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    test_write(path, text, strlen(text));
}

static void expect_folder_refused(const char *folder, const char *words)
{
    Safetensors st;
    Error error = {0};

    expect(!safetensors_open(&st, folder, &error));
    expect(st.count == 0 && st.files == NULL);
    expect_int(error.code, EXIT_INPUT);
    if (!error_mentions(&error, words) || !error_mentions(&error, folder))
        test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\" or %s", error.text, words,
                  folder);
}

TEST(folders_without_weights)
{
    const char *folder = folder_of("none");
    char longer[300];

    expect_folder_refused(folder, "there are no weights, neither");
    put_text(folder, "config.json", "{}");
    expect_folder_refused(folder, "there are no weights, neither");
    put_text(folder, "pytorch_model.bin", "PK");
    expect_folder_refused(folder, "only pytorch_model.bin: it is a Python pickle");
    put_text(folder, "q4.gguf", "GGUF");
    expect_folder_refused(folder, "only q4.gguf: it is a GGUF file: make a model's folder");
    put(folder, "other.safetensors", "{}", 0);
    expect_folder_refused(folder, "only other.safetensors: if that file is");
    put_text(folder, "model.safetensors", "GGUF");
    expect_folder_refused(folder, "model.safetensors: this is a GGUF file");
    snprintf(longer, sizeof longer, "%s/nothing", folder);
    expect_folder_refused(longer, "nothing");
}

#define INDEX "model.safetensors.index.json"

TEST(shards)
{
    const char *folder = folder_of("shards");
    Safetensors st;
    Error error = {0};

    put(folder, "m-1.safetensors", "{" F32("b", "1", "0", "4") "," F32("d", "1", "4",
        "8") ",\"__metadata__\":{\"format\":\"pt\"}}", 8);
    put(folder, "m-2.safetensors", "{" F32("a", "2", "0", "8") "}", 8);
    put_text(folder, INDEX, "{\"metadata\":{\"total_size\":16},\"weight_map\":{\"a\":"
             "\"m-2.safetensors\",\"b\":\"m-1.safetensors\",\"d\":\"m-1.safetensors\"}}");
    expect_ok(safetensors_open(&st, folder, &error), &error);
    expect_int(st.count, 3);
    expect_int(st.file_count, 2);
    expect_text(st.tensors[0].name, "a");
    expect_text(st.tensors[1].name, "b");
    expect_text(st.tensors[2].name, "d");
    expect_int(safetensors_find(&st, "d")->bytes, 4);
    expect_int(((const unsigned char *)safetensors_find(&st, "d")->data)[0], 5);
    expect_int(st.metadata_count, 1);
    safetensors_close(&st);

    put_text(folder, INDEX, "{\"weight_map\":{\"a\":\"m-2.safetensors\","
             "\"b\":\"m-1.safetensors\"}}");
    expect_folder_refused(folder, "tensor \"d\" is in m-1.safetensors, but " INDEX
                          " does not list it");
    put_text(folder, INDEX, "{\"weight_map\":{\"a\":\"m-2.safetensors\",\"b\":"
             "\"m-2.safetensors\",\"d\":\"m-1.safetensors\"}}");
    expect_folder_refused(folder, "tensor \"b\" is in m-1.safetensors, but " INDEX
                          " places it in another file");
    put_text(folder, INDEX, "{\"weight_map\":{\"a\":\"m-2.safetensors\",\"b\":\"m-1."
             "safetensors\",\"c\":\"m-2.safetensors\",\"d\":\"m-1.safetensors\"}}");
    expect_folder_refused(folder, "tensor \"c\" is listed");
    put_text(folder, INDEX, "{\"weight_map\":{\"a\":\"m-3.safetensors\"}}");
    expect_folder_refused(folder, "m-3.safetensors is missing");
}

TEST(indexes_that_lie)
{
    static const char *const names[] = {
        "\"../m-1.safetensors\"", "\"/etc/passwd\"", "\"sub/m-1.safetensors\"",
        "\"..\"", "\"a\\\\b\"", "\".hidden\"",
    };
    const char *folder = folder_of("liars");
    char text[200];

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(text, sizeof text, "{\"weight_map\":{\"a\":%s}}", names[i]);
        put_text(folder, INDEX, text);
        expect_folder_refused(folder, "byte 19: tensor \"a\" is mapped to a file "
                              "with a slash or a leading dot");
    }
    put_text(folder, INDEX, "{\"weight_map\":{\"a\":7}}");
    expect_folder_refused(folder, "is not mapped to the name of a file");
    put_text(folder, INDEX, "{\"weight_map\":{\"a\":\"\"}}");
    expect_folder_refused(folder, "is not mapped to the name of a file");
    put_text(folder, INDEX, "{\"weight_map\":{\"a\\u0000\":\"b\"}}");
    expect_folder_refused(folder, "NUL");
    put_text(folder, INDEX, "{\"weight_map\":{\"a\":\"b\",\"a\":\"c\"}}");
    expect_folder_refused(folder, "stands twice");
    put_text(folder, INDEX, "{\"weight_map\":[]}");
    expect_folder_refused(folder, INDEX ": byte 14: weight_map");
    put_text(folder, INDEX, "{\"weight_map\":{}}");
    expect_folder_refused(folder, "missing or empty");
    put_text(folder, INDEX, "[]");
    expect_folder_refused(folder, "weight_map");
    put_text(folder, INDEX, "");
    expect_folder_refused(folder, INDEX ": byte 0: this is not JSON");
}

/* The models of this clone: counts as their configs make them. */
TEST(the_models_of_the_clone)
{
    static const struct { const char *folder; int count; Dtype dtype; } models[] = {
        { "models/storyteller", 6 * 9 + 2, DTYPE_BF16 },
        { "models/storyteller-draft", 2 * 9 + 2, DTYPE_F16 },
        { "models/storyteller-neox", 4 * 12 + 4, DTYPE_F16 },
        { "models/storyteller-stablelm", 4 * 14 + 4, DTYPE_F32 },
    };

    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        Safetensors st;
        Error error = {0};

        expect_ok(safetensors_open(&st, models[i].folder, &error), &error);
        expect_int(st.count, models[i].count);
        for (int j = 0; j < st.count; j++)
            expect_int(st.tensors[j].dtype, models[i].dtype);
        safetensors_close(&st);
    }
}

/* Written by other programs, one tensor each. The last one has five bytes too many:
 * the reference reader refuses it too. */
TEST(proof_files_of_strangers)
{
    static const struct { const char *name; Dtype dtype; } files[] = {
        { "candle_jfk-codes", DTYPE_I64 },
        { "swift_tensor-1d-int32", DTYPE_I32 },
        { "swift_tensor-2d-float64", DTYPE_F64 },
        { "swift_tensor-3d-float32", DTYPE_F32 },
        { "swift_tensor-4d-float32", DTYPE_F32 },
    };
    Safetensors st;
    Error error = {0};
    char path[200];

    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        snprintf(path, sizeof path, "safetensors/%s.safetensors", files[i].name);
        expect_ok(safetensors_open(&st, test_data(path), &error), &error);
        expect_int(st.count, 1);
        expect_int(st.tensors[0].dtype, files[i].dtype);
        safetensors_close(&st);
    }
    expect(!safetensors_open(&st, test_data("safetensors/weight-inspect_tiny."
                                            "safetensors"), &error));
    expect(error_mentions(&error, "5 bytes follow"));
}

const Test safetensors_tests[] = {
    { "what the reader sees", what_the_reader_sees },
    { "a cut file is refused at every length",
      a_cut_file_is_refused_at_every_length },
    { "folders without weights", folders_without_weights },
    { "shards", shards },
    { "indexes that lie", indexes_that_lie },
    { "the models of the clone", the_models_of_the_clone },
    { "proof: files of strangers", proof_files_of_strangers },
    { NULL, NULL },
};
