/* gguf_layout.h - which tensor of the GGUF file becomes which of the folder's
 *
 * Rules of use: gguf_layout checks every name and shape; then gguf_fill, a TensorFill,
 * gives any stretch of any of its tensors. The Gguf outlives the layout.
 */
#ifndef GGUF_LAYOUT_H
#define GGUF_LAYOUT_H

#include "base/mapfile.h"
#include "base/watch.h"
#include "model/config.h"
#include "weights-tools/gguf/gguf.h"

typedef enum {
    ROWS_STAY,              /* as in the folder                              */
    ROWS_ROTARY,            /* q, k of Llama: pairs lie beside each other    */
    ROWS_QKV,               /* NeoX: all of q, all of k, all of v            */
} RowOrder;

typedef struct {            /* one tensor of the folder                      */
    const GgufTensor *source;
    RowOrder order;
    int D;                  /* rows of one head                              */
} GgufPart;

typedef struct {
    Tensor *tensors;        /* [count] as they will be; data NULL; sorted by name */
    GgufPart *parts;        /* [count] where each comes from                 */
    int count;
    Dtype dtype;            /* of the matrices; vectors stay F32 if they are */
    Arena arena;

    /* what gguf_fill remembers; zero before the first call */
    const MapFile *file;    /* or NULL: gives pages back that were read      */
    const Watch *watch;     /* or NULL; counts elements                      */
    int part;               /* whose row is in row                           */
    uint64_t loaded;        /* which row + 1; 0: none                        */
    float *row, *scratch;   /* [width of the widest row]                     */
    size_t done, total;     /* elements                                      */
} GgufLayout;

/* wanted: the matrices' number format; DTYPE_COUNT: the file's own when it is one plain
 * format, else F16. Errors: exit 3, a tensor that is missing, of another shape, or that
 * no part asks for. Owner: caller, gguf_layout_free, after an Error too. */
bool gguf_layout(GgufLayout *layout, const Gguf *gguf, const Config *config,
                 Dtype wanted, Error *error);
void gguf_layout_free(GgufLayout *layout);

/* A TensorFill; context is the GgufLayout. Errors: exit 3: a number beyond the
 * format's range; 130: the watch said stop. */
bool gguf_fill(void *context, const Tensor *tensor, size_t first, size_t count,
               void *out, Error *error);

/* Row r of the folder's tensor, which has rows rows, is this row of the file's. */
uint64_t gguf_source_row(const GgufPart *part, uint64_t r, uint64_t rows);

#endif
