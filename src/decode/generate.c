/* generate.c - write on: pick a token, show its text, feed it back
 *
 *      prompt ids
 *         │ session_goto                    reads them, a chunk at a time
 *         ▼
 *      logits [V] ◄──────────────────────────────────────────┐
 *         │ sampling_distribution, sampling_pick             │
 *         ▼                                                  │
 *        id ─────── an end-of-text id? ──────► done: "eos"   │
 *         │ stream_add                                       │
 *         ▼                                                  │
 *      text  … lived a king ─── a stop string? ► done: "stop"│
 *         │ show what is settled                             │
 *         ▼                                                  │
 *      n ids, or no room? ───────────────────► done: "length"│
 *         │ session_feed                                     │
 *         └──────────────────────────────────────────────────┘
 *
 * This loop is all that there is to "generative": a program that says how likely
 * each next word is, and somebody who takes one and asks again.
 *
 * Showing text is the delicate part, for three reasons:
 *
 * - A token is not a character. "€" may be three tokens; the stream holds its
 *   first bytes back until the last are there (text/tokenizer.h).
 * - A token is not a word of its own either: in some tokenizers the text of an id
 *   depends on whether one stands before it. So the answer's text is what
 *   decode(prompt + ids) has more than decode(prompt), and the stream is led
 *   through the prompt first, whose text is thrown away.
 * - A stop string may come in over several tokens, and must not be seen. As long
 *   as the end of the text could be its beginning, that much is held back:
 *
 *          stop "THE END"
 *
 *          text    "and so on. TH"          │ "and so on. THE E"
 *          shown   "and so on. "            │ "and so on. "
 *                              └ held: 2    │             └ held: 5
 *
 * The dart for an id is the random number of its position in the text, so the
 * same seed writes the same text whatever was read before in which pieces.
 *
 *      $ ./run generate --prompt "Once upon a time" -n 12 --seed 1
 *       an old woman, with a beautiful boy, who said to
 *
 *      $ ./run generate --prompt "Once upon a time" -n 12 --temperature 0
 *       there was a man who had a son who was a man
 *
 * Nothing is allocated between the first token and the last: the longest text that
 * the ids could make is reserved before (the system gives pages only for what is
 * really written).
 *
 * Read next: chapters/commands/generate.c. Lesson: chapters/chapter05_sampling.c.
 */
#include "decode/generate.h"

#include <string.h>             /* memcmp, strlen                            */

#include "base/clock.h"
#include "base/random.h"
#include "kernels/softmax.h"    /* log_sum_exp                               */

typedef struct {                /* what the loop needs, reserved before it   */
    Generated *out;
    Session *s;
    const GenerateOptions *options;
    SamplingWork work;
    TokenStream stream;
    size_t shown;               /* bytes of out->text that were shown        */
    int *best;                  /* [K] scratch for log-probabilities         */
} Writer;

/* Bytes that one id can add. A spelling is never shorter than the bytes it
 * stands for, but each of these may come out as U+FFFD, three bytes. */
static size_t longest_token(const Tokenizer *tokenizer)
{
    size_t longest = 1;

    for (int id = 0; id < tokenizer_vocabulary(tokenizer); id++) {
        const char *token = tokenizer_token(tokenizer, id);

        if (token != NULL && strlen(token) > longest)
            longest = strlen(token);
    }
    return 3 * longest;
}

/* Reserve all that the loop writes to; most is how many ids may come. */
static void writer_init(Writer *w, const Tokenizer *tokenizer, int most)
{
    Generated *out = w->out;
    int V = w->s->model->config.V, K = min_int(w->options->logprobs, V);

    sampling_work_init(&w->work, V);
    stream_init(&w->stream, tokenizer, true);
    out->ids.id = memory_get(max_int(most, 1), sizeof *out->ids.id);
    out->ids.room = max_int(most, 1);
    out->text.room = ((size_t)most + 2) * longest_token(tokenizer) + 16;
    out->text.bytes = memory_get_bytes(out->text.room);
    out->logprobs = K;
    if (K > 0) {
        out->logprob = memory_get(max_int(most, 1), sizeof *out->logprob);
        out->best = memory_get_bytes((size_t)max_int(most, 1) * (size_t)K
                                     * sizeof *out->best);
        w->best = memory_get(K, sizeof *w->best);
    }
}

static void writer_free(Writer *w)
{
    sampling_work_free(&w->work);
    stream_free(&w->stream);
    memory_give_back(w->best);
}

/* Lead the stream through the prompt, so that it knows what an answer's first
 * token stands behind; the text of the prompt goes nowhere. */
static void lead_in(TokenStream *stream, const int *prompt, int count)
{
    Text nowhere = {0};

    for (int i = 0; i < count; i++) {
        stream_add(stream, &nowhere, prompt[i]);
        text_clear(&nowhere);
    }
    text_free(&nowhere);
}

/* The next id, by the logits that the session stands on. */
static int draw(Writer *w)
{
    const Session *s = w->s;
    int V = s->model->config.V;

    sampling_distribution(w->work.p, s->logits, V, s->ids, s->length,
                          &w->options->sampling, &w->work);
    return sampling_pick(w->work.p, V, random_uniform(w->options->seed, 0,
                         (uint32_t)s->length, 0));
}

/* Append an id, and how likely the model itself (before any filter) held it and
 * the K best:  log p_i = logit_i - log Σ e^logit                            */
