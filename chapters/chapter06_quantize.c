/* chapter06_quantize.c - the same weights in a quarter of the bytes
 *
 *      32 weights of a row       -0.31  0.02 -0.11  …  0.25          bf16: 64 bytes
 *         │
 *         │  largest / c, c = -6.5 … -9.5: which ruler is nearest to all of them?
 *         ▼
 *      one scale d                  0.034                             f16:  2 bytes
 *      32 whole numbers           -8      1    -3   …   7     int4, 4 bits: 16 bytes
 *         │
 *         │  d · q
 *         ▼
 *      nearly the same           -0.27  0.03 -0.10  …  0.24
 *
 * To write one token a machine reads every weight once, and does little with it: two
 * operations for each. So what a token costs is bytes, and fewer bytes are faster. Weights
 * bear being rounded coarsely, because each output adds up hundreds of them and their
 * errors point both ways. This lesson takes one block apart, shows where its bytes lie,
 * and measures what a format loses and what it gains.
 *
 *      w ≈ d · q       d: one f16 for 32 weights;  q: -127 … 127 or -8 … 7    (1)
 *      s_b = Σ q_w · q_x  whole numbers;   y = Σ_b d_w · d_x · s_b            (2)
 *
 * What to notice:
 *
 * - The obvious scale puts the largest weight on the last step. Another one, a little finer
 *   or coarser, is often nearer to the other 31, and they gain more than it loses.
 * - Blocks are small because of outliers: one far weight spoils the ruler of its 31
 *   neighbours, and no others.
 * - int8 loses next to nothing. int4 loses something, and which 4 bits makes a difference.
 * - Several tokens in one pass cost little more than one, where weights come from
 *   memory: they are read once for all. Chapter 07 lives on that.
 *
 * Times are this machine's and this minute's, and decide nothing. The theorem is about
 * bits and bounds. --file F, or words, judge the formats by another text; --seed S makes other
 * random weights. Where a table compares formats on this model's own weights, look at
 * where the model came from: one that was published in 4 bits and widened again (SmolLM2
 * from its Q4_1 file) lies on the steps of that format already, and the table says nothing
 * of the others.
 *
 * In a debugger (make debug; gdb build/debug/run):
 *
 *      break encode_block      `print *w@32`, `finish`: the scale, as f16
 *      break attempt           `print d`, `finish`, `print t->error`
 *      break linear_forward    `print linear->weight.format`
 *
 * Read next: src/kernels/encode.c, src/kernels/blocks.c, src/kernels/blocks_avx2.c,
 * src/model/quantize.c.
 */
#include <math.h>                   /* fmax                                  */
#include <string.h>

#include "base/memory.h"
#include "chapters/lesson/blockview.h"
#include "chapters/lesson/gains.h"
#include "chapters/lesson/pictures.h"
#include "chapters/lesson/quality.h"
#include "chapters/lesson/quantize_theorem.h"
#include "chapters/lesson/reconstruction.h"
#include "chapters/lesson/ruler.h"
#include "chapters/words.h"
#include "kernels/encode.h"
#include "numbers/halffloat.h"

#define SAMPLE 65536                /* random weights                        */
#define OWN (1 << 20)               /* of the model's own, at most           */
#define ON_A_GRID 0.005             /* Q4_1 loses less: it was Q4_1          */

typedef struct {
    Lesson l;
    OpenModel m;
    Variants vs;
    Arena arena;
    uint64_t seed;
    int index;                      /* of the matrix, in matrices_of         */
    const Matrix *from, *int8, *int4;   /* it, in three formats              */
    const char *name;               /* "layer 0's up"                        */
    int r, b;                       /* the block that is taken apart         */
    float w[BLOCK_NUMBERS];         /* its weights                           */
    BlockCodes tries[BLOCK_TRIES], eight, four;
    int best;                       /* of the tries                          */
} Blocks;

static const char *number(Blocks *k, const char *format, double x)
{
    char text[40];

    snprintf(text, sizeof text, format, x);
    return arena_print(&k->arena, "%s", text);
}

/* The matrix that is shown: the first layer's up. Errors: exit 3 when its rows are no
 * whole blocks. */
