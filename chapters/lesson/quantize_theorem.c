/* quantize_theorem.c - what chapter06_quantize proves, check by check
 *
 *      the file's weights w ──► model_quantize ──► blocks in memory: d, q
 *              │                                       │         │
 *              └──────────►  |w - d q| ≤ ?  ◄──────────┘         │   (1) (2) (3)
 *                                                                ▼
 *      x [T, columns] ──► the kernels, T rows, n threads ──►  same bits?  (4)
 *              └────────► the textbook, one row, one sum ──►     ▲
 *
 * A weight w becomes q = rint(w · (1/d)), cut to the range of q. How far can d · q be
 * from w? 1/d is rounded and so is the product: together at most 2^-23 of |w/d|. Where
 * nothing is cut, |w/d| is below 128 (int8) or 9 (int4), and rint moves by at most
 * a half:
 *
 *      int8   |w - d q| ≤ d (1/2 + 2^-16)                                 (1)
 *      int4   |w - d q| ≤ |d| (1/2 + 2^-20)   where w/d is in -8.5 … 7.5,
 *             else q is the last step on w's side                         (2)
 *
 * In int8 nothing is cut by more: d is max |w| / 127 rounded to f16, a 2048th at most,
 * so the largest weight lies within 0.07 d of the last step. Only where max |w| / 127 is
 * below f16's normal numbers (2^-14) is its rounding 2^-25 whatever its size, and
 * instead of (1) the limit is 127 · 2^-25 (and a 2^20th more for two roundings to float)
 * if that is larger: less than four millionths.
 *
 * In int4 the search may cut, by as much as pays. So what bounds a block is its sum:
 *
 *      Σ (w - d q)² ≤ Σ (w - d' q')²,   d' = max w / -8, the obvious      (3)
 *
 * (3) is judged in double, and the search in float; their sums may differ by a
 * 100,000th. (1) to (3) are asked of every block of every matrix, as it lies in memory
 * and is read by the textbook (chapters/lesson/blockview.c). A scale that is rounded
 * after the codes were taken, halves of bytes exchanged or a neighbour's scale miss
 * them at once.
 *
 * (4) is equality of bits: outputs are split over threads and rows, sums never.
 *
 * Read next: src/kernels/encode.c, src/kernels/blocks_avx2.c, src/model/quantize.c.
 */
#include "chapters/lesson/quantize_theorem.h"

#include <math.h>               /* fabs, isfinite                            */
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "chapters/lesson/blockview.h"
#include "chapters/lesson/reconstruction.h"
#include "kernels/coding.h"
#include "kernels/encode.h"
#include "model/quantize.h"
#include "numbers/halffloat.h"

#define HALF8 (0.5 + 0x1p-16)       /* equation (1)                          */
#define HALF4 (0.5 + 0x1p-20)       /* equation (2)                          */
#define LEAST8 (127 * 0x1p-25 * (1 + 0x1p-20))
#define FLOATS 1.00001              /* sums in float against sums in double  */
#define PRODUCTS (1 << 21)          /* numbers of a matrix in check_products, about */
#define ROWS 8                      /* of x at most                          */
#define TOKENS 8                    /* of one pass                           */

/* ---- the matrices of a model */

int matrices_most(const Model *model)
{
    return MODEL_MATRICES(model->config.L);
}

/* They are only looked at, and so is the model. */
int matrices_of(const Matrix **out, const Model *model)
{
    return model_matrices((Matrix **)out, (Model *)model);
}

/* Matrix number index. */
static const Matrix *matrix_at(const Model *model, int index)
{
    const Matrix **all = memory_get(matrices_most(model), sizeof(const Matrix *));
    const Matrix *m;

    must(index < matrices_of(all, model), "matrix %d", index);
    m = all[index];
    memory_give_back(all);
    return m;
}

/* ---- (4): the same bits */

/* What the textbook says to all rows of x, into want [T, rows]. */
static void textbook(float *want, const Matrix *w, const float *x, int T)
{
    for (int t = 0; t < T; t++)
        for (int o = 0; o < w->rows; o++)
            row(want, t, w->rows)[o] = block_textbook(w, o, row(x, t, w->columns));
}

/* One product by the kernels; is it the textbook's? */
static bool same_product(float *y, const float *want, const Linear *linear,
                         const float *x, int T, void *room)
{
    Input input = input_of(x, T, linear->weight.columns, room);
    size_t bytes = (size_t)T * (size_t)linear->weight.rows * sizeof *y;

    linear_forward(y, linear, &input, NULL, NULL);
    return memcmp(y, want, bytes) == 0;
}

