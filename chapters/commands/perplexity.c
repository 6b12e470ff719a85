/* perplexity.c - ./run perplexity: how surprised a model is by a text
 *
 *      --file F ──► take_text ──► tokenizer_encode, without special tokens
 *                                        │ ids [n]
 *      --window N, --stride S ──────────►│
 *                                        ▼
 *                          windows, each from an empty cache
 *                                        │
 *           stderr ◄── a bar, and the    ├──► tokens, nll, perplexity, ─► stdout
 *                      number so far     │    bits per byte
 *                                        ▼
 *                                 -ln p of each token
 *
 *      $ ./run perplexity --file models/heldout/just-so-stories.txt --window 128
 *      tokens                1921  scored, of 1921
 *      windows                 16  of 128 tokens behind BOS, one every 128
 *      nll               7893.993  nats, 4.10931 for a token
 *      perplexity          60.905
 *      bits per byte       2.0214  over 5634 bytes
 *
 * What is computed is src/measure/perplexity.c; here stands what is asked of the
 * options. A window and the BOS before it must fit into the model's context. Where no
 * window was asked for it is 512 tokens, or what a smaller context holds, and then a
 * note says so: a number without its window cannot be compared with another.
 *
 * Ctrl-C stops between two layers. What was scored until then is said on stderr, and
 * nothing on stdout: half a text is another text.
 *
 * Read next: src/measure/perplexity.c. Lesson: chapters/chapter06_quantize.c.
 */
#include "measure/perplexity.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/progress.h"
#include "chapters/commands/common.h"
#include "chapters/words.h"

/* Who watches the work: until_stopped decides, and a bar shows the number so far. */
typedef struct {
    Progress bar;
    char what[64];              /* its words                                 */
    const Perplexity *so_far;
} Measuring;

static bool go_on(void *context, size_t done, size_t total)
{
    Measuring *m = context;

    if (m->so_far->tokens > 0)
        snprintf(m->what, sizeof m->what, "perplexity so far %.4g",
                 perplexity_value(m->so_far));
    progress_update(&m->bar, done, total);
    return watch_go_on(&until_stopped, done, total);
}

/* --window and --stride as numbers. Errors: exit 2 with the range. */
static bool choose_windows(PerplexityOptions *chosen, const OpenModel *m,
                           const Options *o, Error *error)
{
    int most = perplexity_window(&m->model.config, m->dir.tokenizer);

    chosen->window = o->window > 0 ? o->window : PERPLEXITY_WINDOW;
    if (o->window == 0 && most >= 1 && most < PERPLEXITY_WINDOW) {
        fprintf(stderr, "note: the model's context (max_position_embeddings) is %d: "
                "windows of %d tokens instead of %d\n", m->model.config.context, most,
                PERPLEXITY_WINDOW);
        chosen->window = most;
    }
    if (chosen->window > most)
        return error_code(error, EXIT_USAGE, "perplexity: --window is %d, and it must "
                          "be a whole number from 1 to %d: the model's context "
                          "(max_position_embeddings) is %d%s", chosen->window, most,
                          m->model.config.context, most < m->model.config.context
                          ? ", and BOS takes one place of it" : "");
    chosen->stride = o->stride > 0 ? o->stride : chosen->window;
    if (chosen->stride > chosen->window)
        return error_code(error, EXIT_USAGE, "perplexity: --stride is %d, and it must "
                          "be a whole number from 1 to %d, the tokens of a window: "
                          "with a longer stride tokens would be left out",
                          chosen->stride, chosen->window);
    return true;
}

static void print_table(const Perplexity *p, const PerplexityOptions *chosen, int n,
                        bool has_bos)
{
    int windows = 1 + max_int(0, n - chosen->window + chosen->stride - 1)
                  / chosen->stride;

    printf("%-13s %12d  scored, of %d\n", "tokens", p->tokens, n);
    printf("%-13s %12d  of %d tokens%s, one every %d\n", "windows", windows,
           chosen->window, has_bos ? " behind BOS" : "", chosen->stride);
    printf("%-13s %12.3f  nats, %.5f for a token\n", "nll", p->nll,
           p->nll / p->tokens);
    printf("%-13s %12.5g\n", "perplexity", perplexity_value(p));
    printf("%-13s %12.4f  over %zu bytes\n", "bits per byte",
           perplexity_bits_per_byte(p), p->bytes);
}

static void print_json(const Perplexity *p, const PerplexityOptions *chosen)
{
    JsonWriter w = { .out = stdout };

    json_write_object(&w, NULL);
    json_write_integer(&w, "tokens", p->tokens);
    json_write_number(&w, "nll", p->nll, 17);
    json_write_number(&w, "perplexity", perplexity_value(p), 17);
    json_write_number(&w, "bits_per_byte", perplexity_bits_per_byte(p), 17);
    json_write_integer(&w, "bytes", (int64_t)p->bytes);
    json_write_integer(&w, "window", chosen->window);
    json_write_integer(&w, "stride", chosen->stride);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* Measure and report; after Ctrl-C what there is goes to stderr. */
static bool run(const OpenModel *m, const Ids *ids, const Options *o,
                Error *error)
{
    PerplexityOptions chosen;
    Session session;
    Perplexity p = {0};
    Measuring measuring = { .what = "reading the text", .so_far = &p };
    const Watch watch = { go_on, &measuring };
    double started = clock_seconds();
    int bos;
    bool fine;

    if (!choose_windows(&chosen, m, o, error)
        || !model_session(&session, m, o, perplexity_room(m->dir.tokenizer, &chosen,
                                                          ids->count), 0, error))
        return false;
    progress_start(&measuring.bar, measuring.what);
    session.watch = &watch;
    fine = perplexity(&p, &session, m->dir.tokenizer, ids->id, ids->count, &chosen,
                      error);
    progress_end(&measuring.bar);
    session_free(&session);
    if (fine && o->json)
        print_json(&p, &chosen);
    else if (fine)
        print_table(&p, &chosen, ids->count,
                    tokenizer_adds_first(m->dir.tokenizer, &bos));
    else if (error->code == EXIT_INTERRUPTED && p.tokens > 0)
        fprintf(stderr, "so far: %d of %d tokens, nll %.3f nats, perplexity %.5g\n",
                p.tokens, ids->count, p.nll, perplexity_value(&p));
    if (fine)
        fprintf(stderr, "%.1f s, %.1f tok/s\n", clock_seconds() - started,
                p.tokens / (clock_seconds() - started));
    return fine;
}

int command_perplexity(const Options *options)
{
    OpenModel m = {0};
    Text text = {0};
    Ids ids = {0};
    Error error = {0};
    bool fine = take_text(&text, options, &error)
             && model_open(&m, options, &error);

    if (fine) {
        tokenizer_encode(&ids, m.dir.tokenizer, text.bytes, text.length, false);
        fine = run(&m, &ids, options, &error);
    }
    text_free(&text);
    ids_free(&ids);
    model_close(&m);
    return finish(fine, &error);
}
