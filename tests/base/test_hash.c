/* test_hash.c - FNV-1a against its authors' own vectors */
#include "test.h"
#include "base/hash.h"

#include <inttypes.h>

static void expect_hash(uint64_t got, uint64_t want)
{
    if (got != want)
        test_fail(__FILE__, __LINE__, "hash is %016" PRIx64 ", expected %016"
                  PRIx64, got, want);
}

/* From the test vectors of draft-eastlake-fnv. */
TEST(published_vectors)
{
    expect_hash(hash_bytes(HASH_START, "", 0), 0xcbf29ce484222325);
    expect_hash(hash_bytes(HASH_START, "a", 1), 0xaf63dc4c8601ec8c);
    expect_hash(hash_bytes(HASH_START, "foobar", 6), 0x85944171f73967e8);
}

TEST(pieces_are_the_whole)
{
    uint64_t hash = hash_bytes(HASH_START, "foo", 3);

    expect_hash(hash_bytes(hash, "bar", 3), 0x85944171f73967e8);
}

/* 0x6F6F662E and 0x00726162: the bytes of ".foo" and "bar\0", lowest first. The
 * floats are made from their values, so a big-endian machine passes too. */
TEST(floats_go_lowest_byte_first)
{
    uint32_t bits[2] = { 0x6F6F662E, 0x00726162 };
    float x[2];

    memcpy(x, bits, sizeof x);
    expect_hash(hash_floats(HASH_START, x, 2),
                hash_bytes(HASH_START, ".foobar", 8));
    expect_hash(hash_floats(HASH_START, x, 0), HASH_START);
}

TEST(one_bit_shows)
{
    float plus = 0.0f, minus = -0.0f;

    expect(hash_floats(HASH_START, &plus, 1)
           != hash_floats(HASH_START, &minus, 1));
}

const Test hash_tests[] = {
    { "published vectors", published_vectors },
    { "pieces are the whole", pieces_are_the_whole },
    { "floats go lowest byte first", floats_go_lowest_byte_first },
    { "one bit shows", one_bit_shows },
    { NULL, NULL },
};
