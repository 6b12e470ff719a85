/* transfer.c - carry out a plan: bytes, checksums, names
 *
 *      the hub or its CDN
 *            │ "Range: bytes=HAVE-"            only what is not here yet
 *            ▼
 *      206, from HAVE? ──yes──► append ─┬─► blobs/6e60….incomplete
 *      200, the whole? ──yes──► from 0 ─┘         │
 *      anything else: an error                    │ each byte also into SHA-256
 *            │                                    ▼
 *            └── broken off: a pause, and   all bytes, right checksum?
 *                again from where it is           │yes        │no
 *                                                 ▼           ▼
 *                                       rename: blobs/6e60…   removed, exit 4
 *
 * Two gigabytes take minutes or hours, and on the way the train enters a tunnel. What
 * has come stays: a try that brought something new does not count against the five that
 * are made, so a bad line is slow and not hopeless; a server that breaks off for ever
 * without a new byte is given up.
 *
 * The checksum is computed while the bytes pass. Of a file whose beginning is here from
 * an earlier run, that beginning is read first.
 *
 * Trust nobody about sizes: one byte more than promised ends the connection, before it
 * fills the disk; a Content-Length that does not fit to the promise is refused before
 * the first byte is kept.
 *
 * Corners: a server may answer a question for the rest with the whole (200): then it
 * starts over, and the bar stands still until it is where it was. An address with a
 * signature runs out while we wait, so every try asks the hub anew. Two of us may want
 * the same file: the second waits, and finds it here.
 *
 * Read next: store.c, verify.c.
 */
#include "weights-tools/hub/transfer.h"

#include <fcntl.h>          /* open, O_NOFOLLOW                              */
#include <stdio.h>          /* fdopen, fwrite                                */
#include <string.h>         /* strcmp                                        */
#include <unistd.h>         /* ftruncate, fsync, unlink                      */

#include "base/atomicfile.h"
#include "base/interrupt.h"
#include "base/mapfile.h"
#include "base/progress.h"
#include "weights-tools/hub/bench.h"
#include "weights-tools/hub/curl.h"
#include "weights-tools/hub/store.h"

typedef struct {                    /* all files of a plan                   */
    const Settings *settings;
    Progress progress;
    int64_t done, all;              /* bytes of finished files; of all       */
    int64_t shown;                  /* the most that was shown               */
} Transfer;

typedef struct {                    /* one file on its way                   */
    Transfer *t;
    const Piece *piece;
    const char *path;               /* blob.incomplete                       */
    FILE *file;
    Sha sha;
    int64_t have;                   /* bytes in the file, all in sha         */
    bool begun;                     /* this answer's status has been judged  */
    Error *error;                   /* filled when a body is refused         */
} Flow;

static void sha_begin(Flow *f)
{
    if (strlen(f->piece->checksum) == 40)
        sha_start_git(&f->sha, (uint64_t)f->piece->size);
    else
        sha_start(&f->sha, SHA_256);
}

/* Forwards only: what comes a second time is not shown again. */
static void show(Flow *f)
{
    Transfer *t = f->t;
    int64_t now = t->done + f->have - f->piece->part;

    t->shown = now > t->shown ? now : t->shown;
    progress_update(&t->progress, (size_t)t->shown, (size_t)t->all);
}

/* An empty file again. */
static bool start_over(Flow *f)
{
    if (fflush(f->file) != 0 || ftruncate(fileno(f->file), 0) != 0)
        return store_failed(f->path, "emptying", f->error);
    f->have = 0;
    sha_begin(f);
    return true;
}

/* The first bytes of an answer have come: do they go behind those that are here? */
static bool begin(Flow *f, const Answer *answer)
{
    int64_t size = f->piece->size;
    bool rest = answer->status == 206;

    if (rest && (answer->from != f->have
                 || (answer->whole >= 0 && answer->whole != size)))
        return error_code(f->error, EXIT_CRASH, "%s: the server was asked for the bytes from "
                          "%lld on of %lld, and sends those from %lld of %lld",
                          f->piece->file, (long long)f->have, (long long)size,
                          (long long)answer->from, (long long)answer->whole);
    if (!rest && f->have > 0 && !start_over(f))
        return false;
    if (answer->length >= 0 && answer->length != size - f->have)
        return error_code(f->error, EXIT_CRASH, "%s: the server wants to send %lld bytes where "
                          "the hub promised %lld: refused", f->piece->file,
                          (long long)answer->length, (long long)(size - f->have));
    return true;
}

