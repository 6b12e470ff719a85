/* added_tokens.h - tokens that are found in the text before anything is cut
 *
 * Rules of use: const after added_tokens_init. A search starts with a match of {0}
 * and goes on with the same one; what lies between two matches is ordinary text.
 */
#ifndef ADDED_TOKENS_H
#define ADDED_TOKENS_H

#include "text/bpe.h"
#include "text/normalizer.h"

#define ADDED_TOKENS 10000          /* that are accepted                    */

typedef struct {
    const char *content;            /* as the file has it                   */
    size_t content_length;
    const char *pattern;            /* what is searched for: the content, or
                                       its normal form                      */
    size_t pattern_length;
    int id;
    bool special;                   /* left out by decode, if asked         */
    bool normalized;                /* searched in the normalized text      */
    bool lstrip, rstrip;            /* takes the blanks beside it along     */
} AddedToken;

typedef struct {                    /* all patterns of one search           */
    const AddedToken **pattern;     /* [count] sorted byte by byte          */
    int count;
    int first[257];                 /* those that begin with byte b are
                                       first[b] … first[b + 1] - 1          */
} AddedSet;

typedef struct {
    AddedToken *token;              /* [count] in the file's order          */
    int count;
    AddedSet raw, normalized;
    Arena arena;
} AddedTokens;

typedef struct {
    const AddedToken *token;
    size_t begin, end;              /* of the match, with its blanks        */
    size_t next;                    /* where the search goes on             */
} AddedMatch;

/* file: the root of tokenizer.json. */
bool added_tokens_init(AddedTokens *added, const Json *file, const Bpe *bpe,
                       const Normalizer *normalizer, Error *error);
void added_tokens_free(AddedTokens *added);
bool added_tokens_next(AddedMatch *match, const AddedSet *set,
                       const char *text, size_t length);
const AddedToken *added_tokens_by_id(const AddedTokens *added, int id);
const AddedToken *added_tokens_find(const AddedTokens *added,
                                    const char *content, size_t length);

#endif
