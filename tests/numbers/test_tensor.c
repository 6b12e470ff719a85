/* test_tensor.c - names, sizes, hostile shapes, numbers at odd addresses */
#include "test.h"
#include "numbers/tensor.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* Names and sizes as the format's README and its reader list them. */
TEST(dtypes_are_the_formats)
{
    static const struct { const char *name; int bits; } table[] = {
        { "BOOL", 8 }, { "F4", 4 }, { "F6_E2M3", 6 }, { "F6_E3M2", 6 },
        { "U8", 8 }, { "I8", 8 }, { "F8_E5M2", 8 }, { "F8_E4M3", 8 },
        { "F8_E8M0", 8 }, { "F8_E4M3FNUZ", 8 }, { "F8_E5M2FNUZ", 8 },
        { "I16", 16 }, { "U16", 16 }, { "F16", 16 }, { "BF16", 16 },
        { "I32", 32 }, { "U32", 32 }, { "F32", 32 }, { "C64", 64 },
        { "F64", 64 }, { "I64", 64 }, { "U64", 64 },
    };

    expect_int(DTYPE_COUNT, sizeof table / sizeof table[0]);
    for (int i = 0; i < DTYPE_COUNT; i++) {
        Dtype dtype = DTYPE_COUNT;

        expect(dtype_find(&dtype, table[i].name));
        expect_int(dtype, i);
        expect_text(dtype_name(dtype), table[i].name);
        expect_int(dtype_bits(dtype), table[i].bits);
    }
}

TEST(unknown_dtypes_are_unknown)
{
    static const char *const odd[] = { "", "f32", "F32 ", "BF1", "F128", "COUNT" };
    Dtype dtype = DTYPE_F16;

    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        expect(!dtype_find(&dtype, odd[i]));
    expect_int(dtype, DTYPE_F16);                       /* left alone        */
}

TEST(sizes)
{
    uint64_t shape[TENSOR_RANK] = { 2, 3, 5, 1, 1, 1, 1, 7 }, bytes;
    Tensor tensor = { .rank = 8, .shape = { 2, 3, 5, 1, 1, 1, 1, 7 } };

    expect(tensor_bytes(&bytes, shape, 0, DTYPE_F32) && bytes == 4);
    expect(tensor_bytes(&bytes, shape, 2, DTYPE_BF16) && bytes == 12);
    expect(tensor_bytes(&bytes, shape, 3, DTYPE_F64) && bytes == 240);
    expect(tensor_bytes(&bytes, shape, 8, DTYPE_U8) && bytes == 210);
    expect(tensor_bytes(&bytes, shape, 1, DTYPE_F4) && bytes == 1);
    expect(!tensor_bytes(&bytes, shape + 1, 1, DTYPE_F4));      /* 12 bits   */
    expect(!tensor_bytes(&bytes, shape, 1, DTYPE_F6_E2M3));     /* 12 bits   */
    expect_int(tensor_count(&tensor), 210);
    tensor.rank = 0;
    expect_int(tensor_count(&tensor), 1);
}

TEST(products_that_overflow_are_refused)
{
    uint64_t wraps[] = { UINT64_C(1) << 32, UINT64_C(1) << 32 };
    uint64_t odd[] = { UINT64_C(6148914691236517206), 3 };      /* 2^64 + 2  */
    uint64_t bits_wrap[] = { UINT64_C(1) << 59 };               /* · 32 bits */
    uint64_t fits[] = { (UINT64_C(1) << 59) - 1 };
    uint64_t zero_last[] = { UINT64_C(1) << 40, UINT64_C(1) << 40, 0 };
    uint64_t zero_first[] = { 0, UINT64_C(1) << 40, UINT64_C(1) << 40 };
    uint64_t bytes = 99;

    expect(!tensor_bytes(&bytes, wraps, 2, DTYPE_U8));
    expect(!tensor_bytes(&bytes, odd, 2, DTYPE_U8));
    expect(!tensor_bytes(&bytes, bits_wrap, 1, DTYPE_F32));
    expect(!tensor_bytes(&bytes, zero_last, 3, DTYPE_F32));
    expect(bytes == 99);
    expect(tensor_bytes(&bytes, zero_first, 3, DTYPE_F32) && bytes == 0);
    expect(tensor_bytes(&bytes, fits, 1, DTYPE_F32)
           && bytes == (UINT64_C(1) << 61) - 4);
}

/* 1, -2, 0.15625, infinity and the smallest f16, written by hand in all three
 * formats, little-endian, at every offset of a word. */
TEST(numbers_widen_at_any_address)
{
    static const unsigned char f32[] = { 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0, 0, 0,
                                         0x20, 0x3E, 0, 0, 0x80, 0x7F,
                                         0, 0, 0x80, 0x33 };
    static const unsigned char f16[] = { 0, 0x3C, 0, 0xC0, 0, 0x31, 0, 0x7C,
                                         1, 0 };
    static const unsigned char bf16[] = { 0x80, 0x3F, 0, 0xC0, 0x20, 0x3E,
                                          0x80, 0x7F, 0x80, 0x33 };
    static const struct { Dtype dtype; const unsigned char *bytes; size_t size; }
        table[] = { { DTYPE_F32, f32, 20 }, { DTYPE_F16, f16, 10 },
                    { DTYPE_BF16, bf16, 10 } };
    float want[5] = { 1, -2, 0.15625f, 0, 0x1p-24f };

    want[3] = (float)(1e300 * 1e300);
    for (int i = 0; i < 3; i++)
        for (int offset = 0; offset < 8; offset++) {
            unsigned char buffer[40];
            float got[6] = { 9, 9, 9, 9, 9, 9 };

            memcpy(buffer + offset, table[i].bytes, table[i].size);
            tensor_to_f32(got, buffer + offset, table[i].dtype, 5);
            expect_same_bits(got, want, 5);
            expect(got[5] == 9);
        }
}

/* Widening an integer kind is our own bug: must() ends the process. */
TEST(other_kinds_are_a_bug)
{
    pid_t child = fork();
    int status = 0;
    float out = 0;

    if (child == 0) {
        fclose(stderr);
        tensor_to_f32(&out, "\1\2\3\4", DTYPE_I32, 1);
        _exit(0);
    }
    expect(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    expect_int(WTERMSIG(status), SIGABRT);
}

const Test tensor_tests[] = {
    { "dtypes are the format's, in its order", dtypes_are_the_formats },
    { "unknown dtypes are unknown", unknown_dtypes_are_unknown },
    { "sizes of ordinary shapes", sizes },
    { "products that overflow are refused", products_that_overflow_are_refused },
    { "numbers widen exactly at any address", numbers_widen_at_any_address },
    { "widening another kind is a bug, not a number", other_kinds_are_a_bug },
    { NULL, NULL },
};