static bool choose_matrix(Blocks *k, Error *error)
{
    const Matrix **all = arena_get(&k->arena, (size_t)matrices_most(&k->m.model)
                                              * sizeof *all);
    int n = matrices_of(all, &k->m.model);

    for (k->index = 0; all[k->index] != &k->m.model.weights.layers[0].up.weight; k->index++)
        must(k->index < n, "no up in layer 0");
    k->from = all[k->index];
    k->name = "layer 0's up";
    if (k->from->columns % BLOCK_NUMBERS != 0)
        return error_set(error, "the rows of this model's matrices are %d numbers wide, "
                         "which are no whole blocks of %d: it cannot be quantized",
                         k->from->columns, BLOCK_NUMBERS);
    k->int8 = &k->vs.v[AS_INT8].model.weights.layers[0].up.weight;
    k->int4 = &k->vs.v[AS_INT4].model.weights.layers[0].up.weight;
    return true;
}

/* In the first group of eight rows, the block that gains most by the search. */
static void choose_block(Blocks *k)
{
    float *w = arena_get(&k->arena, (size_t)k->from->columns * sizeof *w);
    double most = 0;

    for (int r = 0; r < min_int(GROUP_ROWS, k->from->rows); r++) {
        matrix_row(w, k->from, r);
        for (int b = 0; b < k->from->columns / BLOCK_NUMBERS; b++) {
            BlockCodes tries[BLOCK_TRIES];
            int best = block_tries(tries, w + b * BLOCK_NUMBERS);
            double gain = block_share(&tries[BLOCK_OBVIOUS], w + b * BLOCK_NUMBERS)
                        - block_share(&tries[best], w + b * BLOCK_NUMBERS);

            if (gain > most || (r == 0 && b == 0)) {
                most = gain;
                k->r = r;
                k->b = b;
            }
        }
    }
    matrix_row(w, k->from, k->r);
    memcpy(k->w, w + k->b * BLOCK_NUMBERS, sizeof k->w);
    //@stop block_chosen
    k->best = block_tries(k->tries, k->w);
    k->eight.d = f16_to_f32(encode_block(k->eight.q, FORMAT_INT8, k->w));
    k->four.d = f16_to_f32(encode_block(k->four.q, FORMAT_INT4, k->w));
}

/* --- what is shown ------------------------------------------------------------ */

/* The error as a strip: what is missing of each weight. */
static void show_loss(Lesson *l, const char *key, const char *label, const Blocks *k,
                      const BlockCodes *block)
{
    float off[BLOCK_NUMBERS];

    for (int i = 0; i < BLOCK_NUMBERS; i++)
        off[i] = k->w[i] - block->d * (float)block->q[i];
    picture_strip(l, key, label, off, BLOCK_NUMBERS, fabs((double)k->four.d));
}

/* Eight of the weights, there and back. */
static void show_codes(Lesson *l, Blocks *k)
{
    static const char *const head[] = { "k", "weight", "int8", "int8_back", "int4",
                                        "int4_back" };
    const char **cell = arena_get(&k->arena, 6 * 8 * sizeof *cell);

    for (int i = 0; i < 8; i++) {
        const char *line[] = {
            arena_print(&k->arena, "%d", i), number(k, "%.6f", (double)k->w[i]),
            arena_print(&k->arena, "%d", k->eight.q[i]),
            number(k, "%.6f", (double)(k->eight.d * (float)k->eight.q[i])),
            arena_print(&k->arena, "%d", k->four.q[i]),
            number(k, "%.6f", (double)(k->four.d * (float)k->four.q[i])) };

        memcpy(row(cell, i, 6), line, sizeof line);
    }
    picture_table(l, "codes", head, "rrrrrr", cell, 8);
}

