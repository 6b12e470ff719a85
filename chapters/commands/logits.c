/* logits.c - ./run logits: what the model thinks comes next
 *
 *      ids [T] ──► session_feed ──► logits [V] of the last position
 *                  (--all: of every position)
 *                       │
 *                       ├──► the K best: id, logit, log-probability, token
 *                       ├──► --out F: the bare numbers, little-endian float32
 *                       └──► a hash of their bits
 *
 *      log p_i = logit_i - log Σ_j e^{logit_j}                             (1)
 *
 *      $ ./run logits --text "Once upon a time" --top 2
 *      after position 5, id 544 Ġtime
 *            id            logit  log-probability  token
 *           442  …
 *            12  …
 *      hash 4751496571cbd797
 *
 * A logit is a score without a scale; only differences between them mean
 * something, and (1) turns them into probabilities that add up to 1.
 *
 * The hash is what the promise of this engine looks like: for one model and one text
 * it is the same number on every machine, for any number of threads, any chunk, any
 * kernels, in the debug build and in the release build. It is FNV-1a-64 over the
 * bytes of the logits of the positions that are reported, in order.
 *
 * Read next: src/decode/session.c. Lesson: chapters/chapter03_layers.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/atomicfile.h"
#include "base/hash.h"
#include "chapters/commands/common.h"
#include "chapters/words.h"
#include "kernels/softmax.h"

typedef struct {
    int id;
    float logit;
    double logprob;             /* equation (1)                              */
} Best;

typedef struct {
    const Tokenizer *tokenizer;
    const Options *options;
    Ids ids;
    Session session;
    SamplingWork work;
    int V, K;                   /* K: how many of the best are wanted        */
    int first;                  /* the first position that is reported       */
    Best *best;                 /* [T - first, K]                            */
    uint64_t hash;
    AtomicFile file;            /* --out                                     */
    bool writes;                /* file is open                              */
    bool failed;                /* while writing it: see error               */
    Error error;
    int *order;                 /* [K] scratch                               */
} Report;

/* n numbers to --out, little-endian whatever this machine is. */
static bool write_floats(AtomicFile *file, const float *x, int n, Error *error)
{
    unsigned char bytes[4096];
    size_t used = 0;

    for (int i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof bits);
        for (int k = 0; k < 4; k++)
            bytes[used++] = (unsigned char)(bits >> 8 * k);
        if (used == sizeof bytes || i == n - 1) {
            if (!atomicfile_write(file, bytes, used, error))
                return false;
            used = 0;
        }
    }
    return true;
}

/* One position's logits [V], while they are there. */
static void see(void *context, int position, const float *logits)
{
    Report *r = context;
    Best *best = row(r->best, position - r->first, r->K);
    double sum = log_sum_exp(logits, r->V);

    r->hash = hash_floats(r->hash, logits, (size_t)r->V);
    if (r->K > 0)
        sampling_best(r->order, r->K, logits, &r->work);
    for (int k = 0; k < r->K; k++)
        best[k] = (Best){ r->order[k], logits[r->order[k]],
                          (double)logits[r->order[k]] - sum };
    if (r->writes && !r->failed)
        r->failed = !write_floats(&r->file, logits, r->V, &r->error);
}

static void print_table(const Report *r)
{
    for (int p = r->first; p < r->ids.count; p++) {
        const Best *best = row(r->best, p - r->first, r->K);

        printf("after position %d, id %d %s\n", p, r->ids.id[p],
               spelling(r->tokenizer, r->ids.id[p]));
        if (r->K > 0)
            printf("%8s  %15s  %15s  %s\n", "id", "logit", "log-probability",
                   "token");
        for (int k = 0; k < r->K; k++)
            printf("%8d  %15.9g  %15.9g  %s\n", best[k].id,
                   (double)best[k].logit, best[k].logprob,
                   spelling(r->tokenizer, best[k].id));
    }
    printf("hash %016" PRIx64 "\n", r->hash);
}

