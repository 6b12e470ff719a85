/* looking.h - what the lessons share that look into a model while it reads
 *
 * Rules of use: for short prompts, of which every word is shown. Everything takes an
 * open model; nothing here computes what the engine computes.
 */
#ifndef LOOKING_H
#define LOOKING_H

#include "base/memory.h"
#include "chapters/commands/common.h"
#include "chapters/lesson/pictures.h"

#define LOOKING_MOST 48             /* tokens that a picture has room for    */

/* Are the weights floats, a number at a time? Errors: exit 3, a matrix in blocks
 * (weights-tools/quantize). */
bool looking_floats(const ModelDir *dir, Error *error);

/* The prompt's ids. Errors: those of take_prompt; exit 2 for fewer than two tokens or
 * more than LOOKING_MOST. */
bool looking_prompt(Ids *ids, const OpenModel *m, const Options *options,
                    const char *otherwise, Error *error);

/* What --layer or --head chose: asked, or otherwise where it is -1.
 * Errors: exit 2 with the range, when asked >= count. */
bool looking_choice(int *chosen, const char *option, int asked, int otherwise,
                    int count, Error *error);

/* Each id's text without the blank before it, or the spelling of half a character:
 * labels of a picture. Owner: arena. */
const char *const *looking_words(Arena *arena, const OpenModel *m, const Ids *ids);

/* The prompt's tokens with their ids: "tokens". */
void looking_tokens(Lesson *l, const OpenModel *m, const Ids *ids);

/* The five likeliest next tokens as bars: label: its spelling, value: its
 * probability. */
void looking_guesses(Lesson *l, const char *key, const OpenModel *m,
                     const float *logits);

/* The whole model's logits [V] behind ids, in a session of their own.
 * Errors: those of session_init and session_feed. */
bool looking_ask(float *logits, const OpenModel *m, const Options *options,
                 const Ids *ids, Error *error);

/* "yes" or "no": have x and y [n] the same bits? */
const char *looking_same(const float *x, const float *y, int n);

/* The cosine of the angle between x and y [n]: 1 the same direction, 0 nothing in
 * common. */
double looking_likeness(const float *x, const float *y, int n);

/* How large a row is, as a norm sees it: sqrt(Σ x² / n). */
double looking_size(const float *x, int n);

/* A row, its largest number filling the scale. */
void looking_strip(Lesson *l, const char *key, const char *label, const float *x, int n);

#endif