static bool take(void *context, const Answer *answer, const char *bytes, size_t count)
{
    Flow *f = context;

    if (!f->begun && !begin(f, answer))
        return false;
    f->begun = true;
    if (count > (uint64_t)(f->piece->size - f->have))
        return error_code(f->error, EXIT_CRASH, "%s: the server sends more than the %lld "
                          "bytes that the hub promised: refused", f->piece->file,
                          (long long)f->piece->size);
    if (fwrite(bytes, 1, count, f->file) != count)
        return store_failed(f->path, "writing", f->error);
    sha_add(&f->sha, bytes, count);
    f->have += (int64_t)count;
    show(f);
    return true;
}

/* What lies there from an earlier run, into the checksum. */
static bool read_beginning(Flow *f)
{
    unsigned char piece[65536];
    size_t n;

    sha_begin(f);
    if (f->piece->part == 0)
        return start_over(f);
    rewind(f->file);
    while (f->have < f->piece->part && (n = fread(piece, 1, sizeof piece, f->file)) > 0) {
        sha_add(&f->sha, piece, n);
        f->have += (int64_t)n;
        if (interrupt_asked())
            return error_code(f->error, EXIT_INTERRUPTED, "interrupted");
    }
    if (f->have != f->piece->part || fseek(f->file, 0, SEEK_END) != 0)
        return start_over(f);
    return true;
}

/* One answer: go on, pause, or give up. Returns false with *finished unset on Errors. */
static bool judge(Flow *f, CurlEnd end, const Answer *answer, const Parcel *parcel, int tries)
{
    Asked asked = parcel->asked;
    char why[160], have[32];

    asked.file = f->piece->file;
    if (end == CURL_ENOUGH || end == CURL_FAILED)
        return false;
    if (end == CURL_FINE && answer->status == 416 && f->have > 0)
        return start_over(f);       /* asked for the rest, it has no rest    */
    if (end == CURL_FINE && (answer->status == 200 || answer->status == 206))
        return f->begun || f->piece->size == 0
            || error_code(f->error, EXIT_CRASH, "%s: the server sends nothing", f->piece->file);
    if (end == CURL_FINE && !answer_may_change(answer))
        return answer_refuse(answer, &asked, f->error);
    if (end == CURL_FINE)
        snprintf(why, sizeof why, "%.60s: the server says %d", f->piece->file,
                 answer->status);
    else
        snprintf(why, sizeof why, "%.60s: the connection broke off, %s are here",
                 f->piece->file, plan_bytes(have, f->have));
    if (f->t->progress.shown)
        fputs("\r\033[K", stderr);
    if (curl_pause(answer, tries, why, f->error))
        return true;
    if (end == CURL_FINE && f->error->code == 0)
        return answer_refuse(answer, &asked, f->error);
    return f->error->code == 0 && error_code(f->error, EXIT_CRASH, "%s: the server ends its "
                                             "answer too early, again and again",
                                             f->piece->file);
}

/* Until all bytes are here. A try that brought a new byte is not counted. */
static bool flow(Flow *f, const Parcel *parcel)
{
    int64_t most = f->have;

    for (int tries = 1; f->have < f->piece->size; tries++) {
        Answer answer;
        CurlEnd end;

        *f->error = (Error){0};
        f->begun = false;
        end = curl_ask(&answer, &(Question){ .settings = f->t->settings, .from = f->have,
                       .url = f->piece->url, .take = take, .context = f }, f->error);
        if (fflush(f->file) != 0)
            return store_failed(f->path, "writing", f->error);
        if (f->have > most)
            tries = 1;
        most = f->have > most ? f->have : most;
        if (f->have == f->piece->size)
            break;
        if (end == CURL_FINE && f->begun)
            end = CURL_LOST;        /* it ended properly, and too early      */
        if (!judge(f, end, &answer, parcel, tries))
            return false;
    }
    return true;
}

/* All bytes are here: under their name, or away. */
static bool finish(Flow *f)
{
    char digits[SHA_TEXT];
    bool fine = fflush(f->file) == 0 && fsync(fileno(f->file)) == 0;

    if (!fine)
        store_failed(f->path, "writing to the disk", f->error);
    fine = fclose(f->file) == 0 && fine;
    f->file = NULL;
    if (!fine)
        return f->error->code != 0 || store_failed(f->path, "closing", f->error);
    sha_end(&f->sha, digits);
    if (strcmp(digits, f->piece->checksum) != 0) {
        unlink(f->path);
        return error_code(f->error, EXIT_CRASH, "%s: its checksum is %s and should be %s: the "
                          "bytes changed on the way, or the server has others; they were "
                          "removed; run the same command again", f->piece->file, digits,
                          f->piece->checksum);
    }
    return rename(f->path, f->piece->blob) == 0
        || store_failed(f->piece->blob, "renaming", f->error);
}