void check_products(Lesson *l, const Model *made, int index, const char *name,
                    uint64_t seed)
{
    static const int rows_of_x[] = { 1, 2, 3, ROWS };
    Linear linear = { *matrix_at(made, index), NULL };
    Matrix *w = &linear.weight;
    int threads = parallel_threads(), products = 0, same = 0, most = 1;
    float *x, *y, *want;
    Error error = {0};
    void *room;

    w->rows = min_int(w->rows, max_int(GROUP_ROWS + 3, PRODUCTS / w->columns));
    x = memory_get(ROWS * w->columns, sizeof *x);
    y = memory_get(ROWS * w->rows, sizeof *y);
    want = memory_get(ROWS * w->rows, sizeof *want);
    room = memory_get_large(coded_bytes(ROWS, w->columns), "coded rows", &error);
    must(room != NULL, "a few kilobytes");
    weights_heavy(x, (size_t)(ROWS * w->columns), seed);
    textbook(want, w, x, ROWS);
    for (int t = 1; t <= 3; t++) {
        parallel_set_threads(t);
        most = parallel_threads();
        for (int i = 0; i < 4; i++, products++)
            same += same_product(y, want, &linear, x, rows_of_x[i], room);
    }
    parallel_set_threads(threads);
    lesson_check(l, same == products, "%s, %s [%d, %d] times 1, 2, 3 and 8 rows on %s: %d of "
                 "%d products have the textbook's bits", format_name(w->format), name,
                 w->rows, w->columns, most == 1 ? "1 thread" : "1, 2 and 3 threads", same,
                 products);
    memory_give_back(x);
    memory_give_back(y);
    memory_give_back(want);
    memory_give_back(room);
}

typedef struct {                    /* logits of a text, as they come        */
    float *logits;                  /* [TOKENS, V]                           */
    int V;
} Seen;

static void see(void *context, int position, const float *logits)
{
    Seen *seen = context;

    memcpy(row(seen->logits, position, seen->V), logits,
           (size_t)seen->V * sizeof *logits);
}

/* All logits of n ids, so many at a time. */
static bool read_ids(Seen *seen, Session *s, const int *ids, int n, int step, Error *error)
{
    bool fine = session_goto(s, NULL, 0, error);

    for (int i = 0; fine && i < n; i += step)
        fine = session_feed_all(s, ids + i, min_int(step, n - i), see, seen, error);
    return fine;
}

bool check_passes(Lesson *l, const Model *made, Format kv, Error *error)
{
    static const int steps[] = { 1, 3 };
    int V = made->config.V, n = min_int(TOKENS, made->config.context), ids[TOKENS];
    Seen once = { memory_get(TOKENS * V, sizeof(float)), V };
    Seen again = { memory_get(TOKENS * V, sizeof(float)), V };
    bool same = true, fine;
    Session s;

    for (int i = 0; i < TOKENS; i++)
        ids[i] = (int)((int64_t)i * 7919 % V);
    fine = session_init(&s, made, n, n, kv, error);
    if (fine) {
        fine = read_ids(&once, &s, ids, n, n, error);
        for (int i = 0; fine && i < 2; i++) {
            fine = read_ids(&again, &s, ids, n, steps[i], error);
            same = same && memcmp(once.logits, again.logits,
                                  (size_t)n * (size_t)V * sizeof(float)) == 0;
        }
        session_free(&s);
    }
    if (fine)
        lesson_check(l, same, "%s, the whole model: %d tokens in one pass, one at a time and "
                     "in threes have the same logits, all %d of them",
                     format_name(made->weights.format), n, n * V);
    memory_give_back(once.logits);
    memory_give_back(again.logits);
    return fine;
}

/* ---- (1), (2), (3): how far */

typedef struct {                    /* what one worker found                 */
    int64_t blocks[FORMAT_COUNT];
    int64_t far[FORMAT_COUNT];      /* weights beyond (1), (2)               */
    int64_t cut;                    /* weights beyond the steps of int4      */
    int64_t worse;                  /* blocks that are beyond (3)            */
    double most[FORMAT_COUNT];      /* the largest |w - d q| / |d| that is not cut */
} Found;

typedef struct {
    const Matrix *from, *made;
    float *rows;                    /* [workers, columns]                    */
    Found *found;                   /* [workers]                             */
} Judging;

/* Is w within (1)? */
static bool near8(Found *found, float w, const BlockCodes *block, int k)
{
    double d = (double)block->d, off = fabs((double)w - d * block->q[k]);

    if (d >= 0x1p-14 && off / d > found->most[FORMAT_INT8])
        found->most[FORMAT_INT8] = off / d;
    return off <= fmax(d * HALF8, LEAST8);
}

/* Is w within (2)? */
static bool near4(Found *found, float w, const BlockCodes *block, int k)
{
    double d = (double)block->d, steps;

    if (d == 0)
        return block->q[k] == 0;
    steps = (double)w / d;
    if (steps > 7.5 || steps < -8.5) {
        found->cut++;
        return block->q[k] == (steps > 0 ? 7 : -8);
    }
    found->most[FORMAT_INT4] = fmax(found->most[FORMAT_INT4],
                                    fabs(steps - block->q[k]));
    return fabs((double)w - d * block->q[k]) <= fabs(d) * HALF4;
}

