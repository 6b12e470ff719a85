/* test_neon.c - which of the two NEON tables is chosen
 *
 * That both have the right bits is seen by the other suites, which run every table
 * that kernels_choose gives. Both are called "neon", so nothing would notice if the
 * faster one were never taken. tests/neon.sh knows what its processors have, and says
 * it in DOT_PRODUCT (1 or 0). On other machines there is nothing to choose, and
 * the table of tests is empty. */
#include "test.h"

#include <stdlib.h>

#include "kernels/dot.h"

#if defined(__aarch64__)

TEST(the_table_that_fits)
{
    const char *has = getenv("DOT_PRODUCT");
    Error error = {0};

    if (has == NULL)
        skip("DOT_PRODUCT does not say whether this processor has sdot");
    for (int i = 0; i < 2; i++) {
        expect_ok(kernels_choose(i == 0 ? "neon" : "auto", &error), &error);
        expect_text(kernels->name, "neon");
        expect(kernels == (strcmp(has, "1") == 0 ? &kernels_neon_dot : &kernels_neon));
    }
}

/* What the tables share, and what not. */
TEST(two_tables)
{
    for (Format format = 0; format < FORMAT_FLOATS; format++) {
        expect(kernels_neon.tile[format] == kernels_neon_dot.tile[format]);
        expect(kernels_neon.tile[format] != kernels_plain.tile[format]);
    }
    for (Format format = FORMAT_INT8; format < FORMAT_COUNT; format++) {
        expect(kernels_neon.blocks[format] != kernels_neon_dot.blocks[format]);
        expect(kernels_neon.blocks[format] != kernels_plain.blocks[format]);
        expect(kernels_neon_dot.blocks[format] != kernels_plain.blocks[format]);
    }
}

#endif

const Test neon_tests[] = {
#if defined(__aarch64__)
    { "the table that fits the processor", the_table_that_fits },
    { "two tables, alike in floats", two_tables },
#endif
    { NULL, NULL },
};
