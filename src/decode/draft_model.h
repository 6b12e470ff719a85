/* draft_model.h - a model that guesses: a second one, or the target in fewer bits
 *
 * Rules of use: the model and its files outlive the draft. It draws from its own
 * logits with the target's sampling options, by numbers of its own (DRAW_GUESS), so a
 * guess depends on the text before it and on nothing else.
 */
#ifndef DRAFT_MODEL_H
#define DRAFT_MODEL_H

#include "decode/draft.h"
#include "decode/sampling.h"
#include "decode/session.h"

typedef struct {
    const char *name;
    int V;                      /* words of the target                       */
    int tokens;                 /* ids >= this have no token: never guessed  */
    int capacity;               /* of the target's session                   */
    int chunk;
    Format kv;
    SamplingConfig sampling;    /* the target's                              */
    uint64_t seed;
    const PlantedDraft *planted;    /* its ids in place of the model's: what a
                                       given acceptance costs; or NULL       */
} DraftSetup;

typedef struct {
    Draft draft;                /* first: a ModelDraft is a Draft            */
    Session session;            /* its watch may be set                      */
    DraftSetup setup;
    int V;                      /* ids that it may guess: 0 … V-1            */
    SamplingWork work;
    float *logits;              /* [the model's V] without the padded rows   */
} ModelDraft;

/* Errors: exit 5 without memory, and then nothing is held. Owner: the caller. */
bool draft_model_init(ModelDraft *d, const Model *model, const DraftSetup *setup,
                      Error *error);
void draft_model_free(ModelDraft *d);       /* all zeros are fine            */

#endif
