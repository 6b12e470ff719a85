/* matmul.c - many dot products: a weight matrix times one row or many
 *
 *                        W  [rows, columns]              x  [T, columns]
 *                     ┌─────────────────────┐         ┌─────────────────────┐
 *       piece 0       │ 64 rows             │         │ token 0             │
 *      (thread 1)     ├─────────────────────┤         │ token 1             │
 *       piece 1       │ 64 rows             │    ×    │ …                   │
 *      (thread 0)     ├─────────────────────┤         └─────────────────────┘
 *       …             │                     │         every piece reads all of x
 *                     └─────────────────────┘
 *      y  [T, rows]
 *      ┌─────────┬─────────┬───────────┐
 *      │ piece 0 │ piece 1 │ …         │   token 0
 *      │         │         │           │   token 1       a piece writes columns
 *      └─────────┴─────────┴───────────┘   …             that nobody else does
 *
 *      y_to = dot(W_o, x_t),  by definition (a) of dot.h, or (b) of blocks.h   (1)
 *
 * Nearly all the time of a model goes through this page, in two ways. With one
 * token (writing) each weight is read from memory and used once: memory sets the
 * pace, and no cleverness with numbers helps. With many tokens (reading a prompt)
 * a piece of W is read from memory once, stays in the second-level cache, and is
 * used T times: arithmetic sets the pace. So a piece is small enough for that
 * cache, and large enough that handing it out costs nothing.
 *
 * Threads take whole rows. A dot product is never split between two of them, so
 * their number changes no bit of y.
 *
 * Read next: kernels/attention.c.  Lesson: chapters/chapter09_speed.c.
 */
#include "kernels/matmul.h"

#include "base/parallel.h"      /* parallel_for, parallel_threads            */

#define PIECE_ROWS 64           /* of W, at most                             */
#define PIECE_BYTES (256 << 10) /* of W, at most: a share of a 512 KB cache  */
#define FLOAT_UNIT 4            /* rows that the kernels for floats take at once, */
#define BLOCK_UNIT 32           /* and those for blocks: AVX-512 four groups */
#define PIECE_WORK (64 << 10)   /* fused multiply-adds that one thread does sooner
                                   than two have agreed: 1 to 6 µs           */

typedef struct {                /* one product, for the threads              */
    float *y;
    const Matrix *w;
    const float *x;         /* [T, columns]; or, for blocks,                 */
    const Coded *coded;     /* the same coded                                */
    int T;
} Product;

/* Numbers come in the order of Format; tensor_to_f32 wants the file's name. */
static const Dtype dtypes[FORMAT_FLOATS] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };

/* Where row o of the matrix begins; of blocks, a row that begins a group. */
static const unsigned char *matrix_begin(const Matrix *w, int o)
{
    if (w->format >= FORMAT_FLOATS)
        return (const unsigned char *)w->data + blocks_bytes(w->format, o, w->columns);
    return row((const unsigned char *)w->data, o,
               (size_t)w->columns * format_bytes(w->format));
}

/* Rows o = begin … end-1 of W for every token: equation (1). */
static void multiply_piece(int begin, int end, int worker, void *arg)
{
    const Product *p = arg;
    const Matrix *w = p->w;

    (void)worker;
    //@stop piece_begins
    if (p->coded != NULL)
        kernels->blocks[w->format](p->y + begin, (size_t)w->rows,
                                   matrix_begin(w, begin), end - begin, p->coded);
    else
        kernels->tile[w->format](p->y + begin, (size_t)w->rows,
                                 matrix_begin(w, begin), end - begin, p->x,
                                 (size_t)w->columns, p->T, w->columns);
}

/* Rows of W in one piece: as many as fit, then evened out so that every thread
 * gets the same number of pieces, and whole units of what kernels take together. A
 * product too small to share is one piece. */
static int piece_rows(const Matrix *w, int T)
{
    size_t row_bytes = matrix_bytes(w) / (size_t)max_int(w->rows, 1);
    size_t work = (size_t)w->rows * (size_t)w->columns * (size_t)T;
    int unit = w->format >= FORMAT_FLOATS ? BLOCK_UNIT : FLOAT_UNIT;
    int threads = parallel_threads(), most = PIECE_ROWS, pieces;

    if (work <= PIECE_WORK)
        return max_int(w->rows, 1);
    if (row_bytes * PIECE_ROWS > PIECE_BYTES)
        most = max_int((int)(PIECE_BYTES / row_bytes), unit);
    pieces = (w->rows + most - 1) / most;
    pieces = (pieces + threads - 1) / threads * threads;
    return ((w->rows + pieces - 1) / pieces + unit - 1) / unit * unit;
}

/* Equation (1) for all rows of W and T tokens.
 *
 *   y   [T, rows] out; does not overlap x      x   [T, columns]
 *
 * Cost: T · rows · columns fused multiply-adds; W is read from memory once. */
void matmul(float *y, const Matrix *w, const float *x, int T)
{
    Product product = { .y = y, .w = w, .x = x, .T = T };

    must(w->format < FORMAT_FLOATS, "%s wants coded x", format_name(w->format));
    if (T > 0)
        parallel_for(w->rows, piece_rows(w, T), multiply_piece, &product);
}

void matmul_coded(float *y, const Matrix *w, const Coded *x)
{
    Product product = { .y = y, .w = w, .coded = x, .T = x->T };

    must(w->format >= FORMAT_FLOATS && w->columns == x->blocks * BLOCK_NUMBERS,
         "%s [%d, %d] times %d blocks", format_name(w->format), w->rows, w->columns,
         x->blocks);
    if (x->T > 0)
        parallel_for(w->rows, piece_rows(w, x->T), multiply_piece, &product);
}

/* Row index of the matrix as float32: out [columns]. What an embedding is: the
 * product with a row of x that is 1 at index and 0 elsewhere, without the
 * multiplications. Cost: one row is read. */
void matrix_row(float *out, const Matrix *w, int index)
{
    must(index >= 0 && index < w->rows, "row %d of %d", index, w->rows);
    if (w->format >= FORMAT_FLOATS)
        blocks_row(out, w->data, w->format, w->columns, index);
    else
        tensor_to_f32(out, matrix_begin(w, index), dtypes[w->format],
                      (size_t)w->columns);
}

/* Bytes that the matrix takes, in the file or in memory. */
size_t matrix_bytes(const Matrix *w)
{
    if (w->format >= FORMAT_FLOATS)
        return blocks_bytes(w->format, w->rows, w->columns);
    return (size_t)w->rows * (size_t)w->columns * format_bytes(w->format);
}