/* What a person wants to know when it ends early. */
static void say_kept(const Flow *f)
{
    char have[32], size[32];

    if (f->have == 0 || f->have == f->piece->size)
        return;
    error_where(f->error, "%s of %s of %s are kept, and the same command goes on from there",
                plan_bytes(have, f->have), plan_bytes(size, f->piece->size), f->piece->file);
}

/* Never through a link: in a cache that several people share, somebody may have put
 * one there, to a file of ours. */
static FILE *open_part(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);

    return file < 0 ? NULL : fdopen(file, "ab+");
}

/* The lock is held. Somebody else may have fetched it while we waited. */
static bool fetch(Transfer *t, Piece *piece, const Parcel *parcel, Error *error)
{
    size_t room = strlen(piece->blob) + 16;
    char *path = memory_get_bytes(room), digits[SHA_TEXT];
    Flow f = { .t = t, .piece = piece, .path = path, .error = error };
    bool fine;

    snprintf(path, room, "%s.incomplete", piece->blob);
    if (store_size(piece->blob) == piece->size
        && store_checksum(digits, piece->blob, piece->checksum, NULL, error)
        && strcmp(digits, piece->checksum) == 0) {
        memory_give_back(path);
        return true;
    }
    fine = store_folders_of(path, error);
    piece->part = store_size(path);
    if (piece->part < 0 || piece->part > piece->size)
        piece->part = 0;
    f.file = fine ? open_part(path) : NULL;
    if (fine && f.file == NULL)
        fine = store_failed(path, "creating a file", error);
    fine = fine && read_beginning(&f) && flow(&f, parcel) && finish(&f);
    if (f.file != NULL)
        fclose(f.file);
    if (!fine)
        say_kept(&f);
    memory_give_back(path);
    return fine;
}

static bool transfer_piece(Transfer *t, Piece *piece, const Parcel *parcel, Error *error)
{
    int64_t missing = piece->size - piece->part;
    bool fine = true;
    int lock;

    if (piece->state != PIECE_HERE) {
        t->progress.what = piece->file;
        fine = store_lock(&lock, piece->lock, piece->file, error)
            && fetch(t, piece, parcel, error);
        store_unlock(&lock);
        t->done += missing;
        if (fine)
            piece->state = PIECE_FETCHED;
    }
    return fine && (piece->place == NULL
                    || store_name(piece->place, piece->blob, t->settings->links, error));
}

/* Unless it says so already: a cache that may only be read is fine then. */
static bool write_ref(const Parcel *parcel, Error *error)
{
    size_t length = strlen(parcel->commit);
    MapFile ref;
    bool same = false;

    if (path_is_file(parcel->ref) && mapfile_open(&ref, parcel->ref, error)) {
        same = ref.size == length && memcmp(ref.bytes, parcel->commit, length) == 0;
        mapfile_close(&ref);
    }
    return same || (store_folders_of(parcel->ref, error)
                    && atomicfile_save(parcel->ref, parcel->commit, length, error));
}

/* The files, then what makes them findable. */
static bool transfer_parcel(Transfer *t, Parcel *parcel, Error *error)
{
    bool fine = true;

    for (int i = 0; fine && i < parcel->count; i++)
        fine = transfer_piece(t, &parcel->pieces[i], parcel, error);
    if (fine && parcel->kind == PARCEL_MMLU && store_size(parcel->pieces[0].blob) >= 0) {
        fine = bench_unpack(parcel->pieces[0].blob, parcel->folder,
                            parcel->pieces[0].checksum, error);
        unlink(parcel->pieces[0].blob);
    }
    return fine && (parcel->ref == NULL || write_ref(parcel, error));
}

bool transfer_plan(Plan *plan, const Settings *settings, Error *error)
{
    Transfer t = { .settings = settings, .all = plan->missing };
    bool fine = true;

    progress_start(&t.progress, "");
    for (int i = 0; fine && i < plan->count; i++)
        fine = transfer_parcel(&t, &plan->parcels[i], error);
    progress_end(&t.progress);
    return fine;
}
