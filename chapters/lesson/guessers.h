/* guessers.h - everybody who can guess for a model, and texts written with them
 *
 * Rules of use: guessers_open when the target is open, guessers_close before it is
 * closed. A slot that is not there (no second model beside this one; a copy in fewer bits
 * of what is in few bits already) is passed over. Each may write one text at a time.
 */
#ifndef GUESSERS_H
#define GUESSERS_H

#include "chapters/commands/guessing.h"

/* PLANTED knows the plain greedy text and is right as often as it was told. */
enum { BY_MODEL, BY_INT8, BY_INT4, BY_NGRAM, BY_PLANTED, GUESSERS };

#define PLANTED_RIGHT 0.7           /* how often                             */

typedef struct {
    const OpenModel *m;             /* the target                            */
    const Options *options;
    Guessing by[GUESSERS];          /* PLANTED: unused                       */
    bool there[GUESSERS];
    const char *name[GUESSERS];     /* "storyteller-draft", "int8", …        */
    int chosen;                     /* --draft; else the first that is there of
                                       MODEL, INT4, NGRAM                    */
    char folder[HUBCACHE_PATH];     /* of MODEL                              */
} Guessers;

/* A text that somebody guesses for. */
typedef struct {
    int who;                        /* a slot; -1: nobody                    */
    int K;                          /* or SPECULATIVE_AUTO                   */
    const Ids *prompt;
    SamplingConfig sampling;        /* for PLANTED of temperature 0          */
    uint64_t seed;
    int n;                          /* ids at most                           */
    bool on;                        /* also beyond an end-of-text id         */
    bool timed;                     /* without p of guesses that nobody read */
} Wish;

/* Errors: those of guessing_open for the --draft that was asked for. */
bool guessers_open(Guessers *all, const OpenModel *m, const Options *options,
                   Error *error);
void guessers_close(Guessers *all);     /* all zeros are fine                */

/* A session of the target for this wish, behind nothing. */
bool guessers_session(Session *s, const Guessers *all, const Wish *wish, Error *error);

/* The draft in slot who (not PLANTED) with an empty session: for one text of target's. */
bool guessers_start(Draft **draft, Guessers *all, int who, const Session *target,
                    const SamplingConfig *sampling, uint64_t seed, Error *error);

/* The text. PLANTED writes it once without guesses before, to know it. Errors: those of
 * generate. Owner: the caller, generated_free, in any case. */
bool guessers_write(Generated *out, Guessers *all, const Wish *wish, Error *error);

#endif
