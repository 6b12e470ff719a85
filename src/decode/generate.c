/* generate.c - write on: pick a token, show its text, feed it back
 *
 *      prompt ids
 *         │ session_goto                    reads them, a chunk at a time
 *         ▼
 *      logits [V]
 *         │ speculation_round ◄──────────────────────────────┐
 *         ▼                         one id, or several       │
 *        id ─────── an end-of-text id? ──────► done: "eos"   │
 *         │ stream_add                                       │
 *         ▼                                                  │
 *      text  … lived a king ─── a stop string? ► done: "stop"│
 *         │ show what is settled                             │
 *         ▼                                                  │
 *      n ids, or no room? ───────────────────► done: "length"│
 *         │                                                  │
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
 * A round without a draft is the plain way: feed the id before, take one by its logits.
 * With a draft it may bring several (decode/speculative.c); then the text may end in
 * their midst, and what was accepted behind its end is no part of it.
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
#include "kernels/softmax.h"    /* log_sum_exp                               */

typedef struct {                /* what the loop needs, reserved before it   */
    Generated *out;
    Session *s;
    const GenerateOptions *options;
    Speculation text;           /* where the ids come from                   */
    TokenStream stream;
    size_t *begin;              /* [most] bytes of text before each id       */
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

    stream_init(&w->stream, tokenizer, true);
    out->ids.id = memory_get(max_int(most, 1), sizeof *out->ids.id);
    out->ids.room = max_int(most, 1);
    out->text.room = ((size_t)most + 2) * longest_token(tokenizer) + 16;
    out->text.bytes = memory_get_bytes(out->text.room);
    w->begin = memory_get(max_int(most, 1), sizeof *w->begin);
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
    speculation_free(&w->text);
    stream_free(&w->stream);
    memory_give_back(w->begin);
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

/* Append the i-th id of a round, and how likely the model itself (before any filter)
 * held it and the K best:  log p_i = logit_i - log Σ e^logit                 */
static void note(Writer *w, int id, int i)
{
    Generated *out = w->out;
    const float *logits = speculation_logits(&w->text, i);
    int K = out->logprobs, at = out->ids.count;

    w->begin[at] = out->text.length + w->stream.held.length;
    ids_add(&out->ids, id);
    if (K > 0) {
        double sum = log_sum_exp(logits, w->text.work.V);

        out->logprob[at] = (float)((double)logits[id] - sum);
        sampling_best(w->best, K, logits, &w->text.work);
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

/* One id: does the text end with it? reason says why. */
static bool write_id(Writer *w, int id, int i)
{
    Generated *out = w->out;

    note(w, id, i);
    if (is_end(w->options, id)) {
        out->reason = STOP_EOS;
        return true;
    }
    stream_add(&w->stream, &out->text, id);
    if (!settle(w, true))
        return false;
    out->reason = STOP_STRING;
    return true;
}

/* A round for the report; used: how many of its ids the text took. Those of an
 * end-of-text id are all that it appended; a stop string cuts later. */
static void report(Writer *w, int used)
{
    const Speculation *s = &w->text;
    Acceptance *a = &w->out->acceptance;
    Round *r = &a->round[a->rounds++];

    *r = (Round){ .guess = a->guesses, .guesses = s->guess.count, .emit = a->emits,
                  .emitted = w->out->reason == STOP_EOS ? used : s->emitted };
    for (int i = 0; i < s->guess.count; i++) {
        const double *q = proposal_q(&s->guess, i);
        int x = s->guess.ids[i];

        a->guess[a->guesses++] = (Guess){ x, q != NULL ? q[x] : 1, s->judged.p[i], s->u[i],
            i >= s->judged.judged ? GUESS_UNREAD
            : i >= s->judged.accepted ? GUESS_REJECTED
            : i >= used ? GUESS_CUT : GUESS_ACCEPTED };
    }
    for (int i = 0; i < r->emitted; i++)
        a->emitted[a->emits++] = s->text[s->count - s->emitted + i];
    a->passes += s->rows > 0;
    if (s->pace.off && a->off < 0)
        a->off = a->rounds - 1;
}

/* Once the text is whole: guesses whose letters a stop string cut off are cut, and what
 * stands is counted. */
static void report_end(Writer *w)
{
    Acceptance *a = &w->out->acceptance;
    int at = 0;

    for (int r = 0; r < a->rounds; r++) {
        Round *round = &a->round[r];

        for (int i = 0; i < round->guesses; i++) {
            Guess *g = &a->guess[round->guess + i];

            if (g->verdict == GUESS_ACCEPTED && w->out->reason == STOP_STRING
                && w->begin[at + i] >= w->out->text.length)
                g->verdict = GUESS_CUT;
            round->accepted += g->verdict == GUESS_ACCEPTED;
        }
        a->accepted += round->accepted;
        at += round->emitted;
    }
}

/* The loop of the drawing. most: ids that n and the context leave room for.
 *   Errors: those of speculation_round; what came before is in w->out       */
static bool write_on(Writer *w, int most, Error *error)
{
    Generated *out = w->out;
    Speculation *s = &w->text;
    bool ended = false;

    out->reason = STOP_LENGTH;
    while (!ended && out->ids.count < most) {
        int used = 0;

        if (!speculation_round(s, most - out->ids.count, error)) {
            out->reason = STOP_INTERRUPTED;
            break;
        }
        while (!ended && used < s->emitted) {
            int id = s->text[s->count - s->emitted + used];

            //@stop writer_drew
            ended = write_id(w, id, used++);
        }
        if (s->draft != NULL)
            report(w, used);
    }
    if (out->reason != STOP_STRING) {
        stream_end(&w->stream, &out->text);
        if (settle(w, false))
            out->reason = STOP_STRING;
    }
    report_end(w);
    return out->reason != STOP_INTERRUPTED;
}

/* Read the prompt: the target, and the draft where it will be asked. */
static bool read_prompt(Session *s, const int *prompt, int count,
                        const GenerateOptions *o, Error *error)
{
    return session_goto(s, prompt, count, error)
        && (o->draft == NULL || o->guesses == 0 || o->draft->read == NULL
            || o->draft->read(o->draft, prompt, count, error)
            || error_where(error, "the draft %s", o->draft->name));
}

/* Read the prompt, write at most options->n ids behind it.
 *
 *   out      what came; the caller frees it in any case
 *   s        reads and stands, after success, behind prompt and answer without the
 *            answer's last id; its context bounds prompt and answer together
 *   prompt   [prompt_count] ids, at least one
 *   Cost:    one pass for each chunk of the prompt, one for each id of the answer
 *            but the last; with a draft, for each round
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
    if (!read_prompt(s, prompt, prompt_count, options, error))
        return false;
    out->prompt_seconds = clock_seconds() - begin;
    out->prompt_tokens = (int)(s->fed - fed);
    most = min_int(options->n, s->capacity - prompt_count);
    writer_init(&w, tokenizer, most);
    speculation_begin(&w.text, s, options->draft, options->guesses, &options->sampling,
                      options->seed, prompt, prompt_count, most);
    w.text.curious = options->curious;
    if (w.text.draft != NULL)
        acceptance_init(&out->acceptance, most, speculative_rows(true, options->guesses)
                                              - 1);
    lead_in(&w.stream, prompt, prompt_count);
    begin = clock_seconds();
    fine = write_on(&w, most, error);
    out->seconds = clock_seconds() - begin;
    if (fine && out->ids.count > 0)
        session_cut(s, min_int(s->length, prompt_count + out->ids.count - 1));
    writer_free(&w);
    return fine;
}

void generated_free(Generated *out)
{
    ids_free(&out->ids);
    text_free(&out->text);
    memory_give_back(out->logprob);
    memory_give_back(out->best);
    acceptance_free(&out->acceptance);
    *out = (Generated){0};
}

const char *stop_name(StopReason reason)
{
    static const char *const names[] = { "length", "eos", "stop", "interrupted" };

    return names[reason];
}
