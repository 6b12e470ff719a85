/* quantize.c - a loaded model's matrices into blocks, in memory
 *
 *        the file, mapped                       one piece of memory
 *      ┌──────────────────┐                    ┌───────────────────────┐
 *      │ embed_tokens BF16│ ─────────────────► │ blocks of int8        │
 *      ├──────────────────┤  8 rows at a time, ├───────────────────────┤
 *      │ layer 0, q       │  by all threads    │ blocks of int4        │
 *      │ layer 0, k       │ ─────────────────► │ …                     │
 *      │ …                │                    │                       │
 *      └──────────────────┘                    └───────────────────────┘
 *        16 MB at a time; then the pages         what matmul reads from now on
 *        that were read are given back
 *
 * Models are published in 16 bits a number. To run one in 4 or 8, its matrices are
 * written anew when it is loaded, straight into the layout that the kernels want:
 * writing them one way first and re-arranging them later would double the memory. Pages
 * of the file that have been read are handed back to the system at once, or the peak
 * would count the file too.
 *
 * Not every matrix bears the same. What is added up in the layers averages its errors
 * out; the output matrix turns them directly into scores of words, and is read once
 * per token like all the others. So:
 *
 *                      --quantize int8      --quantize int4
 *      layers          int8                 int4
 *      output          int8                 int8
 *      embedding       int8                 int4; tied to the output: int8, for
 *                                           the two are one
 *
 * One row of the embedding is read per token: its format costs memory, not time. In
 * 1.1 billion weights of TinyLlama's shape this is 4.7 bits a number; tied models with
 * their large vocabularies end at 5.3.
 *
 * A width that is not a multiple of 32 has no whole blocks: such a matrix stays as the
 * file has it, and the note says so. Norms and biases stay float32.
 *
 * Read next: kernels/encode.c.  Lesson: chapters/chapter06_quantize.c.
 */
#include "model/quantize.h"

#include <math.h>               /* isfinite                                  */
#include <stdio.h>              /* snprintf                                  */
#include <string.h>             /* strlen                                    */

#include "base/memory.h"        /* memory_get, memory_get_large              */
#include "base/parallel.h"      /* parallel_for                              */
#include "kernels/encode.h"

#define SLICE_BYTES (16 << 20)  /* of the file that are read before they go back */
#define LINE 64                 /* every matrix begins on a cache line       */

typedef struct {                /* one matrix and what becomes of it         */
    Matrix *matrix;
    Format format;              /* == matrix->format: it stays               */
} Change;

typedef struct {                /* one slice, for the threads                */
    const Matrix *from;
    Format format;
    int first;                  /* group                                     */
    unsigned char *to;          /* where the matrix's blocks begin           */
    float *rows;                /* [threads, 8, columns] scratch             */
    unsigned char *bad;         /* [groups of the slice]: not all finite     */
} Slice;

Format quantize_format(Format wanted, Role role)
{
    return role == ROLE_OUTPUT || role == ROLE_TIED ? FORMAT_INT8 : wanted;
}

int model_matrices(Matrix **all, Model *model)
{
    Weights *w = &model->weights;
    int n = 0;

    all[n++] = &w->embedding;
    if (!model->config.tied)
        all[n++] = &w->output.weight;
    for (int l = 0; l < model->config.L; l++) {
        LayerWeights *a = &w->layers[l];
        Matrix *each[] = { &a->qkv.weight, &a->q.weight, &a->k.weight, &a->v.weight,
                           &a->o.weight, &a->gate.weight, &a->up.weight,
                           &a->down.weight };

        for (size_t i = 0; i < sizeof each / sizeof each[0]; i++)
            if (each[i]->data != NULL)
                all[n++] = each[i];
    }
    return n;
}

/* What becomes of each, into changes; returns how many. */
static int list_changes(Change *changes, Model *model, Format wanted)
{
    Matrix **all = memory_get(MODEL_MATRICES(model->config.L), sizeof *all);
    bool tied = model->config.tied;
    int n = model_matrices(all, model);

    for (int i = 0; i < n; i++) {
        Role role = i == 0 ? tied ? ROLE_TIED : ROLE_EMBEDDING
                  : i == 1 && !tied ? ROLE_OUTPUT : ROLE_LAYER;

        changes[i] = (Change){ all[i], quantize_format(wanted, role) };
        if (all[i]->columns % BLOCK_NUMBERS != 0)
            changes[i].format = all[i]->format;
    }
    memory_give_back(all);
    return n;
}

static bool all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* Groups begin … end-1 of the slice. */
static void encode_some(int begin, int end, int worker, void *arg)
{
    const Slice *s = arg;
    int columns = s->from->columns;
    float *rows = row(s->rows, worker, GROUP_ROWS * columns);

    for (int i = begin; i < end; i++) {
        int group = s->first + i, first = group * GROUP_ROWS;
        int count = min_int(GROUP_ROWS, s->from->rows - first);

        for (int r = 0; r < count; r++)
            matrix_row(row(rows, r, columns), s->from, first + r);
        s->bad[i] = !all_finite(rows, (size_t)count * (size_t)columns);
        if (!s->bad[i])
            encode_group(s->to + blocks_bytes(s->format, first, columns), s->format,
                         rows, count, columns);
    }
}