static void note(Writer *w, int id)
{
    Generated *out = w->out;
    const float *logits = w->s->logits;
    int K = out->logprobs, at = out->ids.count;

    ids_add(&out->ids, id);
    if (K > 0) {
        double sum = log_sum_exp(logits, w->work.V);

        out->logprob[at] = (float)((double)logits[id] - sum);
        sampling_best(w->best, K, logits, &w->work);
        for (int k = 0; k < K; k++)
            row(out->best, at, K)[k] = (TokenLogprob){ w->best[k],
                (float)((double)logits[w->best[k]] - sum) };
    }
}

/* The first place at or after from where a stop string stands, or length. */
static size_t find_stop(const Text *text, size_t from, const GenerateOptions *o)
{
    for (size_t at = from; at < text->length; at++)
        for (int i = 0; i < o->stops; i++) {
            size_t length = strlen(o->stop[i]);

            if (length > 0 && length <= text->length - at
                && memcmp(text->bytes + at, o->stop[i], length) == 0)
                return at;
        }
    return text->length;
}

/* How many bytes at the end could be the beginning of a stop string. */
static size_t held_back(const Text *text, const GenerateOptions *o)
{
    size_t held = 0;

    for (int i = 0; i < o->stops; i++) {
        size_t most = strlen(o->stop[i]);

        most = most == 0 ? 0 : most - 1;        /* the whole was looked for  */
        if (most > text->length)
            most = text->length;
        while (most > held && memcmp(text->bytes + text->length - most,
                                     o->stop[i], most) != 0)
            most--;
        if (most > held)
            held = most;
    }
    return held;
}

/* New text has settled. Returns true when a stop string ends it; then the text is
 * cut there. Shows what cannot become part of one; all of it when no more comes.
 * No stop string begins before w->shown: what could have begun one was held back. */
static bool settle(Writer *w, bool more)
{
    Text *text = &w->out->text;
    const GenerateOptions *o = w->options;
    size_t stop = find_stop(text, w->shown, o);
    bool stopped = stop < text->length;
    size_t until;

    text->length = stop;
    text->bytes[stop] = '\0';
    until = stopped || !more ? stop : stop - held_back(text, o);
    if (until > w->shown && o->show != NULL)
        o->show(o->context, text->bytes + w->shown, until - w->shown);
    w->shown = until;
    return stopped;
}

static bool is_end(const GenerateOptions *o, int id)
{
    for (int i = 0; i < o->eos_count; i++)
        if (o->eos[i] == id)
            return true;
    return false;
}

/* The loop of the drawing. most: ids that n and the context leave room for.
 *   Errors: those of session_feed; what came before is in w->out            */
static bool write_on(Writer *w, int most, Error *error)
{
    Generated *out = w->out;

    out->reason = STOP_LENGTH;
    while (out->ids.count < most) {
        int id = draw(w);

        //@stop writer_drew
        note(w, id);
        if (is_end(w->options, id)) {
            out->reason = STOP_EOS;
            break;
        }
        stream_add(&w->stream, &out->text, id);
        if (settle(w, true)) {
            out->reason = STOP_STRING;
            return true;
        }
        if (out->ids.count < most && !session_feed(w->s, &id, 1, error)) {
            out->reason = STOP_INTERRUPTED;
            break;
        }
    }
    stream_end(&w->stream, &out->text);
    if (settle(w, false))
        out->reason = STOP_STRING;
    return out->reason != STOP_INTERRUPTED;
}

/* Read the prompt, write at most options->n ids behind it.
 *
 *   out      what came; the caller frees it in any case
 *   s        reads and stands, after success, behind prompt and answer without the
 *            answer's last id; its context bounds prompt and answer together
 *   prompt   [prompt_count] ids, at least one
 *   Cost:    one pass for each chunk of the prompt, one for each id of the answer
 *            but the last
 */
bool generate(Generated *out, Session *s, const Tokenizer *tokenizer,
              const int *prompt, int prompt_count,
              const GenerateOptions *options, Error *error)
{
    Writer w = { .out = out, .s = s, .options = options };
    size_t fed = s->fed;
    double begin = clock_seconds();
    int most;
    bool fine;

    *out = (Generated){ .reason = STOP_INTERRUPTED };
    if (prompt_count == 0)
        return error_code(error, EXIT_USAGE, "the prompt is empty and this "
                          "model's tokenizer adds nothing in front of it: there "
                          "is nothing to write on from; give a prompt");
    if (!session_goto(s, prompt, prompt_count, error))
        return false;
    out->prompt_seconds = clock_seconds() - begin;
    out->prompt_tokens = (int)(s->fed - fed);
    most = min_int(options->n, s->capacity - prompt_count);
    writer_init(&w, tokenizer, most);
    lead_in(&w.stream, prompt, prompt_count);
    begin = clock_seconds();
    fine = write_on(&w, most, error);
    out->seconds = clock_seconds() - begin;
    writer_free(&w);
    return fine;
}

void generated_free(Generated *out)
{
    ids_free(&out->ids);
    text_free(&out->text);
    memory_give_back(out->logprob);
    memory_give_back(out->best);
    *out = (Generated){0};
}

const char *stop_name(StopReason reason)
{
    static const char *const names[] = { "length", "eos", "stop", "interrupted" };

    return names[reason];
}
