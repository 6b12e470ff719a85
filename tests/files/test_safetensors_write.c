/* test_safetensors_write.c - what is written is what every reader expects
 *
 * The bytes of the first test are those that the safetensors package (0.8.0)
 * writes for the same tensors; tests/oracle/safetensors_files.py compares many more.
 */
#include "test.h"

#include <stdlib.h>

#include "base/mapfile.h"
#include "files/letters.h"

static const unsigned char data[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static Tensor tensor(const char *name, Dtype dtype, int rank, uint64_t first,
                     uint64_t second, size_t bytes)
{
    return (Tensor){ .name = name, .dtype = dtype, .rank = rank,
                     .shape = { first, second }, .data = data, .bytes = bytes };
}

TEST(the_bytes_of_the_reference)
{
    static const char want[] =
        "\xF8\0\0\0\0\0\0\0"
        "{\"__metadata__\":{\"format\":\"pt\"},"
        "\"z\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]},"
        "\"b\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[4,8]},"
        "\"c\":{\"dtype\":\"F16\",\"shape\":[0,3],\"data_offsets\":[8,8]},"
        "\"a\":{\"dtype\":\"I8\",\"shape\":[3],\"data_offsets\":[8,11]}}"
        " "
        "\1\2\3\4" "\1\2\3\4" "\1\2\3";
    const char *const metadata[] = { "format", "pt" };
    const char *path = test_scratch("four.safetensors");
    Tensor tensors[] = {
        tensor("a", DTYPE_I8, 1, 3, 0, 3), tensor("c", DTYPE_F16, 2, 0, 3, 0),
        tensor("z", DTYPE_F32, 0, 0, 0, 4), tensor("b", DTYPE_F16, 2, 1, 2, 4),
    };
    Error error = {0};
    size_t length;
    char *got;

    expect_ok(safetensors_write(path, tensors, 4, metadata, 1, &error), &error);
    got = test_read(path, &length);
    expect_int(length, sizeof want - 1);
    expect(memcmp(got, want, length) == 0);
    free(got);
}

TEST(what_was_written_is_read)
{
    const char *const metadata[] = { "a", "1", "\"\n\xC3\xA9", "2" };
    const char *path = test_scratch("back.safetensors");
    Tensor tensors[] = {
        tensor("x\"\\\x01\xE2\x82\xAC", DTYPE_F64, 1, 1, 0, 8),
        tensor("", DTYPE_F4, 1, 6, 0, 3), tensor("y", DTYPE_BOOL, 2, 2, 3, 6),
    };
    Safetensors st;
    Error error = {0};

    expect_ok(safetensors_write(path, tensors, 3, metadata, 2, &error), &error);
    expect_ok(safetensors_open(&st, path, &error), &error);
    expect_int(st.count, 3);
    expect_int(st.metadata_count, 2);
    expect_text(st.metadata[2], metadata[2]);
    for (int i = 0; i < 3; i++) {
        const Tensor *t = safetensors_find(&st, tensors[i].name);

        expect(t != NULL && t->dtype == tensors[i].dtype);
        expect(t->rank == tensors[i].rank && t->bytes == tensors[i].bytes);
        expect(memcmp(t->shape, tensors[i].shape, sizeof t->shape) == 0);
        expect(memcmp(t->data, data, t->bytes) == 0);
    }
    expect_int((size_t)((const unsigned char *)st.tensors[0].data
                        - st.files[0].bytes) % 8, 0);
    safetensors_close(&st);
    expect_ok(safetensors_write(path, NULL, 0, NULL, 0, &error), &error);
    expect_ok(safetensors_open(&st, path, &error), &error);
    expect_int(st.count, 0);
    safetensors_close(&st);
}

/* Headers of every length: the data begins at a multiple of 8, behind spaces. */
TEST(data_is_aligned)
{
    const char *path = test_scratch("aligned.safetensors");
    Error error = {0};

    for (int n = 0; n < 16; n++) {
        Tensor one = tensor(&"0123456789abcdef"[n], DTYPE_F64, 1, 1, 0, 8);
        Safetensors st;

        expect_ok(safetensors_write(path, &one, 1, NULL, 0, &error), &error);
        expect_ok(safetensors_open(&st, path, &error), &error);
        expect_int((size_t)((const unsigned char *)st.tensors[0].data
                            - st.files[0].bytes) % 8, 0);
        safetensors_close(&st);
    }
}

static void expect_refused(const Tensor *tensors, int count,
                           const char *const *metadata, int lines,
                           const char *words)
{
    const char *path = test_scratch("refused.safetensors");
    Error error = {0};

    test_write(path, "old", 3);
    expect(!safetensors_write(path, tensors, count, metadata, lines, &error));
    expect(error_mentions(&error, words));
    expect_text(test_read(path, NULL), "old");
}

TEST(what_no_reader_takes_is_not_written)
{
    const char *const twins[] = { "k", "1", "k", "2" };
    Tensor same[] = { tensor("a", DTYPE_I8, 1, 3, 0, 3),
                      tensor("a", DTYPE_F32, 1, 1, 0, 4) };
    Tensor reserved = tensor("__metadata__", DTYPE_I8, 1, 3, 0, 3);
    Tensor broken = tensor("a\xFF", DTYPE_I8, 1, 3, 0, 3);

    expect_refused(same, 2, NULL, 0, "the key \"a\" stands twice");
    expect_refused(same, 1, twins, 2, "the key \"k\" stands twice");
    expect_refused(&reserved, 1, NULL, 0, "cannot be named \"__metadata__\"");
    expect_refused(&broken, 1, NULL, 0, "cannot be named \"a?\"");
}

TEST(a_folder_that_is_missing)
{
    Tensor one = tensor("a", DTYPE_I8, 1, 3, 0, 3);
    Error error = {0};

    expect(!safetensors_write(test_scratch("no/such.safetensors"), &one, 1, NULL, 0,
                              &error));
    expect_int(error.code, EXIT_INPUT);
}

/* Nine megabytes of f16, four of 4-bit and five of 6-bit numbers; one of data. */
TEST(what_nobody_holds_is_asked_for_in_pieces)
{
    const char *path = test_scratch("filled.safetensors");
    Tensor tensors[] = {
        empty("six", DTYPE_F6_E2M3, 7000008), empty("half", DTYPE_F16, 4718593),
        empty("none", DTYPE_F32, 0), empty("four", DTYPE_F4, 8388610),
        tensor("data", DTYPE_I8, 1, 12, 0, 12),
    };
    Safetensors st;
    Asked asked = {0};
    Error error = {0};

    expect_ok(safetensors_write_filled(path, tensors, 5, NULL, 0, fill_letters,
                                       &asked, &error), &error);
    expect(asked.next == tensor_count(asked.tensor) && asked.calls > 3);
    expect_ok(safetensors_open(&st, path, &error), &error);
    expect_int(st.count, 5);
    for (int i = 0; i < st.count; i++)
        if (strcmp(st.tensors[i].name, "data") != 0)
            expect_letters(&st.tensors[i]);
        else
            expect(memcmp(st.tensors[i].data, data, 12) == 0);
    safetensors_close(&st);
    asked = (Asked){ .fails = "half" };
    expect(!safetensors_write_filled(test_scratch("none.safetensors"), tensors, 5, NULL,
                                     0, fill_letters, &asked, &error));
    expect_int(error.code, EXIT_INTERRUPTED);
    expect(error_mentions(&error, "stopped at half"));
    expect(!path_is_there(test_scratch("none.safetensors")));
}

const Test safetensors_write_tests[] = {
    { "the bytes of the reference", the_bytes_of_the_reference },
    { "what was written is read", what_was_written_is_read },
    { "data is aligned", data_is_aligned },
    { "what no reader takes is not written", what_no_reader_takes_is_not_written },
    { "a folder that is missing", a_folder_that_is_missing },
    { "what nobody holds is asked for in pieces",
      what_nobody_holds_is_asked_for_in_pieces },
    { NULL, NULL },
};
