/* plan.c - what will be fetched, how large it is, and where it goes: before a byte moves
 *
 *      "tinyllama@main"
 *            │ GET api/models/ORG/NAME/revision/main       the list: names, one commit
 *            ▼
 *      config.json  model.safetensors  README.md  …        only what is needed
 *            │ HEAD ORG/NAME/resolve/COMMIT/FILE           for each: checksum, size
 *            ▼
 *      ┌────────────────────┬─────────┬─────────┐
 *      │ config.json        │   608 B │ here    │          what lies on the disk is
 *      │ model.safetensors  │ 2.20 GB │ 41 %    │          read and its checksum compared
 *      └────────────────────┴─────────┴─────────┘
 *            │ missing bytes < free bytes?                 else exit 5
 *            ▼
 *      a plan that a person can say no to
 *
 * Nobody should find out after an hour that the disk is full, that the terms were not
 * accepted, or that it was the wrong model. So everything that can be known is asked
 * first, and a plan that cannot end well is refused whole.
 *
 * All files are asked for at the one commit that the list named: if the authors publish
 * a new version in between, its files do not get mixed with the old ones.
 *
 * Corners: what is on the disk counts as here when its checksum is right, not when its
 * size is: so asking for a model again repairs it. The bytes that lie in a file that is
 * still coming are not needed a second time, on the wire or on the disk.
 *
 * Read next: listing.c, transfer.c.
 */
#include "weights-tools/hub/plan.h"

#include <stdio.h>          /* snprintf                                      */
#include <string.h>         /* strcmp, strchr                                */

#include "base/progress.h"
#include "weights-tools/common/disk.h"
#include "weights-tools/hub/bench.h"
#include "weights-tools/hub/listing.h"
#include "weights-tools/hub/store.h"

#define SPARE (16LL << 20)          /* bytes that the disk keeps             */

/* The data set's commit whose data.tar is MMLU's as its authors published it. */
#define MMLU_REPOSITORY "datasets/cais/mmlu"
#define MMLU_COMMIT "c30699e8356da336a370243923dbaf21066bb9fe"

/* HumanEval has no checksum in its server's answer: it stands in plan.h. */
#define HUMANEVAL_PATH "openai/human-eval/6d43fb980f9fee3c892a914eda09951f772ad10d/"        \
                       "data/HumanEval.jsonl.gz"
#define HUMANEVAL_BYTES 44877

typedef struct {
    Plan *plan;
    const Settings *settings;
    Parcel *parcel;
} Planner;

/* ---- what lies on the disk already */

typedef struct {
    Progress *progress;
    int64_t before, all;
} Look;

static bool look_on(void *context, size_t done, size_t total)
{
    Look *look = context;

    (void)total;
    progress_update(look->progress, (size_t)look->before + done, (size_t)look->all);
    return true;
}

/* A blob, or the file itself in the snapshot, or the beginning of one. */
static bool examine(const Parcel *parcel, Piece *piece, Look *look, Error *error)
{
    const char *path = store_size(piece->blob) >= 0 || piece->place == NULL
                     ? piece->blob : piece->place;
    Watch watch = { look_on, look };
    char digits[SHA_TEXT], *incomplete;
    int64_t size = store_size(path);
    size_t room = strlen(piece->blob) + 16;

    incomplete = memory_get_bytes(room);
    snprintf(incomplete, room, "%s.incomplete", piece->blob);
    piece->part = store_size(incomplete);
    memory_give_back(incomplete);
    if (piece->part < 0 || piece->part > piece->size)
        piece->part = 0;
    piece->state = size >= 0 ? PIECE_DAMAGED : piece->part > 0 ? PIECE_PART : PIECE_ABSENT;
    if (parcel->kind == PARCEL_MMLU && bench_is_here(parcel->folder, piece->checksum))
        piece->state = PIECE_HERE;
    if (size != piece->size)
        return true;
    if (!store_checksum(digits, path, piece->checksum, &watch, error))
        return false;
    if (strcmp(digits, piece->checksum) == 0)
        piece->state = PIECE_HERE;
    look->before += size;
    return true;
}

