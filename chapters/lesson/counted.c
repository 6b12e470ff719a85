/* counted.c - which bytes of a file's tensors does a pass really read?
 *
 *      kernels ──► ┌─────────────┐        before
 *                  │ avx2: tile  │
 *                  └─────────────┘
 *      kernels ──► ┌─────────────┐   ┌─────────────┐        between
 *                  │ count: tile ├──►│ avx2: tile  │
 *                  └──────┬──────┘   └─────────────┘
 *                         ▼
 *                  tensor 17: + rows · bytes of a row
 *
 * "Each weight is read once for a token" is easily said. Here it is counted. All
 * products of the engine go through one table of functions (src/kernels/dot.h), and for
 * a moment another table stands in its place, whose functions look at the address that
 * they are given, find the tensor of the file that lies there, add to its count, and
 * call the real ones. What attention multiplies lies in the cache of keys and values,
 * in no tensor, and is not counted.
 *
 * A count alone would not notice that one row was read twice and its neighbour not at
 * all. So the places of the bytes are added up too:
 *
 *      bytes  = n,    places = 0 + 1 + … + (n - 1) = n (n - 1) / 2        (1)
 *
 * (mod 2^64, which is as good). Threads add to the same counters, in any order: whole
 * numbers, so the sum is the same.
 *
 * The functions of a table are given no context. So this file has the one variable of
 * the lessons that is not on the stack: where to count.
 *
 * Read next: src/kernels/matmul.c.
 */
#include "chapters/lesson/counted.h"

#include "kernels/dot.h"

static struct {
    const Kernels *real;            /* the table that was in force           */
    Counted *to;
    Kernels table;                  /* the one that counts                   */
} counting;

/* bytes at `data` were given to a kernel; n is small: the tensors are looked through. */
static void count(const void *data, size_t bytes)
{
    const Safetensors *file = counting.to->file;
    const unsigned char *at = data;

    for (int i = 0; i < file->count; i++) {
        const Tensor *t = &file->tensors[i];
        const unsigned char *begin = t->data;
        uint64_t place, n = bytes;

        if (at < begin || at >= begin + t->bytes)
            continue;
        place = (uint64_t)(at - begin);
        __atomic_fetch_add(&counting.to->bytes[i], n, __ATOMIC_RELAXED);
        __atomic_fetch_add(&counting.to->places[i],     /* Σ place … place + n - 1 */
                           n * place + (n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n),
                           __ATOMIC_RELAXED);
        return;
    }
}

static void tile(Format format, float *y, size_t y_stride, const void *w, int rows,
                 const float *x, size_t x_stride, int T, int n)
{
    count(w, (size_t)rows * (size_t)n * format_bytes(format));
    counting.real->tile[format](y, y_stride, w, rows, x, x_stride, T, n);
}

static void tile_f32(float *y, size_t y_stride, const void *w, int rows, const float *x,
                     size_t x_stride, int T, int n)
{
    tile(FORMAT_F32, y, y_stride, w, rows, x, x_stride, T, n);
}

static void tile_f16(float *y, size_t y_stride, const void *w, int rows, const float *x,
                     size_t x_stride, int T, int n)
{
    tile(FORMAT_F16, y, y_stride, w, rows, x, x_stride, T, n);
}

static void tile_bf16(float *y, size_t y_stride, const void *w, int rows, const float *x,
                      size_t x_stride, int T, int n)
{
    tile(FORMAT_BF16, y, y_stride, w, rows, x, x_stride, T, n);
}

static void blocks(Format format, float *y, size_t y_stride, const void *w, int rows,
                   const Coded *x)
{
    count(w, blocks_bytes(format, rows, x->blocks * BLOCK_NUMBERS));
    counting.real->blocks[format](y, y_stride, w, rows, x);
}

static void blocks_int8(float *y, size_t y_stride, const void *w, int rows,
                        const Coded *x)
{
    blocks(FORMAT_INT8, y, y_stride, w, rows, x);
}

static void blocks_int4(float *y, size_t y_stride, const void *w, int rows,
                        const Coded *x)
{
    blocks(FORMAT_INT4, y, y_stride, w, rows, x);
}

void counted_begin(Counted *c, const Safetensors *file)
{
    must(counting.to == NULL, "somebody is counting already");
    *c = (Counted){ file, memory_get(file->count, sizeof *c->bytes),
                    memory_get(file->count, sizeof *c->places) };
    counting.real = kernels;
    counting.to = c;
    counting.table = *kernels;
    counting.table.tile[FORMAT_F32] = tile_f32;
    counting.table.tile[FORMAT_F16] = tile_f16;
    counting.table.tile[FORMAT_BF16] = tile_bf16;
    counting.table.blocks[FORMAT_INT8] = blocks_int8;
    counting.table.blocks[FORMAT_INT4] = blocks_int4;
    kernels = &counting.table;
}

void counted_again(Counted *c)
{
    for (int i = 0; i < c->file->count; i++)
        c->bytes[i] = c->places[i] = 0;
}

void counted_end(Counted *c)
{
    kernels = counting.real;
    counting.to = NULL;
    memory_give_back(c->bytes);
    memory_give_back(c->places);
    *c = (Counted){ NULL, NULL, NULL };
}

uint64_t counted_all(const Counted *c)
{
    uint64_t all = 0;

    for (int i = 0; i < c->file->count; i++)
        all += c->bytes[i];
    return all;
}

bool counted_once(const Counted *c, int i)
{
    uint64_t n = c->file->tensors[i].bytes;

    return c->bytes[i] == n
        && c->places[i] == (n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n);
}
