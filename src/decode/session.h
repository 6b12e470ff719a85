/* session.h - one text being read and written: its cache, its place, its logits
 *
 * Rules of use:
 * 1. A Session borrows a Model (many sessions may) and, if wanted, an Adapter,
 *    a Probe and a Watch: plain fields, to be set between calls.
 * 2. session_feed reads more ids; session_goto makes the session stand exactly
 *    behind the given ids, keeping what it already read of them. After either,
 *    logits [V] are those of the last id.
 * 3. A feed that fails leaves the session where it was; a goto that fails leaves
 *    it behind the ids that it could keep. logits is NULL when a pass had begun.
 * 4. Neither allocates: everything is there from session_init on.
 * 5. Who checks guesses opens the session with session_init_wide, reads them with
 *    session_feed_together, and takes back the wrong ones with session_cut.
 */
#ifndef SESSION_H
#define SESSION_H

#include "model/model.h"

typedef struct {
    const Model *model;
    const Adapter *adapter;         /* borrowed, or NULL                     */
    const Probe *probe;             /* borrowed, or NULL                     */
    const Watch *watch;             /* borrowed, or NULL                     */
    KvCache cache;
    Workspace work;
    Row *rows;                      /* [chunk] scratch                       */
    int *ids;                       /* [capacity] what the cache holds       */
    int length;                     /* how many                              */
    int capacity;                   /* S                                     */
    int chunk;                      /* tokens per pass                       */
    size_t fed;                     /* rows that went through the model      */
    const float *logits;            /* [V] of the last id; NULL before       */
} Session;

/* How many positions to reserve: ctx, or prompt + n where ctx is 0, and never
 * more than the model's context. Errors: exit 3 when the prompt does not fit. */
bool session_capacity(int *capacity, const Config *config, int ctx, int prompt,
                      int n, Error *error);

/* kv: FORMAT_F32 or FORMAT_F16. Errors: exit 5 without memory. */
bool session_init(Session *s, const Model *model, int capacity, int chunk,
                  Format kv, Error *error);
/* The same, and up to wide ids can be read in one pass with the logits of each,
 * whatever the chunk is. */
bool session_init_wide(Session *s, const Model *model, int capacity, int chunk,
                       int wide, Format kv, Error *error);
void session_free(Session *s);

/* What a session takes: the cache and the rows of a pass; a few kB more in ids. */
size_t session_bytes(const Config *config, int capacity, int chunk, Format kv);

/* See each position's logits as they are made: for `logits --all`, perplexity. */
typedef void SessionSee(void *context, int position, const float *logits);

bool session_feed(Session *s, const int *ids, int n, Error *error);
bool session_feed_all(Session *s, const int *ids, int n, SessionSee *see,
                      void *context, Error *error);
bool session_feed_together(Session *s, const int *ids, int n, Error *error);
bool session_goto(Session *s, const int *ids, int n, Error *error);
void session_cut(Session *s, int length);           /* length <= s->length    */
/* How many ids from the beginning the session has in common with ids [n]. */
int session_common(const Session *s, const int *ids, int n);

#endif