/* Is one of the groups not finite? Errors: exit 3 with the rows. */
static bool check_groups(const Slice *s, int groups, Error *error)
{
    for (int i = 0; i < groups; i++)
        if (s->bad[i])
            return error_set(error, "a matrix [%d, %d] has a number that is not finite "
                             "in its rows %d to %d, and whole numbers have none: "
                             "weights-tools/inspect shows which tensor it is",
                             s->from->rows, s->from->columns,
                             (s->first + i) * GROUP_ROWS,
                             min_int((s->first + i + 1) * GROUP_ROWS, s->from->rows) - 1);
    return true;
}

typedef struct {                /* what all matrices share                   */
    const Safetensors *file;    /* whose pages go back                       */
    const Watch *watch;
    size_t done, total;         /* bytes of the file's matrices              */
    Error *error;
} Work;

/* One matrix to [blocks_bytes]; slice by slice. */
static bool encode_matrix(void *to, const Matrix *from, Format format, Work *work)
{
    size_t row_bytes = (size_t)from->columns * format_bytes(from->format);
    int groups = (from->rows + GROUP_ROWS - 1) / GROUP_ROWS;
    int each = max_int(1, (int)(SLICE_BYTES / (row_bytes * GROUP_ROWS)));
    Slice s = { .from = from, .format = format, .to = to,
                .rows = memory_get(parallel_threads() * GROUP_ROWS * from->columns,
                                   sizeof(float)),
                .bad = memory_get(each, 1) };
    bool fine = true;

    for (; fine && s.first < groups; s.first += each) {
        int count = min_int(each, groups - s.first), first = s.first * GROUP_ROWS;
        size_t bytes = row_bytes * (size_t)min_int(count * GROUP_ROWS,
                                                   from->rows - first);

        parallel_for(count, 2, encode_some, &s);
        safetensors_give_back(work->file, (const unsigned char *)from->data
                              + (size_t)first * row_bytes, bytes);
        work->done += bytes;
        fine = check_groups(&s, count, work->error)
            && (watch_go_on(work->watch, work->done, work->total)
                || error_code(work->error, EXIT_INTERRUPTED, "stopped while the weights "
                              "were quantized"));
    }
    memory_give_back(s.rows);
    memory_give_back(s.bad);
    return fine;
}

/* What stays as it was is said once. */
static void note_kept(Weights *w, const Change *changes, int n)
{
    size_t used = strlen(w->note);
    int kept = 0;

    for (int i = 0; i < n; i++)
        kept += changes[i].format == changes[i].matrix->format;
    if (kept > 0)
        snprintf(w->note + used, sizeof w->note - used, "%s%d of %d matrices stay %s: "
                 "their width is no multiple of %d", used > 0 ? "; " : "", kept, n,
                 format_name(w->format), BLOCK_NUMBERS);
}

/* All changes, into memory that the weights own. */
static bool encode_all(Weights *w, Change *changes, int n, Work *work)
{
    unsigned char *next = w->blocks;

    for (int i = 0; i < n; i++) {
        Matrix *m = changes[i].matrix;
        Matrix made = { next, changes[i].format, m->rows, m->columns };

        if (made.format == m->format)
            continue;
        if (!encode_matrix(next, m, made.format, work))
            return false;
        next += round_up(matrix_bytes(&made), LINE);
        w->bytes -= matrix_bytes(m);
        w->bytes += matrix_bytes(&made);
        *m = made;
    }
    return true;
}

bool model_quantize(Model *model, const Safetensors *file, Format format,
                    const Watch *watch, Error *error)
{
    Weights *w = &model->weights;
    Change *changes = memory_get(MODEL_MATRICES(model->config.L), sizeof *changes);
    int n = list_changes(changes, model, format);
    Work work = { .file = file, .watch = watch, .error = error };
    size_t bytes = 0;
    bool fine = true;

    for (int i = 0; fine && i < n; i++) {
        const Matrix *m = changes[i].matrix;
        Matrix made = { NULL, changes[i].format, m->rows, m->columns };

        if (m->format >= FORMAT_FLOATS)
            fine = error_set(error, "the weights are %s already, and quantizing twice "
                             "would only lose more: leave --quantize out, or take the "
                             "model's F32, F16 or BF16 files", format_name(w->format));
        else if (made.format != m->format) {
            bytes += round_up(matrix_bytes(&made), LINE);
            work.total += matrix_bytes(m);
        }
    }
    if (fine && bytes > 0) {
        w->blocks = memory_get_large(bytes, "the quantized weights", error);
        fine = w->blocks != NULL;
    }
    if (fine)
        note_kept(w, changes, n);
    fine = fine && encode_all(w, changes, n, &work);
    if (model->config.tied)
        w->output.weight = w->embedding;
    w->format = w->layers[0].o.weight.format;
    memory_give_back(changes);
    return fine;
}
