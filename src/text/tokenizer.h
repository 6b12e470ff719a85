/* tokenizer.h - strings to ids and back, as the model's tokenizer.json says
 *
 * Rules of use:
 * 1. Open once; const from then on. Encoding and decoding take their own scratch.
 * 2. Input text must be valid UTF-8 and shorter than 1 GB: check at the border
 *    (utf8_check).
 * 3. A component of tokenizer.json that we do not know is an Error that names it.
 * 4. Text that comes out is always valid UTF-8: a stream holds back half a
 *    character until its other half is there, or until stream_end.
 */
#ifndef TOKENIZER_H
#define TOKENIZER_H

#include "base/utf8.h"
#include "text/bpe.h"
#include "text/decoder.h"           /* TokenStream, stream_add, stream_end  */

typedef struct Tokenizer Tokenizer;

Tokenizer *tokenizer_open(const char *path, Error *error);  /* tokenizer.json */
Tokenizer *tokenizer_parse(const char *text, size_t length, Error *error);
void tokenizer_close(Tokenizer *tokenizer);

/* Append the ids of text. special: add what the post-processor adds (BOS …). */
void tokenizer_encode(Ids *out, const Tokenizer *tokenizer, const char *text,
                      size_t length, bool special);

/* The same, watched: text/bpe.h says what the observer sees. A token that is typed
 * in the text is a piece of one symbol. */
void tokenizer_encode_observed(Ids *out, const Tokenizer *tokenizer,
                               const char *text, size_t length, bool special,
                               const BpeObserver *observer);

/* Append what can be hoped for from decoding the ids of text: text in the spelling
 * that the normalizer gives it, with blanks as blanks. */
void tokenizer_normalize(Text *out, const Tokenizer *tokenizer, const char *text,
                         size_t length);

/* bpe_rank: the place of a pair in the list of merges, or -1. */
int tokenizer_rank(const Tokenizer *tokenizer, int left, int right);
int tokenizer_vocabulary(const Tokenizer *tokenizer);   /* largest id + 1    */
int tokenizer_find(const Tokenizer *tokenizer, const char *token);  /* or -1 */
/* The vocabulary's spelling (added tokens: their content); NULL: no such id. */
const char *tokenizer_token(const Tokenizer *tokenizer, int id);
bool tokenizer_is_special(const Tokenizer *tokenizer, int id);
bool tokenizer_adds_first(const Tokenizer *tokenizer, int *id);  /* BOS, if
                                                       encode puts one first */

/* Append the text of n ids; skip_special leaves special tokens out. */
void tokenizer_decode(Text *out, const Tokenizer *tokenizer, const int *ids,
                      int n, bool skip_special);

/* The same, id by id: what stream_add and stream_end (text/decoder.h) append is
 * together what tokenizer_decode gives. stream_init reserves, so that the loop
 * allocates nothing but what `out` needs. Owner: caller, stream_free. */
void stream_init(TokenStream *stream, const Tokenizer *tokenizer,
                 bool skip_special);

/* lengths [n]: how many bytes of the decoded text each id stands for. n ids are a text
 * from its beginning; see decoder_lengths for what a blank in front counts. */
void tokenizer_lengths(int *lengths, const Tokenizer *tokenizer, const int *ids,
                       int n);

#endif
