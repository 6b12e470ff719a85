/* decoder.h - from ids back to text, id by id, never half a character
 *
 * Rules of use: const after decoder_init. A TokenStream takes ids and appends what
 * is settled; stream_end appends the rest and makes the stream ready for a new text.
 */
#ifndef DECODER_H
#define DECODER_H

#include "text/added_tokens.h"

typedef struct {
    int size;                   /* ids are 0 … size-1                       */
    unsigned char *kind;        /* [size] flags, see the .c                 */
    size_t *begin;              /* [size+1] id's text is bytes[begin[id]
                                   … begin[id+1]-1]                         */
    Text bytes;                 /* of all tokens, one after the other       */
    size_t longest;             /* bytes of the longest one                 */
    bool byte_level;            /* tokens are bytes: UTF-8 across tokens    */
    bool byte_runs;             /* ByteFallback: runs of <0xE3> are UTF-8   */
    bool joined;                /* no decoder: blanks between the tokens    */
    char strip[4];              /* the character that is taken away at the  */
    size_t strip_length;        /*   beginning of a text, its bytes,        */
    int strip_count;            /*   and how often at most                  */
} Decoder;

typedef struct {
    const Decoder *decoder;
    bool skip_special;
    bool started;               /* something was decoded before             */
    int strip;                  /* how many may still be stripped           */
    Text held;                  /* bytes whose fate the next id decides     */
} TokenStream;

/* file: the root of tokenizer.json; size: largest id + 1. */
bool decoder_init(Decoder *decoder, const Json *file, const Bpe *bpe,
                  const AddedTokens *added, int size, Error *error);
void decoder_free(Decoder *decoder);

/* Reserves, so that the loop allocates nothing (see the .c for the one exception). */
void decoder_stream(TokenStream *stream, const Decoder *decoder,
                    bool skip_special);
void stream_add(TokenStream *stream, Text *out, int id);
void stream_end(TokenStream *stream, Text *out);    /* a cut tail as U+FFFD  */
void stream_free(TokenStream *stream);

/* lengths [n]: the bytes of text that each id of a whole text stands for. */
void decoder_lengths(int *lengths, const Decoder *decoder, const int *ids, int n);

#endif
