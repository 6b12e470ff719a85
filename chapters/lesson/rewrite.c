/* rewrite.c - the same text once more: on other threads, in other pieces, again
 *
 *      the text depends on                  and not on
 *      ─────────────────────                ──────────────────────────────────
 *      the model                            threads: 1, 2, 3
 *      the prompt                           pieces of the prompt: 1, 3, 128 tokens
 *      the settings          ──► ids ◄──    what the session read before
 *      the seed                             how often it was asked
 *
 * In most engines the right column shows: sums are split among threads, and adding in
 * another order rounds in another way; then one near tie among two words, and the
 * text goes another way. And a generator of random numbers with a state gives a
 * second answer to a second question. Here both are functions, so the texts are equal,
 * and equal is asked of the ids, not of the looks.
 *
 * Read next: src/decode/generate.c, src/base/parallel.c.
 */
#include "chapters/lesson/rewrite.h"

#include <string.h>

#include "base/parallel.h"
#include "base/random.h"

static bool write_on(Ids *ids, Text *text, int *read, const Writing *w, Session *s,
                     Error *error)
{
    const GenerateOptions options = { .sampling = w->config, .seed = w->seed, .n = w->n,
        .eos = w->m->dir.eos, .eos_count = w->m->dir.eos_count };
    Generated g;
    bool fine;

    fine = generate(&g, s, w->m->dir.tokenizer, w->prompt->id, w->prompt->count,
                    &options, error);
    for (int i = 0; i < g.ids.count; i++)
        ids_add(ids, g.ids.id[i]);
    if (text != NULL)
        text_add(text, g.text.length > 0 ? g.text.bytes : "", g.text.length);
    if (read != NULL)
        *read = g.prompt_tokens;
    generated_free(&g);
    return fine;
}

bool write_text(Ids *ids, Text *text, int *read, const Writing *w, Session *s,
                Error *error)
{
    Session own;
    bool fine;

    if (s != NULL)
        return write_on(ids, text, read, w, s, error);
    if (!model_session(&own, w->m, w->options, w->prompt->count, w->n, error))
        return false;
    fine = write_on(ids, text, read, w, &own, error);
    session_free(&own);
    return fine;
}

/* Once more, and the very ids? *same stays false when it was false. */
static bool again(bool *same, int *read, const Writing *w, Session *s, const Ids *want,
                  Error *error)
{
    Ids ids = {0};
    bool fine = write_text(&ids, NULL, read, w, s, error);

    *same = *same && ids.count == want->count
         && (ids.count == 0 || memcmp(ids.id, want->id, (size_t)ids.count
                                                        * sizeof *ids.id) == 0);
    ids_free(&ids);
    return fine;
}

/* All threads with all chunks; the number of threads is as before afterwards.
 *   most  out: how many threads there were at most; 1 where the build has none */
static bool any_way(bool *same, int *most, const Writing *writing, const Ids *want,
                    Error *error)
{
    static const int chunks[] = { 1, 3, 128 };
    int threads = parallel_threads();
    bool fine = true;

    for (int t = 1; t <= 3; t++)
        for (int c = 0; fine && c < 3; c++) {
            Options options = *writing->options;
            Writing w = *writing;

            options.chunk = chunks[c];
            w.options = &options;
            parallel_set_threads(t);
            *most = parallel_threads();
            fine = again(same, NULL, &w, NULL, want, error);
        }
    parallel_set_threads(threads);
    return fine;
}

/* Word by word: is each id the one that the dart of its position falls on?
 *   hit  out: how many are                                                  */
static bool replay(int *hit, const Writing *w, Session *s, const Ids *want, Error *error)
{
    int V = w->m->model.config.V;
    SamplingWork work;
    bool fine = session_goto(s, w->prompt->id, w->prompt->count, error);

    *hit = 0;
    sampling_work_init(&work, V);
    for (int i = 0; fine && i < want->count; i++) {
        float u = random_uniform(w->seed, 0, (uint32_t)s->length, 0);

        sampling_distribution(work.p, s->logits, V, s->ids, s->length, &w->config,
                              &work);
        *hit += sampling_pick(work.p, V, u) == want->id[i];
        fine = i == want->count - 1 || session_feed(s, &want->id[i], 1, error);
    }
    sampling_work_free(&work);
    return fine;
}

bool rewrite_checks(Lesson *l, const Writing *w, const Ids *want, Error *error)
{
    bool ways = true, twice = true, cached = true;
    int read = 0, most = 1, hit;
    Session s;

    if (!any_way(&ways, &most, w, want, error)
        || !model_session(&s, w->m, w->options, w->prompt->count, w->n, error))
        return false;
    if (!again(&twice, NULL, w, &s, want, error)
        || !again(&cached, &read, w, &s, want, error)
        || !replay(&hit, w, &s, want, error)) {
        session_free(&s);
        return false;
    }
    session_free(&s);
    lesson_check(l, ways, "%s, the prompt in pieces of 1, 3, 128 tokens: 9 times the same "
                 "%d ids", most == 1 ? "1 thread" : "1, 2, 3 threads", want->count);
    lesson_check(l, twice, "asked once more: the same ids");
    lesson_check(l, cached && read <= 1, "and with the prompt already in the cache (%d "
                 "of its %d ids read again): the same", read, w->prompt->count);
    lesson_check(l, hit == want->count, "each of its words is the one that the dart of its "
                 "position falls on");
    return true;
}
