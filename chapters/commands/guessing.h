/* guessing.h - --draft and --k: who guesses for a model, and how far ahead
 *
 * Rules of use: guessing_open when the target is open; then a session of the target with
 * speculative_rows(g.K …) rows; guessing_start gives a model that guesses its own session.
 * guessing_close comes before model_close of the target, whose files a copy borrows.
 */
#ifndef GUESSING_H
#define GUESSING_H

#include "chapters/commands/common.h"
#include "decode/draft_model.h"

#define GUESSES_DEFAULT 4           /* K; option_table says it to people     */

typedef struct {
    const char *name;               /* "ngram", "int4", "storyteller-draft"; NULL: nobody */
    int K;                          /* 0 … DRAFT_MOST, or SPECULATIVE_AUTO   */
    enum { GUESSING_NOBODY, GUESSING_TEXT, GUESSING_COPY, GUESSING_MODEL } kind;
    OpenModel other;                /* MODEL: the second model               */
    Model copy;                     /* COPY: the target's weights in blocks  */
    ModelDraft guesser;             /* both: its session                     */
    Draft ngram;                    /* TEXT                                  */
    char folder[HUBCACHE_PATH];     /* of a draft that was found beside      */
} Guessing;

/* always: without --draft MODEL-draft beside the model guesses, else ngram (speculative);
 * else nobody does. Errors: exit 2 for a bad --k; those of model_open; exit 3 for a
 * draft with another vocabulary. */
bool guessing_open(Guessing *g, const OpenModel *target, const Options *options,
                   bool always, Error *error);
void guessing_close(Guessing *g);       /* all zeros are fine                */

/* Behind model_session_wide: the draft, or NULL when nobody guesses, into *draft. */
bool guessing_start(Draft **draft, Guessing *g, const Session *target,
                    const OpenModel *m, const Options *options,
                    const SamplingConfig *sampling, Error *error);

/* MODEL-draft, where it would lie beside MODEL, into folder. Is it there? */
bool guessing_beside(char folder[HUBCACHE_PATH], const OpenModel *target);

/* Bytes of weights and caches that guessing takes beside the target's. */
size_t guessing_weights(const Guessing *g);
size_t guessing_cache(const Guessing *g);

#endif
