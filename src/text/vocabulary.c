/* vocabulary.c - every token's spelling and its id, found both ways
 *
 *   spelling ──► id                                id ──► spelling
 *
 *   "the" ──► FNV-1a ──► …0110 1001                token[262]
 *                          └─┬─┘                     │
 *   slot  ┌────┬────┬────┬───▼┬────┬────┐            ▼
 *         │ -1 │ 17 │ -1 │ 90 │262 │ -1 │          "the", 3 bytes
 *         └────┴────┴────┴────┴────┴────┘
 *                     "he"?─┘   └─ "the"? yes
 *                     no, next
 *
 * Encoding asks for the id of a text, once per character and more; decoding for
 * the text of an id. The second is an array. The first is a hash table with open
 * addressing: a text's hash says where to begin looking, and if another text is
 * there, the next slot is tried. As long as half of the slots are empty the walk
 * is short: one and a half looks on average.
 *
 * Of a table that only grows until it is complete, and is then read by everyone,
 * nothing more is needed: no deleting, no locking, no chains.
 *
 * Traps:
 * - A spelling may contain any byte, even a zero: it has a length.
 * - Ids need not be dense, so an id may have no token.
 *
 * Source: Knuth, "The Art of Computer Programming", volume 3, section 6.4,
 * algorithm L (linear probing). Read next: text/bpe.c.
 */
#include "text/vocabulary.h"

#include <inttypes.h>       /* PRId64: ids in messages                      */
#include <string.h>         /* memcmp, memset                               */

#include "base/hash.h"      /* hash_bytes: where to begin looking           */

size_t table_size(int count)
{
    size_t size = 8;

    while (size < 2 * (size_t)count)
        size *= 2;
    return size;
}

/* The slot where token stands, or the empty one where it would. */
static int *find_slot(const Vocabulary *vocabulary, const char *token,
                      size_t length)
{
    size_t at = (size_t)hash_bytes(HASH_START, token, length);

    for (;; at++) {
        int *slot = &vocabulary->slot[at & (vocabulary->slots - 1)];
        const Spelling *s = *slot < 0 ? NULL : &vocabulary->token[*slot];

        if (s == NULL || (s->length == length
                          && memcmp(s->text, token, length) == 0))
            return slot;
    }
}

int vocabulary_find(const Vocabulary *vocabulary, const char *token,
                    size_t length)
{
    return *find_slot(vocabulary, token, length);
}

/* How large the array must be: the largest id + 1. */
static bool find_size(int *size, const Json *object, Error *error)
{
    char shown[JSON_SHOWN];
    int64_t id;

    *size = 0;
    for (const Json *v = object->child; v != NULL; v = v->next) {
        if (!json_integer(&id, v) || id < 0 || id > LARGEST_ID)
            return error_set(error, "model.vocab at byte %zu: the id of \"%s\" "
                             "is not a whole number from 0 to %d", v->offset,
                             json_show(shown, v->key, v->key_length),
                             LARGEST_ID);
        *size = max_int(*size, (int)id + 1);
    }
    return true;
}

/* {"the": 262, …}. Two tokens with one id could not be told apart when decoding, a
 * token with two ids not when encoding: both are errors.
 *
 *   Errors: exit 3: those two, an id that is no whole number in range
 *   Owner:  caller, vocabulary_free, after an Error too
 *   Cost:   O(bytes of the spellings)
 */
bool vocabulary_init(Vocabulary *vocabulary, const Json *object, Error *error)
{
    char shown[JSON_SHOWN];
    int size;

    *vocabulary = (Vocabulary){0};
    if (!find_size(&size, object, error))
        return false;
    vocabulary->size = size;
    vocabulary->token = memory_get(size, sizeof *vocabulary->token);
    vocabulary->slots = table_size(object->count);
    vocabulary->slot = memory_get_bytes(vocabulary->slots
                                        * sizeof *vocabulary->slot);
    memset(vocabulary->slot, -1, vocabulary->slots * sizeof *vocabulary->slot);

    for (const Json *v = object->child; v != NULL; v = v->next) {
        int *slot = find_slot(vocabulary, v->key, v->key_length);
        int64_t id = 0;

        (void)json_integer(&id, v);         /* find_size looked at it       */
        if (*slot >= 0 || vocabulary->token[id].text != NULL)
            return error_set(error, "model.vocab at byte %zu: \"%s\" with id "
                             "%" PRId64 ": this %s stands there twice",
                             v->offset,
                             json_show(shown, v->key, v->key_length), id,
                             *slot >= 0 ? "token" : "id");
        *slot = (int)id;
        vocabulary->token[id].text = arena_text(&vocabulary->arena, v->key,
                                                v->key_length);
        vocabulary->token[id].length = v->key_length;
    }
    return true;
}

void vocabulary_free(Vocabulary *vocabulary)
{
    memory_give_back(vocabulary->token);
    memory_give_back(vocabulary->slot);
    arena_free(&vocabulary->arena);
    *vocabulary = (Vocabulary){0};
}
