/* session.c - one text being read and written: its cache, its place, its logits
 *
 *      ids     once  upon  a    time  there  lived  a    king
 *              └──── chunk ────────┘  └──── chunk ──────────┘
 *                      │ one pass            │ one pass
 *                      ▼                     ▼
 *      cache   │  0     1    2    3     4     5     6    7  │ free … capacity
 *                                                        ▲
 *                                          length 8;  logits of id 7
 *
 * A model has no memory of its own: all it knows of a text are the keys and values
 * in the cache. A Session is such a cache together with the ids that it holds, so
 * that one can ask for a text and not for a pass:
 *
 *      session_goto   once upon a time there lived a queen
 *      has            once upon a time there lived a king and his
 *                     └───────── kept: 7 ids ─────┘ forgotten
 *      so it feeds    queen
 *
 * A second turn of a chat, an undone turn, a benchmark's questions behind one long
 * introduction, and a draft that was rejected are all this one function. It may
 * do so because every row of a pass depends on the rows before it and on
 * nothing else: what is kept has the very bits that reading it again would give.
 *
 * The chunk is how many tokens go through the model in one pass while a text is
 * read. A pass reads all weights once, so longer chunks are faster, until the
 * activations (14 rows of numbers for each token) fall out of the cache of the
 * processor. It changes no bit.
 *
 * Two things that are easily got wrong:
 *
 * - Going back to a place leaves the cache right but the logits gone: they belong
 *   to the id that was last. So the last id is fed once more.
 * - A pass that was stopped half-way has overwritten nothing that counts: the
 *   positions behind length are free, whatever they hold.
 *
 * Read next: decode/generate.c. Lesson: chapters/chapter08_chat.c.
 */
#include "decode/session.h"

#include "base/memory.h"

/* Logits of many positions at once (session_feed_all) take V floats each: as
 * many rows as fill this, but at least eight, so that reading the weights pays. */
#define LOGIT_BYTES ((size_t)8 << 20)
#define LOGIT_ROWS 8

static int logit_rows(const Config *config, int rows)
{
    size_t fit = LOGIT_BYTES / ((size_t)config->V * sizeof(float));

    return fit < (size_t)rows ? min_int(rows, max_int((int)fit, LOGIT_ROWS)) : rows;
}

size_t session_bytes(const Config *config, int capacity, int chunk, Format kv)
{
    int rows = min_int(chunk, capacity);

    return kvcache_bytes(config, capacity, kv)
         + workspace_bytes(config, rows, logit_rows(config, rows), capacity);
}

/* Errors: a prompt that the model's context or --ctx cannot hold. */
bool session_capacity(int *capacity, const Config *config, int ctx, int prompt,
                      int n, Error *error)
{
    int room = ctx > 0 ? min_int(ctx, config->context) : config->context;

    if (prompt > config->context)
        return error_set(error, "the prompt has %d tokens and the model's "
                         "context (max_position_embeddings) is %d: shorten the "
                         "prompt", prompt, config->context);
    if (prompt > room)
        return error_set(error, "the prompt has %d tokens and --ctx %d leaves "
                         "no room for them: give a larger --ctx (the model's "
                         "context is %d) or a shorter prompt", prompt, ctx,
                         config->context);
    if (ctx == 0 && n < room - prompt)
        room = prompt + n;
    *capacity = max_int(room, 1);
    return true;
}

/* Everything that the passes will need.
 *
 *   capacity  positions, 1 … the model's context
 *   chunk     tokens per pass, >= 1; more than capacity is never used
 *   wide      rows of a pass that may all want their logits, >= 1
 *   Errors:   no memory (exit 5), and then nothing is held
 *   Owner:    s, until session_free; the model stays the caller's
 */
bool session_init_wide(Session *s, const Model *model, int capacity, int chunk,
                       int wide, Format kv, Error *error)
{
    const Config *c = &model->config;
    int read = min_int(chunk, capacity), check = min_int(wide, capacity);
    int rows = max_int(read, check);

    must(capacity >= 1 && chunk >= 1 && wide >= 1, "capacity %d, chunk %d, wide %d",
         capacity, chunk, wide);
    *s = (Session){ .model = model, .capacity = capacity, .chunk = read };
    if (!kvcache_init(&s->cache, c, capacity, kv, error))
        return false;
    if (!workspace_init(&s->work, c, rows, max_int(logit_rows(c, read), check),
                        capacity, error)) {
        kvcache_free(&s->cache);
        return false;
    }
    s->rows = memory_get(rows, sizeof *s->rows);
    s->ids = memory_get(capacity, sizeof *s->ids);
    return true;
}

bool session_init(Session *s, const Model *model, int capacity, int chunk,
                  Format kv, Error *error)
{
    return session_init_wide(s, model, capacity, chunk, 1, kv, error);
}

void session_free(Session *s)
{
    kvcache_free(&s->cache);
    workspace_free(&s->work);
    memory_give_back(s->rows);
    memory_give_back(s->ids);
    *s = (Session){0};
}

typedef struct {                /* a pass's steps as part of a whole feed     */
    const Watch *outer;
    size_t before, rows, total; /* tokens: of earlier passes, this one, all   */
} FeedWatch;

