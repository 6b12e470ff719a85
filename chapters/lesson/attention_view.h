/* attention_view.h - one text read with attention, and what every head looked at
 *
 * Rules of use: view_read reads a text in one pass and keeps what the Probe shows;
 * then weights and rows can be asked for. view_free gives all back. The model must
 * outlive the view.
 */
#ifndef ATTENTION_VIEW_H
#define ATTENTION_VIEW_H

#include "chapters/commands/common.h"
#include "chapters/lesson/record.h"

typedef struct {
    const Config *config;
    int T;                          /* tokens of the text                    */
    Session session;                /* stands behind the text                */
    Record seen;                    /* all points but those inside the MLP   */
    float *p;                       /* [L, H, T, T] of view_weigh, or NULL   */
} AttentionView;

/* chunk: tokens per pass; T or more: all at once. The view must not be moved.
 * Errors: those of session_init and session_feed. Owner: view_free. */
bool view_read(AttentionView *view, const OpenModel *m, const Options *options,
               const Ids *ids, int chunk, Error *error);
void view_free(AttentionView *view);

/* What row t of a layer may look at: the cache's first t + 1 positions. */
AttentionRow view_looks(const AttentionView *view, int layer, int t);

/* p [t + 1]: how much of each position head h of row t took. */
void view_weights(float *p, const AttentionView *view, int layer, int h, int t);

/* All weights of all heads; then a map [T, T] of one head: row t, and NaN for the
 * positions that it does not see. The maps of a layer's heads follow each other. */
void view_weigh(AttentionView *view);
const float *view_map(const AttentionView *view, int layer, int h);

/* A cached key (values: false) or value, widened; group g. out [D]. */
void view_cached(float *out, const AttentionView *view, int layer, bool values, int g,
                 int t);

#endif
