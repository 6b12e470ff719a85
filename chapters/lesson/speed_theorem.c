/* speed_theorem.c - what chapter09_speed proves: bytes counted = bytes of the file
 *
 *      model.safetensors                            one token's pass
 *      ┌──────────────────────────┐
 *      │ matrices of the layers   │ ──► each byte given to a kernel once
 *      │ output matrix            │ ──► too (in many models it is the embedding)
 *      │ an embedding of its own  │ ──► one row is looked up, no kernel sees it
 *      │ norms, biases            │ ──► widened to float32 when the model was loaded
 *      └──────────────────────────┘
 *
 * Bytes ÷ bandwidth predicts how fast a model writes, if the bytes are right. So they are
 * counted where they are used, by kernels that count (counted.c), and compared with the
 * file: its matrices are its tensors of two dimensions, all of them, but for an embedding
 * that is not the output matrix as well. Nothing is read twice, and nothing is left out;
 * for eight tokens in one pass it is the same bytes, and for any number of threads.
 *
 *      bytes of a pass = Σ bytes of the file's matrices                   (1)
 *      tokens/s ≤ bandwidth / bytes of a pass                             (2)
 *
 * The second half: all versions of a product have the bits of the textbook's loop, which
 * stands here once more, with eight sums and their tree by hand.
 *
 * Read next: chapters/lesson/counted.c, src/kernels/dot.c.
 */
#include "chapters/lesson/speed_theorem.h"

#include <inttypes.h>
#include <math.h>                   /* fmaf                                  */
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "chapters/lesson/counted.h"
#include "chapters/lesson/pictures.h"

#define TOKENS 8                    /* of the longer pass                    */
#define THREADS 3                   /* the theorem tries 1 … 3               */
#define BUDGET 0.02                 /* seconds of reading tokens             */
#define POSITIONS 64                /* … and how many at most                */
#define SAMPLE 64                   /* rows of W that are compared alone     */
#define LANES 8

/* ---- the file */

typedef enum { LAYERS, OUTPUT, EMBEDDING, VECTORS, UNUSED, KINDS } Kind;

static const char *const kind_names[KINDS] = {
    "matrices of the layers", "output matrix", "embedding", "norms, biases", "not used",
};

/* What part tensor t plays for a pass, by its shape and by where its data lie. */
static Kind kind_of(const Tensor *t, const Weights *w)
{
    if (t->rank == 2)
        return t->data == w->output.weight.data ? OUTPUT
             : t->data == w->embedding.data ? EMBEDDING : LAYERS;
    return t->rank == 1 && strstr(t->name, "inv_freq") == NULL ? VECTORS : UNUSED;
}

static bool is_matrix(const Tensor *t, const Weights *w)
{
    return kind_of(t, w) == LAYERS || kind_of(t, w) == OUTPUT;
}

/* Equation (1)'s right side; *matrices: how many. */
static uint64_t matrix_bytes_of(const OpenModel *m, int *matrices)
{
    const Safetensors *file = &m->dir.file;
    uint64_t bytes = 0;

    *matrices = 0;
    for (int i = 0; i < file->count; i++)
        if (is_matrix(&file->tensors[i], &m->model.weights)) {
            bytes += file->tensors[i].bytes;
            ++*matrices;
        }
    return bytes;
}

/* ---- a token */

/* Seconds of one token: the best of some. Errors: those of session_feed. */
static bool time_token(double *best, Session *s, Error *error)
{
    double all = 0;

    *best = 1e9;
    for (int i = 0; i < POSITIONS && (i < 2 || all < BUDGET); i++) {
        double start = clock_seconds(), one;
        int id = 1 + i % TOKENS;

        if (!session_feed(s, &id, 1, error))
            return false;
        one = clock_seconds() - start;
        *best = one < *best ? one : *best;
        all += one;
    }
    return true;
}

