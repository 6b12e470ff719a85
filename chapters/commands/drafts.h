/* drafts.h - which model can be the draft of which
 *
 * Rules of use: all models are looked at first; draft_of lives in the arena.
 */
#ifndef DRAFTS_H
#define DRAFTS_H

#include "chapters/commands/modelneeds.h"
#include "text/tokenizer.h"

/* Does each id mean the same token to both? where: the first that does not; the smaller
 * count where one has more. */
bool drafts_same_tokens(const Tokenizer *a, const Tokenizer *b, int *where);

/* seen [count]: fills draft_of and drafts. A tokenizer.json that is not there, or that
 * had to be read and cannot be, makes an error of its model. */
void drafts_find(ModelSeen *seen, int count, Arena *arena);

#endif
