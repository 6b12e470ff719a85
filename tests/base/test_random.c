/* test_random.c - Philox against its authors' vectors, and the way to a float */
#include "test.h"
#include "base/random.h"

typedef struct { uint32_t counter[4], key[2], out[4]; } Vector;

/* philox 4x32 10 of kat_vectors in Random123, the authors' own library. */
static const Vector published[] = {
    { { 0, 0, 0, 0 }, { 0, 0 },
      { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
    { { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff },
      { 0xffffffff, 0xffffffff },
      { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
    { { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 },
      { 0xa4093822, 0x299f31d0 },
      { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

TEST(published_vectors)
{
    for (int v = 0; v < 3; v++) {
        uint32_t out[4];

        random_philox(out, published[v].counter, published[v].key);
        for (int i = 0; i < 4; i++)
            expect_int(out[i], published[v].out[i]);
    }
}

/* The same vectors by way of the coordinates: they fix which goes where. The
 * third word of the counter is the seed's high half; the fourth is 0, so of the
 * three only the first fits; the others differ in it and are computed here. */
TEST(coordinates_have_their_places)
{
    uint32_t counter[4] = { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0 }, out[4];

    random_philox(out, counter, published[2].key);
    expect_close(random_uniform(UINT64_C(0x13198a2ea4093822), 0x299f31d0,
                                0x243f6a88, 0x85a308d3),
                 (double)(out[0] >> 8) / 16777216, 0);
    expect_close(random_uniform(0, 0, 0, 0), 0x6627e8 / 16777216.0, 0);
}

/* Moments of the uniform law: mean 1/2, variance 1/12. With n = 100,000 the
 * standard error of the mean is 0.0009, so 0.005 is more than five of them. */
TEST(looks_uniform_along_every_coordinate)
{
    for (int along = 0; along < 4; along++) {
        double sum = 0, squares = 0;
        int n = 100000;

        for (int i = 0; i < n; i++) {
            uint32_t c[4] = { 7, 7, 7, 7 };
            float u;

            c[along] = (uint32_t)i;
            u = random_uniform(c[0], c[1], c[2], c[3]);
            expect(u >= 0 && u < 1);
            sum += (double)u, squares += (double)u * (double)u;
        }
        expect_close(sum / n, 0.5, 0.005);
        expect_close(squares / n - sum / n * sum / n, 1.0 / 12, 0.002);
    }
}

TEST(both_halves_of_the_seed_count)
{
    expect(random_uniform(1, 0, 0, 0) != random_uniform(2, 0, 0, 0));
    expect(random_uniform(1, 0, 0, 0)
           != random_uniform(1 + (UINT64_C(1) << 32), 0, 0, 0));
}

const Test random_tests[] = {
    { "published vectors", published_vectors },
    { "coordinates have their places", coordinates_have_their_places },
    { "looks uniform along every coordinate",
      looks_uniform_along_every_coordinate },
    { "both halves of the seed count", both_halves_of_the_seed_count },
    { NULL, NULL },
};