/* Part 1: the block before and after, and the search. */
static void show_block(Lesson *l, Blocks *k)
{
    float reach = 9.75f / 8 * fabsf(block_largest(k->w));
    double most = fabs((double)block_largest(k->w));
    Bar bar[BLOCK_TRIES + 1];

    lesson_part(l, "block", "One block, before and after");
    lesson_say(l, "32 neighbours of one row: %s, row %d, from number %d on. Then what is "
               "missing of each of them in int8 and in int4, on the scale of int4's step.",
               k->name, k->r, k->b * BLOCK_NUMBERS);
    picture_strip(l, "weights", "weights", k->w, BLOCK_NUMBERS, most);
    show_loss(l, "lost_int8", "lost in int8", k, &k->eight);
    show_loss(l, "lost_int4", "lost in int4", k, &k->four);
    lesson_say(l, "In numbers, the first eight: each weight is a whole number times the "
               "block's scale, which is %.9g for int8 and %.9g for int4.",
               (double)k->eight.d, (double)k->four.d);
    show_codes(l, k);
    lesson_say(l, "Where shall int4's sixteen steps stand? The obvious ruler has the "
               "largest weight, %.6f, on its last step:", (double)block_largest(k->w));
    picture_ruler(l, "obvious", "largest / -8", k->w, BLOCK_NUMBERS,
                  k->tries[BLOCK_OBVIOUS].d, -8, 7, reach);
    lesson_say(l, "And the one that the search found; what is beyond its ends is cut "
               "off:");
    picture_ruler(l, "found", "the best of eight", k->w, BLOCK_NUMBERS, k->four.d, -8, 7,
                  reach);
    lesson_say(l, "The error beside the weights themselves, for each ruler that was tried: "
               "d = largest / c; then the best one's whole numbers held fast and d chosen "
               "by least squares. int8 has steps to spare and does not search.");
    for (int i = 0; i <= BLOCK_TRIES; i++) {
        const BlockCodes *t = i < BLOCK_TRIES ? &k->tries[i] : &k->eight;
        double share = block_share(t, k->w);

        bar[i] = (Bar){ i < BLOCK_TRIES ? block_try_names[i] : "int8", share,
                        arena_print(&k->arena, "%.4f%s", share, i == k->best
                                    ? " the best" : i == BLOCK_OBVIOUS ? " obvious" : "") };
    }
    picture_bars(l, "search", bar, BLOCK_TRIES + 1);
}

/* Four whole numbers with their place: "k 4: 1 -3 0 2". */
static const char *four_codes(Blocks *k, int from)
{
    const int8_t *q = k->four.q + from;

    return arena_print(&k->arena, "k %d: %d %d %d %d", from, q[0], q[1], q[2], q[3]);
}

/* Part 2: the bytes of the group's block. */
static void show_bytes(Lesson *l, Blocks *k)
{
    static const char *const head[] = { "vector", "bytes", "low_half", "high_half" };
    size_t four = (size_t)k->b * INT4_BLOCK_BYTES, eight = (size_t)k->b * INT8_BLOCK_BYTES;
    const unsigned char *int4 = (const unsigned char *)k->int4->data + four;
    const unsigned char *int8 = (const unsigned char *)k->int8->data + eight;
    size_t scale = (size_t)(2 * k->r), at = (size_t)(16 + 4 * k->r);
    const Bracket in4[] = { { scale, scale + 2, "d" }, { at, at + 4, "k 0…3, 16…19" },
                            { at + 32, at + 36, "k 4…7, 20…23" },
                            { at + 64, at + 68, "k 8…11, 24…27" },
                            { at + 96, at + 100, "k 12…15, 28…31" } };
    const Bracket in8[] = { { scale, scale + 2, "d" }, { at, at + 4, "k 0…3" },
                            { at + 32, at + 36, "k 4…7" } };
    const char *cell[4][4];

    lesson_part(l, "bytes", "Where the bytes lie");
    lesson_say(l, "Eight rows lie interleaved, so that one vector of 32 bytes has four "
               "neighbours of each of them. A block of int4 for eight rows: 8 scales of 2 "
               "bytes, then 4 vectors. What belongs to row %d has a bracket:", k->r);
    picture_hexdump(l, "int4", int4, INT4_BLOCK_BYTES, four, in4, 5);
    lesson_say(l, "Each byte holds two whole numbers, 16 places apart, each plus 8:");
    for (int i = 0; i < 4; i++) {
        const unsigned char *p = int4 + at + (size_t)(32 * i);
        const char *line[] = { arena_print(&k->arena, "%d", i),
            arena_print(&k->arena, "%02x %02x %02x %02x", p[0], p[1], p[2], p[3]),
            four_codes(k, 4 * i), four_codes(k, 16 + 4 * i) };

        memcpy(cell[i], line, sizeof line);
    }
    picture_table(l, "halves", head, "llll", &cell[0][0], 4);
    lesson_say(l, "int8 has 8 vectors and one number in a byte; its first two:");
    picture_hexdump(l, "int8", int8, 16 + 2 * 32, eight, in8, 3);
}

