/* gguf_vocabulary.h - the tokens of a GGUF file, checked, and how texts are cut
 *
 * Rules of use: views into the file, which outlives it. A token that is UNUSED fills up
 * the matrix and stands for nothing. gguf_tokenizer.h writes it as tokenizer.json.
 */
#ifndef GGUF_VOCABULARY_H
#define GGUF_VOCABULARY_H

#include "model/config.h"
#include "weights-tools/gguf/gguf.h"

typedef enum {              /* the numbers of tokenizer.ggml.token_type      */
    TOKEN_NORMAL = 1, TOKEN_UNKNOWN, TOKEN_CONTROL, TOKEN_USER, TOKEN_UNUSED, TOKEN_BYTE,
} TokenKind;

typedef struct {            /* what tokenizer.ggml.pre stands for            */
    const char *name;
    const char *regex;      /* Split at it; NULL: the one built into ByteLevel */
    bool digits;            /* each digit by itself, before anything else    */
    bool nfc;               /* texts are composed first                      */
    bool ignore_merges;     /* a piece that is a token is that token         */
    bool bos;               /* a text begins with bos unless a key says no   */
} GgufCuts;

typedef struct {
    GgufText *token;        /* [count]                                       */
    unsigned char *kind;    /* [count] a TokenKind                           */
    const unsigned char *scores;    /* [count] float32, little-endian; or NULL */
    int count;
    int *sorted;            /* [used] ids of all but UNUSED, by their bytes  */
    int used;
    const GgufCuts *cuts;   /* NULL: SentencePiece, which cuts nothing       */
    const GgufKey *merges;  /* with cuts                                     */
    bool prefix;            /* SentencePiece: a blank in front of every text */
    bool add_bos, add_eos;
    int bos, eos, unk, pad; /* -1: none                                      */
    GgufText chat;          /* the chat template; no bytes: none             */
    Arena arena;
} GgufVocabulary;

/* config: V bounds the tokens; its bos and eos are filled in. Errors: exit 3, naming key
 * or token. Owner: caller, gguf_vocabulary_free, after an Error too. */
bool gguf_vocabulary(GgufVocabulary *v, const Gguf *gguf, Config *config, Error *error);
void gguf_vocabulary_free(GgufVocabulary *v);

/* The id of a token that is not UNUSED, or -1. */
int gguf_find_token(const GgufVocabulary *v, const char *text, size_t length);

typedef struct { int left, right; } GgufMerge;

/* SentencePiece: the merges that its scores mean, best first; *count of them. Errors:
 * exit 3: a score that is no number, a piece that is too long. Owner: caller,
 * memory_give_back. */
bool gguf_merges(GgufMerge **merges, size_t *count, const GgufVocabulary *v, Error *error);

#endif
