/* test_chapter06.c - what the lesson on quantizing shows, computed again from the file
 *
 * Expected: storyteller's bf16 weights widened by hand; scales, codes and errors by the
 * equations in kernels/encode.c, in double, with a rounding to f16 of this page's own;
 * bytes by the drawing in kernels/blocks.c; perplexities from `./run perplexity`; bytes
 * of the matrices from their shapes.
 */
#include "seen.h"

enum { BLOCK = 32, TRIES = 8 };

static float w[BLOCK];                  /* the block that is shown           */
static int place;                       /* its row                           */

/* The nearest f16 of a normal number: eleven bits, ties to even. */
static double to_f16(double x)
{
    int exponent;
    double part = frexp(x, &exponent);          /* 0.5 … 1                   */

    return ldexp(nearbyint(ldexp(part, 11)), exponent - 11);
}

/* d [1], q [32] of w with the scale d: what is written. */
static double take(double *q, double d, double low, double high)
{
    d = to_f16(d);
    for (int i = 0; i < BLOCK; i++)
        q[i] = fmin(high, fmax(low, nearbyint((double)w[i] / d)));
    return d;
}

static double error_of(const double *q, double d)
{
    double lost = 0, all = 0;

    for (int i = 0; i < BLOCK; i++) {
        lost += ((double)w[i] - d * q[i]) * ((double)w[i] - d * q[i]);
        all += (double)w[i] * (double)w[i];
    }
    return sqrt(lost / all);
}

static double largest(void)
{
    double most = 0;

    for (int i = 0; i < BLOCK; i++)
        most = fabs((double)w[i]) > fabs(most) ? (double)w[i] : most;
    return most;
}

/* The shown block out of the file: which row it is, the strip says. */
static void find_block(const Json *root)
{
    const Json *strip = at(root, "block/weights/values");
    Weights all = wide();
    const Matrix *up = &all.layers[0].up.weight;

    for (place = 0; place < 8; place++)
        for (int b = 0; b < up->columns / BLOCK; b++) {
            const float *x = (const float *)up->data + place * up->columns + b * BLOCK;
            int same = 0;

            for (int i = 0; i < BLOCK; i++)
                same += fabs(number(nth(strip, i)) - (double)x[i]) <= 1e-8;
            if (same < BLOCK)
                continue;
            memcpy(w, x, sizeof w);
            close_storyteller();
            return;
        }
    test_fail(__FILE__, __LINE__, "the block is not one of the first eight rows");
}

/* The eight rulers; best: the first of the smallest errors, and its d and q. */
static int rulers(double error[TRIES], double *best_d, double best_q[BLOCK])
{
    int best = 0;

    for (int i = 0; i < TRIES; i++) {
        double q[BLOCK], d, above = 0, below = 0;

        for (int k = 0; k < BLOCK && i == TRIES - 1; k++) {
            above += (double)w[k] * best_q[k];
            below += best_q[k] * best_q[k];
        }
        d = take(q, i < TRIES - 1 ? largest() / (-6.5 - i * 0.5) : above / below, -8, 7);
        error[i] = error_of(q, d);
        if (i == 0 || error[i] < error[best]) {
            best = i;
            *best_d = d;
            memcpy(best_q, q, sizeof q);
        }
    }
    return best;
}

TEST(the_block)
{
    const Json *root = seen("chapter06_quantize");
    const Json *bars = at(root, "block/search"), *codes = at(root, "block/codes");
    double error[TRIES], d, q[BLOCK], q8[BLOCK], d8, lost[BLOCK];
    int best;

    find_block(root);
    best = rulers(error, &d, q);
    d8 = take(q8, fabs(largest()) / 127, -127, 127);
    expect_int(bars->count, TRIES + 1);
    for (int i = 0; i < TRIES; i++) {
        bool said = strstr(json_get(nth(bars, i), "note")->text, "the best") != NULL;

        expect_close(number(at(nth(bars, i), "value")), error[i], 1e-6);
        expect(said == (i == best));
    }
    expect_close(number(at(nth(bars, TRIES), "value")), error_of(q8, d8), 1e-6);
    expect_close(number(at(root, "block/found/step")), d, 1e-9);
    expect_close(number(at(root, "block/obvious/step")), to_f16(largest() / -8), 1e-9);
    for (int i = 0; i < 8; i++) {
        expect_close(number(at(nth(codes, i), "int8")), q8[i], 0);
        expect_close(number(at(nth(codes, i), "int4")), q[i], 0);
    }
    for (int i = 0; i < BLOCK; i++)
        lost[i] = (double)w[i] - d * q[i];
    expect_numbers(at(root, "block/lost_int4/values"), lost, BLOCK, 1e-8);
}

static int byte_at(const char *hex, int i)
{
    char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };

    return (int)strtol(two, NULL, 16);
}

/* A positive or negative normal f16 of two bytes. */
static double scale_at(const char *hex, int r)
{
    int bits = byte_at(hex, 2 * r) + 256 * byte_at(hex, 2 * r + 1);
    double size = ldexp(1 + (bits & 1023) / 1024.0, (bits >> 10 & 31) - 15);

    return bits >> 15 ? -size : size;
}

