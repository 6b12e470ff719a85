/* guessers.c - everybody who can guess for a model, and texts written with them
 *
 *      slot        who guesses                         what it takes
 *      MODEL       a small model of the same words     a folder: MODEL-draft, or --draft
 *      INT8        the target in 8 bits                half of its bytes
 *      INT4        the target in 4 bits                a quarter of them
 *      NGRAM       the text itself                     nothing
 *      PLANTED     the answer, spoiled at random       knowing the answer
 *
 * A lesson compares them, so it opens all that there are and writes the same text with
 * each. What a person would type for one of them, guessing_open takes as options: so
 * they are opened as ./run speculative opens them, and nothing is opened twice.
 *
 * PLANTED is for measuring: its acceptance is chosen, so that only what it is worth is
 * left to be seen. It needs the text beforehand, and only a greedy text is the
 * same whoever guesses; so it is written plainly first.
 *
 * Read next: src/decode/draft.c, chapters/commands/guessing.c.
 */
#include "chapters/lesson/guessers.h"

#include <string.h>

#include "base/memory.h"

static const char *const words[GUESSERS] = { NULL, "int8", "int4", "ngram", "planted" };

/* The slot that --draft names; MODEL for the name of a model. */
static int slot_of(const char *draft)
{
    for (int i = BY_INT8; i <= BY_NGRAM; i++)
        if (strcmp(draft, words[i]) == 0)
            return i;
    return BY_MODEL;
}

/* One of them, as a person would ask for it. */
static bool open_one(Guessers *all, int who, const char *draft, Error *error)
{
    Options asked = *all->options;

    asked.draft = draft;
    all->there[who] = guessing_open(&all->by[who], all->m, &asked, false, error);
    all->name[who] = all->by[who].name;
    return all->there[who];
}

bool guessers_open(Guessers *all, const OpenModel *m, const Options *options,
                   Error *error)
{
    const char *draft = options->draft;
    bool blocks = m->model.weights.format >= FORMAT_FLOATS;
    int asked = draft != NULL ? slot_of(draft) : -1;

    *all = (Guessers){ .m = m, .options = options };
    if (asked != BY_MODEL)
        draft = guessing_beside(all->folder, m) ? all->folder : NULL;
    if (draft != NULL && !open_one(all, BY_MODEL, draft, error))
        return false;
    for (int i = BY_INT8; i <= BY_NGRAM; i++)
        if ((i == BY_NGRAM || i == asked || !blocks) && !open_one(all, i, words[i], error))
            return false;
    all->there[BY_PLANTED] = true;
    all->name[BY_PLANTED] = words[BY_PLANTED];
    all->chosen = asked >= 0 ? asked : all->there[BY_MODEL] ? BY_MODEL
                : all->there[BY_INT4] ? BY_INT4 : BY_NGRAM;
    return true;
}

void guessers_close(Guessers *all)
{
    for (int i = 0; i < BY_PLANTED; i++)
        guessing_close(&all->by[i]);
    *all = (Guessers){0};
}

bool guessers_session(Session *s, const Guessers *all, const Wish *wish, Error *error)
{
    return model_session_wide(s, all->m, all->options, wish->prompt->count, wish->n,
                              speculative_rows(wish->who >= 0, wish->K), error);
}

bool guessers_start(Draft **draft, Guessers *all, int who, const Session *target,
                    const SamplingConfig *sampling, uint64_t seed, Error *error)
{
    Options asked = *all->options;

    asked.seed = (double)seed;
    draft_model_free(&all->by[who].guesser);
    return guessing_start(draft, &all->by[who], target, all->m, &asked, sampling, error);
}

/* generate, with a draft that is ready. */
static bool write_on(Generated *out, const Guessers *all, const Wish *w, Session *s,
                     Draft *draft, Error *error)
{
    const GenerateOptions options = {
        .sampling = w->sampling, .seed = w->seed, .n = w->n, .draft = draft,
        .guesses = draft != NULL ? w->K : 0, .curious = !w->timed,
        .eos = all->m->dir.eos, .eos_count = w->on ? 0 : all->m->dir.eos_count };

    return generate(out, s, all->m->dir.tokenizer, w->prompt->id, w->prompt->count,
                    &options, error);
}

/* The plain text behind the prompt, by position; K more ids than are wanted. */
static bool find_truth(Ids *truth, Guessers *all, const Wish *wish, Error *error)
{
    Wish plain = *wish;
    Generated g;
    bool fine;

    plain.who = -1;
    plain.n = wish->n + DRAFT_MOST;
    fine = guessers_write(&g, all, &plain, error);
    for (int i = 0; i < wish->prompt->count; i++)
        ids_add(truth, wish->prompt->id[i]);
    for (int i = 0; i < g.ids.count; i++)
        ids_add(truth, g.ids.id[i]);
    generated_free(&g);
    return fine;
}

bool guessers_write(Generated *out, Guessers *all, const Wish *wish, Error *error)
{
    PlantedDraft planted;
    Draft *draft = NULL;
    Ids truth = {0};
    Session s;
    bool fine = true;

    *out = (Generated){0};
    if (!guessers_session(&s, all, wish, error))
        return false;
    if (wish->who == BY_PLANTED) {
        must(wish->sampling.temperature == 0, "only a greedy text is known beforehand");
        fine = find_truth(&truth, all, wish, error);
        planted = draft_planted(truth.id, truth.count, all->m->model.config.V,
                                PLANTED_RIGHT, wish->seed);
        draft = &planted.draft;
    } else if (wish->who >= 0) {
        fine = guessers_start(&draft, all, wish->who, &s, &wish->sampling, wish->seed,
                              error);
    }
    fine = fine && write_on(out, all, wish, &s, draft, error);
    session_free(&s);
    ids_free(&truth);
    return fine;
}
