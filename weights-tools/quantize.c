/* quantize.c - a model's weights as whole numbers of 8 or 4 bits, stored
 *
 *      quantize tinyllama tinyllama-int4 --quantize int4
 *
 *      tinyllama/                              tinyllama-int4/
 *        model.safetensors, 2.2 GB  ────────►    model.safetensors, 0.65 GB
 *        config.json                ────────►    config.json, with a line more
 *        tokenizer.json, …          ────────►    the same
 *
 * `./run … --quantize int4` makes the blocks of kernels/blocks.c each time a model is
 * loaded: that reads the large file and computes for some seconds. Here they are made
 * once. The folder is mapped when it is opened, as any other: nothing is computed, and
 * nothing is copied. It is the same blocks by the same function, so both ways to a
 * quantized model give the same bits.
 *
 * The format, byte by byte:
 *
 * - model.safetensors is an ordinary safetensors file. Its metadata says
 *   "format": "billion-llm" and "quantized": "billion-llm int4 v1" (or int8).
 * - A matrix [rows, columns] with columns % 32 == 0 is a tensor of the usual name, dtype
 *   U8, shape [groups, blocks, bytes]: groups = ⌈rows / 8⌉, blocks = columns / 32, and
 *   bytes = 272 for int8, 144 for int4. The last dimension says which it is; a file may
 *   hold both. model/quantize.c tells which matrix becomes what.
 * - tensor[g, b] is block b (columns 32b … 32b+31) of rows 8g … 8g+7:
 *
 *      byte 0       16                                          144 or 272
 *           ┌────────┬──────────────────────────────────────────────┐
 *           │ scales │ codes                                        │
 *           └────────┴──────────────────────────────────────────────┘
 *
 *      bytes 2r, 2r + 1        row r's scale: f16, little-endian
 *      int8: byte 16 + 32 (k / 4) + 4 r + k % 4, k = 0 … 31
 *                              row r's code of column 32b + k, signed
 *      int4: byte 16 + 32 (k / 4) + 4 r + k % 4, k = 0 … 15
 *                              low half: 8 + code of column 32b + k
 *                              high half: 8 + code of column 32b + k + 16
 *
 *      weight = scale · code
 *
 * - Rows beyond the last, where rows % 8 ≠ 0, have scale 0 and codes 0.
 * - Matrices of other widths, norms and biases are as the source has them. A tied output
 *   is not there: it is the embedding. Buffers (causal masks) and an output that is not
 *   used are left out.
 * - config.json is the source's and says besides
 *      "quantization_config": {"quant_method": "billion-llm", "version": 1, "bits": 4}
 *   Other programs refuse what they do not know rather than misread it, and
 *   ./run refuses a version that it does not know.
 *
 * What is quantized already is refused: rounding what was rounded loses twice.
 *
 * Read next: kernels/blocks.c, model/quantize.c, weights-tools/common/newfolder.c.
 */
#include <stdio.h>                  /* printf                               */
#include <string.h>                 /* strcmp, memcpy                       */

#include "base/atomicfile.h"        /* config.json, whole                   */
#include "base/command.h"           /* what to type next                    */
#include "base/interrupt.h"         /* Ctrl-C                               */
#include "base/parallel.h"          /* --threads                            */
#include "base/progress.h"          /* a bar for the gigabytes              */
#include "decode/modeldir.h"        /* the source                           */
#include "files/json_write.h"       /* --json                               */
#include "files/safetensors_write.h"
#include "model/quantize.h"
#include "weights-tools/common/companions.h"
#include "weights-tools/common/disk.h"
#include "weights-tools/common/lookagain.h"
#include "weights-tools/common/tool.h"

#define SMALL_FILES 50000000        /* bytes: tokenizer and the like, at most */

typedef struct {                    /* one run                              */
    Format format;
    ModelDir dir;                   /* the source                           */
    Model from, made;               /* the source's model, and what is made of it */
    Tensor *tensors;                /* [count] of the new file; no data:    */
    const unsigned char **data;     /* [count] it lies here                 */
    int count;
    int blocks;                     /* of them, matrices of blocks          */
    size_t bytes, done;             /* of all tensors; written so far       */
    NewFolder folder;
    Progress bar;
    Arena arena;
} Quantizing;

/* ---- the weights, in memory */

static bool go_on(void *context, size_t done, size_t total)
{
    progress_update(context, done, total);
    return !interrupt_asked();
}

/* The model twice, both views of one file; the second is quantized.
 * Errors: those of model_quantize, with the model's name. */
