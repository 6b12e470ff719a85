/* drafts.c - which model can be the draft of which
 *
 *      storyteller-draft   0.66 M   ids 0 … 2047  ─┐
 *                                                  ├─ each id means the same token
 *      storyteller         2.76 M   ids 0 … 2047  ─┘
 *                                     │
 *                                     ▼
 *                      storyteller-draft can be the draft of storyteller
 *
 * In speculative decoding a small model, the draft, guesses some tokens ahead, and the
 * large one checks all of them in one pass. They talk in ids, so the same id must mean
 * the same token to both, and the draft pays only when it is smaller:
 *
 *      draft of  ⇔  token(id) equal for all ids,  and fewer parameters        (1)
 *
 * Most pairs share one tokenizer.json, byte by byte, and then nothing has to be read. Two
 * files may still hold one vocabulary: a newer library wrote the same tokens in another
 * order of fields. Then each is opened once, and compared id by id.
 *
 * Corners:
 *
 * - V, the rows of the embedding, may differ: rows are padded to a round number, and
 *   Pythia has 50304 in one size and 50432 in another for the same 50277 tokens. But
 *   padding is small: models whose V differ by more than PADDING are not compared, so
 *   that `./run models` does not read a dozen megabytes to learn that Llama-3 is not
 *   TinyLlama.
 * - Being equal is passed on (a = b, b = c): a new file is compared with one of each
 *   group, not with all.
 *
 * Source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding",
 * 2023, and the tokenizers of the families. Read next: src/text/tokenizer.h.
 */
#include "chapters/commands/drafts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mapfile.h"

#define PADDING 1024                /* rows; the largest in use is some 600  */

typedef struct {                    /* one tokenizer.json, of any number of models */
    MapFile file;
    Tokenizer *tokenizer;           /* NULL: not opened yet, or not usable   */
    Error error;                    /* why it is not usable                  */
    int V;                          /* of the first model that has it        */
    int group;                      /* files that hold one vocabulary        */
} TokenizerFile;

typedef struct {
    TokenizerFile *list;            /* [count]                               */
    int count;
} TokenizerFiles;

bool drafts_same_tokens(const Tokenizer *a, const Tokenizer *b, int *where)
{
    int count = min_int(tokenizer_vocabulary(a), tokenizer_vocabulary(b));
    int id;

    for (id = 0; id < count; id++) {
        const char *x = tokenizer_token(a, id), *y = tokenizer_token(b, id);

        if (x == NULL || y == NULL ? x != y : strcmp(x, y) != 0)
            break;
    }
    *where = id;
    return id == count && tokenizer_vocabulary(a) == tokenizer_vocabulary(b);
}

static bool open_once(TokenizerFile *f)
{
    if (f->tokenizer == NULL && f->error.code == 0)
        f->tokenizer = tokenizer_open(f->file.path, &f->error);
    return f->tokenizer != NULL;
}

/* The group of a new file: that of an earlier one with the same tokens, or its own. */
static int group_of(TokenizerFiles *all, TokenizerFile *fresh)
{
    int where;

    for (int i = 0; i < all->count; i++) {
        TokenizerFile *old = &all->list[i];

        if (old->group == i && abs(old->V - fresh->V) <= PADDING && open_once(old)
            && open_once(fresh)
            && drafts_same_tokens(old->tokenizer, fresh->tokenizer, &where))
            return i;
    }
    return all->count;
}

/* The place in the list of a model's tokenizer.json; -1: there is none. */
static int file_of(TokenizerFiles *all, const ModelSeen *seen, Arena *arena, Error *error)
{
    TokenizerFile *fresh = &all->list[all->count];

    *fresh = (TokenizerFile){ .V = seen->V };
    if (!mapfile_open(&fresh->file, arena_print(arena, "%s/tokenizer.json", seen->folder),
                      error))
        return -1;
    for (int i = 0; i < all->count; i++) {
        const TokenizerFile *old = &all->list[i];

        if (old->file.size == fresh->file.size
            && memcmp(old->file.bytes, fresh->file.bytes, old->file.size) == 0) {
            mapfile_close(&fresh->file);
            return i;
        }
    }
    fresh->group = group_of(all, fresh);
    return all->count++;
}

/* Can a be the draft of b? (1) */
static bool can_draft(const ModelSeen *a, const TokenizerFile *of_a, const ModelSeen *b,
                      const TokenizerFile *of_b)
{
    return of_a->group == of_b->group && a->parameters < b->parameters;
}

/* Cost: each tokenizer.json is mapped; those are read that may match another. */
void drafts_find(ModelSeen *seen, int count, Arena *arena)
{
    TokenizerFiles all = { arena_get(arena, (size_t)count * sizeof(TokenizerFile)), 0 };
    int *file = arena_get(arena, (size_t)count * sizeof *file);

    for (int i = 0; i < count; i++)
        file[i] = seen[i].supported ? file_of(&all, &seen[i], arena, &seen[i].error) : -1;
    for (int i = 0; i < count; i++) {
        seen[i].draft_of = arena_get(arena, (size_t)count * sizeof *seen[i].draft_of);
        if (file[i] >= 0 && seen[i].error.code == 0)
            seen[i].error = all.list[file[i]].error;
        for (int k = 0; k < count && file[i] >= 0; k++)
            if (file[k] >= 0 && can_draft(&seen[i], &all.list[file[i]], &seen[k],
                                          &all.list[file[k]]))
                seen[i].draft_of[seen[i].drafts++] = seen[k].name;
    }
    for (int i = 0; i < all.count; i++) {
        mapfile_close(&all.list[i].file);
        if (all.list[i].tokenizer != NULL)
            tokenizer_close(all.list[i].tokenizer);
    }
}