static void print_json(const Report *r)
{
    JsonWriter w = { .out = stdout };
    char hash[17];

    snprintf(hash, sizeof hash, "%016" PRIx64, r->hash);
    json_write_object(&w, NULL);
    json_write_ids(&w, "ids", r->ids.id, r->ids.count);
    json_write_integer(&w, "vocab", r->V);
    json_write_array(&w, "positions");
    for (int p = r->first; p < r->ids.count; p++) {
        json_write_object(&w, NULL);
        json_write_integer(&w, "position", p);
        json_write_array(&w, "top");
        for (int k = 0; k < r->K; k++) {
            const Best *best = &row(r->best, p - r->first, r->K)[k];

            json_write_object(&w, NULL);
            json_write_integer(&w, "id", best->id);
            json_write_token(&w, "token", r->tokenizer, best->id);
            json_write_number(&w, "logit", (double)best->logit, 9);
            json_write_number(&w, "logprob", best->logprob, 9);
            json_write_object_end(&w);
        }
        json_write_array_end(&w);
        json_write_object_end(&w);
    }
    json_write_array_end(&w);
    json_write_word(&w, "hash", hash);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* --ids, or the ids of the text. Errors: those of take_ids and take_text, and
 * exit 2 when there is nothing to read. */
static bool take_prompt_ids(Ids *ids, const OpenModel *m, const Options *options,
                            Error *error)
{
    Text text = {0};
    bool fine = true;

    if (options->ids != NULL) {
        fine = one_source(options, error)
            && take_ids(ids, options->ids, m->model.config.V, error);
    } else {
        fine = take_text(&text, options, error);
        if (fine)
            tokenizer_encode(ids, m->dir.tokenizer, text.bytes, text.length,
                             !options->no_special);
    }
    text_free(&text);
    if (fine && ids->count == 0)
        return error_code(error, EXIT_USAGE, "there is nothing to read: the text "
                          "is empty and the tokenizer adds nothing to it");
    return fine;
}

/* Feed the ids and report on the positions that are wanted. */
static bool run(Report *r, const Options *options, Error *error)
{
    const int *ids = r->ids.id;
    int T = r->ids.count;

    r->first = options->all ? 0 : T - 1;
    r->K = min_int(options->top, r->V);
    r->best = memory_get_bytes((size_t)(T - r->first) * (size_t)r->K
                               * sizeof *r->best);
    r->order = memory_get(r->K, sizeof *r->order);
    sampling_work_init(&r->work, r->V);
    r->hash = HASH_START;
    if (options->out != NULL)
        r->writes = atomicfile_open(&r->file, options->out, error);
    if (options->out != NULL && !r->writes)
        return false;
    if (options->all ? !session_feed_all(&r->session, ids, T, see, r, error)
                     : !session_feed(&r->session, ids, T, error))
        return false;
    if (!options->all)
        see(r, T - 1, r->session.logits);
    if (r->failed) {
        *error = r->error;
        return false;
    }
    if (r->writes && !atomicfile_commit(&r->file, error))
        return false;
    r->writes = false;
    return true;
}

static void report_free(Report *r)
{
    if (r->writes)
        atomicfile_abandon(&r->file);
    memory_give_back(r->best);
    memory_give_back(r->order);
    sampling_work_free(&r->work);
    session_free(&r->session);
    ids_free(&r->ids);
}

int command_logits(const Options *options)
{
    OpenModel m;
    Report r = { .options = options };
    Error error = {0};
    bool fine = model_open(&m, options, &error)
             && take_prompt_ids(&r.ids, &m, options, &error)
             && model_session(&r.session, &m, options, r.ids.count, 0, &error);

    if (fine) {
        r.V = m.model.config.V;
        r.tokenizer = m.dir.tokenizer;
        fine = run(&r, options, &error);
        if (fine)
            options->json ? print_json(&r) : print_table(&r);
        report_free(&r);
    } else {
        ids_free(&r.ids);
    }
    model_close(&m);
    return finish(fine, &error);
}