static void show_kinds(Lesson *l, const OpenModel *m)
{
    static const char *const head[] = { "what", "tensors", "bytes", "read_for_a_token" };
    static const char *const reads[KINDS] = { "all", "all", "one row", "no: widened",
                                              "no" };
    const Safetensors *file = &m->dir.file;
    const char *cell[4 * KINDS];
    char text[KINDS][2][24];
    int lines = 0;

    for (int k = 0; k < KINDS; k++) {
        uint64_t bytes = 0;
        int count = 0;

        for (int i = 0; i < file->count; i++)
            if (kind_of(&file->tensors[i], &m->model.weights) == (Kind)k) {
                bytes += file->tensors[i].bytes;
                count++;
            }
        snprintf(text[k][0], 24, "%d", count);
        snprintf(text[k][1], 24, "%" PRIu64, bytes);
        cell[4 * lines] = kind_names[k];
        cell[4 * lines + 1] = text[k][0];
        cell[4 * lines + 2] = text[k][1];
        cell[4 * lines + 3] = reads[k];
        lines += count > 0;
    }
    picture_table(l, "file", head, "lrrl", cell, lines);
}

bool show_token(Lesson *l, const OpenModel *m, const Options *options, double bandwidth,
                Error *error)
{
    bool tied = m->model.weights.output.weight.data == m->model.weights.embedding.data;
    int matrices;
    double bytes = (double)matrix_bytes_of(m, &matrices), seconds = 0;
    Session s;
    bool fine;

    if (!model_session(&s, m, options, POSITIONS, 0, error))
        return false;
    fine = time_token(&seconds, &s, error);
    session_free(&s);
    if (!fine)
        return false;
    lesson_part(l, "token", "What a token costs");
    lesson_say(l, "The file's tensors, and what a pass for one token reads of them. (Norms "
               "and biases were widened to float32 when the model was loaded%s.)",
               tied ? "; the output matrix is the embedding as well, of which a token looks "
                      "up a row" : "");
    show_kinds(l, m);
    picture_number(l, "bytes", "read for a token", bytes, 17, "bytes");
    picture_number(l, "expected", "so memory allows", bandwidth / bytes, 4, "tokens/s");
    picture_number(l, "measured", "measured", 1 / seconds, 4, "tokens/s");
    if (bytes < 32e6)
        lesson_say(l, "These are few bytes, and the processor's caches may hold all of them: "
                   "then memory is no wall, and what is measured is arithmetic, norms, "
                   "attention, and threads that wait for each other. With --model a real "
                   "one shows the wall.");
    return true;
}

/* ---- the theorem */

/* y [rows] = W x by eight sums and their tree, by hand. */
static uint64_t textbook_hash(Ring *r, const Matrix *w)
{
    for (int o = 0; o < w->rows; o++) {
        float a[LANES] = {0};

        matrix_row(r->wide, w, o);
        for (int i = 0; i < w->columns; i++)
            a[i % LANES] = fmaf(r->wide[i], r->x[i], a[i % LANES]);
        r->y[o] = ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
    }
    return hash_floats(HASH_START, r->y, (size_t)w->rows);
}

/* All versions of w have this hash; 0: that of the plain one. */
static void check_versions(Lesson *l, Ring *r, const Matrix *w, uint64_t hash)
{
    static Version *const versions[] = { version_plain, version_plain_fma, version_rows,
                                         version_row };
    bool floats = w->format < FORMAT_FLOATS;
    int same = 0, all = 0, threads = parallel_threads();

    ring_fill(r, w);
    for (int i = 0; i < (floats ? 4 : 3); i++, all++) {
        uint64_t got = version_time(r, versions[i], 0).hash;

        hash = hash == 0 ? got : hash;
        same += got == hash;
    }
    for (int t = 1; t <= THREADS; t++, all++) {
        parallel_set_threads(t);
        same += version_time(r, version_threads, 0).hash == hash;
    }
    parallel_set_threads(threads);
    lesson_check(l, same == all, "%s: %d of %d versions (plain, with FMA, %s; 1, 2 and 3 "
                 "threads) have the hash %s 0x%08x", format_name(w->format), same, all,
                 kernels->name, floats ? "of the textbook's loop," : "of plain C,",
                 (unsigned)(hash >> 32));
}

