/* show.h - numbers as a person at a debugger wants to see them
 *
 * Rules of use: these are called by a debugger, `call show_row(a->normed1, 192)`,
 * and by nothing else; that is why they are in the program. They read and never
 * write, and print on stderr.
 */
#ifndef SHOW_H
#define SHOW_H

#include "model/kvcache.h"
#include "text/tokenizer.h"

/* The first numbers of x [n], 9 significant digits each, which bring back the very
 * bits; how large the row is, sqrt(Σ x² / n); the hash of all its bits. */
void show_row(const float *x, int n);

/* One such line for each row of x [rows, width]. */
void show_matrix(const float *x, int rows, int width);

/* ids [n] with their spellings: "0 <|endoftext|> · 1688 On · …". */
void show_tokens(const Tokenizer *tokenizer, const int *ids, int n);

/* The best k of logits [V] with their spellings, best first. */
void show_best(const Tokenizer *tokenizer, const float *logits, int V, int k);

/* The keys that a layer's head has left for the first positions. cache: a KvCache *;
 * lldb takes a struct without a tag for another one in each file, so it is void. */
void show_keys(const void *cache, int layer, int head, int positions);

/* n bytes as a hexdump. */
void show_hex(const void *bytes, int n);

#endif