/* This engine's format there and back: the error of n rows of w, blocks all along. */
static double own_error(Format format, const float *w, size_t n)
{
    double lost = 0, all = 0;

    for (size_t i = 0; i < n; i += BLOCK_NUMBERS) {
        BlockCodes block;

        block.d = f16_to_f32(encode_block(block.q, format, w + i));
        lost += block_error(&block, w + i);
        for (int k = 0; k < BLOCK_NUMBERS; k++)
            all += (double)w[i + (size_t)k] * (double)w[i + (size_t)k];
    }
    return all > 0 ? sqrt(lost / all) : 0;
}

/* Part 3: what formats lose on weights of three kinds. */
static void show_formats(Lesson *l, Blocks *k)
{
    static const char *const head[] = { "format", "bits", "Gaussian", "heavy_tails",
                                        "this_model" };
    static const struct { const char *name; bool ours; int format; } rows[] = {
        { "int8", true, FORMAT_INT8 }, { "Q8_0", false, QUANT_Q8_0 },
        { "Q4_1", false, QUANT_Q4_1 }, { "int4", true, FORMAT_INT4 },
        { "Q4_0", false, QUANT_Q4_0 }, { "NF4", false, QUANT_NF4 } };
    int own = min_int(k->from->rows, OWN / k->from->columns) & ~1;
    size_t n[] = { SAMPLE, SAMPLE, (size_t)own * (size_t)k->from->columns };
    float *w[3];
    const char *cell[6][5];
    double grid = 1;

    for (int i = 0; i < 3; i++)
        w[i] = arena_get(&k->arena, n[i] * sizeof *w[i]);
    weights_gaussian(w[0], SAMPLE, k->seed);
    weights_heavy(w[1], SAMPLE, k->seed);
    for (int r = 0; r < own; r++)
        matrix_row(row(w[2], r, k->from->columns), k->from, r);
    for (int f = 0; f < 6; f++) {
        QuantFormat q = (QuantFormat)rows[f].format;
        double bits = rows[f].ours
                    ? 8.0 * (double)block_bytes((Format)rows[f].format)
                      / (GROUP_ROWS * BLOCK_NUMBERS)
                    : 8.0 * (double)quant_bytes(q, 64) / 64;

        cell[f][0] = rows[f].name;
        cell[f][1] = number(k, "%.1f", bits);
        for (int i = 0; i < 3; i++) {
            double e = rows[f].ours ? own_error((Format)rows[f].format, w[i], n[i])
                                    : reconstruction_error(q, w[i], n[i]);

            cell[f][2 + i] = number(k, "%.4f", e);
            grid = !rows[f].ours && q == QUANT_Q4_1 && i == 2 ? e : grid;
        }
    }
    lesson_part(l, "formats", "What a format loses");
    lesson_say(l, "The error beside the weights themselves, there and back: %d random "
               "weights from a bell curve, %d with a few far ones (Student's t, 4 degrees), "
               "and %s. bits: for each weight, its part of the scale with it.", SAMPLE,
               SAMPLE, k->name);
    picture_table(l, "errors", head, "lrrrr", &cell[0][0], 6);
    lesson_say(l, "Q8_0, Q4_0 and Q4_1 are llama.cpp's, NF4 is QLoRA's (64 weights share a "
               "scale there). int4 and Q4_0 have the same sixteen steps: only the search is "
               "between them.");
    if (grid < ON_A_GRID)
        lesson_say(l, "Q4_1 loses almost nothing of this model's weights: they were Q4_1 "
                   "before they came here. So the last column ranks no format; the others do.");
}