/* The first rows of W with TOKENS rows of x at once, and with each alone. */
static void check_alone(Lesson *l, Ring *r, const Matrix *w)
{
    Matrix part = *w;
    float *alone;
    int same = 0;

    part.rows = min_int(w->rows, SAMPLE);
    alone = memory_get(part.rows, sizeof *alone);
    matmul(r->y, &part, r->x, TOKENS);
    for (int t = 0; t < TOKENS; t++) {
        matmul(alone, &part, row(r->x, t, w->columns), 1);
        same += memcmp(alone, row(r->y, t, part.rows),
                       (size_t)part.rows * sizeof *alone) == 0;
    }
    memory_give_back(alone);
    lesson_check(l, same == TOKENS, "%d of %d rows of x give the same bits alone and "
                 "together", same, TOKENS);
}

/* Feed n tokens and count; the session stands at its beginning again before. */
static bool count_pass(Counted *c, Session *s, int n, Error *error)
{
    static const int ids[TOKENS] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    counted_again(c);
    return session_goto(s, ids, 0, error) && session_feed(s, ids, n, error);
}

/* How many matrices of the file had each byte read once. */
static int read_once(const Counted *c, const OpenModel *m)
{
    int once = 0;

    for (int i = 0; i < c->file->count; i++)
        once += is_matrix(&c->file->tensors[i], &m->model.weights) && counted_once(c, i);
    return once;
}

/* Equation (1), for one token and for several, for 1, 2 and 3 threads. */
static bool check_bytes(Lesson *l, const OpenModel *m, Session *s, Error *error)
{
    int matrices, threads = parallel_threads(), right = 0;
    uint64_t bytes = matrix_bytes_of(m, &matrices), counted = 0;
    Counted c;
    bool fine = true;
    int once = 0;

    counted_begin(&c, &m->dir.file);
    for (int t = 1; fine && t <= THREADS; t++) {
        parallel_set_threads(t);
        fine = count_pass(&c, s, 1, error);
        //@stop pass_counted
        counted = counted_all(&c);
        once = read_once(&c, m);
        right += counted == bytes && once == matrices;
    }
    parallel_set_threads(threads);
    if (fine) {
        lesson_check(l, counted == bytes, "one token: the kernels were given %" PRIu64
                     " bytes of the file, and its %d matrices have %" PRIu64, counted,
                     matrices, bytes);
        lesson_check(l, once == matrices, "%d of %d matrices: each byte once, none left out",
                     once, matrices);
        lesson_check(l, right == THREADS, "1, 2 and 3 threads: the same bytes");
        fine = count_pass(&c, s, TOKENS, error);
        counted = counted_all(&c);
        lesson_check(l, counted == bytes && read_once(&c, m) == matrices,
                     "%d tokens in one pass: %" PRIu64 " bytes, as for one", TOKENS, counted);
    }
    counted_end(&c);
    return fine;
}

/* The rest of the file, by another count: what weights_bind found in use. */
static void check_rest(Lesson *l, const OpenModel *m)
{
    const Safetensors *file = &m->dir.file;
    uint64_t used = 0;
    int matrices;

    for (int i = 0; i < file->count; i++)
        if (kind_of(&file->tensors[i], &m->model.weights) != UNUSED)
            used += file->tensors[i].bytes;
    lesson_check(l, used == m->model.weights.bytes, "with what no kernel reads (%" PRIu64
                 " bytes of embedding, norms, biases) these are the model's %zu bytes",
                 used - matrix_bytes_of(m, &matrices), m->model.weights.bytes);
}

bool prove_speed(Lesson *l, const OpenModel *m, const Options *options, Ring *r,
                 const Matrix *w, const Matrix *coded, Error *error)
{
    Session s;
    bool fine;

    lesson_theorem(l, "The bytes counted while running are the bytes of the tensors in the "
                   "file; and every version gives the same bits.");
    check_versions(l, r, w, textbook_hash(r, w));
    for (int i = 0; i < 2; i++)
        if (coded[i].data != NULL)
            check_versions(l, r, &coded[i], 0);
    check_alone(l, r, w);
    if (!model_session(&s, m, options, TOKENS, 0, error))
        return false;
    fine = check_bytes(l, m, &s, error);
    session_free(&s);
    if (fine)
        check_rest(l, m);
    return fine;
}
