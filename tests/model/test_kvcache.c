/* test_kvcache.c - where keys and values lie, and what rounding does to them */
#include <math.h>

#include "test.h"

#include "model/kvcache.h"

/* 3 heads of 2 numbers, 2 layers. */
static const Config SMALL = { .L = 2, .K = 3, .D = 2, .H = 3 };

static KvCache open_cache(int capacity, Format format)
{
    KvCache cache;
    Error error = {0};

    expect_ok(kvcache_init(&cache, &SMALL, capacity, format, &error), &error);
    return cache;
}

/* [L, 2, K, S, D] = [2, 2, 3, 5, 2]: number (l, which, g, p, d) is the
 * (((l·2 + which)·3 + g)·5 + p)·2 + d -th. */
TEST(the_layout_is_the_headers)
{
    KvCache cache = open_cache(5, FORMAT_F32);
    const float k[6] = { 1, 2, 3, 4, 5, 6 }, v[6] = { 7, 8, 9, 10, 11, 12 };
    const float *all = (const float *)(const void *)cache.data;
    AttentionRow look;

    expect_int(cache.bytes, 2 * 2 * 3 * 5 * 2 * 4);
    expect(kvcache_put(&cache, 1, 4, k, v));
    expect_close(all[((2 * 3 + 0) * 5 + 4) * 2 + 0], 1, 0);
    expect_close(all[((2 * 3 + 1) * 5 + 4) * 2 + 1], 4, 0);
    expect_close(all[((3 * 3 + 2) * 5 + 4) * 2 + 1], 12, 0);
    look = kvcache_row(&cache, 1, 4);
    expect(look.keys == (const void *)(all + 60));
    expect(look.values == (const void *)(all + 90));
    expect_int(look.capacity, 5), expect_int(look.positions, 5);
    expect_int(cache.length, 0);
    kvcache_free(&cache);
}

/* 0.1 is 0x2e66 in f16, 65504 its largest, 65519.996 rounds to it. */
TEST(f16_rounds_and_refuses_what_overflows)
{
    KvCache cache = open_cache(1, FORMAT_F16);
    float k[6] = { 0.1f, 65504, 65519.996f, -65519.996f, 0, 1 };
    float v[6] = { INFINITY, NAN, 1, 1, 1, -2 };
    uint16_t halves[12];

    expect_int(cache.bytes, 2 * 2 * 3 * 2 * 2);
    expect(kvcache_put(&cache, 0, 0, k, v));
    memcpy(halves, cache.data, sizeof halves);
    expect_int(halves[0], 0x2e66), expect_int(halves[1], 0x7bff);
    expect_int(halves[2], 0x7bff), expect_int(halves[3], 0xfbff);
    expect_int(halves[6], 0x7c00), expect_int(halves[11], 0xc000);
    k[4] = 65520;
    expect(!kvcache_put(&cache, 0, 0, k, v));
    k[4] = 0, v[5] = -1e30f;
    expect(!kvcache_put(&cache, 0, 0, k, v));
    kvcache_free(&cache);
}

TEST(truncate_forgets_the_end)
{
    KvCache cache = open_cache(5, FORMAT_F16);

    cache.length = 4;
    kvcache_truncate(&cache, 4), expect_int(cache.length, 4);
    kvcache_truncate(&cache, 1), expect_int(cache.length, 1);
    kvcache_truncate(&cache, 0), expect_int(cache.length, 0);
    kvcache_free(&cache);
}

/* Llama-3.2-1B: 32 KiB a token in f16; more than any machine has is an Error. */
TEST(sizes)
{
    const Config llama = { .L = 16, .K = 8, .D = 64, .H = 32 };
    const Config huge = { .L = 1024, .K = 4096, .D = 256, .H = 4096 };
    KvCache cache;
    Error error = {0};

    expect_int(kvcache_bytes(&llama, 1, FORMAT_F16), 32768);
    expect(kvcache_bytes(&llama, 131072, FORMAT_F16) == (size_t)4 << 30);
    expect(!kvcache_init(&cache, &huge, 1 << 24, FORMAT_F32, &error));
    expect_int(error.code, EXIT_ROOM);
}

const Test kvcache_tests[] = {
    { "the layout is the header's", the_layout_is_the_headers },
    { "f16 rounds and refuses what overflows",
      f16_rounds_and_refuses_what_overflows },
    { "truncate forgets the end", truncate_forgets_the_end },
    { "sizes", sizes },
    { NULL, NULL },
};