TEST(the_bytes)
{
    const Json *root = seen("chapter06_quantize");
    const char *four = at(root, "bytes/int4/hex")->text, *eight;
    double error[TRIES], d, q[BLOCK], q8[BLOCK], d8;

    find_block(root);
    rulers(error, &d, q);
    d8 = take(q8, fabs(largest()) / 127, -127, 127);
    eight = at(root, "bytes/int8/hex")->text;
    expect_int((long)strlen(four), 2 * 144);
    expect_int((long)strlen(eight), 2 * 80);
    expect_close(scale_at(four, place), d, 0);
    expect_close(scale_at(eight, place), d8, 0);
    for (int k = 0; k < BLOCK; k++) {
        int byte = byte_at(four, 16 + 32 * (k / 4 % 4) + 4 * place + k % 4);

        expect_int((k < 16 ? byte & 15 : byte >> 4) - 8, (int)q[k]);
    }
    for (int k = 0; k < 8; k++)
        expect_int((int8_t)byte_at(eight, 16 + 32 * (k / 4) + 4 * place + k % 4),
                   (int)q8[k]);
    expect_int((int)number(at(nth(at(root, "bytes/int4/parts"), 0), "from")), 2 * place);
}

/* Bits of a format are its bytes; a search is better than none, and more bits than less. */
TEST(formats)
{
    static const struct { const char *name; double bits; } rows[] = {
        { "int8", 8.5 }, { "Q8_0", 8.5 }, { "Q4_1", 5 }, { "int4", 4.5 }, { "Q4_0", 4.5 },
        { "NF4", 4.5 } };
    static const char *const columns[] = { "Gaussian", "heavy_tails", "this_model" };
    const Json *table = at(seen("chapter06_quantize", "--seed", "3"), "formats/errors");

    for (int i = 0; i < 6; i++) {
        expect_text(at(nth(table, i), "format")->text, rows[i].name);
        expect_close(number(at(nth(table, i), "bits")), rows[i].bits, 0);
    }
    for (int c = 0; c < 3; c++) {
        double int8 = number(at(nth(table, 0), columns[c]));
        double int4 = number(at(nth(table, 3), columns[c]));

        expect(int8 < 0.01 && int4 > 10 * int8);
        expect(int4 < number(at(nth(table, 4), columns[c])));       /* Q4_0  */
    }
}

/* What `./run perplexity` says to the same text, and what shapes say of bytes. */
TEST(quality)
{
    static const char text[] = "The cat sat in the sun before the door, and the old woman "
        "who had a house in the wood gave her some milk. Then they went to sleep, and the "
        "king came on his white horse to see the great tree that had grown in one night.";
    static const char *const formats[] = { "none", "int8", "int4" };
    static const double megabytes[] = { 5.51, 2.93, 1.75 }, read[] = { 5.51, 2.92, 1.74 };
    char file[200];
    const Json *root, *table;

    snprintf(file, sizeof file, "%s", test_scratch("text"));
    test_write(file, text, sizeof text - 1);
    root = seen("chapter06_quantize", "--file", file);
    table = at(root, "quality/table");
    expect_int(table->count, 4);
    for (int i = 0; i < 3; i++) {
        JsonDocument document;
        Error error = {0};
        const char *said = fine(run("perplexity", "--json", "--quantize", formats[i],
                                    "--file", file));

        expect_ok(json_parse(&document, said, strlen(said), JSON_UNIQUE, 20, &error),
                  &error);
        expect_close(number(at(nth(table, i), "perplexity")),
                     number(at(document.root, "perplexity")), 0.0000501);
        expect_close(number(at(nth(table, i), "MB")), megabytes[i], 0.00501);
        expect_close(number(at(nth(at(root, "speed/one"), i), "MB_read")), read[i],
                     0.00501);
        json_free(&document);
    }
}

/* int8 within 0.2 % of the file's perplexity, int4 nearer to it than Q4_0: on each tiny
 * model, by the lesson's own text. */
TEST(what_formats_lose)
{
    static const char *const models[] = { "storyteller", "storyteller-draft",
                                          "storyteller-neox", "storyteller-stablelm" };

    for (int m = 0; m < 4; m++) {
        const Json *table = at(seen("chapter06_quantize", "--model", models[m]),
                               "quality/table");
        double more[4];

        for (int i = 0; i < 4; i++)
            more[i] = number(at(nth(table, i), "more_%"));
        if (!(fabs(more[1]) < 0.2) || !(fabs(more[2]) < fabs(more[3])))
            test_fail(__FILE__, __LINE__, "%s: int8 %g %%, int4 %g %%, Q4_0 %g %%",
                      models[m], more[1], more[2], more[3]);
    }
}

/* Times differ from run to run; the prediction follows from them. */
TEST(several_tokens)
{
    const Json *root = seen("chapter06_quantize");
    const Json *passes = at(root, "speed/passes"), *beside = at(root, "speed/beside_one");
    const Json *predicted = at(root, "speed/predicted");

    for (int p = 0; p < 4; p++) {
        double one = number(at(nth(passes, 0), "int4"));
        double many = number(at(nth(passes, p), "int4"));

        expect_close(number(at(nth(passes, p), "tokens")), 1 << p, 0);
        expect(many > 0);
        expect_close(number(at(nth(beside, p), "int4")), many / one,
                     0.005 + 0.002 * many / one + 0.001 / one * many / one);
        if (p > 0)
            expect(number(at(nth(predicted, p), "int8"))
                   >= number(at(nth(predicted, p - 1), "int8")));
    }
}

const Test chapter06_tests[] = {
    { "the block and the search", the_block },
    { "where the bytes lie", the_bytes },
    { "what formats lose", formats },
    { "perplexity and bytes", quality },
    { "int8 within 0.2 %, int4 nearer than Q4_0", what_formats_lose },
    { "several tokens in one pass", several_tokens },
    { NULL, NULL },
};