static bool feed_watch(void *context, size_t done, size_t total)
{
    const FeedWatch *watch = context;

    return watch_go_on(watch->outer, watch->before * total + watch->rows * done,
                       watch->total * total);
}

/* One pass over T ids at the session's end; all: logits of each, else only of the
 * last, and only when last says that no more ids follow. */
static bool pass(Session *s, const int *ids, int T, bool all, bool last,
                 FeedWatch *watch, Error *error)
{
    const Watch inner = { feed_watch, watch };

    for (int t = 0; t < T; t++)
        s->rows[t] = (Row){ .id = ids[t], .position = s->length + t,
                            .cache = &s->cache,
                            .wants_logits = all || (last && t == T - 1) };
    if (!model_forward(&s->work, s->model, s->rows, T, s->adapter, s->probe,
                       watch->outer != NULL ? &inner : NULL, error))
        return false;
    for (int t = 0; t < T; t++)
        s->ids[s->length + t] = ids[t];
    s->length += T;
    s->fed += (size_t)T;
    return true;
}

static bool fits(const Session *s, int length, Error *error)
{
    if (length <= s->capacity)
        return true;
    return error_set(error, "a text of %d tokens does not fit into a context of "
                     "%d: give a larger --ctx (the model's context is %d) or a "
                     "shorter text", length, s->capacity,
                     s->model->config.context);
}

/* n more ids in passes of at most chunk rows; with see, of at most as many rows as
 * there is room for logits.
 *
 *   Errors: no room (exit 3, nothing done); those of model_forward, and then the
 *           session stands where it stood and logits is NULL
 */
static bool feed(Session *s, const int *ids, int n, SessionSee *see,
                 void *context, Error *error)
{
    int begin = s->length, V = s->model->config.V;
    int step = see != NULL ? min_int(s->chunk, s->work.logit_rows) : s->chunk;

    must(n >= 0, "%d ids", n);
    if (n > s->capacity - begin)
        return fits(s, begin + n, error);
    for (int at = 0; at < n; at += step) {
        int T = min_int(step, n - at);
        bool last = at + T == n;
        FeedWatch watch = { s->watch, (size_t)at, (size_t)T, (size_t)n };

        s->logits = NULL;
        if (!pass(s, ids + at, T, see != NULL, last, &watch, error)) {
            kvcache_truncate(&s->cache, begin);
            s->length = begin;
            return false;
        }
        for (int t = 0; see != NULL && t < T; t++)
            see(context, begin + at + t, row(s->work.logits, t, V));
        if (last)
            s->logits = row(s->work.logits, see != NULL ? T - 1 : 0, V);
    }
    return true;
}

/* n = 0 changes nothing. Cost: n rows of model_forward. */
bool session_feed(Session *s, const int *ids, int n, Error *error)
{
    return feed(s, ids, n, NULL, NULL, error);
}

/* The same, and see is called for each of the n positions, in order, with logits
 * that live until it returns. */
bool session_feed_all(Session *s, const int *ids, int n, SessionSee *see,
                      void *context, Error *error)
{
    must(see != NULL, "nobody to see the logits");
    return feed(s, ids, n, see, context, error);
}

/* n ids in one pass; s->work.logits [n, V] are those of each, until the next pass.
 *   n        1 … wide of session_init_wide
 *   Errors:  no room (exit 3); those of model_forward; nothing has changed then  */
bool session_feed_together(Session *s, const int *ids, int n, Error *error)
{
    FeedWatch watch = { s->watch, 0, (size_t)n, (size_t)n };

    must(n >= 1 && n <= s->work.logit_rows, "%d rows with logits, room for %d", n,
         s->work.logit_rows);
    if (!fits(s, s->length + n, error))
        return false;
    s->logits = NULL;
    if (!pass(s, ids, n, true, true, &watch, error))
        return false;
    s->logits = row(s->work.logits, n - 1, s->model->config.V);
    return true;
}

/* Forget all ids from length on; their logits are gone then. */
void session_cut(Session *s, int length)
{
    if (length == s->length)
        return;
    kvcache_truncate(&s->cache, length);
    s->length = length;
    s->logits = NULL;
}

/* Cost: one comparison for each id in common. */
int session_common(const Session *s, const int *ids, int n)
{
    int common = 0;

    while (common < n && common < s->length && s->ids[common] == ids[common])
        common++;
    return common;
}

/* Stand behind exactly these ids: keep the longest common beginning, forget the
 * rest, feed what is missing. n = 0 empties the session.
 *
 *   Errors: no room (exit 3, nothing changed); those of model_forward, and then
 *           the session stands behind the common beginning
 *   Cost:   one comparison for each id kept, one row of a pass for each other
 */
bool session_goto(Session *s, const int *ids, int n, Error *error)
{
    int kept;

    must(n >= 0, "%d ids", n);
    if (!fits(s, n, error))
        return false;
    kept = session_common(s, ids, n);
    if (kept == n && n == s->length && s->logits != NULL)
        return true;                        /* it stands there already      */
    if (kept == n && n > 0)
        kept--;                             /* the last id's logits are gone */
    session_cut(s, kept);
    return session_feed(s, ids + kept, n - kept, error);
}
