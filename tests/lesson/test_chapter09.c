/* test_chapter09.c - what the lesson on speed shows that is no time: hashes and bytes
 *
 * Expected: the random matrix made once more, and multiplied here by the definition at
 * the head of kernels/dot.h and by the loop of a beginner; bytes from storyteller's shape.
 * No time is tested; a prediction is, against the walls that the lesson printed.
 */
#include "seen.h"

#include "base/hash.h"
#include "base/random.h"
#include "numbers/halffloat.h"

enum { ROWS = 1024, COLUMNS = 2048, DISTINCT = 128, REFUSED = 2, FLOATS = 7 };

static float w[DISTINCT][COLUMNS], x[COLUMNS], y[ROWS];

static void make(void)
{
    for (int i = 0; i < DISTINCT * COLUMNS; i++) {
        float value = 2 * random_uniform(0, 0, (uint32_t)i, 0) - 1;

        w[i / COLUMNS][i % COLUMNS] = bf16_to_f32(f32_to_bf16(value));
    }
    for (int i = 0; i < COLUMNS; i++)
        x[i] = 2 * random_uniform(1, 0, (uint32_t)i, 0) - 1;
}

/* "0x6e1f15f8": the upper half of the hash of y. */
static const char *hash_of_y(void)
{
    static char text[16];

    snprintf(text, sizeof text, "0x%08x", (unsigned)(hash_floats(HASH_START, y, ROWS) >> 32));
    return text;
}

static void multiply(int lanes, bool fused)
{
    for (int o = 0; o < ROWS; o++) {
        const float *row_o = w[o % DISTINCT];
        float a[8] = {0};

        for (int i = 0; i < COLUMNS; i++) {
            volatile float product = row_o[i] * x[i];   /* rounded             */

            a[i % lanes] = fused ? fmaf(row_o[i], x[i], a[i % lanes])
                         : a[i % lanes] + product;
        }
        y[o] = ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
    }
}

TEST(hashes)
{
    const Json *root = seen("chapter09_speed");
    const Json *versions = at(root, "steps/versions");
    int refused = 0;

    make();
    expect_int(versions->count, FLOATS + 2);
    multiply(1, false);
    expect_text(at(nth(versions, 0), "hash")->text, hash_of_y());
    multiply(8, true);
    for (int i = 0; i < FLOATS; i++) {
        const Json *one = nth(versions, i);
        bool same = strcmp(at(one, "hash")->text, hash_of_y()) == 0;
        bool out = json_is(at(one, "step"), JSON_STRING)
                && strcmp(at(one, "step")->text, "refused") == 0;

        expect(same != out);
        refused += out;
    }
    expect_int(refused, REFUSED);
    expect(strcmp(at(nth(versions, FLOATS), "hash")->text, hash_of_y()) != 0);
}

/* E 192, F 512, V 2048, L 6, H 6, K 2, D 32; two bytes a number; the output matrix is
 * the embedding. */
TEST(bytes)
{
    static const char *const words[] = { "1", "2", "3" };
    double layer = 192 * 192 + 2 * 64 * 192 + 192 * 192 + 3 * 512 * 192;
    double want = 2 * (6 * layer + 2048 * 192);

    open_storyteller();
    expect(model.config.E == 192 && model.config.F == 512 && model.config.L == 6);
    close_storyteller();
    for (int t = 0; t < 3; t++) {
        const Json *root = seen("chapter09_speed", "--threads", words[t]);
        const Json *file = at(root, "token/file"), *checks = at(root, "theorem/checks");

        expect_close(number(at(root, "token/bytes")), want, 0);
        expect_int(file->count, 3);
        expect_close(number(at(nth(file, 0), "bytes")), 12 * layer, 0);
        expect_close(number(at(nth(file, 0), "tensors")), 42, 0);
        expect_close(number(at(nth(file, 1), "bytes")), 2 * 2048 * 192, 0);
        expect_close(number(at(nth(file, 2), "bytes")), 2 * 13 * 192, 0);
        expect_int(checks->count, 9);
    }
    want = 2 * (4 * (3 * 96 * 96 + 96 * 96 + 2 * 384 * 96) + 2048 * 96);
    expect_close(number(at(seen("chapter09_speed", "--model", "storyteller-neox"),
                           "token/bytes")), want, 0);
}

/* Expected times are bytes and operations divided by the walls, as printed. */
TEST(predictions)
{
    const Json *root = seen("chapter09_speed", "--threads", "2");
    double read = number(at(root, "walls/read")) * 1e9;
    double arithmetic = number(at(root, "walls/arithmetic")) * 1e9;
    const Json *rows = at(root, "many/rows"), *points = at(root, "roofline/roof/points");
    static const double work[] = { 1, 64.0 / 34, 64.0 / 18, 4, 16, 128 };

    for (int i = 0; i < rows->count; i++) {
        double T = number(at(nth(rows, i), "rows"));
        double memory = 2.0 * ROWS * COLUMNS / read;
        double operations = 2.0 * ROWS * COLUMNS * T / arithmetic;
        double want = 1e3 * (memory > operations ? memory : operations);

        expect_close(number(at(nth(rows, i), "expected")), want, 0.02 * want + 1e-4);
    }
    expect_int(points->count, rows->count + 2);
    for (int i = 0; i < points->count; i++)
        expect_close(number(at(nth(points, i), "work")), work[i], 2e-3 * work[i]);
}

TEST(plain)
{
    const char *text = fine(run("chapter09_speed", "--kernels", "plain", "--threads", "1"));

    expect(strstr(text, "\033") == NULL && strstr(text, "✗") == NULL);
    expect(strstr(text, "plain, row by row") != NULL);
    expect(strstr(text, "✓ 43 of 43 matrices: each byte once") != NULL);
    expect(strstr(text, "✓ BF16: 7 of 7 versions") != NULL);
}

const Test chapter09_tests[] = {
    { "one hash for all but the refused, and it is the definition's", hashes },
    { "a token reads the matrices' bytes", bytes },
    { "expected is bytes and operations, divided", predictions },
    { "the page in a pipe", plain },
    { NULL, NULL },
};
