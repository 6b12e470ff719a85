/* generate.c - ./run generate: write on behind a prompt
 *
 *      prompt ──────────────────────────┐
 *      --chat: the model's template,    │
 *      or --template's, around it as    │
 *      one user turn ───────────────────┤
 *                                       ▼
 *                               tokenizer_encode
 *                                       │ ids
 *      generation_config.json           ▼
 *      and over it --temperature …  ► generate ──► text, as it settles ► stdout
 *                                       │
 *      --draft, --k ► guessing ─────────┴──► speed, memory, guesses ───► stderr
 *
 * ./run speculative is this with somebody who guesses in any case.
 *
 * Ctrl-C stops between two layers: what was written
 * stays on the screen, and the exit status is 130.
 *
 * Memory is reported in three parts that add up to the peak: the weights, the
 * cache, and all else (activations, tokenizer, the program). The weights are mapped, not
 * read, so that a page which no token needed is not in the peak: then "other" is
 * what the peak has more than the other two, or nothing.
 *
 * Read next: src/decode/generate.c. Lesson: chapters/chapter05_sampling.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/interrupt.h"
#include "base/output.h"
#include "base/progress.h"
#include "chapters/commands/common.h"
#include "chapters/commands/guessing.h"
#include "chapters/commands/guessreport.h"
#include "chapters/words.h"

/* Who watches a pass: Ctrl-C and a lost stdout stop it; while the prompt is read a
 * bar is drawn, which must be gone before the first text. */
typedef struct {
    Progress bar;
    bool reading;
    size_t done;
} Reading;

static void reading_end(Reading *r)
{
    if (r->reading)
        progress_end(&r->bar);
    r->reading = false;
}

/* done goes back when the prompt is read and the first token is fed. */
static bool go_on(void *context, size_t done, size_t total)
{
    Reading *r = context;

    if (done < r->done)
        reading_end(r);
    r->done = done;
    if (r->reading)
        progress_update(&r->bar, done, total);
    return !interrupt_asked() && !output_lost();
}

static void show(void *context, const char *text, size_t length)
{
    reading_end(context);
    fwrite(text, 1, length, stdout);
    fflush(stdout);
}

/* The text as one user turn in the model's own template, or in --template. It
 * brings its own special tokens: nothing is added by encoding, unless it is none. */
static bool encode_chat(Ids *ids, ModelDir *dir, const Text *text, const Options *o,
                        Error *error)
{
    ChatTemplate chat;
    const ChatTurn turns[] = { { "system", o->system }, { "user", text->bytes } };
    int skip = o->system == NULL;
    Text whole = {0};
    bool fine;

    if (!skip && !check_text("--system", o->system, strlen(o->system), error))
        return false;
    if (strlen(text->bytes) != text->length)
        return error_set(error, "the prompt has a zero byte at offset %zu, and "
                         "a turn of a chat cannot", strlen(text->bytes));
    if (!modeldir_chat(&chat, dir, o->template, error))
        return false;
    if (chat.missing != NULL)
        fprintf(stderr, "note: %s of the layout %s is no token of this model: it is "
                "read as plain text, and the model may not know what it means\n",
                chat.missing, chat.format->name);
    fine = chat_render(&whole, &chat, turns + skip, 2 - skip, error);
    if (fine)
        tokenizer_encode(ids, dir->tokenizer, whole.bytes, whole.length,
                         chat.format->plain);
    text_free(&whole);
    chat_free(&chat);
    return fine;
}

/* Errors: those of the text, of --stop, and of --chat without a template. */
static bool encode_prompt(Ids *ids, ModelDir *dir, const Options *o, Error *error)
{
    Text text = {0};
    bool fine = true;

    for (int i = 0; fine && i < o->stop.count; i++)
        fine = check_text("--stop", o->stop.item[i], strlen(o->stop.item[i]), error)
            && (o->stop.item[i][0] != '\0'
                || error_code(error, EXIT_USAGE, "--stop wants a text that is not "
                              "empty: every answer would end before it begins"));
    if (fine && (o->system != NULL || o->template != NULL) && !o->chat)
        fine = error_code(error, EXIT_USAGE, "%s: give --chat too, or leave it out",
                          o->system != NULL ? "--system is a turn of a chat"
                          : "--template is the layout of a chat");
    fine = fine && take_text(&text, o, error);
    if (fine && o->chat)
        fine = encode_chat(ids, dir, &text, o, error);
    else if (fine)
        tokenizer_encode(ids, dir->tokenizer, text.bytes, text.length,
                         !o->no_special);
    text_free(&text);
    return fine;
}

typedef struct {                /* what is said at the end                   */
    double prompt_speed, speed; /* tokens per second                         */
    size_t peak, weights, kv, other;        /* bytes                         */
} Costs;

static double per_second(int tokens, double seconds)
{
    return seconds > 0 ? tokens / seconds : 0;
}

/* guessing: a draft's weights and cache count as weights and cache. */
static Costs costs(const Generated *g, const OpenModel *m, const Session *s,
                   const Guessing *guessing)
{
    Costs c = { per_second(g->prompt_tokens, g->prompt_seconds),
                per_second(g->ids.count, g->seconds), memory_peak(),
                m->model.weights.bytes + guessing_weights(guessing),
                s->cache.bytes + guessing_cache(guessing), 0 };

    if (c.peak > c.weights + c.kv)
        c.other = c.peak - c.weights - c.kv;
    return c;
}

static void print_costs(const Generated *g, const Costs *c)
{
    fprintf(stderr, "prompt %d tokens, %.1f tok/s; answer %d tokens, %.1f tok/s "
            "(%s)\npeak memory %.1f MB = weights %.1f + kv %.1f + other %.1f\n",
            g->prompt_tokens, c->prompt_speed, g->ids.count, c->speed,
            stop_name(g->reason), (double)c->peak / 1e6,
            (double)c->weights / 1e6, (double)c->kv / 1e6,
            (double)c->other / 1e6);
}