static bool examine_all(Plan *plan, Error *error)
{
    Progress progress;
    Look look = { .progress = &progress };
    bool fine = true;

    for (int i = 0; i < plan->count; i++)
        for (int k = 0; k < plan->parcels[i].count; k++)
            if (store_size(plan->parcels[i].pieces[k].blob) >= 0)
                look.all += plan->parcels[i].pieces[k].size;
    progress_start(&progress, "checking what is here");
    for (int i = 0; fine && i < plan->count; i++)
        for (int k = 0; fine && k < plan->parcels[i].count; k++)
            fine = examine(&plan->parcels[i], &plan->parcels[i].pieces[k], &look, error);
    progress_end(&progress);
    return fine;
}

/* ---- parcels */

/* folder: root/models--org--name */
static void place_piece(Planner *p, Piece *piece, const char *folder)
{
    Arena *arena = &p->plan->arena;

    piece->blob = arena_print(arena, "%s/blobs/%s", folder, piece->checksum);
    piece->place = arena_print(arena, "%s/%s", p->parcel->folder, piece->file);
    piece->lock = arena_print(arena, "%s/.locks%s/%s.lock", p->settings->cache,
                              strrchr(folder, '/'), piece->checksum);
}

static bool plan_model(Planner *p, Error *error)
{
    Parcel *parcel = p->parcel;
    Arena *arena = &p->plan->arena;
    const char **files;
    char path[3 * 1000], folder[HUBCACHE_PATH];

    if (!hubcache_folder(folder, p->settings->cache, parcel->name.repository))
        return error_code(error, EXIT_USAGE, "%s: too long for a path", p->settings->cache);
    files = listing_ask(parcel, p->settings, arena, error);
    if (files == NULL)
        return false;
    parcel->folder = arena_print(arena, "%s/snapshots/%s", folder, parcel->commit);
    if (!hubname_is_commit(parcel->name.revision))
        parcel->ref = arena_print(arena, "%s/refs/%s", folder, parcel->name.revision);
    parcel->pieces = arena_get(arena, (size_t)parcel->count * sizeof *parcel->pieces);
    for (int i = 0; i < parcel->count; i++) {
        Piece *piece = &parcel->pieces[i];

        must(url_encode(path, sizeof path, files[i], "/"), "%s", files[i]);
        piece->file = files[i];
        piece->url = arena_print(arena, "%s/%s/resolve/%s/%s", p->settings->endpoint,
                                 parcel->name.repository, parcel->commit, path);
        if (!listing_head(piece, parcel, p->settings, error))
            return false;
        place_piece(p, piece, folder);
    }
    return true;
}

/* The questions come as one archive; what is unpacked is what counts as here. */
static bool plan_mmlu(Planner *p, Error *error)
{
    Parcel *parcel = p->parcel;
    Arena *arena = &p->plan->arena;
    Piece *piece = arena_get(arena, sizeof *piece);

    snprintf(parcel->name.repository, HUBNAME_LENGTH, MMLU_REPOSITORY);
    snprintf(parcel->name.revision, HUBNAME_LENGTH, MMLU_COMMIT);
    memcpy(parcel->commit, MMLU_COMMIT, sizeof parcel->commit);
    parcel->folder = arena_print(arena, "%s/mmlu", p->settings->bench);
    parcel->pieces = piece;
    parcel->count = 1;
    piece->file = "data.tar";
    piece->url = arena_print(arena, "%s/%s/resolve/%s/data.tar", p->settings->endpoint,
                             MMLU_REPOSITORY, MMLU_COMMIT);
    piece->blob = arena_print(arena, "%s/mmlu/data.tar", p->settings->bench);
    piece->lock = arena_print(arena, "%s/mmlu/.lock", p->settings->bench);
    return listing_head(piece, parcel, p->settings, error);
}

