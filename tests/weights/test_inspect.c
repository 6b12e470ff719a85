/* test_inspect.c - the tool on files of all kinds: what it prints, and how it ends
 *
 * The numbers: test_statistics.c, and numpy in tests/oracle/weight_tools.py.
 */
#include "cli/child.h"

#include <sys/resource.h>

#include "files/json.h"
#include "files/safetensors_write.h"

static const unsigned char zeros[64];

static Tensor tensor(const char *name, Dtype dtype, int rank, uint64_t a, uint64_t b,
                     size_t bytes)
{
    return (Tensor){ .name = name, .dtype = dtype, .rank = rank, .shape = { a, b },
                     .data = zeros, .bytes = bytes };
}

static void has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" is not in:\n%s", words, text);
}

static void has_not(const char *text, const char *words)
{
    if (strstr(text, words) != NULL)
        test_fail(__FILE__, __LINE__, "\"%s\" is in:\n%s", words, text);
}

/* 3 + 6 · 9 tensors, 2.8 million BF16 numbers: as config.json of the model has it. */
TEST(a_model_of_the_clone)
{
    char *out = fine(tool("inspect", "storyteller"));

    has(out, "\nmodel.layers.0\n  input_layernorm.weight");
    has(out, " BF16");
    has(out, "2048\xC3\x97" "192");
    has(out, " numbers, 5.5 MB: ");
    expect(strstr(out, "model.layers.5\n") > strstr(out, "model.layers.4\n"));
}

TEST(names_choose_tensors)
{
    char *out = fine(tool("inspect", "storyteller", "layers.3.", "norm.weight"));

    has(out, "model.layers.3\n");
    has(out, "mlp.down_proj.weight");
    has(out, "model.norm.weight");
    has_not(out, "embed_tokens");
    expect_int(tool("inspect", "storyteller", "no such").code, 2);
}

/* Layer 10 stands behind layer 9; what is no plain number is listed all the same. */
TEST(any_file)
{
    const char *path = strdup(test_scratch("any.safetensors"));
    Tensor all[] = {
        tensor("a.10.w", DTYPE_I64, 1, 4, 0, 32), tensor("a.9.w", DTYPE_BOOL, 2, 2, 3, 6),
        tensor("packed", DTYPE_F4, 1, 16, 0, 8), tensor("one", DTYPE_F64, 0, 0, 0, 8),
        tensor("none", DTYPE_F16, 2, 0, 7, 0), tensor("scale", DTYPE_F8_E8M0, 1, 5, 0, 5),
        tensor("\x1B[31m\xC3\xA9", DTYPE_F8_E4M3, 1, 3, 0, 3),
    };
    Error error = {0};
    char *out;

    expect_ok(safetensors_write(path, all, 7, NULL, 0, &error), &error);
    out = fine(tool("inspect", path));
    expect(strstr(out, "a.10\n  w ") > strstr(out, "a.9\n  w ")
           && strstr(out, "a.9\n  w ") != NULL);
    has(out, "numbers of this format are not summarised");
    has(out, "no numbers");
    has(out, "?[31m\xC3\xA9");          /* no escape reaches the terminal     */
    has(out, "7 tensors, ");
    has(out, "1 BOOL");
    has(out, "  a.10.w: one value throughout: 0\n");
}

TEST(json_is_one_object)
{
    char *out = fine(tool("inspect", "storyteller", "norm", "--json"));
    JsonDocument document;
    Error error = {0};
    const Json *first;

    expect_ok(json_parse(&document, out, strlen(out), JSON_UNIQUE, 10, &error), &error);
    first = json_get(document.root, "tensors")->child;
    expect(json_equals(json_get(first, "dtype"), "BF16"));
    expect_int(json_get(json_get(first, "histogram"), "counts")->count, 16);
    json_free(&document);
    expect_text(out, fine(tool("inspect", "storyteller", "norm", "--json", "--threads",
                               "3")));
}

TEST(what_it_refuses)
{
    Result result = tool("inspect", "/no/such/model");

    expect_int(result.code, 2);
    test_write(test_scratch("cut.safetensors"), "\x10\0\0\0\0\0\0\0{", 9);
    result = tool("inspect", test_scratch("cut.safetensors"));
    expect_int(result.code, 3);
    has(result.err, "cut.safetensors");
    test_write(test_scratch("model.gguf"), "GGUF\3\0\0\0", 8);
    result = tool("inspect", test_scratch("model.gguf"));
    expect_int(result.code, 3);
    has(result.err, "weights-tools/convert");
    expect_int(tool("inspect", "models/shapes/tinyllama.json").code, 3);
    expect_int(child_run_tool("inspect", (const char *const[]){ NULL }).code, 2);
}

/* A file of 240 MB (a hole: no disk is used) in less than 150 MB. */
TEST(large_files_in_little_memory)
{
    static const char header[] = "{\"w\":{\"dtype\":\"BF16\",\"shape\":[30000,4000],"
                                 "\"data_offsets\":[0,240000000]}}   ";
    const char *path = strdup(test_scratch("large.safetensors"));
    const char *const args[] = { path, NULL };
    unsigned char start[8] = { (unsigned char)(sizeof header - 1) };
    FILE *file = fopen(path, "wb");
    struct rusage used;
    int status;
    pid_t child;

    expect(file != NULL && fwrite(start, 8, 1, file) == 1
           && fwrite(header, sizeof header - 1, 1, file) == 1 && fclose(file) == 0);
    expect(truncate(path, 8 + (off_t)sizeof header - 1 + 240000000) == 0);
    child_tool = "inspect";
    child = child_start(args, "/dev/null", "/dev/null", "/dev/null");
    expect(wait4(child, &status, 0, &used) == child && status == 0);
    if (used.ru_maxrss >= 150000)
        test_fail(__FILE__, __LINE__, "%ld kB for a file of 240 MB", used.ru_maxrss);
}

const Test inspect_tests[] = {
    { "a model of the clone", a_model_of_the_clone },
    { "names choose tensors", names_choose_tensors },
    { "any file", any_file },
    { "JSON is one object", json_is_one_object },
    { "what it refuses", what_it_refuses },
    { "large files in little memory", large_files_in_little_memory },
    { NULL, NULL },
};