/* Part 4: quality against memory. */
static void show_quality(Lesson *l, Blocks *k)
{
    static const char *const head[] = { "format", "MB", "bits", "perplexity", "more_%" };
    const char *cell[VARIANTS][5];
    Bar bar[VARIANTS], memory[VARIANTS];
    int n = 0;

    for (int i = 0; i < VARIANTS; i++) {
        const Variant *v = &k->vs.v[i];
        double more = 100 * (v->perplexity / k->vs.v[AS_FILE].perplexity - 1);
        const char *line[] = { v->name, number(k, "%.2f", v->bytes / 1e6),
                               number(k, "%.2f", v->bits),
                               number(k, "%.4f", v->perplexity),
                               number(k, "%.3f", more) };

        if (!v->made)
            continue;
        memcpy(cell[n], line, sizeof line);
        memory[n] = (Bar){ v->name, v->bytes / 1e6, arena_print(&k->arena, "%s MB", line[1]) };
        bar[n++] = (Bar){ v->name, fmax(more, 0), arena_print(&k->arena, "%s %%", line[4]) };
    }
    lesson_part(l, "quality", "Quality against memory");
    lesson_say(l, "What the whole model loses: how surprised it is by %d tokens that it has "
               "not seen (%s). Perplexity: among how many equally likely words it seems to "
               "choose.", k->vs.tokens, k->vs.text);
    picture_table(l, "table", head, "lrrrr", &cell[0][0], n);
    lesson_say(l, "The weights' memory, and how much the perplexity grows:");
    picture_bars(l, "memory", memory, n);
    picture_bars(l, "growth", bar, n);
    lesson_say(l, "The output matrix stays in int8 beside int4 layers (and in Q8_0 beside "
               "Q4_0), so int4 is more than 4.5 bits: it is read once a token like the "
               "others, and its errors go straight into the scores. %s",
               k->vs.v[AS_Q4_0].made
               ? "Q4_0 was widened to float32 to be judged, and its inputs were not coded."
               : "Q4_0 is left out: to judge it, it is widened to float32, and that is "
                 "more than 2 GB here.");
}

/* --- what is proved ------------------------------------------------------------- */

static bool prove(Lesson *l, Blocks *k, Error *error)
{
    const Model *int8 = &k->vs.v[AS_INT8].model, *int4 = &k->vs.v[AS_INT4].model;
    bool found = memcmp(&k->four.d, &k->tries[k->best].d, sizeof k->four.d) == 0
              && memcmp(k->four.q, k->tries[k->best].q, sizeof k->four.q) == 0;

    lesson_theorem(l, "A product of whole numbers is the textbook's, to the last bit, for any "
                   "threads and any number of rows; and each weight lies at most half a "
                   "step from where the file has it.");
    check_products(l, int8, k->index, k->name, k->seed);
    check_products(l, int4, k->index, k->name, k->seed);
    if (!check_passes(l, int8, k->vs.kv, error) || !check_passes(l, int4, k->vs.kv, error))
        return false;
    check_bounds(l, &k->m.model, int8);
    check_bounds(l, &k->m.model, int4);
    check_places(l, &k->m.model, int8, k->index, k->name);
    check_places(l, &k->m.model, int4, k->index, k->name);
    lesson_check(l, found, "the block above has the scale and the whole numbers of the best "
                 "ruler that was shown: %s", block_try_names[k->best]);
    return true;
}

static bool look(Lesson *l, Blocks *k, const Options *o, Error *error)
{
    k->seed = (uint64_t)o->seed;
    if (!model_open(&k->m, o, error) || !variants_make(&k->vs, &k->m, error)
        || !choose_matrix(k, error) || !variants_score(&k->vs, o, error)
        || !variants_time(&k->vs, error))
        return false;
    choose_block(k);
    show_block(l, k);
    show_bytes(l, k);
    show_formats(l, k);
    show_quality(l, k);
    return show_gains(l, &k->vs, &k->arena, error) && prove(l, k, error);
}

int chapter06_quantize(const Options *options)
{
    Blocks k = { .index = 0 };
    Error error = {0};
    bool fine;

    lesson_begin(&k.l, "chapter06_quantize", "06 quantize: the same weights in a quarter of "
                 "the bytes", options);
    fine = look(&k.l, &k, options, &error);
    variants_free(&k.vs);
    model_close(&k.m);
    arena_free(&k.arena);
    return lesson_end(&k.l, fine, &error);
}
