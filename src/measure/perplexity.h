/* perplexity.h - how surprised a model is by a text that it has never seen
 *
 * Rules of use: lend perplexity a Session with room for perplexity_room positions,
 * and the ids of a whole text without special tokens. The result is filled while the
 * work goes on: after a stop it holds what there is.
 */
#ifndef PERPLEXITY_H
#define PERPLEXITY_H

#include "decode/session.h"
#include "text/tokenizer.h"

typedef struct {
    int window;                     /* N tokens at most in one window        */
    int stride;                     /* S tokens from one window to the next  */
} PerplexityOptions;

typedef struct {
    int tokens;                     /* scored so far                         */
    size_t bytes;                   /* of their text                         */
    double nll;                     /* Σ -ln p of them, in nats              */
} Perplexity;

#define PERPLEXITY_WINDOW 512       /* tokens of a window, unless said       */

/* The largest window that the model's context holds, with the BOS in front. */
int perplexity_window(const Config *config, const Tokenizer *tokenizer);

/* Positions that windows over a text of n tokens take in a session. */
int perplexity_room(const Tokenizer *tokenizer, const PerplexityOptions *options,
                    int n);

/* Errors: exit 3 when there is nothing to score; those of session_feed (130: out is
 * what there is). The session's watch is asked with (rows done, rows in all). */
bool perplexity(Perplexity *out, Session *s, const Tokenizer *tokenizer,
                const int *ids, int n, const PerplexityOptions *options,
                Error *error);

/* e^(nll / tokens), and nll / ln 2 / bytes. Infinite where nothing is counted. */
double perplexity_value(const Perplexity *p);
double perplexity_bits_per_byte(const Perplexity *p);

#endif
