/* record.h - keep what a Probe shows, to look at it when the pass is over
 *
 * Rules of use:
 * 1. record_init, lend &record->probe to a session or a pass, ask record_row when it
 *    has ended. A text may come in several passes: its rows follow each other.
 * 2. One text; record_again before the next one of at most as many rows.
 * 3. Takes (layers × rows × width) floats for each point: for short texts.
 */
#ifndef RECORD_H
#define RECORD_H

#include "model/probe.h"

typedef struct {
    int L;                          /* layers of the model                   */
    int T;                          /* rows at most                          */
    struct {
        float *x;                   /* [L, T, width]; NULL: not seen yet     */
        int *rows;                  /* [L] how many came                     */
        int width;
    } point[PROBE_COUNT];
    Probe probe;                    /* points at this record: do not move it */
} Record;

/* mask: bit 1 << point for each point to be kept. Owner: record, record_free. */
void record_init(Record *record, int L, int T, uint32_t mask);
void record_again(Record *record);
void record_free(Record *record);

/* What went by in row t of a layer; points outside the layers: layer 0. */
const float *record_row(const Record *record, ProbePoint point, int layer, int t);
int record_width(const Record *record, ProbePoint point);   /* 0: not seen yet */
int record_rows(const Record *record, ProbePoint point, int layer);

/* Of the numbers in rows from … to-1 of every point and layer of a: how many have the
 * same bits in b. *all: how many there are. */
size_t record_same(const Record *a, const Record *b, int from, int to, size_t *all);

#endif