static bool make_blocks(Quantizing *q, const char *name, Error *error)
{
    const Safetensors *file = &q->dir.file;
    Watch watch = { go_on, &q->bar };
    bool fine;

    if (!model_load(&q->from, q->dir.config.root, file, error)
        || !model_load(&q->made, q->dir.config.root, file, error))
        return error_where(error, "%s", name);
    progress_start(&q->bar, "quantizing the weights");
    fine = model_quantize(&q->made, file, q->format, &watch, error);
    progress_end(&q->bar);
    if (q->made.weights.note[0] != '\0')
        fprintf(stderr, "note: %s\n", q->made.weights.note);
    return fine || error_where(error, "%s", name);
}

/* The matrix that lies where this tensor does; -1: none does. */
static int find_matrix(Matrix *const *all, int n, const Tensor *tensor)
{
    for (int i = 0; i < n; i++)
        if (tensor->rank == 2 && all[i]->data == tensor->data)
            return i;
    return -1;
}

/* One tensor behind the others: m's blocks, or what the source has. */
static void add_tensor(Quantizing *q, const Tensor *source, const Matrix *m)
{
    Tensor *t = &q->tensors[q->count];

    *t = *source;
    if (m != NULL && m->format >= FORMAT_FLOATS) {
        t->dtype = DTYPE_U8;
        t->rank = 3;
        t->shape[0] = (uint64_t)(m->rows + GROUP_ROWS - 1) / GROUP_ROWS;
        t->shape[1] = (uint64_t)m->columns / BLOCK_NUMBERS;
        t->shape[2] = block_bytes(m->format);
        t->bytes = matrix_bytes(m);
        q->blocks++;
    }
    q->data[q->count++] = m != NULL ? m->data : source->data;
    q->bytes += t->bytes;
    t->data = NULL;
}

/* The source's tensors in use: all matrices of the model, and vectors. */
static void list_tensors(Quantizing *q)
{
    int most = MODEL_MATRICES(q->from.config.L), n;
    Matrix **from = arena_get(&q->arena, (size_t)most * sizeof *from);
    Matrix **made = arena_get(&q->arena, (size_t)most * sizeof *made);
    size_t count = (size_t)q->dir.file.count;

    n = model_matrices(from, &q->from);
    must(model_matrices(made, &q->made) == n, "one file, two models");
    q->tensors = arena_get(&q->arena, count * sizeof *q->tensors);
    q->data = arena_get(&q->arena, count * sizeof *q->data);
    for (size_t i = 0; i < count; i++) {
        const Tensor *source = &q->dir.file.tensors[i];
        int matrix = find_matrix(from, n, source);

        if (matrix >= 0)
            add_tensor(q, source, made[matrix]);
        else if (source->rank == 1)
            add_tensor(q, source, NULL);
    }
}

/* ---- the files */

/* config.json as it was, and one field more: behind its first brace, or in the place
 * of a null.
 *
 *      {"architectures":…   ──►   {"quantization_config": {…},"architectures":…
 */
static bool write_config(Quantizing *q, Error *error)
{
    const Json *root = q->dir.config.root, *old = json_get(root, "quantization_config");
    size_t at = old != NULL ? old->offset : root->offset + 1;
    Text text = {0};
    MapFile file;
    const char *bytes;
    bool fine;

    if (!mapfile_open(&file, arena_print(&q->arena, "%s/config.json", q->dir.path), error))
        return false;
    bytes = (const char *)file.bytes;
    text_add(&text, bytes, at);
    text_print(&text, "%s{\"quant_method\": \"" CONFIG_QUANTIZED "\", \"version\": %d, "
               "\"bits\": %d}%s", old != NULL ? "" : "\n  \"quantization_config\": ",
               CONFIG_QUANTIZED_VERSION, q->format == FORMAT_INT8 ? 8 : 4,
               old != NULL ? "" : ",");
    at += old != NULL ? strlen("null") : 0;
    text_add(&text, bytes + at, file.size - at);
    fine = atomicfile_save(newfolder_path(&q->folder, "config.json"), text.bytes,
                           text.length, error);
    text_free(&text);
    mapfile_close(&file);
    return fine;
}

/* TensorFill: from where the numbers lie, unless a person pressed Ctrl-C. */
static bool fill(void *context, const Tensor *tensor, size_t first, size_t count,
                 void *out, Error *error)
{
    Quantizing *q = context;
    size_t size = (size_t)dtype_bits(tensor->dtype) / 8;

    if (interrupt_asked())
        return error_code(error, EXIT_INTERRUPTED, "interrupted: %s is as it was",
                          q->folder.path);
    memcpy(out, q->data[tensor - q->tensors] + first * size, count * size);
    q->done += count * size;
    progress_update(&q->bar, q->done, q->bytes);
    return true;
}