/* --logprobs without --json: a table beside the answer, not in it. */
static void print_logprobs(const Generated *g, const Tokenizer *tokenizer)
{
    for (int i = 0; i < g->ids.count && g->logprobs > 0; i++) {
        fprintf(stderr, "%10.5f  %s ", (double)g->logprob[i],
                spelling(tokenizer, g->ids.id[i]));
        for (int k = 0; k < g->logprobs; k++) {
            const TokenLogprob *best = &row(g->best, i, g->logprobs)[k];

            fprintf(stderr, "%s%s %.5f", k == 0 ? " of: " : ", ",
                    spelling(tokenizer, best->id), (double)best->logprob);
        }
        fputc('\n', stderr);
    }
}

static void write_logprob(JsonWriter *w, const Tokenizer *tokenizer, int id,
                          float logprob)
{
    json_write_integer(w, "id", id);
    json_write_token(w, "token", tokenizer, id);
    json_write_number(w, "logprob", (double)logprob, 9);
}

static void write_logprobs(JsonWriter *w, const Generated *g,
                           const Tokenizer *tokenizer)
{
    json_write_array(w, "logprobs");
    for (int i = 0; i < g->ids.count; i++) {
        json_write_object(w, NULL);
        write_logprob(w, tokenizer, g->ids.id[i], g->logprob[i]);
        json_write_array(w, "top");
        for (int k = 0; k < g->logprobs; k++) {
            const TokenLogprob *best = &row(g->best, i, g->logprobs)[k];

            json_write_object(w, NULL);
            write_logprob(w, tokenizer, best->id, best->logprob);
            json_write_object_end(w);
        }
        json_write_array_end(w);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

static void print_json(const Generated *g, const Ids *prompt, const Costs *c,
                       const Tokenizer *tokenizer, const Guessing *guessing)
{
    JsonWriter w = { .out = stdout };
    const char *stop = stop_name(g->reason);

    json_write_object(&w, NULL);
    json_write_ids(&w, "prompt_ids", prompt->id, prompt->count);
    json_write_ids(&w, "ids", g->ids.id, g->ids.count);
    json_write_text(&w, "text", g->text.length > 0 ? g->text.bytes : "",
                    g->text.length);
    json_write_word(&w, "stop", stop);
    json_write_number(&w, "prompt_tokens_per_second", c->prompt_speed, 4);
    json_write_number(&w, "tokens_per_second", c->speed, 4);
    json_write_integer(&w, "peak_memory_bytes", (int64_t)c->peak);
    json_write_integer(&w, "weights_bytes", (int64_t)c->weights);
    json_write_integer(&w, "kv_bytes", (int64_t)c->kv);
    json_write_integer(&w, "other_bytes", (int64_t)c->other);
    if (g->logprobs > 0)
        write_logprobs(&w, g, tokenizer);
    if (guessing->name != NULL)
        guesses_write(&w, &g->acceptance, guessing);
    json_write_object_end(&w);
    json_write_line(&w);
}

/* Write on and report. After Ctrl-C what there is is reported too. */
static bool run(const OpenModel *m, Session *s, const Ids *prompt, Guessing *guessing,
                const Options *o, Error *error)
{
    Reading reading = { .reading = true };
    const Watch watch = { go_on, &reading };
    GenerateOptions options = {
        .sampling = sampling_wishes(&m->dir, o), .seed = (uint64_t)o->seed, .n = o->n,
        .eos = m->dir.eos, .eos_count = m->dir.eos_count, .stop = o->stop.item,
        .stops = o->stop.count, .logprobs = o->logprobs, .guesses = guessing->K,
        .curious = o->json,
        .show = o->json ? NULL : show, .context = &reading,
    };
    Generated g;
    Costs c;
    bool fine;

    if (!guessing_start(&options.draft, guessing, s, m, o, &options.sampling, error))
        return false;
    progress_start(&reading.bar, "reading the prompt");
    s->watch = &watch;
    fine = generate(&g, s, m->dir.tokenizer, prompt->id, prompt->count, &options,
                    error);
    reading_end(&reading);
    if (fine || error->code == EXIT_INTERRUPTED) {
        c = costs(&g, m, s, guessing);
        if (o->json)
            print_json(&g, prompt, &c, m->dir.tokenizer, guessing);
        else if (o->n > 0)
            putchar('\n');
        if (!o->json)
            print_logprobs(&g, m->dir.tokenizer);
        print_costs(&g, &c);
        if (guessing->name != NULL)
            guesses_print(&g.acceptance, guessing, g.ids.count, o->color);
    }
    generated_free(&g);
    return fine;
}

/* always: somebody guesses, also when no --draft says who. */
static int generate_and_guess(const Options *options, bool always)
{
    OpenModel m;
    Guessing guessing = {0};
    Session session = {0};
    Ids prompt = {0};
    Error error = {0};
    bool fine = model_open(&m, options, &error)
             && encode_prompt(&prompt, &m.dir, options, &error)
             && guessing_open(&guessing, &m, options, always, &error)
             && model_session_wide(&session, &m, options, prompt.count, options->n,
                                   speculative_rows(guessing.name != NULL, guessing.K),
                                   &error)
             && run(&m, &session, &prompt, &guessing, options, &error);

    ids_free(&prompt);
    guessing_close(&guessing);
    session_free(&session);
    model_close(&m);
    return finish(fine, &error);
}

int command_generate(const Options *options)
{
    return generate_and_guess(options, false);
}

int command_speculative(const Options *options)
{
    return generate_and_guess(options, true);
}