static bool plan_humaneval(Planner *p, Error *error)
{
    Parcel *parcel = p->parcel;
    Arena *arena = &p->plan->arena;
    Piece *piece = arena_get(arena, sizeof *piece);

    (void)error;
    snprintf(parcel->name.repository, HUBNAME_LENGTH, "openai/human-eval");
    parcel->folder = arena_print(arena, "%s/humaneval", p->settings->bench);
    parcel->pieces = piece;
    parcel->count = 1;
    parcel->asked.endpoint = p->settings->github;
    piece->file = "HumanEval.jsonl.gz";
    piece->url = arena_print(arena, "%s/%s", p->settings->github, HUMANEVAL_PATH);
    piece->size = HUMANEVAL_BYTES;
    memcpy(piece->checksum, HUMANEVAL_SHA, SHA_TEXT);
    piece->blob = arena_print(arena, "%s/%s", parcel->folder, piece->file);
    piece->lock = arena_print(arena, "%s/.lock", parcel->folder);
    return true;
}

static bool plan_parcel(Planner *p, const char *word, Error *error)
{
    Parcel *parcel = p->parcel;

    parcel->typed = word;
    for (const KnownDownload *k = known_downloads; k->name != NULL; k++)
        if (strncmp(word, k->name, strlen(k->name)) == 0
            && strchr("@", word[strlen(k->name)]) != NULL)
            parcel->licence = k->licence;
    parcel->kind = strcmp(word, "mmlu") == 0 ? PARCEL_MMLU
                 : strcmp(word, "humaneval") == 0 ? PARCEL_HUMANEVAL : PARCEL_MODEL;
    if (parcel->kind == PARCEL_MODEL && !hubname_read(&parcel->name, word, error))
        return false;
    parcel->asked = (Asked){ .endpoint = p->settings->endpoint,
                             .repository = parcel->name.repository,
                             .revision = parcel->name.revision,
                             .token = p->settings->token[0] != '\0' };
    return parcel->kind == PARCEL_MMLU ? plan_mmlu(p, error)
         : parcel->kind == PARCEL_HUMANEVAL ? plan_humaneval(p, error)
         : plan_model(p, error);
}

/* Sums, and whether the disk has room. The unpacked questions are smaller than their
 * archive, which goes when they are there. */
static bool weigh(Plan *plan, const Settings *settings, Error *error)
{
    char need[32], have[32];
    int64_t places[2] = {0};

    for (int i = 0; i < plan->count; i++) {
        const Parcel *parcel = &plan->parcels[i];
        int64_t weights = 0;

        for (int k = 0; k < parcel->count; k++) {
            const Piece *piece = &parcel->pieces[k];
            int64_t missing = piece->state == PIECE_HERE ? 0 : piece->size - piece->part;

            plan->size += piece->size;
            plan->missing += missing;
            places[parcel->kind != PARCEL_MODEL] += missing
                * (parcel->kind == PARCEL_MMLU ? 2 : 1);
            weights += hubname_is_weights(piece->file) ? piece->size : 0;
        }
        plan->weights = weights > plan->weights ? weights : plan->weights;
    }
    for (int i = 0; i < 2; i++) {
        const char *place = i == 0 ? settings->cache : settings->bench;
        uint64_t bytes = disk_free(place);
        int64_t room = bytes < INT64_MAX ? (int64_t)bytes : INT64_MAX;

        if (places[i] > 0 || i == 0)
            plan->room = room;
        if (places[i] > 0 && places[i] + SPARE > room)
            return error_code(error, EXIT_ROOM, "%s must be fetched, and the disk of %s has "
                              "%s left: make room, or name a place on another disk in %s; "
                              "nothing was fetched", plan_bytes(need, places[i]), place,
                              plan_bytes(have, room), i == 0 ? "HF_HUB_CACHE"
                              : "XDG_CACHE_HOME");
    }
    return true;
}

bool plan_make(Plan *plan, const Settings *settings, const char *const *words, int count,
               Error *error)
{
    Planner planner = { .plan = plan, .settings = settings };

    *plan = (Plan){0};
    plan->parcels = arena_get(&plan->arena, (size_t)count * sizeof *plan->parcels);
    for (int i = 0; i < count; i++) {
        bool twice = false;

        for (int k = 0; k < i; k++)
            twice = twice || strcmp(words[i], words[k]) == 0;
        if (twice)
            continue;
        planner.parcel = &plan->parcels[plan->count++];
        if (!plan_parcel(&planner, words[i], error))
            return false;
    }
    return examine_all(plan, error) && weigh(plan, settings, error);
}

void plan_free(Plan *plan)
{
    arena_free(&plan->arena);
}