static bool write_weights(Quantizing *q, Error *error)
{
    const char *what = arena_print(&q->arena, CONFIG_QUANTIZED " %s v%d",
                                   format_name(q->format), CONFIG_QUANTIZED_VERSION);
    const char *const metadata[] = { "format", CONFIG_QUANTIZED, "quantized", what };
    bool fine;

    progress_start(&q->bar, "writing the weights");
    fine = safetensors_write_filled(newfolder_path(&q->folder, "model.safetensors"),
                                    q->tensors, q->count, metadata, 2, fill, q, error);
    progress_end(&q->bar);
    return fine;
}

/* All of it, in the order in which a mistake is cheapest. */
static bool quantize(Quantizing *q, const Options *options, Error *error)
{
    bool tokenizer;

    if (!modeldir_open(&q->dir, options->argument[0], MODELDIR_WEIGHTS, error)
        || !newfolder_open(&q->folder, options->argument[1], error)
        || !make_blocks(q, options->argument[0], error))
        return false;
    list_tensors(q);
    if (q->blocks == 0)
        return error_set(error, "%s: no matrix of it has whole blocks of %d columns: there "
                         "is nothing to quantize", options->argument[0], BLOCK_NUMBERS);
    return disk_check(q->folder.beside, q->bytes + SMALL_FILES, error)
        && write_config(q, error)
        && companions_copy(&q->folder, q->dir.path, &tokenizer, error)
        && write_weights(q, error)
        && safetensors_check(&q->dir.file, error)
        && look_again(&q->folder, MODELDIR_WEIGHTS, options->argument[0], error)
        && newfolder_commit(&q->folder, error);
}

/* ---- what was done */

static double bits(const Quantizing *q)
{
    return 8 * (double)q->bytes / (double)q->made.weights.parameters;
}

static void report_json(const Quantizing *q, const char *folder)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_word(&w, "folder", folder);
    json_write_word(&w, "format", format_name(q->format));
    json_write_integer(&w, "tensors", q->count);
    json_write_integer(&w, "quantized", q->blocks);
    json_write_integer(&w, "parameters", (int64_t)q->made.weights.parameters);
    json_write_integer(&w, "bytes", (int64_t)q->bytes);
    json_write_integer(&w, "bytes_before", (int64_t)q->from.weights.bytes);
    json_write_number(&w, "bits_per_weight", bits(q), 6);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* In numbers, and what a person types next. */
static void report(const Quantizing *q, const char *folder)
{
    Text name = {0};

    printf("%s: %d of %d tensors in blocks, %.1f MB (they were %.1f MB), %.2f bits a "
           "weight\n", folder, q->blocks, q->count, (double)q->bytes / 1e6,
           (double)q->from.weights.bytes / 1e6, bits(q));
    command_word(&name, folder);
    command_print(stdout, "    ./run generate --model ");
    printf("%s --prompt \"Once upon a time\"\n", name.bytes);
    text_free(&name);
}

static int run(const Options *options);

static const Word word = {
    "quantize", run, "MODEL FOLDER",
    "a model's weights in blocks of 8 or 4 bits, stored",
    "build/weights-tools/quantize storyteller storyteller-int4 --quantize int4\n"
    "build/weights-tools/quantize tinyllama small --quantize int8 --json\n"
};

static int run(const Options *options)
{
    Quantizing *q = memory_get(1, sizeof *q);
    Error error = {0};
    bool fine = tool_arguments(&word, options, 2, 2, &error);

    if (options->threads > 0)
        parallel_set_threads(options->threads);
    if (fine && strcmp(options->quantize, "none") == 0)
        fine = error_code(&error, EXIT_USAGE, "quantize: say --quantize int8 or --quantize "
                          "int4");
    q->format = strcmp(options->quantize, "int8") == 0 ? FORMAT_INT8 : FORMAT_INT4;
    fine = fine && quantize(q, options, &error);
    if (fine && options->json)
        report_json(q, options->argument[1]);
    else if (fine)
        report(q, options->argument[1]);
    newfolder_abandon(&q->folder);
    model_free(&q->from);
    model_free(&q->made);
    modeldir_close(&q->dir);
    arena_free(&q->arena);
    memory_give_back(q);
    return tool_finish(fine, &error);
}

int main(int argc, char **argv)
{
    return tool_main(&word, argc, argv);
}
