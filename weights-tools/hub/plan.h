/* plan.h - what will be fetched, how large it is, and where it goes: before a byte moves
 *
 * Rules of use: plan_make asks the hub and looks at the disk; nothing is written. All
 * that a plan points to lives in its arena.
 */
#ifndef PLAN_H
#define PLAN_H

#include "base/memory.h"
#include "base/options.h"
#include "weights-tools/hub/answer.h"
#include "weights-tools/hub/settings.h"
#include "weights-tools/hub/sha.h"

typedef enum {
    PIECE_ABSENT,
    PIECE_PART,                     /* its beginning is here                 */
    PIECE_HERE,                     /* whole, and its checksum is right      */
    PIECE_DAMAGED,                  /* here, and not what it should be       */
    PIECE_FETCHED,                  /* by this run                           */
} PieceState;

typedef struct {                    /* one file                              */
    const char *file;               /* "model.safetensors"                   */
    const char *url;
    char checksum[SHA_TEXT];        /* its name among the blobs              */
    int64_t size;                   /* bytes                                 */
    const char *blob;               /* where its bytes lie                   */
    const char *place;              /* its name in the snapshot; NULL: blob  */
    const char *lock;
    PieceState state;
    int64_t part;                   /* bytes of its beginning that are here  */
} Piece;

typedef enum { PARCEL_MODEL, PARCEL_MMLU, PARCEL_HUMANEVAL } ParcelKind;

typedef struct {                    /* one word of the command               */
    ParcelKind kind;
    const char *typed;              /* "tinyllama"                           */
    HubName name;
    char commit[41];
    const char *licence;            /* NULL: not known                       */
    const char *folder;             /* where the finished thing is           */
    const char *ref;                /* the ref's path; NULL: none is written */
    Piece *pieces;
    int count;
    Asked asked;                    /* for messages about it                 */
} Parcel;

typedef struct {
    Parcel *parcels;
    int count;
    int64_t size;                   /* of all files                          */
    int64_t missing;                /* bytes that must come                  */
    int64_t weights;                /* bytes of the largest model's weights  */
    int64_t room;                   /* bytes free where most of it goes      */
    Arena arena;
} Plan;

/* words [count]: short names, org/name[@revision], "mmlu", "humaneval".
 * Errors: exit 2 names; 4 what the hub refuses or says wrongly; 5 not enough disk. */
bool plan_make(Plan *plan, const Settings *settings, const char *const *words, int count,
               Error *error);
void plan_show(FILE *out, const Plan *plan);
void plan_free(Plan *plan);

/* SHA-256 of HumanEval.jsonl.gz, which its server does not say. */
#define HUMANEVAL_SHA "b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef"

/* 2.20 GB, 608 bytes. Returns out. */
const char *plan_bytes(char out[32], int64_t bytes);

/* What is known of a word before anybody is asked. */
typedef struct {
    const char *name;
    int64_t bytes;                  /* about                                 */
    const char *licence;
    const char *what;
} KnownDownload;

extern const KnownDownload known_downloads[];       /* ends with a NULL name */

#endif
