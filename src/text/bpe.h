/* bpe.h - byte-pair encoding: from a piece of text to ids by merging neighbours
 *
 * Rules of use: a Bpe is built once from the tokenizer's vocabulary and merges and
 * is const from then on. bpe_encode appends ids; its scratch memory lives in the
 * BpeWork, and a BpeObserver may be lent to it.
 */
#ifndef BPE_H
#define BPE_H

#include "base/memory.h"
#include "files/json.h"
#include "text/vocabulary.h"        /* LARGEST_ID                           */

typedef struct Bpe Bpe;             /* the .c draws it                       */

typedef struct { int *id; int count, room; } Ids;   /* a growing list; {0}   */
void ids_add(Ids *ids, int id);
void ids_free(Ids *ids);

/* model: the "model" object of tokenizer.json. Owner: caller, bpe_free. */
Bpe *bpe_new(const Json *model, Error *error);
void bpe_free(Bpe *bpe);

int bpe_vocabulary(const Bpe *bpe);                 /* largest id + 1         */
int bpe_find(const Bpe *bpe, const char *token, size_t length);   /* or -1    */
const char *bpe_token(const Bpe *bpe, int id, size_t *length);    /* or NULL  */

/* The place of a pair of ids in the list of merges, 0 is the best; -1: none. */
int bpe_rank(const Bpe *bpe, int left, int right);

/* Look at the race while it runs, and touch nothing: a piece begins, its symbols one
 * by one from the left, then the merges in the order in which they happen. place: of
 * the left symbol, counted from 0 among the symbols of the piece as it was cut. */
typedef struct {
    void (*piece)(void *context, const char *piece, size_t length);
    void (*symbol)(void *context, int id);
    void (*merge)(void *context, int place, int rank, int left, int right,
                  int merged);
    void *context;
} BpeObserver;

typedef struct BpeWork BpeWork;     /* Owner: caller, bpe_work_free          */
BpeWork *bpe_work_new(void);
void bpe_work_free(BpeWork *work);
void bpe_work_observe(BpeWork *work, const BpeObserver *observer);  /* or NULL */
/* piece: valid UTF-8, shorter than 2^31 bytes. */
void bpe_encode(Ids *out, const Bpe *bpe, BpeWork *work, const char *piece,
                size_t length);

#endif
