/* vocabulary.h - every token's spelling and its id, found both ways
 *
 * Rules of use: const after vocabulary_init.
 */
#ifndef VOCABULARY_H
#define VOCABULARY_H

#include "base/memory.h"
#include "files/json.h"

#define LARGEST_ID 0xFFFFF          /* four times the largest vocabulary met */

typedef struct { const char *text; size_t length; } Spelling;

typedef struct {
    Spelling *token;        /* [size] by id; text NULL: no such id          */
    int size;               /* largest id + 1                               */
    int *slot;              /* [slots] an id, or -1: see the .c             */
    size_t slots;           /* a power of two                               */
    Arena arena;            /* the spellings                                */
} Vocabulary;

/* object: "vocab" of tokenizer.json; nothing of it is kept. */
bool vocabulary_init(Vocabulary *vocabulary, const Json *object, Error *error);
void vocabulary_free(Vocabulary *vocabulary);

int vocabulary_find(const Vocabulary *vocabulary, const char *token,
                    size_t length);                             /* or -1    */

/* A power of two for a table with open addressing: at most half full. */
size_t table_size(int count);

#endif