static void judge_block(Found *found, const float *w, const BlockCodes *block,
                        Format format)
{
    BlockCodes obvious;

    found->blocks[format]++;
    for (int k = 0; k < BLOCK_NUMBERS; k++)
        found->far[format] += format == FORMAT_INT8 ? !near8(found, w[k], block, k)
                                                    : !near4(found, w[k], block, k);
    if (format != FORMAT_INT4)
        return;
    block_try(&obvious, w, block_largest(w) / -8, -8, 7);
    found->worse += !(block_error(block, w) <= block_error(&obvious, w) * FLOATS);
}

/* Rows begin … end-1 of a matrix. */
static void judge_rows(int begin, int end, int worker, void *arg)
{
    const Judging *j = arg;
    int columns = j->from->columns;
    float *w = row(j->rows, worker, columns);

    for (int r = begin; r < end; r++) {
        matrix_row(w, j->from, r);
        for (int b = 0; b < columns / BLOCK_NUMBERS; b++) {
            BlockCodes block;

            block_taken(&block, j->made, r, b);
            judge_block(&j->found[worker], w + b * BLOCK_NUMBERS, &block,
                        j->made->format);
        }
    }
}

static void add_found(Found *all, const Found *one)
{
    for (int f = FORMAT_INT8; f < FORMAT_COUNT; f++) {
        all->blocks[f] += one->blocks[f];
        all->far[f] += one->far[f];
        all->most[f] = fmax(all->most[f], one->most[f]);
    }
    all->cut += one->cut;
    all->worse += one->worse;
}

/* All matrices of made that are in blocks; returns how many. */
static int judge(Found *all, const Model *file, const Model *made)
{
    int n = matrices_most(file), workers = parallel_threads(), judged = 0;
    const Matrix **from = memory_get(n, sizeof *from), **to = memory_get(n, sizeof *to);

    n = matrices_of(from, file);
    must(n == matrices_of(to, made), "another model");
    *all = (Found){0};
    for (int i = 0; i < n; i++) {
        Judging j = { from[i], to[i], NULL, NULL };

        if (to[i]->format < FORMAT_FLOATS)
            continue;
        j.rows = memory_get(workers * from[i]->columns, sizeof *j.rows);
        j.found = memory_get(workers, sizeof *j.found);
        parallel_for(from[i]->rows, 4, judge_rows, &j);
        for (int w = 0; w < workers; w++)
            add_found(all, &j.found[w]);
        memory_give_back(j.rows);
        memory_give_back(j.found);
        judged++;
    }
    memory_give_back(from);
    memory_give_back(to);
    return judged;
}

void check_bounds(Lesson *l, const Model *file, const Model *made)
{
    Found f;
    int matrices = judge(&f, file, made);

    if (f.blocks[FORMAT_INT4] == 0) {
        lesson_check(l, f.far[FORMAT_INT8] == 0 && matrices > 0,
                     "int8, all %d matrices, %lld blocks: no weight is farther from its step "
                     "than d/2 (the farthest: %.4f d)", matrices,
                     (long long)f.blocks[FORMAT_INT8], f.most[FORMAT_INT8]);
        return;
    }
    lesson_check(l, f.far[FORMAT_INT4] + f.far[FORMAT_INT8] == 0,
                 "int4, %lld blocks: no weight is farther than d/2 (the farthest: %.4f d), but "
                 "for %lld that are beyond the last step and have it",
                 (long long)f.blocks[FORMAT_INT4], f.most[FORMAT_INT4], (long long)f.cut);
    lesson_check(l, f.worse == 0, "in none of these blocks is the error larger than with the "
                 "largest weight on the last step");
}

void check_places(Lesson *l, const Model *file, const Model *made, int index,
                  const char *name)
{
    const Matrix *from = matrix_at(file, index), *to = matrix_at(made, index);
    float *w = memory_get(from->columns, sizeof *w);
    int blocks = 0, same = 0;

    for (int r = 0; r < from->rows; r++) {
        matrix_row(w, from, r);
        for (int b = 0; b < from->columns / BLOCK_NUMBERS; b++, blocks++) {
            BlockCodes there;
            int8_t q[BLOCK_NUMBERS];
            float d = f16_to_f32(encode_block(q, to->format, w + b * BLOCK_NUMBERS));

            block_taken(&there, to, r, b);
            same += memcmp(&d, &there.d, sizeof d) == 0 && memcmp(q, there.q, sizeof q) == 0;
        }
    }
    lesson_check(l, same == blocks, "%s, %s: %d of %d blocks lie where the drawing says",
                 format_name(to->format), name, same, blocks);
    memory_give_back(w);
}
