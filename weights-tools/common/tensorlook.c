/* tensorlook.c - all that is known of one tensor, and the same as JSON
 *
 *      tensor ──┬──► Statistics   what its numbers are like      statistics.c
 *               ├──► Lines        its rows and columns           lines.c
 *               │        │
 *               └────────┴──► Unusual   in sentences             unusual.c
 *                                  │
 *                                  ▼
 *      {"name": …, "dtype": …, "shape": [2048, 192], "numbers": 393216,
 *       "min": …, "histogram": {"counts": [16 of them]},
 *       "matrix": {"dead_rows": 0, …}, "unusual": []}
 *
 * A person reads a line per tensor; a notebook or a script wants every number, with all
 * its digits: 17 bring back any double. What does not exist is left out rather than
 * said to be 0: a tensor without a finite number has no smallest one, and a vector has
 * no rows.
 *
 * Read next: weights-tools/common/statistics.c.
 */
#include "weights-tools/common/tensorlook.h"

#include "weights-tools/common/widen.h"

/* Bytes [groups, blocks, 272 or 144] are what weights-tools/quantize writes. */
static Format blocks_of(const Tensor *t)
{
    Format format = FORMAT_INT8;

    while (format < FORMAT_COUNT && (t->dtype != DTYPE_U8 || t->rank != 3
                                     || t->shape[2] != block_bytes(format)))
        format++;
    return format;
}

/* Their bytes are no numbers one by one: nothing would be learned from their mean. */
void tensorlook_take(TensorLook *look, const Tensor *tensor, const MapFile *file)
{
    Format blocks = blocks_of(tensor);

    *look = (TensorLook){ .tensor = tensor, .blocks = blocks,
                          .numbers = widen_knows(tensor->dtype) && blocks == FORMAT_COUNT,
                          .count = tensor_count(tensor) };
    if (blocks != FORMAT_COUNT)
        look->count = look->count / block_bytes(blocks) * GROUP_ROWS * BLOCK_NUMBERS;
    if (!look->numbers)
        return;
    statistics_take(&look->s, tensor, file);
    lines_take(&look->lines, tensor, file);
    unusual_find(&look->unusual, tensor, &look->s, &look->lines);
}

void tensorlook_free(TensorLook *look)
{
    unusual_free(&look->unusual);
}

static void json_count(JsonWriter *w, const char *key, uint64_t value)
{
    json_write_integer(w, key, (int64_t)value);
}

static void json_statistics(JsonWriter *w, const Statistics *s)
{
    json_count(w, "finite", s->finite);
    json_count(w, "nan", s->nan);
    json_count(w, "infinite", s->infinite);
    if (s->nan + s->infinite > 0)
        json_count(w, "first_not_finite", s->first_odd);
    json_count(w, "zeros", s->zeros);
    json_count(w, "subnormal", s->subnormal);
    if (s->finite == 0)
        return;
    json_write_number(w, "min", s->min, 17);
    json_write_number(w, "max", s->max, 17);
    json_write_number(w, "mean", s->mean, 17);
    json_write_number(w, "std", s->std, 17);
    json_write_object(w, "histogram");
    json_write_number(w, "low", s->low, 17);
    json_write_number(w, "high", s->high, 17);
    json_count(w, "below", s->below);
    json_count(w, "above", s->above);
    json_write_array(w, "counts");
    for (int i = 0; i < STATISTICS_BINS; i++)
        json_count(w, NULL, s->bins[i]);
    json_write_array_end(w);
    json_write_object_end(w);
    json_count(w, "outliers", s->outliers);
    json_count(w, "furthest", s->furthest);
    json_write_number(w, "furthest_value", s->furthest_value, 17);
}

static void json_lines(JsonWriter *w, const Lines *l)
{
    json_write_object(w, "matrix");
    json_count(w, "rows", l->rows);
    json_count(w, "columns", l->columns);
    json_count(w, "dead_rows", l->dead);
    if (l->dead > 0)
        json_count(w, "first_dead_row", l->first_dead);
    json_count(w, "equal_rows", l->twins);
    if (l->twins > 0) {
        json_count(w, "first_equal_row", l->first_twin);
        json_count(w, "equal_to", l->like);
    }
    json_count(w, "dead_columns", l->dead_columns);
    if (l->dead_columns > 0)
        json_count(w, "first_dead_column", l->first_dead_column);
    json_count(w, "loud_columns", l->loud);
    json_count(w, "loudest_column", l->loudest);
    json_write_number(w, "loudest_by_median", l->times, 17);
    json_write_object_end(w);
}

/* A tensor of a format that is no plain numbers is listed with its shape. */
void tensorlook_write(JsonWriter *w, const TensorLook *look)
{
    const Tensor *t = look->tensor;

    json_write_object(w, NULL);
    json_write_word(w, "name", t->name);
    json_write_word(w, "dtype", dtype_name(t->dtype));
    json_write_array(w, "shape");
    for (int d = 0; d < t->rank; d++)
        json_count(w, NULL, t->shape[d]);
    json_write_array_end(w);
    json_count(w, "numbers", look->count);
    if (look->blocks != FORMAT_COUNT)
        json_write_word(w, "blocks", format_name(look->blocks));
    json_count(w, "bytes", t->bytes);
    json_write_bool(w, "summarised", look->numbers);
    if (look->numbers) {
        json_statistics(w, &look->s);
        if (look->lines.rows > 0)
            json_lines(w, &look->lines);
    }
    json_write_array(w, "unusual");
    for (int i = 0; i < look->unusual.count; i++)
        json_write_text(w, NULL, look->unusual.text[i].bytes,
                        look->unusual.text[i].length);
    json_write_array_end(w);
    json_write_object_end(w);
}
